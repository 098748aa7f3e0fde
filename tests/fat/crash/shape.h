/* SPDX-License-Identifier: ISC */
/* The volumes that are cut: small ones, made by their fields, and what is on them at first. */
#ifndef CAIRN_TESTS_FAT_CRASH_SHAPE_H
#define CAIRN_TESTS_FAT_CRASH_SHAPE_H

#include "disk.h"
#include "ops.h"

#include <cairn/fat_format.h>

struct shape {
    const char *name;
    enum cairn_fat_type type;
    uint32_t fat_count, sector_bytes, cluster_sectors;
    uint32_t clusters; /* that can be used; all others are marked bad */
    uint32_t bad;      /* the first so many are, too */
    bool edge;         /* a name more in each directory leaves one slot of a sector */
    bool active_only;  /* FAT32: only copy 1 is live */
    bool hole;         /* the next free clusters are before another directory's */
    bool stale;        /* dirty, and something is left behind the directories' end marks */
};

extern const struct shape shapes[];
extern const uint32_t shape_count;

/* The empty volume. */
void shape_image(const struct shape *shape, struct image *image);
/* The next of the operations that fill it; false: no more. */
bool shape_filling(const struct shape *shape, uint32_t i, struct op *op);
/* Behind the end mark of each directory, in the sector that follows it, comes this; and the volume
 * is dirty. */
#define SHAPE_STALE "STALE"
void shape_stale(struct image *image);
/* A path in dir ("" or "dir/") whose name takes up all but one of the slots of the sector behind
 * those that are used. */
const char *shape_filler(const char *dir, uint32_t used);

#endif
