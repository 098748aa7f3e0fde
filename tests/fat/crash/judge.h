/* SPDX-License-Identifier: ISC */
/*
 * Is a device, as a cut left it, what was promised? It is mounted and read, checked, repaired,
 * checked and read again, and then used.
 */
#ifndef CAIRN_TESTS_FAT_CRASH_JUDGE_H
#define CAIRN_TESTS_FAT_CRASH_JUDGE_H

#include "after.h"
#include "promise.h"

#include <cairn/fat_check.h>

#define JUDGE_MEM_BYTES (2u << 20)

struct judge {
    uint8_t *mem;
    struct memo *memo;
    struct after *after;
    const struct promise *promise;
    bool is_full;               /* so small that there may be no room for found/ */
    bool has_no_room;           /* that, or too little is left to copy the longest file */
    bool torn_entries;          /* a FAT12 entry may be half old, half new: only repair knows */
    bool says_dirty, is_faulty; /* the device, as check found it */
    uint64_t findings[CAIRN_FAT_FAULT_COUNT]; /* of all cuts */
    char what[2048];                          /* is wrong */
};

void judge_make(struct judge *judge, struct memo *memo);
void judge_free(struct judge *judge);

/* false: `what` says what is wrong, unless after->pruned. */
bool judge_cut(struct judge *judge, struct after *after, const struct promise *promise);
/* The same of a volume that was unmounted: nothing may be wrong with it. */
bool judge_clean(struct judge *judge, struct after *after, const struct promise *promise);

#endif
