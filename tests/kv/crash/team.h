/* SPDX-License-Identifier: ISC */
/* A part of the exploration, done by several processes. */
#ifndef CAIRN_TESTS_KV_CRASH_TEAM_H
#define CAIRN_TESTS_KV_CRASH_TEAM_H

#include "explore.h"

/* All sequences of up to so many operations of an alphabet, on the shapes whose name has `shape` in
 * it. */
struct part {
    const char *alphabet;
    uint32_t ops;
    const char *shape;
    uint32_t cuts;
    bool thorough;
};

/* Prints a line of counts, or what is broken. */
bool team_run(const struct part *part, uint32_t jobs);

#endif
