/* SPDX-License-Identifier: ISC */
/* What a volume should hold: a tree in memory, whose names are compared as FAT compares them. */
#ifndef CAIRN_TESTS_FAT_MODEL_H
#define CAIRN_TESTS_FAT_MODEL_H

#include <fat/codec/name.h>

/* A file or a directory. It lives while it has a parent or is held; the root is always held. */
struct model {
    struct model *parent; /* NULL: the root, or removed */
    struct model *first;  /* child */
    struct model *next;   /* sibling */
    bool is_directory;
    uint32_t holds;
    uint32_t id;      /* unique in this process */
    uint32_t changes; /* of contents, and of the name */
    struct fat_name name;
    struct fat_name alias; /* which one it is only the volume knows: told by the test */
    uint8_t *data;
    uint32_t size;
    uint8_t attributes;
    int64_t modified_ns, created_ns, accessed_ns; /* as the volume can tell them */
};

struct model *model_root(void);
void model_root_free(struct model *root);

/* By name or alias, without case; NULL. */
struct model *model_find(const struct model *dir, const struct fat_name *name);
/* A new one, empty, all its times ns; local time is utc_offset_min off. */
struct model *model_add(struct model *dir, const struct fat_name *name, bool is_directory,
                        int64_t ns, int32_t utc_offset_min);
/* Take it out of its directory. */
void model_remove(struct model *node);
void model_move(struct model *node, struct model *dir, const struct fat_name *name);
/* Is dir the node, or somewhere below it? */
bool model_is_below(const struct model *dir, const struct model *node);

struct model *model_hold(struct model *node);
void model_release(struct model *node);

/* Set the size, zeros where it grows; write, with zeros in a gap. */
void model_truncate(struct model *file, uint32_t size);
void model_write(struct model *file, uint32_t offset, const uint8_t *bytes, uint32_t len);

/* Number `pick` of the tree's nodes in some fixed order; NULL behind the last. */
struct model *model_nth(struct model *root, size_t pick);

/* Times as the disk rounds them: modified to 2 s, created to 10 ms, accessed to a local day. */
int64_t model_time_modified(int64_t ns);
int64_t model_time_created(int64_t ns);
int64_t model_time_accessed(int64_t ns, int32_t utc_offset_min);

#endif
