/* SPDX-License-Identifier: ISC */
#ifndef CAIRN_TESTS_VIRTIO_HOSTILE_H
#define CAIRN_TESTS_VIRTIO_HOSTILE_H

#include "tape/tape.h"

/* A device of drawn features and configuration, which lies as the tape says, before batches of
 * requests: all of it ends, in success or in errors that explain themselves, and no memory is
 * touched but what the device was given. */
bool virtio_survives(struct tape *tape);

#endif
