/* SPDX-License-Identifier: ISC */
/*
 * Snapshots: a record under a name, which keeps a checkpoint's tree. Pages born up to the newest
 * snapshot are not freed when the tree lets go of them. Removing one frees what no other tree has
 * of its pages: those born after the next older snapshot that the next newer tree does not lead to.
 */
#ifndef CAIRN_KV_NATIVE_SNAPSHOT_H
#define CAIRN_KV_NATIVE_SNAPSHOT_H

#include "store.h"

enum cairn_err kvn_snapshot_make(struct cairn_kv *kv, struct cairn_kv_key name,
                                 struct cairn_why *why) CAIRN_MUST_USE;
enum cairn_err kvn_snapshot_remove(struct cairn_kv *kv, struct cairn_kv_key name,
                                   struct cairn_why *why) CAIRN_MUST_USE;
enum cairn_err kvn_snapshot_list(struct cairn_kv *kv, struct cairn_kv_key from, bool behind,
                                 void *mem, size_t mem_bytes, size_t *count, bool *end,
                                 struct cairn_why *why) CAIRN_MUST_USE;
/* Make the reader one of the snapshot, which counts as open from then on. CAIRN_ENOENT. */
enum cairn_err kvn_snapshot_find(struct kvn_reader *reader, struct cairn_kv_key name,
                                 struct cairn_why *why) CAIRN_MUST_USE;
/* A view ends. */
void kvn_snapshot_close(struct cairn_kv *view);
/* The newest snapshot's generation into the store, when it is opened. */
enum cairn_err kvn_snapshots_load(struct kvn_store *store, struct cairn_why *why) CAIRN_MUST_USE;

#endif
