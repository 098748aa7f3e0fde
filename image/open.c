/* SPDX-License-Identifier: ISC */
/* Opening: device, partition, volume; and closing in the reverse order. */
#include "open.h"

#include <cairn/bytes.h>
#include <cairn/text.h>
#include <stdlib.h>
#include <sys/mman.h>

#define BLOCK_ALIGN 4096u
#define SECTOR_BYTES_AT 11u /* in a boot sector */
#define SECTOR_BYTES_LEAST 512u

enum cairn_err img_volume_mount(struct cairn_blk *dev, const struct cairn_fat_options *options,
                                size_t bytes, struct cairn_fat **fat, void **mem, size_t *mem_bytes,
                                struct cairn_why *why)
{
    /* Mapped, not allocated: pages that the volume never uses cost nothing. */
    *mem_bytes = bytes ? bytes : cairn_fat_mem_good(dev, 0);
    *mem = mmap(NULL, *mem_bytes, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (*mem == MAP_FAILED)
        return cairn_why_fail(why, CAIRN_ENOMEM, "map %zu bytes for the volume", *mem_bytes);
    enum cairn_err err = cairn_fat_mount(fat, dev, options, *mem, *mem_bytes, why);
    if (!err) return CAIRN_OK;
    (void)munmap(*mem, *mem_bytes);
    *mem = NULL;
    return err;
}

/* The sector size that a boot sector at the start of dev speaks of; 0: there is none. */
static uint32_t sector_bytes_told(struct cairn_blk *dev)
{
    uint32_t bytes = 0;
    uint8_t *block = aligned_alloc(BLOCK_ALIGN, cairn_round_up(dev->info.block_bytes, BLOCK_ALIGN));
    if (block && dev->info.block_count && !cairn_blk_read(dev, 0, 1, block, NULL))
        bytes = cairn_le16(block + SECTOR_BYTES_AT);
    free(block);
    return cairn_is_pow2(bytes) ? bytes : 0;
}

/* An image of small sectors on a device of larger blocks, which an NBD server may have. */
static enum cairn_err sectors_fit(struct cairn_image *image, struct cairn_why *why)
{
    uint32_t block_bytes = image->blk->info.block_bytes;
    uint32_t bytes = block_bytes > SECTOR_BYTES_LEAST ? sector_bytes_told(image->blk) : 0;
    if (bytes < SECTOR_BYTES_LEAST || bytes >= block_bytes) return CAIRN_OK;
    size_t mem_bytes = cairn_blk_blocksize_mem(image->blk, bytes);
    void *mem = aligned_alloc(BLOCK_ALIGN, cairn_round_up(mem_bytes, BLOCK_ALIGN));
    if (!mem) return cairn_why_fail(why, CAIRN_ENOMEM, "open the image");
    enum cairn_err err =
        cairn_blk_blocksize_open(&image->sectors, image->blk, bytes, mem, mem_bytes, why);
    if (err) {
        free(mem);
        return err;
    }
    image->bounce = mem;
    image->blk = &image->sectors.base;
    return CAIRN_OK;
}

/* The library says EINVAL for "not FAT"; about an image that is a statement about its data. */
static enum cairn_err mount(struct cairn_image *image,
                            const struct cairn_image_open_options *options, struct cairn_why *why)
{
    struct cairn_fat_options fat = options->fat;
    fat.read_only = fat.read_only || !options->write;
    enum cairn_err err = sectors_fit(image, why);
    if (err) return err;
    err = img_volume_mount(image->blk, &fat, options->mem_bytes, &image->fat, &image->mem,
                           &image->mem_bytes, why);
    if (err != CAIRN_EINVAL) return err;
    if (why) why->err = CAIRN_ECORRUPT;
    cairn_why_hint(why,
                   "it holds no FAT filesystem; `cairn info` shows what is there, "
                   "`cairn format` makes one");
    return CAIRN_ECORRUPT;
}

/* Nobody can say whose the blocks are that two partitions have. */
static enum cairn_err overlap_refuse(const struct img_disk *disk, const struct cairn_part *part,
                                     struct cairn_why *why)
{
    const struct cairn_part *other = cairn_part_overlaps(&disk->table, part);
    if (!other) return CAIRN_OK;
    enum cairn_err err =
        cairn_why_fail(why, CAIRN_ECORRUPT, "partition %u shares blocks with partition %u",
                       part->number, other->number);
    cairn_why_hint(why,
                   "writing to one would change the other; read what is in them, then "
                   "`cairn part delete` or `resize` one");
    return err;
}

static enum cairn_err part_open(struct cairn_image *image, const char *selector, bool write,
                                struct cairn_why *why)
{
    struct img_disk *disk = image->disk;
    const struct cairn_part *part = NULL;
    image->blk = disk->any.dev;
    if (!selector) return CAIRN_OK;
    enum cairn_err err = img_part_select(disk, selector, &part, why);
    if (err || !part) return err;
    if (write) err = overlap_refuse(disk, part, why);
    if (err) return err;
    struct cairn_text name;
    cairn_text_init(&name, image->part_name, sizeof image->part_name);
    cairn_text_fmt(&name, "partition %u", part->number);
    err = cairn_blk_slice_open(&image->slice, disk->any.dev, part->first, part->count,
                               image->part_name, why);
    if (err) return err;
    image->is_part = true;
    image->blk = &image->slice.base;
    return CAIRN_OK;
}

/* Let go of everything; the first failure is the result. */
static enum cairn_err image_free(struct cairn_image *image, struct cairn_why *why)
{
    enum cairn_err err = CAIRN_OK, next = CAIRN_OK;
    if (image->fat) err = cairn_fat_unmount(image->fat, why);
    if (image->mem) (void)munmap(image->mem, image->mem_bytes);
    if (image->bounce) next = cairn_blk_close(&image->sectors.base, err ? NULL : why);
    free(image->bounce);
    err = err ? err : next;
    if (image->is_part) next = cairn_blk_close(&image->slice.base, err ? NULL : why);
    err = err ? err : next;
    next = img_disk_close(image->disk, err ? NULL : why);
    free(image);
    return err ? err : next;
}

/* Takes over one use of disk, also when it fails. part NULL: the device as a whole. */
static enum cairn_err image_open_on(struct cairn_image **out, struct img_disk *disk,
                                    const char *part, bool mounted,
                                    const struct cairn_image_open_options *options,
                                    struct cairn_why *why)
{
    struct cairn_image *image = calloc(1, sizeof *image);
    if (!image) {
        enum cairn_err ignored = img_disk_close(disk, NULL);
        (void)ignored;
        return cairn_why_fail(why, CAIRN_ENOMEM, "open the image");
    }
    image->disk = disk;
    enum cairn_err err = part_open(image, part, options->write, why);
    if (!err && mounted) err = mount(image, options, why);
    if (!err) {
        *out = image;
        return CAIRN_OK;
    }
    enum cairn_err ignored = image_free(image, NULL);
    (void)ignored;
    return err;
}

/* What of a disk is opened. */
enum reach { WHOLE_DISK, PARTITION, VOLUME };

static enum cairn_err open_as(struct cairn_image **image, const struct cairn_image_place *place,
                              enum reach reach, const struct cairn_image_open_options *options,
                              struct cairn_why *why)
{
    struct img_disk *disk = NULL;
    enum cairn_err err = img_disk_open(&disk, place, options, why);
    if (err) return err;
    const char *part = reach == WHOLE_DISK ? NULL : place->part;
    return image_open_on(image, disk, part, reach == VOLUME, options, why);
}

enum cairn_err cairn_image_open(struct cairn_image **image, const struct cairn_image_place *place,
                                const struct cairn_image_open_options *options,
                                struct cairn_why *why)
{
    return open_as(image, place, VOLUME, options, why);
}

enum cairn_err cairn_image_open_device(struct cairn_image **image,
                                       const struct cairn_image_place *place,
                                       const struct cairn_image_open_options *options,
                                       struct cairn_why *why)
{
    return open_as(image, place, PARTITION, options, why);
}

enum cairn_err cairn_image_open_disk(struct cairn_image **image,
                                     const struct cairn_image_place *place,
                                     const struct cairn_image_open_options *options,
                                     struct cairn_why *why)
{
    return open_as(image, place, WHOLE_DISK, options, why);
}

enum cairn_err cairn_image_open_beside(struct cairn_image **image, struct cairn_image *beside,
                                       const char *part,
                                       const struct cairn_image_open_options *options,
                                       struct cairn_why *why)
{
    struct cairn_image_open_options as_beside = *options;
    as_beside.write = options->write && beside->disk->write;
    beside->disk->users++;
    return image_open_on(image, beside->disk, part, true, &as_beside, why);
}

enum cairn_err cairn_image_open_device_beside(struct cairn_image **image,
                                              struct cairn_image *beside, const char *part,
                                              struct cairn_why *why)
{
    struct cairn_image_open_options none = { .write = false };
    beside->disk->users++;
    return image_open_on(image, beside->disk, part, false, &none, why);
}

struct cairn_fat *cairn_image_fat(struct cairn_image *image)
{
    return image->fat;
}

struct cairn_blk *cairn_image_blk(struct cairn_image *image)
{
    return image->blk;
}

struct cairn_blk *cairn_image_disk(struct cairn_image *image)
{
    return image->disk->any.dev;
}

const struct cairn_part_table *cairn_image_table(const struct cairn_image *image)
{
    return &image->disk->table;
}

int cairn_image_fd(struct cairn_image *image)
{
    const struct img_disk *disk = image->disk;
    bool is_plain_file = cairn_blk_file_path(disk->name) && !disk->any.is.file.direct;
    return is_plain_file ? disk->any.is.file.fd : -1;
}

uint64_t cairn_image_offset(struct cairn_image *image)
{
    return image->is_part ? image->slice.first * image->disk->any.dev->info.block_bytes : 0;
}

enum cairn_err cairn_image_close(struct cairn_image *image, struct cairn_why *why)
{
    return image_free(image, why);
}
