/* SPDX-License-Identifier: ISC */
/* Slots of directories, for the menders of what is in them: mend_dir.c, mend_dots.c, mend_lost.c,
 * mend_long.c, mend_name.c, mend_entry.c and mend_label.c. The slot at hand is c->slot_at, the long
 * slots in front of it are c->long_at. */
#ifndef CAIRN_FAT_MEND_SLOT_H
#define CAIRN_FAT_MEND_SLOT_H

#include "menders.h"

/* ---- mend_slot.c ----------------------------------------------------------------------------- */

/* `bytes` at `at` of the device as they will be, good until the next look. */
const uint8_t *fat_mend_look(struct fat_check *c, uint64_t at, uint32_t bytes);
/* The dates and times of what is made now. */
void fat_mend_now(const struct fat_check *c, struct fat_dirent *entry);

/* Nobody has claimed a cluster that was just taken: the walk is to come by, or the sweep. */
void fat_mend_unclaim(struct fat_check *c, uint32_t cluster);

/* Remove the long slots in front, and the slot at hand. false: no room. */
bool fat_mend_set_drop(struct fat_check *c);
bool fat_mend_entry_drop(struct fat_check *c);
/* Give the long slots the checksum of the 8.3 name; room for as many changes was asked for. */
void fat_mend_set_sum(struct fat_check *c, const uint8_t raw[FAT_SHORT_BYTES]);
/* Put name, which needs no more slots, into the long slots of the entry at hand. false: no room. */
bool fat_mend_set_write(struct fat_check *c, const struct fat_name *name);

/* "its name becomes X": say what a name becomes. */
void fat_mend_say_name(struct fat_check *c, const char *what, const struct fat_name *name);

/* A walk over slots of a directory, from a cursor on. */
struct fat_mend_slots {
    struct fat_check_cursor at; /* of the next slot */
    uint64_t slot_at;           /* of this one, bytes of the device */
    const uint8_t *slot;        /* good until the next look */
};
/* The next slot; false: there are no more. */
bool fat_mend_slots_next(struct fat_check *c, struct fat_mend_slots *walk);

/* Is it an entry that someone made: of a file or directory, with a legal name, sound attributes and
 * times, and contents that nobody else has laid claim to? */
enum fat_mend_sense {
    FAT_MEND_NONSENSE,
    FAT_MEND_EMPTY, /* a file without contents: for want of them, nothing speaks against it */
    FAT_MEND_ALIVE
};
enum fat_mend_sense fat_mend_sense_of(struct fat_check *c, const uint8_t *slot);
/* Does what starts at this cluster begin with a "." that says so? Does it have any dot in its
 * place?
 */
bool fat_mend_is_dir(struct fat_check *c, uint32_t start);
bool fat_mend_has_dots(struct fat_check *c, uint32_t start);

#endif
