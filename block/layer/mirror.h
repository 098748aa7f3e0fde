/* SPDX-License-Identifier: ISC */
/*
 * The parts of the mirror. Private to mirror*.c.
 *
 * 1. A leg that was dropped is not read and not written but by resync.
 * 2. At least one leg is not dropped.
 * 3. Of the legs that are not dropped, all have done a change that succeeded.
 */
#ifndef CAIRN_BLOCK_LAYER_MIRROR_H
#define CAIRN_BLOCK_LAYER_MIRROR_H

#include <cairn/blk_mirror.h>

#include "../impl.h"

/* mirror.c */

bool blk_mirror_leg_is_good(const struct cairn_blk_mirror *mirror, uint32_t leg);
/* The first good leg from this one on; leg_count when there is none. */
uint32_t blk_mirror_leg_next(const struct cairn_blk_mirror *mirror, uint32_t leg);
/* Drop a leg that failed, unless it is the last good one, or the mirror strict. Was it dropped, now
 * or before? */
bool blk_mirror_leg_drop(struct cairn_blk_mirror *mirror, uint32_t leg, enum cairn_err err);

/* mirror_write.c, mirror_read.c: changes, and reads, [at, end) of the batch. */
void blk_mirror_change(struct cairn_blk_mirror *mirror, struct cairn_blk_req *reqs, size_t at,
                       size_t end);
void blk_mirror_read(struct cairn_blk_mirror *mirror, struct cairn_blk_req *reqs, size_t at,
                     size_t end);

/* mirror_compare.c: a read that is done, against the other legs. */
enum cairn_err blk_mirror_read_compare(struct cairn_blk_mirror *mirror,
                                       const struct cairn_blk_req *req,
                                       struct cairn_why *why) CAIRN_MUST_USE;

#endif
