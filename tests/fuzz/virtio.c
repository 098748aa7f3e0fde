/* SPDX-License-Identifier: ISC */
/* A virtio-blk device that lies as the input says, before the driver. */
#include "fuzz.h"

#include "tape/tape.h"
#include "virtio/hostile.h"

TAPE_FUZZ_TARGET(virtio_survives)
