/* SPDX-License-Identifier: ISC */
/*
 * Salvaging a store: private to salvage*.c.
 *
 * Leaves are sorted by birth, as many at once as memory holds; more of them take further passes
 * over the device. Each entry goes through `judge` (is it what the newest state has?) and into the
 * new store, where a later one replaces it.
 *
 * Invariants:
 * 1. Nothing is written to the old device, and nothing of it is believed that is not bounded first.
 * 2. Ids stay what they were: so nothing has to be known of an entry but itself.
 */
#ifndef CAIRN_KV_NATIVE_SALVAGE_H
#define CAIRN_KV_NATIVE_SALVAGE_H

#include <cairn/kv_salvage.h>

#include "store.h"

/* A leaf that was found. */
struct kvn_leaf {
    uint64_t birth, page;
};

struct kvn_salvage {
    struct cairn_blk *from;
    const struct cairn_kv_salvage_options *options;
    struct cairn_kv_salvage_result *result;
    struct cairn_why *why;
    uint32_t page_bytes; /* of the old store */
    uint64_t uuid8, pages;
    struct kvn_store *old;   /* its newest tree, and what the log has behind it; NULL: neither */
    struct cairn_kv *old_kv; /* it is open; NULL: only its tree is at hand */
    struct kvn_store *fresh; /* the new one */
    struct kvn_leaf *leaf;   /* of this pass, by birth; room for leaf_max */
    uint32_t leaf_count, leaf_max;
    struct kvn_leaf done; /* the last one of the passes before */
    uint8_t *scan;        /* KVN_SCAN_BYTES */
    uint8_t *page;        /* one of the old store */
    uint8_t *ids;         /* bits, two for each id of a window: named, used */
    uint64_t ids_bytes;
};
#define KVN_SCAN_BYTES (UINT32_C(1) << 20)

/* ---- salvage_scan.c -------------------------------------------------------------------------- */

/* Page size and UUID of what is on the device. CAIRN_EINVAL: nothing is. */
enum cairn_err kvn_salvage_shape(struct kvn_salvage *salvage) CAIRN_MUST_USE;
/* The next leaves, behind salvage->done; *more: not all fitted. */
void kvn_salvage_scan(struct kvn_salvage *salvage, bool *more);
/* A leaf into salvage->page; false: it cannot be read, or is none any more. */
bool kvn_salvage_leaf(struct kvn_salvage *salvage, const struct kvn_leaf *leaf);

/* ---- salvage_copy.c -------------------------------------------------------------------------- */

/* One entry into the new store (record NULL: it is removed there). What makes no sense is passed
 * by. Errors are the new store's, and CAIRN_ECANCELED. */
enum cairn_err kvn_salvage_entry(struct kvn_salvage *salvage, struct kvn_slice key,
                                 const struct kvn_slice *record) CAIRN_MUST_USE;

/* ---- salvage_ids.c --------------------------------------------------------------------------- */

/* One name for each id, and one for each that has none. */
enum cairn_err kvn_salvage_ids(struct kvn_salvage *salvage) CAIRN_MUST_USE;

#endif
