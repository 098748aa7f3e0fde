/* SPDX-License-Identifier: ISC */
/* The device of an image: opened once, with its partition table, for all images on it. */
#include "open.h"
#include <fat/codec/boot.h>

#include <cairn/bytes.h>
#include <stdlib.h>
#include <sys/mman.h>

#define BOOT_BYTES 512u
#define BACKUP_SECTOR 6u /* where FAT32 keeps it in practice */

static enum cairn_err table_read(struct img_disk *disk, struct cairn_why *why)
{
    struct cairn_blk *dev = disk->any.dev;
    if (!dev || dev->info.block_count == 0) {
        enum cairn_err none =
            cairn_why_fail(why, CAIRN_ECORRUPT, "no image: it holds no whole sector");
        cairn_why_hint(why, "remove it, and make one with cairn format or cairn build");
        return none;
    }
    size_t bytes = 4u * dev->info.block_bytes + 4096;
    void *scratch = malloc(bytes);
    if (!scratch) return cairn_why_fail(why, CAIRN_ENOMEM, "read the partition table");
    enum cairn_err err = cairn_part_read(dev, &disk->table, scratch, bytes, why);
    free(scratch);
    return err;
}

enum cairn_err img_disk_open(struct img_disk **out, const struct cairn_image_place *place,
                             const struct cairn_image_open_options *options, struct cairn_why *why)
{
    struct img_disk *disk = calloc(1, sizeof *disk);
    if (!disk) return cairn_why_fail(why, CAIRN_ENOMEM, "open the image");
    memcpy(disk->name, place->image, sizeof disk->name);
    disk->users = 1;
    disk->write = options->write;
    struct cairn_blk_file_options file = { .write = options->write };
    enum cairn_err err = cairn_blk_open(&disk->any, disk->name, &file, why);
    if (err) {
        free(disk);
        return err;
    }
    err = table_read(disk, why);
    if (!err) {
        *out = disk;
        return CAIRN_OK;
    }
    enum cairn_err ignored = img_disk_close(disk, NULL);
    (void)ignored;
    return err;
}

enum cairn_err img_disk_close(struct img_disk *disk, struct cairn_why *why)
{
    if (--disk->users > 0) return CAIRN_OK;
    enum cairn_err err = cairn_blk_any_close(&disk->any, why);
    free(disk);
    return err;
}

/* Read a boot sector at byte `at` of dev and tell whether it is one. */
static bool boot_is_at(struct cairn_blk *dev, uint64_t at)
{
    uint32_t block_bytes = dev->info.block_bytes;
    uint64_t block = at / block_bytes;
    if (block >= dev->info.block_count) return false;
    uint8_t *buf = malloc(block_bytes);
    if (!buf) return false;
    struct cairn_fat_geometry geometry;
    bool is_signed = false;
    bool is =
        cairn_blk_read(dev, block, 1, buf, NULL) == CAIRN_OK &&
        cairn_fat_boot_decode(buf + at % block_bytes, &geometry, &is_signed, NULL) == CAIRN_OK;
    free(buf);
    return is;
}

bool cairn_image_is_fat(struct cairn_blk *dev)
{
    uint32_t sector = dev->info.block_bytes > BOOT_BYTES ? dev->info.block_bytes : BOOT_BYTES;
    return boot_is_at(dev, 0) || boot_is_at(dev, (uint64_t)BACKUP_SECTOR * sector);
}

void img_volume_label(struct cairn_blk *dev, char out[CAIRN_FAT_ALIAS_BYTES])
{
    out[0] = '\0';
    struct cairn_fat_options options = { .read_only = true };
    struct cairn_fat *fat = NULL;
    void *mem = NULL;
    size_t bytes = 0;
    if (!cairn_image_is_fat(dev)) return;
    if (img_volume_mount(dev, &options, cairn_fat_mem_least(dev), &fat, &mem, &bytes, NULL)) return;
    if (cairn_fat_label(fat, out, NULL)) out[0] = '\0';
    enum cairn_err ignored = cairn_fat_unmount(fat, NULL);
    (void)ignored;
    (void)munmap(mem, bytes);
}
