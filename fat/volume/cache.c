/* SPDX-License-Identifier: ISC */
#include "cache.h"

#include "volume.h"

uint32_t fat_cache_page_bytes(const struct cairn_fat_geometry *geo)
{
    return (uint32_t)cairn_min_u64(geo->cluster_bytes, FAT_PAGE_BYTES_MAX);
}

enum cairn_err fat_cache_init(struct fat_cache *cache, const struct cairn_fat_geometry *geo,
                              struct cairn_arena *arena, uint32_t page_count, uint32_t log_bytes)
{
    uint32_t buckets = 64;
    while (buckets < page_count)
        buckets *= 2;
    cache->page_bytes = fat_cache_page_bytes(geo);
    cache->page_sectors = cache->page_bytes / geo->sector_bytes;
    cache->page_count = page_count;
    cache->bucket_mask = buckets - 1;
    cache->log_bytes = log_bytes;
    cache->log_used = 4; /* offset 0 means "none" */
    cache->frames = cairn_arena_take(arena, (size_t)page_count * cache->page_bytes, 4096);
    cache->scratch = cairn_arena_take(arena, (size_t)FAT_SCRATCH_PAGES * cache->page_bytes, 4096);
    cache->pages = cairn_arena_array(arena, page_count, sizeof *cache->pages, 8);
    cache->buckets = cairn_arena_array(arena, buckets, sizeof *cache->buckets, 4);
    cache->order = cairn_arena_take(arena, page_count * sizeof *cache->order, 4);
    cache->log = cairn_arena_take(arena, log_bytes, 8);
    if (!cache->frames || !cache->scratch || !cache->pages || !cache->buckets || !cache->order ||
        !cache->log)
        return CAIRN_ENOMEM;
    for (uint32_t i = 0; i < page_count; i++)
        cache->pages[i].key = FAT_PAGE_NONE;
    return CAIRN_OK;
}

uint32_t fat_page_index(const struct fat_cache *cache, const struct fat_page *page)
{
    return (uint32_t)(page - cache->pages);
}

uint8_t *fat_page_frame(struct cairn_fat *fs, const struct fat_page *page)
{
    return fs->cache.frames + (size_t)fat_page_index(&fs->cache, page) * fs->cache.page_bytes;
}

uint64_t fat_page_first(const struct cairn_fat *fs, uint64_t sector, uint32_t *sectors)
{
    const struct cairn_fat_geometry *geo = &fs->geo;
    uint64_t start = 0, end = geo->reserved_sectors;
    if (sector >= geo->data_start) {
        start = geo->data_start;
        end = geo->total_sectors;
    } else if (geo->root_sectors && sector >= geo->root_start) {
        start = geo->root_start;
        end = geo->data_start;
    } else if (sector >= geo->reserved_sectors) {
        uint64_t copy = (sector - geo->reserved_sectors) / geo->fat_sectors;
        start = geo->reserved_sectors + copy * geo->fat_sectors;
        end = start + geo->fat_sectors;
    }
    uint64_t first = sector - ((sector - start) & (fs->cache.page_sectors - 1));
    *sectors = (uint32_t)cairn_min_u64(fs->cache.page_sectors, end - first);
    return first;
}

/* ---- finding and filling --------------------------------------------------------------------- */

static uint32_t bucket_of(const struct fat_cache *cache, uint64_t key)
{
    return (uint32_t)((key * UINT64_C(0x9E3779B97F4A7C15)) >> 32) & cache->bucket_mask;
}

static struct fat_page *page_find(struct fat_cache *cache, uint64_t key)
{
    for (uint32_t i = cache->buckets[bucket_of(cache, key)]; i; i = cache->pages[i - 1].hash_next) {
        if (cache->pages[i - 1].key == key) return &cache->pages[i - 1];
    }
    return NULL;
}

static void records_drop(struct fat_cache *cache, struct fat_page *page)
{
    if (page->records) cache->record_pages--;
    page->records = 0;
}

static void page_unhash(struct fat_cache *cache, struct fat_page *page)
{
    uint32_t me = fat_page_index(cache, page) + 1;
    uint32_t *at = &cache->buckets[bucket_of(cache, page->key)];
    while (*at != me)
        at = &cache->pages[*at - 1].hash_next;
    *at = page->hash_next;
    if (page->is_data) cache->data_pages--;
    records_drop(cache, page);
    page->is_data = false;
    page->key = FAT_PAGE_NONE;
}

static void page_hash(struct fat_cache *cache, struct fat_page *page, uint64_t key)
{
    uint32_t *at = &cache->buckets[bucket_of(cache, key)];
    page->key = key;
    page->hash_next = *at;
    *at = fat_page_index(cache, page) + 1;
}

/* A clean page that nobody uses, by the clock; NULL when two rounds find none. */
static struct fat_page *page_victim(struct fat_cache *cache)
{
    for (uint32_t i = 0; i < 2 * cache->page_count; i++) {
        struct fat_page *page = &cache->pages[cache->hand];
        cache->hand = cache->hand + 1 == cache->page_count ? 0 : cache->hand + 1;
        if (page->pins || page->dirty) continue;
        if (page->key == FAT_PAGE_NONE || !page->used) return page;
        page->used = false;
    }
    return NULL;
}

/* Dirty pages that need no order are written before they crowd out the clean ones. */
static bool dirty_too_many(const struct fat_cache *cache)
{
    return cache->dirty_pages > cache->record_pages + cache->page_count / 4;
}

/* A page for key, in no state yet, pinned. */
static enum cairn_err page_take(struct cairn_fat *fs, uint64_t key, struct fat_page **out,
                                struct cairn_why *why)
{
    struct fat_page *page = NULL;
    enum cairn_err err = CAIRN_OK; /* of writing: no reason not to read while there is a page */
    for (bool last = false; !page; last = true) {
        if (last || dirty_too_many(&fs->cache)) err = fat_cache_write_free(fs, why);
        page = page_victim(&fs->cache);
        if (last) break;
    }
    if (!page && err) return err;
    if (!page) return cairn_why_fail(why, CAIRN_ENOMEM, "no page of the cache is free");
    if (page->key != FAT_PAGE_NONE) page_unhash(&fs->cache, page);
    page_hash(&fs->cache, page, key);
    page->pins = 1;
    page->used = true;
    *out = page;
    return CAIRN_OK;
}

/* Not the key's page after all. */
static void page_void(struct fat_cache *cache, struct fat_page *page)
{
    page->pins = 0;
    page_unhash(cache, page);
}

struct fat_page *fat_page_peek(struct cairn_fat *fs, uint64_t key)
{
    struct fat_page *page = page_find(&fs->cache, key);
    if (!page) return NULL;
    page->pins++;
    page->used = true;
    return page;
}

static uint8_t *page_at(struct cairn_fat *fs, const struct fat_page *page, uint64_t sector)
{
    return fat_page_frame(fs, page) + (sector - page->key) * fs->geo.sector_bytes;
}

enum cairn_err fat_page_get(struct cairn_fat *fs, uint64_t sector, struct fat_page **page,
                            uint8_t **at, struct cairn_why *why)
{
    uint32_t sectors;
    uint64_t first = fat_page_first(fs, sector, &sectors);
    *page = fat_page_peek(fs, first);
    if (!*page) {
        enum cairn_err err = page_take(fs, first, page, why);
        if (err) return err;
        (*page)->sectors = (uint8_t)sectors;
        err = fat_told(fs, cairn_blk_read(fs->dev, fat_block(fs, first), fat_block(fs, sectors),
                                          fat_page_frame(fs, *page), why));
        if (err) {
            page_void(&fs->cache, *page);
            return err;
        }
    }
    *at = page_at(fs, *page, sector);
    return CAIRN_OK;
}

enum cairn_err fat_page_fresh(struct cairn_fat *fs, uint64_t sector, struct fat_page **page,
                              uint8_t **at, struct cairn_why *why)
{
    uint32_t sectors;
    uint64_t first = fat_page_first(fs, sector, &sectors);
    *page = fat_page_peek(fs, first);
    if (!*page) {
        enum cairn_err err = page_take(fs, first, page, why);
        if (err) return err;
    }
    (*page)->sectors = (uint8_t)sectors;
    memset(fat_page_frame(fs, *page), 0, fs->cache.page_bytes);
    fat_page_touch(fs, *page, FAT_STAGE_NEW);
    *at = page_at(fs, *page, sector);
    return CAIRN_OK;
}

enum cairn_err fat_page_map(struct cairn_fat *fs, uint64_t key, struct fat_page **page,
                            uint8_t **at, bool *fresh, struct cairn_why *why)
{
    *page = fat_page_peek(fs, key);
    *fresh = !*page;
    if (*fresh) {
        enum cairn_err err = page_take(fs, key, page, why);
        if (err) return err;
        memset(fat_page_frame(fs, *page), 0, fs->cache.page_bytes);
    }
    *at = fat_page_frame(fs, *page);
    return CAIRN_OK;
}

/* ---- reading ahead --------------------------------------------------------------------------- */

/* Read `count` taken pages, adjacent on the device, in one request. */
static enum cairn_err prefetch_read(struct cairn_fat *fs, struct fat_page **pages, uint32_t count)
{
    struct cairn_blk_seg segs[16];
    uint64_t sectors = 0;
    for (uint32_t i = 0; i < count; i++) {
        segs[i].data = fat_page_frame(fs, pages[i]);
        segs[i].bytes = (size_t)pages[i]->sectors * fs->geo.sector_bytes;
        sectors += pages[i]->sectors;
    }
    struct cairn_blk_req req = { .op = CAIRN_BLK_READ,
                                 .block = fat_block(fs, pages[0]->key),
                                 .count = fat_block(fs, sectors),
                                 .segs = segs,
                                 .seg_count = count };
    return cairn_blk_submit(fs->dev, &req, 1);
}

/* Take pages from `sector` on until one is here already; returns how many. */
static uint32_t prefetch_take(struct cairn_fat *fs, uint64_t sector, uint64_t end,
                              struct fat_page **pages)
{
    uint32_t count = 0, sectors;
    while (count < 16 && sector < end) {
        uint64_t first = fat_page_first(fs, sector, &sectors);
        if (page_find(&fs->cache, first)) break;
        struct fat_page *page = page_victim(&fs->cache);
        if (!page) break;
        if (page->key != FAT_PAGE_NONE) page_unhash(&fs->cache, page);
        page_hash(&fs->cache, page, first);
        page->pins = 1;
        page->used = true;
        page->sectors = (uint8_t)sectors;
        pages[count++] = page;
        sector = first + sectors;
    }
    return count;
}

void fat_page_prefetch(struct cairn_fat *fs, uint64_t sector, uint64_t sectors)
{
    uint64_t end = sector + sectors;
    uint64_t budget = fs->cache.page_count / 4;
    while (sector < end && budget) {
        struct fat_page *pages[16];
        uint32_t count = prefetch_take(fs, sector, end, pages), skip;
        if (!count) {
            sector = fat_page_first(fs, sector, &skip) + skip;
            budget--;
            continue;
        }
        enum cairn_err err = prefetch_read(fs, pages, count);
        sector = pages[count - 1]->key + pages[count - 1]->sectors;
        for (uint32_t i = 0; i < count; i++) {
            if (err)
                page_void(&fs->cache, pages[i]);
            else
                fat_page_drop(pages[i]);
        }
        if (err) return;
        budget -= cairn_min_u64(budget, count);
    }
}

/* ---- changing -------------------------------------------------------------------------------- */

bool fat_cache_has_room(const struct fat_cache *cache)
{
    return cache->log_bytes - cache->log_used >= FAT_OP_LOG &&
           cache->page_count - cache->record_pages >= 2 * FAT_OP_PAGES;
}

uint32_t fat_log_take(struct fat_cache *cache, uint32_t bytes)
{
    uint32_t at = cache->log_used;
    cache->log_used = at + (uint32_t)cairn_round_up(bytes, 4);
    return at;
}

void fat_page_touch(struct cairn_fat *fs, struct fat_page *page, enum fat_stage stage)
{
    struct fat_cache *cache = &fs->cache;
    if (!page->dirty) {
        uint32_t me = fat_page_index(cache, page) + 1;
        page->dirty_prev = 0;
        page->dirty_next = cache->dirty_head;
        if (cache->dirty_head) cache->pages[cache->dirty_head - 1].dirty_prev = me;
        cache->dirty_head = me;
        cache->dirty_pages++;
    }
    page->dirty = (uint8_t)(page->dirty | 1u << stage);
}

void fat_page_change(struct cairn_fat *fs, struct fat_page *page, uint8_t *at, const void *bytes,
                     uint32_t len, enum fat_stage stage)
{
    struct fat_cache *cache = &fs->cache;
    if (stage != FAT_STAGE_NEW && stage != FAT_STAGE_FREE && !fs->no_order) {
        struct fat_record head = { .next = page->records,
                                   .offset = (uint16_t)(at - fat_page_frame(fs, page)),
                                   .len = (uint8_t)len,
                                   .stage = (uint8_t)stage };
        uint32_t record = fat_log_take(cache, (uint32_t)sizeof head + len);
        memcpy(cache->log + record, &head, sizeof head);
        memcpy(cache->log + record + sizeof head, at, len);
        if (!page->records) cache->record_pages++;
        page->records = record;
    }
    memcpy(at, bytes, len);
    fat_page_touch(fs, page, stage);
}

bool fat_page_pending(struct cairn_fat *fs, const struct fat_page *page, const uint8_t *at,
                      uint32_t len, enum fat_stage stage)
{
    uint32_t start = (uint32_t)(at - fat_page_frame(fs, page));
    struct fat_record record;
    for (uint32_t i = page->records; i; i = record.next) {
        memcpy(&record, fs->cache.log + i, sizeof record);
        bool meets = record.offset < start + len && start < (uint32_t)record.offset + record.len;
        if (meets && record.stage == stage) return true;
    }
    return false;
}

void fat_page_clean(struct fat_cache *cache, struct fat_page *page, uint8_t stages)
{
    if (!page->dirty) return;
    page->dirty = (uint8_t)(page->dirty & ~stages);
    if (page->dirty) return;
    records_drop(cache, page); /* what they would undo is written */
    cache->dirty_pages--;
    if (page->dirty_prev)
        cache->pages[page->dirty_prev - 1].dirty_next = page->dirty_next;
    else
        cache->dirty_head = page->dirty_next;
    if (page->dirty_next) cache->pages[page->dirty_next - 1].dirty_prev = page->dirty_prev;
}

static void page_forget(struct fat_cache *cache, struct fat_page *page)
{
    if (page->pins) return;
    fat_page_clean(cache, page, 0xFF);
    page_unhash(cache, page);
}

void fat_cache_forget(struct cairn_fat *fs, uint64_t sector, uint64_t sectors)
{
    struct fat_cache *cache = &fs->cache;
    uint64_t end = sector + sectors;
    if (sectors / cache->page_sectors > cache->page_count) {
        for (uint32_t i = 0; i < cache->page_count; i++) {
            struct fat_page *page = &cache->pages[i];
            if (page->key < end && page->key >= sector) page_forget(cache, page);
        }
        return;
    }
    uint32_t count;
    for (uint64_t at = fat_page_first(fs, sector, &count); at < end; at += cache->page_sectors) {
        struct fat_page *page = page_find(cache, at);
        if (page) page_forget(cache, page);
    }
}

void fat_cache_settle(struct cairn_fat *fs)
{
    struct fat_cache *cache = &fs->cache;
    cache->log_used = 4;
    cache->frees = cache->frees_last = 0;
}
