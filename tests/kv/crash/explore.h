/* SPDX-License-Identifier: ISC */
/*
 * Sequences of operations on a store, and at every flush and behind every operation all that a cut
 * may leave. Sequences that begin alike share their beginning: the world is kept before each
 * operation and come back to.
 */
#ifndef CAIRN_TESTS_KV_CRASH_EXPLORE_H
#define CAIRN_TESTS_KV_CRASH_EXPLORE_H

#include "judge.h"
#include "world.h"

#define EXPLORE_DEPTH_MAX 8u

struct explorer {
    struct world world;
    struct contents contents;
    struct judge judge;
    struct snapshot snapshots[EXPLORE_DEPTH_MAX + 1];
    const struct op *path[EXPLORE_DEPTH_MAX];
    uint32_t depth;
    uint64_t sequences;
    bool closing; /* the checkpoint behind the path */
    char what[4096];
};

/* depth: of cuts. */
void explorer_make(struct explorer *explorer, const struct shape *shape, uint32_t depth);
void explorer_free(struct explorer *explorer);
/* One operation, and all cuts in it. false: broken. */
bool explorer_do(struct explorer *explorer, const struct op *op);
/* All sequences of up to `depth` operations that begin with operation number `first`, each with a
 * checkpoint behind it. false: broken. */
bool explorer_all(struct explorer *explorer, const struct alphabet *alphabet, uint32_t first,
                  uint32_t depth);

#endif
