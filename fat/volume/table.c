/* SPDX-License-Identifier: ISC */
#include "table.h"

/* Where a cluster's entry stands in the copy that the cache holds. */
struct place {
    uint64_t sector;
    uint32_t offset; /* in the sector */
};

static struct place entry_place(const struct cairn_fat *fs, uint32_t cluster)
{
    uint64_t offset = fatent_offset(fs->geo.type, cluster);
    return (struct place){ .sector = fat_table_start(fs) + offset / fs->geo.sector_bytes,
                           .offset = (uint32_t)(offset % fs->geo.sector_bytes) };
}

/* Does a FAT12 entry have its second byte in the next sector? */
static bool straddles(const struct cairn_fat *fs, const struct place *place)
{
    return fs->geo.type == CAIRN_FAT12 && place->offset + 1 == fs->geo.sector_bytes;
}

static enum cairn_err get_straddling(struct cairn_fat *fs, const struct place *place,
                                     uint8_t bytes[2], struct cairn_why *why)
{
    for (uint32_t i = 0; i < 2; i++) {
        struct fat_page *page;
        uint8_t *at;
        enum cairn_err err = fat_page_get(fs, place->sector + i, &page, &at, why);
        if (err) return err;
        bytes[i] = at[i ? 0 : place->offset];
        fat_page_drop(page);
    }
    return CAIRN_OK;
}

enum cairn_err fat_table_get(struct cairn_fat *fs, uint32_t cluster, uint32_t *value,
                             struct cairn_why *why)
{
    struct place place = entry_place(fs, cluster);
    struct fat_page *page;
    uint8_t *at, bytes[2];
    enum cairn_err err;
    if (straddles(fs, &place)) {
        err = get_straddling(fs, &place, bytes, why);
        if (!err) *value = fatent_get(CAIRN_FAT12, bytes, cluster);
        return err;
    }
    err = fat_page_get(fs, place.sector, &page, &at, why);
    if (err) return err;
    *value = fatent_get(fs->geo.type, at + place.offset, cluster);
    fat_page_drop(page);
    return CAIRN_OK;
}

enum cairn_err fat_table_next(struct cairn_fat *fs, uint32_t cluster, uint32_t *next,
                              struct cairn_why *why)
{
    enum cairn_err err = fat_table_get(fs, cluster, next, why);
    if (err) return err;
    if (*next == FATENT_END) {
        *next = 0;
        return CAIRN_OK;
    }
    if (fat_cluster_valid(fs, *next)) return CAIRN_OK;
    const char *what = *next == FATENT_FREE ? "free" : *next == FATENT_BAD ? "bad" : "absent";
    return fat_corrupt(fs, why, "chain goes from cluster %u into a cluster that is %s", cluster,
                       what);
}

static enum cairn_err set_straddling(struct cairn_fat *fs, const struct place *place,
                                     uint32_t cluster, uint32_t value, enum fat_stage stage,
                                     struct cairn_why *why)
{
    struct fat_page *pages[2];
    uint8_t *at[2], bytes[2];
    enum cairn_err err = fat_page_get(fs, place->sector, &pages[0], &at[0], why);
    if (err) return err;
    err = fat_page_get(fs, place->sector + 1, &pages[1], &at[1], why);
    if (!err) {
        at[0] += place->offset;
        bytes[0] = *at[0];
        bytes[1] = *at[1];
        fatent_put(CAIRN_FAT12, bytes, cluster, value);
        for (uint32_t i = 0; i < 2; i++)
            fat_page_change(fs, pages[i], at[i], &bytes[i], 1, stage);
        fat_page_drop(pages[1]);
    }
    fat_page_drop(pages[0]);
    return err;
}

enum cairn_err fat_table_set(struct cairn_fat *fs, uint32_t cluster, uint32_t value,
                             enum fat_stage stage, struct cairn_why *why)
{
    struct place place = entry_place(fs, cluster);
    if (straddles(fs, &place)) return set_straddling(fs, &place, cluster, value, stage, why);
    struct fat_page *page;
    uint8_t *at, bytes[4];
    enum cairn_err err = fat_page_get(fs, place.sector, &page, &at, why);
    if (err) return err;
    uint32_t len = fatent_bytes(fs->geo.type);
    memcpy(bytes, at + place.offset, len);
    fatent_put(fs->geo.type, bytes, cluster, value);
    fat_page_change(fs, page, at + place.offset, bytes, len, stage);
    fat_page_drop(page);
    return CAIRN_OK;
}

/* ---- runs ------------------------------------------------------------------------------------ */

/* The page with a cluster's entry, and how many whole entries follow there, that one included;
 * 0 for one that straddles. FAT12 pages are looked at one entry at a time. */
static enum cairn_err page_of(struct cairn_fat *fs, uint32_t cluster, struct fat_page **page,
                              uint8_t **at, uint32_t *entries, struct cairn_why *why)
{
    struct place place = entry_place(fs, cluster);
    enum cairn_err err = fat_page_get(fs, place.sector, page, at, why);
    if (err) return err;
    uint32_t end = (*page)->sectors * fs->geo.sector_bytes;
    uint32_t offset = (uint32_t)(*at - fat_page_frame(fs, *page)) + place.offset;
    *at += place.offset;
    if (fs->geo.type == CAIRN_FAT12)
        *entries = straddles(fs, &place) ? 0 : 1;
    else
        *entries = (end - offset) / fatent_bytes(fs->geo.type);
    return CAIRN_OK;
}

/* Chain the entries at `at` for clusters first .. first + count - 1. */
static void chain_in_page(enum cairn_fat_type type, uint8_t *at, uint32_t first, uint32_t count,
                          bool last, uint32_t tail)
{
    uint32_t bytes = fatent_bytes(type);
    for (uint32_t i = 0; i < count; i++) {
        bool is_tail = last && i + 1 == count;
        fatent_put(type, at + (size_t)i * bytes, first + i, is_tail ? tail : first + i + 1);
    }
}

enum cairn_err fat_table_chain(struct cairn_fat *fs, uint32_t first, uint32_t count, uint32_t tail,
                               struct cairn_why *why)
{
    while (count) {
        struct fat_page *page;
        uint8_t *at;
        uint32_t entries;
        enum cairn_err err = page_of(fs, first, &page, &at, &entries, why);
        if (err) return err;
        if (entries == 0) {
            fat_page_drop(page);
            entries = 1;
            err = fat_table_set(fs, first, count == 1 ? tail : first + 1, FAT_STAGE_NEW, why);
            if (err) return err;
        } else {
            entries = (uint32_t)cairn_min_u64(entries, count);
            chain_in_page(fs->geo.type, at, first, entries, entries == count, tail);
            fat_page_touch(fs, page, FAT_STAGE_NEW);
            fat_page_drop(page);
        }
        first += entries;
        count -= entries;
    }
    return CAIRN_OK;
}

/* Is a link that holds this byte of the FAT still to be written? */
static enum cairn_err byte_pending(struct cairn_fat *fs, uint64_t offset, bool *pending,
                                   struct cairn_why *why)
{
    struct fat_page *page;
    uint8_t *at;
    uint64_t sector = fat_table_start(fs) + offset / fs->geo.sector_bytes;
    enum cairn_err err = fat_page_get(fs, sector, &page, &at, why);
    if (err) return err;
    at += offset % fs->geo.sector_bytes;
    if (fat_page_pending(fs, page, at, 1, FAT_STAGE_LINK)) *pending = true;
    fat_page_drop(page);
    return CAIRN_OK;
}

enum cairn_err fat_table_crowds(struct cairn_fat *fs, uint32_t first, uint32_t count, bool *crowds,
                                struct cairn_why *why)
{
    uint32_t last = first + count - 1;
    enum cairn_err err = CAIRN_OK;
    *crowds = false;
    if (fs->geo.type != CAIRN_FAT12) return CAIRN_OK;
    if (first % 2 == 1) err = byte_pending(fs, fatent_offset(CAIRN_FAT12, first), crowds, why);
    if (!err && last % 2 == 0)
        err = byte_pending(fs, fatent_offset(CAIRN_FAT12, last) + 1, crowds, why);
    return err;
}

enum cairn_err fat_table_clear(struct cairn_fat *fs, uint32_t first, uint32_t count,
                               struct cairn_why *why)
{
    for (uint32_t i = 0; i < count; i++) {
        enum cairn_err err = fat_table_set(fs, first + i, FATENT_FREE, FAT_STAGE_FREE, why);
        if (err) return err;
    }
    return CAIRN_OK;
}

enum cairn_err fat_table_follow(struct cairn_fat *fs, uint32_t cluster, uint32_t max,
                                uint32_t *count, struct cairn_why *why)
{
    uint32_t n = 1, bytes = fatent_bytes(fs->geo.type);
    max = (uint32_t)cairn_min_u64(max, fat_cluster_last(fs) - cluster + 1);
    while (n < max) {
        struct fat_page *page;
        uint8_t *at;
        uint32_t entries, value, i = 0;
        enum cairn_err err = page_of(fs, cluster + n - 1, &page, &at, &entries, why);
        if (err) return err;
        uint32_t room = (uint32_t)cairn_min_u64(entries, max - n);
        while (i < room && fatent_get(fs->geo.type, at + (size_t)i * bytes, cluster + n - 1 + i) ==
                               cluster + n + i)
            i++;
        fat_page_drop(page);
        if (entries == 0) {
            err = fat_table_get(fs, cluster + n - 1, &value, why);
            if (err) return err;
            i = room = 1;
            if (value != cluster + n) break;
        }
        n += i;
        if (i < room) break;
    }
    *count = n;
    return CAIRN_OK;
}

/* Entries at `at` that are free like the first, or not like it. */
static uint32_t span_in_page(enum cairn_fat_type type, const uint8_t *at, uint32_t cluster,
                             uint32_t max, bool is_free)
{
    uint32_t bytes = fatent_bytes(type), n = 1;
    while (n < max &&
           (fatent_get(type, at + (size_t)n * bytes, cluster + n) == FATENT_FREE) == is_free)
        n++;
    return n;
}

/* One page's part of a span: what the first entry is, how many are like it (at most max, or
 * max_free when they are free), and whether it may go on behind them. */
static enum cairn_err span_step(struct cairn_fat *fs, uint32_t cluster, uint32_t max,
                                uint32_t max_free, bool *is_free, uint32_t *count, bool *open,
                                struct cairn_why *why)
{
    struct fat_page *page;
    uint8_t *at;
    uint32_t entries, value;
    enum cairn_err err = page_of(fs, cluster, &page, &at, &entries, why);
    if (err) return err;
    if (entries)
        value = fatent_get(fs->geo.type, at, cluster);
    else
        err = fat_table_get(fs, cluster, &value, why);
    if (!err) {
        *is_free = value == FATENT_FREE;
        uint32_t room = (uint32_t)cairn_min_u64(entries ? entries : 1, *is_free ? max_free : max);
        *count = room > 1 ? span_in_page(fs->geo.type, at, cluster, room, *is_free) : 1;
        *open = *count == room;
    }
    fat_page_drop(page);
    return err;
}

enum cairn_err fat_table_span(struct cairn_fat *fs, uint32_t cluster, uint32_t max,
                              uint32_t max_free, bool *is_free, uint32_t *count,
                              struct cairn_why *why)
{
    bool open = true, state = false;
    uint32_t step = 0;
    max_free = (uint32_t)cairn_min_u64(max_free, max);
    enum cairn_err err = span_step(fs, cluster, max, max_free, is_free, count, &open, why);
    if (err) return err;
    uint32_t limit = *is_free ? max_free : max;
    while (!err && open && *count < limit) {
        uint32_t left = limit - *count;
        err = span_step(fs, cluster + *count, left, left, &state, &step, &open, why);
        if (err || state != *is_free) break;
        *count += step;
    }
    return err;
}
