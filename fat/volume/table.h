/* SPDX-License-Identifier: ISC */
/* The FAT of a mounted volume, through the cache: the active copy is read, all live ones written.
 */
#ifndef CAIRN_FAT_TABLE_H
#define CAIRN_FAT_TABLE_H

#include "volume.h"

/* First sector of the copy that the cache holds. */
static inline uint32_t fat_table_start(const struct cairn_fat *fs)
{
    uint32_t copy = fs->geo.active_only ? fs->geo.active_fat : 0;
    return fs->geo.reserved_sectors + copy * fs->geo.fat_sectors;
}

/* A cluster's entry, as fatent_get returns it; the cluster is valid. */
enum cairn_err fat_table_get(struct cairn_fat *fs, uint32_t cluster, uint32_t *value,
                             struct cairn_why *why) CAIRN_MUST_USE;

/* The cluster behind this one: valid, or 0 at the end of the chain. CAIRN_ECORRUPT for a chain that
 * goes into a free, bad or absent cluster. */
enum cairn_err fat_table_next(struct cairn_fat *fs, uint32_t cluster, uint32_t *next,
                              struct cairn_why *why) CAIRN_MUST_USE;

/* Set one entry in a stage. */
enum cairn_err fat_table_set(struct cairn_fat *fs, uint32_t cluster, uint32_t value,
                             enum fat_stage stage, struct cairn_why *why) CAIRN_MUST_USE;

/* Chain first, first + 1, ... first + count - 1, the last one to `tail`; NEW. */
enum cairn_err fat_table_chain(struct cairn_fat *fs, uint32_t first, uint32_t count, uint32_t tail,
                               struct cairn_why *why) CAIRN_MUST_USE;

/* FAT12: does the run's first or last entry share a byte with a link that is still to be written?
 * To write that byte without the link would take back the run's half of it, too. */
enum cairn_err fat_table_crowds(struct cairn_fat *fs, uint32_t first, uint32_t count, bool *crowds,
                                struct cairn_why *why) CAIRN_MUST_USE;

/* Clear the entries of a run; FREE. */
enum cairn_err fat_table_clear(struct cairn_fat *fs, uint32_t first, uint32_t count,
                               struct cairn_why *why) CAIRN_MUST_USE;

/* How many clusters from `cluster` on, at most max, are chained one to the next in disk order; at
 * least 1. */
enum cairn_err fat_table_follow(struct cairn_fat *fs, uint32_t cluster, uint32_t max,
                                uint32_t *count, struct cairn_why *why) CAIRN_MUST_USE;

/* How many clusters from `cluster` on, at most max, are all free (at most max_free then), or are
 * all not: *is_free says which. */
enum cairn_err fat_table_span(struct cairn_fat *fs, uint32_t cluster, uint32_t max,
                              uint32_t max_free, bool *is_free, uint32_t *count,
                              struct cairn_why *why) CAIRN_MUST_USE;

#endif
