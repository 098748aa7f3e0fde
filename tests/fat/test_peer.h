/* SPDX-License-Identifier: ISC */
/* What other FAT implementations got wrong, as their users reported it, and Cairn doing it right.
 * Above each unit stands whose fault it was, and where it was told. */
#ifndef CAIRN_TESTS_FAT_TEST_PEER_H
#define CAIRN_TESTS_FAT_TEST_PEER_H

#include <check.h>

TCase *peer_name_tests(void);
TCase *peer_dir_tests(void);
TCase *peer_file_tests(void);
TCase *peer_volume_tests(void);

#endif
