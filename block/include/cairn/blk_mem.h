/* SPDX-License-Identifier: ISC */
/* A device that is a block of memory of the caller's. Durability none. */
#ifndef CAIRN_BLK_MEM_H
#define CAIRN_BLK_MEM_H

#include <cairn/blk.h>

CAIRN_BEGIN

struct cairn_blk_mem {
    struct cairn_blk base;
    uint8_t *bytes;
    uint64_t capacity_blocks; /* resize goes up to here */
};

/* bytes[0 .. block_bytes * block_count) stays the caller's and outlives the device; its contents
 * are the device's first contents. CAIRN_EINVAL: block_bytes is no power of two in 512..65536. */
CAIRN_API enum cairn_err cairn_blk_mem_open(struct cairn_blk_mem *dev, void *bytes,
                                            uint32_t block_bytes, uint64_t block_count,
                                            struct cairn_why *why) CAIRN_MUST_USE;

CAIRN_END

#endif
