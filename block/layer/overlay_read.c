/* SPDX-License-Identifier: ISC */
/*
 * Reads of an overlay: cut into pieces that are all changed or all not, gathered in two batches,
 * one for the store and one for the device below.
 */
#include "overlay.h"

#define PIECES 16u
#define SEGS 32u

/* What goes to one of the two devices. */
struct half {
    struct cairn_blk_req reqs[PIECES];
    uint32_t parents[PIECES]; /* the request that each is a piece of */
    struct cairn_blk_seg segs[SEGS];
    uint32_t req_count, seg_count;
};

struct reading {
    struct cairn_blk_overlay *overlay;
    struct cairn_blk_req *reqs;
    struct half below, store;
};

/* Add as much of a run as there is room for; returns the blocks. */
static uint64_t half_add(struct half *half, struct overlay_run run, uint32_t parent,
                         struct blk_cursor *memory, uint32_t block_bytes)
{
    uint64_t left = run.count * block_bytes;
    if (half->req_count == PIECES || half->seg_count == SEGS) return 0;
    struct cairn_blk_req *req = &half->reqs[half->req_count];
    *req = (struct cairn_blk_req){ .op = CAIRN_BLK_READ,
                                   .block = run.block,
                                   .segs = &half->segs[half->seg_count] };
    half->parents[half->req_count++] = parent;
    for (; left && half->seg_count < SEGS; req->seg_count++) {
        struct cairn_blk_seg seg = blk_cursor_next(memory, left);
        half->segs[half->seg_count++] = seg;
        left -= seg.bytes;
    }
    req->count = run.count - left / block_bytes;
    return req->count;
}

/* Requests explain themselves once, whichever device failed them. */
static void half_send(struct reading *reading, struct cairn_blk *to, struct half *half)
{
    const struct cairn_blk *dev = &reading->overlay->base;
    for (uint32_t i = 0; i < half->req_count; i++)
        if (blk_why_is_first(reading->reqs, half->parents[i]))
            half->reqs[i].why = reading->reqs[half->parents[i]].why;
    enum cairn_err err = half->req_count ? blk_send(to, half->reqs, half->req_count) : CAIRN_OK;
    if (err) blk_sign(dev, half->reqs, half->req_count);
    for (uint32_t i = 0; i < half->req_count; i++) {
        struct cairn_blk_req *parent = &reading->reqs[half->parents[i]];
        if (!parent->status) parent->status = half->reqs[i].status;
    }
    half->req_count = half->seg_count = 0;
}

static void send(struct reading *reading)
{
    half_send(reading, reading->overlay->base.below, &reading->below);
    half_send(reading, reading->overlay->store, &reading->store);
}

static void request_read(struct reading *reading, size_t at)
{
    struct cairn_blk_overlay *overlay = reading->overlay;
    const struct cairn_blk_req *req = &reading->reqs[at];
    struct blk_cursor memory = { req->segs, 0 };
    uint64_t block = req->block, end = req->block + req->count;
    while (block < end && !req->status) {
        cairn_lock_take(&overlay->lock);
        struct overlay_run run = blk_overlay_run(overlay, block, end);
        cairn_lock_drop(&overlay->lock);
        uint64_t added = half_add(run.changed ? &reading->store : &reading->below, run,
                                  (uint32_t)at, &memory, overlay->base.info.block_bytes);
        block += added;
        if (!added) send(reading);
    }
}

void blk_overlay_read(struct cairn_blk_overlay *overlay, struct cairn_blk_req *reqs, size_t at,
                      size_t end)
{
    struct reading reading;
    reading.overlay = overlay;
    reading.reqs = reqs;
    reading.below.req_count = reading.below.seg_count = 0;
    reading.store.req_count = reading.store.seg_count = 0;
    for (; at < end; at++)
        request_read(&reading, at);
    send(&reading);
}
