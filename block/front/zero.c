/* SPDX-License-Identifier: ISC */
/* Zeros by writing, for devices that have no better way. */
#include "../impl.h"

#define ZERO_SEGS 64u

/* One largest block, which any block size divides. Never written; not const, so that it takes no
 * room in a binary. */
static uint8_t zeros[BLK_BYTES_MAX] __attribute__((aligned(BLK_MEM_ALIGN_MAX)));

/* The segments of the next write, all of them the same zeros. Returns the bytes. */
static uint64_t zero_segs(struct cairn_blk_seg segs[ZERO_SEGS], uint64_t bytes, uint32_t *count)
{
    uint64_t filled = 0;
    *count = 0;
    while (filled < bytes && *count < ZERO_SEGS) {
        size_t piece = (size_t)cairn_min_u64(sizeof zeros, bytes - filled);
        segs[(*count)++] = (struct cairn_blk_seg){ zeros, piece };
        filled += piece;
    }
    return filled;
}

enum cairn_err blk_zero_by_writing(struct cairn_blk *dev, struct cairn_blk_req *reqs, size_t at)
{
    struct cairn_blk_seg segs[ZERO_SEGS];
    struct cairn_blk_req *req = &reqs[at];
    struct cairn_blk_req write = { .op = CAIRN_BLK_WRITE, .block = req->block };
    if (blk_why_is_first(reqs, at)) write.why = req->why;
    uint64_t left = req->count * dev->info.block_bytes;
    write.segs = segs;
    while (left && !write.status) {
        uint64_t bytes = zero_segs(segs, left, &write.seg_count);
        write.count = bytes / dev->info.block_bytes;
        write.status = blk_send(dev, &write, 1);
        write.block += write.count;
        left -= bytes;
    }
    req->status = write.status;
    return req->status;
}
