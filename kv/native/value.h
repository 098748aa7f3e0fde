/* SPDX-License-Identifier: ISC */
/*
 * The bytes of values outside of the tree: chunks of 64 KiB in pages that are never overwritten
 * while a generation, a snapshot or a view may look at them. A page is written whole, with its hash
 * in the chunk's record; a change of a part of a page reads the rest first.
 */
#ifndef CAIRN_KV_NATIVE_VALUE_H
#define CAIRN_KV_NATIVE_VALUE_H

#include "space.h"

struct kvn_values {
    struct cairn_blk *dev;
    struct kvn_space *space;
    struct cairn_lock *lock; /* held by callers; dropped while reading and writing */
    uint32_t page_bytes;
    uint64_t generation; /* births of what is written: the one after the newest */
    uint64_t snapshot_generation;
    uint64_t pages; /* in use for values, counted here */
};

/* bytes of the chunk from `offset` within it. Pages are checked against their hashes.
 * CAIRN_ECORRUPT names the page. bounce has a page. The lock is dropped while pages are read. */
enum cairn_err kvn_chunk_read(struct kvn_values *values, const struct kvn_chunk *chunk,
                              uint32_t offset, void *data, uint32_t bytes, uint8_t *bounce,
                              struct cairn_why *why) CAIRN_MUST_USE;

/* Write bytes at `offset` within a chunk, whose value ends (after this) at `end` within it:
 * *changed is the chunk afterwards; `chunk` and its pages stay as they are. Pages that are reserved
 * and not yet written are written in place. bounce has KVN_CHUNK_BYTES. Not flushed. CAIRN_ENOSPC:
 * nothing is allocated. The caller stages `changed`, and frees what it no longer has by
 * kvn_chunk_free_but when that is committed into the tree. */
enum cairn_err kvn_chunk_write(struct kvn_values *values, const struct kvn_chunk *chunk,
                               uint32_t offset, const void *data, uint32_t bytes, uint32_t end,
                               struct kvn_chunk *changed, uint8_t *bounce,
                               struct cairn_why *why) CAIRN_MUST_USE;

/* Reserve pages for the first `bytes` bytes of a chunk. CAIRN_ENOSPC: none is allocated. */
enum cairn_err kvn_chunk_reserve(struct kvn_values *values, uint32_t bytes, struct kvn_chunk *chunk,
                                 struct cairn_why *why) CAIRN_MUST_USE;

/* Free the pages that `chunk` has and `kept` (or nothing, when NULL) has not, but those born up to
 * the newest snapshot. */
enum cairn_err kvn_chunk_free_but(struct kvn_values *values, const struct kvn_chunk *chunk,
                                  const struct kvn_chunk *kept,
                                  struct cairn_why *why) CAIRN_MUST_USE;

/* For replaying: each run of the chunk that was born in the generation being built, held or marked.
 */
enum cairn_err kvn_chunk_hold(struct kvn_values *values, const struct kvn_chunk *chunk, bool mark,
                              struct cairn_why *why) CAIRN_MUST_USE;

#endif
