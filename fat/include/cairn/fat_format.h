/* SPDX-License-Identifier: ISC */
/*
 * The shape of a FAT volume and how to make one. `fatgen103` below is Microsoft's "FAT: General
 * Overview of On-Disk Format", version 1.03.
 */
#ifndef CAIRN_FAT_FORMAT_H
#define CAIRN_FAT_FORMAT_H

#include <cairn/blk.h>

CAIRN_BEGIN

enum cairn_fat_type { CAIRN_FAT_AUTO = 0, CAIRN_FAT12 = 12, CAIRN_FAT16 = 16, CAIRN_FAT32 = 32 };

#define CAIRN_FAT_CLUSTERS_MAX_12 4084u
#define CAIRN_FAT_CLUSTERS_MAX_16 65524u
#define CAIRN_FAT_CLUSTERS_MAX_32 0x0FFFFFF5u
#define CAIRN_FAT_LABEL_BYTES 11

/* Everything that a boot sector says, and what follows from it. Sectors count from the volume's
 * first; a geometry that boot_decode or geometry_plan made is consistent: all regions lie inside
 * total_sectors, in the order reserved, FATs, root directory (12/16), clusters. */
struct cairn_fat_geometry {
    enum cairn_fat_type type;
    uint32_t sector_bytes;    /* 512, 1024, 2048, 4096 */
    uint32_t cluster_sectors; /* a power of two, 1 to 128 */
    uint32_t cluster_bytes;
    uint32_t reserved_sectors;
    uint32_t fat_count;     /* 1 to 4; mirrored unless active_only */
    uint32_t fat_sectors;   /* of one copy */
    uint32_t root_entries;  /* 12/16; 0 for 32 */
    uint32_t root_start;    /* 12/16: first sector of the root directory */
    uint32_t root_sectors;  /* 12/16 */
    uint32_t root_cluster;  /* 32 */
    uint32_t data_start;    /* sector of cluster 2 */
    uint32_t cluster_count; /* clusters are numbered 2 .. cluster_count + 1 */
    uint32_t total_sectors;
    uint32_t hidden_sectors; /* the partition's first sector on its disk */
    uint16_t sectors_per_track, heads;
    uint8_t media, drive;
    uint32_t volume_id;
    uint8_t label[CAIRN_FAT_LABEL_BYTES]; /* of the boot sector, space-padded */
    uint8_t oem[8];
    uint16_t fsinfo_sector; /* 32; 0: none */
    uint16_t backup_boot;   /* 32; 0: none */
    uint16_t version;       /* 32; 0 */
    bool active_only;       /* 32: mirroring is off, only active_fat is live */
    uint8_t active_fat;
    uint8_t state; /* the boot sector's bits: dirty (1), error (2), clusters are moved (4) */
};

struct cairn_fat_format_options {
    enum cairn_fat_type type;  /* AUTO: mkfs.fat's choice by size */
    uint32_t sector_bytes;     /* 0: the device's block size (512 at least) */
    uint32_t cluster_bytes;    /* 0: mkfs.fat's choice */
    uint32_t reserved_sectors; /* 0: 1 for 12/16 (more when aligning), 32 for 32 */
    uint32_t fat_count;        /* 0: 2 */
    uint32_t root_entries;     /* 0: 512 (12/16) */
    uint64_t total_bytes;      /* geometry_plan: the volume's size; format: 0 is the device */
    uint32_t align_bytes;      /* put data_start at a multiple of it (with hidden_sectors
                                  counted in); 0: of the cluster, as far as mkfs.fat does */
    uint32_t hidden_sectors;
    uint8_t media; /* 0: 0xF8 */
    uint8_t drive; /* 0: 0x80 */
    uint32_t volume_id;
    char label[CAIRN_FAT_LABEL_BYTES + 1]; /* raw bytes of the volume's code page, upper case,
                                              unpadded; empty: "NO NAME" and no root entry */
    int64_t time_ns;                       /* of the label's root entry; UTC */
    int32_t utc_offset_min;                /* local time of the volume minus UTC, in minutes */
};

/* A label that every implementation takes, from UTF-8: upper-cased, in code page 437; out gets at
 * most 11 bytes and a NUL. CAIRN_ENAMETOOLONG, CAIRN_EILSEQ (a character FAT refuses or the code
 * page lacks). */
CAIRN_API enum cairn_err cairn_fat_label_encode(const char *utf8, size_t len,
                                                char out[CAIRN_FAT_LABEL_BYTES + 1],
                                                struct cairn_why *why) CAIRN_MUST_USE;

/* Choose a geometry for total_bytes: pure arithmetic, valid by construction, or an error that names
 * the option and its limits.
 *   CAIRN_EINVAL  options that contradict each other or the format (FAT32 with too few clusters,
 *                 a cluster size that makes too many)
 *   CAIRN_ENOSPC  total_bytes is too small for any volume of this kind
 *   CAIRN_EFBIG   too large */
CAIRN_API enum cairn_err cairn_fat_geometry_plan(const struct cairn_fat_format_options *options,
                                                 struct cairn_fat_geometry *geometry,
                                                 struct cairn_why *why) CAIRN_MUST_USE;

/* The smallest volume of this kind with at least `clusters` free data clusters besides FAT32's root
 * cluster: total_bytes is set to it and geometry filled. options->type and cluster_bytes are given
 * (not AUTO, not 0). CAIRN_EINVAL as above, CAIRN_EFBIG: more clusters than the type can have. For
 * FAT32 with few clusters the result is padded up to 65525, the least a FAT32 may have. */
CAIRN_API enum cairn_err cairn_fat_geometry_fit(const struct cairn_fat_format_options *options,
                                                uint64_t clusters,
                                                struct cairn_fat_geometry *geometry,
                                                uint64_t *total_bytes,
                                                struct cairn_why *why) CAIRN_MUST_USE;

/* Make an empty volume on dev, whatever was there: boot sector last, so that what is not finished
 * is no FAT; flushes. scratch: at least 64 KiB, any larger makes it faster.
 * Errors of geometry_plan and of the device; CAIRN_EROFS; CAIRN_ENOMEM. */
CAIRN_API enum cairn_err cairn_fat_format(struct cairn_blk *dev,
                                          const struct cairn_fat_format_options *options,
                                          void *scratch, size_t scratch_bytes,
                                          struct cairn_fat_geometry *geometry,
                                          struct cairn_why *why) CAIRN_MUST_USE;

CAIRN_END

#endif
