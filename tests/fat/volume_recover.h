/* SPDX-License-Identifier: ISC */
/* A walk that goes on after a power cut: what was synced and not touched since must be there, and
 * the model becomes what the volume then is. */
#ifndef CAIRN_TESTS_FAT_VOLUME_RECOVER_H
#define CAIRN_TESTS_FAT_VOLUME_RECOVER_H

#include "volume_walk.h"

/* A file as it was synced. */
struct synced_file {
    uint32_t id, changes, size;
    uint64_t sum;
    char path[1024]; /* "": too long to be noted */
};

struct synced {
    struct synced_file *files;
    size_t count, cap;
    uint64_t survived; /* files that were looked at after a cut, of all cuts */
};

/* Sync, and note every file of the model. */
bool walk_sync(struct walk *w, struct synced *synced);

/* The device of the walk, a sim, was cut: power comes back, every unflushed block lost, kept or
 * torn as `seed` has it. It mounts, repair leaves nothing to find, what was synced and not touched
 * is whole. Then the volume is mounted again and the model new. */
bool walk_recover(struct walk *w, struct synced *synced, uint32_t seed);

#endif
