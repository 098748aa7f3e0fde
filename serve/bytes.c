/* SPDX-License-Identifier: ISC */
#include "bytes.h"

#include <cairn/bytes.h>

void serve_bytes_init(struct serve_bytes *bytes, struct cairn_blk *dev, void *edge)
{
    *bytes = (struct serve_bytes){ .dev = dev, .edge = edge };
    cairn_lock_init(&bytes->lock);
}

void serve_bytes_destroy(struct serve_bytes *bytes)
{
    cairn_lock_destroy(&bytes->lock);
}

static enum cairn_err blocks_do(struct serve_bytes *bytes, enum cairn_blk_op op, uint32_t flags,
                                struct serve_span span, void *data, struct cairn_why *why)
{
    uint32_t block_bytes = bytes->dev->info.block_bytes;
    struct cairn_blk_seg seg = { data, (size_t)span.count };
    struct cairn_blk_req req = { .op = op,
                                 .flags = flags,
                                 .block = span.offset / block_bytes,
                                 .count = span.count / block_bytes,
                                 .segs = data ? &seg : NULL,
                                 .seg_count = data ? 1 : 0,
                                 .why = why };
    return cairn_blk_submit(bytes->dev, &req, 1);
}

/* A part of one block, under the lock. */
static enum cairn_err edge_do(struct serve_bytes *bytes, enum cairn_blk_op op, uint32_t flags,
                              struct serve_span span, void *data, struct cairn_why *why)
{
    uint32_t block_bytes = bytes->dev->info.block_bytes;
    uint8_t *part = bytes->edge + span.offset % block_bytes;
    struct serve_span block = { span.offset - span.offset % block_bytes, block_bytes };
    enum cairn_err err = blocks_do(bytes, CAIRN_BLK_READ, 0, block, bytes->edge, why);
    if (err) return err;
    if (data && op == CAIRN_BLK_READ) {
        memcpy(data, part, (size_t)span.count);
        return CAIRN_OK;
    }
    if (data)
        memcpy(part, data, (size_t)span.count);
    else
        memset(part, 0, (size_t)span.count);
    return blocks_do(bytes, CAIRN_BLK_WRITE, flags & CAIRN_BLK_FUA, block, bytes->edge, why);
}

static enum cairn_err edge_do_locked(struct serve_bytes *bytes, enum cairn_blk_op op,
                                     uint32_t flags, struct serve_span span, void *data,
                                     struct cairn_why *why)
{
    cairn_lock_take(&bytes->lock);
    enum cairn_err err = edge_do(bytes, op, flags, span, data, why);
    cairn_lock_drop(&bytes->lock);
    return err;
}

/* The bytes at the start of span that are a part of one block, or as many whole blocks. */
static uint64_t piece_bytes(struct serve_span span, uint32_t block_bytes)
{
    uint64_t into = span.offset % block_bytes;
    if (into || span.count < block_bytes) return cairn_min_u64(span.count, block_bytes - into);
    return span.count - span.count % block_bytes;
}

enum cairn_err serve_bytes_do(struct serve_bytes *bytes, enum cairn_blk_op op, uint32_t flags,
                              struct serve_span span, void *data, struct cairn_why *why)
{
    uint32_t block_bytes = bytes->dev->info.block_bytes;
    uint8_t *at = data;
    while (span.count) {
        struct serve_span piece = { span.offset, piece_bytes(span, block_bytes) };
        bool is_whole = piece.count % block_bytes == 0;
        enum cairn_err err = CAIRN_OK;
        if (is_whole)
            err = blocks_do(bytes, op, flags, piece, at, why);
        else if (op != CAIRN_BLK_DISCARD)
            err = edge_do_locked(bytes, op, flags, piece, at, why);
        if (err) return err;
        span.offset += piece.count;
        span.count -= piece.count;
        at = at ? at + piece.count : NULL;
    }
    return CAIRN_OK;
}
