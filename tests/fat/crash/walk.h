/* SPDX-License-Identifier: ISC */
/* The whole tree of a volume held against what was promised. */
#ifndef CAIRN_TESTS_FAT_CRASH_WALK_H
#define CAIRN_TESTS_FAT_CRASH_WALK_H

#include "promise.h"

/* Repair adds found/, or FILE0001 and the like, a new name where a change of case left two equal
 * ones, and what was left behind an end mark. */
enum walk_when {
    WALK_CUT,
    WALK_REPAIRED,
    WALK_REPAIRED_FULL /* there may have been no room for two files of two names: one is empty */
};

/* Everything there is something promised, and all that must be there is; else `what`. */
bool walk_agrees(struct cairn_fat *fs, const struct promise *promise, enum walk_when when,
                 char *what, size_t bytes);

#endif
