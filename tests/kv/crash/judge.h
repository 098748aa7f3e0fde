/* SPDX-License-Identifier: ISC */
/*
 * A store that lost its power: it is opened, what is in it is one of the pictures that it may have,
 * and it goes on working. While it does, it loses its power again, so many levels deep.
 */
#ifndef CAIRN_TESTS_KV_CRASH_JUDGE_H
#define CAIRN_TESTS_KV_CRASH_JUDGE_H

#include "ways.h"
#include "world.h"

#include <cairn/kv_check.h>

#define JUDGE_DEPTH_MAX 3u
#define JUDGE_MEM_BYTES ((size_t)512 << 10)

struct judge;

/* One cut and what comes behind it. */
struct level {
    struct judge *judge;
    uint32_t depth; /* 1: the first cut */
    struct disk disk;
    struct ways ways;
    struct history history; /* what may be there now */
    uint64_t salt;
    uint64_t log_end; /* hash of what was behind the log's end when it had been opened */
    uint8_t *mem;
    struct cairn_kv *kv;
    const char *doing;
    bool settling; /* cuts in it are not looked at */
};

struct judge_counts {
    uint64_t cuts[JUDGE_DEPTH_MAX], states[JUDGE_DEPTH_MAX];
    uint64_t drawn_cuts; /* that leave more than states_max */
};

struct judge {
    struct memo memo;
    struct level *levels; /* JUDGE_DEPTH_MAX */
    uint32_t depth;       /* cuts, one within what follows another */
    bool thorough;        /* nested cuts of each state; else of those in which other is written */
    uint64_t states_max;  /* of one cut that are gone through; 0: all. Beyond, some are drawn */
    uint32_t keep;        /* as the store was opened */
    struct cairn_clock_wall_fixed clock;
    struct judge_counts counts;
    uint8_t *check_mem;
    uint8_t again[OP_AGAIN_BYTES]; /* what judges set */
    bool broken;
    char what[2048];
};

/* contents: of the disks that will be cut. */
void judge_make(struct judge *judge, struct contents *contents);
void judge_free(struct judge *judge);
/* All that a cut now may leave of disk. false: broken. */
bool judge_cut(struct judge *judge, const struct disk *disk, const struct history *history);

#endif
