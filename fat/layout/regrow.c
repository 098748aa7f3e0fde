/* SPDX-License-Identifier: ISC */
/*
 * A larger FAT. The data area begins later then, so that every cluster has a smaller number; so
 * that the volume can be read by the old numbers until it is to be read by the new ones, nothing of
 * the old is written over:
 *
 * 1. The clusters that the new FATs (and the fixed root) will cover are moved elsewhere.
 * 2. Each directory is copied to clusters that are free in the old FAT, with the new numbers in it;
 *    new FATs are written behind the old ones, and the fixed root.
 * 3. A flush; and one write of the boot sector says where everything is now.
 *
 * Where there is no room for FATs behind the old ones, a FAT32's two take turns: the second is
 * switched off, written anew where it will be, and switched on by the write that counts; then it is
 * copied to the first (fat_layout_mirror).
 */
#include "layout.h"

/* The new number of what an old one leads to; 0 where nothing is left: a stale ".." may lead there.
 */
static uint32_t renumber(const struct fat_layout *l, uint32_t shift, uint32_t cluster)
{
    if (fat_owner_is_dir(l->owner[cluster])) cluster = l->owner[cluster] & FAT_OWNER_NUMBER;
    return cluster < 2 + shift ? 0 : cluster - shift;
}

/* ---- directories ----------------------------------------------------------------------------- */

/* Choose the places of the copies. A directory's cluster then names its copy, and the copy it. */
static enum cairn_err copies_place(struct fat_layout *l, const struct fat_shape *shape,
                                   struct cairn_why *why)
{
    uint32_t end = shape->after.cluster_count + shape->shift + 2, to = 2 + shape->shift;
    for (uint32_t c = 2; c <= fat_cluster_last(l->fs); c++) {
        if (!fat_owner_is_used(l->owner[c]) || !fat_owner_is_dir(l->owner[c])) continue;
        while (to < end && l->owner[to] != FAT_OWNER_NONE)
            to++;
        if (to == end) return cairn_why_fail(why, CAIRN_ENOSPC, "no cluster is free");
        l->owner[to] = FAT_OWNER_COPY | c;
        l->owner[c] = FAT_OWNER_COPY | FAT_OWNER_DIR | to;
    }
    return CAIRN_OK;
}

/* New numbers into slots. */
static void slots_renumber(struct fat_layout *l, uint32_t shift, uint8_t *slots, uint32_t bytes)
{
    bool is_32 = l->fs->geo.type == CAIRN_FAT32;
    for (uint8_t *slot = slots; slot < slots + bytes; slot += FAT_SLOT_BYTES) {
        if (slot[0] == FAT_SLOT_END || slot[0] == FAT_SLOT_FREE || fat_slot_is_long(slot)) continue;
        uint32_t start = fat_layout_start(l, slot);
        if (!fat_cluster_valid(l->fs, start)) continue;
        start = renumber(l, shift, start);
        if (is_32) cairn_le16_put(slot + FAT_SLOT_START_HIGH, (uint16_t)(start >> 16));
        cairn_le16_put(slot + FAT_SLOT_START_LOW, (uint16_t)start);
    }
}

/* Copy `sectors` of a directory, with new numbers. */
static enum cairn_err slots_copy(struct fat_layout *l, uint32_t shift, uint64_t from, uint64_t to,
                                 uint32_t sectors, struct cairn_why *why)
{
    enum cairn_err err = fat_layout_read(l, from, sectors, l->buffer, why);
    if (err) return err;
    slots_renumber(l, shift, l->buffer, sectors * l->fs->geo.sector_bytes);
    return fat_layout_write(l, to, sectors, l->buffer, why);
}

static enum cairn_err copies_write(struct fat_layout *l, const struct fat_shape *shape,
                                   struct cairn_why *why)
{
    const struct cairn_fat_geometry *geo = &l->fs->geo;
    enum cairn_err err = CAIRN_OK;
    for (uint32_t i = 0; i < geo->root_sectors && !err; i++)
        err = slots_copy(l, shape->shift, geo->root_start + i, shape->after.root_start + i, 1, why);
    for (uint32_t c = 2; c <= fat_cluster_last(l->fs) && !err; c++) {
        if (!fat_owner_is_dir(l->owner[c])) continue;
        uint32_t to = l->owner[c] & FAT_OWNER_NUMBER;
        err = slots_copy(l, shape->shift, fat_cluster_sector(l->fs, c),
                         fat_cluster_sector(l->fs, to), geo->cluster_sectors, why);
        l->result->moved_clusters++;
        if (!err && !shape->alternates) err = fat_layout_tell(l, c, geo->cluster_count, why);
    }
    return err;
}

/* ---- the FAT --------------------------------------------------------------------------------- */

/* The entry of what lies where the old number `cluster` is. */
static enum cairn_err entry_make(struct fat_layout *l, uint32_t shift, uint32_t cluster,
                                 uint32_t *value, struct cairn_why *why)
{
    uint32_t owner = cluster < l->owners ? l->owner[cluster] : FAT_OWNER_NONE;
    *value = FATENT_FREE;
    if (owner == FAT_OWNER_FIXED) *value = FATENT_BAD;
    if (!fat_owner_is_used(owner) || fat_owner_is_dir(owner)) return CAIRN_OK;
    if (owner & FAT_OWNER_COPY) cluster = owner & FAT_OWNER_NUMBER;
    enum cairn_err err = fat_table_next(l->fs, cluster, value, why);
    if (err) return err;
    *value = *value ? renumber(l, shift, *value) : FATENT_END;
    return CAIRN_OK;
}

/* Entries [first, first + count) into the buffer, which holds the FAT from entry `first` on. */
static enum cairn_err entries_make(struct fat_layout *l, const struct fat_shape *shape,
                                   uint32_t first, uint32_t count, struct cairn_why *why)
{
    enum cairn_fat_type type = l->fs->geo.type;
    uint64_t start = fatent_offset(type, first);
    for (uint32_t i = first; i < first + count; i++) {
        uint32_t value = FATENT_FREE;
        enum cairn_err err = CAIRN_OK;
        if (i < 2) continue;
        if (i < shape->after.cluster_count + 2)
            err = entry_make(l, shape->shift, i + shape->shift, &value, why);
        if (err) return err;
        if (value) fatent_put(type, l->buffer + (fatent_offset(type, i) - start), i, value);
    }
    return CAIRN_OK;
}

/* The first two entries, with the dirty bit, as they are. */
static enum cairn_err head_copy(struct fat_layout *l, struct cairn_why *why)
{
    struct fat_page *page;
    uint8_t *at;
    enum cairn_err err = fat_page_get(l->fs, fat_table_start(l->fs), &page, &at, why);
    if (err) return err;
    memcpy(l->buffer, at, l->fs->geo.type / 4);
    fat_page_drop(page);
    return CAIRN_OK;
}

/* The new FAT, a buffer at a time, to the copies from `copy` on. A buffer holds whole entries of
 * every type, since three sectors do. */
static enum cairn_err fats_write(struct fat_layout *l, const struct fat_shape *shape, uint32_t copy,
                                 struct cairn_why *why)
{
    const struct cairn_fat_geometry *geo = &shape->after;
    uint32_t step = l->buffer_bytes / geo->sector_bytes / 3 * 3;
    for (uint32_t at = 0; at < geo->fat_sectors; at += step) {
        uint32_t sectors = (uint32_t)cairn_min_u64(step, geo->fat_sectors - at);
        uint64_t bit = (uint64_t)at * geo->sector_bytes * 8;
        memset(l->buffer, 0, (size_t)sectors * geo->sector_bytes);
        enum cairn_err err = at ? CAIRN_OK : head_copy(l, why);
        if (!err)
            err = entries_make(l, shape, (uint32_t)(bit / geo->type),
                               (uint32_t)((uint64_t)sectors * geo->sector_bytes * 8 / geo->type),
                               why);
        for (uint32_t i = copy; i < geo->fat_count && !err; i++)
            err = fat_layout_write(l, geo->reserved_sectors + (uint64_t)i * geo->fat_sectors + at,
                                   sectors, l->buffer, why);
        if (err) return err;
    }
    return CAIRN_OK;
}

enum cairn_err fat_layout_copies(struct fat_layout *l, const struct cairn_fat_geometry *geo,
                                 struct cairn_why *why)
{
    uint32_t step = l->buffer_bytes / geo->sector_bytes;
    for (uint32_t at = 0; at < geo->fat_sectors && geo->fat_count > 1; at += step) {
        uint32_t sectors = (uint32_t)cairn_min_u64(step, geo->fat_sectors - at);
        uint64_t first = geo->reserved_sectors + at;
        enum cairn_err err = fat_layout_read(
            l, first + (uint64_t)geo->active_fat * geo->fat_sectors, sectors, l->buffer, why);
        for (uint32_t i = 0; i < geo->fat_count && !err; i++) {
            if (i != geo->active_fat)
                err = fat_layout_write(l, first + (uint64_t)i * geo->fat_sectors, sectors,
                                       l->buffer, why);
        }
        if (err) return err;
    }
    return CAIRN_OK;
}

enum cairn_err fat_layout_mirror(struct fat_layout *l, struct cairn_fat_geometry *geo,
                                 struct cairn_why *why)
{
    enum cairn_err err = fat_layout_copies(l, geo, why);
    if (err) return err;
    geo->active_only = false;
    geo->active_fat = 0;
    return fat_layout_commit(l, geo, why);
}

/* ---- all of it ------------------------------------------------------------------------------- */

/* Only the first FAT of the volume as it is counts from now on. */
static enum cairn_err second_free(struct fat_layout *l, struct cairn_why *why)
{
    struct cairn_fat_geometry now = l->fs->geo;
    now.active_only = true;
    now.active_fat = 0;
    return fat_layout_commit(l, &now, why);
}

enum cairn_err fat_layout_regrow(struct fat_layout *l, struct fat_shape *shape,
                                 struct cairn_why *why)
{
    uint32_t first = 2 + shape->shift;
    struct cairn_fat_geometry *after = &shape->after;
    enum cairn_err err =
        fat_layout_evacuate(l, (struct fat_range){ 2, first },
                            (struct fat_range){ first, fat_cluster_last(l->fs) + 1 }, why);
    if (!err) err = fat_sync(l->fs, why); /* nothing is left in the cache to be written */
    if (!err) err = copies_place(l, shape, why);
    if (!err && shape->alternates) err = second_free(l, why);
    if (!err) err = copies_write(l, shape, why);
    if (!err) err = fats_write(l, shape, shape->alternates ? 1 : 0, why);
    if (err) return err;
    if (after->root_cluster)
        after->root_cluster = renumber(l, shape->shift, l->fs->geo.root_cluster);
    after->active_only = shape->alternates;
    after->active_fat = shape->alternates ? 1 : 0;
    err = fat_layout_commit(l, after, why);
    return err || !shape->alternates ? err : fat_layout_mirror(l, after, why);
}
