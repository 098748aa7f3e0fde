/* SPDX-License-Identifier: ISC */
/*
 * Layer: the same blocks on 2 to 8 devices, its legs. Changes go to all of them at once; a read
 * goes to the first, and to the next ones when it fails. A leg that fails a change or a flush which
 * another leg did is dropped: the mirror goes on without it (degraded), says so in the log and by
 * cairn_blk_mirror_failed, and does not read it again before cairn_blk_mirror_resync. The last leg
 * is never dropped; what fails there, fails.
 *
 * Nothing on the legs says which is good: whoever opens a mirror anew leaves out a leg that was
 * dropped, or opens and resyncs it at once.
 *
 * Resizing is that of all legs, and cuts off what they have beyond the mirror. It grows on all of
 * them or not at all; one that cannot be made smaller, where another one can, stays as it is.
 *
 * What a discard leaves is each leg's own, so legs may differ there. A mirror that compares writes
 * zeros instead.
 */
#ifndef CAIRN_BLK_MIRROR_H
#define CAIRN_BLK_MIRROR_H

#include <cairn/blk.h>
#include <cairn/sync.h>

CAIRN_BEGIN

#define CAIRN_BLK_MIRROR_LEGS_MAX 8

struct cairn_blk_mirror_options {
    bool strict;  /* no leg is dropped: what one of them fails, fails */
    bool repair;  /* blocks that a leg could not read are written to it as another leg has them; so
                     a read that overlaps a change at the same time may undo it on that leg */
    bool compare; /* a read reads all legs, and fails when one of them does, or with CAIRN_ECORRUPT
                     when they differ; the explanation names the first block and the leg */
};

struct cairn_blk_mirror {
    struct cairn_blk base; /* has no `below`: it has legs */
    struct cairn_blk *legs[CAIRN_BLK_MIRROR_LEGS_MAX];
    uint32_t leg_count;
    uint32_t failed; /* one bit a leg that was dropped; atomic */
    struct cairn_blk_mirror_options options;
    struct cairn_lock lock; /* guards the buffer */
    uint8_t *buffer;
    size_t buffer_bytes; /* two halves of whole blocks */
};

/* Bytes of memory that open needs: two of the largest blocks that legs can have. 128 KiB are good,
 * for comparing and resyncing. */
CAIRN_API size_t cairn_blk_mirror_mem(struct cairn_blk *const legs[], uint32_t leg_count);

/* Legs stay the caller's; so does mem. The mirror has as many blocks as the smallest leg. options
 * may be NULL.
 *   CAIRN_EINVAL  fewer than 2 or more than 8 legs, blocks of different sizes
 *   CAIRN_ENOMEM  mem is too small */
CAIRN_API enum cairn_err cairn_blk_mirror_open(struct cairn_blk_mirror *dev,
                                               struct cairn_blk *const legs[], uint32_t leg_count,
                                               const struct cairn_blk_mirror_options *options,
                                               void *mem, size_t mem_bytes,
                                               struct cairn_why *why) CAIRN_MUST_USE;

/* One bit a leg that was dropped; 0: the mirror is whole. */
CAIRN_API uint32_t cairn_blk_mirror_failed(const struct cairn_blk_mirror *dev);

/* Do the legs that were not dropped agree on these blocks? CAIRN_ECORRUPT: they do not, *block is
 * the first that differs, and why names the leg. A change meanwhile of these blocks may look like a
 * difference.
 *   CAIRN_ERANGE  not in the device     others: what a leg says */
CAIRN_API enum cairn_err cairn_blk_mirror_compare(struct cairn_blk_mirror *dev, uint64_t first,
                                                  uint64_t count, uint64_t *block,
                                                  struct cairn_why *why) CAIRN_MUST_USE;

/* Make this leg as the first good one, as large as the mirror at least: data are copied, holes
 * become zeros, the leg is flushed and good again. With no request in flight. A leg whose flush
 * failed is poisoned and has to be opened anew first. CAIRN_EINVAL  no such leg, or the only good
 * one     others: what a leg says */
CAIRN_API enum cairn_err cairn_blk_mirror_resync(struct cairn_blk_mirror *dev, uint32_t leg,
                                                 struct cairn_why *why) CAIRN_MUST_USE;

CAIRN_END

#endif
