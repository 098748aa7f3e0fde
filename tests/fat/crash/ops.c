/* SPDX-License-Identifier: ISC */
#include "promise.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The end of a file, or its beginning. */
static enum cairn_err file_write(const struct op *op, struct cairn_fat *fs,
                                 const struct promise *promise, struct cairn_why *why)
{
    uint8_t buf[OP_WRITE_MAX]; /* another write may be done while this one waits for a flush */
    struct cairn_fat_file file;
    const struct thing *thing = promise_at(promise, op->path);
    uint32_t bytes = op_bytes(op, promise->cluster_bytes), end = thing_size(thing);
    uint32_t flags = CAIRN_FAT_OPEN_WRITE;
    size_t done;
    if (op->kind == OP_APPEND)
        flags |= CAIRN_FAT_OPEN_CREATE | CAIRN_FAT_OPEN_APPEND;
    else
        bytes = end = end < OP_REWRITE_BYTES ? end : OP_REWRITE_BYTES;
    for (uint32_t i = 0; i < bytes; i++)
        buf[i] = thing_byte(thing, end - bytes + i);
    enum cairn_err err = cairn_fat_open(fs, op->path, strlen(op->path), flags, &file, why);
    if (err) return err;
    err = cairn_fat_file_write(&file, buf, bytes, &done, why);
    enum cairn_err closed = cairn_fat_close(&file, why);
    return err ? err : closed;
}

static enum cairn_err resize(const struct op *op, struct cairn_fat *fs, uint32_t bytes,
                             struct cairn_why *why)
{
    struct cairn_fat_node *node;
    enum cairn_err err = cairn_fat_walk(fs, op->path, strlen(op->path), &node, why);
    if (err) return err;
    err = op->kind == OP_RESIZE ? cairn_fat_truncate(node, bytes, why)
                                : cairn_fat_allocate(node, bytes, why);
    cairn_fat_release(node);
    return err;
}

static enum cairn_err rename_to(const struct op *op, struct cairn_fat *fs,
                                struct cairn_fat_node *dir, const char *name, size_t len,
                                struct cairn_why *why)
{
    struct cairn_fat_node *to_dir;
    const char *to;
    size_t to_len;
    enum cairn_err err =
        cairn_fat_walk_parent(fs, op->to, strlen(op->to), &to_dir, &to, &to_len, why);
    if (err) return err;
    err = cairn_fat_rename(dir, name, len, to_dir, to, to_len, 0, why);
    cairn_fat_release(to_dir);
    return err;
}

static enum cairn_err change_name(const struct op *op, struct cairn_fat *fs, struct cairn_why *why)
{
    struct cairn_fat_node *dir, *node = NULL;
    const char *name;
    size_t len;
    enum cairn_err err =
        cairn_fat_walk_parent(fs, op->path, strlen(op->path), &dir, &name, &len, why);
    if (err) return err;
    if (op->kind == OP_RENAME)
        err = rename_to(op, fs, dir, name, len, why);
    else if (op->kind == OP_REMOVE)
        err = cairn_fat_remove(dir, name, len, why);
    else
        err = cairn_fat_mkdir(dir, name, len, &node, why);
    if (node) cairn_fat_release(node);
    cairn_fat_release(dir);
    return err;
}

/* The first tick sees that nothing changes any more, the second for how long. */
static enum cairn_err idle(struct cairn_fat *fs, struct cairn_clock_mono_fixed *timer,
                           struct cairn_why *why)
{
    enum cairn_err err = cairn_fat_tick(fs, why);
    timer->ns += 60 * (uint64_t)CAIRN_NS_PER_SEC;
    return err ? err : cairn_fat_tick(fs, why);
}

enum cairn_err op_do(const struct op *op, struct cairn_fat *fs, struct op_scene *scene,
                     struct cairn_why *why)
{
    switch (op->kind) {
    case OP_APPEND:
    case OP_REWRITE:
        return file_write(op, fs, scene->promise, why);
    case OP_RESIZE:
    case OP_RESERVE:
        return resize(op, fs, op_bytes(op, scene->promise->cluster_bytes), why);
    case OP_REMOVE:
    case OP_RENAME:
    case OP_MKDIR:
        return change_name(op, fs, why);
    case OP_LABEL:
        return cairn_fat_label_set(fs, op->path, strlen(op->path), why);
    case OP_HOLD:
        return cairn_fat_walk(fs, op->path, strlen(op->path), &scene->held, why);
    case OP_LET_GO:
        cairn_fat_release(scene->held);
        scene->held = NULL;
        return CAIRN_OK;
    case OP_SYNC:
        return cairn_fat_sync(fs, why);
    case OP_IDLE:
        return idle(fs, scene->timer, why);
    }
    abort();
}

void op_text(const struct op *op, char *text, size_t bytes)
{
    static const char *const words[] = { "append", "resize", "reserve", "rewrite",
                                         "remove", "rename", "mkdir",   "label",
                                         "hold",   "let go", "sync",    "idle" };
    int at = snprintf(text, bytes, "%s", words[op->kind]);
    if (op->path) at += snprintf(text + at, bytes - (size_t)at, " '%s'", op->path);
    if (op->to) at += snprintf(text + at, bytes - (size_t)at, " to '%s'", op->to);
    if (op->kind <= OP_RESERVE)
        snprintf(text + at, bytes - (size_t)at, " %u clusters %+d", op->clusters, op->more);
}
