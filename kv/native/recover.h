/* SPDX-License-Identifier: ISC */
/* What a store is after opening. */
#ifndef CAIRN_KV_NATIVE_RECOVER_H
#define CAIRN_KV_NATIVE_RECOVER_H

#include "store.h"

/* The newest superblock of a generation below `below` that is whole. By way of store->super_page.
 *   CAIRN_EINVAL   no store            CAIRN_ECORRUPT  one without a superblock that is whole
 *   CAIRN_ENOTSUP  a newer format      CAIRN_ERANGE    larger than the device */
enum cairn_err kvn_super_find(struct kvn_store *store, uint64_t below, struct kvn_super *super,
                              struct cairn_why *why) CAIRN_MUST_USE;
/* Is the root that it leads to there? */
enum cairn_err kvn_root_check(struct kvn_store *store, const struct kvn_super *super,
                              struct cairn_why *why) CAIRN_MUST_USE;
/* The log's commits into the overlay. Nothing else uses the store yet. */
enum cairn_err kvn_log_replay(struct kvn_store *store, struct cairn_why *why) CAIRN_MUST_USE;

/* As cairn_kv_native_open; for salvage nothing in the tree is looked at, which may be damaged. The
 * store is closed as any other. (open.c) */
enum cairn_err kvn_open(struct cairn_kv **kv, struct cairn_blk *dev,
                        const struct cairn_kv_native_options *options, void *mem, size_t mem_bytes,
                        bool is_salvage, struct cairn_why *why) CAIRN_MUST_USE;

#endif
