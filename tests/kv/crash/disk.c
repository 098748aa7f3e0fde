/* SPDX-License-Identifier: ISC */
#include "disk.h"

#include "ways.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t mix(uint64_t value)
{
    value = (value ^ value >> 29) * UINT64_C(0xBF58476D1CE4E5B9);
    return value ^ value >> 32;
}

static uint64_t share_of(const struct disk *disk, uint32_t block, uint32_t number)
{
    return mix(contents_hash(disk->contents, number) + block * UINT64_C(0x9E3779B97F4A7C15));
}

uint64_t disk_share(const struct disk *disk, uint32_t block)
{
    const struct disk_block *b = &disk->blocks[block];
    uint64_t share = share_of(disk, block, b->option[0]);
    for (uint32_t i = 1; i < b->count; i++)
        share += mix(share_of(disk, block, b->option[i]) + 1);
    return share;
}

uint64_t disk_share_as(const struct disk *disk, uint32_t block, uint32_t option)
{
    return share_of(disk, block, disk->blocks[block].option[option]);
}

void disk_decide(struct disk *disk, uint32_t block, uint32_t option)
{
    struct disk_block *b = &disk->blocks[block];
    disk->key -= disk_share(disk, block);
    b->now = b->option[0] = b->option[option];
    b->count = 1;
    disk->key += disk_share(disk, block);
}

/* ---- writing --------------------------------------------------------------------------------- */

static void option_add(struct disk_block *b, uint32_t number)
{
    for (uint32_t i = 0; i < b->count; i++)
        if (b->option[i] == number) return;
    if (b->count == DISK_OPTIONS_MAX) {
        fprintf(stderr, "a block is written too often without a flush\n");
        abort();
    }
    b->option[b->count++] = number;
}

static void block_write(struct disk *disk, uint32_t block, const uint8_t *bytes)
{
    struct disk_block *b = &disk->blocks[block];
    uint32_t number = contents_number(disk->contents, bytes);
    disk->wrote = mix(disk->wrote + share_of(disk, block, number));
    if (b->now == number) return;
    disk->key -= disk_share(disk, block);
    option_add(b, number);
    b->now = number;
    disk->key += disk_share(disk, block);
    if (!b->written) disk->written[disk->written_count++] = (uint16_t)block;
    b->written = true;
}

static void block_settle(struct disk *disk, uint32_t block)
{
    struct disk_block *b = &disk->blocks[block];
    disk->key -= disk_share(disk, block);
    b->option[0] = b->now;
    b->count = 1;
    b->written = false;
    disk->key += disk_share(disk, block);
}

static enum cairn_err disk_flush(struct cairn_blk *dev, struct cairn_why *why)
{
    struct disk *disk = (struct disk *)dev;
    (void)why;
    if (disk->lost) return CAIRN_EIO;
    if (!disk->written_count) return CAIRN_OK;
    disk->flushes++;
    if (disk->at_flush) disk->at_flush(disk->ctx);
    for (uint32_t i = 0; i < disk->written_count; i++)
        block_settle(disk, disk->written[i]);
    disk->written_count = 0;
    disk->wrote = mix(disk->wrote + 1);
    return CAIRN_OK;
}

/* ---- requests -------------------------------------------------------------------------------- */

static enum cairn_err read_do(struct disk *disk, const struct cairn_blk_req *req)
{
    uint32_t block = (uint32_t)req->block;
    if (disk->ways && !ways_decide(disk->ways, block, (uint32_t)req->count)) disk->lost = true;
    if (disk->lost) return CAIRN_EIO;
    for (uint32_t i = 0; i < req->seg_count; i++) {
        uint8_t *at = req->segs[i].data;
        for (size_t n = req->segs[i].bytes / DISK_BLOCK; n--; at += DISK_BLOCK)
            memcpy(at, contents_bytes(disk->contents, disk->blocks[block++].now), DISK_BLOCK);
    }
    return CAIRN_OK;
}

static enum cairn_err write_do(struct disk *disk, const struct cairn_blk_req *req)
{
    uint32_t block = (uint32_t)req->block, end = block + (uint32_t)req->count;
    for (; !req->segs && block < end; block++)
        block_write(disk, block, contents_bytes(disk->contents, 0));
    for (uint32_t i = 0; i < req->seg_count; i++) {
        const uint8_t *at = req->segs[i].data;
        for (size_t n = req->segs[i].bytes / DISK_BLOCK; n--; at += DISK_BLOCK)
            block_write(disk, block++, at);
    }
    return CAIRN_OK;
}

static enum cairn_err disk_submit(struct cairn_blk *dev, struct cairn_blk_req *reqs, size_t count)
{
    struct disk *disk = (struct disk *)dev;
    enum cairn_err first = CAIRN_OK;
    for (size_t i = 0; i < count; i++) {
        bool reads = reqs[i].op == CAIRN_BLK_READ;
        reqs[i].status = disk->lost ? CAIRN_EIO
                         : reads    ? read_do(disk, &reqs[i])
                                    : write_do(disk, &reqs[i]);
        if (!first) first = reqs[i].status;
    }
    return first;
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

/* ---- making ---------------------------------------------------------------------------------- */

void disk_make(struct disk *disk, struct contents *contents)
{
    struct cairn_blk_info info = { .block_bytes = DISK_BLOCK,
                                   .block_count = DISK_BLOCKS,
                                   .preferred_bytes = DISK_BLOCK,
                                   .max_bytes = (uint64_t)DISK_BLOCKS * DISK_BLOCK,
                                   .mem_align = 1,
                                   .atomic_bytes = DISK_BLOCK,
                                   .zero_bytes = DISK_BLOCK,
                                   .flush = CAIRN_BLK_NATIVE,
                                   .fua = CAIRN_BLK_EMULATED,
                                   .zero = CAIRN_BLK_NATIVE,
                                   .durability = CAIRN_BLK_DURABLE_MEDIA };
    memset(disk, 0, sizeof *disk);
    cairn_blk_init(&disk->base, &disk_ops, &info, "disk", NULL);
    disk->contents = contents;
    for (uint32_t i = 0; i < DISK_BLOCKS; i++) {
        disk->blocks[i].count = 1;
        disk->key += disk_share(disk, i);
    }
}

void disk_cut(struct disk *disk, const struct disk *from)
{
    memcpy(disk->blocks, from->blocks, sizeof disk->blocks);
    for (uint32_t i = 0; i < DISK_BLOCKS; i++) {
        struct disk_block *b = &disk->blocks[i];
        if (b->count > 1) b->now = DISK_OPEN;
        b->written = false;
    }
    disk->key = from->key;
    disk->wrote = 0;
    disk->flushes = 0;
    disk->written_count = 0;
    disk->lost = false;
}
