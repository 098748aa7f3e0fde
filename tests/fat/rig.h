/* SPDX-License-Identifier: ISC */
/* A volume under test: a small device, formatted, mounted in a given amount of memory, with a clock
 * that stands still; and the judges that look at it afterwards. */
#ifndef CAIRN_TESTS_FAT_RIG_H
#define CAIRN_TESTS_FAT_RIG_H

#include <cairn/fat_check.h>
#include <tests/sim.h>

/* What to make. Zeros are the defaults: FAT12, sectors and clusters of 512 bytes, 2 FATs. */
struct rig_shape {
    enum cairn_fat_type type;
    uint32_t sector_bytes, cluster_bytes, fat_count, root_entries;
    uint32_t clusters;      /* that can be used, all others are marked bad; 0: 200 */
    bool exact;             /* there are no others: a FAT32 of few clusters is made by hand */
    uint32_t reserved;      /* sectors, of one made by hand; 0: as usual */
    uint32_t room_clusters; /* of the device, behind the volume */
    uint32_t block_bytes;   /* of the device; 0: a sector */
    size_t mem_bytes;       /* for the volume; 0: 1 MiB */
    bool on_sim;            /* the device is a cairn_blk_sim */
    int32_t utc_offset_min;
    bool long_lower; /* "a.txt" gets a long name, as by mount's default; else one slot */
    enum cairn_fat_sync_policy sync;
};

struct rig {
    struct rig_shape shape;
    struct cairn_fat_geometry geometry;
    union {
        struct cairn_blk base;
        struct cairn_blk_mem mem;
        struct cairn_blk_sim sim;
    } dev;
    struct cairn_blk_mem below; /* the sim */
    void *log;                  /* its memory */
    uint8_t *bytes;             /* what reads see; of the device */
    size_t dev_bytes;           /* of the device */
    void *mem;
    struct cairn_clock_wall_fixed clock;
    struct cairn_fat *fs; /* NULL: not mounted */
    struct cairn_why why; /* of the last failure that the rig met */
    char finding[1600];   /* the first one of rig_check */
};

#define RIG_TIME_NS (INT64_C(1700000000) * CAIRN_NS_PER_SEC)

/* Aborts when the volume cannot be made: that is another test's business. Not mounted yet. */
void rig_make(struct rig *rig, const struct rig_shape *shape);
void rig_free(struct rig *rig);

/* As the shape says, and also when the volume is dirty; or with options, but for the clock. */
enum cairn_err rig_mount(struct rig *rig) CAIRN_MUST_USE;
enum cairn_err rig_mount_as(struct rig *rig, struct cairn_fat_options options) CAIRN_MUST_USE;
enum cairn_err rig_unmount(struct rig *rig) CAIRN_MUST_USE;

/* No finding of this severity or above. rig->finding tells the first. */
bool rig_check(struct rig *rig, enum cairn_fat_severity from);
/* fsck.fat -n has no complaint, or is not installed. */
bool rig_fsck(struct rig *rig);

/* What was done to the bytes is durable. */
void rig_settle(struct rig *rig);

uint8_t *rig_sector(const struct rig *rig, uint64_t sector);
uint8_t *rig_cluster(const struct rig *rig, uint32_t cluster);
uint8_t *rig_fat(const struct rig *rig, uint32_t copy, uint32_t cluster);
uint32_t rig_fat_get(const struct rig *rig, uint32_t cluster);
/* Slot n of the root directory (its first cluster only). */
uint8_t *rig_root_slot(const struct rig *rig, uint32_t n);

#endif
