/* SPDX-License-Identifier: ISC */
/*
 * Checking a store: private to check*.c.
 *
 * A pass walks the newest tree in order of its keys, then the trees of snapshots and of those that
 * are removed and not yet reclaimed. What is in use is marked in a window of pages, and which ids
 * records have in a window of ids; when a window does not hold all, there are more passes, which
 * read the tree's pages alone. Behind a pass the window is compared with the map of free space.
 *
 * Invariants:
 * 1. A page is gone into only when its hash, form, and bounds are right: so a walk ends, whatever a
 * hostile store's pages point to, as two places of a tree never have the same page.
 * 2. Values are read in the first pass, the map in the last one that has pages.
 * 3. No page of the device is written, and nothing of it is believed that is not bounded first.
 */
#ifndef CAIRN_KV_NATIVE_CHECK_H
#define CAIRN_KV_NATIVE_CHECK_H

#include <cairn/arena.h>
#include <cairn/kv_check.h>
#include <cairn/text.h>

#include "bits.h"
#include "codec.h"
#include "format.h"

#define KVN_CHECK_AHEAD 16u /* leaves read at once */
#define KVN_CHECK_QUEUE 32u /* runs of values read at once */
#define KVN_CHECK_TREES 32u /* snapshots whose trees are noted at once */

/* A window of things that are numbered: two bits for each. */
struct kvn_check_window {
    uint64_t first, count;
    uint8_t *is;   /* page: in use; id: some record has it */
    uint8_t *also; /* page: of the tree, gone into; id: entries are under it */
};

/* A tree that is to be walked beside the newest. */
struct kvn_check_tree {
    struct kvn_pointer root;
    uint64_t generation;
    uint8_t depth;
};

/* From the root down; by level, the page's memory, the child at hand, and the key that its keys
 * are below. */
struct kvn_check_walk {
    uint8_t *page[KVN_DEPTH_MAX];
    uint32_t at[KVN_DEPTH_MAX];
    struct kvn_check_bound {
        uint32_t bytes; /* UINT32_MAX: none */
        uint8_t key[KVN_KEY_MAX];
    } above[KVN_DEPTH_MAX];
    struct kvn_check_bound last; /* the key behind which the next one has to be */
    uint8_t depth, level;        /* level == depth: it is over */
    bool newest;                 /* not a snapshot's */
    uint64_t generation;
    uint32_t ahead, ahead_to; /* children of the page at level 1 that are in `leaves` */
    enum cairn_err ahead_err[KVN_CHECK_AHEAD];
    uint64_t entries;
};

/* A run of a value's pages that waits to be read. */
struct kvn_check_run {
    uint64_t page, id;
    uint32_t count, name_bytes;
    struct cairn_hash128 hash[KVN_CHUNK_PAGES_MAX];
    uint8_t name[KVN_KEY_MAX];
};

enum kvn_check_phase { KVN_CHECK_NEWEST, KVN_CHECK_OTHERS, KVN_CHECK_MAP, KVN_CHECK_DONE };

struct cairn_kv_check {
    struct cairn_blk *dev;
    struct cairn_kv_check_options options;
    struct cairn_kv_check_result result;
    struct cairn_kv_finding finding;
    struct kvn_super super;
    enum kvn_check_phase phase;
    bool stopped;    /* report said so */
    bool first_pass; /* values are read, and findings of the tree told */
    bool blind;      /* something was not gone into: what is marked is not all */
    struct kvn_check_window pages, ids;
    uint64_t ids_next; /* the lowest id behind the window; 0: none */
    bool has_root, last_is_chunk;
    uint64_t last_id;

    struct kvn_check_walk walk;
    uint8_t *leaves; /* KVN_CHECK_AHEAD pages */
    struct kvn_check_tree tree[KVN_CHECK_TREES];
    uint32_t tree_count, tree_at;
    uint64_t trees_seen, trees_done; /* in order of their keys */

    uint8_t *value_mem;
    uint32_t value_pages, queued_pages, queued;
    struct kvn_check_run queue[KVN_CHECK_QUEUE];

    uint8_t *map_page, *index_page;
    uint64_t index_number; /* of index_page at level index_level; UINT64_MAX: none */
    uint64_t group;        /* at hand */
    uint64_t map_free;
    struct kvn_mend *mend; /* the map is not compared, but built (repair.h); or NULL */
};

static inline uint64_t kvn_check_id(const uint8_t *key)
{
    uint64_t id = 0;
    for (uint32_t i = 0; i < KVN_ID_BYTES; i++)
        id = id << 8 | key[i];
    return id;
}

static inline bool kvn_check_in(const struct kvn_check_window *window, uint64_t at)
{
    return at >= window->first && at - window->first < window->count;
}

/* ---- check_fault.c --------------------------------------------------------------------------- */

/* Begin a finding of a page (UINT64_MAX: of none); then name its place, if it has one; then say it.
 */
void kvn_check_found(struct cairn_kv_check *check, enum cairn_kv_fault fault, uint64_t page,
                     uint64_t a, uint64_t b);
void kvn_check_place(struct cairn_kv_check *check, uint64_t id, const uint8_t *name,
                     uint32_t bytes);
void kvn_check_say(struct cairn_kv_check *check, const char *fmt, ...) CAIRN_PRINTF(2, 3);

/* ---- check_super.c --------------------------------------------------------------------------- */

/* Which superblock counts, what the rings have beside it, and what the log has behind it. */
enum cairn_err kvn_check_open(struct cairn_kv_check *check, void *mem, size_t bytes,
                              struct cairn_why *why) CAIRN_MUST_USE;

/* ---- check_tree.c ---------------------------------------------------------------------------- */

void kvn_check_walk_begin(struct cairn_kv_check *check, const struct kvn_check_tree *tree,
                          bool newest);
/* One page of the tree. */
void kvn_check_walk_step(struct cairn_kv_check *check);
static inline bool kvn_check_walk_over(const struct cairn_kv_check *check)
{
    return check->walk.level >= check->walk.depth;
}
/* Pages of one request; what is read is counted. */
enum cairn_err kvn_check_read(struct cairn_kv_check *check, uint64_t page, uint32_t count,
                              uint8_t *to) CAIRN_MUST_USE;

/* ---- check_record.c -------------------------------------------------------------------------- */

/* An entry of a tree, in order of their keys. */
void kvn_check_entry(struct cairn_kv_check *check, struct kvn_slice key, struct kvn_slice record);
/* Has a record of this kind a place under such a key, of KVN_ID_BYTES at least? */
bool kvn_entry_fits(struct kvn_slice key, enum kvn_kind kind);
/* Read what is queued. */
void kvn_check_values(struct cairn_kv_check *check);
/* The newest tree was walked: ids. */
void kvn_check_ids(struct cairn_kv_check *check);

/* ---- check_space.c --------------------------------------------------------------------------- */

/* Is the page one that comes and goes? */
bool kvn_check_comes(const struct cairn_kv_check *check, uint64_t page, uint32_t count);
/* The next group of the map; false: it was the last one of this pass. */
bool kvn_check_group(struct cairn_kv_check *check);

#endif
