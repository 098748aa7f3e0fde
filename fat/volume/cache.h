/* SPDX-License-Identifier: ISC */
/*
 * The page cache: one budget of equal pages, for metadata, for the ragged ends of file data and for
 * maps that are derived from the FAT. Write-back, in crash order.
 *
 * Every change has a stage. A sync writes stage by stage with a flush behind each; a page goes out
 * with its later-stage changes undone, from the undo records of the log. Changes of the first stage
 * (NEW: what nothing on the disk refers to yet) and of the last (FREE: applied by the sync itself)
 * need no record, so a page that has only those may be written at any time.
 */
#ifndef CAIRN_FAT_CACHE_H
#define CAIRN_FAT_CACHE_H

#include <cairn/bytes.h>
#include <cairn/why.h>

#include "../stage.h"

struct cairn_fat;
struct cairn_fat_geometry;
struct cairn_arena;

#define FAT_PAGE_NONE UINT64_MAX
#define FAT_PAGE_BYTES_MAX 4096u

struct fat_page {
    uint64_t key;       /* first sector; or a map's key, from FAT_KEY_MAP on; or NONE */
    uint32_t hash_next; /* index + 1 of the next page in the bucket; 0: none */
    uint32_t dirty_prev, dirty_next; /* index + 1, in the list of dirty pages */
    uint32_t records;                /* newest undo record, as an offset in the log; 0: none */
    uint16_t pins;
    uint8_t dirty;   /* bit (1 << stage): has changes of it that are not written */
    uint8_t sectors; /* that the page holds; fewer at the end of a region */
    bool used;       /* touched since the clock hand passed */
    bool is_data;    /* of a file's contents */
};

/* Maps are derived and never written: their keys do not meet sectors. */
#define FAT_KEY_MAP (UINT64_C(1) << 63)

#define FAT_BATCH_REQS 32u
#define FAT_BATCH_SEGS 64u
#define FAT_SCRATCH_PAGES 8u

struct fat_cache {
    uint32_t page_bytes, page_sectors;
    uint32_t page_count;
    struct fat_page *pages;
    uint8_t *frames;   /* page_count * page_bytes */
    uint32_t *buckets; /* index + 1 */
    uint32_t bucket_mask;
    uint32_t hand;         /* of the clock */
    uint32_t dirty_head;   /* index + 1 */
    uint32_t dirty_pages;  /* in the list */
    uint32_t record_pages; /* pages that have undo records */
    uint32_t data_pages;   /* pages that hold file contents */
    uint32_t data_taken;   /* one more for each page that comes to */
    uint32_t *order;       /* scratch for sorting, page_count entries */
    uint8_t *scratch;      /* FAT_SCRATCH_PAGES pages */
    uint8_t *log;          /* undo records and pending frees since the last sync */
    uint32_t log_bytes, log_used;
    uint32_t frees, frees_last; /* pending frees, oldest first, as offsets in the log; 0: none */
};

/* What one operation may need at most; fat_begin sees to it. */
#define FAT_OP_PAGES 16u
#define FAT_OP_LOG 4096u

/* Divide memory among pages and log. CAIRN_ENOMEM. */
uint32_t fat_cache_page_bytes(const struct cairn_fat_geometry *geo);
enum cairn_err fat_cache_init(struct fat_cache *cache, const struct cairn_fat_geometry *geo,
                              struct cairn_arena *arena, uint32_t page_count,
                              uint32_t log_bytes) CAIRN_MUST_USE;

/* The page that holds the sector, pinned, read from the device when it is not here; *at is the
 * sector's first byte in it. */
enum cairn_err fat_page_get(struct cairn_fat *fs, uint64_t sector, struct fat_page **page,
                            uint8_t **at, struct cairn_why *why) CAIRN_MUST_USE;
/* The same, zeroed instead of read, as a NEW change. */
enum cairn_err fat_page_fresh(struct cairn_fat *fs, uint64_t sector, struct fat_page **page,
                              uint8_t **at, struct cairn_why *why) CAIRN_MUST_USE;
/* A map page, pinned; *fresh when it was not here and is now all zeros. */
enum cairn_err fat_page_map(struct cairn_fat *fs, uint64_t key, struct fat_page **page,
                            uint8_t **at, bool *fresh, struct cairn_why *why) CAIRN_MUST_USE;
/* The page with this key when it is here, pinned; else NULL. */
struct fat_page *fat_page_peek(struct cairn_fat *fs, uint64_t key);
static inline void fat_page_drop(struct fat_page *page)
{
    page->pins--;
}

/* First sector of the page that holds `sector`, and how many sectors that page has. */
uint64_t fat_page_first(const struct cairn_fat *fs, uint64_t sector, uint32_t *sectors);
uint8_t *fat_page_frame(struct cairn_fat *fs, const struct fat_page *page);

/* Read the pages of [sector, sector + sectors) that are not here, in few requests, as far as clean
 * pages are at hand. A hint: failures show when the page is asked for. */
void fat_page_prefetch(struct cairn_fat *fs, uint64_t sector, uint64_t sectors);

/* Change bytes of a pinned page, in the given stage. Cannot fail after fat_begin. */
void fat_page_change(struct cairn_fat *fs, struct fat_page *page, uint8_t *at, const void *bytes,
                     uint32_t len, enum fat_stage stage);
/* The caller changes a pinned page itself: only NEW, FREE, or bytes that a record covers already.
 */
void fat_page_touch(struct cairn_fat *fs, struct fat_page *page, enum fat_stage stage);
/* Is there a record of this stage for any of these bytes? */
bool fat_page_pending(struct cairn_fat *fs, const struct fat_page *page, const uint8_t *at,
                      uint32_t len, enum fat_stage stage);

/* Room for one operation? */
bool fat_cache_has_room(const struct fat_cache *cache);
/* `bytes` of the log, aligned to 4, as an offset; only after fat_begin. */
uint32_t fat_log_take(struct fat_cache *cache, uint32_t bytes);

/* Pages of sectors that file data were written to directly, or that were freed: forget them. */
void fat_cache_forget(struct cairn_fat *fs, uint64_t sector, uint64_t sectors);

/* Write what a stage has to write, later stages undone; fs->unflushed when that was anything. */
enum cairn_err fat_cache_write_stage(struct cairn_fat *fs, enum fat_stage stage,
                                     struct cairn_why *why) CAIRN_MUST_USE;
/* Write the pages that need no order (NEW and FREE only), so that they can be evicted. */
enum cairn_err fat_cache_write_free(struct cairn_fat *fs, struct cairn_why *why) CAIRN_MUST_USE;
/* Everything is written and flushed: forget records and pending frees. */
void fat_cache_settle(struct cairn_fat *fs);

/* ---- between cache.c and writeback.c ------------------------------------------------------- */

struct fat_record {
    uint32_t next; /* older record of the same page */
    uint16_t offset;
    uint8_t len;
    uint8_t stage;
    /* then len bytes: what was there */
};
void fat_page_clean(struct fat_cache *cache, struct fat_page *page, uint8_t stages);
uint32_t fat_page_index(const struct fat_cache *cache, const struct fat_page *page);

#endif
