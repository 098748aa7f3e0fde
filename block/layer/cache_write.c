/* SPDX-License-Identifier: ISC */
/* Dirty pages on their way below: all of them in order, or some to make room. */
#include "cache.h"

#define NEIGHBOURS_BEFORE 16u /* of a page that is written to make room */
#define SCAN_MAX 64u          /* pages looked at for more to write along */

/* What is below is in doubt since a flush failed, and is left as it is. */
static enum cairn_err refuse_poisoned(const struct cairn_blk_cache *cache, struct cairn_why *why)
{
    enum cairn_err err = blk_poison(&cache->base);
    if (!err) return CAIRN_OK;
    err = cairn_why_fail(why, err, "write back: an earlier flush failed");
    cairn_why_via(why, cache->base.name);
    return err;
}

/* Write the batch, without the lock meanwhile. What fails stays dirty. */
static enum cairn_err pages_write(struct cairn_blk_cache *cache, struct cache_batch *batch,
                                  uint32_t *written)
{
    cairn_lock_drop(&cache->lock);
    enum cairn_err err = blk_cache_batch_submit(cache, batch);
    cairn_lock_take(&cache->lock);
    *written = 0;
    for (uint32_t run = 0; run < batch->run_count; run++) {
        struct cairn_blk_cache_page *page = batch->runs[run].page;
        uint64_t bits = blk_cache_bits(batch->runs[run].first, batch->runs[run].count);
        bool done = blk_cache_run_is_done(batch, run);
        blk_cache_set_dirty(cache, page, done ? page->dirty & ~bits : page->dirty);
        if (!page->dirty) (*written)++;
        /* So that the clock's hand goes on to pages that can be given up. */
        if (!done) page->used = true;
    }
    cache->counts.write_backs += *written;
    blk_cache_batch_release(cache, batch);
    return err;
}

static struct cairn_blk_cache_page *dirty_neighbour(const struct cairn_blk_cache *cache,
                                                    const struct cairn_blk_cache_page *page,
                                                    int64_t step)
{
    struct cairn_blk_cache_page *next = blk_cache_find(cache, page->number + (uint64_t)step);
    return next && next->dirty && !blk_cache_is_held(cache, next) ? next : NULL;
}

/* A dirty page with those around it. */
static void gather_around(struct cairn_blk_cache *cache, struct cache_batch *batch,
                          struct cairn_blk_cache_page *page, struct cairn_why *why)
{
    struct cairn_blk_cache_page *before = page;
    for (uint32_t n = 0; before && n < NEIGHBOURS_BEFORE; n++) {
        page = before;
        before = dirty_neighbour(cache, page, -1);
    }
    while (page && blk_cache_batch_add(cache, batch, CAIRN_BLK_WRITE, page, page->dirty, why))
        page = dirty_neighbour(cache, page, 1);
}

/* The first dirty page at the clock's hand, and those near it that were not used since it came by,
 * or all of them when there is nothing else. */
static void gather_at_hand(struct cairn_blk_cache *cache, struct cache_batch *batch,
                           struct cairn_why *why)
{
    for (uint32_t n = 0; n < cache->page_count && (n < SCAN_MAX || !batch->run_count); n++) {
        uint32_t at = cache->hand + n;
        struct cairn_blk_cache_page *page =
            &cache->pages[at < cache->page_count ? at : at - cache->page_count];
        if (!page->dirty || blk_cache_is_held(cache, page)) continue;
        if (!batch->run_count || !page->used || blk_cache_is_full(cache))
            gather_around(cache, batch, page, why);
    }
}

enum cairn_err blk_cache_make_room(struct cairn_blk_cache *cache, struct cairn_why *why)
{
    struct cache_batch batch;
    enum cairn_err err = refuse_poisoned(cache, why);
    if (err) return err;
    blk_cache_batch_init(&batch);
    gather_at_hand(cache, &batch, why);
    if (!batch.run_count) {
        cairn_cond_wait(&cache->idle, &cache->lock);
        return CAIRN_OK;
    }
    uint32_t written;
    err = pages_write(cache, &batch, &written);
    return written ? CAIRN_OK : err;
}

static struct cairn_blk_cache_page *merge(struct cairn_blk_cache_page *a,
                                          struct cairn_blk_cache_page *b)
{
    struct cairn_blk_cache_page *list = NULL, **end = &list;
    while (a && b) {
        struct cairn_blk_cache_page **from = a->number <= b->number ? &a : &b;
        *end = *from;
        end = &(*from)->queued;
        *from = *end;
    }
    *end = a ? a : b;
    return list;
}

/* Merge sort as one counts in binary: sorted[i] is a list of 2^i pages, or none. */
struct cairn_blk_cache_page *blk_cache_queue_sort(struct cairn_blk_cache *cache)
{
    struct cairn_blk_cache_page *sorted[32] = { NULL }, *page = cache->queue, *list, *next;
    for (; page; page = next) {
        size_t i = 0;
        next = page->queued;
        page->queued = NULL;
        for (list = page; sorted[i]; sorted[i++] = NULL)
            list = merge(sorted[i], list);
        sorted[i] = list;
    }
    list = NULL;
    for (size_t i = 0; i < CAIRN_COUNT(sorted); i++)
        list = merge(sorted[i], list);
    cache->queue = list;
    return list;
}

/* Move what may be written now from the list to the batch; returns the rest of the list. */
static struct cairn_blk_cache_page *list_gather(struct cairn_blk_cache *cache,
                                                struct cairn_blk_cache_page *list,
                                                struct cache_batch *batch, struct cairn_why *why)
{
    for (; list; list = list->queued) {
        if (list->dirty && blk_cache_is_held(cache, list)) break;
        if (list->dirty &&
            !blk_cache_batch_add(cache, batch, CAIRN_BLK_WRITE, list, list->dirty, why))
            break;
        list->in_queue = false;
    }
    return list;
}

/* The rest is written although some failed: it may be all that is left of it. */
static enum cairn_err list_write(struct cairn_blk_cache *cache, struct cairn_blk_cache_page *list,
                                 struct cairn_why *why)
{
    enum cairn_err first = CAIRN_OK;
    struct cache_batch batch;
    blk_cache_batch_init(&batch);
    while (list) {
        uint32_t written;
        list = list_gather(cache, list, &batch, first ? NULL : why);
        if (!batch.run_count) {
            if (list) cairn_cond_wait(&cache->idle, &cache->lock);
            continue;
        }
        enum cairn_err err = pages_write(cache, &batch, &written);
        if (!first) first = err;
    }
    return first;
}

enum cairn_err blk_cache_write_back(struct cairn_blk_cache *cache, struct cairn_why *why)
{
    enum cairn_err err = refuse_poisoned(cache, why);
    if (err) return err;
    cairn_lock_take(&cache->flush_lock);
    cairn_lock_take(&cache->lock);
    struct cairn_blk_cache_page *list = blk_cache_queue_sort(cache);
    cache->queue = NULL;
    err = list_write(cache, list, why);
    cairn_lock_drop(&cache->lock);
    cairn_lock_drop(&cache->flush_lock);
    return err;
}
