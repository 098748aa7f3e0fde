/* SPDX-License-Identifier: ISC */
#include "script.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static uint8_t pattern(uint8_t seed, uint32_t at)
{
    return (uint8_t)(seed * 37u + at * 11u + at / 512u);
}

/* ---- what the files are ---------------------------------------------------------------------- */

static struct script_file *file_find(struct script_file *files, const char *path)
{
    for (size_t i = 0; i < SCRIPT_FILES; i++)
        if (files[i].path && strcmp(files[i].path, path) == 0) return &files[i];
    return NULL;
}

static struct script_file *file_new(struct script *script, const char *path)
{
    struct script_file *file = script->now;
    while (file->path)
        file++;
    *file = (struct script_file){ .path = path, .seed = ++script->seeds };
    return file;
}

/* The name that the renames since the sync gave the file. */
static const char *last_name(const struct script_file *file)
{
    const char *name = file->path;
    for (size_t i = 0; i < SCRIPT_MOVES && file->moved[i]; i++)
        name = file->moved[i];
    return name;
}

/* Is it this path, or anywhere below it? */
static bool is_at(const char *at, const char *path)
{
    size_t len = strlen(path);
    return at && strncmp(at, path, len) == 0 && (!at[len] || at[len] == '/');
}

/* Whatever was synced there may be gone. */
static void touch(struct script *script, const char *path)
{
    for (size_t i = 0; i < SCRIPT_FILES; i++)
        if (is_at(last_name(&script->synced[i]), path)) script->synced[i].touched = true;
}

/* A directory moved: its files are not followed. */
static void lose(struct script *script, const char *path)
{
    touch(script, path);
    for (size_t i = 0; i < SCRIPT_FILES; i++)
        if (is_at(script->now[i].path, path)) script->now[i].path = NULL;
}

static void move_note(struct script_file *file, const char *to)
{
    size_t i = 0;
    while (i < SCRIPT_MOVES && file->moved[i])
        i++;
    if (i < SCRIPT_MOVES) file->moved[i] = to;
}

static void moved(struct script *script, const char *from, const char *to)
{
    struct script_file *file = file_find(script->now, from);
    touch(script, to);
    for (size_t i = 0; file && i < SCRIPT_FILES; i++) {
        struct script_file *old = &script->synced[i];
        if (old->path && old->seed == file->seed) move_note(old, to);
    }
    if (!file) lose(script, from);
    struct script_file *victim = file_find(script->now, to);
    if (victim && victim != file) victim->path = NULL;
    if (file) file->path = to;
    script->renamed = true;
    if (strcasecmp(from, to) == 0) script->recased = true;
}

static void synced(struct script *script)
{
    memcpy(script->synced, script->now, sizeof script->now);
    script->renamed = script->recased = script->labelled = false;
}

/* ---- the steps ------------------------------------------------------------------------------- */

static enum cairn_err step_write(struct script *script, struct cairn_fat *fs,
                                 const struct script_step *step, struct cairn_why *why)
{
    struct cairn_fat_file file;
    struct script_file *known = file_find(script->now, step->path);
    uint32_t flags = CAIRN_FAT_OPEN_WRITE | CAIRN_FAT_OPEN_CREATE | CAIRN_FAT_OPEN_APPEND;
    size_t done = 0;
    touch(script, step->path);
    if (!known) known = file_new(script, step->path);
    uint8_t *bytes = malloc(step->bytes + 1u);
    for (uint32_t i = 0; i < step->bytes; i++)
        bytes[i] = pattern(known->seed, known->size + i);
    enum cairn_err err = cairn_fat_open(fs, step->path, strlen(step->path), flags, &file, why);
    if (!err) {
        err = cairn_fat_file_write(&file, bytes, step->bytes, &done, why);
        enum cairn_err closed = cairn_fat_close(&file, why);
        err = err ? err : closed;
    }
    free(bytes);
    known->size += (uint32_t)done;
    return err;
}

static enum cairn_err step_resize(struct script *script, struct cairn_fat *fs,
                                  const struct script_step *step, struct cairn_why *why)
{
    struct cairn_fat_node *node;
    struct script_file *known = file_find(script->now, step->path);
    if (step->op == SCRIPT_CUT && (!known || known->size < step->bytes)) return CAIRN_OK;
    enum cairn_err err = cairn_fat_walk(fs, step->path, strlen(step->path), &node, why);
    if (err) return err;
    if (step->op == SCRIPT_CUT) {
        touch(script, step->path);
        err = cairn_fat_truncate(node, step->bytes, why);
        if (!err) known->size = step->bytes;
    } else {
        err = cairn_fat_allocate(node, step->bytes, why);
    }
    cairn_fat_release(node);
    return err;
}

static enum cairn_err step_rename(struct script *script, struct cairn_fat *fs,
                                  const struct script_step *step, struct cairn_why *why)
{
    struct cairn_fat_node *from_dir, *to_dir;
    const char *from, *to;
    size_t from_len, to_len;
    enum cairn_err err =
        cairn_fat_walk_parent(fs, step->path, strlen(step->path), &from_dir, &from, &from_len, why);
    if (err) return err;
    err = cairn_fat_walk_parent(fs, step->to, strlen(step->to), &to_dir, &to, &to_len, why);
    if (!err) {
        moved(script, step->path, step->to);
        err = cairn_fat_rename(from_dir, from, from_len, to_dir, to, to_len, 0, why);
        cairn_fat_release(to_dir);
    }
    cairn_fat_release(from_dir);
    return err;
}

/* Remove, or make a directory. */
static enum cairn_err step_name(struct script *script, struct cairn_fat *fs,
                                const struct script_step *step, struct cairn_why *why)
{
    struct cairn_fat_node *dir, *node;
    const char *name;
    size_t len;
    enum cairn_err err =
        cairn_fat_walk_parent(fs, step->path, strlen(step->path), &dir, &name, &len, why);
    if (err) return err;
    if (step->op == SCRIPT_REMOVE) {
        struct script_file *known = file_find(script->now, step->path);
        touch(script, step->path);
        if (known) known->path = NULL;
        err = cairn_fat_remove(dir, name, len, why);
    } else {
        err = cairn_fat_mkdir(dir, name, len, &node, why);
        if (!err) cairn_fat_release(node);
    }
    cairn_fat_release(dir);
    return err;
}

static enum cairn_err step_run(struct script *script, struct cairn_fat *fs,
                               const struct script_step *step, struct cairn_why *why)
{
    enum cairn_err err;
    switch (step->op) {
    case SCRIPT_WRITE:
        return step_write(script, fs, step, why);
    case SCRIPT_CUT:
    case SCRIPT_RESERVE:
        return step_resize(script, fs, step, why);
    case SCRIPT_RENAME:
        return step_rename(script, fs, step, why);
    case SCRIPT_REMOVE:
    case SCRIPT_MKDIR:
        return step_name(script, fs, step, why);
    case SCRIPT_LABEL:
        script->labelled = true;
        return cairn_fat_label_set(fs, step->path, strlen(step->path), why);
    case SCRIPT_SYNC:
        err = cairn_fat_sync(fs, why);
        if (!err) synced(script);
        return err;
    case SCRIPT_END:
        break;
    }
    return CAIRN_OK;
}

/* A step failed: what its files hold now is open. */
static void forget(struct script *script, const char *path)
{
    struct script_file *file = path ? file_find(script->now, path) : NULL;
    if (file) file->open = true;
}

/* Is all that was done durable after this step, by the volume's policy? */
static bool is_synced_by(enum cairn_fat_sync_policy policy, enum script_op op)
{
    return policy == CAIRN_FAT_SYNC_AT_ONCE ||
           (policy == CAIRN_FAT_SYNC_ON_CLOSE && op == SCRIPT_WRITE);
}

enum cairn_err script_run(struct script *script, struct cairn_fat *fs,
                          const struct script_step *steps, struct cairn_why *why)
{
    for (; steps->op != SCRIPT_END; steps++) {
        enum cairn_err err = step_run(script, fs, steps, why);
        if (!err && is_synced_by(script->sync, steps->op)) synced(script);
        if (!err) continue;
        forget(script, steps->path);
        forget(script, steps->to);
        return err;
    }
    return CAIRN_OK;
}

/* ---- afterwards ------------------------------------------------------------------------------ */

static bool is_whole(struct cairn_fat *fs, const char *path, const struct script_file *file)
{
    struct cairn_fat_node *node;
    size_t done = 0;
    uint32_t same = 0;
    if (cairn_fat_walk(fs, path, strlen(path), &node, NULL)) return false;
    uint8_t *buf = malloc(file->size + 1u);
    enum cairn_err err = cairn_fat_read(node, 0, buf, file->size + 1u, &done, NULL);
    cairn_fat_release(node);
    while (!err && same < done && buf[same] == pattern(file->seed, same))
        same++;
    free(buf);
    return !err && done == file->size && same == done;
}

bool script_survives(const struct script *script, struct cairn_fat *fs, const char **what)
{
    for (size_t i = 0; i < SCRIPT_FILES; i++) {
        const struct script_file *file = &script->synced[i];
        if (!file->path || file->touched || file->open) continue;
        bool whole = is_whole(fs, file->path, file);
        for (size_t move = 0; !whole && move < SCRIPT_MOVES && file->moved[move]; move++)
            whole = is_whole(fs, file->moved[move], file);
        if (whole) continue;
        *what = file->path;
        return false;
    }
    return true;
}
