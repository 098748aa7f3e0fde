/* SPDX-License-Identifier: ISC */
/*
 * The front: the only way into a device. It checks (blk_check.c), emulates what the device on top
 * of the stack cannot do itself, and keeps the poison of a failed flush. Layers pass requests on to
 * the functions of the device below (route.c), not to its front, so all of this happens once.
 */
#include "../impl.h"

void cairn_blk_init(struct cairn_blk *dev, const struct cairn_blk_ops *ops,
                    const struct cairn_blk_info *info, const char *name, struct cairn_blk *below)
{
    dev->ops = ops;
    dev->info = *info;
    dev->name = name;
    dev->below = below;
    dev->target = dev;
    dev->target_first = 0;
    dev->target_shift = 0;
    dev->poison = CAIRN_OK;
}

static bool batch_has_zero(const struct cairn_blk_req *reqs, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (reqs[i].op == CAIRN_BLK_ZERO) return true;
    return false;
}

/* The batch as runs of what the device does itself, and zeros written one after the other. */
static enum cairn_err submit_zeros_written(struct cairn_blk *dev, struct cairn_blk_req *reqs,
                                           size_t count)
{
    enum cairn_err err = CAIRN_OK;
    for (size_t at = 0, end; at < count; at = end) {
        for (end = at; end < count && reqs[end].op != CAIRN_BLK_ZERO;)
            end++;
        enum cairn_err part =
            end > at ? blk_send_behind(dev, reqs, at, end) : blk_zero_by_writing(dev, reqs, end++);
        if (part && !err) err = part;
    }
    return err;
}

/* A batch of which a write failed is still flushed: the others were promised to be durable. */
enum cairn_err blk_fua_by_flush(struct cairn_blk *dev, struct cairn_blk_req *reqs, size_t count)
{
    struct cairn_why why = { .err = CAIRN_OK };
    size_t first = 0;
    while (first < count && !(reqs[first].flags & CAIRN_BLK_FUA))
        first++;
    if (first == count) return CAIRN_OK;
    enum cairn_err err = cairn_blk_flush(dev, &why);
    for (size_t i = first; err && i < count; i++) {
        if (!(reqs[i].flags & CAIRN_BLK_FUA) || reqs[i].status) continue;
        reqs[i].status = err;
        if (reqs[i].why && blk_why_is_first(reqs, i)) *reqs[i].why = why;
    }
    return err;
}

static enum cairn_err batch_settle(struct cairn_blk *dev, struct cairn_blk_req *reqs, size_t count,
                                   enum cairn_err err)
{
    if (dev->info.fua == CAIRN_BLK_EMULATED) {
        enum cairn_err flushed = blk_fua_by_flush(dev, reqs, count);
        if (!err) err = flushed;
    }
    return err ? blk_first_failure(reqs, count, err) : CAIRN_OK;
}

enum cairn_err cairn_blk_submit(struct cairn_blk *dev, struct cairn_blk_req *reqs, size_t count)
{
    enum cairn_err err = blk_batch_check(dev, reqs, count);
    if (err) return err;
    bool written = dev->info.zero == CAIRN_BLK_EMULATED && batch_has_zero(reqs, count);
    err = written ? submit_zeros_written(dev, reqs, count) : blk_send(dev, reqs, count);
    return batch_settle(dev, reqs, count, err);
}

/* Where there is nothing to overlap with, begin does it all, and says so in the first request's
 * `order`, which the checks are done with. */
enum cairn_err cairn_blk_begin(struct cairn_blk *dev, struct cairn_blk_req *reqs, size_t count)
{
    if (!count) return CAIRN_OK;
    bool zeros = dev->info.zero == CAIRN_BLK_EMULATED && batch_has_zero(reqs, count);
    if (!dev->target->ops->begin || zeros) {
        enum cairn_err done = cairn_blk_submit(dev, reqs, count);
        reqs[0].order = true;
        return done;
    }
    enum cairn_err err = blk_batch_check(dev, reqs, count);
    if (err) return err;
    reqs[0].order = false;
    err = blk_send_begin(dev, reqs, count);
    return err ? batch_settle(dev, reqs, count, err) : CAIRN_OK;
}

enum cairn_err cairn_blk_finish(struct cairn_blk *dev, struct cairn_blk_req *reqs, size_t count)
{
    bool is_done = !count || reqs[0].order;
    if (is_done) return CAIRN_OK;
    return batch_settle(dev, reqs, count, blk_send_finish(dev, reqs, count));
}

/* The bytes may wrap only when the range is wrong too, which is checked before the segments. */
static enum cairn_err transfer_one(struct cairn_blk *dev, enum cairn_blk_op op, uint64_t block,
                                   uint64_t count, const void *data, struct cairn_why *why)
{
    struct cairn_blk_seg seg = { (void *)(uintptr_t)data, (size_t)(count * dev->info.block_bytes) };
    struct cairn_blk_req req = {
        .op = op, .block = block, .count = count, .segs = &seg, .seg_count = 1, .why = why
    };
    return cairn_blk_submit(dev, &req, 1);
}

enum cairn_err cairn_blk_read(struct cairn_blk *dev, uint64_t block, uint64_t count, void *data,
                              struct cairn_why *why)
{
    return transfer_one(dev, CAIRN_BLK_READ, block, count, data, why);
}

enum cairn_err cairn_blk_write(struct cairn_blk *dev, uint64_t block, uint64_t count,
                               const void *data, struct cairn_why *why)
{
    return transfer_one(dev, CAIRN_BLK_WRITE, block, count, data, why);
}

enum cairn_err cairn_blk_discard(struct cairn_blk *dev, uint64_t block, uint64_t count,
                                 struct cairn_why *why)
{
    struct cairn_blk_req req = {
        .op = CAIRN_BLK_DISCARD, .block = block, .count = count, .why = why
    };
    return cairn_blk_submit(dev, &req, 1);
}

enum cairn_err cairn_blk_zero(struct cairn_blk *dev, uint64_t block, uint64_t count,
                              struct cairn_why *why)
{
    struct cairn_blk_req req = { .op = CAIRN_BLK_ZERO, .block = block, .count = count, .why = why };
    return cairn_blk_submit(dev, &req, 1);
}

/* The flush is a promise about all earlier writes, so a later success may not hide a failure. */
static enum cairn_err fail_poisoned(const struct cairn_blk *dev, enum cairn_err poison,
                                    const char *op, struct cairn_why *why)
{
    poison = cairn_why_fail(why, poison, "%s: an earlier flush failed", op);
    cairn_why_hint(why, "what was written since is in doubt: open the device anew and check it");
    cairn_why_via(why, dev->name);
    return poison;
}

enum cairn_err cairn_blk_flush(struct cairn_blk *dev, struct cairn_why *why)
{
    enum cairn_err err = blk_poison(dev);
    if (err) return fail_poisoned(dev, err, "flush", why);
    if (dev->info.flush == CAIRN_BLK_ABSENT) return CAIRN_OK;
    err = dev->ops->flush(dev, why);
    if (err) __atomic_store_n(&dev->poison, (int32_t)err, __ATOMIC_RELEASE);
    return err;
}

static enum cairn_err fail_range(const struct cairn_blk *dev, uint64_t block, const char *op,
                                 struct cairn_why *why)
{
    enum cairn_err err = cairn_why_fail(why, CAIRN_ERANGE, "%s: beyond the end of the device", op);
    cairn_why_block(why, block);
    cairn_why_via(why, dev->name);
    return err;
}

enum cairn_err cairn_blk_extents(struct cairn_blk *dev, uint64_t block, uint64_t count,
                                 struct cairn_blk_extent *extents, size_t cap, size_t *used,
                                 struct cairn_why *why)
{
    *used = 0;
    if (!cairn_range_fits(block, count, dev->info.block_count))
        return fail_range(dev, block, "extents", why);
    if (!count || !cap) return CAIRN_OK;
    if (dev->info.extents != CAIRN_BLK_ABSENT)
        return dev->ops->extents(dev, block, count, extents, cap, used, why);
    extents[0] = (struct cairn_blk_extent){ block, count, true };
    *used = 1;
    return CAIRN_OK;
}

static enum cairn_err resize_check(const struct cairn_blk *dev, uint64_t block_count,
                                   struct cairn_why *why)
{
    if (dev->info.read_only) return cairn_why_fail(why, CAIRN_EROFS, "resize");
    if (dev->info.resize == CAIRN_BLK_ABSENT) return cairn_why_fail(why, CAIRN_ENOTSUP, "resize");
    enum cairn_err poison = blk_poison(dev);
    if (poison) return cairn_why_fail(why, poison, "resize: an earlier flush failed");
    return blk_shape_check(dev->info.block_bytes, block_count, why);
}

enum cairn_err cairn_blk_resize(struct cairn_blk *dev, uint64_t block_count, struct cairn_why *why)
{
    enum cairn_err err = resize_check(dev, block_count, why);
    if (!err) err = dev->ops->resize(dev, block_count, why);
    if (err) {
        cairn_why_via(why, dev->name);
        return err;
    }
    dev->info.block_count = block_count;
    return CAIRN_OK;
}

const void *cairn_blk_borrow(struct cairn_blk *dev, uint64_t block, uint64_t count)
{
    if (dev->info.borrow == CAIRN_BLK_ABSENT) return NULL;
    if (!cairn_range_fits(block, count, dev->info.block_count)) return NULL;
    return dev->ops->borrow(dev, block, count);
}

enum cairn_err cairn_blk_close(struct cairn_blk *dev, struct cairn_why *why)
{
    return dev->ops->close(dev, why);
}
