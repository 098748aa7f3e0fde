/* SPDX-License-Identifier: ISC */
/* Requests past the pages, and the pages kept true to what they did. */
#include "cache.h"

/* The pages that changes among these requests touch, as one range; false: there are none. */
static bool range_of(const struct cairn_blk_cache *cache, const struct cairn_blk_req *reqs,
                     size_t at, size_t end, struct cairn_blk_cache_claim *range)
{
    range->first = UINT64_MAX;
    range->last = 0;
    for (; at < end; at++) {
        if (reqs[at].op == CAIRN_BLK_READ || !reqs[at].count) continue;
        uint64_t last = reqs[at].block + reqs[at].count - 1;
        range->first = cairn_min_u64(range->first, reqs[at].block >> cache->page_shift);
        range->last = cairn_max_u64(range->last, last >> cache->page_shift);
    }
    return range->first <= range->last;
}

static bool has_busy(const struct cairn_blk_cache *cache, const struct cairn_blk_cache_claim *range)
{
    struct cache_walk walk;
    if (!cache->busy_count) return false;
    blk_cache_walk_init(cache, &walk, range->first << cache->page_shift,
                        (range->last - range->first + 1) << cache->page_shift);
    struct cairn_blk_cache_page *page = blk_cache_walk_next(cache, &walk);
    while (page && !page->busy)
        page = blk_cache_walk_next(cache, &walk);
    return page != NULL;
}

static void claim_take(struct cairn_blk_cache *cache, struct cairn_blk_cache_claim *claim)
{
    cairn_lock_take(&cache->lock);
    while (blk_cache_is_claimed(cache, claim->first, claim->last) || has_busy(cache, claim))
        cairn_cond_wait(&cache->idle, &cache->lock);
    claim->next = cache->claims;
    cache->claims = claim;
    cairn_lock_drop(&cache->lock);
}

/* With the lock. */
static void claim_drop(struct cairn_blk_cache *cache, const struct cairn_blk_cache_claim *claim)
{
    struct cairn_blk_cache_claim **link = &cache->claims;
    while (*link != claim)
        link = &(*link)->next;
    *link = claim->next;
    cairn_cond_broadcast(&cache->idle);
}

/* The page's blocks as the write or zero has left them below. */
static void page_follow(const struct cairn_blk_cache *cache, const struct cairn_blk_req *req,
                        struct cairn_blk_cache_page *page, uint64_t bits)
{
    uint32_t block_bytes = cache->base.info.block_bytes;
    uint32_t first = (uint32_t)__builtin_ctzll(bits);
    size_t bytes = (size_t)__builtin_popcountll(bits) * block_bytes;
    uint8_t *data = blk_cache_data(cache, page, first);
    uint64_t block = (page->number << cache->page_shift) + first;
    if (req->op == CAIRN_BLK_ZERO) {
        memset(data, 0, bytes);
    } else {
        struct blk_cursor memory = { req->segs, 0 };
        blk_cursor_skip(&memory, (block - req->block) * block_bytes);
        blk_cursor_copy(&memory, req->op, data, bytes);
    }
    page->valid |= bits;
}

/* A page of which all is changed, is let go when that is much or has no data to keep. */
static void page_settle(struct cairn_blk_cache *cache, const struct cairn_blk_req *req,
                        struct cairn_blk_cache_page *page)
{
    uint64_t bits = blk_cache_part(cache, page->number, req->block, req->count);
    bool is_large = req->op != CAIRN_BLK_WRITE || req->count >= cache->bypass_blocks;
    bool is_whole = bits == blk_cache_whole(cache, page->number);
    if (req->status) {
        page->valid &= ~bits | page->dirty;
    } else if (is_large && is_whole) {
        blk_cache_set_dirty(cache, page, 0);
        page->valid = 0;
        page->used = false;
    } else if (req->op == CAIRN_BLK_DISCARD) {
        page->valid &= ~bits | page->dirty;
    } else {
        page_follow(cache, req, page, bits);
    }
}

static void settle(struct cairn_blk_cache *cache, const struct cairn_blk_req *reqs, size_t at,
                   size_t end, const struct cairn_blk_cache_claim *claim)
{
    cairn_lock_take(&cache->lock);
    for (; at < end; at++) {
        struct cache_walk walk;
        if (reqs[at].op == CAIRN_BLK_READ || !reqs[at].count) continue;
        blk_cache_walk_init(cache, &walk, reqs[at].block, reqs[at].count);
        struct cairn_blk_cache_page *page;
        while ((page = blk_cache_walk_next(cache, &walk)))
            page_settle(cache, &reqs[at], page);
    }
    claim_drop(cache, claim);
    cairn_lock_drop(&cache->lock);
}

void blk_cache_past(struct cairn_blk_cache *cache, struct cairn_blk_req *reqs, size_t at,
                    size_t end)
{
    struct cairn_blk_cache_claim claim;
    bool changes = range_of(cache, reqs, at, end, &claim);
    if (changes) claim_take(cache, &claim);
    blk_send_part(&cache->base, cache->base.below, reqs, at, end);
    if (changes) settle(cache, reqs, at, end, &claim);
    cairn_lock_take(&cache->lock);
    cache->counts.bypasses += end - at;
    cairn_lock_drop(&cache->lock);
}
