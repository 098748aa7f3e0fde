/* SPDX-License-Identifier: ISC */
#include "model.h"

#include <cairn/clock.h>
#include <stdlib.h>
#include <string.h>

struct model *model_root(void)
{
    struct model *root = calloc(1, sizeof *root);
    root->is_directory = true;
    root->holds = 1;
    return root;
}

static void node_free(struct model *node)
{
    free(node->data);
    free(node);
}

void model_root_free(struct model *root)
{
    while (root->first) {
        struct model *node = root->first;
        while (node->first)
            node = node->first;
        model_remove(node);
    }
    node_free(root);
}

struct model *model_find(const struct model *dir, const struct fat_name *name)
{
    struct model *node = dir->first;
    while (node && !fat_name_equal(&node->name, name) && !fat_name_equal(&node->alias, name))
        node = node->next;
    return node;
}

static void node_link(struct model *node, struct model *dir)
{
    node->parent = dir;
    node->next = dir->first;
    dir->first = node;
}

static void node_unlink(struct model *node)
{
    struct model **at = &node->parent->first;
    while (*at != node)
        at = &(*at)->next;
    *at = node->next;
    node->parent = NULL;
    node->next = NULL;
}

struct model *model_add(struct model *dir, const struct fat_name *name, bool is_directory,
                        int64_t ns, int32_t utc_offset_min)
{
    static uint32_t ids;
    struct model *node = calloc(1, sizeof *node);
    node->id = ++ids;
    node->is_directory = is_directory;
    node->name = *name;
    node->attributes = is_directory ? CAIRN_FAT_DIRECTORY : CAIRN_FAT_ARCHIVE;
    node->modified_ns = model_time_modified(ns);
    node->created_ns = model_time_created(ns);
    node->accessed_ns = model_time_accessed(ns, utc_offset_min);
    node_link(node, dir);
    return node;
}

void model_remove(struct model *node)
{
    node_unlink(node);
    if (!node->holds) node_free(node);
}

void model_move(struct model *node, struct model *dir, const struct fat_name *name)
{
    node_unlink(node);
    node->changes++;
    node->name = *name;
    node_link(node, dir);
}

bool model_is_below(const struct model *dir, const struct model *node)
{
    while (dir && dir != node)
        dir = dir->parent;
    return dir == node;
}

struct model *model_hold(struct model *node)
{
    node->holds++;
    return node;
}

void model_release(struct model *node)
{
    if (--node->holds == 0 && !node->parent) node_free(node);
}

void model_truncate(struct model *file, uint32_t size)
{
    if (size > file->size) {
        file->data = realloc(file->data, size);
        memset(file->data + file->size, 0, size - file->size);
    }
    file->size = size;
    file->changes++;
}

void model_write(struct model *file, uint32_t offset, const uint8_t *bytes, uint32_t len)
{
    if (!len) return;
    if (offset + len > file->size) model_truncate(file, offset + len);
    memcpy(file->data + offset, bytes, len);
    file->changes++;
}

/* The next node of a walk through the tree below root. */
static struct model *walk_next(const struct model *root, struct model *node)
{
    if (node->first) return node->first;
    while (node != root && !node->next)
        node = node->parent;
    return node == root ? NULL : node->next;
}

struct model *model_nth(struct model *root, size_t pick)
{
    struct model *node = root;
    while (node && pick--)
        node = walk_next(root, node);
    return node;
}

/* ---- times ----------------------------------------------------------------------------------- */

static int64_t floor_to(int64_t ns, int64_t unit)
{
    return ns - ns % unit;
}

int64_t model_time_modified(int64_t ns)
{
    return floor_to(ns, 2 * CAIRN_NS_PER_SEC);
}

int64_t model_time_created(int64_t ns)
{
    return floor_to(ns, 10 * CAIRN_NS_PER_MS);
}

int64_t model_time_accessed(int64_t ns, int32_t utc_offset_min)
{
    int64_t offset = utc_offset_min * 60 * CAIRN_NS_PER_SEC;
    return floor_to(ns + offset, 86400 * CAIRN_NS_PER_SEC) - offset;
}
