/* SPDX-License-Identifier: ISC */
/* Several faults on one healthy volume: one to three of the table of damages, what check must say
 * of them, and which files they touch. */
#ifndef CAIRN_TESTS_FAT_COMBO_H
#define CAIRN_TESTS_FAT_COMBO_H

#include <tape/tape.h>

#include "damage.h"

#define COMBO_MAX 3u

struct combo {
    struct sample_shape shape;
    const struct damage *of[COMBO_MAX];
    uint32_t count;
};

/* The volumes that are damaged. */
extern const struct sample_shape combo_shapes[];
extern const size_t combo_shape_count;

/* The next combo of `count` faults in a fixed order of all; false: it was the last. The first one
 * follows a combo whose count is 0. */
bool combo_next(struct combo *combo, uint32_t count);

/* One to three faults on some volume. */
void combo_draw(struct tape *tape, struct combo *combo);

/* Make the healthy volume and plant the faults, in the table's order, those of FSInfo last. false,
 * and no volume: they cannot be planted together, since one does not fit the volume, or changes
 * what an earlier one had changed. */
bool combo_plant(const struct combo *combo, struct sample *s);

/* Must check name fault number i? Not if another one hides it (combo_rules.c says which do), nor
 * where no boot sector can be used. */
bool combo_says(const struct combo *combo, uint32_t i);

/* Bits (1 << SAMPLE_x) of files whose contents may be gone; and of those which may have another
 * name or be at another place, their contents whole. */
uint32_t combo_loses(const struct combo *combo);
uint32_t combo_moves(const struct combo *combo);

/* "name+name on FAT12, 2 FATs, ..."; good until the next call. */
const char *combo_text(const struct combo *combo);

#endif
