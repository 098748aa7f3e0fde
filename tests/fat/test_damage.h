/* SPDX-License-Identifier: ISC */
/* What the units over combined faults share. */
#ifndef CAIRN_TESTS_FAT_TEST_DAMAGE_H
#define CAIRN_TESTS_FAT_TEST_DAMAGE_H

#include <check.h>
#include <tape/tape.h>

#include "combo.h"

TCase *damage_check_tests(void);
TCase *damage_repair_tests(void);

/* What check finds. */
struct said {
    enum cairn_err err;
    uint32_t counts[CAIRN_FAT_FAULT_COUNT];
    char log[4096];
};
void damage_check(struct said *said, const struct sample *s);

#endif
