/* SPDX-License-Identifier: ISC */
/* What check may find after a power cut: the list of fat/README.md. */
#ifndef CAIRN_TESTS_FAT_AFTER_CUT_H
#define CAIRN_TESTS_FAT_AFTER_CUT_H

#include <cairn/fat_check.h>

/* What was done since the last sync and may leave traces of its own. */
struct after_cut {
    bool labelled;
    bool renamed;
    bool recased; /* renamed to another case of the same name */
};

bool after_cut_allows(struct after_cut done, enum cairn_fat_fault fault);

#endif
