/* SPDX-License-Identifier: ISC */
/*
 * Repairing a store: private to repair*.c and check_space.c.
 *
 * Invariants:
 * 1. Nothing is written where the newest state, as it is on the device, leads to: a page of the map
 * goes to its next home, and one superblock, of the same generation, leads to all of them. So the
 * log behind it means what it meant.
 * 2. The two copies of a superblock are never written at once.
 */
#ifndef CAIRN_KV_NATIVE_REPAIR_H
#define CAIRN_KV_NATIVE_REPAIR_H

#include <cairn/kv_repair.h>

#include "check.h"

#define KVN_MEND_LEVELS 3u

/* The map that is built while the last pass of a check goes over it. */
struct kvn_mend {
    enum cairn_err err;              /* of the device; nothing is written any more */
    uint8_t *bits;                   /* a bitmap page */
    uint8_t *index[KVN_MEND_LEVELS]; /* by level, from 1 on: the index page that is being filled */
    uint64_t index_free[KVN_MEND_LEVELS];
    bool index_new[KVN_MEND_LEVELS]; /* something in it is not as it was */
    struct kvn_home top[KVN_TOP_ENTRIES];
    uint64_t free;      /* pages, in all */
    uint64_t come_free; /* of these, those that the old map had in use */
    uint64_t written;   /* pages of the map */
};

/* The group's page of the map, from the check's window: kept where it is as it should be, written
 * anew where not. Groups come in order. (repair_map.c) */
void kvn_mend_group(struct cairn_kv_check *check, uint64_t group);

/* The entry of a page of the map, and that page; false: not whole. (check_space.c) */
bool kvn_check_home(struct cairn_kv_check *check, uint32_t level, uint64_t number,
                    struct kvn_home *home);
bool kvn_check_map(struct cairn_kv_check *check, uint32_t level, uint64_t number,
                   const struct kvn_home *home, uint8_t *mem);

#endif
