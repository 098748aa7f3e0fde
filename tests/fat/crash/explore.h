/* SPDX-License-Identifier: ISC */
/*
 * All sequences of some operations on a volume, and at every flush and behind every operation all
 * that a cut may leave. Sequences that begin alike share their beginning: the world is kept before
 * each operation and come back to.
 */
#ifndef CAIRN_TESTS_FAT_CRASH_EXPLORE_H
#define CAIRN_TESTS_FAT_CRASH_EXPLORE_H

#include "judge.h"
#include "world.h"

#define EXPLORE_DEPTH_MAX 64u

/* Operations to choose from. Of names that are alike, the first `alike` of the paths, only
 * sequences that use them in this order are tried. */
struct alphabet {
    const char *name;
    const struct op *ops;
    uint32_t count;
    const char *const *alike;
    uint32_t alike_count;
};

extern const struct alphabet alphabets[];
extern const uint32_t alphabet_count;

struct explore_counts {
    uint64_t sequences, cuts, states;
    uint64_t drawn_cuts; /* that may leave more states than states_max */
};

struct explorer {
    struct world *world;
    struct image image;
    const struct shape *shape;
    struct snapshot snapshots[EXPLORE_DEPTH_MAX + 1];
    struct memo memo;
    struct after *after;
    struct judge judge;
    struct explore_counts counts;
    uint64_t states_max; /* of one cut that are gone through; 0: all. Beyond, some are drawn */
    struct op path[EXPLORE_DEPTH_MAX];
    uint32_t depth;
    bool settling; /* the sync and unmount behind the path */
    bool broken;
    char what[8192]; /* was done, and is wrong */
};

void explorer_make(struct explorer *explorer);
void explorer_free(struct explorer *explorer);
/* A fresh volume, mounted, nothing done. */
void explorer_shape(struct explorer *explorer, const struct shape *shape);

/* One operation more, and all cuts in it; then the cuts of a sync and an unmount, after which the
 * world is as it was behind the operation. false: broken. */
bool explorer_do(struct explorer *explorer, const struct op *op);

/* All sequences of up to `depth` operations that begin with operation number `first`; depth 0: only
 * mounting. false: broken. */
bool explorer_all(struct explorer *explorer, const struct alphabet *alphabet, uint32_t first,
                  uint32_t depth);

#endif
