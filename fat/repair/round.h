/* SPDX-License-Identifier: ISC */
/*
 * A round of writing: everything that is to change is handed out for undo, then written: that the
 * volume is in use, stage by stage, the other copies of the FAT, and last its state. One flush
 * behind each of these that wrote anything. The device reads as the stages say at any time.
 */
#ifndef CAIRN_FAT_ROUND_H
#define CAIRN_FAT_ROUND_H

#include "mend.h"

#define FAT_ROUND_BYTES (128u << 10) /* of a request, at most */

struct fat_round {
    struct cairn_blk *dev;
    uint8_t *old, *now; /* FAT_ROUND_BYTES of each, and aligned */
    uint32_t unit;
    /* the FAT in force, and its mirrors; count 1: none */
    uint64_t fat_at, fat_bytes, copy_at[4];
    uint32_t copy_count;
    /* at work */
    uint32_t order;
    bool survey, wrote;
    uint64_t changed; /* units that differ, of metadata */
};

/* Write all changes and forget them. A part leaves the mirrors, which may know more yet; only in
 * the end, and when the volume is sound, its state is written, too. */
enum fat_round_end { FAT_ROUND_PART, FAT_ROUND_UNSOUND, FAT_ROUND_SOUND };
enum cairn_err fat_round_write(struct fat_mend *mend, enum fat_round_end end) CAIRN_MUST_USE;
/* Only count the blocks of metadata that would differ. */
enum cairn_err fat_round_count(struct fat_mend *mend, enum fat_round_end end,
                               uint64_t *blocks) CAIRN_MUST_USE;

#endif
