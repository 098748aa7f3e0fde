/* SPDX-License-Identifier: ISC */
#include "put.h"

#include "aside.h"
#include <cairn/bytes.h>
#include <cairn/text.h>
#include <stdlib.h>
#include <string.h>

#define TEMP_TRIES 1000u

enum cairn_err img_put_begin(struct img_put *put, struct cairn_fat *fs,
                             const struct cairn_image_copy_options *options,
                             struct cairn_image_copy_result *result, struct cairn_why *why)
{
    *put = (struct img_put){ .fs = fs, .options = options, .result = result };
    put->buf = malloc(IMG_PUT_BYTES);
    return put->buf ? CAIRN_OK : cairn_why_fail(why, CAIRN_ENOMEM, "copy");
}

void img_put_end(struct img_put *put)
{
    free(put->buf);
}

/* ---- room ---------------------------------------------------------------------------------- */

void img_put_expect(struct img_put *put, uint64_t size)
{
    put->total += size;
    put->clusters += cairn_div_up(size, cairn_fat_geometry(put->fs)->cluster_bytes);
}

enum cairn_err img_put_room(struct img_put *put, struct cairn_why *why)
{
    struct cairn_fat_usage usage;
    enum cairn_err err = cairn_fat_usage(put->fs, &usage, why);
    if (err || put->clusters <= usage.free_clusters) return err;
    uint64_t missing = (put->clusters - usage.free_clusters) * usage.cluster_bytes;
    err = cairn_why_fail(why, CAIRN_ENOSPC, "%llu bytes are missing for all of it",
                         (unsigned long long)missing);
    cairn_why_hint(why, "what is replaced counts until the copy is whole; remove something first");
    return err;
}

/* ---- where to ------------------------------------------------------------------------------ */

char *img_base_name(const char *path)
{
    size_t end = strlen(path);
    while (end > 0 && path[end - 1] == '/')
        end--;
    size_t start = end;
    while (start > 0 && path[start - 1] != '/')
        start--;
    char *base = strndup(path + start, end - start);
    if (base && (strcmp(base, ".") == 0 || strcmp(base, "..") == 0)) base[0] = '\0';
    return base;
}

static bool is_directory(struct cairn_fat_node *node)
{
    struct cairn_fat_stat stat;
    return cairn_fat_stat(node, &stat, NULL) == CAIRN_OK && stat.is_directory;
}

/* path itself, which is a file or not there. */
static enum cairn_err target_itself(struct cairn_fat *fs, const char *path,
                                    struct img_target *target, struct cairn_why *why)
{
    size_t len = strlen(path);
    if (path[len - 1] == '/') {
        enum cairn_err err = cairn_why_fail(why, CAIRN_ENOTDIR, "copy into it");
        cairn_why_path(why, path, len);
        cairn_why_hint(why, "`cairn mkdir` makes a directory");
        return err;
    }
    return cairn_fat_walk_parent(fs, path, len, &target->dir, &target->name, &target->name_len,
                                 why);
}

enum cairn_err img_target_find(struct cairn_fat *fs, const char *path, const char *base,
                               struct img_target *target, struct cairn_why *why)
{
    struct cairn_fat_node *node;
    enum cairn_err err = cairn_fat_walk(fs, path, strlen(path), &node, why);
    if (err && err != CAIRN_ENOENT) return err;
    if (!err && is_directory(node)) {
        *target = (struct img_target){ .dir = node, .name = base, .name_len = strlen(base) };
        return CAIRN_OK;
    }
    if (!err) cairn_fat_release(node);
    return target_itself(fs, path, target, why);
}

/* ---- a file -------------------------------------------------------------------------------- */

static bool progress(struct img_put *put, size_t bytes)
{
    put->done += bytes;
    return !put->options->progress || put->options->progress(put->options->ctx, put->done,
                                                             cairn_max_u64(put->total, put->done));
}

static enum cairn_err contents_write(struct img_put *put, struct cairn_fat_node *node,
                                     const struct img_file *file, struct cairn_why *why)
{
    const struct img_feed *feed = &file->feed;
    for (uint64_t at = 0;;) {
        size_t got = 0, done = 0;
        enum cairn_err err = feed->read(feed->ctx, at, put->buf, IMG_PUT_BYTES, &got, why);
        if (err) return err;
        if (got > 0) err = cairn_fat_write(node, at, put->buf, got, &done, why);
        if (err) return err;
        at += got;
        if (!progress(put, got)) return cairn_why_fail(why, CAIRN_ECANCELED, "copy");
        if (got == IMG_PUT_BYTES) continue;
        if (file->size == UINT64_MAX || at == file->size) return CAIRN_OK;
        return cairn_why_fail(why, CAIRN_ESTALE, "its size changed while it was read");
    }
}

static enum cairn_err file_fill(struct img_put *put, struct cairn_fat_node *node,
                                const struct img_file *file, struct cairn_why *why)
{
    enum cairn_err err = CAIRN_OK;
    if (file->size != UINT64_MAX && file->size > 0) err = cairn_fat_allocate(node, file->size, why);
    if (!err) err = contents_write(put, node, file, why);
    if (!err && file->which) err = cairn_fat_stat_set(node, &file->stat, file->which, why);
    return err;
}

/* Make, fill, and take away again when that fails. */
static enum cairn_err file_make(struct img_put *put, struct cairn_fat_node *dir, const char *name,
                                size_t name_len, const struct img_file *file, struct cairn_why *why)
{
    struct cairn_fat_node *node;
    enum cairn_err err = cairn_fat_create(dir, name, name_len, &node, why);
    if (err) return err;
    err = file_fill(put, node, file, why);
    if (err) {
        enum cairn_err ignored = cairn_fat_remove(dir, name, name_len, NULL);
        (void)ignored;
    }
    cairn_fat_release(node);
    return err;
}

enum cairn_err img_temp_name(struct cairn_fat_node *dir, struct cairn_text *name,
                             struct cairn_why *why)
{
    char *buf = name->at;
    size_t cap = name->cap;
    for (uint32_t i = 0; i < TEMP_TRIES; i++) {
        struct cairn_fat_node *node;
        cairn_text_init(name, buf, cap);
        cairn_text_fmt(name, "cairn%u.tmp", i);
        enum cairn_err err = cairn_fat_lookup(dir, name->at, name->len, &node, NULL);
        if (err == CAIRN_ENOENT) return CAIRN_OK;
        if (err) return err;
        cairn_fat_release(node);
    }
    return cairn_why_fail(why, CAIRN_EEXIST, "find a name for a temporary file");
}

static enum cairn_err file_replace(struct img_put *put, const struct img_target *target,
                                   const struct img_file *file, struct cairn_why *why)
{
    char buf[32];
    struct cairn_text temp;
    cairn_text_init(&temp, buf, sizeof buf);
    enum cairn_err err = img_temp_name(target->dir, &temp, why);
    if (!err) err = file_make(put, target->dir, temp.at, temp.len, file, why);
    if (err) return err;
    err = cairn_fat_rename(target->dir, temp.at, temp.len, target->dir, target->name,
                           target->name_len, 0, why);
    if (!err) return CAIRN_OK;
    enum cairn_err ignored = cairn_fat_remove(target->dir, temp.at, temp.len, NULL);
    (void)ignored;
    return err;
}

static enum cairn_err replace_check(struct img_put *put, struct cairn_fat_node *old,
                                    struct cairn_why *why)
{
    struct cairn_fat_stat stat;
    enum cairn_err err = cairn_fat_stat(old, &stat, why);
    if (err) return err;
    if (stat.is_directory)
        return cairn_why_fail(why, CAIRN_EISDIR, "replace a directory by a file");
    if (put->options->no_replace) return cairn_why_fail(why, CAIRN_EEXIST, "copy");
    return CAIRN_OK;
}

static enum cairn_err file_put(struct img_put *put, const struct img_target *target,
                               const struct img_file *file, struct cairn_why *why)
{
    struct cairn_fat_node *old;
    enum cairn_err err = cairn_fat_lookup(target->dir, target->name, target->name_len, &old, why);
    if (err == CAIRN_ENOENT)
        err = file_make(put, target->dir, target->name, target->name_len, file, why);
    else if (!err) {
        err = replace_check(put, old, why);
        cairn_fat_release(old);
        if (!err) err = file_replace(put, target, file, why);
    }
    return err;
}

enum cairn_err img_put_file(struct img_put *put, const struct img_target *target,
                            const struct img_file *file, struct cairn_why *why)
{
    struct img_aside aside;
    enum cairn_err err = img_aside_begin(&aside, target, NULL, why);
    if (err) return err;
    err = img_aside_end(&aside, file_put(put, target, file, why), why);
    if (err) return err;
    put->result->files++;
    if (file->size != UINT64_MAX) put->result->bytes += file->size;
    return CAIRN_OK;
}

/* ---- a directory --------------------------------------------------------------------------- */

static enum cairn_err directory_put(struct img_put *put, const struct img_target *target,
                                    struct cairn_fat_node **node, struct cairn_why *why)
{
    enum cairn_err err = cairn_fat_lookup(target->dir, target->name, target->name_len, node, why);
    if (err == CAIRN_ENOENT) {
        err = cairn_fat_mkdir(target->dir, target->name, target->name_len, node, why);
        if (!err) put->result->directories++;
        return err;
    }
    if (err || is_directory(*node)) return err;
    cairn_fat_release(*node);
    return cairn_why_fail(why, CAIRN_ENOTDIR, "replace a file by a directory");
}

enum cairn_err img_put_directory(struct img_put *put, const struct img_target *target,
                                 struct cairn_fat_node **node, struct cairn_why *why)
{
    struct img_aside aside;
    /* "" where the contents of a folder go straight into a directory. */
    if (target->name_len == 0) {
        *node = cairn_fat_hold(target->dir);
        return CAIRN_OK;
    }
    enum cairn_err err = img_aside_begin(&aside, target, NULL, why);
    if (err) return err;
    enum cairn_err put_err = directory_put(put, target, node, why);
    err = img_aside_end(&aside, put_err, why);
    if (err && !put_err) cairn_fat_release(*node);
    return err;
}
