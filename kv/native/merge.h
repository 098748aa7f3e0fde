/* SPDX-License-Identifier: ISC */
/*
 * Writing a tree: changes that come in ascending order of their keys are merged into an old tree,
 * and a new one comes out, which shares with the old what no change touched. Each page is written
 * once, in long runs.
 *
 * By level there is the old page that the merge stands in, and a window of up to two new pages that
 * are being filled. What overflows them goes out as a full page. Before a subtree that no change
 * touches is taken over, what is in the windows below goes out: a page that would be less than half
 * full takes in its old right neighbour; a full one and a scant one become two halves. Behind all
 * old keys nothing is halved: bulk loading and appending leave full pages.
 *
 * Invariants:
 * 1. The old tree's pages are not written to; those that the new one does not share are freed.
 * 2. No page is written before it is full or its last entry is known: one write a page.
 * 3. Every page but the root and the last of a level is at least a quarter full, or the key behind
 *    it had so little in common with its own that it did not fit in.
 * 4. The memory is fixed: it does not grow with the tree or the changes.
 * 5. Keys go out in ascending order, whatever an old page holds: else CAIRN_ECORRUPT.
 */
#ifndef CAIRN_KV_NATIVE_MERGE_H
#define CAIRN_KV_NATIVE_MERGE_H

#include "space.h"
#include "tree.h"

struct kvn_merge; /* in the caller's memory */

/* What a merge needs, and what becomes of it. */
struct kvn_merge_job {
    struct cairn_blk *dev;
    struct kvn_pool *pool;
    struct kvn_space *space;
    struct kvn_tree old;
    uint32_t page_bytes;
    uint64_t uuid8;
    uint64_t generation;          /* births of what is written */
    bool is_load;                 /* much is written that nobody reads soon: not kept in memory */
    uint64_t snapshot_generation; /* pages born up to it are not freed: a snapshot has them */
    /* Told of every old record that goes, or is replaced by another: frees the pages of its chunk.
     */
    enum cairn_err (*gone)(void *of, struct kvn_slice key, struct kvn_slice record,
                           const struct kvn_slice *replaced_by,
                           struct cairn_why *why) CAIRN_MUST_USE;
    void *of;
    /* out, at the end */
    struct kvn_tree new_tree;
    int64_t entries_more, tree_pages_more; /* than the old tree has */
    uint64_t pages_written;
};

/* Memory for a merge: two pages for each level that the tree may get (at most KVN_DEPTH_MAX), one
 * more, and a run of pages to be written. */
size_t kvn_merge_mem(uint32_t page_bytes, uint32_t levels, uint32_t run_pages);

/* Begin; job stays the caller's for the whole merge. mem has kvn_merge_mem bytes, for the same
 * levels and run_pages. CAIRN_ENOMEM, now or later: the tree has or gets more levels. */
enum cairn_err kvn_merge_begin(struct kvn_merge **merge, struct kvn_merge_job *job, void *mem,
                               uint32_t levels, uint32_t run_pages,
                               struct cairn_why *why) CAIRN_MUST_USE;
/* The key, above all before, has this record from now on, or (record NULL) none; that it had none
 * before is no error. The lock is dropped while pages are read and written. After an error only
 * kvn_merge_abort may follow. */
enum cairn_err kvn_merge_put(struct kvn_merge *merge, struct kvn_slice key,
                             const struct kvn_slice *record, struct cairn_why *why) CAIRN_MUST_USE;
/* Write what is left; job has the new tree. Nothing is flushed. The merge is over, unless this
 * fails. */
enum cairn_err kvn_merge_end(struct kvn_merge *merge, struct cairn_why *why) CAIRN_MUST_USE;
/* Stop: pages that are pinned are let go. What was allocated is lost until the space is loaded
 * anew. */
void kvn_merge_abort(struct kvn_merge *merge);

#endif
