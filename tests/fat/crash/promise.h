/* SPDX-License-Identifier: ISC */
/*
 * What a cut may leave of files and directories, as the operations since the last sync allow it.
 *
 * A *thing* is a file or directory by identity. It keeps every place that it had since the sync and
 * every size; a cut may leave it at any of them, at several, and, unless it was removed or is new,
 * never at none. Whatever size a file has, its bytes up to there are its own: that holds of files
 * that were touched, too.
 */
#ifndef CAIRN_TESTS_FAT_CRASH_PROMISE_H
#define CAIRN_TESTS_FAT_CRASH_PROMISE_H

#include "ops.h"

#define THINGS_MAX 32u
#define THING_PLACES 8u
#define THING_SIZES 8u
#define PROMISE_NO_ZEROS UINT32_MAX
#define PROMISE_NAMES 64u

struct thing_place {
    uint8_t dir; /* a thing */
    uint8_t name;
};

struct thing {
    uint8_t used, is_dir;
    uint8_t alive; /* has a place now: the last of places */
    uint8_t must;  /* was synced, and not removed since */
    uint8_t place_count, size_count;
    uint8_t emptied; /* 1 + which of its sizes is that of a file that was made empty just now */
    uint8_t spare;
    uint16_t seed;  /* of its contents */
    uint16_t first; /* seed of its first OP_REWRITE_BYTES; and the one before they were written */
    uint16_t first_was; /* anew since the sync */
    struct thing_place places[THING_PLACES];
    uint32_t sizes[THING_SIZES];
    uint32_t zeros; /* bytes from here on may be zeros */
};

/* Thing 0 is the root. Equal promises are equal memory, up to `changed`: what follows
 * a cut does not tell. */
struct promise {
    struct thing things[THINGS_MAX];
    uint8_t renamed;           /* so often, since the sync */
    uint8_t recased, labelled; /* something, since the sync */
    uint8_t changed, held;
    uint32_t cluster_bytes, seeds;
};

void promise_start(struct promise *promise, uint32_t cluster_bytes);
/* Could the operation succeed, and would it change anything? */
bool promise_fits(const struct promise *promise, const struct op *op);
/* The operation is about to be done: all that it may leave on the way. */
void promise_before(struct promise *promise, const struct op *op);
/* It failed, and what it was to change is there, or not, with that size. */
void promise_failed(struct promise *promise, const struct promise *before, const struct op *op,
                    bool there, uint32_t size);
/* It was done, and nothing was flushed meanwhile: a file that was made empty and filled again shows
 * its old contents or the new, never none. */
void promise_quietly(struct promise *promise, const struct op *op);
/* Something was flushed. */
void promise_flushed(struct promise *promise);
void promise_synced(struct promise *promise);
uint64_t promise_hash(const struct promise *promise);

/* The number of a name; PROMISE_NAMES: unknown. Names are told apart by case. */
uint32_t promise_name(const char *name, size_t len);

/* What may stand under this name in one of the directories of the set: a set of things. Under
 * PROMISE_ALIAS, an 8.3 name with that first letter, may stand what came or went since the sync: a
 * cut between the sectors of a long name leaves its alias. */
#define PROMISE_ALIAS(letter) (PROMISE_NAMES + 1u + (uint8_t)(letter))
uint32_t promise_dirs(const struct promise *promise, uint32_t dirs, uint32_t name);
uint32_t promise_files(const struct promise *promise, uint32_t dirs, uint32_t name,
                       const uint8_t *bytes, uint32_t size);
/* Clusters of the longest file, at the longest that it was. */
uint32_t promise_longest(const struct promise *promise);
/* Things that must be there. */
uint32_t promise_musts(const struct promise *promise);
/* The newest name of the first thing of a set. */
const char *promise_thing_name(const struct promise *promise, uint32_t things);

/* The thing at a path, as the volume should show it now; NULL. */
const struct thing *promise_at(const struct promise *promise, const char *path);
uint8_t thing_byte(const struct thing *thing, uint32_t at);
static inline uint32_t thing_size(const struct thing *thing)
{
    return thing->sizes[thing->size_count - 1];
}

#endif
