/* SPDX-License-Identifier: ISC */
/*
 * A tree on a device in memory, a model of what it should hold, and a model of free space that
 * stands in for kv/native/space.c: each page is free, in use, or freed since the last commit.
 */
#ifndef CAIRN_TESTS_KV_TREE_RIG_H
#define CAIRN_TESTS_KV_TREE_RIG_H

#include <cairn/blk_mem.h>
#include <kv/native/merge.h>

enum page_state { PAGE_FREE, PAGE_USED, PAGE_FREED };

/* An entry of the model. Its value is `value_bytes` bytes that follow from seed. */
struct model_item {
    uint16_t key_bytes, value_bytes;
    uint8_t seed;
    bool removed; /* of a batch */
    uint8_t key[KVN_KEY_MAX];
};

struct model {
    struct model_item *items; /* in order */
    size_t count;
};

struct tree_rig {
    struct kvn_space space; /* first: the stand-in finds its rig by it */
    uint8_t *disk;
    struct cairn_blk_mem dev;
    struct cairn_lock lock;
    struct kvn_pool pool;
    void *pool_mem, *merge_mem;
    uint32_t page_bytes, pages, levels, run_pages;
    uint8_t *state; /* of each page */
    uint32_t next, used_pages;
    uint32_t run_max; /* the longest run that space gives */
    struct kvn_tree tree, snapshot;
    uint64_t generation, snapshot_generation;
    struct model model;
    /* the batch that is being merged */
    const struct model *batch;
    size_t gone;
    const char *fault; /* the first thing that was wrong; NULL: nothing */
    struct kvn_merge_job job;
    struct cairn_why why;
};

struct rig_options {
    uint32_t page_bytes, pages, frames, run_pages, run_max;
};
struct tree_rig *rig_open(const struct rig_options *options);
void rig_close(struct tree_rig *rig);

int model_compare(const void *a, const void *b);
struct kvn_slice model_key(const struct model_item *item);
struct kvn_slice model_value(const struct model_item *item, uint8_t *buffer);
/* Sort, and keep the last of those with equal keys. */
void model_sort(struct model *model);

/* Merge a sorted batch; the old tree stays readable until rig_commit. */
enum cairn_err rig_merge(struct tree_rig *rig, const struct model *batch);
/* What was merged counts, in the model too; freed pages are free. */
void rig_commit(struct tree_rig *rig, const struct model *batch);
/* Of what is now: pages born up to here stay. */
void rig_snapshot(struct tree_rig *rig);

/* NULL, or what is wrong: the whole structure, walked on the disk; every page that is in use is
 * of the tree (or the snapshot's), and none of another state. least: bytes in use that each page
 * must have, but the root and the last of a level. */
const char *rig_check(struct tree_rig *rig, uint32_t least);
/* NULL, or what is wrong: a walk by cursor, and finding each, and what is between. */
const char *rig_compare(struct tree_rig *rig, const struct kvn_tree *tree,
                        const struct model *model);

#endif
