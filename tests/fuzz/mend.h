/* SPDX-License-Identifier: ISC */
/* What repair promises of any volume. */
#ifndef CAIRN_TESTS_FUZZ_MEND_H
#define CAIRN_TESTS_FUZZ_MEND_H

#include <fat/mending.h>

/* Repair ends, in requests that the device's size bounds; it writes only what it saved; a second
 * run finds nothing to mend, and check as much as the first one left; what is sound mounts; undo
 * gives the bytes back. The device, its options and `changes` are given. */
void fuzz_mend(struct mending *mending);

#endif
