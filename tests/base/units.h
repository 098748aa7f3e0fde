/* SPDX-License-Identifier: ISC */
#ifndef CAIRN_TESTS_BASE_UNITS_H
#define CAIRN_TESTS_BASE_UNITS_H

#include <check.h>

/* Core: these run on every machine, also a big-endian or a 32-bit one. */
TCase *arena_units(void);
TCase *checksum_units(void);
TCase *date_units(void);
TCase *duration_units(void);
TCase *err_units(void);
TCase *log_units(void);
TCase *text_units(void);
TCase *why_units(void);

/* Hosted. */
TCase *host_units(void);

/* Runs the suite; the exit code of main. */
int units_run(const char *name, TCase *(*const *units)(void), size_t count);

#endif
