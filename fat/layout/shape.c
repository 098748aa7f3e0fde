/* SPDX-License-Identifier: ISC */
/* What a volume of another size looks like: arithmetic only. */
#include "layout.h"

#define RESERVED_MAX UINT16_MAX
#define ALIGN_BYTES (1u << 20) /* a data area that was so well aligned stays so */
#define FAT_SECTORS_16_MAX UINT16_MAX

static uint32_t clusters_most(enum cairn_fat_type type)
{
    if (type == CAIRN_FAT12) return CAIRN_FAT_CLUSTERS_MAX_12;
    return type == CAIRN_FAT16 ? CAIRN_FAT_CLUSTERS_MAX_16 : CAIRN_FAT_CLUSTERS_MAX_32;
}

uint32_t fat_shape_clusters_least(const struct cairn_fat_geometry *geo)
{
    uint32_t least = 1;
    if (geo->type == CAIRN_FAT16) least = CAIRN_FAT_CLUSTERS_MAX_12 + 1;
    if (geo->type == CAIRN_FAT32) least = CAIRN_FAT_CLUSTERS_MAX_16 + 1;
    return geo->cluster_count < least ? 1 : least; /* some FAT32s have fewer already */
}

/* Sectors of a FAT for so many clusters. */
static uint32_t fat_sectors_for(const struct cairn_fat_geometry *geo, uint64_t clusters)
{
    return (uint32_t)cairn_div_up((clusters + 2) * geo->type, geo->sector_bytes * 8ull);
}

/* Clusters that the FAT as it is has entries for. */
static uint64_t clusters_capacity(const struct cairn_fat_geometry *geo)
{
    uint64_t entries = (uint64_t)geo->fat_sectors * geo->sector_bytes * 8 / geo->type;
    return cairn_min_u64(entries - 2, clusters_most(geo->type));
}

/* The data area moves by whole clusters, and by as much as keeps its alignment on the disk, where
 * that is not out of all proportion. */
static uint32_t shift_unit(const struct cairn_fat_geometry *geo)
{
    uint64_t start = (uint64_t)geo->hidden_sectors + geo->data_start;
    uint64_t unit = start & (~start + 1);
    unit = cairn_min_u64(unit, ALIGN_BYTES / geo->sector_bytes);
    while (unit > geo->cluster_sectors && unit > geo->total_sectors / 256)
        unit /= 2;
    return (uint32_t)cairn_max_u64(unit / geo->cluster_sectors, 1);
}

/* Let the data area begin `shift` clusters later. */
static void data_shift(struct fat_shape *shape, uint32_t shift)
{
    struct cairn_fat_geometry *geo = &shape->after;
    shape->shift = shift;
    geo->data_start += shift * geo->cluster_sectors;
    if (geo->root_sectors) geo->root_start = geo->data_start - geo->root_sectors;
    geo->cluster_count = geo->data_start < geo->total_sectors
                             ? (geo->total_sectors - geo->data_start) / geo->cluster_sectors
                             : 0;
}

/* New FATs, and a new fixed root, behind the old ones, whose place becomes reserved. false: a boot
 * sector cannot say so many reserved sectors. */
static bool grow_behind(struct fat_shape *shape, uint32_t fat_sectors)
{
    struct cairn_fat_geometry *geo = &shape->after;
    uint64_t need = (uint64_t)fat_sectors * geo->fat_count + geo->root_sectors;
    uint64_t shift = cairn_div_up(need, geo->cluster_sectors);
    shift = cairn_round_up(shift, shift_unit(geo));
    uint64_t reserved = geo->data_start + shift * geo->cluster_sectors - need;
    if (reserved > RESERVED_MAX) return false;
    geo->reserved_sectors = (uint32_t)reserved;
    geo->fat_sectors = fat_sectors;
    data_shift(shape, (uint32_t)shift);
    return true;
}

/* Both FATs where they are, only longer: the first stands while the second is written. false: there
 * are not two, or not a FAT32's. */
static bool grow_alternating(struct fat_shape *shape, uint32_t fat_sectors)
{
    struct cairn_fat_geometry *geo = &shape->after;
    uint32_t per_cluster = geo->cluster_sectors;
    if (geo->type != CAIRN_FAT32 || geo->fat_count != 2) return false;
    uint64_t shift = cairn_div_up(2ull * (fat_sectors - geo->fat_sectors), per_cluster);
    shift = cairn_round_up(shift, cairn_max_u64(shift_unit(geo), per_cluster == 1 ? 2 : 1));
    geo->fat_sectors += (uint32_t)(shift * per_cluster / 2);
    shape->alternates = true;
    data_shift(shape, (uint32_t)shift);
    return true;
}

/* A larger FAT for so many clusters, unless the old one is as good. */
static bool grow_fat(struct fat_shape *shape, uint64_t clusters)
{
    struct fat_shape with = *shape;
    struct cairn_fat_geometry *geo = &shape->after;
    uint32_t sectors = fat_sectors_for(geo, clusters), capacity = (uint32_t)clusters_capacity(geo);
    if (!grow_behind(&with, sectors) && !grow_alternating(&with, sectors)) return false;
    if (with.after.cluster_count > capacity) {
        *shape = with;
        return true;
    }
    geo->cluster_count = capacity; /* the rest is not worth a larger FAT */
    geo->total_sectors = geo->data_start + capacity * geo->cluster_sectors;
    return true;
}

static enum cairn_err limits_fail(const struct cairn_fat_geometry *geo, enum cairn_err err,
                                  uint64_t clusters, struct cairn_why *why)
{
    (void)cairn_why_fail(why, err, "%llu clusters in a FAT%u, which has %u to %u",
                         (unsigned long long)clusters, (unsigned int)geo->type,
                         fat_shape_clusters_least(geo), clusters_most(geo->type));
    cairn_why_hint(why, "another size needs another type: make a new volume and copy the files");
    return err;
}

enum cairn_err fat_shape_plan(const struct cairn_fat_geometry *before, uint64_t bytes,
                              struct fat_shape *shape, struct cairn_why *why)
{
    uint64_t total = bytes ? bytes / before->sector_bytes : before->total_sectors;
    *shape = (struct fat_shape){ .after = *before };
    struct cairn_fat_geometry *geo = &shape->after;
    geo->active_only = false;
    geo->active_fat = 0;
    if (total > UINT32_MAX)
        return cairn_why_fail(why, CAIRN_EFBIG, "a FAT volume of over 2^32 sectors");
    if (total == before->total_sectors) return CAIRN_OK;
    uint64_t clusters =
        total > geo->data_start ? (total - geo->data_start) / geo->cluster_sectors : 0;
    if (clusters < fat_shape_clusters_least(before))
        return limits_fail(before, CAIRN_EINVAL, clusters, why);
    if (clusters > clusters_most(geo->type)) return limits_fail(before, CAIRN_EFBIG, clusters, why);
    geo->total_sectors = (uint32_t)total;
    geo->cluster_count = (uint32_t)clusters;
    if (clusters <= clusters_capacity(before)) return CAIRN_OK;
    if (grow_fat(shape, clusters)) return CAIRN_OK;
    return cairn_why_fail(why, CAIRN_EFBIG,
                          "there is no room for a larger FAT within %u reserved sectors",
                          RESERVED_MAX);
}

uint64_t fat_shape_bytes_most(const struct cairn_fat_geometry *geo)
{
    uint64_t most = geo->data_start + (uint64_t)clusters_most(geo->type) * geo->cluster_sectors;
    return cairn_min_u64(most, UINT32_MAX) * geo->sector_bytes;
}
