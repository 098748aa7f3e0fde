/* SPDX-License-Identifier: ISC */
/*
 * The tree that everything in a store in memory is: of a dictionary's entries by name, of a value's
 * chunks by number. Nodes that several trees share are counted and never change: who changes a tree
 * first owns the nodes from its root on to the place, which copies those that are shared. So a
 * batch, a view or a snapshot is one more reference to the root.
 *
 * It is a relaxed AVL tree (Sen, Sohoni and Tarjan, "Deletion without rebalancing in binary search
 * trees", 2016): an insertion turns only nodes on its way, a deletion none, and yet no way is
 * longer than 1.44 log2 of the insertions. Thus what is on the way is all that must be owned, and
 * once it is, nothing can fail.
 */
#ifndef CAIRN_KV_MEM_TREE_H
#define CAIRN_KV_MEM_TREE_H

#include "../impl.h"
#include "pool.h"

#define KV_MEM_DEPTH_MAX 96u /* 1.44 * 64, and some */

enum { KV_MEM_CHUNK = CAIRN_KV_DICTIONARY + 1 }; /* a kind of node beside enum cairn_kv_kind */

struct kv_mem_node {
    struct kv_mem_node *left, *right;
    struct kv_mem_node *inner; /* tree of the entries, or of the chunks; of a snapshot: its root */
    uint64_t size; /* of a value; room of a chunk; of a snapshot, how often it is open */
    union {
        int64_t modified_ns;
        struct kv_mem_node *next; /* of a node that is being given back */
    } u;
    uint32_t refs; /* nodes, roots and views that point here */
    uint8_t rank;  /* above those of its children; 1 of a new node */
    uint8_t kind, name_bytes;
    char name[]; /* and behind it the bytes of a chunk */
};

static inline struct cairn_kv_key kv_mem_name(const struct kv_mem_node *node)
{
    return (struct cairn_kv_key){ node->name, node->name_bytes };
}

/* A node that nothing points to but the caller; `room` is for a chunk's bytes. NULL: no memory. */
struct kv_mem_node *kv_mem_node_new(struct kv_mem_pool *pool, uint8_t kind,
                                    struct cairn_kv_key name, size_t room);

struct kv_mem_node *kv_mem_retain(struct kv_mem_node *node);
/* What nothing points to any more is given back, with what only it pointed to. NULL is none. */
void kv_mem_release(struct kv_mem_pool *pool, struct kv_mem_node *node);

/* Make *link a node that nothing else points to. CAIRN_ENOSPC. */
enum cairn_err kv_mem_own(struct kv_mem_pool *pool, struct kv_mem_node **link) CAIRN_MUST_USE;

struct kv_mem_node *kv_mem_find(struct kv_mem_node *root, struct cairn_kv_key name);

/* Where a name is in a tree, or would be: the pointers on the way, the last one to the node or to
 * NULL. */
struct kv_mem_way {
    struct kv_mem_node **links[KV_MEM_DEPTH_MAX + 1];
    uint32_t count;
};

static inline struct kv_mem_node **kv_mem_way_end(const struct kv_mem_way *way)
{
    return way->links[way->count - 1];
}

/* The way to a name, and own all on it. Changes nothing of what the tree holds, also when it
 * fails. CAIRN_ENOSPC. */
enum cairn_err kv_mem_way_own(struct kv_mem_pool *pool, struct kv_mem_node **root,
                              struct cairn_kv_key name, struct kv_mem_way *way) CAIRN_MUST_USE;
/* Put a new node at the end of the way, where none is. The way is used up. */
void kv_mem_insert(struct kv_mem_way *way, struct kv_mem_node *node);

/* Own what taking away the node at the end of the way changes beneath it. CAIRN_ENOSPC. */
enum cairn_err kv_mem_own_next(struct kv_mem_pool *pool, struct kv_mem_node *node) CAIRN_MUST_USE;
/* Take away the node at *link, when kv_mem_own_next was called for it; it is the caller's then. */
struct kv_mem_node *kv_mem_detach(struct kv_mem_node **link);

/* The nodes of a tree in order. */
struct kv_mem_walk {
    struct kv_mem_node *nodes[KV_MEM_DEPTH_MAX]; /* that come next, the last one first */
    uint32_t count;
};
/* Begin at `from`, or behind it. */
void kv_mem_walk_begin(struct kv_mem_walk *walk, struct kv_mem_node *root, struct cairn_kv_key from,
                       bool behind);
/* The node that comes next, or NULL; and go on behind it. */
static inline struct kv_mem_node *kv_mem_walk_at(const struct kv_mem_walk *walk)
{
    return walk->count ? walk->nodes[walk->count - 1] : NULL;
}
void kv_mem_walk_next(struct kv_mem_walk *walk);

#endif
