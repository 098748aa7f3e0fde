/* SPDX-License-Identifier: ISC */
/* What becomes of changes in the end: written below, or forgotten. */
#include "overlay.h"

#define BATCH 16u

/* Runs of the store on their way below, as many as fit into the buffer. */
struct batch {
    struct cairn_blk_overlay *overlay;
    struct cairn_why *why;
    struct cairn_blk_req reqs[BATCH];
    struct cairn_blk_seg segs[BATCH];
    uint32_t count;
    size_t used; /* of the buffer */
};

static enum cairn_err batch_do(struct batch *batch, struct cairn_blk *dev, enum cairn_blk_op op)
{
    for (uint32_t i = 0; i < batch->count; i++)
        batch->reqs[i].op = op;
    return cairn_blk_submit(dev, batch->reqs, batch->count);
}

static enum cairn_err batch_copy(struct batch *batch)
{
    enum cairn_err err = batch_do(batch, batch->overlay->store, CAIRN_BLK_READ);
    if (!err) err = batch_do(batch, batch->overlay->base.below, CAIRN_BLK_WRITE);
    batch->count = 0;
    batch->used = 0;
    return err;
}

/* Add as much of the run as there is room for; returns the blocks. */
static uint64_t batch_add(struct batch *batch, uint64_t block, uint64_t count)
{
    const struct cairn_blk_info *info = &batch->overlay->base.info;
    size_t room = batch->overlay->buffer_bytes - batch->used;
    count = cairn_min_u64(count, room / info->block_bytes);
    if (!count || batch->count == BATCH) return 0;
    struct cairn_blk_seg *seg = &batch->segs[batch->count];
    seg->data = batch->overlay->buffer + batch->used;
    seg->bytes = (size_t)count * info->block_bytes;
    batch->reqs[batch->count++] = (struct cairn_blk_req){
        .block = block, .count = count, .segs = seg, .seg_count = 1, .why = batch->why
    };
    uint64_t used = cairn_round_up(batch->used + seg->bytes, info->mem_align);
    batch->used = (size_t)cairn_min_u64(used, batch->overlay->buffer_bytes);
    return count;
}

static enum cairn_err data_commit(struct batch *batch, uint64_t block, uint64_t count)
{
    while (count) {
        uint64_t added = batch_add(batch, block, count);
        enum cairn_err err = added ? CAIRN_OK : batch_copy(batch);
        if (err) return err;
        block += added;
        count -= added;
    }
    return CAIRN_OK;
}

/* What comes before it is written first, to keep the order. */
static enum cairn_err hole_commit(struct batch *batch, uint64_t block, uint64_t count)
{
    enum cairn_err err = batch_copy(batch);
    return err ? err : cairn_blk_zero(batch->overlay->base.below, block, count, batch->why);
}

static enum cairn_err run_commit(struct batch *batch, uint64_t block, uint64_t end)
{
    bool zeroes = batch->overlay->base.below->info.zero != CAIRN_BLK_ABSENT;
    while (block < end) {
        struct cairn_blk_extent extent;
        size_t used;
        enum cairn_err err = cairn_blk_extents(batch->overlay->store, block, end - block, &extent,
                                               1, &used, batch->why);
        if (err) return err;
        err = extent.data || !zeroes ? data_commit(batch, extent.block, extent.count)
                                     : hole_commit(batch, extent.block, extent.count);
        if (err) return err;
        block += extent.count;
    }
    return CAIRN_OK;
}

/* The device below becomes as large as the overlay. */
static enum cairn_err size_commit(const struct cairn_blk_overlay *overlay, struct cairn_why *why)
{
    struct cairn_blk *below = overlay->base.below;
    uint64_t count = overlay->base.info.block_count;
    return below->info.block_count == count ? CAIRN_OK : cairn_blk_resize(below, count, why);
}

static enum cairn_err all_commit(struct cairn_blk_overlay *overlay, struct cairn_why *why)
{
    struct batch batch;
    batch.overlay = overlay;
    batch.why = why;
    batch.count = 0;
    batch.used = 0;
    enum cairn_err err = size_commit(overlay, why);
    if (err) return err;
    for (uint64_t block = 0, end = overlay->base.info.block_count; block < end;) {
        struct overlay_run run = blk_overlay_run(overlay, block, end);
        block += run.count;
        err = run.changed ? run_commit(&batch, run.block, block) : CAIRN_OK;
        if (err) return err;
    }
    err = batch_copy(&batch);
    return err ? err : cairn_blk_flush(overlay->base.below, why);
}

enum cairn_err cairn_blk_overlay_commit(struct cairn_blk_overlay *dev, struct cairn_why *why)
{
    enum cairn_err err = all_commit(dev, why);
    if (err) {
        cairn_why_via(why, dev->base.name);
        cairn_why_hint(why, blk_poison(dev->base.below)
                                ? "a flush below failed; changes are kept until the overlay is "
                                  "closed: copy what it reads elsewhere"
                                : "some changes may be below, none are forgotten: commit again");
        return err;
    }
    blk_overlay_clear(dev);
    return CAIRN_OK;
}

enum cairn_err cairn_blk_overlay_discard(struct cairn_blk_overlay *dev, struct cairn_why *why)
{
    uint64_t count = dev->base.info.block_count;
    blk_overlay_clear(dev);
    dev->base.info.block_count = dev->base.below->info.block_count;
    if (dev->store->info.discard == CAIRN_BLK_ABSENT) return CAIRN_OK;
    enum cairn_err err = cairn_blk_discard(dev->store, 0, count, why);
    if (err) cairn_why_via(why, dev->base.name);
    return err;
}
