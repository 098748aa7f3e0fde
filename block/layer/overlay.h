/* SPDX-License-Identifier: ISC */
/*
 * The parts of the copy-on-write overlay. Private to overlay*.c.
 *
 * 1. A bit of the map is set behind the write that put its block into the store, so a write that
 *    fails there has not happened, unless the block was there already.
 * 2. Only commit writes below, or resizes it.
 * 3. Blocks behind the end of the device below are in the store.
 */
#ifndef CAIRN_BLOCK_LAYER_OVERLAY_H
#define CAIRN_BLOCK_LAYER_OVERLAY_H

#include <cairn/blk_overlay.h>

#include "../impl.h"

#define OVERLAY_BUFFER_BYTES 65536u /* at least */

/* A run of blocks that are all changed, or all are not. */
struct overlay_run {
    uint64_t block, count;
    bool changed;
};

/* overlay_map.c; under the lock, or with no request in flight. */

/* The run that begins at block, up to `end`, which is behind it. */
struct overlay_run blk_overlay_run(const struct cairn_blk_overlay *overlay, uint64_t block,
                                   uint64_t end);
/* These blocks are in the store. */
void blk_overlay_set(struct cairn_blk_overlay *overlay, uint64_t block, uint64_t count);
/* These are not any more. */
void blk_overlay_unset(struct cairn_blk_overlay *overlay, uint64_t block, uint64_t count);
void blk_overlay_clear(struct cairn_blk_overlay *overlay);

static inline uint64_t blk_overlay_map_bytes(uint64_t block_count)
{
    return cairn_div_up(block_count, 64) * sizeof(uint64_t);
}

/* overlay_resize.c: the resize of the overlay; and the memory behind a map of so many blocks as the
 * buffer, which leaves less than it had at least: false, and nothing has changed. */
enum cairn_err blk_overlay_resize(struct cairn_blk *dev, uint64_t block_count,
                                  struct cairn_why *why) CAIRN_MUST_USE;
bool blk_overlay_map_fit(struct cairn_blk_overlay *overlay, uint64_t block_count);

/* overlay_read.c: the reads [at, end) of the batch. */
void blk_overlay_read(struct cairn_blk_overlay *overlay, struct cairn_blk_req *reqs, size_t at,
                      size_t end);

#endif
