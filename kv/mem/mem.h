/* SPDX-License-Identifier: ISC */
/*
 * A store in memory: a root, which is a node of kind dictionary, and a tree of snapshots, whose
 * nodes' inner ones are roots. Private.
 *
 * 1. A function that changes a tree owns what it will change, and takes what memory it needs,
 * before it changes the first thing: it fails whole or not at all.
 * 2. Of a snapshot's node nothing else is a copy, so that a pointer to it stays.
 */
#ifndef CAIRN_KV_MEM_IMPL_H
#define CAIRN_KV_MEM_IMPL_H

#include "tree.h"

#include <cairn/clock.h>
#include <cairn/sync.h>

#define KV_MEM_CHUNK_BYTES 4032u /* with its node within 4 KiB */

struct kv_mem {
    struct cairn_kv kv;
    struct kv_mem_pool pool;
    struct kv_mem_node *snapshots;
    struct cairn_clock_wall *clock;
    struct cairn_lock lock; /* guards all of this, and all nodes, but is not held between calls */
    struct cairn_cond free; /* the batch is over */
    bool batch_open;
    uintptr_t batch_thread; /* that began it */
};

static inline struct kv_mem *kv_mem_of(struct cairn_kv *kv)
{
    return kv->of;
}

/* The root of a store, a batch or a view, in its `state`. */
static inline struct kv_mem_node *kv_mem_root(const struct cairn_kv *kv)
{
    return (struct kv_mem_node *)(uintptr_t)kv->state[0];
}

static inline void kv_mem_root_set(struct cairn_kv *kv, struct kv_mem_node *root)
{
    kv->state[0] = (uintptr_t)root;
}

/* ---- values (value.c) ---- */

/* Bytes of a value from offset, which lie in it. */
void kv_mem_value_read(const struct kv_mem_node *value, uint64_t offset, uint8_t *data,
                       size_t bytes);
/* Write to a value that is owned, and make it as large as that takes; data NULL: zeros that have
 * their room. When this fails the value is as it was. CAIRN_ENOSPC. */
enum cairn_err kv_mem_value_write(struct kv_mem *mem, struct kv_mem_node *value, uint64_t offset,
                                  const uint8_t *data, uint64_t bytes) CAIRN_MUST_USE;

/* ---- places (place.c) ---- */

/* What a key names. CAIRN_ENOENT, CAIRN_ENOTDIR. */
enum cairn_err kv_mem_look(struct kv_mem_node *root, struct cairn_kv_key key,
                           struct kv_mem_node **node) CAIRN_MUST_USE;

/* A name in a dictionary, where the dictionary may be absent, too. */
struct kv_mem_place {
    struct cairn_kv_key dictionary, name;
    struct kv_mem_node *above; /* the lowest dictionary that is there; owned */
    size_t missing_at;         /* where in `dictionary` what is missing begins */
    struct kv_mem_way way;     /* in `above`, to the name or to the first that is missing */
    struct kv_mem_node *node;  /* what is there under the name, owned; NULL: nothing */
};

/* Own the way there. CAIRN_ENOTDIR, CAIRN_ENOSPC. */
enum cairn_err kv_mem_place_own(struct kv_mem *mem, struct kv_mem_node **root,
                                struct cairn_kv_key dictionary, struct cairn_kv_key name,
                                struct kv_mem_place *place) CAIRN_MUST_USE;
/* Put a node of that name there, where nothing is, and make what dictionaries are missing. The node
 * goes over to the tree; when this fails it is given back. CAIRN_ENOSPC. */
enum cairn_err kv_mem_place_fill(struct kv_mem *mem, struct kv_mem_place *place,
                                 struct kv_mem_node *node, int64_t now_ns) CAIRN_MUST_USE;

/* ---- the functions of the store ---- */

enum cairn_err kv_mem_stat(struct cairn_kv *kv, struct cairn_kv_key key, struct cairn_kv_stat *stat,
                           struct cairn_why *why);
enum cairn_err kv_mem_get(struct cairn_kv *kv, struct cairn_kv_key key, uint64_t offset, void *data,
                          size_t bytes, size_t *done, struct cairn_why *why);
enum cairn_err kv_mem_list(struct cairn_kv *kv, struct cairn_kv_key dictionary,
                           struct cairn_kv_key from, bool behind, uint32_t flags, void *mem,
                           size_t mem_bytes, size_t *count, bool *end, struct cairn_why *why);
enum cairn_err kv_mem_snapshot_list(struct cairn_kv *kv, struct cairn_kv_key from, bool behind,
                                    void *mem, size_t mem_bytes, size_t *count, bool *end,
                                    struct cairn_why *why);

enum cairn_err kv_mem_set(struct cairn_kv *kv, struct cairn_kv_key key, const void *data,
                          size_t bytes, uint32_t flags, struct cairn_why *why);
enum cairn_err kv_mem_write(struct cairn_kv *kv, struct cairn_kv_key key, uint64_t offset,
                            const void *data, size_t bytes, struct cairn_why *why);
enum cairn_err kv_mem_allocate(struct cairn_kv *kv, struct cairn_kv_key key, uint64_t size,
                               struct cairn_why *why);
enum cairn_err kv_mem_make(struct cairn_kv *kv, struct cairn_kv_key key, struct cairn_why *why);
enum cairn_err kv_mem_remove(struct cairn_kv *kv, struct cairn_kv_key key, struct cairn_why *why);
enum cairn_err kv_mem_rename(struct cairn_kv *kv, struct cairn_kv_key from, struct cairn_kv_key to,
                             uint32_t flags, struct cairn_why *why);
enum cairn_err kv_mem_time_set(struct cairn_kv *kv, struct cairn_kv_key key, int64_t modified_ns,
                               struct cairn_why *why);

enum cairn_err kv_mem_batch_begin(struct cairn_kv *kv, uint32_t flags, struct cairn_kv *inner,
                                  struct cairn_why *why);
enum cairn_err kv_mem_commit(struct cairn_kv *inner, uint32_t flags, struct cairn_why *why);
void kv_mem_abort(struct cairn_kv *inner);
enum cairn_err kv_mem_view_open(struct cairn_kv *kv, struct cairn_kv_key snapshot,
                                struct cairn_kv *inner, struct cairn_why *why);
void kv_mem_view_close(struct cairn_kv *inner);
enum cairn_err kv_mem_snapshot_make(struct cairn_kv *kv, struct cairn_kv_key name,
                                    struct cairn_why *why);
enum cairn_err kv_mem_snapshot_remove(struct cairn_kv *kv, struct cairn_kv_key name,
                                      struct cairn_why *why);

/* Between these two a change has the store for itself; that of a batch waits for nobody.
 * CAIRN_EBUSY: this thread has a batch open that it does not go through. */
enum cairn_err kv_mem_change_begin(struct cairn_kv *kv, struct cairn_why *why) CAIRN_MUST_USE;
/* Returns err, which is explained as what befell `key` while it was to be `what`. */
enum cairn_err kv_mem_change_end(struct cairn_kv *kv, enum cairn_err err, struct cairn_kv_key key,
                                 const char *what, struct cairn_why *why);

#endif
