/* SPDX-License-Identifier: ISC */
/* Open files: a node and a position. */
#include "ops.h"

static enum cairn_err open_existing(struct cairn_fat_node *node, uint32_t flags,
                                    struct cairn_why *why)
{
    if ((flags & CAIRN_FAT_OPEN_CREATE) && (flags & CAIRN_FAT_OPEN_EXCLUSIVE))
        return cairn_why_fail(why, CAIRN_EEXIST, "create the file");
    fat_enter(node->fs);
    bool is_dir = fat_node_is_dir(node), has_bytes = node->entry.size != 0;
    cairn_lock_drop(&node->fs->lock);
    if (is_dir) return cairn_why_fail(why, CAIRN_EISDIR, "open as a file");
    if ((flags & CAIRN_FAT_OPEN_WRITE) && node->fs->read_only)
        return cairn_why_fail(why, CAIRN_EROFS, "open for writing");
    if ((flags & CAIRN_FAT_OPEN_TRUNCATE) && has_bytes) return cairn_fat_truncate(node, 0, why);
    return CAIRN_OK;
}

/* Look the last segment up in dir, or make it. */
static enum cairn_err open_in(struct cairn_fat_node *dir, const char *name, size_t len,
                              uint32_t flags, struct cairn_fat_node **node, struct cairn_why *why)
{
    enum cairn_err err = cairn_fat_lookup(dir, name, len, node, why);
    if (err == CAIRN_ENOENT && (flags & CAIRN_FAT_OPEN_CREATE)) {
        err = cairn_fat_create(dir, name, len, node, why);
        if (err != CAIRN_EEXIST) return err;
        err = cairn_fat_lookup(dir, name, len, node, why); /* another thread made it just now */
    }
    if (err) return err;
    err = open_existing(*node, flags, why);
    if (err) cairn_fat_release(*node);
    return err;
}

enum cairn_err cairn_fat_open(struct cairn_fat *fs, const char *path, size_t len, uint32_t flags,
                              struct cairn_fat_file *file, struct cairn_why *why)
{
    struct cairn_fat_node *dir;
    const char *name;
    size_t name_len;
    if ((flags & ~CAIRN_FAT_OPEN_WRITE) && !(flags & CAIRN_FAT_OPEN_WRITE))
        return cairn_why_fail(why, CAIRN_EINVAL, "open: these flags need CAIRN_FAT_OPEN_WRITE");
    enum cairn_err err = cairn_fat_walk_parent(fs, path, len, &dir, &name, &name_len, why);
    if (err) return err;
    *file = (struct cairn_fat_file){ .flags = flags };
    err = open_in(dir, name, name_len, flags, &file->node, why);
    cairn_fat_release(dir);
    if (err) cairn_why_path(why, path, len);
    return err;
}

enum cairn_err cairn_fat_close(struct cairn_fat_file *file, struct cairn_why *why)
{
    struct cairn_fat *fs = file->node->fs;
    cairn_fat_release(file->node); /* first: it may free clusters */
    file->node = NULL;
    bool syncs = (file->flags & CAIRN_FAT_OPEN_WRITE) && fs->policy.sync != CAIRN_FAT_SYNC_ASKED;
    return syncs ? cairn_fat_sync(fs, why) : CAIRN_OK;
}

enum cairn_err cairn_fat_file_read(struct cairn_fat_file *file, void *buf, size_t bytes,
                                   size_t *done, struct cairn_why *why)
{
    enum cairn_err err = cairn_fat_read(file->node, file->at, buf, bytes, done, why);
    file->at += *done;
    return err;
}

static uint64_t file_size(const struct cairn_fat_file *file)
{
    fat_enter(file->node->fs);
    uint64_t size = file->node->entry.size;
    cairn_lock_drop(&file->node->fs->lock);
    return size;
}

enum cairn_err cairn_fat_file_write(struct cairn_fat_file *file, const void *buf, size_t bytes,
                                    size_t *done, struct cairn_why *why)
{
    *done = 0;
    if (!(file->flags & CAIRN_FAT_OPEN_WRITE))
        return cairn_why_fail(why, CAIRN_EBADF, "write to a file that was opened for reading");
    enum cairn_err err = file->flags & CAIRN_FAT_OPEN_APPEND
                             ? fat_file_append(file->node, buf, bytes, &file->at, done, why)
                             : cairn_fat_write(file->node, file->at, buf, bytes, done, why);
    file->at += *done;
    return err;
}

enum cairn_err cairn_fat_file_seek(struct cairn_fat_file *file, int64_t offset,
                                   enum cairn_fat_whence whence, uint64_t *at,
                                   struct cairn_why *why)
{
    uint64_t base = whence == CAIRN_FAT_SEEK_SET   ? 0
                    : whence == CAIRN_FAT_SEEK_CUR ? file->at
                                                   : file_size(file);
    uint64_t back = offset < 0 ? 0 - (uint64_t)offset : 0;
    uint64_t forth = offset > 0 ? (uint64_t)offset : 0;
    if (back > base || forth > (uint64_t)INT64_MAX - base)
        return cairn_why_fail(why, CAIRN_EINVAL, "seek to a place before the file's start");
    file->at = base - back + forth;
    if (at) *at = file->at;
    return CAIRN_OK;
}
