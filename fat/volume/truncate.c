/* SPDX-License-Identifier: ISC */
/* The size of a file, and clusters reserved beyond it. */
#include "ops.h"

/* Said with the new size, so not by a call that fails. */
static void file_changed(struct cairn_fat_node *file)
{
    (void)fat_node_touch(file);
    file->entry.attributes |= CAIRN_FAT_ARCHIVE;
}

static enum cairn_err file_shrink(struct cairn_fat_node *file, uint32_t size, struct cairn_why *why)
{
    struct fat_dir_cursor slot; /* at hand first: once the cut is noted, the sync frees clusters */
    enum cairn_err err = fat_node_pin(file, &slot, why);
    if (err) return err;
    err = fat_chain_cut(file, fat_clusters_for(file->fs, size), why);
    if (err) {
        fat_dir_cursor_done(&slot);
        return err;
    }
    file->entry.size = size;
    file->written = 0;
    file_changed(file);
    fat_node_put(file, &slot, FAT_STAGE_REMOVE);
    return CAIRN_OK;
}

static enum cairn_err file_extend(struct cairn_fat_node *file, uint32_t size, struct cairn_why *why)
{
    enum cairn_err err = fat_chain_grow_whole(file, fat_clusters_for(file->fs, size), why);
    if (!err) err = fat_file_zero(file, file->entry.size, size, why);
    if (err) return err;
    struct fat_dirent before = file->entry;
    file->entry.size = size;
    file_changed(file);
    err = fat_node_store(file, FAT_STAGE_ADD, why);
    if (err) file->entry = before;
    return err;
}

enum cairn_err fat_file_resize(struct cairn_fat_node *file, uint64_t size, struct cairn_why *why)
{
    if (fat_node_is_dir(file)) return cairn_why_fail(why, CAIRN_EISDIR, "truncate a directory");
    if (size > CAIRN_FAT_FILE_MAX)
        return cairn_why_fail(why, CAIRN_EFBIG, "a FAT file has at most 4294967295 bytes");
    if (size > file->entry.size) return file_extend(file, (uint32_t)size, why);
    return file_shrink(file, (uint32_t)size, why);
}

enum cairn_err cairn_fat_truncate(struct cairn_fat_node *file, uint64_t size, struct cairn_why *why)
{
    fat_enter(file->fs);
    fat_io_begin(file, true);
    enum cairn_err err = fat_begin(file->fs, why);
    if (!err) err = fat_file_resize(file, size, why);
    fat_io_end(file);
    return fat_leave_changed(file->fs, err, why);
}

static enum cairn_err allocate_locked(struct cairn_fat_node *file, uint64_t size,
                                      struct cairn_why *why)
{
    if (fat_node_is_dir(file)) return cairn_why_fail(why, CAIRN_EISDIR, "allocate to a directory");
    if (size > CAIRN_FAT_FILE_MAX)
        return cairn_why_fail(why, CAIRN_EFBIG, "a FAT file has at most 4294967295 bytes");
    enum cairn_err err = fat_begin(file->fs, why);
    if (err) return err;
    uint32_t start = file->entry.start;
    err = fat_chain_grow_whole(file, fat_clusters_for(file->fs, size), why);
    if (err || file->entry.start == start) return err;
    return fat_node_store(file, FAT_STAGE_ADD, why);
}

enum cairn_err cairn_fat_allocate(struct cairn_fat_node *file, uint64_t size, struct cairn_why *why)
{
    fat_enter(file->fs);
    return fat_leave_changed(file->fs, allocate_locked(file, size, why), why);
}
