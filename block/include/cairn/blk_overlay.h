/* SPDX-License-Identifier: ISC */
/*
 * Layer: copy-on-write. The device below is never written but by a commit; what changes is kept in
 * a second device, the store, at the same block numbers. A bit a block in the caller's memory says
 * where a block is to be read. So a write costs that write and nothing is copied up, at the price
 * of 1/4096 of the device's size in memory where blocks have 512 bytes, 1/32768 at 4 KiB.
 *
 * An overlay has a size of its own, as far as its memory has a bit for each block and the store is
 * large enough or grows; a commit gives it to the device below.
 *
 * The map is in memory only: what is not committed is gone with it, and so durability is none and
 * there is no flush. The store's first contents do not matter.
 */
#ifndef CAIRN_BLK_OVERLAY_H
#define CAIRN_BLK_OVERLAY_H

#include <cairn/blk.h>
#include <cairn/sync.h>

CAIRN_BEGIN

struct cairn_blk_overlay {
    struct cairn_blk base;
    struct cairn_blk *store;
    uint8_t *buffer; /* of commit */
    size_t buffer_bytes;
    size_t mem_bytes;       /* of the map and, behind it, the buffer */
    struct cairn_lock lock; /* guards what follows */
    uint64_t *map;          /* bit set: the block is in the store */
    uint64_t changed;       /* bits set */
};

/* Bytes of memory that open needs: the map, and a buffer for commit. */
CAIRN_API size_t cairn_blk_overlay_mem(const struct cairn_blk *below,
                                       const struct cairn_blk *store);

/* An overlay without changes. below may be read-only. All devices stay the caller's. Memory beyond
 * cairn_blk_overlay_mem makes the buffer larger, or is for the map when the overlay grows.
 *   CAIRN_EINVAL  the store has other blocks, or fewer     CAIRN_EROFS   it is read-only
 *   CAIRN_ENOMEM  mem is too small */
CAIRN_API enum cairn_err cairn_blk_overlay_open(struct cairn_blk_overlay *dev,
                                                struct cairn_blk *below, struct cairn_blk *store,
                                                void *mem, size_t mem_bytes,
                                                struct cairn_why *why) CAIRN_MUST_USE;

/* Write all changes to the device below, in the order of their blocks, flush it, and forget them.
 * With no request in flight. Holes of the store become zeros. When this fails, nothing is
 * forgotten: the overlay reads as before, and commit may be called again, but for a flush below
 * that failed: until that device is opened anew, it takes no change. Commit is not atomic: when the
 * process or the power ends within, the device below has some changes and not others, and as the
 * map is gone nothing can finish it.
 *   CAIRN_EROFS  below is read-only
 *   else what the devices say */
CAIRN_API enum cairn_err cairn_blk_overlay_commit(struct cairn_blk_overlay *dev,
                                                  struct cairn_why *why) CAIRN_MUST_USE;

/* Forget all changes, also of the size: reads show the device below again. With no request in
 * flight. The store is discarded where it can be, and its error is that of this function; the
 * changes are gone all the same. */
CAIRN_API enum cairn_err cairn_blk_overlay_discard(struct cairn_blk_overlay *dev,
                                                   struct cairn_why *why) CAIRN_MUST_USE;

/* Blocks that were changed. */
CAIRN_API uint64_t cairn_blk_overlay_changed(struct cairn_blk_overlay *dev);

CAIRN_END

#endif
