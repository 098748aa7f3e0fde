/* SPDX-License-Identifier: ISC */
/* A property of the volume: whatever operations are drawn, it does what the model does, and is
 * sound at the end. Shared by the units and the fuzzer. */
#ifndef CAIRN_TESTS_FAT_VOLUME_PROPERTY_H
#define CAIRN_TESTS_FAT_VOLUME_PROPERTY_H

#include <tape/tape.h>

bool volume_is_a_tree(struct tape *tape);

#endif
