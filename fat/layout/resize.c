/* SPDX-License-Identifier: ISC */
/* Larger and smaller: what is in the way moves, then one write of the boot sector makes it so. */
#include "layout.h"

/* ---- one write that counts ------------------------------------------------------------------- */

/* The fields of the shape lie in the first block of the sector, which is written at once. */
static enum cairn_err shape_write(struct fat_layout *l, const struct cairn_fat_geometry *geo,
                                  uint32_t sector, bool is_backup, struct cairn_why *why)
{
    struct cairn_fat_geometry there;
    uint64_t block = fat_block(l->fs, sector);
    bool is_signed;
    enum cairn_err err = cairn_blk_read(l->dev, block, 1, l->buffer, why);
    if (err) return err;
    if (is_backup && cairn_fat_boot_decode(l->buffer, &there, &is_signed, NULL)) return CAIRN_OK;
    cairn_fat_boot_reshape(geo, l->buffer);
    err = cairn_blk_write(l->dev, block, 1, l->buffer, why);
    return err ? err : cairn_blk_flush(l->dev, why);
}

enum cairn_err fat_layout_commit(struct fat_layout *l, const struct cairn_fat_geometry *geo,
                                 struct cairn_why *why)
{
    l->fs->marked_dirty = false; /* it writes nothing more: its shape is no longer the volume's */
    l->fs->read_only = true;     /* and no error bit, with the old boot sector around it */
    l->result->after = *geo;
    enum cairn_err err = cairn_blk_flush(l->dev, why);
    return err ? err : shape_write(l, geo, 0, false, why);
}

enum cairn_err fat_layout_commit_backup(struct fat_layout *l, const struct cairn_fat_geometry *geo,
                                        struct cairn_why *why)
{
    return geo->backup_boot ? shape_write(l, geo, geo->backup_boot, true, why) : CAIRN_OK;
}

/* ---- what must move -------------------------------------------------------------------------- */

/* Clusters of the range that something owns; *bad: the first that is marked bad, or 0. */
static uint32_t range_used(const struct fat_layout *l, struct fat_range range, uint32_t *bad)
{
    uint32_t used = 0;
    *bad = 0;
    for (uint32_t c = range.from; c < range.to; c++) {
        used += fat_owner_is_used(l->owner[c]);
        if (!*bad && l->owner[c] == FAT_OWNER_FIXED) *bad = c;
    }
    return used;
}

/* The fewest clusters that hold what there is. */
static uint32_t clusters_needed(const struct fat_layout *l)
{
    uint32_t fit = 0, cluster = 2;
    for (; fit < l->used && cluster <= fat_cluster_last(l->fs); cluster++)
        fit += l->owner[cluster] != FAT_OWNER_FIXED;
    return (uint32_t)cairn_max_u64(cluster - 2, fat_shape_clusters_least(&l->fs->geo));
}

static uint64_t bytes_needed(const struct fat_layout *l)
{
    const struct cairn_fat_geometry *geo = &l->fs->geo;
    uint64_t sectors = geo->data_start + (uint64_t)clusters_needed(l) * geo->cluster_sectors;
    return sectors * geo->sector_bytes;
}

static uint32_t dir_clusters(const struct fat_layout *l)
{
    uint32_t count = 0;
    for (uint32_t c = 2; c <= fat_cluster_last(l->fs); c++)
        count += fat_owner_is_used(l->owner[c]) && fat_owner_is_dir(l->owner[c]);
    return count;
}

static enum cairn_err room_fail(const struct fat_layout *l, uint64_t clusters,
                                struct cairn_why *why)
{
    uint64_t bytes = clusters * l->fs->geo.cluster_bytes;
    (void)cairn_why_fail(why, CAIRN_ENOSPC, "a larger FAT needs %llu bytes free before it is there",
                         (unsigned long long)bytes);
    cairn_why_hint(why, "remove some files, or move them away until it is done");
    return CAIRN_ENOSPC;
}

/* The clusters that the FATs grow over must find room elsewhere, in the volume as it is. */
static enum cairn_err regrow_check(struct fat_layout *l, const struct fat_shape *shape,
                                   struct cairn_why *why)
{
    uint32_t bad, over = shape->shift, count = l->fs->geo.cluster_count;
    if (over >= count) return room_fail(l, over, why);
    uint32_t used = range_used(l, (struct fat_range){ 2, 2 + over }, &bad);
    l->result->moved_clusters = used + dir_clusters(l);
    if (bad)
        return cairn_why_fail(why, CAIRN_ENOTSUP,
                              "cluster %u, where the FAT has to go, is marked bad", bad);
    if (used > l->free - (over - used)) return room_fail(l, over, why);
    uint64_t taken = count - l->free; /* or marked bad */
    uint32_t twice = dir_clusters(l); /* the old directories go last */
    if (taken + twice > shape->after.cluster_count) return room_fail(l, twice, why);
    return CAIRN_OK;
}

static enum cairn_err shrink_check(struct fat_layout *l, const struct fat_shape *shape,
                                   struct cairn_why *why)
{
    uint32_t bad, end = fat_cluster_last(l->fs) + 1;
    struct fat_range cut = { shape->after.cluster_count + 2, end };
    if (cut.from > end) cut.from = end;
    l->result->moved_clusters = range_used(l, cut, &bad);
    if (shape->after.cluster_count >= clusters_needed(l)) return CAIRN_OK;
    (void)cairn_why_fail(why, CAIRN_ENOSPC, "the files need %llu bytes",
                         (unsigned long long)bytes_needed(l));
    cairn_why_hint(why, "that is the least size; with fewer files it is smaller");
    return CAIRN_ENOSPC;
}

static enum cairn_err shape_check(struct fat_layout *l, const struct fat_shape *shape,
                                  struct cairn_why *why)
{
    const struct cairn_fat_geometry *geo = &shape->after;
    uint64_t bytes = (uint64_t)geo->total_sectors * geo->sector_bytes;
    if (bytes > cairn_blk_bytes(l->dev) && !l->options->plan_only)
        return cairn_why_fail(why, CAIRN_ENOSPC, "the device has only %llu bytes",
                              (unsigned long long)cairn_blk_bytes(l->dev));
    return shape->shift ? regrow_check(l, shape, why) : shrink_check(l, shape, why);
}

/* ---- doing it -------------------------------------------------------------------------------- */

/* Entries of the FAT that come into use hold whatever was left there. */
static enum cairn_err entries_clear(struct fat_layout *l, uint32_t clusters, struct cairn_why *why)
{
    for (uint32_t c = fat_cluster_last(l->fs) + 1; c <= clusters + 1; c++) {
        enum cairn_err err = fat_layout_begin(l, why);
        if (!err) err = fat_table_clear(l->fs, c, 1, why);
        if (err) return err;
    }
    return fat_layout_sync(l, why);
}

/* Behind it: the volume as it is now, the backup, FSInfo (by unmounting). */
static enum cairn_err shape_finish(struct fat_layout *l, const struct cairn_fat_geometry *geo,
                                   struct cairn_why *why)
{
    enum cairn_err err = fat_layout_commit_backup(l, geo, why);
    return err ? err : fat_layout_remount(l, why);
}

static enum cairn_err shape_make(struct fat_layout *l, struct fat_shape *shape,
                                 struct cairn_why *why)
{
    uint32_t end = fat_cluster_last(l->fs) + 1, new_end = shape->after.cluster_count + 2;
    enum cairn_err err = fat_layout_begin(l, why); /* marked dirty */
    if (err) return err;
    if (shape->shift) return fat_layout_regrow(l, shape, why);
    if (new_end < end)
        err = fat_layout_evacuate(l, (struct fat_range){ new_end, end },
                                  (struct fat_range){ 2, new_end }, why);
    else
        err = entries_clear(l, shape->after.cluster_count, why);
    shape->after.root_cluster = l->fs->geo.root_cluster;
    return err ? err : fat_layout_commit(l, &shape->after, why);
}

static enum cairn_err resize(struct fat_layout *l, uint64_t bytes, struct cairn_why *why)
{
    struct fat_shape shape;
    l->result->least_bytes = bytes_needed(l);
    l->result->most_bytes = fat_shape_bytes_most(&l->fs->geo);
    enum cairn_err err = fat_shape_plan(&l->fs->geo, bytes, &shape, why);
    if (err) return err;
    err = shape_check(l, &shape, why);
    if (l->options->plan_only) l->result->after = shape.after;
    if (err || l->options->plan_only) return err;
    l->result->moved_clusters = 0;
    if (shape.after.total_sectors != l->fs->geo.total_sectors) {
        err = shape_make(l, &shape, why);
        if (!err) err = shape_finish(l, &shape.after, why);
    }
    l->result->after = shape.after;
    return err;
}

enum cairn_err cairn_fat_resize(struct cairn_blk *dev, uint64_t bytes,
                                const struct cairn_fat_layout_options *options, void *mem,
                                size_t mem_bytes, struct cairn_fat_layout_result *result,
                                struct cairn_why *why)
{
    struct fat_layout *l;
    enum cairn_err err = fat_layout_open(&l, dev, bytes, options, mem, mem_bytes, result, why);
    if (err) return err;
    return fat_layout_close(l, resize(l, bytes, why), why);
}
