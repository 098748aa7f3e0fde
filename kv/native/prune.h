/* SPDX-License-Identifier: ISC */
/* Freeing what a snapshot alone has. */
#ifndef CAIRN_KV_NATIVE_PRUNE_H
#define CAIRN_KV_NATIVE_PRUNE_H

#include "store.h"

struct kvn_prune {
    struct kvn_store *store;
    const struct kvn_tree *tree; /* the snapshot's */
    const struct kvn_tree *next; /* the next newer snapshot's, or the newest */
    uint64_t older;              /* generation of the next older snapshot, 0: none */
};

/* Free the pages, of the tree and of values, that were born after `older` and that `next` does not
 * lead to. Walks the pages that are to go, and those of `next` beside them. */
enum cairn_err kvn_prune(struct kvn_prune *prune, struct cairn_why *why) CAIRN_MUST_USE;

#endif
