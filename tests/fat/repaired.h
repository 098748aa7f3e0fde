/* SPDX-License-Identifier: ISC */
/* A sample volume on its way from damaged to repaired. */
#ifndef CAIRN_TESTS_FAT_REPAIRED_H
#define CAIRN_TESTS_FAT_REPAIRED_H

#include "mend_rig.h"

struct repaired {
    struct sample s;
    struct mending mending;
};

void repaired_make(struct repaired *v, enum cairn_fat_type type);
/* Repair it, and once more to see that nothing is left to do. */
void repaired_mend(struct repaired *v);
void repaired_end(struct repaired *v);
/* Findings that are left, but notes. */
uint64_t repaired_left(const struct repaired *v);

#endif
