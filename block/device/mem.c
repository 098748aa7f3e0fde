/* SPDX-License-Identifier: ISC */
/* Memory as a device. */
#include <cairn/blk_mem.h>

#include "../impl.h"

_Static_assert(offsetof(struct cairn_blk_mem, base) == 0, "a device embeds its base first");

#define PREFERRED_BYTES 4096u

static struct cairn_blk_mem *mem_of(struct cairn_blk *dev)
{
    return (struct cairn_blk_mem *)dev;
}

static uint8_t *mem_at(const struct cairn_blk_mem *mem, uint64_t block)
{
    return mem->bytes + (size_t)(block * mem->base.info.block_bytes);
}

static void mem_read(const uint8_t *at, const struct cairn_blk_req *req)
{
    for (uint32_t i = 0; i < req->seg_count; at += req->segs[i].bytes, i++)
        memcpy(req->segs[i].data, at, req->segs[i].bytes);
}

static void mem_write(uint8_t *at, const struct cairn_blk_req *req)
{
    for (uint32_t i = 0; i < req->seg_count; at += req->segs[i].bytes, i++)
        memcpy(at, req->segs[i].data, req->segs[i].bytes);
}

static enum cairn_err mem_submit(struct cairn_blk *dev, struct cairn_blk_req *reqs, size_t count)
{
    const struct cairn_blk_mem *mem = mem_of(dev);
    for (size_t i = 0; i < count; i++) {
        const struct cairn_blk_req *req = &reqs[i];
        uint8_t *at = mem_at(mem, req->block);
        if (req->op == CAIRN_BLK_READ)
            mem_read(at, req);
        else if (req->op == CAIRN_BLK_WRITE)
            mem_write(at, req);
        else
            memset(at, 0, (size_t)(req->count * dev->info.block_bytes));
    }
    return CAIRN_OK;
}

static enum cairn_err mem_resize(struct cairn_blk *dev, uint64_t block_count, struct cairn_why *why)
{
    const struct cairn_blk_mem *mem = mem_of(dev);
    uint64_t old = dev->info.block_count;
    if (block_count > mem->capacity_blocks)
        return cairn_why_fail(why, CAIRN_ENOSPC, "resize to %llu blocks: its memory holds %llu",
                              (unsigned long long)block_count,
                              (unsigned long long)mem->capacity_blocks);
    if (block_count > old)
        memset(mem_at(mem, old), 0, (size_t)((block_count - old) * dev->info.block_bytes));
    return CAIRN_OK;
}

static const void *mem_borrow(struct cairn_blk *dev, uint64_t block, uint64_t count)
{
    (void)count;
    return mem_at(mem_of(dev), block);
}

static const struct cairn_blk_ops mem_ops = {
    .submit = mem_submit,
    .resize = mem_resize,
    .borrow = mem_borrow,
    .close = blk_close_nothing,
};

/* FUA counts as native: there is no cache before the memory that a write could wait in. */
static struct cairn_blk_info mem_info(uint32_t block_bytes, uint64_t block_count)
{
    return (struct cairn_blk_info){
        .block_bytes = block_bytes,
        .block_count = block_count,
        .preferred_bytes = (uint32_t)cairn_max_u64(block_bytes, PREFERRED_BYTES),
        .max_bytes = block_bytes * block_count,
        .mem_align = 1,
        .atomic_bytes = block_bytes,
        .discard_bytes = block_bytes,
        .zero_bytes = block_bytes,
        .fua = CAIRN_BLK_NATIVE,
        .discard = CAIRN_BLK_NATIVE,
        .zero = CAIRN_BLK_NATIVE,
        .resize = CAIRN_BLK_NATIVE,
        .borrow = CAIRN_BLK_NATIVE,
        .durability = CAIRN_BLK_DURABLE_NONE,
    };
}

enum cairn_err cairn_blk_mem_open(struct cairn_blk_mem *dev, void *bytes, uint32_t block_bytes,
                                  uint64_t block_count, struct cairn_why *why)
{
    enum cairn_err err = blk_shape_check(block_bytes, block_count, why);
    if (err) return err;
    struct cairn_blk_info info = mem_info(block_bytes, block_count);
    if (info.max_bytes > PTRDIFF_MAX)
        return cairn_why_fail(why, CAIRN_EINVAL, "a memory device of %llu bytes: too large here",
                              (unsigned long long)info.max_bytes);
    cairn_blk_init(&dev->base, &mem_ops, &info, "mem", NULL);
    dev->bytes = bytes;
    dev->capacity_blocks = block_count;
    return CAIRN_OK;
}
