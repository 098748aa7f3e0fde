/* SPDX-License-Identifier: ISC */
/*
 * The clusters of a node: where they are, more of them, fewer. A chain whose clusters are adjacent
 * is known by its head alone; others have map pages in the cache, one cluster number an entry,
 * which answer in constant time while they fit and are built by walking the FAT.
 */
#ifndef CAIRN_FAT_CHAIN_H
#define CAIRN_FAT_CHAIN_H

#include "volume.h"

/* Cluster number `index` of the chain; 0 when the chain is shorter. */
enum cairn_err fat_chain_at(struct cairn_fat_node *node, uint32_t index, uint32_t *cluster,
                            struct cairn_why *why) CAIRN_MUST_USE;

/* The run of adjacent clusters at `index`, at most max of them; *count 0 when the chain is
 * shorter. */
enum cairn_err fat_chain_run(struct cairn_fat_node *node, uint32_t index, uint32_t max,
                             uint32_t *cluster, uint32_t *count,
                             struct cairn_why *why) CAIRN_MUST_USE;

/* How many clusters the chain has: node->clusters and node->tail are known afterwards. */
enum cairn_err fat_chain_measure(struct cairn_fat_node *node, struct cairn_why *why) CAIRN_MUST_USE;

/* Make the chain at least `clusters` long. Contents of the new ones are whatever was there. On
 * CAIRN_ENOSPC it is as long as could be. node->entry.start may have changed: store it. */
enum cairn_err fat_chain_grow(struct cairn_fat_node *node, uint32_t clusters,
                              struct cairn_why *why) CAIRN_MUST_USE;

/* The same, all or nothing: when it fails, the chain is as long as before. */
enum cairn_err fat_chain_grow_whole(struct cairn_fat_node *node, uint32_t clusters,
                                    struct cairn_why *why) CAIRN_MUST_USE;

/* Take the last cluster off again, which was added just now behind `keep`: as if it had never been.
 * (A cut would have the sync link it first.) Reads nothing, as the device may go on failing: what
 * it changes was changed just now. */
enum cairn_err fat_chain_ungrow(struct cairn_fat_node *node, uint32_t keep,
                                struct cairn_why *why) CAIRN_MUST_USE;

/* Keep the first `clusters` of the chain; the rest is freed by the next sync. With 0,
 * node->entry.start becomes 0: store it, in stage REMOVE. */
enum cairn_err fat_chain_cut(struct cairn_fat_node *node, uint32_t clusters,
                             struct cairn_why *why) CAIRN_MUST_USE;

/* In the sync, behind the flush of stage REMOVE: end the chains that were cut; and, when that is on
 * the disk, clear the entries of what is to be freed. */
enum cairn_err fat_chain_end_pending(struct cairn_fat *fs, struct cairn_why *why) CAIRN_MUST_USE;
enum cairn_err fat_chain_free_pending(struct cairn_fat *fs, struct cairn_why *why) CAIRN_MUST_USE;

#endif
