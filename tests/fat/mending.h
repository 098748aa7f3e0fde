/* SPDX-License-Identifier: ISC */
/* A repair in memory that is watched: what it saves before it writes, how often it asks the device,
 * and what is left; and how to take it back. */
#ifndef CAIRN_TESTS_FAT_MENDING_H
#define CAIRN_TESTS_FAT_MENDING_H

#include <cairn/blk_mem.h>
#include <cairn/fat_repair.h>

struct mending_save;

struct mending {
    uint8_t *bytes; /* the device: the caller's */
    size_t size;
    struct cairn_fat_repair_options options; /* but for report, save, saved */
    size_t changes;                          /* bytes of memory for changes; 0: 1 MiB */

    enum cairn_err err;
    struct cairn_why why;
    struct cairn_fat_repair_result result;
    struct mending_save *saves; /* newest first */
    size_t save_count;          /* of them, that are of what changes */
    uint64_t requests;          /* of the device */
    const char *broken;         /* a promise of repair that was not kept; NULL: none */
    char log[4096];             /* the findings, what was done, what was lost */
};

/* Repair: everything behind `changes` is filled. Free what it holds by mending_end. */
void mending_run(struct mending *mending);
/* Write back what was saved, newest first. */
void mending_undo(const struct mending *mending);
/* Where something was saved, does the device hold what `other` does? Nothing else was written. */
bool mending_same(const struct mending *mending, const uint8_t *other);
void mending_end(struct mending *mending);

#endif
