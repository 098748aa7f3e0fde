/* SPDX-License-Identifier: ISC */
/* The device that fails as real ones do, by plan: requests that nothing befalls go down together,
 * others alone (sim_fault.c). */
#include "sim.h"

_Static_assert(offsetof(struct cairn_blk_sim, base) == 0, "a device embeds its base first");

static struct cairn_blk_sim *sim_of(struct cairn_blk *dev)
{
    return (struct cairn_blk_sim *)dev;
}

/* ---- requests -------------------------------------------------------------------------------- */

/* A batch on its way down. Requests [first, at) are remembered, and go down together. */
struct batch {
    struct cairn_blk_sim *sim;
    struct cairn_blk_req *reqs;
    size_t first, at;
    enum cairn_err err; /* the first */
    uint64_t delay_ns;
};

static void batch_note(struct batch *batch, enum cairn_err err)
{
    if (!batch->err) batch->err = err;
}

static void run_end(struct batch *batch)
{
    size_t count = batch->at - batch->first;
    if (count)
        batch_note(batch, blk_layer_submit(&batch->sim->base, batch->reqs + batch->first, count));
    batch->first = batch->at;
}

/* Behind a failure all go alone, so that its explanation stays. */
static bool may_go_along(const struct batch *batch, const struct cairn_blk_req *req,
                         const struct blk_sim_hit *hit)
{
    if (hit->any || batch->err) return false;
    return req->op == CAIRN_BLK_READ ||
           (!(req->flags & CAIRN_BLK_FUA) && req->count <= batch->sim->options.versions);
}

static enum cairn_err run_add(struct batch *batch, struct cairn_blk_req *req)
{
    bool kept;
    if (req->op == CAIRN_BLK_READ) return CAIRN_OK;
    /* What was remembered must be done before it can become durable. */
    if (!blk_sim_has_room(batch->sim, req->count)) run_end(batch);
    return blk_sim_remember(batch->sim, req->block, req->count, &kept, req->why);
}

static void request_alone(struct batch *batch, const struct blk_sim_hit *hit)
{
    run_end(batch);
    batch_note(batch, blk_sim_suffer(batch->sim, batch->reqs, batch->at, hit));
    batch->first = batch->at + 1;
}

static void request_do(struct batch *batch)
{
    static const struct cairn_blk_sim_rule dead = { .fault = CAIRN_BLK_FAULT_CUT };
    struct cairn_blk_sim *sim = batch->sim;
    struct cairn_blk_req *req = &batch->reqs[batch->at];
    struct blk_sim_hit hit = { 0 };
    sim->state.requests++;
    sim->state.events++;
    if (sim->state.is_cut)
        hit = (struct blk_sim_hit){ .by[CAIRN_BLK_FAULT_CUT] = &dead, .any = true };
    else
        blk_sim_hit(sim, req, &hit);
    batch->delay_ns = cairn_max_u64(batch->delay_ns, hit.delay_ns);
    if (!may_go_along(batch, req, &hit)) {
        request_alone(batch, &hit);
        return;
    }
    req->status = run_add(batch, req);
    if (!req->status) return;
    batch_note(batch, req->status);
    run_end(batch);
    batch->first = batch->at + 1;
}

/* A pause is made without the lock: others go on. */
static void pause_make(struct cairn_blk_sim *sim, uint64_t delay_ns)
{
    if (delay_ns && sim->options.clock) cairn_clock_sleep(sim->options.clock, delay_ns);
}

static enum cairn_err sim_submit(struct cairn_blk *dev, struct cairn_blk_req *reqs, size_t count)
{
    struct batch batch = { .sim = sim_of(dev), .reqs = reqs };
    cairn_lock_take(&batch.sim->lock);
    for (; batch.at < count; batch.at++)
        request_do(&batch);
    run_end(&batch);
    batch.sim->state.delayed_ns += batch.delay_ns;
    cairn_lock_drop(&batch.sim->lock);
    pause_make(batch.sim, batch.delay_ns);
    return batch.err;
}

/* ---- flushes --------------------------------------------------------------------------------- */

static enum cairn_err flush_fail(const struct cairn_blk_sim *sim, enum cairn_err err,
                                 const char *what, struct cairn_why *why)
{
    err = cairn_why_fail(why, err ? err : CAIRN_EIO, "flush: %s", what);
    cairn_why_via(why, sim->base.name);
    return err;
}

static enum cairn_err flush_half(struct cairn_blk_sim *sim)
{
    enum cairn_err err = CAIRN_OK;
    for (uint32_t i = 0; !err && i < sim->state.entry_count; i++)
        if (sim->entries[i].versions && blk_sim_draw(sim, 2))
            err = blk_sim_settle_entry(sim, &sim->entries[i], NULL);
    return err;
}

static enum cairn_err flush_all(struct cairn_blk_sim *sim, const struct blk_sim_hit *hit,
                                struct cairn_why *why)
{
    const struct cairn_blk_sim_rule *rot = hit->by[CAIRN_BLK_FAULT_ROT];
    enum cairn_err err = blk_layer_flush(&sim->base, why);
    if (!err) err = blk_sim_settle_all(sim, why);
    if (!err && rot) err = blk_sim_rot(sim, rot, NULL, why);
    return err;
}

static enum cairn_err flush_cut(struct cairn_blk_sim *sim, const struct blk_sim_hit *hit,
                                struct cairn_why *why)
{
    enum cairn_blk_cut when = hit->by[CAIRN_BLK_FAULT_CUT]->cut;
    enum cairn_err err = CAIRN_OK;
    if (when == CAIRN_BLK_CUT_HALF) err = flush_half(sim);
    if (when == CAIRN_BLK_CUT_AFTER) err = flush_all(sim, hit, NULL);
    enum cairn_err off = blk_sim_power_off(sim, NULL);
    return flush_fail(sim, err ? err : off, "the power is cut", why);
}

static enum cairn_err flush_do(struct cairn_blk_sim *sim, const struct blk_sim_hit *hit,
                               struct cairn_why *why)
{
    const struct cairn_blk_sim_rule *error = hit->by[CAIRN_BLK_FAULT_ERROR];
    if (sim->state.is_cut) return flush_fail(sim, CAIRN_EIO, "the power is cut", why);
    if (hit->by[CAIRN_BLK_FAULT_CUT]) return flush_cut(sim, hit, why);
    if (error) return flush_fail(sim, error->err, "fails as planned", why);
    if (hit->by[CAIRN_BLK_FAULT_LIE]) return CAIRN_OK;
    return flush_all(sim, hit, why);
}

static enum cairn_err sim_flush(struct cairn_blk *dev, struct cairn_why *why)
{
    struct cairn_blk_sim *sim = sim_of(dev);
    struct blk_sim_hit hit = { 0 };
    cairn_lock_take(&sim->lock);
    sim->state.flushes++;
    sim->state.events++;
    if (!sim->state.is_cut) blk_sim_hit(sim, NULL, &hit);
    enum cairn_err err = flush_do(sim, &hit, why);
    sim->state.delayed_ns += hit.delay_ns;
    cairn_lock_drop(&sim->lock);
    pause_make(sim, hit.delay_ns);
    return err;
}

/* ---- the device ------------------------------------------------------------------------------ */

/* Blocks that are cut off have no versions to come back. */
static enum cairn_err sim_resize(struct cairn_blk *dev, uint64_t block_count, struct cairn_why *why)
{
    enum cairn_err err = cairn_blk_sim_settle(sim_of(dev), why);
    return err ? err : cairn_blk_resize(dev->below, block_count, why);
}

static enum cairn_err sim_close(struct cairn_blk *dev, struct cairn_why *why)
{
    (void)why;
    cairn_lock_destroy(&sim_of(dev)->lock);
    return CAIRN_OK;
}

static const struct cairn_blk_ops sim_ops = {
    .submit = sim_submit,
    .flush = sim_flush,
    .extents = blk_layer_extents,
    .resize = sim_resize,
    .borrow = blk_layer_borrow,
    .close = sim_close,
};

/* Entries of tracked blocks outlive a resize, which states could then not undo. */
static struct cairn_blk_info sim_info(const struct cairn_blk *below, bool is_tracking)
{
    struct cairn_blk_info info = below->info;
    info.flush = CAIRN_BLK_NATIVE;
    info.durability = CAIRN_BLK_DURABLE_MEDIA;
    if (info.fua == CAIRN_BLK_ABSENT) info.fua = CAIRN_BLK_EMULATED;
    if (is_tracking) info.resize = CAIRN_BLK_ABSENT;
    return info;
}

size_t cairn_blk_sim_mem(const struct cairn_blk *below, const struct cairn_blk_sim_options *options)
{
    struct cairn_blk_sim sim = { .options = *options };
    sim.base.below = (struct cairn_blk *)(uintptr_t)below;
    uint64_t bytes = blk_sim_lay_out(&sim, NULL);
    return bytes > SIZE_MAX / 2 ? SIZE_MAX : (size_t)bytes;
}

static enum cairn_err open_check(const struct cairn_blk *below,
                                 const struct cairn_blk_sim_options *options, size_t mem_bytes,
                                 struct cairn_why *why)
{
    size_t need = cairn_blk_sim_mem(below, options);
    if (!options->versions)
        return cairn_why_fail(why, CAIRN_EINVAL, "sim: memory for at least one version is needed");
    if (mem_bytes < need || need == SIZE_MAX)
        return cairn_why_fail(why, CAIRN_ENOMEM, "sim: %llu bytes of memory are needed",
                              (unsigned long long)need);
    return CAIRN_OK;
}

enum cairn_err cairn_blk_sim_open(struct cairn_blk_sim *dev, struct cairn_blk *below,
                                  const struct cairn_blk_sim_options *options, void *mem,
                                  size_t mem_bytes, const struct cairn_blk_sim_plan *plan,
                                  struct cairn_why *why)
{
    enum cairn_err err = open_check(below, options, mem_bytes, why);
    if (err) return err;
    struct cairn_blk_info info = sim_info(below, options->tracked != 0);
    memset(dev, 0, sizeof *dev);
    cairn_blk_init(&dev->base, &sim_ops, &info, "sim", below);
    dev->options = *options;
    cairn_lock_init(&dev->lock);
    (void)blk_sim_lay_out(dev, mem);
    err = cairn_blk_sim_restart(dev, NULL, NULL, plan, why);
    if (err) cairn_lock_destroy(&dev->lock);
    return err;
}
