/* SPDX-License-Identifier: ISC */
#ifndef CAIRN_TESTS_FAT_TEST_REPAIR_H
#define CAIRN_TESTS_FAT_TEST_REPAIR_H

#include <check.h>

TCase *repair_names_tests(void);
TCase *repair_dirs_tests(void);
TCase *repair_chain_tests(void);
TCase *repair_each_tests(void);
TCase *repair_orphan_tests(void);
TCase *repair_cut_tests(void);
TCase *repair_bounds_tests(void);
TCase *repair_review_tests(void);
TCase *repair_changes_tests(void);

#endif
