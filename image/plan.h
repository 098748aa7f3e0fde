/* SPDX-License-Identifier: ISC */
/*
 * The layout of an image. Invariants, which the writer relies on and test_plan.c checks:
 *
 *  1. Clusters are dealt out in `order`, each node's right behind the one before, from cluster 2:
 *     nothing is fragmented, and a FAT follows from the order alone.
 *  2. `order` holds every node once: the directories, breadth first, then the files in the order of
 *     the tree. So all metadata lie together in front, and the files of a directory are neighbours.
 *  3. A node without clusters (an empty file; the root of FAT12/16) has first_cluster 0.
 *  4. Within a directory no two aliases are equal, and none equals a long name.
 */
#ifndef CAIRN_IMAGE_PLAN_H
#define CAIRN_IMAGE_PLAN_H

#include "tree.h"
#include <fat/codec/dirent.h>

#define IMG_SLOTS_MAX 65536u /* of one directory: fatgen103, 2 MiB */

/* A node's place. */
struct img_place {
    uint32_t first_cluster, clusters;
    uint8_t alias[FAT_SHORT_BYTES];
    uint8_t case_bits;
    uint8_t long_slots;
};

struct cairn_image_plan {
    const struct cairn_image_tree *tree;
    struct cairn_fat_geometry geometry;
    struct img_place *places; /* by node */
    uint32_t *order;
    uint32_t directory_count;
    uint32_t used_clusters;
    uint64_t total_bytes, content_bytes;
    enum cairn_fat_codepage codepage;
    int32_t utc_offset_min;
    bool has_label; /* the root's first slot is the label's */
    int64_t label_ns;
};

/* Give every child of dir its alias. CAIRN_EFBIG: more names than aliases or slots. */
enum cairn_err img_plan_aliases(struct cairn_image_plan *plan, uint32_t dir,
                                struct cairn_why *why) CAIRN_MUST_USE;

/* Choose the geometry for the tree, whose places have their long_slots. */
enum cairn_err img_plan_geometry(struct cairn_image_plan *plan,
                                 const struct cairn_image_plan_options *options,
                                 struct cairn_why *why) CAIRN_MUST_USE;

/* Slots that a directory needs, "." and ".." and the label among them. */
uint64_t img_plan_slots(const struct cairn_image_plan *plan, uint32_t dir);

/* The volume id that follows from names, sizes, times, attributes, geometry and, when told,
 * contents. */
enum cairn_err img_plan_id(const struct cairn_image_plan *plan, bool with_content, uint32_t *id,
                           struct cairn_why *why) CAIRN_MUST_USE;

/* Does the node take clusters of its own? The root of FAT12/16 does not. */
static inline bool img_in_clusters(const struct cairn_image_plan *plan, uint32_t node)
{
    return node != 0 || plan->geometry.type == CAIRN_FAT32;
}

static inline uint64_t img_cluster_offset(const struct cairn_image_plan *plan, uint32_t cluster)
{
    const struct cairn_fat_geometry *geo = &plan->geometry;
    return (uint64_t)geo->data_start * geo->sector_bytes +
           (uint64_t)(cluster - 2) * geo->cluster_bytes;
}

/* The name of a node, which the scan has checked. */
void img_node_name(const struct img_node *node, struct fat_name *name);

#endif
