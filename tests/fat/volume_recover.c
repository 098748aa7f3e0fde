/* SPDX-License-Identifier: ISC */
#include "volume_recover.h"

#include <cairn/fat_repair.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REPAIR_ENTRIES 4096u

/* ---- what was synced ------------------------------------------------------------------------- */

static uint64_t sum_of(const uint8_t *bytes, size_t len)
{
    uint64_t sum = len;
    for (size_t i = 0; i < len; i++)
        sum = (sum ^ bytes[i]) * UINT64_C(0x100000001B3);
    return sum;
}

/* Names from the root down, from the end of the buffer to its front. */
static void path_write(const struct model *node, char *path, size_t cap)
{
    char name[CAIRN_FAT_NAME_BYTES];
    size_t at = cap - 1;
    path[at] = 0;
    for (; node->parent; node = node->parent) {
        size_t len = fat_name_to_utf8(&node->name, name);
        if (len + 1 > at) break;
        at -= len;
        memcpy(path + at, name, len);
        path[--at] = '/';
    }
    if (node->parent) at = cap - 1;
    memmove(path, path + at, cap - at);
}

static struct synced_file *file_new(struct synced *synced)
{
    if (synced->count == synced->cap) {
        synced->cap = synced->cap * 2 + 64;
        synced->files = realloc(synced->files, synced->cap * sizeof *synced->files);
    }
    return &synced->files[synced->count++];
}

bool walk_sync(struct walk *w, struct synced *synced)
{
    enum cairn_err err = cairn_fat_sync(w->rig.fs, &w->rig.why);
    tape_note(w->tape, "sync: %s", cairn_err_name(err));
    if (!walk_wanted(w, "sync", err, CAIRN_OK)) return false;
    struct model *node = w->root;
    synced->count = 0;
    for (size_t i = 0; node; node = model_nth(w->root, ++i)) {
        if (node->is_directory) continue;
        struct synced_file *file = file_new(synced);
        *file =
            (struct synced_file){ .id = node->id, .changes = node->changes, .size = node->size };
        file->sum = sum_of(node->data, node->size);
        path_write(node, file->path, sizeof file->path);
    }
    return true;
}

static bool is_at_risk(const struct walk *w, const struct model *node)
{
    for (uint32_t i = 0; i < w->risks; i++)
        if (w->risk[i] == node->id || (node->parent && w->risk[i] == node->parent->id)) return true;
    return false;
}

/* Forget what was touched since, or is now, and what is at another place because a directory is. */
static void touched_forget(struct walk *w, struct synced *synced)
{
    char path[sizeof synced->files->path];
    for (size_t n = 0; n < synced->count; n++) {
        struct synced_file *file = &synced->files[n];
        struct model *node = w->root;
        for (size_t i = 0; node && node->id != file->id;)
            node = model_nth(w->root, ++i);
        if (node) path_write(node, path, sizeof path);
        if (!node || node->changes != file->changes || strcmp(path, file->path) != 0 ||
            is_at_risk(w, node))
            file->path[0] = 0;
    }
}

static bool file_is_whole(struct walk *w, const struct synced_file *file)
{
    struct cairn_fat_node *node;
    size_t done = 0;
    enum cairn_err err =
        cairn_fat_walk(w->rig.fs, file->path, strlen(file->path), &node, &w->rig.why);
    if (err) return tape_fail(w->tape, "synced, then gone: %s", file->path);
    uint8_t *buf = malloc(file->size + 1u);
    err = cairn_fat_read(node, 0, buf, file->size + 1u, &done, &w->rig.why);
    bool whole = !err && done == file->size && sum_of(buf, done) == file->sum;
    free(buf);
    cairn_fat_release(node);
    return whole || tape_fail(w->tape, "synced, then changed: %s, %zu bytes", file->path, done);
}

static bool all_are_whole(struct walk *w, struct synced *synced)
{
    for (size_t n = 0; n < synced->count; n++) {
        if (!synced->files[n].path[0]) continue;
        if (!file_is_whole(w, &synced->files[n])) return false;
        synced->survived++;
    }
    return true;
}

/* ---- repair ---------------------------------------------------------------------------------- */

static uint32_t choose_drawn(void *ctx, const struct cairn_blk_sim_choice *choice)
{
    uint32_t *state = ctx;
    *state = *state * 1664525u + 1013904223u;
    return (*state >> 16) % (choice->versions + 1);
}

static bool repaired(struct walk *w, enum cairn_fat_orphans orphans)
{
    struct cairn_blk *dev = &w->rig.dev.base;
    struct cairn_fat_repair_options options = { .orphans = orphans };
    struct cairn_fat_repair_result result;
    size_t bytes = cairn_fat_repair_mem(dev, REPAIR_ENTRIES, 0);
    void *mem = malloc(bytes);
    enum cairn_err err = cairn_fat_repair(dev, &options, mem, bytes, &result, &w->rig.why);
    free(mem);
    return walk_wanted(w, "repair", err, CAIRN_OK);
}

/* Where there is no room for found/, what is nobody's is freed. */
static bool is_mended(struct walk *w)
{
    if (!repaired(w, CAIRN_FAT_ORPHANS_KEEP)) return false;
    if (rig_check(&w->rig, CAIRN_FAT_MINOR)) return true;
    if (!repaired(w, CAIRN_FAT_ORPHANS_FREE)) return false;
    return rig_check(&w->rig, CAIRN_FAT_MINOR) || tape_fail(w->tape, "left: %s", w->rig.finding);
}

/* ---- a new model ----------------------------------------------------------------------------- */

static bool contents_adopt(struct walk *w, struct cairn_fat_node *file, struct model *model,
                           uint64_t size)
{
    size_t done = 0;
    model_truncate(model, (uint32_t)size);
    if (!size) return true;
    enum cairn_err err = cairn_fat_read(file, 0, model->data, (size_t)size, &done, &w->rig.why);
    return walk_wanted(w, "read", err, CAIRN_OK) && done == size;
}

static bool entry_adopt(struct walk *w, struct cairn_fat_node *dir, struct model *parent,
                        const struct cairn_fat_entry *entry)
{
    struct fat_name name;
    struct cairn_fat_node *node;
    const struct cairn_fat_stat *stat = &entry->stat;
    enum cairn_err err = fat_name_from_utf8(&name, entry->name, entry->name_len);
    if (!err) err = cairn_fat_lookup(dir, entry->name, entry->name_len, &node, &w->rig.why);
    if (err) return tape_fail(w->tape, "listed, not found: %s", entry->name);
    struct model *model = model_add(parent, &name, stat->is_directory, 0, 0);
    err = fat_name_from_utf8(&model->alias, entry->alias, strlen(entry->alias));
    model->attributes = stat->attributes;
    model->modified_ns = stat->modified_ns;
    model->created_ns = stat->created_ns;
    model->accessed_ns = stat->accessed_ns;
    bool adopted = !err && (stat->is_directory || contents_adopt(w, node, model, stat->size));
    cairn_fat_release(node);
    return adopted || tape_fail(w->tape, "cannot be read: %s", entry->name);
}

static bool dir_adopt(struct walk *w, struct model *dir)
{
    struct cairn_fat_entry *entry = malloc(sizeof *entry);
    struct cairn_fat_node *node;
    char path[4096];
    bool adopted = true;
    path_write(dir, path, sizeof path);
    enum cairn_err err = cairn_fat_walk(w->rig.fs, path, strlen(path), &node, &w->rig.why);
    if (err) return walk_wanted(w, "walk", err, CAIRN_OK);
    for (uint64_t at = 0; adopted && !cairn_fat_list(node, at, entry, NULL); at = entry->next)
        adopted = entry_adopt(w, node, dir, entry);
    cairn_fat_release(node);
    free(entry);
    return adopted;
}

/* Children go in front of those that were there, so that they come next in the order of a walk. */
static bool tree_adopt(struct walk *w)
{
    model_root_free(w->root);
    w->root = model_root();
    struct model *node = w->root;
    for (size_t i = 0; node; node = model_nth(w->root, ++i))
        if (node->is_directory && !dir_adopt(w, node)) return false;
    enum cairn_err err = cairn_fat_label(w->rig.fs, w->label, &w->rig.why);
    return walk_wanted(w, "label", err, CAIRN_OK);
}

/* ---- together -------------------------------------------------------------------------------- */

static bool mounts(struct walk *w)
{
    struct cairn_fat_options read_only = { .read_only = true };
    return walk_wanted(w, "mount after a cut", rig_mount_as(&w->rig, read_only), CAIRN_OK) &&
           walk_wanted(w, "unmount after a cut", rig_unmount(&w->rig), CAIRN_OK);
}

bool walk_recover(struct walk *w, struct synced *synced, uint32_t seed)
{
    for (size_t i = 0; i < WALK_HELD; i++)
        walk_drop(w, &w->held[i]);
    if (w->rig.fs) (void)!rig_unmount(&w->rig);
    touched_forget(w, synced);
    sim_restart(&w->rig.dev.sim, choose_drawn, &seed);
    if (!mounts(w) || !is_mended(w)) return false;
    if (!walk_wanted(w, "mount", rig_mount(&w->rig), CAIRN_OK)) return false;
    return all_are_whole(w, synced) && tree_adopt(w);
}
