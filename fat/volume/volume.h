/* SPDX-License-Identifier: ISC */
/*
 * A mounted volume from the inside: its parts, and the rules they share. Each part has its own
 * header: cache.h (pages, stages), table.h (the FAT), space.h (free clusters), chain.h (a node's
 * clusters), node.h, dir.h, index.h, policy.h (when to sync). All of them are called with the
 * volume's lock held.
 */
#ifndef CAIRN_FAT_VOLUME_H
#define CAIRN_FAT_VOLUME_H

#include "../codec/boot.h"
#include "../codec/dirent.h"
#include "../codec/fatent.h"
#include <cairn/arena.h>
#include <cairn/log.h>
#include <cairn/sync.h>

#include "cache.h"
#include "index.h"
#include "node.h"
#include "policy.h"
#include "space.h"

/* Names removed since the last sync: a Bloom filter, so that a name is never added while its
 * removal is still to be written. False hits cost a sync, nothing else. */
#define FAT_REMOVED_BITS 16384u

struct cairn_fat {
    struct cairn_blk *dev;
    struct cairn_fat_geometry geo;
    uint32_t sector_blocks;                            /* device blocks in a sector */
    uint32_t sector_shift, cluster_shift, block_shift; /* log2 of bytes */
    enum cairn_fat_codepage codepage;
    enum cairn_fat_short_names short_names;
    bool no_numeric_tail;
    int32_t utc_offset_min;
    struct cairn_clock_wall *clock;
    bool read_only;
    bool no_order;

    struct cairn_lock lock;
    struct cairn_cond io_done; /* some node's io went to 0 */
    uint32_t io_waiters;       /* how many wait for that */
    uint32_t io;               /* of all nodes */

    struct fat_cache cache;
    struct fat_space space;
    struct fat_index index;
    struct fat_nodes nodes;
    struct fat_policy policy;

    uint32_t epoch;         /* one more after each sync; never 0 */
    uint32_t cut_forgotten; /* the epoch in which a node was forgotten whose chain is cut only in
                               memory: the FAT shows it longer until the sync */
    bool sync_failed;       /* half a sync is written: nothing may change before the rest is */
    bool unflushed;         /* something was written since the last flush */
    bool marked_dirty;      /* the dirty bit is on the device, set by us */
    bool stays_dirty;       /* only check may clear it: it was there at mount, or see fat_litter */
    bool moving;            /* all changes are moves, and may be gone on with after a cut: the dirty
                               bit has the moving bit beside it */
    bool io_failed;         /* with metadata: the error bit is to be set */
    uint64_t syncs, flushes, drains;
    uint8_t removed[FAT_REMOVED_BITS / 8];
};

extern const struct cairn_log_source fat_log;

/* The one door for corruption: says what is wrong to the log and to why; CAIRN_ECORRUPT. */
enum cairn_err fat_corrupt(struct cairn_fat *fs, struct cairn_why *why, const char *fmt, ...)
    CAIRN_PRINTF(3, 4) CAIRN_MUST_USE;

/* Begin a change: not on a read-only volume, the dirty bit set, room in log and cache for one
 * operation and what is not durable within its bounds (a sync sees to both). After it an operation
 * may read, and then change what it pinned without being able to fail. */
enum cairn_err fat_begin(struct cairn_fat *fs, struct cairn_why *why) CAIRN_MUST_USE;

/* Write everything, stage by stage; with the lock held. */
enum cairn_err fat_sync(struct cairn_fat *fs, struct cairn_why *why) CAIRN_MUST_USE;

/* A sync that an operation needs before it may go on (fat/README.md says when). */
enum cairn_err fat_drain(struct cairn_fat *fs, struct cairn_why *why) CAIRN_MUST_USE;

/* Flush the device, counted. */
enum cairn_err fat_flush(struct cairn_fat *fs, struct cairn_why *why) CAIRN_MUST_USE;

/* Something was written to these many sectors and is not flushed. */
static inline void fat_wrote(struct cairn_fat *fs, uint64_t sectors)
{
    fs->unflushed = true;
    fs->policy.unflushed_bytes += sectors << fs->sector_shift;
}

/* What the device said to a request for metadata. */
static inline enum cairn_err fat_told(struct cairn_fat *fs, enum cairn_err err)
{
    if (err == CAIRN_EIO) fs->io_failed = true;
    return err;
}

/* ---- state.c: what the volume says of itself ------------------------------------------------- */

/* At mount: dirty and error bits, and FSInfo when it can be believed. */
enum cairn_err fat_state_read(struct cairn_fat *fs, struct cairn_why *why) CAIRN_MUST_USE;
/* Set or clear the dirty bit in boot sector and FAT[1], and set the error bit when that is due; on
 * the device, flushed. Nothing else is waiting to be written. */
enum cairn_err fat_mark(struct cairn_fat *fs, bool dirty, struct cairn_why *why) CAIRN_MUST_USE;
/* Sync, and then the hints are true and the volume marked clean, unless it stays dirty. */
enum cairn_err fat_settle(struct cairn_fat *fs, struct cairn_why *why) CAIRN_MUST_USE;
/* Something that check has to mend is left on the volume: said to the log, and it stays dirty. */
void fat_litter(struct cairn_fat *fs, const char *what, enum cairn_err err);

void fat_removed_add(struct cairn_fat *fs, const struct cairn_fat_node *dir, uint32_t name_hash);
bool fat_removed_has(const struct cairn_fat *fs, const struct cairn_fat_node *dir,
                     uint32_t name_hash);

static inline uint64_t fat_block(const struct cairn_fat *fs, uint64_t sector)
{
    return sector * fs->sector_blocks;
}

static inline uint32_t fat_cluster_sector(const struct cairn_fat *fs, uint32_t cluster)
{
    return fs->geo.data_start + (cluster - 2) * fs->geo.cluster_sectors;
}

static inline uint32_t fat_cluster_last(const struct cairn_fat *fs)
{
    return fs->geo.cluster_count + 1;
}

static inline bool fat_cluster_valid(const struct cairn_fat *fs, uint32_t cluster)
{
    return cluster >= 2 && cluster <= fat_cluster_last(fs);
}

#endif
