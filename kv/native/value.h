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

/* Pages that were allocated while a checkpoint runs, for the one after it. */
struct kvn_early {
    uint64_t first;
    uint16_t count;
    uint16_t dropped; /* a bit for each page that was given back since */
};
#define KVN_EARLY_MAX 256u

struct kvn_values {
    struct cairn_blk *dev;
    struct kvn_space *space;
    struct cairn_lock *lock; /* held by callers; dropped while reading and writing */
    uint32_t page_bytes;
    uint64_t generation; /* births of what is written: the one that will have it */
    uint64_t snapshot_generation;
    uint64_t pages; /* in use for values, counted here */
    bool is_early;  /* a checkpoint runs */
    uint32_t early_count;
    struct kvn_early early[KVN_EARLY_MAX];
};

/* No room to remember what one more chunk takes: the checkpoint must end first. */
static inline bool kvn_values_early_full(const struct kvn_values *values)
{
    return values->is_early && values->early_count > KVN_EARLY_MAX - KVN_CHUNK_PAGES_MAX;
}

/* Pages that were allocated while the checkpoint ran: how many; not in use for what it writes; and
 * in use again, once it is durable, which ends it. */
uint64_t kvn_early_pages(const struct kvn_values *values);
enum cairn_err kvn_early_hide(struct kvn_values *values, struct cairn_why *why) CAIRN_MUST_USE;
enum cairn_err kvn_early_show(struct kvn_values *values, struct cairn_why *why) CAIRN_MUST_USE;

/* bytes of the chunk from `offset` within it. Pages are checked against their hashes.
 * CAIRN_ECORRUPT names the page. bounce has a page. The lock is dropped while pages are read. */
enum cairn_err kvn_chunk_read(struct kvn_values *values, const struct kvn_chunk *chunk,
                              uint32_t offset, void *data, uint32_t bytes, uint8_t *bounce,
                              struct cairn_why *why) CAIRN_MUST_USE;

/* Pages that writing there allocates; *grows: not for each of them another one comes free. */
uint32_t kvn_chunk_wants(const struct kvn_values *values, const struct kvn_chunk *chunk,
                         uint32_t offset, uint32_t bytes, bool *grows);

/* Write bytes at `offset` within a chunk: *changed is the chunk afterwards; `chunk` (or NULL: there
 * was none) and its pages stay as they are. Pages that are reserved and not yet written are written
 * in place. bounce has room for the pages that are touched. Not flushed. When this fails, nothing
 * stays allocated. The lock is dropped while pages are read and written. */
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

/* For replaying, of a chunk's pages that were born after the durable generation, or were reserved
 * before: do they have their hashes? bounce has a page. */
enum cairn_err kvn_chunk_verify(struct kvn_values *values, const struct kvn_chunk *chunk,
                                uint64_t durable_generation, uint8_t *bounce, bool *whole,
                                struct cairn_why *why) CAIRN_MUST_USE;
/* They are in use. */
enum cairn_err kvn_chunk_mark(struct kvn_values *values, const struct kvn_chunk *chunk,
                              uint64_t durable_generation, struct cairn_why *why) CAIRN_MUST_USE;

#endif
