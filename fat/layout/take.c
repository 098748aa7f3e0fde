/* SPDX-License-Identifier: ISC */
/* Free clusters: those that are taken, and those that become free behind a sync. */
#include "layout.h"

/* ---- free clusters --------------------------------------------------------------------------- */

void fat_layout_hold(struct fat_layout *l, uint32_t first, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        l->owner[first + i] = FAT_OWNER_HELD;
        l->free_in[(first + i) / FAT_FREE_GROUP]--;
    }
    l->free -= count;
}

static uint32_t free_run(const struct fat_layout *l, uint32_t from, uint32_t to, uint32_t want)
{
    uint32_t n = 0;
    while (n < want && from + n < to && l->owner[from + n] == FAT_OWNER_NONE)
        n++;
    return n;
}

/* The first run of `least` to `want` free clusters that begins in [from, to). */
static uint32_t run_search(const struct fat_layout *l, uint32_t from, uint32_t to, uint32_t end,
                           uint32_t least, uint32_t want, uint32_t *first)
{
    while (from < to) {
        if (!l->free_in[from / FAT_FREE_GROUP]) {
            from = (from / FAT_FREE_GROUP + 1) * FAT_FREE_GROUP;
            continue;
        }
        uint32_t n = free_run(l, from, end, want);
        if (n && n >= least) {
            *first = from;
            return n;
        }
        from += n + 1;
    }
    return 0;
}

/* From where the last one was taken, and then from the front. */
static uint32_t run_find(struct fat_layout *l, struct fat_range range, uint32_t least,
                         uint32_t want, uint32_t *first)
{
    uint32_t middle = l->next < range.from || l->next >= range.to ? range.from : l->next;
    if (!l->free) return 0;
    uint32_t count = run_search(l, middle, range.to, range.to, least, want, first);
    if (!count) count = run_search(l, range.from, middle, range.to, least, want, first);
    if (!count) return 0;
    fat_layout_hold(l, *first, count);
    l->next = *first + count;
    return count;
}

bool fat_layout_take_run(struct fat_layout *l, struct fat_range range, uint32_t want,
                         uint32_t *first)
{
    if (range.from != l->searched.from || range.to != l->searched.to) l->none_so_long = UINT32_MAX;
    l->searched = range;
    if (want >= l->none_so_long) return false;
    if (run_find(l, range, want, want, first)) return true;
    l->none_so_long = want;
    return false;
}

void fat_layout_take(struct fat_layout *l, struct fat_range range, uint32_t want, uint32_t *first,
                     uint32_t *count)
{
    *count = want;
    if (!fat_layout_take_run(l, range, want, first)) *count = run_find(l, range, 1, want, first);
}

static bool is_high(const struct fat_layout *l, struct fat_range outside, uint32_t cluster)
{
    return (cluster < outside.from || cluster >= outside.to) && l->owner[cluster] == FAT_OWNER_NONE;
}

/* The highest one; below 2: none. */
static uint32_t high_find(const struct fat_layout *l, struct fat_range outside)
{
    uint32_t at = fat_cluster_last(l->fs);
    while (at >= 2 && !is_high(l, outside, at)) {
        if (at >= outside.from && at < outside.to)
            at = outside.from - 1;
        else if (l->free_in[at / FAT_FREE_GROUP] || at < FAT_FREE_GROUP)
            at--;
        else
            at = at / FAT_FREE_GROUP * FAT_FREE_GROUP - 1;
    }
    return at;
}

void fat_layout_take_high(struct fat_layout *l, struct fat_range outside, uint32_t want,
                          uint32_t *first, uint32_t *count)
{
    uint32_t at = high_find(l, outside);
    for (*count = 0; *count < want && at >= 2 && is_high(l, outside, at); ++*count)
        at--;
    *first = at + 1;
    fat_layout_hold(l, *first, *count);
}

/* ---- clusters that were left ----------------------------------------------------------------- */

/* Those of earlier epochs: nothing on the disk leads to them any more, so they need not wait for a
 * stage of their own. */
enum cairn_err fat_layout_left_free(struct fat_layout *l, struct cairn_why *why)
{
    uint32_t done = 0;
    for (; done < l->left_count && l->left[done].epoch != l->fs->epoch; done++) {
        struct fat_left left = l->left[done];
        for (uint32_t c = left.first; c < left.first + left.count; c++) {
            enum cairn_err err = fat_table_set(l->fs, c, FATENT_FREE, FAT_STAGE_NEW, why);
            if (err) return err;
            fat_layout_release(l, c);
        }
        l->none_so_long = UINT32_MAX;
    }
    l->left_count -= done;
    memmove(l->left, l->left + done, l->left_count * sizeof *l->left);
    return CAIRN_OK;
}

enum cairn_err fat_layout_begin(struct fat_layout *l, struct cairn_why *why)
{
    enum cairn_err err = CAIRN_OK;
    if (l->left_count == FAT_LEFT_MAX) err = fat_drain(l->fs, why);
    if (!err) err = fat_begin(l->fs, why);
    if (err || !l->left_count || l->left[0].epoch == l->fs->epoch) return err;
    return fat_layout_left_free(l, why);
}

enum cairn_err fat_layout_leave(struct fat_layout *l, uint32_t first, uint32_t count,
                                struct cairn_why *why)
{
    struct fat_left *last = l->left_count ? &l->left[l->left_count - 1] : NULL;
    for (uint32_t i = 0; i < count; i++)
        l->owner[first + i] = FAT_OWNER_HELD;
    if (last && last->epoch == l->fs->epoch && last->first + last->count == first) {
        last->count += count;
        return CAIRN_OK;
    }
    if (l->left_count == FAT_LEFT_MAX) { /* all is linked: a sync may come here, too */
        enum cairn_err err = fat_drain(l->fs, why);
        if (!err) err = fat_layout_left_free(l, why);
        if (err) return err;
    }
    l->left[l->left_count++] =
        (struct fat_left){ .first = first, .count = count, .epoch = l->fs->epoch };
    return CAIRN_OK;
}
