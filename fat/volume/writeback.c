/* SPDX-License-Identifier: ISC */
/* Dirty pages to the device: chosen by stage, sorted, gathered into few requests. */
#include "table.h"

/* Which copies of the FAT a pass writes. FAT12 entries straddle sectors, so there the first copy is
 * flushed before the others are touched. */
struct copies {
    uint32_t from, to;
};

struct batch {
    struct cairn_fat *fs;
    struct cairn_why *why;
    struct copies copies;
    struct cairn_blk_req reqs[FAT_BATCH_REQS];
    struct cairn_blk_seg segs[FAT_BATCH_SEGS];
    uint32_t req_count, seg_count, scratch_count;
    uint32_t group;       /* the last so many requests write the same segments: FAT copies */
    uint64_t next_sector; /* behind the last group's pages */
};

static bool sector_in_fat(const struct cairn_fat_geometry *geo, uint64_t sector)
{
    return sector >= geo->reserved_sectors &&
           sector < geo->reserved_sectors + (uint64_t)geo->fat_count * geo->fat_sectors;
}

/* In the copy that the cache holds? */
static bool sector_in_fat_copy(const struct cairn_fat *fs, uint64_t sector)
{
    uint64_t start = fat_table_start(fs);
    return sector >= start && sector < start + fs->geo.fat_sectors;
}

static enum cairn_err batch_submit(struct batch *b)
{
    enum cairn_err err = CAIRN_OK;
    if (b->req_count) err = fat_told(b->fs, cairn_blk_submit(b->fs->dev, b->reqs, b->req_count));
    b->req_count = b->seg_count = b->scratch_count = 0;
    b->next_sector = UINT64_MAX;
    return err;
}

/* A request for the newest segment, at sector. */
static void batch_request(struct batch *b, uint64_t sector, uint32_t sectors)
{
    b->reqs[b->req_count++] = (struct cairn_blk_req){ .op = CAIRN_BLK_WRITE,
                                                      .block = fat_block(b->fs, sector),
                                                      .count = fat_block(b->fs, sectors),
                                                      .segs = &b->segs[b->seg_count - 1],
                                                      .seg_count = 1,
                                                      .why = b->why };
}

/* The newest segment joins the last group of requests. */
static void batch_join(struct batch *b, uint32_t sectors)
{
    for (uint32_t i = b->req_count - b->group; i < b->req_count; i++) {
        b->reqs[i].seg_count++;
        b->reqs[i].count += fat_block(b->fs, sectors);
    }
}

static void batch_add(struct batch *b, const struct fat_page *page, uint8_t *bytes)
{
    const struct cairn_fat_geometry *geo = &b->fs->geo;
    bool in_fat = sector_in_fat(geo, page->key);
    b->segs[b->seg_count++] =
        (struct cairn_blk_seg){ .data = bytes, .bytes = (size_t)page->sectors * geo->sector_bytes };
    if (b->next_sector == page->key) {
        batch_join(b, page->sectors);
    } else if (in_fat) {
        for (uint32_t c = b->copies.from; c < b->copies.to; c++)
            batch_request(b, page->key + (uint64_t)c * geo->fat_sectors, page->sectors);
        b->group = b->copies.to - b->copies.from;
    } else {
        batch_request(b, page->key, page->sectors);
        b->group = 1;
    }
    b->next_sector = page->key + page->sectors;
    bool ends_fat = in_fat && !sector_in_fat_copy(b->fs, b->next_sector);
    bool ends_reserved = b->next_sector == geo->reserved_sectors;
    if (ends_fat || ends_reserved) b->next_sector = UINT64_MAX;
}

/* Undo in copy what belongs to stages behind `stage`, newest first; false: nothing does. */
static bool undo_later(struct cairn_fat *fs, const struct fat_page *page, enum fat_stage stage,
                       uint8_t *copy)
{
    const uint8_t *log = fs->cache.log;
    bool copied = false;
    for (uint32_t at = page->records; at;) {
        struct fat_record record;
        memcpy(&record, log + at, sizeof record);
        if (record.stage > stage) {
            if (!copied) memcpy(copy, fat_page_frame(fs, page), fs->cache.page_bytes);
            copied = true;
            memcpy(copy + record.offset, log + at + sizeof record, record.len);
        }
        at = record.next;
    }
    return copied;
}

static enum cairn_err batch_page(struct batch *b, const struct fat_page *page, enum fat_stage stage)
{
    struct fat_cache *cache = &b->fs->cache;
    if (b->req_count + b->fs->geo.fat_count > FAT_BATCH_REQS || b->seg_count == FAT_BATCH_SEGS ||
        b->scratch_count == FAT_SCRATCH_PAGES) {
        enum cairn_err err = batch_submit(b);
        if (err) return err;
    }
    uint8_t *copy = cache->scratch + (size_t)b->scratch_count * cache->page_bytes;
    uint8_t *bytes = fat_page_frame(b->fs, page);
    if (undo_later(b->fs, page, stage, copy)) {
        b->scratch_count++;
        bytes = copy;
    }
    batch_add(b, page, bytes);
    return CAIRN_OK;
}

/* ---- choosing and sorting -------------------------------------------------------------------- */

static void sift_down(const struct fat_cache *cache, uint32_t *heap, uint32_t count, uint32_t i)
{
    for (;;) {
        uint32_t child = 2 * i + 1;
        if (child >= count) return;
        if (child + 1 < count && cache->pages[heap[child + 1]].key > cache->pages[heap[child]].key)
            child++;
        if (cache->pages[heap[child]].key <= cache->pages[heap[i]].key) return;
        uint32_t swap = heap[i];
        heap[i] = heap[child];
        heap[child] = swap;
        i = child;
    }
}

static void sort_pages(const struct fat_cache *cache, uint32_t *order, uint32_t count)
{
    for (uint32_t i = count / 2; i-- > 0;)
        sift_down(cache, order, count, i);
    for (uint32_t end = count; end-- > 1;) {
        uint32_t swap = order[0];
        order[0] = order[end];
        order[end] = swap;
        sift_down(cache, order, end, 0);
    }
}

/* The dirty pages with one of `stages`; without_records: only those that need no order. */
static uint32_t choose_pages(struct fat_cache *cache, uint8_t stages, bool without_records)
{
    uint32_t count = 0;
    for (uint32_t i = cache->dirty_head; i; i = cache->pages[i - 1].dirty_next) {
        const struct fat_page *page = &cache->pages[i - 1];
        if (!(page->dirty & stages) || (without_records && page->records)) continue;
        cache->order[count++] = i - 1;
    }
    sort_pages(cache, cache->order, count);
    return count;
}

/* Write the first `count` pages of order, as they are at `stage`; *any when copies had some. */
static enum cairn_err write_pages(struct cairn_fat *fs, uint32_t count, enum fat_stage stage,
                                  struct copies copies, bool *any, struct cairn_why *why)
{
    struct batch b = { .fs = fs, .why = why, .copies = copies, .next_sector = UINT64_MAX };
    for (uint32_t i = 0; i < count; i++) {
        const struct fat_page *page = &fs->cache.pages[fs->cache.order[i]];
        if (copies.from > 0 && !sector_in_fat(&fs->geo, page->key)) continue;
        *any = true;
        enum cairn_err err = batch_page(&b, page, stage);
        if (err) return err;
    }
    return batch_submit(&b);
}

static enum cairn_err write_chosen(struct cairn_fat *fs, uint32_t count, enum fat_stage stage,
                                   struct cairn_why *why)
{
    uint32_t all = fs->geo.active_only ? 1 : fs->geo.fat_count;
    bool apart = fs->geo.type == CAIRN_FAT12 && all > 1 && !fs->no_order;
    bool first = false, rest = false;
    enum cairn_err err =
        write_pages(fs, count, stage, (struct copies){ 0, apart ? 1 : all }, &first, why);
    if (err || !apart) return err;
    for (uint32_t i = 0; i < count && !rest; i++)
        rest = sector_in_fat(&fs->geo, fs->cache.pages[fs->cache.order[i]].key);
    if (!rest) return CAIRN_OK;
    err = fat_flush(fs, why);
    if (err) return err;
    return write_pages(fs, count, stage, (struct copies){ 1, all }, &first, why);
}

enum cairn_err fat_cache_write_stage(struct cairn_fat *fs, enum fat_stage stage,
                                     struct cairn_why *why)
{
    uint8_t bit = (uint8_t)(fs->no_order ? 0xFFu : 1u << stage);
    uint32_t count = choose_pages(&fs->cache, bit, false);
    enum cairn_err err = write_chosen(fs, count, stage, why);
    if (err) return err;
    for (uint32_t i = 0; i < count; i++)
        fat_page_clean(&fs->cache, &fs->cache.pages[fs->cache.order[i]], bit);
    if (count) fat_wrote(fs, (uint64_t)count * fs->cache.page_sectors);
    return CAIRN_OK;
}

enum cairn_err fat_cache_write_free(struct cairn_fat *fs, struct cairn_why *why)
{
    uint8_t bits = (uint8_t)(fs->no_order ? 0xFFu : 1u << FAT_STAGE_NEW | 1u << FAT_STAGE_FREE);
    uint32_t count = choose_pages(&fs->cache, bits, true);
    enum cairn_err err = write_chosen(fs, count, FAT_STAGE_FREE, why);
    if (err) return err;
    for (uint32_t i = 0; i < count; i++) {
        struct fat_page *page = &fs->cache.pages[fs->cache.order[i]];
        fat_page_clean(&fs->cache, page, 0xFF);
        if (page->is_data) page->used = false; /* written once is seldom read soon */
    }
    if (count) fat_wrote(fs, (uint64_t)count * fs->cache.page_sectors);
    return CAIRN_OK;
}
