/* SPDX-License-Identifier: ISC */
/*
 * Salvage: what can be read of a damaged native store, into a new one. The old one is only read,
 * and need not open.
 *
 * Each page of a tree says which store it is of, which page and when it was written; and each page
 * of a value is told by the hash that its record has. All pages of the device are looked at, in the
 * order in which they were written. Where the way to a key in the newest tree is whole, the tree
 * decides whether the key is there, and what it has; where it is not (or there is no tree), the
 * newest record that was found counts: a key that was removed may be back, then, and a leaf that is
 * damaged within a value in place is not told (its hash was in the page above). Changes that only
 * the log has follow, if the log is whole.
 *
 * Pages of values that are lost read as zeros, and the value is named. Entries of a dictionary that
 * nothing leads to any more come under a name of their own in the root, "salvaged-" and its id.
 * Snapshots are left behind.
 */
#ifndef CAIRN_KV_SALVAGE_H
#define CAIRN_KV_SALVAGE_H

#include <cairn/kv_native.h>

CAIRN_BEGIN

/* Memory: the more, the fewer passes over the device. */
#define CAIRN_KV_SALVAGE_MEM_LEAST (UINT32_C(8) << 20)

struct cairn_kv_salvage_options {
    /* Called for every value that is not whole; key is the entry's name, escaped, in the dictionary
     * (or large value) `id`. Return false to stop (CAIRN_ECANCELED). */
    bool (*report)(void *ctx, uint64_t id, const char *key, const char *text);
    void *ctx;
    const struct cairn_kv_native_options *native; /* how `to` is opened; NULL: as by default */
};

struct cairn_kv_salvage_result {
    uint32_t page_bytes;       /* of the old store */
    bool has_tree, has_log;    /* they were used; the log may have been empty */
    uint64_t leaves, passes;   /* pages found; times that the device was read */
    uint64_t entries;          /* written, some of them more than once */
    uint64_t pages_lost, torn; /* pages of values; records that have some */
    uint64_t adopted;          /* dictionaries and values that nothing led to */
};

/* The size of the pages of the store that is, or was, on dev: from a superblock, or from what lies
 * on it. 0: there is nothing of a store. mem has at least 128 KiB. */
CAIRN_API uint32_t cairn_kv_salvage_page_bytes(struct cairn_blk *dev, void *mem, size_t mem_bytes);

/* From `from` into `to`, a native store that is empty, of pages no smaller than the old one's, and
 * not open. CAIRN_EINVAL: nothing of a store is on `from`; CAIRN_ENOTEMPTY: there is something in
 * `to`; CAIRN_ENOSPC: it is too small; CAIRN_ENOMEM: below CAIRN_KV_SALVAGE_MEM_LEAST; of `to`, as
 * of opening it. Pages of `from` that cannot be read are passed by. */
CAIRN_API enum cairn_err cairn_kv_salvage(struct cairn_blk *from, struct cairn_blk *to,
                                          const struct cairn_kv_salvage_options *options, void *mem,
                                          size_t mem_bytes, struct cairn_kv_salvage_result *result,
                                          struct cairn_why *why) CAIRN_MUST_USE;

CAIRN_END

#endif
