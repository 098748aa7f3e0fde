/* SPDX-License-Identifier: ISC */
/*
 * Layers: devices on top of a device. `below` stays the caller's, outlives the layer, and is not
 * closed with it.
 */
#ifndef CAIRN_BLK_LAYERS_H
#define CAIRN_BLK_LAYERS_H

#include <cairn/blk.h>
#include <cairn/sync.h>

CAIRN_BEGIN

/* Slice: blocks [first, first + count) of below, as a partition is. */
struct cairn_blk_slice {
    struct cairn_blk base;
    uint64_t first;
};
/* CAIRN_ERANGE: the slice does not lie in below. */
CAIRN_API enum cairn_err cairn_blk_slice_open(struct cairn_blk_slice *dev, struct cairn_blk *below,
                                              uint64_t first, uint64_t count, const char *name,
                                              struct cairn_why *why) CAIRN_MUST_USE;

/* Block size: below seen with blocks of another size, larger or smaller. Smaller blocks are written
 * by read-modify-write through one bounce buffer under a lock; a tail of below that does not fill a
 * larger block is not visible. */
struct cairn_blk_resized {
    struct cairn_blk base;
    uint8_t *bounce; /* one block of below, or NULL when blocks grow */
    struct cairn_lock lock;
};
/* Bytes of memory that open needs: 0 when block_bytes is not below the device's own. */
CAIRN_API size_t cairn_blk_blocksize_mem(const struct cairn_blk *below, uint32_t block_bytes);
/* CAIRN_EINVAL: block_bytes; CAIRN_ENOMEM: mem is too small. */
CAIRN_API enum cairn_err cairn_blk_blocksize_open(struct cairn_blk_resized *dev,
                                                  struct cairn_blk *below, uint32_t block_bytes,
                                                  void *mem, size_t mem_bytes,
                                                  struct cairn_why *why) CAIRN_MUST_USE;

/* Read-only: every write, discard, zero and resize is refused with CAIRN_EROFS. */
struct cairn_blk_readonly {
    struct cairn_blk base;
};
CAIRN_API enum cairn_err cairn_blk_readonly_open(struct cairn_blk_readonly *dev,
                                                 struct cairn_blk *below,
                                                 struct cairn_why *why) CAIRN_MUST_USE;

CAIRN_END

#endif
