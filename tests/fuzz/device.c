/* SPDX-License-Identifier: ISC */
#include "device.h"

#include <cairn/fat_check.h>

#include "fuzz.h"

static enum cairn_err count_submit(struct cairn_blk *base, struct cairn_blk_req *reqs, size_t count)
{
    struct fuzz_device *dev = (struct fuzz_device *)base;
    dev->requests += count;
    for (size_t i = 0; i < count; i++)
        dev->bytes += reqs[i].count * FUZZ_UNIT;
    return dev->submit(base, reqs, count);
}

void fuzz_device_open(struct fuzz_device *dev, uint8_t *image, size_t bytes)
{
    *dev = (struct fuzz_device){ .requests = 0 };
    if (cairn_blk_mem_open(&dev->mem, image, FUZZ_UNIT, bytes / FUZZ_UNIT, NULL)) abort();
    dev->submit = dev->mem.base.ops->submit;
    dev->ops = *dev->mem.base.ops;
    dev->ops.submit = count_submit;
    dev->ops.borrow = NULL;
    dev->mem.base.ops = &dev->ops;
    dev->mem.base.info.borrow = CAIRN_BLK_ABSENT;
}

void fuzz_device_close(struct fuzz_device *dev)
{
    if (cairn_blk_close(&dev->mem.base, NULL)) abort();
}

void fuzz_check(struct fuzz_device *dev)
{
    struct cairn_blk *base = &dev->mem.base;
    struct cairn_fat_check_options options = { .codepage = 0 };
    struct cairn_fat_check_result result;
    struct cairn_why why = { 0 };
    uint64_t requests = dev->requests;
    size_t bytes = cairn_fat_check_mem(base, 4096);
    fuzz_require(bytes <= (2u << 20) + cairn_blk_bytes(base), "memory is bounded");
    void *mem = malloc(bytes);
    if (!mem) abort();
    enum cairn_err err = cairn_fat_check(base, &options, mem, bytes, &result, &why);
    fuzz_require(!err || why.err == err, "an error explains itself");
    fuzz_require(dev->requests - requests <= 64 + 8 * base->info.block_count, "check is linear");
    free(mem);
}
