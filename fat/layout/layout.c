/* SPDX-License-Identifier: ISC */
/* The memory given is divided, the volume mounted and surveyed; and its end. */
#include "layout.h"

#define BUFFER_BYTES (1u << 20)
#define BOOT_BYTES 512u

/* ---- memory ---------------------------------------------------------------------------------- */

/* The geometry without memory to read into; false: unknown. */
static bool geometry_peek(struct cairn_blk *dev, struct cairn_fat_geometry *geo)
{
    uint8_t block[2048];
    bool is_signed;
    const uint8_t *boot = cairn_blk_borrow(dev, 0, 1);
    if (!boot) {
        if (dev->info.block_bytes > sizeof block) return false;
        if (cairn_blk_read(dev, 0, 1, block, NULL)) return false;
        boot = block;
    }
    return cairn_fat_boot_decode(boot, geo, &is_signed, NULL) == CAIRN_OK;
}

/* Entries of the map for the volume as it is and as it will be, which may count from another first
 * cluster. Bounded by the device, whatever the boot sector says. */
static uint64_t owners_for(const struct cairn_blk *dev, const struct cairn_fat_geometry *geo,
                           uint64_t bytes)
{
    uint64_t there = cairn_min_u64(geo->cluster_count, cairn_blk_bytes(dev) / geo->cluster_bytes);
    uint64_t clusters = cairn_max_u64(there, bytes / geo->cluster_bytes);
    return cairn_min_u64(clusters, CAIRN_FAT_CLUSTERS_MAX_32) + 2;
}

static size_t free_groups(size_t owners)
{
    return owners / FAT_FREE_GROUP + 1;
}

size_t cairn_fat_layout_mem(struct cairn_blk *dev, uint64_t bytes)
{
    struct cairn_fat_geometry geo = { .cluster_count = CAIRN_FAT_CLUSTERS_MAX_32,
                                      .cluster_bytes = BOOT_BYTES }; /* the worst */
    (void)geometry_peek(dev, &geo);
    size_t owners = (size_t)owners_for(dev, &geo, bytes);
    return owners * sizeof(uint32_t) + free_groups(owners) * sizeof(uint16_t) +
           sizeof(struct fat_layout) + BUFFER_BYTES + 2 * (size_t)dev->info.mem_align + 256 +
           cairn_fat_mem_good(dev, 0);
}

static enum cairn_err memory_divide(struct fat_layout *l, struct cairn_arena *arena, uint64_t bytes,
                                    struct cairn_why *why)
{
    struct cairn_fat_geometry geo;
    bool is_signed;
    l->buffer_bytes = BUFFER_BYTES;
    l->buffer =
        cairn_arena_take(arena, l->buffer_bytes, (size_t)cairn_max_u64(l->dev->info.mem_align, 64));
    if (!l->buffer) return CAIRN_ENOMEM;
    enum cairn_err err = cairn_blk_read(l->dev, 0, 1, l->buffer, why);
    if (!err) err = cairn_fat_boot_decode(l->buffer, &geo, &is_signed, why);
    if (err) return err;
    l->owners = (uint32_t)owners_for(l->dev, &geo, bytes);
    l->owner = cairn_arena_array(arena, l->owners, sizeof *l->owner, sizeof *l->owner);
    l->free_in = cairn_arena_array(arena, free_groups(l->owners), sizeof *l->free_in, 2);
    if (!l->owner || !l->free_in) return CAIRN_ENOMEM;
    l->mount_mem = arena->at;
    l->mount_bytes = arena->left;
    return CAIRN_OK;
}

/* ---- mounting -------------------------------------------------------------------------------- */

static enum cairn_err volume_mount(struct fat_layout *l, struct cairn_why *why)
{
    struct cairn_fat_options options = { .read_only = l->options->plan_only,
                                         .on_dirty = CAIRN_FAT_DIRTY_WRITE };
    enum cairn_err err =
        cairn_fat_mount(&l->fs, l->dev, &options, l->mount_mem, l->mount_bytes, why);
    if (err) return err;
    if (!l->fs->read_only || l->options->plan_only) {
        cairn_lock_take(&l->fs->lock);
        return CAIRN_OK;
    }
    err = cairn_fat_unmount(l->fs, NULL);
    return err ? err : cairn_why_fail(why, CAIRN_EROFS, "change %s", l->dev->name);
}

static enum cairn_err volume_unmount(struct fat_layout *l, struct cairn_why *why)
{
    cairn_lock_drop(&l->fs->lock);
    return cairn_fat_unmount(l->fs, why);
}

/* Mirroring is off only where a larger FAT was not finished, or someone wants it so, whom a FAT
 * that is written anew cannot ask. */
static enum cairn_err mirror_finish(struct fat_layout *l, struct cairn_why *why)
{
    struct cairn_fat_geometry geo = l->fs->geo;
    if (!geo.active_only || l->options->plan_only) return CAIRN_OK;
    enum cairn_err err = fat_layout_mirror(l, &geo, why);
    return err ? err : fat_layout_remount(l, why);
}

enum cairn_err fat_layout_open(struct fat_layout **out, struct cairn_blk *dev, uint64_t bytes,
                               const struct cairn_fat_layout_options *options, void *mem,
                               size_t mem_bytes, struct cairn_fat_layout_result *result,
                               struct cairn_why *why)
{
    static const struct cairn_fat_layout_options none;
    struct cairn_arena arena;
    cairn_arena_init(&arena, mem, mem_bytes);
    *result = (struct cairn_fat_layout_result){ .moved_clusters = 0 };
    struct fat_layout *l = cairn_arena_array(&arena, 1, sizeof *l, 16);
    if (!l) return cairn_why_fail(why, CAIRN_ENOMEM, "work in %zu bytes of memory", mem_bytes);
    l->dev = dev;
    l->options = options ? options : &none;
    l->result = result;
    l->next = 2;
    l->none_so_long = UINT32_MAX;
    enum cairn_err err = memory_divide(l, &arena, bytes, why);
    if (err == CAIRN_ENOMEM)
        return cairn_why_fail(why, CAIRN_ENOMEM, "work in %zu bytes of memory", mem_bytes);
    if (!err) err = volume_mount(l, why);
    if (err) return err;
    l->was_dirty = l->fs->stays_dirty;
    l->was_cut = l->was_dirty && (l->fs->geo.state & FAT_BOOT_MOVING);
    l->fs->moving = l->was_cut || !l->was_dirty;
    result->before = result->after = l->fs->geo;
    err = mirror_finish(l, why);
    if (!err) err = fat_layout_survey(l, why);
    if (err) return fat_layout_close(l, err, why);
    *out = l;
    return CAIRN_OK;
}

/* What is known of free clusters is not kept up by moves: it is counted anew. */
static enum cairn_err free_count(struct fat_layout *l, struct cairn_why *why)
{
    fat_space_init(l->fs);
    return fat_space_count(l->fs, why);
}

/* What a cut had left is mended: copies of the FAT and the backup are made what they should be, and
 * the volume may be marked clean. */
static enum cairn_err cut_end(struct fat_layout *l, struct cairn_why *why)
{
    if (!l->was_cut || l->is_doubtful || l->options->plan_only) return CAIRN_OK;
    enum cairn_err err = fat_layout_sync(l, why);
    if (!err) err = fat_layout_copies(l, &l->fs->geo, why);
    if (!err) err = fat_layout_commit_backup(l, &l->fs->geo, why);
    if (!err) err = fat_layout_remount(l, why); /* flushed by that */
    if (!err) l->fs->stays_dirty = false;
    return err;
}

/* What was begun is finished, unless something failed: then the next run has to. */
static enum cairn_err changes_end(struct fat_layout *l, enum cairn_err err, struct cairn_why *why)
{
    if (err && err != CAIRN_ECANCELED) {
        if (l->fs->marked_dirty) fat_litter(l->fs, "not finished", err);
        return err;
    }
    enum cairn_err ending = cut_end(l, err ? NULL : why);
    if (ending || !l->fs->marked_dirty) return err ? err : ending;
    ending = fat_layout_sync(l, err ? NULL : why);
    if (!ending) ending = free_count(l, err ? NULL : why);
    return err ? err : ending;
}

enum cairn_err fat_layout_close(struct fat_layout *l, enum cairn_err err, struct cairn_why *why)
{
    if (l->fs) err = changes_end(l, err, why);
    if (!l->fs) return err;
    enum cairn_err ending = volume_unmount(l, err ? NULL : why);
    return err ? err : ending;
}

enum cairn_err fat_layout_remount(struct fat_layout *l, struct cairn_why *why)
{
    bool io_failed = l->fs->io_failed;
    l->fs->marked_dirty = false; /* it writes nothing more */
    l->fs->read_only = true;
    enum cairn_err err = volume_unmount(l, why);
    l->fs = NULL;
    if (!err) err = volume_mount(l, why);
    if (err) return err;
    l->fs->io_failed = io_failed;
    l->fs->stays_dirty = l->was_dirty;
    l->fs->moving = l->was_cut || !l->was_dirty;
    return fat_begin(l->fs, why);
}

/* ---- small things ---------------------------------------------------------------------------- */

enum cairn_err fat_layout_tell(struct fat_layout *l, uint64_t done, uint64_t total,
                               struct cairn_why *why)
{
    const struct cairn_fat_layout_options *options = l->options;
    if (!options->progress || options->progress(options->ctx, cairn_min_u64(done, total), total))
        return CAIRN_OK;
    return cairn_why_fail(why, CAIRN_ECANCELED, "stopped");
}

enum cairn_err fat_layout_read(struct fat_layout *l, uint64_t sector, uint32_t sectors, void *to,
                               struct cairn_why *why)
{
    return cairn_blk_read(l->dev, fat_block(l->fs, sector), fat_block(l->fs, sectors), to, why);
}

enum cairn_err fat_layout_write(struct fat_layout *l, uint64_t sector, uint32_t sectors,
                                const void *from, struct cairn_why *why)
{
    return cairn_blk_write(l->dev, fat_block(l->fs, sector), fat_block(l->fs, sectors), from, why);
}
