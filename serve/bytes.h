/* SPDX-License-Identifier: ISC */
/* Bytes of a device, at any place: clients of NBD may ask for less than a block, or for parts of
 * two. What is whole blocks goes to the device as it is. */
#ifndef CAIRN_SERVE_BYTES_H
#define CAIRN_SERVE_BYTES_H

#include <cairn/blk.h>
#include <cairn/sync.h>

struct serve_bytes {
    struct cairn_blk *dev;
    uint8_t *edge;          /* one block */
    struct cairn_lock lock; /* guards edge, and makes a change of a part of a block one step */
};

struct serve_span {
    uint64_t offset, count;
};

/* edge: memory for a block of dev. */
void serve_bytes_init(struct serve_bytes *bytes, struct cairn_blk *dev, void *edge);
void serve_bytes_destroy(struct serve_bytes *bytes);

/* One request, which lies in the device; data is NULL but for reads and writes. Parts of blocks are
 * read, or changed by reading and writing the block; a discard leaves them alone. */
enum cairn_err serve_bytes_do(struct serve_bytes *bytes, enum cairn_blk_op op, uint32_t flags,
                              struct serve_span span, void *data,
                              struct cairn_why *why) CAIRN_MUST_USE;

#endif
