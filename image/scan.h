/* SPDX-License-Identifier: ISC */
/*
 * Scanning: a source says what stands in each directory; what becomes of it (policies, names,
 * order) is decided in one place for all sources.
 */
#ifndef CAIRN_IMAGE_SCAN_H
#define CAIRN_IMAGE_SCAN_H

#include "tree.h"

enum img_kind { IMG_FILE, IMG_DIRECTORY, IMG_SYMLINK, IMG_SPECIAL, IMG_BROKEN };

/* One thing that a source has, before it is a node. */
struct img_find {
    struct img_node node; /* parent, children and the names' lengths are set later */
    enum img_kind kind;
    const char *what; /* IMG_SPECIAL, IMG_BROKEN: what it is, for people */
    bool dropped;     /* refused by a policy */
    bool unnamed;     /* its name is refused, or taken */
};

/* What one directory holds. */
struct img_finds {
    struct img_find *at;
    uint32_t count, room;
};
bool img_finds_add(struct img_finds *finds, const struct img_find *find) CAIRN_MUST_USE;

struct img_scan;
struct img_source {
    /* Add what directory `node` of the tree holds, in any order; names are kept by the tree. */
    enum cairn_err (*list)(struct img_source *source, struct img_scan *scan, uint32_t node,
                           struct img_finds *finds, struct cairn_why *why);
    void (*close)(struct img_source *source);
};

/* The names that one directory has so far, told apart as FAT tells them apart. */
struct img_names {
    struct img_names_slot {
        uint32_t hash;
        const char *name; /* NULL: free */
    } * slots;
    uint32_t room; /* a power of two */
    uint32_t next; /* number for the next made-up name */
};

struct img_scan {
    struct cairn_image_tree *tree;
    const struct cairn_image_source_options *options;
    struct img_source *source;
    struct img_finds finds; /* of the directory at hand */
    struct img_names names;
    uint64_t size_max;
    bool refused; /* something had policy ERROR */
};

/* Report a thing that does not fit: `leaf` in directory node. */
void img_scan_notice(struct img_scan *scan, enum cairn_image_policy taken, uint32_t node,
                     const char *leaf, const char *text);

/* Settle the names of scan->finds: each is legal and unique afterwards, or dropped. */
enum cairn_err img_names_settle(struct img_scan *scan, uint32_t dir,
                                struct cairn_why *why) CAIRN_MUST_USE;
/* The same for keys, which may have any name of at most CAIRN_KV_SEGMENT_MAX bytes. */
void img_names_check(struct img_scan *scan, uint32_t dir);
void img_names_free(struct img_names *names);

/* Sources. Each fills in the tree's root and descriptors. */
enum cairn_err img_folder_open(struct img_source **source, struct img_scan *scan, const char *path,
                               struct cairn_why *why) CAIRN_MUST_USE;
enum cairn_err img_archive_open(struct img_source **source, struct img_scan *scan, const char *path,
                                struct cairn_why *why) CAIRN_MUST_USE;
/* JSON lines; docs/cli.md. */
enum cairn_err img_lines_open(struct img_source **source, struct img_scan *scan, const char *path,
                              struct cairn_why *why) CAIRN_MUST_USE;

#endif
