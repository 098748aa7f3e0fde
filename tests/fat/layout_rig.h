/* SPDX-License-Identifier: ISC */
/* A volume full of fragments on a device with room behind it, and what it must hold whatever
 * becomes of its layout. */
#ifndef CAIRN_TESTS_FAT_LAYOUT_RIG_H
#define CAIRN_TESTS_FAT_LAYOUT_RIG_H

#include "rig.h"

#include <cairn/fat_layout.h>

struct layout_shape {
    enum cairn_fat_type type; /* FAT32 with few clusters is made by hand */
    uint32_t sector_bytes, cluster_bytes, fat_count;
    uint32_t clusters;
    uint32_t free_clusters; /* left when it is filled */
    uint32_t room_clusters; /* of the device behind the volume */
    bool on_sim;
    uint32_t block_bytes; /* of the device; 0: a sector */
    uint32_t reserved;    /* sectors, of a FAT32 made by hand; 0: as usual */
};

#define LAYOUT_FILES 512u

struct layout_file {
    char path[96]; /* empty: this place is free */
    uint32_t size;
    uint8_t seed;
    bool is_directory;
};

struct layout_rig {
    struct layout_shape shape;
    struct rig disk; /* its memory is for mount, check, layout */
    size_t volume_bytes;
    struct layout_file files[LAYOUT_FILES];
    uint32_t random;
    char what[1600]; /* is wrong */
};

void layout_make(struct layout_rig *rig, const struct layout_shape *shape, uint32_t seed);
/* The same with the files of these steps, which end with path NULL. */
struct layout_step {
    const char *path;
    uint32_t clusters; /* more of them; 0: it is removed */
};
void layout_make_of(struct layout_rig *rig, const struct layout_shape *shape,
                    const struct layout_step *steps);
void layout_free(struct layout_rig *rig);

/* Everything the model has is on dev, with its bytes and its time, and nothing else. */
bool layout_holds(struct layout_rig *rig, struct cairn_blk *dev);
/* Check finds nothing but what a cut may leave (after_cut), or but the dirty bit (dirty). */
enum layout_state { LAYOUT_CLEAN, LAYOUT_DIRTY, LAYOUT_AFTER_CUT };
bool layout_checks(struct layout_rig *rig, struct cairn_blk *dev, enum layout_state state);

enum cairn_err layout_resize(struct layout_rig *rig, struct cairn_blk *dev, uint64_t bytes,
                             struct cairn_fat_layout_result *result);
enum cairn_err layout_defrag(struct layout_rig *rig, struct cairn_blk *dev, bool pack,
                             struct cairn_fat_layout_result *result);
/* The volume's size when it has so many clusters, with the FAT as it is. */
uint64_t layout_bytes(const struct layout_rig *rig, uint32_t clusters);

#endif
