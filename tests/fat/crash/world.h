/* SPDX-License-Identifier: ISC */
/*
 * A mounted volume, its disk and what it promises: a state that can be kept and come back to, since
 * all of it lives in memory that does not move.
 */
#ifndef CAIRN_TESTS_FAT_CRASH_WORLD_H
#define CAIRN_TESTS_FAT_CRASH_WORLD_H

#include "disk.h"
#include "promise.h"
#include "shape.h"

#define WORLD_MEM_MAX (384u << 10) /* of a volume of sectors of 4096 bytes */

struct world {
    struct promise promise;
    struct cairn_clock_wall_fixed clock;
    struct cairn_fat *fs;
    struct op_scene scene;
    struct cairn_clock_mono_fixed timer;
    struct cairn_why why;
    uint8_t *mem;
    size_t mem_bytes;
    struct disk disk;
};

/* A state of the world, kept; all zeros before the first. */
struct snapshot {
    uint8_t *world, *mem;
};

struct world *world_new(void);
void world_free(struct world *world);

/* A volume of that shape with its files, all of it durable, not mounted; image is
 * made. Aborts when
 * that cannot be done. */
void world_make(struct world *world, const struct shape *shape, struct image *image);
enum cairn_err world_mount(struct world *world);

/* Do an operation that fits the promise. An error, but for a lack of space, is a fault. */
enum cairn_err world_do(struct world *world, const struct op *op);
enum cairn_err world_unmount(struct world *world);

void snapshot_free(struct snapshot *snapshot);
void snapshot_keep(struct snapshot *snapshot, const struct world *world);
void snapshot_back(const struct snapshot *snapshot, struct world *world);

#endif
