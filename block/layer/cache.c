/* SPDX-License-Identifier: ISC */
/* The cache as a device. Its parts and what holds between them: cache.h. */
#include "cache.h"

#include <cairn/arena.h>

_Static_assert(offsetof(struct cairn_blk_cache, base) == 0, "a device embeds its base first");
_Static_assert(CACHE_BATCH >= CACHE_PAGE_BLOCKS_MAX / 2, "a page in pieces fits into a batch");

#define PAGE_BYTES_GOOD 4096u
#define BYPASS_BYTES (128u << 10)
#define PAGES_MAX (UINT32_C(1) << 30)

static struct cairn_blk_cache *cache_of(struct cairn_blk *dev)
{
    return (struct cairn_blk_cache *)dev;
}

static bool has_dirty(struct cairn_blk_cache *cache, const struct cairn_blk_req *req)
{
    struct cache_walk walk;
    const struct cairn_blk_cache_page *page = NULL;
    cairn_lock_take(&cache->lock);
    if (cache->dirty_count) {
        blk_cache_walk_init(cache, &walk, req->block, req->count);
        do
            page = blk_cache_walk_next(cache, &walk);
        while (page && !page->dirty);
    }
    cairn_lock_drop(&cache->lock);
    return page != NULL;
}

static bool goes_past(struct cairn_blk_cache *cache, const struct cairn_blk_req *req)
{
    bool is_large = req->count >= cache->bypass_blocks;
    if (req->op == CAIRN_BLK_READ) return is_large && !has_dirty(cache, req);
    bool fua = (req->flags & CAIRN_BLK_FUA) && cache->base.info.fua == CAIRN_BLK_NATIVE;
    return req->op != CAIRN_BLK_WRITE || is_large || fua || cache->write_through;
}

/* The batch in parts that go the same way. */
static enum cairn_err cache_submit(struct cairn_blk *dev, struct cairn_blk_req *reqs, size_t count)
{
    struct cairn_blk_cache *cache = cache_of(dev);
    for (size_t at = 0, end; at < count; at = end) {
        bool past = goes_past(cache, &reqs[at]);
        for (end = at + 1; end < count && goes_past(cache, &reqs[end]) == past;)
            end++;
        if (past)
            blk_cache_past(cache, reqs, at, end);
        else
            blk_cache_paged(cache, reqs, at, end);
    }
    return blk_first_failure(reqs, count, CAIRN_OK);
}

static enum cairn_err cache_flush(struct cairn_blk *dev, struct cairn_why *why)
{
    enum cairn_err err = blk_cache_write_back(cache_of(dev), why);
    return err ? err : blk_layer_flush(dev, why);
}

/* What is dirty in the page counts as data, from its first to its last dirty block. */
static enum cairn_err page_extents(struct cairn_blk *dev, const struct cairn_blk_cache_page *page,
                                   struct blk_extents *list, bool *room, struct cairn_why *why)
{
    uint64_t begin = page->number << cache_of(dev)->page_shift, unit = dev->info.block_bytes;
    uint64_t from = begin + (uint64_t)__builtin_ctzll(page->dirty);
    uint64_t to = begin + 64 - (uint64_t)__builtin_clzll(page->dirty);
    if (to <= list->at || from >= list->end) return CAIRN_OK;
    enum cairn_err err = blk_extents_ask(dev->below, list, from, room, why);
    if (!err && *room) *room = blk_extents_data(list, from * unit, to * unit);
    return err;
}

/* With the locks: the queue stays as it is. */
static enum cairn_err extents_list(struct cairn_blk *dev, struct blk_extents *list, bool *room,
                                   struct cairn_why *why)
{
    const struct cairn_blk_cache_page *page = blk_cache_queue_sort(cache_of(dev));
    for (; page && *room; page = page->queued) {
        if (!page->dirty) continue;
        enum cairn_err err = page_extents(dev, page, list, room, why);
        if (err) return err;
    }
    return *room ? blk_extents_ask(dev->below, list, list->end, room, why) : CAIRN_OK;
}

static enum cairn_err cache_extents(struct cairn_blk *dev, uint64_t block, uint64_t count,
                                    struct cairn_blk_extent *extents, size_t cap, size_t *used,
                                    struct cairn_why *why)
{
    struct cairn_blk_cache *cache = cache_of(dev);
    struct blk_extents list;
    bool room = true;
    blk_extents_init(&list, extents, cap, block, count, dev->info.block_bytes);
    cairn_lock_take(&cache->flush_lock);
    cairn_lock_take(&cache->lock);
    enum cairn_err err = extents_list(dev, &list, &room, why);
    cairn_lock_drop(&cache->lock);
    cairn_lock_drop(&cache->flush_lock);
    if (err) cairn_why_via(why, dev->name);
    if (err) return err;
    if (room) blk_extents_end(&list);
    *used = list.used;
    return CAIRN_OK;
}

/* What pages hold of blocks that are no more must not come back with them. */
static enum cairn_err cache_resize(struct cairn_blk *dev, uint64_t block_count,
                                   struct cairn_why *why)
{
    struct cairn_blk_cache *cache = cache_of(dev);
    enum cairn_err err = cairn_blk_resize(dev->below, block_count, why);
    if (err) return err;
    cairn_lock_take(&cache->lock);
    for (uint32_t i = 0; i < cache->page_count; i++) {
        struct cairn_blk_cache_page *page = &cache->pages[i];
        if (page->number == CACHE_NUMBER_NONE) continue;
        uint64_t left = blk_cache_part(cache, page->number, 0, block_count);
        page->valid &= left;
        blk_cache_set_dirty(cache, page, page->dirty & left);
    }
    cairn_lock_drop(&cache->lock);
    return CAIRN_OK;
}

static enum cairn_err cache_close(struct cairn_blk *dev, struct cairn_why *why)
{
    struct cairn_blk_cache *cache = cache_of(dev);
    enum cairn_err err = cache->dirty_count ? blk_cache_write_back(cache, why) : CAIRN_OK;
    if (cache->dirty_count)
        cairn_why_hint(why, "%lu pages of what was written are lost: check the device",
                       (unsigned long)cache->dirty_count);
    cairn_lock_destroy(&cache->lock);
    cairn_lock_destroy(&cache->flush_lock);
    cairn_cond_destroy(&cache->idle);
    return err;
}

static const struct cairn_blk_ops cache_ops = {
    .submit = cache_submit,
    .flush = cache_flush,
    .extents = cache_extents,
    .resize = cache_resize,
    .close = cache_close,
};

void cairn_blk_cache_count(struct cairn_blk_cache *dev, struct cairn_blk_cache_counts *counts)
{
    cairn_lock_take(&dev->lock);
    *counts = dev->counts;
    cairn_lock_drop(&dev->lock);
}

static uint32_t page_bytes_of(const struct cairn_blk *below,
                              const struct cairn_blk_cache_options *options)
{
    if (options && options->page_bytes) return options->page_bytes;
    uint64_t block_bytes = cairn_max_u64(below->info.block_bytes, BLK_BYTES_MIN);
    uint64_t good = cairn_max_u64(below->info.preferred_bytes, PAGE_BYTES_GOOD);
    good = cairn_min_u64(UINT64_C(1) << cairn_log2(good), CACHE_PAGE_BLOCKS_MAX * block_bytes);
    return (uint32_t)cairn_max_u64(good, block_bytes);
}

/* A page with what it takes to find it: at most one head of a chain. */
static uint64_t page_cost(uint64_t page_bytes)
{
    return page_bytes + sizeof(struct cairn_blk_cache_page) + sizeof(void *);
}

/* What alignment may cost. */
static uint64_t slack(const struct cairn_blk *below)
{
    return below->info.mem_align - 1 + 2 * (_Alignof(struct cairn_blk_cache_page) - 1);
}

size_t cairn_blk_cache_mem(const struct cairn_blk *below,
                           const struct cairn_blk_cache_options *options, size_t cached_bytes)
{
    uint64_t page_bytes = page_bytes_of(below, options);
    uint64_t pages = cairn_div_up(cached_bytes, page_bytes);
    pages = cairn_max_u64(pages, CACHE_PAGES_MIN);
    if (pages > (SIZE_MAX - slack(below)) / page_cost(page_bytes)) return SIZE_MAX;
    return (size_t)(pages * page_cost(page_bytes) + slack(below));
}

/* Runs of blocks begin anywhere in a page. */
static enum cairn_err align_check(const struct cairn_blk *below, struct cairn_why *why)
{
    if (below->info.mem_align <= below->info.block_bytes) return CAIRN_OK;
    return cairn_why_fail(why, CAIRN_ENOTSUP,
                          "cache: memory aligned to more than a block of %s is not supported",
                          below->name);
}

static enum cairn_err page_bytes_check(const struct cairn_blk *below, uint64_t page_bytes,
                                       struct cairn_why *why)
{
    uint64_t block_bytes = below->info.block_bytes;
    if (cairn_is_pow2(page_bytes) && page_bytes >= block_bytes &&
        page_bytes <= CACHE_PAGE_BLOCKS_MAX * block_bytes)
        return CAIRN_OK;
    return cairn_why_fail(why, CAIRN_EINVAL,
                          "cache: pages of %llu bytes: a power of two from %llu to %llu is needed",
                          (unsigned long long)page_bytes, (unsigned long long)block_bytes,
                          (unsigned long long)(CACHE_PAGE_BLOCKS_MAX * block_bytes));
}

static struct cairn_blk_info cache_info(const struct cairn_blk *below, uint32_t page_bytes)
{
    struct cairn_blk_info info = below->info;
    info.preferred_bytes = (uint32_t)cairn_max_u64(info.preferred_bytes, page_bytes);
    info.atomic_bytes = (uint32_t)cairn_min_u64(info.atomic_bytes, page_bytes);
    info.flush = CAIRN_BLK_NATIVE;
    info.borrow = CAIRN_BLK_ABSENT;
    return info;
}

/* All pages as the memory has room for, up to what the device has. */
static uint32_t page_count_of(const struct cairn_blk *below, uint64_t page_bytes, size_t mem_bytes)
{
    if (mem_bytes < slack(below)) return 0;
    uint64_t pages = (mem_bytes - slack(below)) / page_cost(page_bytes);
    uint64_t useful =
        cairn_max_u64(cairn_div_up(cairn_blk_bytes(below), page_bytes), CACHE_PAGES_MIN);
    return (uint32_t)cairn_min_u64(cairn_min_u64(pages, useful), PAGES_MAX);
}

/* No NULL comes back: page_count_of has left room. */
static void pages_init(struct cairn_blk_cache *dev, uint32_t page_bytes, void *mem,
                       size_t mem_bytes)
{
    struct cairn_arena arena;
    uint32_t head_bits = cairn_log2(dev->page_count);
    cairn_arena_init(&arena, mem, mem_bytes);
    dev->data =
        cairn_arena_take(&arena, (size_t)page_bytes * dev->page_count, dev->base.info.mem_align);
    dev->pages = cairn_arena_array(&arena, dev->page_count, sizeof *dev->pages,
                                   _Alignof(struct cairn_blk_cache_page));
    dev->heads = cairn_arena_array(&arena, (size_t)1 << head_bits, sizeof(void *),
                                   _Alignof(struct cairn_blk_cache_page *));
    dev->hash_shift = 64 - head_bits;
    for (uint32_t i = 0; i < dev->page_count; i++)
        dev->pages[i].number = CACHE_NUMBER_NONE;
}

static void options_init(struct cairn_blk_cache *dev, const struct cairn_blk_cache_options *options,
                         uint32_t page_bytes)
{
    uint64_t bypass_bytes =
        cairn_min_u64(BYPASS_BYTES, cairn_max_u64(dev->page_count / 4, 1) * (uint64_t)page_bytes);
    if (options) {
        dev->write_through = options->write_through;
        dev->readahead_pages = options->readahead_bytes / page_bytes;
        if (options->bypass_bytes) bypass_bytes = options->bypass_bytes;
    }
    dev->bypass_blocks = cairn_div_up(bypass_bytes, dev->base.info.block_bytes);
}

enum cairn_err cairn_blk_cache_open(struct cairn_blk_cache *dev, struct cairn_blk *below,
                                    const struct cairn_blk_cache_options *options, void *mem,
                                    size_t mem_bytes, struct cairn_why *why)
{
    uint32_t page_bytes = page_bytes_of(below, options);
    enum cairn_err err = page_bytes_check(below, page_bytes, why);
    if (!err) err = align_check(below, why);
    if (err) return err;
    uint32_t page_count = page_count_of(below, page_bytes, mem_bytes);
    if (page_count < CACHE_PAGES_MIN)
        return cairn_why_fail(why, CAIRN_ENOMEM, "cache: %lu bytes of memory are needed",
                              (unsigned long)cairn_blk_cache_mem(below, options, 0));
    struct cairn_blk_info info = cache_info(below, page_bytes);
    *dev = (struct cairn_blk_cache){ .page_count = page_count };
    cairn_blk_init(&dev->base, &cache_ops, &info, "cache", below);
    dev->page_blocks = page_bytes / info.block_bytes;
    dev->page_shift = cairn_log2(dev->page_blocks);
    pages_init(dev, page_bytes, mem, mem_bytes);
    options_init(dev, options, page_bytes);
    cairn_lock_init(&dev->flush_lock);
    cairn_lock_init(&dev->lock);
    cairn_cond_init(&dev->idle);
    return CAIRN_OK;
}
