/* SPDX-License-Identifier: ISC */
#include "sparse.h"
#include <stdlib.h>
#include <string.h>

#define PLACES 65536u

/* Where the block is, or would be. */
static uint32_t place_of(const struct sparse *sparse, uint64_t block)
{
    uint32_t at = (uint32_t)(block * UINT64_C(0x9E3779B97F4A7C15) >> 48);
    while (sparse->numbers[at] != 0 && sparse->numbers[at] != block + 1)
        at = (at + 1) % PLACES;
    return at;
}

static bool is_zeros(const uint8_t *data, uint32_t bytes)
{
    return data[0] == 0 && memcmp(data, data + 1, bytes - 1) == 0;
}

/* Zeros where nothing is are not kept. */
static void copy_block(struct sparse *sparse, uint64_t block, uint8_t *data, bool is_write)
{
    uint32_t at = place_of(sparse, block), bytes = sparse->base.info.block_bytes;
    if (is_write && !sparse->blocks[at]) {
        if (is_zeros(data, bytes)) return;
        sparse->blocks[at] = malloc(bytes);
        sparse->numbers[at] = block + 1;
    }
    if (is_write)
        memcpy(sparse->blocks[at], data, bytes);
    else if (sparse->blocks[at])
        memcpy(data, sparse->blocks[at], bytes);
    else
        memset(data, 0, bytes);
}

static void zero(struct sparse *sparse, uint64_t block, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        uint8_t *bytes = sparse->blocks[place_of(sparse, block + i)];
        if (bytes) memset(bytes, 0, sparse->base.info.block_bytes);
    }
}

static enum cairn_err one(struct sparse *sparse, const struct cairn_blk_req *req)
{
    bool is_write = req->op == CAIRN_BLK_WRITE;
    uint64_t block = req->block;
    if (req->op == CAIRN_BLK_ZERO) zero(sparse, block, req->count);
    sparse->reads += req->op == CAIRN_BLK_READ;
    sparse->writes += is_write;
    for (uint32_t i = 0; i < req->seg_count; i++)
        for (size_t at = 0; at < req->segs[i].bytes; at += sparse->base.info.block_bytes, block++) {
            if (is_write && sparse->writes_left == 0)
                return cairn_why_fail(req->why, CAIRN_EIO, "write: the power is off");
            copy_block(sparse, block, (uint8_t *)req->segs[i].data + at, is_write);
            if (is_write && sparse->writes_left != UINT64_MAX) sparse->writes_left--;
        }
    return CAIRN_OK;
}

static enum cairn_err submit(struct cairn_blk *dev, struct cairn_blk_req *reqs, size_t count)
{
    enum cairn_err first = CAIRN_OK;
    for (size_t i = 0; i < count; i++) {
        reqs[i].status = one((struct sparse *)dev, &reqs[i]);
        if (!first) first = reqs[i].status;
    }
    return first;
}

static enum cairn_err flush(struct cairn_blk *dev, struct cairn_why *why)
{
    (void)dev, (void)why;
    return CAIRN_OK;
}

static enum cairn_err close_device(struct cairn_blk *dev, struct cairn_why *why)
{
    (void)dev, (void)why;
    return CAIRN_OK;
}

void sparse_open(struct sparse *sparse, uint64_t block_count)
{
    sparse_open_blocks(sparse, block_count, SPARSE_BLOCK_BYTES);
}

void sparse_grow(struct sparse *sparse, uint64_t block_count)
{
    sparse->base.info.block_count = block_count;
}

void sparse_open_blocks(struct sparse *sparse, uint64_t block_count, uint32_t block_bytes)
{
    static const struct cairn_blk_ops ops = { .submit = submit,
                                              .flush = flush,
                                              .close = close_device };
    struct cairn_blk_info info = { .block_bytes = block_bytes,
                                   .block_count = block_count,
                                   .preferred_bytes = block_bytes,
                                   .max_bytes = 1u << 20,
                                   .mem_align = 1,
                                   .atomic_bytes = block_bytes,
                                   .flush = CAIRN_BLK_NATIVE,
                                   .zero_bytes = block_bytes,
                                   .zero = CAIRN_BLK_NATIVE,
                                   .durability = CAIRN_BLK_DURABLE_NONE };
    memset(sparse, 0, sizeof *sparse);
    sparse->blocks = calloc(PLACES, sizeof *sparse->blocks);
    sparse->numbers = calloc(PLACES, sizeof *sparse->numbers);
    sparse->writes_left = UINT64_MAX;
    cairn_blk_init(&sparse->base, &ops, &info, "sparse", NULL);
}

void sparse_close(struct sparse *sparse)
{
    for (uint32_t i = 0; i < PLACES; i++)
        free(sparse->blocks[i]);
    free(sparse->blocks);
    free(sparse->numbers);
}
