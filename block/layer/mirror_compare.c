/* SPDX-License-Identifier: ISC */
/* Legs against each other, and one made like another. All of it through one buffer. */
#include "mirror.h"

/* A leg read into one half of the buffer. */
static enum cairn_err half_read(struct cairn_blk_mirror *mirror, uint32_t leg, uint32_t half,
                                uint64_t block, uint64_t count, struct cairn_why *why)
{
    uint8_t *data = mirror->buffer + half * (mirror->buffer_bytes / 2);
    return cairn_blk_read(mirror->legs[leg], block, count, data, why);
}

static uint64_t half_blocks(const struct cairn_blk_mirror *mirror)
{
    return mirror->buffer_bytes / 2 / mirror->base.info.block_bytes;
}

/* The first of so many blocks that differs; count: none. */
static uint64_t blocks_differ(const struct cairn_blk_mirror *mirror, const uint8_t *a,
                              const uint8_t *b, uint64_t count)
{
    size_t block_bytes = mirror->base.info.block_bytes;
    uint64_t block = 0;
    if (!memcmp(a, b, (size_t)count * block_bytes)) return count;
    while (!memcmp(a, b, block_bytes)) {
        a += block_bytes;
        b += block_bytes;
        block++;
    }
    return block;
}

static enum cairn_err fail_differs(const struct cairn_blk_mirror *mirror, uint32_t leg,
                                   uint64_t block, struct cairn_why *why)
{
    enum cairn_err err = cairn_why_fail(why, CAIRN_ECORRUPT, "leg %lu, %s, differs",
                                        (unsigned long)leg + 1, mirror->legs[leg]->name);
    cairn_why_block(why, block);
    cairn_why_hint(why, "resync the leg that is wrong");
    return err;
}

/* One leg against memory that holds [block, block + count). */
static enum cairn_err leg_compare(struct cairn_blk_mirror *mirror, uint32_t leg, uint64_t block,
                                  uint64_t count, const uint8_t *data, struct cairn_why *why)
{
    for (uint64_t some; count; block += some, count -= some) {
        some = cairn_min_u64(count, half_blocks(mirror));
        enum cairn_err err = half_read(mirror, leg, 1, block, some, why);
        if (err) return err;
        uint64_t differs =
            blocks_differ(mirror, data, mirror->buffer + mirror->buffer_bytes / 2, some);
        if (differs < some) return fail_differs(mirror, leg, block + differs, why);
        data += (size_t)some * mirror->base.info.block_bytes;
    }
    return CAIRN_OK;
}

/* All good legs against memory, but the first one, which it is from. */
static enum cairn_err legs_compare(struct cairn_blk_mirror *mirror, uint64_t block, uint64_t count,
                                   const uint8_t *data, struct cairn_why *why)
{
    enum cairn_err err = CAIRN_OK;
    uint32_t leg = blk_mirror_leg_next(mirror, 0);
    while (!err && (leg = blk_mirror_leg_next(mirror, leg + 1)) < mirror->leg_count)
        err = leg_compare(mirror, leg, block, count, data, why);
    return err;
}

enum cairn_err blk_mirror_read_compare(struct cairn_blk_mirror *mirror,
                                       const struct cairn_blk_req *req, struct cairn_why *why)
{
    enum cairn_err err = CAIRN_OK;
    uint64_t block = req->block;
    cairn_lock_take(&mirror->lock);
    for (uint32_t i = 0; !err && i < req->seg_count; i++) {
        uint64_t count = req->segs[i].bytes / mirror->base.info.block_bytes;
        err = legs_compare(mirror, block, count, req->segs[i].data, why);
        block += count;
    }
    cairn_lock_drop(&mirror->lock);
    if (err) cairn_why_via(why, mirror->base.name);
    return err;
}

static enum cairn_err range_compare(struct cairn_blk_mirror *mirror, uint64_t block, uint64_t count,
                                    struct cairn_why *why)
{
    enum cairn_err err = CAIRN_OK;
    for (uint64_t some; !err && count; block += some, count -= some) {
        some = cairn_min_u64(count, half_blocks(mirror));
        err = half_read(mirror, blk_mirror_leg_next(mirror, 0), 0, block, some, why);
        if (!err) err = legs_compare(mirror, block, some, mirror->buffer, why);
    }
    return err;
}

enum cairn_err cairn_blk_mirror_compare(struct cairn_blk_mirror *dev, uint64_t first,
                                        uint64_t count, uint64_t *block, struct cairn_why *why)
{
    struct cairn_why own;
    if (!why) why = &own;
    enum cairn_err err;
    if (cairn_range_fits(first, count, dev->base.info.block_count)) {
        cairn_lock_take(&dev->lock);
        err = range_compare(dev, first, count, why);
        cairn_lock_drop(&dev->lock);
    } else {
        err = cairn_why_fail(why, CAIRN_ERANGE, "compare: beyond the end of the device");
        cairn_why_block(why, first);
    }
    if (err) cairn_why_via(why, dev->base.name);
    if (err) *block = why->block;
    return err;
}

static enum cairn_err data_copy(struct cairn_blk_mirror *mirror, uint32_t from, uint32_t to,
                                struct cairn_blk_extent run, struct cairn_why *why)
{
    enum cairn_err err = CAIRN_OK;
    for (uint64_t some; !err && run.count; run.block += some, run.count -= some) {
        uint64_t room = mirror->buffer_bytes / mirror->base.info.block_bytes;
        some = cairn_min_u64(run.count, room);
        err = half_read(mirror, from, 0, run.block, some, why);
        if (!err) err = cairn_blk_write(mirror->legs[to], run.block, some, mirror->buffer, why);
    }
    return err;
}

static enum cairn_err leg_copy(struct cairn_blk_mirror *mirror, uint32_t from, uint32_t to,
                               struct cairn_why *why)
{
    struct cairn_blk *target = mirror->legs[to];
    uint64_t block = 0, end = mirror->base.info.block_count;
    enum cairn_err fits =
        target->info.block_count < end ? cairn_blk_resize(target, end, why) : CAIRN_OK;
    if (fits) return fits;
    while (block < end) {
        struct cairn_blk_extent run;
        size_t used;
        enum cairn_err err =
            cairn_blk_extents(mirror->legs[from], block, end - block, &run, 1, &used, why);
        if (err) return err;
        block += run.count;
        err = run.data || target->info.zero == CAIRN_BLK_ABSENT
                  ? data_copy(mirror, from, to, run, why)
                  : cairn_blk_zero(target, run.block, run.count, why);
        if (err) return err;
    }
    return cairn_blk_flush(target, why);
}

enum cairn_err cairn_blk_mirror_resync(struct cairn_blk_mirror *dev, uint32_t leg,
                                       struct cairn_why *why)
{
    uint32_t from = blk_mirror_leg_next(dev, 0);
    if (from == leg) from = blk_mirror_leg_next(dev, leg + 1);
    if (leg >= dev->leg_count || from == dev->leg_count) {
        enum cairn_err err =
            cairn_why_fail(why, CAIRN_EINVAL, "resync leg %lu: %s", (unsigned long)leg + 1,
                           leg < dev->leg_count ? "no other is good" : "no such");
        cairn_why_via(why, dev->base.name);
        return err;
    }
    __atomic_fetch_or(&dev->failed, 1u << leg, __ATOMIC_ACQ_REL);
    cairn_lock_take(&dev->lock);
    enum cairn_err err = leg_copy(dev, from, leg, why);
    cairn_lock_drop(&dev->lock);
    if (err)
        cairn_why_via(why, dev->base.name);
    else
        __atomic_fetch_and(&dev->failed, ~(1u << leg), __ATOMIC_ACQ_REL);
    return err;
}
