/* SPDX-License-Identifier: ISC */
/*
 * Pages of memory: the store's budget, shared by pages read from the device and by whoever takes
 * one for its own (the overlay).
 *
 * The store's lock is held by all callers. kvn_pool_get drops it while it reads: what a caller knew
 * before, but for pages that it has pinned, may have changed after it. Cached pages are never
 * dirty.
 */
#ifndef CAIRN_KV_NATIVE_POOL_H
#define CAIRN_KV_NATIVE_POOL_H

#include <cairn/arena.h>
#include <cairn/sync.h>

#include "format.h"

struct kvn_frame {
    uint8_t *bytes; /* one page, in memory that never moves */
    uint64_t page;  /* on the device; 0: none */
    uint32_t pins;
    uint32_t next; /* of its hash chain, or of the free list; private */
    uint8_t state; /* private */
    bool recent;   /* for the clock's hand */
};

struct kvn_pool {
    struct cairn_blk *dev;
    struct cairn_lock *lock;
    struct cairn_cond read; /* somebody's read ended */
    uint32_t page_bytes, frame_count, bucket_mask;
    struct kvn_frame *frames;
    uint8_t *memory;   /* frame n's bytes are page n of it */
    uint32_t *buckets; /* number of a frame + 1, or 0 */
    uint32_t free, hand;
    uint32_t taken, take_max; /* frames that others have, and how many they may have */
    uint64_t uuid8;           /* of the store; set by the caller after init */
    uint64_t reads, hits;
};

/* Take all that is left of arena; at least 16 frames, else CAIRN_ENOMEM. take_max is set to half of
 * the frames. */
enum cairn_err kvn_pool_init(struct kvn_pool *pool, struct cairn_arena *arena,
                             struct cairn_blk *dev, struct cairn_lock *lock, uint32_t page_bytes,
                             struct cairn_why *why) CAIRN_MUST_USE;
void kvn_pool_destroy(struct kvn_pool *pool);

/* The page of the tree that pointer is to, pinned: read and checked (hash, its own page, birth and
 * UUID, kvn_node_check, level) unless it is here already. What fails these: CAIRN_ECORRUPT, and the
 * page is not kept. CAIRN_ENOMEM: all frames are pinned or taken. A hit waits for memory twice:
 * for the bucket, then for frame and page together. */
enum cairn_err kvn_pool_get(struct kvn_pool *pool, const struct kvn_pointer *pointer, uint8_t level,
                            struct kvn_frame **frame, struct cairn_why *why) CAIRN_MUST_USE;
void kvn_pool_put(struct kvn_frame *frame);

/* Pages of one level that will be wanted soon: read those that are not here, in one batch. What
 * fails is left for kvn_pool_get to tell. Drops the lock like it. */
#define KVN_AHEAD_MAX 16u
void kvn_pool_ahead(struct kvn_pool *pool, const struct kvn_pointer *pointers, uint32_t count,
                    uint8_t level);

/* The page was just written with these bytes, which were valid: keep a copy if there is a frame
 * that was not used lately. Replaces what was known of that page. */
void kvn_pool_insert(struct kvn_pool *pool, uint64_t page, const uint8_t *bytes);
/* The page is not what it was (freed): forget it, unless it is pinned (then when it is let go). */
void kvn_pool_drop(struct kvn_pool *pool, uint64_t page);

/* A frame's memory for the caller's own use, or NULL: take_max is reached, or all are pinned. Not
 * zeroed. Never drops the lock. */
uint8_t *kvn_pool_take(struct kvn_pool *pool);
void kvn_pool_give(struct kvn_pool *pool, uint8_t *bytes);

#endif
