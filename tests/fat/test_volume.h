/* SPDX-License-Identifier: ISC */
/* The volume's units, one function a file of them. */
#ifndef CAIRN_TESTS_FAT_TEST_VOLUME_H
#define CAIRN_TESTS_FAT_TEST_VOLUME_H

#include <check.h>

TCase *volume_tests(void);
TCase *volume_name_tests(void);
TCase *volume_short_tests(void);
TCase *volume_fault_tests(void);
TCase *volume_review_tests(void);
TCase *volume_thread_tests(void);
TCase *volume_cut_tests(void);
TCase *volume_policy_tests(void);

#endif
