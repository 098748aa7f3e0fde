/* SPDX-License-Identifier: ISC */
/*
 * All that a cut may leave, way by way. What one request reads is decided at once: its open blocks
 * in every combination where these are at most `full`; where they are more, as they were at each
 * moment, one alone older than all others, and one alone newer than all others (each of them, or of
 * very many some). A way ends where the disk is, with what was decided, one that was looked at
 * before.
 */
#ifndef CAIRN_TESTS_KV_CRASH_WAYS_H
#define CAIRN_TESTS_KV_CRASH_WAYS_H

#include "crash/memo.h"
#include "disk.h"

#define WAYS_CHOICES_MAX 256u
#define WAYS_ODD_MAX 24u

struct choice {
    uint16_t first, count; /* of its blocks in `group` */
    bool full;
    uint32_t at, of; /* combinations */
};

struct ways {
    struct disk *disk;
    const struct disk *from;
    struct memo *memo;
    uint64_t salt, drawn; /* dice, when ways are drawn; 0: they are gone through */
    uint64_t key;         /* of what was cut, with what is decided */
    uint32_t full;
    uint32_t count, at; /* choices made in all; in this way so far */
    struct choice choices[WAYS_CHOICES_MAX];
    uint16_t group[DISK_BLOCKS];
};

/* Begin: disk is what a cut of from may leave. salt: hash of what else counts. false: known. */
bool ways_start(struct ways *ways, struct disk *disk, const struct disk *from, struct memo *memo,
                uint64_t salt);
/* The next way: the disk is anew what the cut left. false: there is none. */
bool ways_next(struct ways *ways);
/* A way drawn at random, known or not; seed: not 0. */
void ways_draw(struct ways *ways, uint64_t seed);
/* Somebody reads these blocks. false: each way that they can be is known. */
bool ways_decide(struct ways *ways, uint32_t block, uint32_t count);

#endif
