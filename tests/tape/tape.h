/* SPDX-License-Identifier: ISC */
/*
 * Property tests that draw their choices from a tape of bytes. One function is a random test, a
 * libFuzzer target and what the shrinker replays; README.md shows each use.
 *
 * A property must depend on its tape alone: no clock, no randomness of its own, no state kept from
 * an earlier run.
 */
#ifndef CAIRN_TESTS_TAPE_H
#define CAIRN_TESTS_TAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tape;

/* True when what was tried held. On false it said why by tape_fail. */
typedef bool tape_property(struct tape *tape);

/* Draws. Behind its end a tape is all zeros, so zero should stand for the plainest choice. Smaller
 * bytes make smaller numbers. */
uint64_t tape_u64(struct tape *tape, uint64_t max); /* 0 to max */
size_t tape_pick(struct tape *tape, size_t count);  /* 0 to count - 1; count > 0 */
bool tape_bool(struct tape *tape);
void tape_bytes(struct tape *tape, void *buf, size_t len);

/* For `while (tape_more(tape))`: draws one byte; false for zero, and so at the end of the tape. */
bool tape_more(struct tape *tape);

/* Say what is being done. Costs nothing until a failure is replayed for people. */
void tape_note(struct tape *tape, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Say what was wrong, and return false: `return tape_fail(tape, "size is %u", size);`. */
bool tape_fail(struct tape *tape, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define TAPE_BYTES_MAX 65536

struct tape_options {
    uint64_t seed;      /* 0: 1 */
    uint32_t runs;      /* 0: 200 */
    size_t bytes_max;   /* longest random tape; 0: 512; at most TAPE_BYTES_MAX */
    uint32_t timeout_s; /* of one run; 0: 10 */
    uint32_t shrink_s;  /* of all shrinking; 0: 30 */
};

enum tape_outcome {
    TAPE_HELD,
    TAPE_FAILED,  /* the property returned false */
    TAPE_CRASHED, /* a signal, an abort, a sanitizer */
    TAPE_HUNG     /* longer than timeout_s */
};

/* The smallest failing tape that was found. */
struct tape_found {
    enum tape_outcome outcome;
    uint32_t run;   /* the random run that failed first */
    uint32_t tries; /* of the shrinker */
    size_t len;
    uint8_t bytes[TAPE_BYTES_MAX];
};

/* Run the property on random tapes, in child processes; shrink the first that fails. Prints
 * nothing. options may be NULL. */
void tape_search(tape_property *property, const struct tape_options *options,
                 struct tape_found *found);

/* The same for a check unit: true when all runs held; prints the seed and, for a failure, the
 * smallest tape, its notes and how to replay it. The environment overrides options: CAIRN_SEED,
 * CAIRN_RUNS; CAIRN_TAPE=name:hex replays that one tape in this process instead. */
bool tape_run(const char *name, tape_property *property, const struct tape_options *options);

/* One tape in this process, notes to standard error: for replay and for the debugger. */
bool tape_replay(tape_property *property, const uint8_t *bytes, size_t len);

struct tape_case {
    const char *name;
    tape_property *property;
};

/* The main of a program of properties: without arguments runs all; `NAME HEX` or `NAME @FILE`
 * replays one tape. Returns the exit code: 0 held, 1 failed, 2 usage. */
int tape_main(int argc, char **argv, const struct tape_case *cases, size_t count);

/* One input of libFuzzer: aborts, with the notes, when the property fails. Returns 0. */
int tape_fuzz_one(tape_property *property, const uint8_t *bytes, size_t len);

#define TAPE_FUZZ_TARGET(property)                                                                 \
    int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);                                  \
    int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)                                   \
    {                                                                                              \
        return tape_fuzz_one(property, bytes, len);                                                \
    }

#endif
