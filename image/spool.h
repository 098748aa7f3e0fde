/* SPDX-License-Identifier: ISC */
/*
 * An archive's entries, gathered before any is placed: their contents in one nameless temporary
 * file, their names in a table by parent and name, so that a later entry replaces an earlier one
 * of the same path and directories that no entry names come into being.
 */
#ifndef CAIRN_IMAGE_SPOOL_H
#define CAIRN_IMAGE_SPOOL_H

#include "scan.h"

#define IMG_ENTRY_NONE UINT32_MAX

struct img_entry {
    struct img_find find;
    uint32_t parent;
    uint32_t next;  /* of the same parent; IMG_ENTRY_NONE: the last */
    uint32_t first; /* of its children */
    uint32_t same_hash;
    bool exists; /* false: only a name that was looked up */
};

struct img_entries {
    struct img_entry *at; /* number 0 is the root */
    uint32_t count, room;
    uint32_t *buckets; /* first entry by hash of parent and name */
    uint32_t bucket_count;
};

bool img_entries_init(struct img_entries *entries) CAIRN_MUST_USE;
void img_entries_free(struct img_entries *entries);

/* The entry of a name in a parent, made when absent; IMG_ENTRY_NONE: no memory. */
uint32_t img_entries_at(struct img_entries *entries, struct cairn_image_tree *tree, uint32_t parent,
                        const char *name, size_t len);

/* The entry of a sanitized path; directories on the way exist afterwards. IMG_ENTRY_NONE: no
 * memory. */
uint32_t img_entries_walk(struct img_entries *entries, struct cairn_image_tree *tree,
                          const char *path);

/* The entry of a sanitized path; IMG_ENTRY_NONE: there is none. */
uint32_t img_entries_find(const struct img_entries *entries, const char *path);

/* The children that exist of an entry, into `finds`; a directory's origin is its entry. No memory.
 */
enum cairn_err img_entries_list(struct img_entries *entries, uint64_t at, struct img_finds *finds,
                                struct cairn_why *why) CAIRN_MUST_USE;

/* Is it a path that leads nowhere but down? */
bool img_path_is_safe(const char *path);

/* A nameless file for the contents; -1 and errno. */
int img_spool_open(void);
/* Keeping contents in it failed, by errno: says where they go. */
enum cairn_err img_spool_fail(struct cairn_why *why) CAIRN_MUST_USE;
enum cairn_err img_spool_write(int spool, const void *data, size_t bytes, uint64_t offset,
                               struct cairn_why *why) CAIRN_MUST_USE;

#endif
