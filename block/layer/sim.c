/* SPDX-License-Identifier: ISC */
/* The device that fails as real ones do, by plan. */
#include <cairn/blk_sim.h>

#include "../impl.h"

_Static_assert(offsetof(struct cairn_blk_sim, base) == 0, "a device embeds its base first");

static struct cairn_blk_sim *sim_of(struct cairn_blk *dev)
{
    return (struct cairn_blk_sim *)dev;
}

static bool bit_is_set(const struct cairn_blk_sim *sim, uint64_t block)
{
    return sim->unflushed[block / 8] >> (block % 8) & 1;
}

static void bit_set(struct cairn_blk_sim *sim, uint64_t block, bool on)
{
    uint8_t mask = (uint8_t)(1u << (block % 8));
    uint8_t *byte = &sim->unflushed[block / 8];
    *byte = (uint8_t)(on ? *byte | mask : *byte & ~mask);
}

static size_t block_at(const struct cairn_blk_sim *sim, uint64_t block)
{
    return (size_t)(block * sim->base.info.block_bytes);
}

/* The block is now on the medium as reads see it, up to so many bytes. */
static void block_settle(struct cairn_blk_sim *sim, uint64_t block, size_t kept)
{
    size_t at = block_at(sim, block), rest = sim->base.info.block_bytes - kept;
    memcpy(sim->stable + at, sim->current + at, kept);
    memcpy(sim->current + at + kept, sim->stable + at + kept, rest);
    bit_set(sim, block, false);
}

/* Each request and each flush is an event; a cut takes the one it was planned for with it. */
static bool power_is_cut(struct cairn_blk_sim *sim)
{
    if (sim->events++ == sim->plan.cut_at) sim->is_cut = true;
    return sim->is_cut;
}

static bool is_planned(const struct cairn_blk_sim_plan *plan, uint64_t number)
{
    return number >= plan->fail_at && number - plan->fail_at < plan->fail_count;
}

static void sim_read(const struct cairn_blk_sim *sim, const struct cairn_blk_req *req)
{
    const uint8_t *at = sim->current + block_at(sim, req->block);
    for (uint32_t i = 0; i < req->seg_count; at += req->segs[i].bytes, i++)
        memcpy(req->segs[i].data, at, req->segs[i].bytes);
}

static void sim_change(struct cairn_blk_sim *sim, const struct cairn_blk_req *req)
{
    uint8_t *at = sim->current + block_at(sim, req->block);
    if (req->op != CAIRN_BLK_WRITE) memset(at, 0, block_at(sim, req->count));
    for (uint32_t i = 0; i < req->seg_count; at += req->segs[i].bytes, i++)
        memcpy(at, req->segs[i].data, req->segs[i].bytes);
    for (uint64_t block = req->block; block < req->block + req->count; block++)
        if (req->flags & CAIRN_BLK_FUA)
            block_settle(sim, block, sim->base.info.block_bytes);
        else
            bit_set(sim, block, true);
}

static enum cairn_err sim_do(struct cairn_blk_sim *sim, struct cairn_blk_req *reqs, size_t at)
{
    uint64_t number = sim->requests++;
    if (power_is_cut(sim))
        return blk_req_fail(&sim->base, reqs, at, CAIRN_EIO, 0, "the power is cut");
    if (is_planned(&sim->plan, number))
        return blk_req_fail(&sim->base, reqs, at, sim->plan.fail_with, 0, "fails as planned");
    if (reqs[at].op == CAIRN_BLK_READ)
        sim_read(sim, &reqs[at]);
    else
        sim_change(sim, &reqs[at]);
    return CAIRN_OK;
}

static enum cairn_err sim_submit(struct cairn_blk *dev, struct cairn_blk_req *reqs, size_t count)
{
    enum cairn_err first = CAIRN_OK;
    for (size_t i = 0; i < count; i++) {
        enum cairn_err err = sim_do(sim_of(dev), reqs, i);
        if (!first) first = err;
    }
    return first;
}

static enum cairn_err flush_fail(const struct cairn_blk_sim *sim, enum cairn_err err,
                                 const char *what, struct cairn_why *why)
{
    err = cairn_why_fail(why, err, "flush: %s", what);
    cairn_why_via(why, sim->base.name);
    return err;
}

static enum cairn_err sim_flush(struct cairn_blk *dev, struct cairn_why *why)
{
    struct cairn_blk_sim *sim = sim_of(dev);
    uint64_t number = sim->flushes++;
    if (power_is_cut(sim)) return flush_fail(sim, CAIRN_EIO, "the power is cut", why);
    if (number == sim->plan.flush_fail_at)
        return flush_fail(sim, sim->plan.fail_with, "fails as planned", why);
    for (uint64_t block = 0; block < dev->info.block_count; block++)
        if (bit_is_set(sim, block)) block_settle(sim, block, dev->info.block_bytes);
    return CAIRN_OK;
}

static const void *sim_borrow(struct cairn_blk *dev, uint64_t block, uint64_t count)
{
    (void)count;
    return sim_of(dev)->current + block_at(sim_of(dev), block);
}

static const struct cairn_blk_ops sim_ops = {
    .submit = sim_submit,
    .flush = sim_flush,
    .borrow = sim_borrow,
    .close = blk_close_nothing,
};

static struct cairn_blk_info sim_info(uint32_t block_bytes, uint64_t block_count)
{
    return (struct cairn_blk_info){
        .block_bytes = block_bytes,
        .block_count = block_count,
        .preferred_bytes = block_bytes,
        .max_bytes = block_bytes * block_count,
        .mem_align = 1,
        .discard_bytes = block_bytes,
        .zero_bytes = block_bytes,
        .flush = CAIRN_BLK_NATIVE,
        .fua = CAIRN_BLK_NATIVE,
        .discard = CAIRN_BLK_NATIVE,
        .zero = CAIRN_BLK_NATIVE,
        .borrow = CAIRN_BLK_NATIVE,
        .durability = CAIRN_BLK_DURABLE_MEDIA,
    };
}

void cairn_blk_sim_plan_init(struct cairn_blk_sim_plan *plan)
{
    *plan = (struct cairn_blk_sim_plan){ .fail_at = CAIRN_BLK_SIM_NEVER,
                                         .fail_count = 1,
                                         .fail_with = CAIRN_EIO,
                                         .flush_fail_at = CAIRN_BLK_SIM_NEVER,
                                         .cut_at = CAIRN_BLK_SIM_NEVER,
                                         .atomic_bytes = BLK_BYTES_MIN };
}

/* Counters, plan and poison of a new life. */
static void sim_start(struct cairn_blk_sim *sim, const struct cairn_blk_sim_plan *plan)
{
    sim->plan = *plan;
    sim->base.info.atomic_bytes = plan->atomic_bytes;
    sim->requests = sim->flushes = sim->events = 0;
    sim->is_cut = false;
    __atomic_store_n(&sim->base.poison, CAIRN_OK, __ATOMIC_RELEASE);
}

size_t cairn_blk_sim_mem(uint32_t block_bytes, uint64_t block_count)
{
    return (size_t)(2 * block_bytes * block_count + cairn_div_up(block_count, 8));
}

enum cairn_err cairn_blk_sim_open(struct cairn_blk_sim *dev, uint32_t block_bytes,
                                  uint64_t block_count, void *mem, size_t mem_bytes,
                                  const struct cairn_blk_sim_plan *plan, struct cairn_why *why)
{
    enum cairn_err err = blk_shape_check(block_bytes, block_count, why);
    if (err) return err;
    if (!cairn_is_pow2(plan->atomic_bytes))
        return cairn_why_fail(why, CAIRN_EINVAL, "sim: atomic_bytes is no power of two");
    size_t need = cairn_blk_sim_mem(block_bytes, block_count);
    if (mem_bytes < need || block_count > SIZE_MAX / 4 / block_bytes)
        return cairn_why_fail(why, CAIRN_ENOMEM, "sim: %lu bytes of memory are needed",
                              (unsigned long)need);
    struct cairn_blk_info info = sim_info(block_bytes, block_count);
    cairn_blk_init(&dev->base, &sim_ops, &info, "sim", NULL);
    memset(mem, 0, need);
    dev->current = mem;
    dev->stable = dev->current + (size_t)(block_bytes * block_count);
    dev->unflushed = dev->stable + (size_t)(block_bytes * block_count);
    sim_start(dev, plan);
    return CAIRN_OK;
}

/* A torn block is new in its first half, at an atomic unit; where it cannot tear, it is lost. */
static size_t fate_kept_bytes(const struct cairn_blk_sim *sim, enum cairn_blk_sim_fate fate)
{
    size_t block_bytes = sim->base.info.block_bytes;
    if (fate == CAIRN_BLK_SIM_LOST) return 0;
    if (fate == CAIRN_BLK_SIM_KEPT) return block_bytes;
    return block_bytes / 2 / sim->plan.atomic_bytes * sim->plan.atomic_bytes;
}

void cairn_blk_sim_restart(struct cairn_blk_sim *dev,
                           enum cairn_blk_sim_fate (*fate)(void *ctx, uint64_t block), void *ctx,
                           const struct cairn_blk_sim_plan *plan)
{
    for (uint64_t block = 0; block < dev->base.info.block_count; block++) {
        if (!bit_is_set(dev, block)) continue;
        enum cairn_blk_sim_fate its = fate ? fate(ctx, block) : CAIRN_BLK_SIM_LOST;
        block_settle(dev, block, fate_kept_bytes(dev, its));
    }
    sim_start(dev, plan);
}
