/* SPDX-License-Identifier: ISC */
/* What an open image consists of. */
#ifndef CAIRN_IMAGE_OPEN_PRIVATE_H
#define CAIRN_IMAGE_OPEN_PRIVATE_H

#include <cairn/blk_layers.h>
#include <cairn/blk_open.h>
#include <cairn/image.h>
#include <cairn/part.h>

/* A device and its partition table; shared by the images on it, freed with the last. */
struct img_disk {
    struct cairn_blk_any any;
    struct cairn_part_table table;
    uint32_t users;
    bool write;
    char name[4096];
};

struct cairn_image {
    struct img_disk *disk;
    struct cairn_blk_slice slice; /* open when is_part */
    bool is_part;
    char part_name[32];               /* the slice's, for explanations */
    struct cairn_blk_resized sectors; /* over blocks larger than the volume's sectors */
    void *bounce;                     /* its memory, when it is open */
    struct cairn_blk *blk;
    struct cairn_fat *fat;
    void *mem; /* the volume's */
    size_t mem_bytes;
};

/* Open the device and read its partition table. */
enum cairn_err img_disk_open(struct img_disk **disk, const struct cairn_image_place *place,
                             const struct cairn_image_open_options *options,
                             struct cairn_why *why) CAIRN_MUST_USE;
enum cairn_err img_disk_close(struct img_disk *disk, struct cairn_why *why) CAIRN_MUST_USE;

/* The partition that selector (place.part) means; *part is NULL for the device as a whole. */
enum cairn_err img_part_select(struct img_disk *disk, const char *selector,
                               const struct cairn_part **part,
                               struct cairn_why *why) CAIRN_MUST_USE;

/* The label of the volume on dev, UTF-8; empty when there is none or it cannot be read. */
void img_volume_label(struct cairn_blk *dev, char out[CAIRN_FAT_ALIAS_BYTES]);

/* Mount with memory mapped for it: bytes, or 0 for what suits the volume. */
enum cairn_err img_volume_mount(struct cairn_blk *dev, const struct cairn_fat_options *options,
                                size_t bytes, struct cairn_fat **fat, void **mem, size_t *mem_bytes,
                                struct cairn_why *why) CAIRN_MUST_USE;

#endif
