/* SPDX-License-Identifier: ISC */
/*
 * Free clusters. The FAT is the truth and is scanned through the cache, next fit; clusters fall
 * into groups whose free counts, once known, let a scan step over what is full. A cluster that was
 * freed keeps its old FAT entry until the sync that frees it, so it cannot be found before.
 */
#ifndef CAIRN_FAT_SPACE_H
#define CAIRN_FAT_SPACE_H

#include <cairn/why.h>

struct cairn_fat;

#define FAT_SPACE_GROUPS 1024u
#define FAT_SPACE_UNKNOWN UINT32_MAX

struct fat_space {
    uint32_t group_clusters;          /* a power of two */
    uint32_t group[FAT_SPACE_GROUPS]; /* free clusters of it, or UNKNOWN */
    uint32_t next;                    /* where to look first */
    uint32_t free;                    /* in all, or UNKNOWN */
};

void fat_space_init(struct cairn_fat *fs);

/* A run of 1 to want free clusters: at `near` when that is free, else the first that is long enough
 * within a bounded search, else the longest seen. Not yet taken. CAIRN_ENOSPC. */
enum cairn_err fat_space_find(struct cairn_fat *fs, uint32_t near, uint32_t want, uint32_t *first,
                              uint32_t *count, struct cairn_why *why) CAIRN_MUST_USE;

/* Bookkeeping of clusters whose entries were set (taken) or cleared. */
void fat_space_taken(struct cairn_fat *fs, uint32_t first, uint32_t count);
void fat_space_given(struct cairn_fat *fs, uint32_t first, uint32_t count);

/* Count all free clusters; reads the FAT once. */
enum cairn_err fat_space_count(struct cairn_fat *fs, struct cairn_why *why) CAIRN_MUST_USE;

#endif
