/* SPDX-License-Identifier: ISC */
#include "space.h"

#include "table.h"

/* Entries that one search looks at before it is content with the longest run seen. */
#define SEARCH_MAX 65536u

void fat_space_init(struct cairn_fat *fs)
{
    struct fat_space *space = &fs->space;
    space->group_clusters = 4096;
    while ((uint64_t)space->group_clusters * FAT_SPACE_GROUPS < fs->geo.cluster_count)
        space->group_clusters *= 2;
    for (uint32_t i = 0; i < FAT_SPACE_GROUPS; i++)
        space->group[i] = FAT_SPACE_UNKNOWN;
    space->free = FAT_SPACE_UNKNOWN;
    space->next = 2;
}

static uint32_t *group_of(struct cairn_fat *fs, uint32_t cluster)
{
    return &fs->space.group[(cluster - 2) / fs->space.group_clusters];
}

/* The first cluster behind cluster's group, at most one past the last. */
static uint32_t group_end(const struct cairn_fat *fs, uint32_t cluster)
{
    uint64_t group = (cluster - 2) / fs->space.group_clusters;
    uint64_t end = 2 + (group + 1) * fs->space.group_clusters;
    return (uint32_t)cairn_min_u64(end, (uint64_t)fat_cluster_last(fs) + 1);
}

void fat_space_taken(struct cairn_fat *fs, uint32_t first, uint32_t count)
{
    struct fat_space *space = &fs->space;
    space->next = first + count > fat_cluster_last(fs) ? 2 : first + count;
    if (space->free != FAT_SPACE_UNKNOWN)
        space->free -= (uint32_t)cairn_min_u64(space->free, count);
    while (count) {
        uint32_t *group = group_of(fs, first);
        uint32_t here = (uint32_t)cairn_min_u64(count, group_end(fs, first) - first);
        if (*group != FAT_SPACE_UNKNOWN) *group -= (uint32_t)cairn_min_u64(*group, here);
        first += here;
        count -= here;
    }
}

void fat_space_given(struct cairn_fat *fs, uint32_t first, uint32_t count)
{
    if (fs->space.free != FAT_SPACE_UNKNOWN) fs->space.free += count;
    while (count) {
        uint32_t *group = group_of(fs, first);
        uint32_t here = (uint32_t)cairn_min_u64(count, group_end(fs, first) - first);
        if (*group != FAT_SPACE_UNKNOWN) *group += here;
        first += here;
        count -= here;
    }
}

/* ---- searching ------------------------------------------------------------------------------- */

struct search {
    uint32_t want;
    uint32_t best_first, best_count;
    uint32_t looked;
};

static bool search_over(const struct search *s)
{
    return s->best_count >= s->want || (s->looked >= SEARCH_MAX && s->best_count);
}

/* Look through [from, to) for runs; runs are not followed beyond it. */
static enum cairn_err search_range(struct cairn_fat *fs, struct search *s, uint32_t from,
                                   uint32_t to, struct cairn_why *why)
{
    while (from < to && !search_over(s)) {
        uint32_t count;
        bool is_free;
        if (*group_of(fs, from) == 0) {
            from = group_end(fs, from);
            continue;
        }
        enum cairn_err err = fat_table_span(fs, from, to - from, s->want, &is_free, &count, why);
        if (err) return err;
        if (is_free && count > s->best_count) {
            s->best_first = from;
            s->best_count = count;
        }
        s->looked += count;
        from += count;
    }
    return CAIRN_OK;
}

enum cairn_err fat_space_find(struct cairn_fat *fs, uint32_t near, uint32_t want, uint32_t *first,
                              uint32_t *count, struct cairn_why *why)
{
    uint32_t last = fat_cluster_last(fs);
    bool is_free = false;
    if (near && near <= last) {
        uint32_t max = (uint32_t)cairn_min_u64(want, (uint64_t)last - near + 1);
        enum cairn_err err = fat_table_span(fs, near, max, max, &is_free, count, why);
        if (err) return err;
        *first = near;
        if (is_free) return CAIRN_OK;
    }
    struct search s = { .want = want };
    uint32_t start = fat_cluster_valid(fs, fs->space.next) ? fs->space.next : 2;
    enum cairn_err err = search_range(fs, &s, start, last + 1, why);
    if (!err) err = search_range(fs, &s, 2, start, why);
    if (err) return err;
    if (!s.best_count) {
        err = fat_space_count(fs, why); /* so that the next search need not look again */
        return err ? err : cairn_why_fail(why, CAIRN_ENOSPC, "allocate a cluster");
    }
    *first = s.best_first;
    *count = (uint32_t)cairn_min_u64(s.best_count, want);
    return CAIRN_OK;
}

/* ---- counting -------------------------------------------------------------------------------- */

static enum cairn_err count_group(struct cairn_fat *fs, uint32_t from, uint32_t to,
                                  struct cairn_why *why)
{
    uint32_t free = 0, *group = group_of(fs, from);
    while (from < to) {
        uint32_t count;
        bool is_free;
        enum cairn_err err = fat_table_span(fs, from, to - from, to - from, &is_free, &count, why);
        if (err) return err;
        if (is_free) free += count;
        from += count;
    }
    *group = free;
    return CAIRN_OK;
}

enum cairn_err fat_space_count(struct cairn_fat *fs, struct cairn_why *why)
{
    uint32_t total = 0, last = fat_cluster_last(fs);
    for (uint32_t from = 2; from <= last;) {
        uint32_t to = group_end(fs, from), *group = group_of(fs, from);
        uint64_t sector =
            fat_table_start(fs) + fatent_offset(fs->geo.type, from) / fs->geo.sector_bytes;
        uint64_t sectors = fatent_offset(fs->geo.type, to - from) / fs->geo.sector_bytes;
        if (*group == FAT_SPACE_UNKNOWN) {
            fat_page_prefetch(fs, sector, sectors);
            enum cairn_err err = count_group(fs, from, to, why);
            if (err) return err;
        }
        total += *group;
        from = to;
    }
    fs->space.free = total;
    return CAIRN_OK;
}
