/* SPDX-License-Identifier: ISC */
#include "scan.h"

#include "os.h"
#include <cairn/bytes.h>
#include <cairn/kv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

bool img_finds_add(struct img_finds *finds, const struct img_find *find)
{
    if (finds->count == finds->room) {
        if (finds->room > UINT32_MAX / 2) return false;
        uint32_t room = finds->room ? finds->room * 2 : 256;
        struct img_find *at = realloc(finds->at, room * sizeof *at);
        if (!at) return false;
        finds->at = at;
        finds->room = room;
    }
    finds->at[finds->count++] = *find;
    return true;
}

void img_scan_notice(struct img_scan *scan, enum cairn_image_policy taken, uint32_t node,
                     const char *leaf, const char *text)
{
    if (taken == CAIRN_IMAGE_ERROR) scan->refused = true;
    if (!scan->options->notice) return;
    char *path = img_tree_path(scan->tree, node, true, leaf);
    scan->options->notice(scan->options->ctx, taken, path ? path : leaf, text);
    free(path);
}

/* strcmp compares as unsigned char: raw bytes. */
static int by_source_name(const void *a, const void *b)
{
    const struct img_find *x = a, *y = b;
    return strcmp(x->node.source_name, y->node.source_name);
}

static void drop(struct img_scan *scan, uint32_t dir, struct img_find *find,
                 enum cairn_image_policy policy, const char *text)
{
    find->dropped = true;
    img_scan_notice(scan, policy == CAIRN_IMAGE_SKIP ? CAIRN_IMAGE_SKIP : CAIRN_IMAGE_ERROR, dir,
                    find->node.source_name, text);
}

/* Something of a kind that there is not. */
static void drop_kind(struct img_scan *scan, uint32_t dir, struct img_find *find,
                      enum cairn_image_policy policy, const char *what)
{
    char text[64];
    snprintf(text, sizeof text, "%s, which %s does not have", what,
             scan->options->keys ? "a store" : "FAT");
    drop(scan, dir, find, policy, text);
}

/* Drop what there is no form for. */
static void judge_kind(struct img_scan *scan, uint32_t dir, struct img_find *find)
{
    const struct cairn_image_source_options *options = scan->options;
    switch (find->kind) {
    case IMG_SYMLINK:
        drop_kind(scan, dir, find, options->on_symlink, "a symbolic link");
        break;
    case IMG_SPECIAL:
        drop_kind(scan, dir, find, options->on_special, find->what);
        break;
    case IMG_BROKEN:
        drop(scan, dir, find, CAIRN_IMAGE_ERROR, find->what);
        break;
    case IMG_FILE:
        if (find->node.size > scan->size_max)
            drop(scan, dir, find, options->on_large,
                 options->keys ? "larger than a value may be"
                               : "larger than 4 GiB - 1, FAT's limit");
        break;
    case IMG_DIRECTORY:
        break;
    }
}

/* A followed link to a folder that the link stands in would never end. */
static void judge_loop(struct img_scan *scan, uint32_t dir, struct img_find *find)
{
    if (!scan->tree->follows || find->kind != IMG_DIRECTORY) return;
    const struct img_node *nodes = scan->tree->nodes;
    for (uint32_t at = dir;; at = nodes[at].parent) {
        if (nodes[at].origin == find->node.origin && nodes[at].device == find->node.device) {
            drop(scan, dir, find, CAIRN_IMAGE_ERROR, "a link to a folder that it stands in");
            return;
        }
        if (at == 0) return;
    }
}

static enum cairn_err keep(struct img_scan *scan, uint32_t dir, struct cairn_why *why)
{
    struct cairn_image_tree *tree = scan->tree;
    uint32_t first = tree->count;
    for (uint32_t i = 0; i < scan->finds.count; i++) {
        struct img_find *find = &scan->finds.at[i];
        if (find->dropped) continue;
        find->node.parent = dir;
        find->node.is_directory = find->kind == IMG_DIRECTORY;
        if (!find->node.is_directory) find->node.attributes |= CAIRN_FAT_ARCHIVE;
        if (!img_tree_append(tree, &find->node)) return img_no_memory(why);
    }
    tree->nodes[dir].first_child = first;
    tree->nodes[dir].child_count = tree->count - first;
    return CAIRN_OK;
}

static enum cairn_err scan_directory(struct img_scan *scan, uint32_t dir, struct cairn_why *why)
{
    scan->finds.count = 0;
    enum cairn_err err = scan->source->list(scan->source, scan, dir, &scan->finds, why);
    if (err) return err;
    if (scan->finds.count)
        qsort(scan->finds.at, scan->finds.count, sizeof *scan->finds.at, by_source_name);
    for (uint32_t i = 0; i < scan->finds.count; i++) {
        judge_kind(scan, dir, &scan->finds.at[i]);
        judge_loop(scan, dir, &scan->finds.at[i]);
    }
    if (scan->options->keys)
        img_names_check(scan, dir);
    else
        err = img_names_settle(scan, dir, why);
    return err ? err : keep(scan, dir, why);
}

/* The array of nodes is the queue: what a directory holds is appended behind it. */
static enum cairn_err scan_all(struct img_scan *scan, struct cairn_why *why)
{
    for (uint32_t i = 0; i < scan->tree->count; i++) {
        if (!scan->tree->nodes[i].is_directory) continue;
        enum cairn_err err = scan_directory(scan, i, why);
        if (err) return err;
    }
    if (!scan->refused) return CAIRN_OK;
    return cairn_why_fail(why, CAIRN_ECANCELED, "the source holds what %s cannot store",
                          scan->options->keys ? "a store" : "FAT");
}

static enum cairn_err source_open(struct img_scan *scan, const char *path, struct cairn_why *why)
{
    struct stat st;
    if (scan->options->lines) return img_lines_open(&scan->source, scan, path, why);
    if (strcmp(path, "-") == 0) return img_archive_open(&scan->source, scan, path, why);
    if (stat(path, &st) != 0) return img_os_fail(why, path, "open");
    if (S_ISDIR(st.st_mode)) return img_folder_open(&scan->source, scan, path, why);
    return img_archive_open(&scan->source, scan, path, why);
}

enum cairn_err cairn_image_scan(struct cairn_image_tree **tree, const char *source,
                                const struct cairn_image_source_options *options,
                                struct cairn_why *why)
{
    struct img_scan scan = { .tree = img_tree_new(), .options = options };
    if (!scan.tree) return img_no_memory(why);
    scan.size_max = options->keys ? CAIRN_KV_VALUE_MAX : CAIRN_FAT_FILE_MAX;
    scan.tree->clamp_ns = options->clamp_ns;
    scan.tree->follows = options->on_symlink == CAIRN_IMAGE_FOLLOW;
    enum cairn_err err = source_open(&scan, source, why);
    if (!err && scan.source) err = scan_all(&scan, why);
    if (scan.source) scan.source->close(scan.source);
    free(scan.finds.at);
    img_names_free(&scan.names);
    if (err)
        cairn_image_tree_free(scan.tree);
    else
        *tree = scan.tree;
    return err;
}
