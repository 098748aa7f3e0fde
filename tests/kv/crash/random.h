/* SPDX-License-Identifier: ISC */
/* Sequences that are too long to try all of them, drawn from tapes. */
#ifndef CAIRN_TESTS_KV_CRASH_RANDOM_H
#define CAIRN_TESTS_KV_CRASH_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

/* So many random sequences; false: one is broken, and told. CAIRN_SEED, CAIRN_RUNS, CAIRN_TAPE as
 * for every property. */
bool random_run(uint32_t runs);

#endif
