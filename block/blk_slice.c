/* SPDX-License-Identifier: ISC */
/* A run of the device below, as a partition is. */
#include <cairn/blk_layers.h>

#include "blk_impl.h"

_Static_assert(offsetof(struct cairn_blk_slice, base) == 0, "a device embeds its base first");

static uint64_t slice_first(const struct cairn_blk *dev)
{
    return ((const struct cairn_blk_slice *)dev)->first;
}

/* Into the addresses of the device below, and back. */
static void slice_enter(struct cairn_blk_req *reqs, size_t count, uint64_t first)
{
    for (size_t i = 0; i < count; i++)
        reqs[i].block += first;
}

static void slice_leave(struct cairn_blk_req *reqs, size_t count, uint64_t first)
{
    for (size_t i = 0; i < count; i++)
        reqs[i].block -= first;
}

static enum cairn_err slice_submit(struct cairn_blk *dev, struct cairn_blk_req *reqs, size_t count)
{
    slice_enter(reqs, count, slice_first(dev));
    enum cairn_err err = blk_layer_submit(dev, reqs, count);
    slice_leave(reqs, count, slice_first(dev));
    return err;
}

static enum cairn_err slice_begin(struct cairn_blk *dev, struct cairn_blk_req *reqs, size_t count)
{
    slice_enter(reqs, count, slice_first(dev));
    enum cairn_err err = blk_layer_begin(dev, reqs, count);
    if (err) slice_leave(reqs, count, slice_first(dev));
    return err;
}

static enum cairn_err slice_finish(struct cairn_blk *dev, struct cairn_blk_req *reqs, size_t count)
{
    enum cairn_err err = blk_layer_finish(dev, reqs, count);
    slice_leave(reqs, count, slice_first(dev));
    return err;
}

static enum cairn_err slice_extents(struct cairn_blk *dev, uint64_t block, uint64_t count,
                                    struct cairn_blk_extent *extents, size_t cap, size_t *used,
                                    struct cairn_why *why)
{
    uint64_t first = slice_first(dev);
    enum cairn_err err = blk_layer_extents(dev, first + block, count, extents, cap, used, why);
    for (size_t i = 0; i < *used; i++)
        extents[i].block -= first;
    return err;
}

static const void *slice_borrow(struct cairn_blk *dev, uint64_t block, uint64_t count)
{
    return blk_layer_borrow(dev, slice_first(dev) + block, count);
}

static const struct cairn_blk_ops slice_ops = {
    .submit = slice_submit,
    .begin = slice_begin,
    .finish = slice_finish,
    .flush = blk_layer_flush,
    .extents = slice_extents,
    .borrow = slice_borrow,
    .close = blk_close_nothing,
};

/* Of a promise about aligned pieces, what is left when the device starts at `offset`. */
static uint32_t aligned_to(uint32_t bytes, uint64_t offset)
{
    uint64_t align = offset & (~offset + 1);
    return offset ? (uint32_t)cairn_min_u64(bytes, align) : bytes;
}

static struct cairn_blk_info slice_info(const struct cairn_blk *below, uint64_t first,
                                        uint64_t count)
{
    struct cairn_blk_info info = below->info;
    info.block_count = count;
    info.preferred_bytes = aligned_to(info.preferred_bytes, first * info.block_bytes);
    info.atomic_bytes = aligned_to(info.atomic_bytes, first * info.block_bytes);
    info.resize = CAIRN_BLK_ABSENT;
    return info;
}

enum cairn_err cairn_blk_slice_open(struct cairn_blk_slice *dev, struct cairn_blk *below,
                                    uint64_t first, uint64_t count, const char *name,
                                    struct cairn_why *why)
{
    if (!cairn_range_fits(first, count, below->info.block_count)) {
        enum cairn_err err =
            cairn_why_fail(why, CAIRN_ERANGE, "%s: blocks %llu + %llu of a device of %llu", name,
                           (unsigned long long)first, (unsigned long long)count,
                           (unsigned long long)below->info.block_count);
        cairn_why_via(why, below->name);
        return err;
    }
    struct cairn_blk_info info = slice_info(below, first, count);
    cairn_blk_init(&dev->base, &slice_ops, &info, name, below);
    dev->first = first;
    return CAIRN_OK;
}
