/* SPDX-License-Identifier: ISC */
#include "disk.h"

#include <cairn/bytes.h>
#include <cairn/checksum.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- the image ------------------------------------------------------------------------------- */

void image_make(struct image *image, uint32_t blocks)
{
    memset(image, 0, sizeof *image);
    image->blocks = blocks;
    image->bytes = calloc(blocks, DISK_BLOCK);
    image->live_of = malloc(blocks * sizeof *image->live_of);
    memset(image->live_of, 0xFF, blocks * sizeof *image->live_of);
}

void image_free(struct image *image)
{
    free(image->bytes);
    free(image->live_of);
}

void image_live(struct image *image, uint32_t block, uint32_t count)
{
    for (uint32_t end = block + count; block < end && block < image->blocks; block++) {
        if (image->live_of[block] != DISK_DEAD) continue;
        if (image->live_count == DISK_LIVE_MAX) abort();
        image->block_of[image->live_count] = block;
        image->live_of[block] = (uint16_t)image->live_count++;
    }
}

uint64_t disk_block_hash(uint32_t block, const uint8_t *bytes)
{
    uint64_t mixed = cairn_hash128(bytes, DISK_BLOCK).low ^ block * UINT64_C(0x9E3779B97F4A7C15);
    mixed = (mixed ^ mixed >> 29) * UINT64_C(0xBF58476D1CE4E5B9);
    return mixed ^ mixed >> 32;
}

/* ---- writing --------------------------------------------------------------------------------- */

static struct disk *disk_of(struct cairn_blk *dev)
{
    return (struct disk *)dev;
}

const uint8_t *disk_block(const struct disk *disk, uint64_t block)
{
    uint16_t live = disk->image->live_of[block];
    if (live == DISK_DEAD) return disk->image->bytes + block * DISK_BLOCK;
    uint16_t newest = disk->newest[live];
    return newest ? disk->versions[newest - 1].bytes : disk->durable[live];
}

static void block_write(struct disk *disk, uint64_t block, const uint8_t *bytes)
{
    uint16_t live = disk->image->live_of[block];
    if (memcmp(disk_block(disk, block), bytes, DISK_BLOCK) == 0) return;
    if (live == DISK_DEAD || disk->version_count == DISK_VERSIONS_MAX) {
        fprintf(stderr, "block %u is not to be written, or too many are\n", (unsigned)block);
        abort();
    }
    struct disk_version *version = &disk->versions[disk->version_count++];
    version->live = live;
    version->older = disk->newest[live];
    memcpy(version->bytes, bytes, DISK_BLOCK);
    disk->newest[live] = (uint16_t)disk->version_count;
}

static void request_do(struct disk *disk, const struct cairn_blk_req *req)
{
    static const uint8_t zeros[DISK_BLOCK];
    uint64_t block = req->block, end = req->block + req->count;
    for (; req->op != CAIRN_BLK_READ && !req->segs && block < end; block++)
        block_write(disk, block, zeros);
    for (uint32_t i = 0; i < req->seg_count; i++) {
        uint8_t *at = req->segs[i].data;
        for (size_t n = req->segs[i].bytes / DISK_BLOCK; n--; at += DISK_BLOCK, block++) {
            if (req->op == CAIRN_BLK_READ)
                memcpy(at, disk_block(disk, block), DISK_BLOCK);
            else
                block_write(disk, block, at);
        }
    }
}

static enum cairn_err disk_submit(struct cairn_blk *dev, struct cairn_blk_req *reqs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        disk_of(dev)->writes += reqs[i].op != CAIRN_BLK_READ;
        request_do(disk_of(dev), &reqs[i]);
    }
    return CAIRN_OK;
}

static void version_settle(struct disk *disk, uint32_t live)
{
    uint32_t block = disk->image->block_of[live];
    disk->hash -= disk_block_hash(block, disk->durable[live]);
    memcpy(disk->durable[live], disk->versions[disk->newest[live] - 1].bytes, DISK_BLOCK);
    disk->hash += disk_block_hash(block, disk->durable[live]);
    disk->newest[live] = 0;
}

static enum cairn_err disk_flush(struct cairn_blk *dev, struct cairn_why *why)
{
    struct disk *disk = disk_of(dev);
    (void)why;
    disk->flushes++;
    if (!disk->version_count) return CAIRN_OK;
    if (disk->at_flush) disk->at_flush(disk->ctx);
    for (uint32_t live = 0; live < disk->image->live_count; live++)
        if (disk->newest[live]) version_settle(disk, live);
    disk->version_count = 0;
    return CAIRN_OK;
}

static enum cairn_err disk_close(struct cairn_blk *dev, struct cairn_why *why)
{
    (void)dev;
    (void)why;
    return CAIRN_OK;
}

static const struct cairn_blk_ops disk_ops = { .submit = disk_submit,
                                               .flush = disk_flush,
                                               .close = disk_close };

void disk_start(struct disk *disk, const struct image *image)
{
    struct cairn_blk_info info = { .block_bytes = DISK_BLOCK,
                                   .block_count = image->blocks,
                                   .preferred_bytes = DISK_BLOCK,
                                   .max_bytes = (uint64_t)image->blocks * DISK_BLOCK,
                                   .mem_align = 1,
                                   .atomic_bytes = DISK_BLOCK,
                                   .zero_bytes = DISK_BLOCK,
                                   .flush = CAIRN_BLK_NATIVE,
                                   .fua = CAIRN_BLK_EMULATED,
                                   .zero = CAIRN_BLK_NATIVE,
                                   .durability = CAIRN_BLK_DURABLE_MEDIA };
    memset(disk, 0, offsetof(struct disk, versions));
    cairn_blk_init(&disk->base, &disk_ops, &info, "disk", NULL);
    disk->image = image;
    for (uint32_t live = 0; live < image->live_count; live++) {
        uint32_t block = image->block_of[live];
        memcpy(disk->durable[live], image->bytes + (size_t)block * DISK_BLOCK, DISK_BLOCK);
        disk->hash += disk_block_hash(block, disk->durable[live]);
    }
}

void disk_settle(const struct disk *disk, struct image *image)
{
    for (uint32_t live = 0; live < image->live_count; live++) {
        uint32_t block = image->block_of[live];
        memcpy(image->bytes + (size_t)block * DISK_BLOCK, disk_block(disk, block), DISK_BLOCK);
    }
}
