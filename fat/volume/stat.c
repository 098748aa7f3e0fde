/* SPDX-License-Identifier: ISC */
/* What a node says of itself, and listing a directory. */
#include "ops.h"

static void stat_times(const struct cairn_fat *fs, const struct fat_dirent *entry,
                       struct cairn_fat_stat *stat)
{
    int32_t offset = fs->utc_offset_min;
    stat->modified_ns = fat_time_decode(entry->modified_date, entry->modified_time, 0, offset);
    stat->created_ns = INT64_MIN;
    stat->accessed_ns = INT64_MIN;
    if (entry->created_date)
        stat->created_ns = fat_time_decode(entry->created_date, entry->created_time,
                                           entry->created_tenths, offset);
    if (entry->accessed_date)
        stat->accessed_ns = fat_time_decode(entry->accessed_date, 0, 0, offset);
}

static void stat_entry(const struct cairn_fat *fs, const struct fat_dirent *entry,
                       struct cairn_fat_stat *stat)
{
    stat->id = 0;
    stat->is_directory = (entry->attributes & CAIRN_FAT_DIRECTORY) != 0;
    stat->attributes = entry->attributes;
    stat->size = stat->is_directory ? 0 : entry->size;
    stat->first_cluster = entry->start;
    stat->allocated = (uint64_t)fat_clusters_for(fs, stat->size) * fs->geo.cluster_bytes;
    stat_times(fs, entry, stat);
}

enum cairn_err cairn_fat_stat(struct cairn_fat_node *node, struct cairn_fat_stat *stat,
                              struct cairn_why *why)
{
    struct cairn_fat *fs = node->fs;
    fat_enter(fs);
    enum cairn_err err = CAIRN_OK;
    stat_entry(fs, &node->entry, stat);
    stat->id = node->id;
    if (node->is_root && fs->geo.root_sectors) {
        stat->allocated = (uint64_t)fs->geo.root_sectors * fs->geo.sector_bytes;
    } else if (stat->is_directory || node->clusters != FAT_CLUSTERS_UNKNOWN) {
        err = fat_chain_measure(node, why);
        if (!err) stat->allocated = (uint64_t)node->clusters * fs->geo.cluster_bytes;
    }
    return fat_leave(fs, err);
}

static void stat_apply(struct cairn_fat_node *node, const struct cairn_fat_stat *stat,
                       uint32_t which)
{
    struct fat_dirent *entry = &node->entry;
    int32_t offset = node->fs->utc_offset_min;
    uint16_t time;
    uint8_t tenths;
    if (which & CAIRN_FAT_SET_ATTRIBUTES) {
        entry->attributes = (uint8_t)((entry->attributes & ~CAIRN_FAT_ATTR_SETTABLE) |
                                      (stat->attributes & CAIRN_FAT_ATTR_SETTABLE));
    }
    if (which & CAIRN_FAT_SET_MODIFIED)
        fat_time_encode(stat->modified_ns, offset, &entry->modified_date, &entry->modified_time,
                        &tenths);
    if (which & CAIRN_FAT_SET_CREATED)
        fat_time_encode(stat->created_ns, offset, &entry->created_date, &entry->created_time,
                        &entry->created_tenths);
    if (which & CAIRN_FAT_SET_ACCESSED)
        fat_time_encode(stat->accessed_ns, offset, &entry->accessed_date, &time, &tenths);
}

enum cairn_err cairn_fat_stat_set(struct cairn_fat_node *node, const struct cairn_fat_stat *stat,
                                  uint32_t which, struct cairn_why *why)
{
    fat_enter(node->fs);
    enum cairn_err err = CAIRN_OK;
    if (node->is_root) err = cairn_why_fail(why, CAIRN_EPERM, "the root directory has no entry");
    if (!err) err = fat_begin(node->fs, why);
    if (!err) {
        struct fat_dirent before = node->entry;
        stat_apply(node, stat, which);
        err = fat_node_store(node, FAT_STAGE_ADD, why);
        if (err) node->entry = before;
    }
    return fat_leave_changed(node->fs, err, why);
}

/* What is told of an entry that was found. */
static void entry_tell(struct cairn_fat_node *dir, const struct fat_found *found,
                       struct cairn_fat_entry *entry)
{
    struct cairn_fat *fs = dir->fs;
    struct fat_name alias;
    const struct cairn_fat_node *node = fat_node_peek(fs, dir, found->slot);
    entry->next = (uint64_t)found->slot + 1;
    stat_entry(fs, node ? &node->entry : &found->entry, &entry->stat);
    if (node) entry->stat.id = node->id;
    entry->name_len = (uint32_t)fat_name_to_utf8(&found->name, entry->name);
    fat_short_to_name(found->entry.raw, 0, fs->codepage, &alias);
    (void)fat_name_to_utf8(&alias, entry->alias);
}

enum cairn_err cairn_fat_list(struct cairn_fat_node *dir, uint64_t cursor,
                              struct cairn_fat_entry *entry, struct cairn_why *why)
{
    struct fat_found found;
    found.slot = 0;
    found.has_long = false;
    fat_enter(dir->fs);
    enum cairn_err err = fat_dir_check(dir, why);
    if (!err && cursor >= FAT_DIR_SLOTS_MAX) err = CAIRN_ENOENT;
    if (!err) err = fat_dir_next(dir, (uint32_t)cursor, false, &found, why);
    if (!err && !found.has_long) /* a new name's slots may begin before the cursor */
        err = fat_dir_read(dir, found.slot, &found, why);
    if (!err) entry_tell(dir, &found, entry);
    return fat_leave(dir->fs, err);
}

enum cairn_err cairn_fat_find(struct cairn_fat_node *dir, const char *name, size_t len,
                              struct cairn_fat_entry *entry, struct cairn_why *why)
{
    struct fat_name wanted;
    struct fat_found found;
    fat_enter(dir->fs);
    enum cairn_err err = fat_dir_check(dir, why);
    if (!err) err = fat_name_parse(name, len, false, &wanted, why);
    if (!err) err = fat_op_find(dir, &wanted, &found, why);
    if (!err) entry_tell(dir, &found, entry);
    return fat_leave(dir->fs, err);
}
