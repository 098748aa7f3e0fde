/* SPDX-License-Identifier: ISC */
/*
 * Nodes: files and directories in memory, by identity. A node is found by (parent, slot of its 8.3
 * entry) and follows its entry through renames. A held node is never evicted, nor are its parents;
 * a directory that nobody holds stays as long as there is room, for what was learnt of it.
 */
#ifndef CAIRN_FAT_NODE_H
#define CAIRN_FAT_NODE_H

#include "../codec/dirent.h"
#include "cache.h"

struct cairn_fat_node {
    struct cairn_fat *fs;
    struct cairn_fat_node *parent; /* held; NULL: the root, or removed */
    struct cairn_fat_node *hash_next;
    struct cairn_fat_node *lru_prev, *lru_next; /* when holds == 0; or in the free list by next */
    uint64_t id;
    uint32_t holds;
    uint32_t io;             /* calls that move its data, part of the time without the lock */
    bool io_alone;           /* the one there is shares the node with none */
    uint32_t slot;           /* of the 8.3 entry in parent */
    uint32_t slot_first;     /* of its first long slot, or slot */
    struct fat_dirent entry; /* as it stands in the slot */
    bool removed;            /* has no entry any more */
    bool is_root;

    /* Clusters (chain.h). */
    uint64_t map_id;     /* of its map pages; a new one when the chain was cut */
    uint32_t head_count; /* clusters from entry.start on that are adjacent, as far as known */
    bool head_closed;    /* the one behind them is not */
    uint32_t clusters;   /* of the chain when known, else FAT_CLUSTERS_UNKNOWN */
    uint32_t tail;       /* the last cluster when clusters is known and not 0 */
    uint64_t written;    /* bytes up to here were written since mount, whatever the size says */
    uint32_t seen_index, seen_cluster; /* a place in the chain that was looked up last */

    /* What was changed since the last sync: epochs. */
    uint32_t born; /* the entry's slots were added */
    uint32_t meta; /* a record of meta_stage covers the entry's bytes 11..31 */
    enum fat_stage meta_stage;
    uint32_t grown; /* clusters from new_from on were added */
    uint32_t new_from;
    uint32_t cut; /* the chain is to be cut, something of it kept */

    /* Directories (dir.h). */
    uint32_t index_id;   /* in the name index */
    uint32_t end_slot;   /* the first slot that was never used; known when `surveyed` */
    uint32_t free_slots; /* removed ones before it */
    uint32_t live_entries;
    uint32_t hole_hint;  /* no hole before this slot */
    uint32_t removed_in; /* epoch of the last removal */
    bool surveyed;
    bool too_big;    /* for the name index */
    bool stale_tail; /* something is left behind the end mark */
};

#define FAT_CLUSTERS_UNKNOWN UINT32_MAX

struct fat_nodes {
    struct cairn_fat_node *all;
    uint32_t count;
    struct cairn_fat_node *unused; /* by lru_next */
    struct cairn_fat_node lru;     /* ring of unheld directories; lru_next is the newest */
    struct cairn_fat_node **buckets;
    uint32_t bucket_mask;
    uint64_t next_id, next_map;
    uint32_t removed_in; /* epoch of the last removal in a directory that was forgotten since */
    struct cairn_fat_node *root;
};

struct cairn_arena;
enum cairn_err fat_nodes_init(struct cairn_fat *fs, struct cairn_arena *arena,
                              uint32_t count) CAIRN_MUST_USE;

static inline bool fat_node_is_dir(const struct cairn_fat_node *node)
{
    return (node->entry.attributes & CAIRN_FAT_DIRECTORY) != 0;
}

struct fat_found;
/* A node that has no entry yet, as if removed: letting it go frees what it was given. Held.
 * CAIRN_ENFILE: every node is held. */
enum cairn_err fat_node_new(struct cairn_fat *fs, const struct fat_dirent *entry,
                            struct cairn_fat_node **node, struct cairn_why *why) CAIRN_MUST_USE;
/* Its entry was just added there. */
void fat_node_attach(struct cairn_fat_node *node, struct cairn_fat_node *dir, uint32_t slot_first,
                     uint32_t slot);
/* The node of an entry that was found in dir, which is held; held. CAIRN_ENFILE. */
enum cairn_err fat_node_get(struct cairn_fat_node *dir, const struct fat_found *found,
                            struct cairn_fat_node **node, struct cairn_why *why) CAIRN_MUST_USE;
/* The node at (dir, slot) when it is in memory, not held; else NULL. */
struct cairn_fat_node *fat_node_peek(struct cairn_fat *fs, const struct cairn_fat_node *dir,
                                     uint32_t slot);
void fat_node_hold(struct cairn_fat_node *node);
/* Has the node clusters that no entry accounts for: of a removed file, or past its size? */
bool fat_node_is_loose(const struct cairn_fat_node *node);
/* Is any node that is held? */
bool fat_nodes_are_loose(const struct cairn_fat *fs);
/* Let go; the last one gives back clusters past the end and those of a removed file. */
void fat_node_release(struct cairn_fat_node *node); /* NULL: nothing */
/* The node's entry is elsewhere now: file it there. */
void fat_node_move(struct cairn_fat_node *node, struct cairn_fat_node *dir, uint32_t slot_first,
                   uint32_t slot);
/* The node has lost its entry. */
void fat_node_orphan(struct cairn_fat_node *node);

/* Put node->entry into its slot (but for name and case bits), in stage ADD or REMOVE. Nothing for
 * the root and for removed nodes. In two halves, where something that cannot be taken back comes
 * between: only the first, which pins the slot, can fail; fat_dir_cursor_done gives it up. */
struct fat_dir_cursor;
enum cairn_err fat_node_pin(struct cairn_fat_node *node, struct fat_dir_cursor *slot,
                            struct cairn_why *why) CAIRN_MUST_USE;
void fat_node_put(struct cairn_fat_node *node, struct fat_dir_cursor *slot, enum fat_stage stage);
enum cairn_err fat_node_store(struct cairn_fat_node *node, enum fat_stage stage,
                              struct cairn_why *why) CAIRN_MUST_USE;
/* Modified now: into node->entry, not stored. false: it says so already. */
bool fat_node_touch(struct cairn_fat_node *node);

#endif
