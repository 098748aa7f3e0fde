/* SPDX-License-Identifier: ISC */
/* What the units over combined faults share. */
#ifndef CAIRN_TESTS_FAT_TEST_DAMAGE_H
#define CAIRN_TESTS_FAT_TEST_DAMAGE_H

#include <check.h>
#include <tape/tape.h>

#include "combo.h"

/* Pairs have the tag "thorough": emulated machines, which are slow, go without. */
void damage_check_tests(Suite *suite);
void damage_repair_tests(Suite *suite);

/* What check finds. */
struct said {
    enum cairn_err err;
    uint32_t counts[CAIRN_FAT_FAULT_COUNT];
    char log[4096];
};
void damage_check(struct said *said, const struct sample *s);

#endif
