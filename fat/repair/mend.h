/* SPDX-License-Identifier: ISC */
/*
 * How repair mends what check finds, while check walks. check/fault.c, the one door of findings,
 * asks fat_mend_fault before it reports one; that looks up the fault's mender in a table (mend.c)
 * and the mender changes the volume through the functions below, as check sees it from then on:
 * the store of changes and check's windows are changed together.
 *
 *   (1) A mender makes all of its changes or none: it asks for room first. When there is none, what
 *       was changed so far is written (unless only a plan is made).
 *   (2) Nothing that a mender frees is taken again before it is written: a cluster is free to take
 *       when its entry is 0 on the device, in every copy that counts, and in the changes, and
 *       nothing has claimed it or points at it. Not before the first pass has seen the whole tree:
 *       an entry that leads to a free cluster has been mended by then.
 *   (3) What is alive never loses its last reference in an earlier stage than the new one is added.
 *   (4) Every mender brings the volume nearer to sound: the number of passes is bounded, and the
 *       last one finds nothing that has a mender.
 *   (5) The state bits (boot sector, FAT[1]) are changed through fat_mend_state only: they are
 *       written before everything and behind everything.
 */
#ifndef CAIRN_FAT_MEND_H
#define CAIRN_FAT_MEND_H

#include "../check/check.h"
#include "changes.h"

#include <cairn/fat_repair.h>

/* A byte that says whether the volume is in use: of the boot sector, of FAT[1]. */
struct fat_mend_state_byte {
    uint64_t at;
    uint8_t in_use, in_end; /* while it is repaired, and when that is done */
};

/* Where found/ ends, and which numbers are next; see found.c. */
struct fat_mend_found {
    uint32_t start;   /* 0: not looked for yet */
    uint32_t cluster; /* the last one */
    uint32_t offset;  /* of the next slot in it */
    uint32_t slots;
    uint32_t files, dirs; /* numbers given */
    bool in_root;         /* the root takes its place: then start is 0 */
    bool none;            /* there can be none */
    uint8_t raw[FAT_SHORT_BYTES];
    char path[32]; /* of what was put there last */
};

struct fat_mend {
    const struct cairn_fat_repair_options *options;
    struct cairn_fat_repair_result *result;
    struct fat_changes *changes;
    struct fat_round *round; /* writes them; see round.h */
    struct cairn_why *why;
    enum cairn_err err; /* of writing; the pass is then canceled */

    /* over all passes */
    uint32_t pass;       /* from 1 */
    bool changed;        /* something is to be written */
    bool unreadable;     /* a sector could not be read: nothing is mended */
    bool full;           /* making a plan, and memory was too small for a change */
    bool copies_differ;  /* some copy of the FAT was not as the one in force */
    bool mirrors_behind; /* a part was written without them */
    bool shared;         /* chains met in the last pass, or there was none before */
    bool anew;           /* the pass is broken off and begins anew */
    uint32_t anews;      /* how often */
    bool dirs_first;     /* a directory met a file: the next pass finds directories first */
    struct fat_mend_state_byte state[2];
    uint32_t state_count;       /* 0: not known yet */
    bool was_dirty, had_errors; /* found, and mended only if nothing grave is left */

    /* of this pass */
    struct fat_check_window window; /* a mender's own */
    struct fat_check_window piece; /* of the FAT, in a sweep over it: kept while trees are walked */
    struct fat_check_window raw;   /* the device, without the changes */
    bool tree_seen;                /* all that the root leads to was looked at */
    bool size_stays;               /* the volume goes on behind the device's end, and cannot end */
    bool meets;                    /* chains met */
    bool later;                    /* something waits for the next pass */
    uint64_t *spare; /* a bit a cluster: cut off from a chain, nobody's unless someone claims it */
    uint64_t *dirs;  /* a bit a cluster: belongs to a directory; NULL: not known */
    uint32_t next_free; /* where to look for a free cluster */
    bool none_free;
    bool starved;     /* something lacked a place that is free when the changes are written */
    uint32_t lookups; /* slots that may still be looked through for `..` */
    struct fat_mend_found found;
    uint64_t mended;

    /* of the finding at hand */
    char action[192], lost[96]; /* "": none */
    bool waits;                 /* for the next pass: nothing is told yet */
};

/* ---- mend.c: the door ---------------------------------------------------------------------- */

/* Mend the fault at hand: fills action and lost. true: the volume now looks different here, so
 * check should look again at what it was at (the entry of the FAT, the slot) before going on. */
bool fat_mend_fault(struct fat_check *c, enum cairn_fat_fault fault, uint32_t cluster, uint64_t a,
                    uint64_t b);
/* Fill the finding's action and lost. Is it to be reported? What cannot be mended is told of in the
 * first pass alone. */
bool fat_mend_tells(struct fat_check *c, struct cairn_fat_finding *found);
/* What was done, "cut behind 3 clusters"; a mender that said nothing did nothing. */
void fat_mend_say(struct fat_check *c, const char *fmt, ...) CAIRN_PRINTF(2, 3);
/* What is lost by it; without that, nothing. */
void fat_mend_loses(struct fat_check *c, const char *fmt, ...) CAIRN_PRINTF(2, 3);

/* A mender of one fault; a and b as the finding has them. Returns as fat_mend_fault does. */
typedef bool fat_mender(struct fat_check *c, uint32_t cluster, uint64_t a, uint64_t b);

/* ---- mend_io.c: changing the volume --------------------------------------------------------- */

/* Begin a pass: windows, and when the geometry is known all else, from check's memory. false: too
 * little. */
bool fat_mend_windows(struct fat_check *c);
bool fat_mend_begin(struct fat_check *c, size_t words);
/* When the copy in force is known and nothing was looked at: find the directories first, if asked
 * for. */
void fat_mend_dirs_find(struct fat_check *c);

/* Write what was changed so far; the changes begin anew. The mirrors of the FAT follow when nothing
 * is left that they could tell. */
enum cairn_err fat_mend_write(struct fat_mend *mend, bool mirrors) CAIRN_MUST_USE;
/* Is there room for so many changes with so many bytes in all? A mender asks before it changes
 * anything, for at most FAT_CHANGES_PUTS and FAT_CHANGES_BYTES; then none of them fails. May write
 * what was changed so far: windows and pointers into them stay valid. */
bool fat_mend_room(struct fat_check *c, uint32_t puts, uint32_t bytes);
/* The device must hold the data of a cluster before they are copied once more: if it was taken
 * since the last writing, write what was changed. false: that failed. */
bool fat_mend_settle(struct fat_check *c, uint32_t cluster);
/* Change bytes of the device (NULL: to zeros); every window of check shows it at once. */
void fat_mend_put(struct fat_check *c, uint64_t at, const void *bytes, uint32_t len,
                  enum fat_stage stage);
/* A FAT entry of the copy in force (mirrors follow when all is written). The top nibble of a FAT32
 * entry stays. Keeps result's counts of clusters. */
void fat_mend_entry(struct fat_check *c, uint32_t cluster, uint32_t value, enum fat_stage stage);
/* Part of a directory slot at device byte `slot_at`. */
void fat_mend_slot(struct fat_check *c, uint64_t slot_at, uint32_t offset, const void *bytes,
                   uint32_t len, enum fat_stage stage);
/* Mark the slot removed (0xE5), in REMOVE. */
void fat_mend_slot_remove(struct fat_check *c, uint64_t slot_at);
/* Start cluster and size of the entry at device byte `slot_at`. */
void fat_mend_slot_start(struct fat_check *c, uint64_t slot_at, uint32_t start,
                         enum fat_stage stage);
void fat_mend_slot_size(struct fat_check *c, uint64_t slot_at, uint32_t size);

/* A free cluster for something new, its entry an end mark (NEW), claimed (as a file's); 0: none
 * (see none_free), no room, or too early: then the fault waits. Asks for room itself: take before
 * the first change. */
uint32_t fat_mend_take(struct fat_check *c);
/* The same for a directory: zeroed (NEW), and claimed as one's. */
uint32_t fat_mend_take_dir(struct fat_check *c);
/* Are so many clusters free, as far as is known? */
bool fat_mend_free_left(const struct fat_check *c, uint64_t clusters);
/* Free every cluster of a chain from `first` to its end that nothing has claimed (FREE); asks for
 * room itself. Returns how many. */
uint32_t fat_mend_free(struct fat_check *c, uint32_t first);
/* The entry as the device has it now, in the copy in force. */
uint32_t fat_mend_device_entry(struct fat_check *c, uint32_t cluster);
/* Does the copy in force, or one that differs from it, say that the cluster is in use? */
bool fat_mend_is_used(struct fat_check *c, uint32_t cluster);
/* What another copy of the FAT says, if that makes a chain go on where the one in force has it
 * end or break: an end mark, or a used cluster that nobody has claimed. Changes the entry to it. */
bool fat_mend_vote(struct fat_check *c, uint32_t cluster);
/* Both are clear, whatever FAT[1] was. */
void fat_mend_state_reset(struct fat_check *c);
/* The state bits in the end: those of `clear` (1 in use, 2 errors) are cleared. */
void fat_mend_state(struct fat_check *c, uint32_t clear);

/* ---- mend_chain.c --------------------------------------------------------------------------- */

/* Keep the first `keep` clusters of the chain at hand (c->chain): an end mark behind them, or no
 * start; the size of a file no larger. What followed is spare. Says nothing. false: no room. */
bool fat_mend_cut(struct fat_check *c, uint32_t keep);
/* ---- mend_home.c ---------------------------------------------------------------------------- */

/* A directory's slots up to the end of its chain, piece by piece, in mend's own window. */
struct fat_mend_walk {
    uint32_t cluster, last, left; /* the first; the one at hand, 0: none yet; how many may follow */
    uint32_t offset;              /* in it, of what follows */
    bool fixed;                   /* FAT12/16's root */
    uint64_t at;                  /* bytes of the device where slots[0] lies */
    const uint8_t *slots;
    uint32_t count;
};
void fat_mend_walk_begin(const struct fat_check *c, struct fat_mend_walk *walk, uint32_t start);
bool fat_mend_walk_next(struct fat_check *c, struct fat_mend_walk *walk);
/* Is the slot an entry of a file or directory, and no "." or ".."? */
bool fat_mend_walk_entry(const struct fat_check *c, const uint8_t *slot, struct fat_dirent *entry);
/* Does the directory that starts at `dir` (0: the root) have an entry that leads to `start`? */
bool fat_mend_dir_names(struct fat_check *c, uint32_t dir, uint32_t start);
/* Is the directory at `start`, found in `parent`, by its ".." at home in another one that names it,
 * too? */
bool fat_mend_dir_is_elsewhere(struct fat_check *c, uint32_t start, uint32_t parent);

/* Did the first look at the volume find the cluster to be a directory's? */
static inline bool fat_mend_knows_dir(const struct fat_check *c, uint32_t cluster)
{
    return c->mend && c->mend->dirs && cluster < c->entries &&
           fat_check_bit(c->mend->dirs, cluster);
}

/* ---- mend_orphan.c -------------------------------------------------------------------------- */

/* Before the sweep over orphans: whatever the lost directories name is no head of its own. */
void fat_mend_orphans_begin(struct fat_check *c);
/* A spare chain, or one behind the device's end, is freed without a word. */
bool fat_mend_orphan_is_spare(struct fat_check *c, uint32_t head);
/* Does an orphan chain end before this cluster: as a file it would be too long, or go behind the
 * device's end? */
bool fat_mend_orphan_is_full(const struct fat_check *c, const struct fat_check_chain *chain,
                             uint32_t cluster);
/* A lost directory is in found/ now: walk the tree below it. */
void fat_mend_orphan_descend(struct fat_check *c, struct fat_check_chain *chain);

#endif
