/* SPDX-License-Identifier: ISC */
/* The units of block/ that are no rule of every device: one case for each file. */
#ifndef CAIRN_TESTS_BLOCK_UNITS_H
#define CAIRN_TESTS_BLOCK_UNITS_H

#include <cairn/blk.h>
#include <check.h>

TCase *tcase_file(void);
TCase *tcase_copy(void);
TCase *tcase_front(void);
TCase *tcase_sim(void);
TCase *tcase_sim_cut(void);
TCase *tcase_sim_parse(void);
TCase *tcase_trace(void);
TCase *tcase_stats(void);
TCase *tcase_cache(void);
TCase *tcase_cache_cut(void);
TCase *tcase_cache_tape(void);
TCase *tcase_overlay(void);
TCase *tcase_mirror(void);
TCase *tcase_resize(void);
TCase *tcase_part(void);
TCase *tcase_part_edit(void);
TCase *tcase_part_write(void);
TCase *tcase_names(void);
TCase *tcase_threads(void);

/* A new empty file in TMPDIR; the caller frees and unlinks it. */
char *temp_path(void);

#define ck_ok(err) ck_assert_int_eq((err), CAIRN_OK)

#endif
