/* SPDX-License-Identifier: ISC */
/* A run of the device below, as a partition is. */
#include <cairn/blk_layers.h>

#include "../impl.h"

_Static_assert(offsetof(struct cairn_blk_slice, base) == 0, "a device embeds its base first");

static uint64_t slice_first(const struct cairn_blk *dev)
{
    return ((const struct cairn_blk_slice *)dev)->first;
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

static const struct cairn_blk_ops slice_ops = {
    .flush = blk_layer_flush,
    .extents = slice_extents,
    .borrow = blk_route_borrow,
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
    blk_init_renumbering(&dev->base, &slice_ops, &info, name, below, first, 0);
    dev->first = first;
    return CAIRN_OK;
}
