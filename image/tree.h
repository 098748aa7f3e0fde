/* SPDX-License-Identifier: ISC */
/*
 * The tree of an image: what a scan found, whatever it scanned.
 *
 * Nodes stand in one array, breadth first: node 0 is the root, and the children of a directory are
 * neighbours, sorted by the raw bytes of their names in the source. So a node costs 64 bytes
 * and its name, and a path is rebuilt from the parents when somebody wants to see it.
 */
#ifndef CAIRN_IMAGE_TREE_H
#define CAIRN_IMAGE_TREE_H

#include <cairn/image.h>

struct img_node {
    const char *name;        /* in the image: UTF-8 that FAT takes, NUL-terminated */
    const char *source_name; /* in the source: any bytes; the same pointer unless mapped */
    uint64_t size;           /* of a file's contents */
    int64_t modified_ns;     /* as the source says, not clamped */
    uint64_t device;         /* folder: st_dev */
    uint64_t origin;         /* folder: st_ino; archive: a file's offset in the spool, a directory's
                                number among the entries */
    uint32_t parent;         /* the root's is itself */
    uint32_t first_child, child_count;
    uint16_t name_len;
    uint8_t attributes;
    bool is_directory;
};

struct img_chunk; /* memory for names, freed as a whole */

struct cairn_image_tree {
    struct img_node *nodes;
    uint32_t count, room;
    struct img_chunk *names;
    int64_t clamp_ns;
    int root_fd;  /* the folder, or -1 */
    int spool_fd; /* an archive's contents, or -1 */
    bool follows; /* symlinks were followed, so they are when files are opened */
};

/* An empty tree with a root; NULL: no memory. */
struct cairn_image_tree *img_tree_new(void);

/* Append a copy of node; false: no memory, or 2^32 nodes. Pointers to nodes are void afterwards. */
bool img_tree_append(struct cairn_image_tree *tree, const struct img_node *node) CAIRN_MUST_USE;

/* A copy of bytes[0..len) and a NUL, for the tree's life; NULL: no memory. */
char *img_tree_keep(struct cairn_image_tree *tree, const char *bytes, size_t len);

/* The path of a node from the root, "" for it, in names of the image or of the source, with `/leaf`
 * behind it unless leaf is NULL. The caller frees it; NULL: no memory. */
char *img_tree_path(const struct cairn_image_tree *tree, uint32_t node, bool in_source,
                    const char *leaf);

/* The time that goes into the image. */
static inline int64_t img_node_time(const struct cairn_image_tree *tree,
                                    const struct img_node *node)
{
    return node->modified_ns < tree->clamp_ns ? node->modified_ns : tree->clamp_ns;
}

/* Open the source folder of a directory node; -1: errno says why. However long the path is. */
int img_tree_open_directory(const struct cairn_image_tree *tree, uint32_t node);

/* Name the source of a node in an explanation; returns err. */
enum cairn_err img_tree_blame(const struct cairn_image_tree *tree, uint32_t node,
                              enum cairn_err err, struct cairn_why *why) CAIRN_MUST_USE;

#endif
