/* SPDX-License-Identifier: ISC */
/*
 * Layers that only renumber blocks (slice, larger blocks, read-only) flatten: each knows the device
 * below the whole run of them, and what its numbers are there, so that a request is renumbered once
 * however many of them it passes.
 */
#include "../impl.h"

void blk_init_renumbering(struct cairn_blk *dev, const struct cairn_blk_ops *ops,
                          const struct cairn_blk_info *info, const char *name,
                          struct cairn_blk *below, uint64_t first, uint32_t shift)
{
    cairn_blk_init(dev, ops, info, name, below);
    dev->target = below->target;
    dev->target_first = below->target_first + (first << below->target_shift);
    dev->target_shift = below->target_shift + shift;
}

static void route_enter(const struct cairn_blk *dev, struct cairn_blk_req *reqs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        reqs[i].block = (reqs[i].block << dev->target_shift) + dev->target_first;
        reqs[i].count <<= dev->target_shift;
    }
}

static void route_leave(const struct cairn_blk *dev, struct cairn_blk_req *reqs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        reqs[i].block = (reqs[i].block - dev->target_first) >> dev->target_shift;
        reqs[i].count >>= dev->target_shift;
    }
}

/* The layers that the batch passed without being asked, put their names on what failed, the lowest
 * first. */
static void route_sign(const struct cairn_blk *dev, struct cairn_blk_req *reqs, size_t count)
{
    const struct cairn_blk *signed_to = dev->target;
    while (signed_to != dev) {
        const struct cairn_blk *next = dev;
        while (next->below != signed_to)
            next = next->below;
        blk_sign(next, reqs, count);
        signed_to = next;
    }
}

enum cairn_err blk_send(struct cairn_blk *dev, struct cairn_blk_req *reqs, size_t count)
{
    struct cairn_blk *target = dev->target;
    if (target == dev) return dev->ops->submit(dev, reqs, count);
    route_enter(dev, reqs, count);
    enum cairn_err err = target->ops->submit(target, reqs, count);
    route_leave(dev, reqs, count);
    if (err) route_sign(dev, reqs, count);
    return err;
}

enum cairn_err blk_send_begin(struct cairn_blk *dev, struct cairn_blk_req *reqs, size_t count)
{
    struct cairn_blk *target = dev->target;
    if (target == dev) return dev->ops->begin(dev, reqs, count);
    route_enter(dev, reqs, count);
    enum cairn_err err = target->ops->begin(target, reqs, count);
    if (!err) return CAIRN_OK;
    route_leave(dev, reqs, count);
    route_sign(dev, reqs, count);
    return err;
}

enum cairn_err blk_send_finish(struct cairn_blk *dev, struct cairn_blk_req *reqs, size_t count)
{
    struct cairn_blk *target = dev->target;
    if (target == dev) return dev->ops->finish(dev, reqs, count);
    enum cairn_err err = target->ops->finish(target, reqs, count);
    route_leave(dev, reqs, count);
    if (err) route_sign(dev, reqs, count);
    return err;
}

const void *blk_route_borrow(struct cairn_blk *dev, uint64_t block, uint64_t count)
{
    return cairn_blk_borrow(dev->target, (block << dev->target_shift) + dev->target_first,
                            count << dev->target_shift);
}
