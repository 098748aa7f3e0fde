/* SPDX-License-Identifier: ISC */
/* A property of the volume: whatever operations are drawn, it does what the model does, and is
 * sound at the end. Shared by the units and the fuzzer. */
#ifndef CAIRN_TESTS_FAT_VOLUME_PROPERTY_H
#define CAIRN_TESTS_FAT_VOLUME_PROPERTY_H

#include <tape/tape.h>

#include "rig.h"

bool volume_is_a_tree(struct tape *tape);

/* Any volume, small; and memory for it, from the least on, when it is made. */
void volume_shape_draw(struct tape *tape, struct rig_shape *shape);
void volume_memory_draw(struct tape *tape, struct rig *rig);

#endif
