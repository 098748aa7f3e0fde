/* SPDX-License-Identifier: ISC */
#ifndef CAIRN_TESTS_FAT_TEST_LAYOUT_H
#define CAIRN_TESTS_FAT_TEST_LAYOUT_H

#include <check.h>

Suite *layout_suite(void);
Suite *layout_cut_suite(void);
Suite *layout_faults_suite(void);

#endif
