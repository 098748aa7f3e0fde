/* SPDX-License-Identifier: ISC */
/*
 * The device under a volume whose power will go: what is durable, and every version of every block
 * that was written since the last flush, so that each of them can be what the cut leaves.
 *
 * A volume of 2 MiB of which only a few blocks ever change is small: those are *live*, the others
 * are what the image says and may not be written.
 */
#ifndef CAIRN_TESTS_FAT_CRASH_DISK_H
#define CAIRN_TESTS_FAT_CRASH_DISK_H

#include <cairn/blk.h>

#define DISK_BLOCK 512u /* the atomic unit, whatever a volume's sectors are */
#define DISK_LIVE_MAX 224u
#define DISK_VERSIONS_MAX 640u
#define DISK_DEAD UINT16_MAX

/* A volume as it was before the first operation. */
struct image {
    uint8_t *bytes;
    uint32_t blocks;
    uint16_t *live_of; /* by block: its number among the live ones, or DEAD */
    uint32_t live_count;
    uint32_t block_of[DISK_LIVE_MAX];
};

void image_make(struct image *image, uint32_t blocks);
void image_free(struct image *image);
/* These blocks may be written. */
void image_live(struct image *image, uint32_t block, uint32_t count);

struct disk_version {
    uint16_t live;
    uint16_t older; /* index + 1 of the version before it; 0: none */
    uint8_t bytes[DISK_BLOCK];
};

struct disk {
    struct cairn_blk base;
    const struct image *image;
    void (*at_flush)(void *ctx); /* before a flush takes effect; NULL: nobody looks */
    void *ctx;
    uint64_t flushes, writes;
    uint64_t hash; /* of what is durable, of live blocks */
    uint32_t version_count;
    uint16_t newest[DISK_LIVE_MAX]; /* index + 1 of the newest version; 0: what is durable */
    uint8_t durable[DISK_LIVE_MAX][DISK_BLOCK];
    struct disk_version versions[DISK_VERSIONS_MAX];
};

/* A disk that holds the image, all of it durable. */
void disk_start(struct disk *disk, const struct image *image);
/* A block as reads see it. */
const uint8_t *disk_block(const struct disk *disk, uint64_t block);
/* What it holds now becomes the image's. */
void disk_settle(const struct disk *disk, struct image *image);

/* Bytes of the struct that say something: what a copy of its state has to hold. */
static inline size_t disk_bytes(const struct disk *disk)
{
    return offsetof(struct disk, versions) + disk->version_count * sizeof disk->versions[0];
}

/* A block's share in the hash of an image: the shares are added up. */
uint64_t disk_block_hash(uint32_t block, const uint8_t *bytes);

#endif
