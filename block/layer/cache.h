/* SPDX-License-Identifier: ISC */
/*
 * The parts of the cache. Private to cache*.c.
 *
 * Invariants, all under the cache's lock unless said otherwise:
 *
 *   1. A page that is busy is being read or written below by one thread, which alone looks at what
 *      it holds, also without the lock. Nobody else gives it up, changes it or waits with a page of
 *      his own busy: so nobody waits for ever.
 *   2. A claim is a range of pages at which a request changes the device below past the pages. It
 *      makes all pages of the range busy, also those that are not there: else one would be fetched
 *      while its blocks change.
 *   3. dirty is a part of valid. A page with a dirty block is in the queue, or in the list that the
 *      one flush took from it.
 *   4. At least one page is not dirty, so that reads go on when nothing can be written.
 *   5. A dirty block becomes clean by being written, together with all that were written with it:
 *      what the device below writes untorn stays so. Whatever else writes it leaves it dirty, or
 *      takes its whole page.
 */
#ifndef CAIRN_BLOCK_LAYER_CACHE_H
#define CAIRN_BLOCK_LAYER_CACHE_H

#include <cairn/blk_cache.h>

#include "../impl.h"

#define CACHE_PAGES_MIN 4u
#define CACHE_PAGE_BLOCKS_MAX 64u
#define CACHE_BATCH 32u /* at least the runs that a page may be in pieces of */
#define CACHE_NUMBER_NONE UINT64_MAX

struct cairn_blk_cache_page {
    uint64_t number;                     /* it holds these blocks: number << page_shift and on */
    uint64_t valid, dirty;               /* one bit a block */
    struct cairn_blk_cache_page *chain;  /* of the hash */
    struct cairn_blk_cache_page *queued; /* next of the queue */
    bool in_queue;
    bool busy;
    bool used; /* since the clock's hand came by */
};

struct cairn_blk_cache_claim {
    uint64_t first, last; /* pages */
    struct cairn_blk_cache_claim *next;
};

/* What goes below in one batch: runs of blocks of pages. */
struct cache_batch {
    struct cairn_blk_req reqs[CACHE_BATCH];
    struct cairn_blk_seg segs[CACHE_BATCH]; /* one a run */
    struct {
        struct cairn_blk_cache_page *page;
        uint8_t first, count, req;
    } runs[CACHE_BATCH];
    uint32_t req_count, run_count;
};

/* cache_page.c */

/* Bits [first, first + count), count from 1 to 64. */
static inline uint64_t blk_cache_bits(uint32_t first, uint32_t count)
{
    return UINT64_MAX >> (64 - count) << first;
}

static inline uint8_t *blk_cache_data(const struct cairn_blk_cache *cache,
                                      const struct cairn_blk_cache_page *page, uint32_t block)
{
    size_t index = (size_t)(page - cache->pages);
    return cache->data +
           (index << cache->page_shift | block) * (size_t)cache->base.info.block_bytes;
}

/* The bits of those blocks of [block, block + count) that lie in the page. */
uint64_t blk_cache_part(const struct cairn_blk_cache *cache, uint64_t number, uint64_t block,
                        uint64_t count);
/* The bits of all blocks that the page has; the last one may have fewer. */
uint64_t blk_cache_whole(const struct cairn_blk_cache *cache, uint64_t number);

/* No page more may get dirty (4). */
static inline bool blk_cache_is_full(const struct cairn_blk_cache *cache)
{
    return cache->dirty_count >= cache->page_count - 1;
}

/* The page is busy, or claimed. */
bool blk_cache_is_held(const struct cairn_blk_cache *cache,
                       const struct cairn_blk_cache_page *page);
struct cairn_blk_cache_page *blk_cache_find(const struct cairn_blk_cache *cache, uint64_t number);
bool blk_cache_is_claimed(const struct cairn_blk_cache *cache, uint64_t first, uint64_t last);

/* An empty page for a number that has none, by giving up the one that was not used for longest; a
 * second chance for those that were. NULL: all are busy, or, *dirty, the next one is dirty;
 * clean_only passes those by. */
struct cairn_blk_cache_page *blk_cache_take(struct cairn_blk_cache *cache, uint64_t number,
                                            bool clean_only, bool *dirty);

void blk_cache_hold(struct cairn_blk_cache *cache, struct cairn_blk_cache_page *page);
void blk_cache_release(struct cairn_blk_cache *cache, struct cairn_blk_cache_page *page);
/* Make these the dirty blocks; queues the page when there are any. */
void blk_cache_set_dirty(struct cairn_blk_cache *cache, struct cairn_blk_cache_page *page,
                         uint64_t dirty);

/* The pages of a range that are there, at a cost of the range or of all pages, what is less. */
struct cache_walk {
    uint64_t first, last; /* pages of the device */
    uint64_t at;
    bool by_page; /* at counts pages of the cache */
};
void blk_cache_walk_init(const struct cairn_blk_cache *cache, struct cache_walk *walk,
                         uint64_t block, uint64_t count);
struct cairn_blk_cache_page *blk_cache_walk_next(const struct cairn_blk_cache *cache,
                                                 struct cache_walk *walk);

/* cache_batch.c */

void blk_cache_batch_init(struct cache_batch *batch);
/* Add the blocks of the page and hold it, joined to what ends where they begin; false when there is
 * no room. op READ or WRITE. */
bool blk_cache_batch_add(struct cairn_blk_cache *cache, struct cache_batch *batch,
                         enum cairn_blk_op op, struct cairn_blk_cache_page *page, uint64_t blocks,
                         struct cairn_why *why) CAIRN_MUST_USE;
/* Without the lock. */
enum cairn_err blk_cache_batch_submit(struct cairn_blk_cache *cache,
                                      struct cache_batch *batch) CAIRN_MUST_USE;
/* Whether this run came through. */
static inline bool blk_cache_run_is_done(const struct cache_batch *batch, uint32_t run)
{
    return !batch->reqs[batch->runs[run].req].status;
}
/* The pages of the batch are free again for all. */
void blk_cache_batch_release(struct cairn_blk_cache *cache, struct cache_batch *batch);

/* cache_write.c */

/* Write some dirty pages, which drops the lock meanwhile, or wait for one that is busy. An error
 * when none could be written. */
enum cairn_err blk_cache_make_room(struct cairn_blk_cache *cache,
                                   struct cairn_why *why) CAIRN_MUST_USE;
/* Write all that is dirty now, in order. Without the lock. */
enum cairn_err blk_cache_write_back(struct cairn_blk_cache *cache,
                                    struct cairn_why *why) CAIRN_MUST_USE;
/* The queue by number, held by flush_lock and lock. */
struct cairn_blk_cache_page *blk_cache_queue_sort(struct cairn_blk_cache *cache);

/* cache_paged.c: requests [at, end) through pages. */
void blk_cache_paged(struct cairn_blk_cache *cache, struct cairn_blk_req *reqs, size_t at,
                     size_t end);

/* cache_past.c: requests [at, end) of reqs past the pages. */
void blk_cache_past(struct cairn_blk_cache *cache, struct cairn_blk_req *reqs, size_t at,
                    size_t end);

#endif
