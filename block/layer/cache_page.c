/* SPDX-License-Identifier: ISC */
/* Pages: finding one by its number, and one to give up. */
#include "cache.h"

uint64_t blk_cache_part(const struct cairn_blk_cache *cache, uint64_t number, uint64_t block,
                        uint64_t count)
{
    uint64_t begin = number << cache->page_shift;
    uint64_t from = cairn_max_u64(block, begin);
    uint64_t to = cairn_min_u64(block + count, begin + cache->page_blocks);
    return from < to ? blk_cache_bits((uint32_t)(from - begin), (uint32_t)(to - from)) : 0;
}

uint64_t blk_cache_whole(const struct cairn_blk_cache *cache, uint64_t number)
{
    return blk_cache_part(cache, number, 0, cache->base.info.block_count);
}

static struct cairn_blk_cache_page **head_of(const struct cairn_blk_cache *cache, uint64_t number)
{
    return &cache->heads[number * UINT64_C(0x9E3779B97F4A7C15) >> cache->hash_shift];
}

struct cairn_blk_cache_page *blk_cache_find(const struct cairn_blk_cache *cache, uint64_t number)
{
    struct cairn_blk_cache_page *page = *head_of(cache, number);
    while (page && page->number != number)
        page = page->chain;
    return page;
}

bool blk_cache_is_claimed(const struct cairn_blk_cache *cache, uint64_t first, uint64_t last)
{
    const struct cairn_blk_cache_claim *claim = cache->claims;
    while (claim && (claim->last < first || last < claim->first))
        claim = claim->next;
    return claim != NULL;
}

static void forget(struct cairn_blk_cache *cache, struct cairn_blk_cache_page *page)
{
    if (page->number == CACHE_NUMBER_NONE) return;
    struct cairn_blk_cache_page **link = head_of(cache, page->number);
    while (*link != page)
        link = &(*link)->chain;
    *link = page->chain;
    if (page->valid) cache->counts.evictions++;
}

static void name(struct cairn_blk_cache *cache, struct cairn_blk_cache_page *page, uint64_t number)
{
    struct cairn_blk_cache_page **head = head_of(cache, number);
    forget(cache, page);
    page->number = number;
    page->valid = 0;
    page->used = true;
    page->chain = *head;
    *head = page;
}

static struct cairn_blk_cache_page *page_at_hand(struct cairn_blk_cache *cache)
{
    return &cache->pages[cache->hand];
}

static void hand_move(struct cairn_blk_cache *cache)
{
    if (++cache->hand == cache->page_count) cache->hand = 0;
}

bool blk_cache_is_held(const struct cairn_blk_cache *cache, const struct cairn_blk_cache_page *page)
{
    return page->busy || blk_cache_is_claimed(cache, page->number, page->number);
}

/* The first round takes the marks of use away, so the second ends at the latest. */
struct cairn_blk_cache_page *blk_cache_take(struct cairn_blk_cache *cache, uint64_t number,
                                            bool clean_only, bool *dirty)
{
    *dirty = false;
    for (uint64_t n = 0; n < 2 * (uint64_t)cache->page_count; n++, hand_move(cache)) {
        struct cairn_blk_cache_page *page = page_at_hand(cache);
        bool was_used = page->used;
        if (blk_cache_is_held(cache, page) || (page->dirty && clean_only)) continue;
        page->used = false;
        if (was_used) continue;
        *dirty = page->dirty != 0;
        if (*dirty) return NULL;
        name(cache, page, number);
        hand_move(cache);
        return page;
    }
    return NULL;
}

void blk_cache_hold(struct cairn_blk_cache *cache, struct cairn_blk_cache_page *page)
{
    page->busy = true;
    cache->busy_count++;
}

void blk_cache_release(struct cairn_blk_cache *cache, struct cairn_blk_cache_page *page)
{
    page->busy = false;
    cache->busy_count--;
}

void blk_cache_set_dirty(struct cairn_blk_cache *cache, struct cairn_blk_cache_page *page,
                         uint64_t dirty)
{
    if (dirty && !page->dirty) cache->dirty_count++;
    if (!dirty && page->dirty) cache->dirty_count--;
    page->dirty = dirty;
    if (!dirty || page->in_queue) return;
    page->in_queue = true;
    page->queued = cache->queue;
    cache->queue = page;
}

void blk_cache_walk_init(const struct cairn_blk_cache *cache, struct cache_walk *walk,
                         uint64_t block, uint64_t count)
{
    walk->first = block >> cache->page_shift;
    walk->last = (block + count - 1) >> cache->page_shift;
    walk->by_page = walk->last - walk->first >= cache->page_count;
    walk->at = walk->by_page ? 0 : walk->first;
}

struct cairn_blk_cache_page *blk_cache_walk_next(const struct cairn_blk_cache *cache,
                                                 struct cache_walk *walk)
{
    struct cairn_blk_cache_page *page = NULL;
    while (!walk->by_page && !page && walk->at <= walk->last)
        page = blk_cache_find(cache, walk->at++);
    while (walk->by_page && !page && walk->at < cache->page_count) {
        page = &cache->pages[walk->at++];
        if (page->number < walk->first || page->number > walk->last) page = NULL;
    }
    return page;
}
