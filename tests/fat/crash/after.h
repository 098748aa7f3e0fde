/* SPDX-License-Identifier: ISC */
/*
 * The device when power is back: each block that was not flushed is one of its versions, or what
 * was durable before. Which one is decided when somebody reads it, so that a block that nobody
 * reads has no ways; after_next goes to the next way, and what looked at the device looks again.
 *
 * A set of ways that was looked at before, with the same promises, is not looked at again: `memo`
 * holds the hashes of what is decided and of what is open.
 */
#ifndef CAIRN_TESTS_FAT_CRASH_AFTER_H
#define CAIRN_TESTS_FAT_CRASH_AFTER_H

#include "crash/memo.h"
#include "disk.h"

#define AFTER_OPTIONS_MAX 24u
#define AFTER_CHOICES_MAX 96u

struct after_block {
    const uint8_t *now;    /* NULL: open */
    uint16_t first, count; /* of its options */
    uint64_t open_hash;
};

/* A block whose version was chosen. */
struct after_choice {
    uint16_t live, option;
    uint64_t key; /* before it */
};

struct after {
    struct cairn_blk base;
    const struct disk *disk;
    struct memo *memo;
    uint64_t drawn; /* state of the dice when ways are drawn; 0: they are gone through */
    bool pruned;    /* all ways from here on are known: nothing more can be read */
    struct after_block blocks[DISK_LIVE_MAX];
    const uint8_t *options[DISK_VERSIONS_MAX + DISK_LIVE_MAX];
    uint64_t hashes[DISK_VERSIONS_MAX + DISK_LIVE_MAX];
    uint32_t option_count;
    uint32_t choice_count, choice_at; /* made in all; made in this way so far */
    struct after_choice choices[AFTER_CHOICES_MAX];
    uint64_t key_first, key; /* of the set of ways: all open; with the choices so far */
    uint64_t now;            /* of the contents with all that was written since */
    uint32_t written_count;
    uint8_t written[DISK_LIVE_MAX][DISK_BLOCK];
};

/* All that a cut now may leave of disk. salt: the hash of what is promised. false: this set of ways
 * is known. */
bool after_start(struct after *after, const struct disk *disk, struct memo *memo, uint64_t salt);
/* The next way; false: there is none. */
bool after_next(struct after *after);
/* A way drawn at random, whether known or not: for sets too large to go through. seed: not 0. */
void after_draw(struct after *after, uint64_t seed);

#endif
