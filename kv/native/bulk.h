/* SPDX-License-Identifier: ISC */
/*
 * A sorted batch: values go straight into a new tree, in one pass beside the old one, without
 * overlay and log; the superblock that leads to it commits them. Dictionaries, their times, and the
 * chunks of large values, which do not come in the tree's order, are staged in the overlay as ever
 * (but not logged) and merged behind them, into the same superblock.
 *
 * Nothing else is staged when one begins, and nobody else changes anything before it ends; so what
 * it allocated can be forgotten as a whole.
 */
#ifndef CAIRN_KV_NATIVE_BULK_H
#define CAIRN_KV_NATIVE_BULK_H

#include "merge.h"

struct kvn_store;
struct kvn_change_set;

struct kvn_bulk {
    bool is_open;
    enum cairn_err failed; /* a change that could not be taken back: nothing more comes in */
    struct kvn_merge *merge;
    struct kvn_merge_job job;
    uint64_t changes;      /* staged here so far */
    uint32_t record_bytes; /* the last value, not merged yet, as it may still grow; 0: none */
    uint32_t key_bytes;    /* of it; the keys that follow are above it */
    uint8_t key[KVN_KEY_MAX];
    uint8_t *record; /* the largest one */
};

/* The caller is the writer, with the lock, and has staged nothing. */
enum cairn_err kvn_bulk_begin(struct kvn_change_set *set, struct cairn_why *why) CAIRN_MUST_USE;
/* As kvn_stage, of a value's record. CAIRN_EINVAL: its key is not above the last one, nor that. */
enum cairn_err kvn_bulk_stage(struct kvn_change_set *set, struct kvn_slice key,
                              struct kvn_slice record, struct cairn_why *why) CAIRN_MUST_USE;
/* A dictionary is about to be made under key. CAIRN_EINVAL: a value may have been set there. */
enum cairn_err kvn_bulk_may_make(const struct kvn_bulk *bulk, struct kvn_slice key,
                                 struct cairn_why *why) CAIRN_MUST_USE;
/* The record of the last value, if key is its. */
bool kvn_bulk_find(const struct kvn_bulk *bulk, struct kvn_slice key, struct kvn_slice *record);
/* Durable when this returns, or (when it fails) undone, unless the device failed. */
enum cairn_err kvn_bulk_commit(struct kvn_change_set *set, struct cairn_why *why) CAIRN_MUST_USE;
void kvn_bulk_abort(struct kvn_change_set *set);

#endif
