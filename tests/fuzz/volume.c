/* SPDX-License-Identifier: ISC */
/* Operations on a fresh volume, beside a tree in memory. */
#include "fuzz.h"

#include <fat/volume_property.h>

TAPE_FUZZ_TARGET(volume_is_a_tree)
