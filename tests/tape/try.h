/* SPDX-License-Identifier: ISC */
/* Private to tests/tape: the tape itself, and running a property in a child process. */
#ifndef CAIRN_TESTS_TAPE_TRY_H
#define CAIRN_TESTS_TAPE_TRY_H

#include "tape.h"
#include <stdio.h>

/* Memory that the child shares with its parent: what it got to before it failed. */
struct tape_report {
    uint32_t run;
    size_t used; /* bytes of the tape drawn so far */
};

struct tape {
    const uint8_t *bytes;
    size_t len, at;
    FILE *notes;                /* NULL: nobody reads them */
    struct tape_report *report; /* or NULL */
};

struct tape_report *tape_report_new(void);
void tape_report_free(struct tape_report *report);

/* Where the bytes of random run number `run` come from; returns how many, at most max. */
size_t tape_random(uint64_t seed, uint32_t run, uint8_t *bytes, size_t max);

/* Runs 0, 1, ... below options->runs in one child (a fork for each would take most of the time), to
 * the first that does not hold: report->run tells which. options are complete. */
enum tape_outcome tape_try_random(tape_property *property, const struct tape_options *options,
                                  struct tape_report *report);

/* One tape in a child; its standard error is kept only when loud, notes with it. */
enum tape_outcome tape_try(tape_property *property, const uint8_t *bytes, size_t len,
                           uint32_t timeout_s, bool loud, struct tape_report *report);

/* Hex digits to at most TAPE_BYTES_MAX bytes; false when they are something else. */
bool tape_hex_parse(const char *hex, uint8_t *bytes, size_t *len);

/* Make found->bytes smaller as long as they end in the same outcome. */
void tape_shrink(tape_property *property, const struct tape_options *options,
                 struct tape_found *found, struct tape_report *report);

#endif
