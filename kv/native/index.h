/* SPDX-License-Identifier: ISC */
/*
 * The order of an overlay's entries: a B+tree in cells of memory that its owner gives it.
 *
 * Cost: a level is one wait for memory, since all that a search looks at in a node lies in a row
 * and is asked for at once; keys themselves are looked at only where their heads do not tell.
 */
#ifndef CAIRN_KV_NATIVE_INDEX_H
#define CAIRN_KV_NATIVE_INDEX_H

#include "format.h"

#define KVN_INDEX_LEVELS 10u
#define KVN_CELL_BYTES 576u /* nine lines of a cache; seven to a page of 4 KiB */
#define KVN_CELL_ALIGN 64u

struct kvn_version;
struct kvn_index_node; /* private */

/* A key; it never moves nor goes while an index has it. */
struct kvn_entry {
    struct kvn_version *newest; /* NULL: all were taken back */
    uint16_t bytes;
    uint8_t key[];
};

struct kvn_index {
    struct kvn_index_node *root; /* NULL: empty */
    uint32_t levels;
    uint32_t cell_count;
    void *cells;      /* free ones, a list */
    uint64_t changes; /* entries that came; a path of another count is no good. Never goes back */
};

/* A place in the leaves, and the way to it from the root. */
struct kvn_index_path {
    struct kvn_index_node *node[KVN_INDEX_LEVELS]; /* 0: the leaf */
    uint32_t at[KVN_INDEX_LEVELS];
};

static inline struct kvn_slice kvn_entry_key(const struct kvn_entry *entry)
{
    return (struct kvn_slice){ entry->key, entry->bytes };
}

/* Forget all. The cells are the owner's again. */
void kvn_index_clear(struct kvn_index *index);
/* KVN_CELL_BYTES at KVN_CELL_ALIGN, the index's until it is cleared. */
void kvn_index_give(struct kvn_index *index, void *cell);

/* The place of the first entry that is not below key; true: it is key's own. */
bool kvn_index_find(const struct kvn_index *index, struct kvn_slice key,
                    struct kvn_index_path *path);
/* The entry of that place, or, where it is behind a leaf's last, of the next; NULL: none is left.
 */
struct kvn_entry *kvn_index_entry(const struct kvn_index *index, struct kvn_index_path *path);
/* The entry behind that place, where the path is then; NULL: there is none, and the path is no good
 * any more. */
struct kvn_entry *kvn_index_next(const struct kvn_index *index, struct kvn_index_path *path);

/* Cells that inserting at this place takes; UINT32_MAX: there can be no more levels. */
uint32_t kvn_index_wants(const struct kvn_index *index, const struct kvn_index_path *path);
/* Insert at the place that kvn_index_find gave for its key, which has no entry. There are as many
 * cells as that wants. */
void kvn_index_insert(struct kvn_index *index, struct kvn_index_path *path,
                      struct kvn_entry *entry);

#endif
