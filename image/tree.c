/* SPDX-License-Identifier: ISC */
#include "tree.h"

#include <cairn/bytes.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define CHUNK_BYTES 65536u
#define PIECE_BYTES 4000u /* of a path, in one openat: below PATH_MAX */

struct img_chunk {
    struct img_chunk *next;
    size_t used, room;
    char bytes[];
};

struct cairn_image_tree *img_tree_new(void)
{
    struct cairn_image_tree *tree = calloc(1, sizeof *tree);
    if (!tree) return NULL;
    tree->root_fd = tree->spool_fd = -1;
    tree->clamp_ns = INT64_MAX;
    struct img_node root = { .name = "", .source_name = "", .is_directory = true };
    if (img_tree_append(tree, &root)) return tree;
    cairn_image_tree_free(tree);
    return NULL;
}

void cairn_image_tree_free(struct cairn_image_tree *tree)
{
    if (!tree) return;
    while (tree->names) {
        struct img_chunk *next = tree->names->next;
        free(tree->names);
        tree->names = next;
    }
    if (tree->root_fd >= 0) close(tree->root_fd);
    if (tree->spool_fd >= 0) close(tree->spool_fd);
    free(tree->nodes);
    free(tree);
}

bool img_tree_append(struct cairn_image_tree *tree, const struct img_node *node)
{
    if (tree->count == tree->room) {
        if (tree->room > UINT32_MAX / 2) return false;
        uint32_t room = tree->room ? tree->room * 2 : 1024;
        struct img_node *nodes = realloc(tree->nodes, room * sizeof *nodes);
        if (!nodes) return false;
        tree->nodes = nodes;
        tree->room = room;
    }
    tree->nodes[tree->count++] = *node;
    return true;
}

static struct img_chunk *chunk_with_room(struct cairn_image_tree *tree, size_t bytes)
{
    struct img_chunk *chunk = tree->names;
    if (chunk && chunk->room - chunk->used >= bytes) return chunk;
    size_t room = bytes > CHUNK_BYTES ? bytes : CHUNK_BYTES;
    chunk = malloc(sizeof *chunk + room);
    if (!chunk) return NULL;
    *chunk = (struct img_chunk){ .next = tree->names, .room = room };
    tree->names = chunk;
    return chunk;
}

char *img_tree_keep(struct cairn_image_tree *tree, const char *bytes, size_t len)
{
    struct img_chunk *chunk = chunk_with_room(tree, len + 1);
    if (!chunk) return NULL;
    char *copy = chunk->bytes + chunk->used;
    memcpy(copy, bytes, len);
    copy[len] = '\0';
    chunk->used += len + 1;
    return copy;
}

static const char *name_of(const struct img_node *node, bool in_source)
{
    return in_source ? node->source_name : node->name;
}

char *img_tree_path(const struct cairn_image_tree *tree, uint32_t node, bool in_source,
                    const char *leaf)
{
    size_t len = leaf ? cairn_str_len(leaf) + 1 : 0;
    for (uint32_t at = node; at != 0; at = tree->nodes[at].parent)
        len += cairn_str_len(name_of(&tree->nodes[at], in_source)) + 1;
    char *path = malloc(len + 1);
    if (!path) return NULL;
    size_t end = len; /* filled from the back; each name takes its separator with it */
    path[end ? end - 1 : 0] = path[end] = '\0';
    if (leaf) {
        size_t part = cairn_str_len(leaf);
        memcpy(path + end - 1 - part, leaf, part);
        end -= part + 1;
    }
    for (uint32_t at = node; at != 0; at = tree->nodes[at].parent) {
        const char *name = name_of(&tree->nodes[at], in_source);
        size_t part = cairn_str_len(name);
        if (end != len) path[end - 1] = '/';
        memcpy(path + end - 1 - part, name, part);
        end -= part + 1;
    }
    return path;
}

/* The first piece of a path that one openat takes; cuts it off and returns the rest. */
static char *piece_cut(char *path)
{
    if (cairn_str_len(path) <= PIECE_BYTES) return path + cairn_str_len(path);
    size_t at = PIECE_BYTES; /* a name has at most 255 bytes, so there is a '/' in reach */
    while (at > 0 && path[at] != '/')
        at--;
    path[at] = '\0';
    return path + at + 1;
}

static int open_pieces(int root_fd, char *path)
{
    int fd = openat(root_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    while (fd >= 0 && *path) {
        char *rest = piece_cut(path);
        int next = openat(fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        int os = errno;
        close(fd);
        errno = os;
        fd = next;
        path = rest;
    }
    return fd;
}

int img_tree_open_directory(const struct cairn_image_tree *tree, uint32_t node)
{
    char *path = img_tree_path(tree, node, true, NULL);
    if (!path) {
        errno = ENOMEM;
        return -1;
    }
    int fd = node != 0 && cairn_str_len(path) <= PIECE_BYTES
                 ? openat(tree->root_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
                 : open_pieces(tree->root_fd, path);
    int os = errno;
    free(path);
    errno = os;
    return fd;
}

enum cairn_err img_tree_blame(const struct cairn_image_tree *tree, uint32_t node,
                              enum cairn_err err, struct cairn_why *why)
{
    char *path = img_tree_path(tree, node, true, NULL);
    if (path) cairn_why_path(why, path, cairn_str_len(path));
    free(path);
    return err;
}
