/* SPDX-License-Identifier: ISC */
/* What a device in the stack fails, and what the stack makes of it. */
#include "rules.h"
#include <stdlib.h>
#include <string.h>

/* ---- where ----------------------------------------------------------------------------------- */

/* The block of what fails that block n of the top is, or is part of. */
static uint64_t failing_block(const struct rig *rig, uint64_t block)
{
    const struct cairn_blk *dev = rig->dev;
    uint64_t at = block * dev->info.block_bytes;
    while (dev != rig_failing(rig)) {
        if (dev->target != dev) at += dev->target_first * dev->target->info.block_bytes;
        dev = dev->target != dev ? dev->target : dev->below;
    }
    return at / rig_failing(rig)->info.block_bytes;
}

/* From now on, what `on` says and touches this block of the top fails. */
static void fail_at(struct rig *rig, uint32_t on, uint64_t block)
{
    rig_fail_block(rig, on, failing_block(rig, block));
}

/* ---- flushes --------------------------------------------------------------------------------- */

/* Write to the device what it holds, durably. */
static enum cairn_err write_durably(struct rig *rig, struct cairn_why *why)
{
    uint8_t *memory = rig_alloc(rig, 1);
    struct cairn_blk_seg seg = { memory, rig->dev->info.block_bytes };
    struct cairn_blk_req req = { CAIRN_BLK_WRITE, CAIRN_BLK_FUA, .count = 1, .segs = &seg };
    req.seg_count = 1;
    req.why = why;
    memcpy(memory, rig->model, seg.bytes);
    enum cairn_err err = rig->submit(rig->dev, &req, 1);
    rig_free(rig, memory);
    return err;
}

/* The flush that fails: of the top, of what fails itself, or one that a durable write needs. */
static bool flush_fails(struct rig *rig, struct tape *tape)
{
    struct cairn_why why = { 0 };
    const char *via = rig->via;
    enum cairn_err err = CAIRN_OK;
    size_t how = tape_pick(tape, rig->dev->info.fua == CAIRN_BLK_EMULATED ? 3 : 2);
    rig_fail_flush(rig);
    if (how == 0) err = cairn_blk_flush(rig->dev, &why);
    if (how == 1) err = cairn_blk_flush(rig_failing(rig), &why);
    if (how == 1) via = rig_failing(rig)->name;
    if (how == 2) err = write_durably(rig, &why);
    return (err == CAIRN_EIO && !strcmp(why.via, via)) ||
           tape_fail(tape, "the planned failure came as %s via %s", why.what, why.via);
}

/* A flush that failed is not forgotten, in no layer, whoever asked for it; reading goes on. */
bool rule_poison(struct rig *rig, struct tape *tape)
{
    if (!rig_write(rig, tape, 0, 1) || cairn_blk_flush(rig->dev, NULL))
        return tape_fail(tape, "the first flush failed");
    if (!flush_fails(rig, tape)) return false;
    for (size_t i = rig->dev_count; i-- > rig->failing_at;) {
        struct cairn_blk *dev = rig->devs[i];
        size_t op = tape_pick(tape, 3);
        enum cairn_err err = op == 0   ? cairn_blk_flush(dev, NULL)
                             : op == 1 ? cairn_blk_zero(dev, 0, 1, NULL)
                                       : cairn_blk_resize(dev, dev->info.block_count, NULL);
        bool lacks = op == 2 && dev->info.resize == CAIRN_BLK_ABSENT;
        if (err != (lacks ? CAIRN_ENOTSUP : CAIRN_EIO))
            return tape_fail(tape, "op %zu went on with %s", op, dev->name);
    }
    return write_durably(rig, NULL) == CAIRN_EIO || tape_fail(tape, "a write went on");
}

/* ---- requests -------------------------------------------------------------------------------- */

enum { BATCH = 4, REQ_BLOCKS = 8 };

struct failing {
    struct cairn_blk_req reqs[BATCH];
    struct cairn_blk_seg segs[BATCH];
    struct cairn_why why[BATCH];
    uint8_t *memory;
};

/* Requests far from each other, not one in a block of another further down. */
static void failing_draw(struct failing *failing, struct rig *rig, struct tape *tape, bool change)
{
    uint32_t block_bytes = rig->dev->info.block_bytes;
    uint64_t step = rig->dev->info.block_count / BATCH / REQ_BLOCKS * REQ_BLOCKS;
    bool shared = tape_bool(tape);
    failing->memory = rig_alloc(rig, BATCH * REQ_BLOCKS);
    memset(failing->memory, 1 + (int)tape_u64(tape, 250), BATCH * REQ_BLOCKS * block_bytes);
    for (size_t i = 0; i < BATCH; i++) {
        struct cairn_blk_req *req = &failing->reqs[i];
        size_t op = change ? tape_pick(tape, 3) : 0;
        *req = (struct cairn_blk_req){ op == 0   ? CAIRN_BLK_READ
                                       : op == 1 ? CAIRN_BLK_WRITE
                                                 : CAIRN_BLK_ZERO,
                                       .block = i * step, .count = REQ_BLOCKS,
                                       .why = &failing->why[shared ? 0 : i] };
        failing->segs[i] = (struct cairn_blk_seg){ failing->memory + i * REQ_BLOCKS * block_bytes,
                                                   (size_t)REQ_BLOCKS * block_bytes };
        if (op == 2) continue;
        req->segs = &failing->segs[i];
        req->seg_count = 1;
    }
}

/* The request that fails, alone, has failed; the others did what they say. */
static bool failing_judge(struct failing *failing, struct rig *rig, struct tape *tape, size_t at,
                          enum cairn_err err)
{
    if (err != CAIRN_EIO) return tape_fail(tape, "the batch got %s", cairn_err_name(err));
    for (size_t i = 0; i < BATCH; i++) {
        struct cairn_blk_req req = failing->reqs[i];
        if (req.status != (i == at ? CAIRN_EIO : CAIRN_OK))
            return tape_fail(tape, "request %zu got %s", i, cairn_err_name(req.status));
        if (i == at) req.op = CAIRN_BLK_DISCARD;
        if (!rule_follow(rig, tape, &req, failing->segs[i].data)) return false;
    }
    return true;
}

/* Each request has a status of its own. */
bool rule_status(struct rig *rig, struct tape *tape)
{
    struct failing failing = { 0 };
    if (!rig_write(rig, tape, 0, rig->dev->info.block_count)) return false;
    failing_draw(&failing, rig, tape, true);
    size_t at = tape_pick(tape, BATCH);
    fail_at(rig, CAIRN_BLK_ON_REQUEST, failing.reqs[at].block + tape_u64(tape, REQ_BLOCKS - 1));
    enum cairn_err err = rig->submit(rig->dev, failing.reqs, BATCH);
    rig_calm(rig);
    bool held = failing_judge(&failing, rig, tape, at, err);
    rig_free(rig, failing.memory);
    return held;
}

/* A failure further down names all layers above, and the block where it happened. */
bool rule_names(struct rig *rig, struct tape *tape)
{
    struct failing failing = { 0 };
    failing_draw(&failing, rig, tape, false);
    size_t at = tape_pick(tape, BATCH);
    fail_at(rig, CAIRN_BLK_ON_READ, failing.reqs[at].block);
    enum cairn_err err = rig->submit(rig->dev, failing.reqs, BATCH);
    rig_calm(rig);
    rig_free(rig, failing.memory);
    const struct cairn_why *why = failing.reqs[at].why;
    if (!err) return tape_fail(tape, "the failure is lost");
    if (strcmp(why->via, rig->via) != 0)
        return tape_fail(tape, "\"%s\" instead of \"%s\"", why->via, rig->via);
    return why->block == failing_block(rig, failing.reqs[at].block) ||
           tape_fail(tape, "block %llu is named", (unsigned long long)why->block);
}

/* ---- power ----------------------------------------------------------------------------------- */

/* Once the power is cut nothing works; what was flushed is there when it comes back, and of the
 * rest nothing when all of it is lost. */
bool rule_cut(struct rig *rig, struct tape *tape)
{
    uint64_t block, count;
    for (int i = 0; i < 3; i++) {
        rig_draw_range(rig, tape, &block, &count);
        if (!rig_write(rig, tape, block, count)) return false;
    }
    if (cairn_blk_flush(rig->dev, NULL)) return tape_fail(tape, "flush");
    uint8_t *kept = malloc(RIG_BYTES);
    memcpy(kept, rig->model, RIG_BYTES);
    rig_draw_range(rig, tape, &block, &count);
    bool held = rig_write(rig, tape, block, count);
    memcpy(rig->model, kept, RIG_BYTES);
    free(kept);
    cairn_blk_sim_cut(rig->sim, 1);
    for (int i = 0; held && i < 3; i++)
        if (cairn_blk_zero(rig->dev, 0, 8, NULL) != CAIRN_EIO)
            held = tape_fail(tape, "it works without power");
    sim_restart(rig->sim, NULL, NULL);
    return held;
}
