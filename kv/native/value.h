/* SPDX-License-Identifier: ISC */
/*
 * The bytes of values outside of the tree: chunks of 64 KiB in pages that are never overwritten
 * while a generation, a snapshot or a view may look at them. A page is written whole, with its hash
 * in the chunk's record; a change of a part of a page reads the rest first.
 */
#ifndef CAIRN_KV_NATIVE_VALUE_H
#define CAIRN_KV_NATIVE_VALUE_H

#include <cairn/sync.h>

#include "space.h"

struct kvn_values {
    struct cairn_blk *dev;
    struct kvn_space *space;
    struct cairn_lock *lock; /* held by callers; dropped while reading and writing */
    uint32_t page_bytes;
    uint64_t generation; /* births of what is written: the one that will have it */
    uint64_t snapshot_generation;
    uint64_t pages; /* in use for values, counted here */
};

/* bytes of the chunk from `offset` within it. Pages are checked against their hashes.
 * CAIRN_ECORRUPT names the page. bounce has a page. The lock is dropped while pages are read. */
enum cairn_err kvn_chunk_read(struct kvn_values *values, const struct kvn_chunk *chunk,
                              uint32_t offset, void *data, uint32_t bytes, uint8_t *bounce,
                              struct cairn_why *why) CAIRN_MUST_USE;

/* Write bytes at `offset` within a chunk: *changed is the chunk afterwards; `chunk` (or NULL: there
 * was none) and its pages stay as they are. Pages that are reserved and not yet written are written
 * in place. bounce has KVN_CHUNK_BYTES. Not flushed. When this fails, nothing stays allocated. The
 * lock is dropped while pages are read and written. */
enum cairn_err kvn_chunk_write(struct kvn_values *values, const struct kvn_chunk *chunk,
                               uint32_t offset, const void *data, uint32_t bytes,
                               struct kvn_chunk *changed, uint8_t *bounce,
                               struct cairn_why *why) CAIRN_MUST_USE;

/* Reserve pages for the first `bytes` bytes of a chunk. CAIRN_ENOSPC: none is allocated. */
enum cairn_err kvn_chunk_reserve(struct kvn_values *values, uint32_t bytes, struct kvn_chunk *chunk,
                                 struct cairn_why *why) CAIRN_MUST_USE;

/* Free the pages that `chunk` has and `kept` (or nothing, when NULL) has not, of those that were
 * born in generation `born` or later (0: all) and after the newest snapshot. */
enum cairn_err kvn_chunk_free_but(struct kvn_values *values, const struct kvn_chunk *chunk,
                                  const struct kvn_chunk *kept, uint64_t born,
                                  struct cairn_why *why) CAIRN_MUST_USE;

/* For replaying, of a chunk's pages that were born after the durable generation: do they have their
 * hashes? bounce has a page. */
enum cairn_err kvn_chunk_verify(struct kvn_values *values, const struct kvn_chunk *chunk,
                                uint64_t durable_generation, uint8_t *bounce, bool *whole,
                                struct cairn_why *why) CAIRN_MUST_USE;
/* Hold them, or mark them as in use. */
enum cairn_err kvn_chunk_hold(struct kvn_values *values, const struct kvn_chunk *chunk,
                              uint64_t durable_generation, bool mark,
                              struct cairn_why *why) CAIRN_MUST_USE;

#endif
