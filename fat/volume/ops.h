/* SPDX-License-Identifier: ISC */
/* What the public operations share: entering the volume, names, and the small steps they all take.
 */
#ifndef CAIRN_FAT_OPS_H
#define CAIRN_FAT_OPS_H

#include "chain.h"
#include "dir.h"

static inline void fat_enter(struct cairn_fat *fs)
{
    cairn_lock_take(&fs->lock);
}

static inline enum cairn_err fat_leave(struct cairn_fat *fs, enum cairn_err err)
{
    cairn_lock_drop(&fs->lock);
    return err;
}

/* Leave after a call that may have changed something, half of it when it failed: with
 * CAIRN_FAT_SYNC_AT_ONCE that is durable then. */
enum cairn_err fat_leave_changed(struct cairn_fat *fs, enum cairn_err err,
                                 struct cairn_why *why) CAIRN_MUST_USE;

/* A name from outside, for looking up (any name that could be on a disk) or for storing (one that
 * FAT allows). Errors as cairn_fat_create; why names the character. */
enum cairn_err fat_name_parse(const char *utf8, size_t len, bool to_store, struct fat_name *name,
                              struct cairn_why *why) CAIRN_MUST_USE;

/* CAIRN_ENOTDIR, and CAIRN_ENOENT for a directory that was removed. */
enum cairn_err fat_dir_check(const struct cairn_fat_node *dir,
                             struct cairn_why *why) CAIRN_MUST_USE;

/* Find, with CAIRN_ENOENT explained. */
enum cairn_err fat_op_find(struct cairn_fat_node *dir, const struct fat_name *name,
                           struct fat_found *found, struct cairn_why *why) CAIRN_MUST_USE;

/* An entry with all times now. */
void fat_entry_init(struct cairn_fat *fs, uint8_t attributes, struct fat_dirent *entry);

/* A directory's contents changed: its time says so. Failing to is only logged. */
void fat_dir_changed(struct cairn_fat_node *dir);

/* A call that moves a node's data, part of the time without the lock: begun and ended with it held.
 * What changes the size is alone on its node: it would zero, or give away, what others write; and
 * so is a write through the cache. */
void fat_io_begin(struct cairn_fat_node *node, bool alone);
void fat_io_end(struct cairn_fat_node *node);

/* Clusters that `bytes` need. */
static inline uint32_t fat_clusters_for(const struct cairn_fat *fs, uint64_t bytes)
{
    return (uint32_t)((bytes + fs->geo.cluster_bytes - 1) >> fs->cluster_shift);
}

/* Zero bytes [from, to) of a file's chain, and what follows to the end of the last sector. */
enum cairn_err fat_file_zero(struct cairn_fat_node *file, uint64_t from, uint64_t to,
                             struct cairn_why *why) CAIRN_MUST_USE;

/* Set the size, with the lock held and after fat_begin. */
enum cairn_err fat_file_resize(struct cairn_fat_node *file, uint64_t size,
                               struct cairn_why *why) CAIRN_MUST_USE;

/* cairn_fat_write at the end, wherever that is when the write's turn comes: *at. Takes the lock. */
enum cairn_err fat_file_append(struct cairn_fat_node *file, const void *buf, size_t bytes,
                               uint64_t *at, size_t *done, struct cairn_why *why) CAIRN_MUST_USE;

/* A page of a file's contents, counted as such. fresh: zeroed instead of read. */
enum cairn_err fat_data_page(struct cairn_fat *fs, uint64_t sector, bool fresh,
                             struct fat_page **page, uint8_t **at,
                             struct cairn_why *why) CAIRN_MUST_USE;

/* Where byte `offset` of a file lies: sector, byte in it, and bytes of the run from there, at most
 * max. *bytes 0: the chain ends before. */
struct fat_spot {
    uint64_t sector;
    uint32_t in_sector;
    uint64_t bytes;
};
enum cairn_err fat_file_spot(struct cairn_fat_node *file, uint64_t offset, uint64_t max,
                             struct fat_spot *spot, struct cairn_why *why) CAIRN_MUST_USE;

/* Direct transfers that are gathered and then run as one batch without the lock. */
#define FAT_IO_REQS 8u
struct fat_io {
    struct cairn_fat_node *file;
    struct cairn_blk_req reqs[FAT_IO_REQS];
    struct cairn_blk_seg segs[FAT_IO_REQS];
    uint32_t count;
};
enum cairn_err fat_io_run(struct fat_io *io) CAIRN_MUST_USE;
enum cairn_err fat_io_add(struct fat_io *io, enum cairn_blk_op op, uint64_t sector, void *data,
                          size_t bytes, struct cairn_why *why) CAIRN_MUST_USE;

#endif
