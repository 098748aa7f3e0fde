/* SPDX-License-Identifier: ISC */
/* What every fuzz target is made of. */
#ifndef CAIRN_TESTS_FUZZ_H
#define CAIRN_TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* One input; returns 0. Aborts when the code under test breaks a promise. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static inline void fuzz_require(bool held, const char *promise)
{
    if (held) return;
    fprintf(stderr, "broken: %s\n", promise);
    abort();
}

#endif
