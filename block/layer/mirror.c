/* SPDX-License-Identifier: ISC */
/* The mirror as a device, and which of its legs are good. */
#include "mirror.h"

#include <cairn/arena.h>
#include <cairn/log.h>

_Static_assert(offsetof(struct cairn_blk_mirror, base) == 0, "a device embeds its base first");

static const struct cairn_log_source log_mirror = { "block.mirror", CAIRN_LOG_WARNING };

static struct cairn_blk_mirror *mirror_of(struct cairn_blk *dev)
{
    return (struct cairn_blk_mirror *)dev;
}

uint32_t cairn_blk_mirror_failed(const struct cairn_blk_mirror *dev)
{
    return __atomic_load_n(&dev->failed, __ATOMIC_ACQUIRE);
}

bool blk_mirror_leg_is_good(const struct cairn_blk_mirror *mirror, uint32_t leg)
{
    return !(cairn_blk_mirror_failed(mirror) >> leg & 1);
}

uint32_t blk_mirror_leg_next(const struct cairn_blk_mirror *mirror, uint32_t leg)
{
    while (leg < mirror->leg_count && !blk_mirror_leg_is_good(mirror, leg))
        leg++;
    return leg;
}

bool blk_mirror_leg_drop(struct cairn_blk_mirror *mirror, uint32_t leg, enum cairn_err err)
{
    uint32_t all = (1u << mirror->leg_count) - 1, failed = cairn_blk_mirror_failed(mirror), now;
    do {
        now = failed | 1u << leg;
        if (failed == now) return true;
        if (mirror->options.strict || now == all) return false;
    } while (!__atomic_compare_exchange_n(&mirror->failed, &failed, now, false, __ATOMIC_ACQ_REL,
                                          __ATOMIC_ACQUIRE));
    cairn_log(&log_mirror, CAIRN_LOG_WARNING, "leg %lu, %s, is dropped: %s", (unsigned long)leg + 1,
              mirror->legs[leg]->name, cairn_err_text(err));
    return true;
}

/* The batch in parts, of reads and of changes. */
static enum cairn_err mirror_submit(struct cairn_blk *dev, struct cairn_blk_req *reqs, size_t count)
{
    for (size_t at = 0, end; at < count; at = end) {
        end = blk_part_end(reqs, at, count);
        if (reqs[at].op == CAIRN_BLK_READ)
            blk_mirror_read(mirror_of(dev), reqs, at, end);
        else
            blk_mirror_change(mirror_of(dev), reqs, at, end);
    }
    return blk_first_failure(reqs, count, CAIRN_OK);
}

/* Legs that fail where another does not are dropped; an error is what then is left of them. */
static enum cairn_err mirror_flush(struct cairn_blk *dev, struct cairn_why *why)
{
    struct cairn_blk_mirror *mirror = mirror_of(dev);
    enum cairn_err errs[CAIRN_BLK_MIRROR_LEGS_MAX] = { CAIRN_OK }, err = CAIRN_OK;
    struct cairn_why explained = { .err = CAIRN_OK };
    bool any_done = false;
    uint32_t leg;
    for (leg = blk_mirror_leg_next(mirror, 0); leg < mirror->leg_count;
         leg = blk_mirror_leg_next(mirror, leg + 1)) {
        errs[leg] = cairn_blk_flush(mirror->legs[leg], &explained);
        any_done = any_done || !errs[leg];
    }
    for (leg = 0; leg < mirror->leg_count; leg++)
        if (errs[leg] && !(any_done && blk_mirror_leg_drop(mirror, leg, errs[leg])))
            err = errs[leg];
    if (err && why) *why = explained;
    if (err) cairn_why_via(why, dev->name);
    return err;
}

/* Of the first good leg that says; the last one explains why none does. */
static enum cairn_err mirror_extents(struct cairn_blk *dev, uint64_t block, uint64_t count,
                                     struct cairn_blk_extent *extents, size_t cap, size_t *used,
                                     struct cairn_why *why)
{
    const struct cairn_blk_mirror *mirror = mirror_of(dev);
    uint32_t leg = blk_mirror_leg_next(mirror, 0), next;
    enum cairn_err err;
    do {
        next = blk_mirror_leg_next(mirror, leg + 1);
        bool is_last = next == mirror->leg_count;
        err = cairn_blk_extents(mirror->legs[leg], block, count, extents, cap, used,
                                is_last ? why : NULL);
        leg = next;
    } while (err && leg < mirror->leg_count);
    if (err) cairn_why_via(why, dev->name);
    return err;
}

/* What a leg has beyond the mirror is cut off, or it would come up in it. */
static enum cairn_err leg_grow(struct cairn_blk_mirror *mirror, uint32_t leg, uint64_t block_count,
                               struct cairn_why *why)
{
    struct cairn_blk *dev = mirror->legs[leg];
    enum cairn_err err = CAIRN_OK;
    if (dev->info.block_count > mirror->base.info.block_count)
        err = cairn_blk_resize(dev, mirror->base.info.block_count, why);
    return err ? err : cairn_blk_resize(dev, block_count, why);
}

/* All good legs or none: one that stayed small could not be read any more. Legs that cannot become
 * small again stay large, which the next growth sees. */
static enum cairn_err legs_grow(struct cairn_blk_mirror *mirror, uint64_t block_count,
                                struct cairn_why *why)
{
    enum cairn_err err = CAIRN_OK;
    uint32_t leg = blk_mirror_leg_next(mirror, 0), grown = 0;
    for (; !err && leg < mirror->leg_count; leg = blk_mirror_leg_next(mirror, leg + 1)) {
        err = leg_grow(mirror, leg, block_count, why);
        if (!err) grown |= 1u << leg;
    }
    for (leg = 0; err && leg < mirror->leg_count; leg++) {
        if (!(grown >> leg & 1)) continue;
        enum cairn_err undone =
            cairn_blk_resize(mirror->legs[leg], mirror->base.info.block_count, NULL);
        (void)undone;
    }
    return err;
}

/* A leg that stays large does no harm as long as another one can be made smaller. */
static enum cairn_err legs_shrink(struct cairn_blk_mirror *mirror, uint64_t block_count,
                                  struct cairn_why *why)
{
    enum cairn_err err = CAIRN_OK;
    bool any_done = false;
    for (uint32_t leg = blk_mirror_leg_next(mirror, 0); leg < mirror->leg_count;
         leg = blk_mirror_leg_next(mirror, leg + 1)) {
        enum cairn_err one = cairn_blk_resize(mirror->legs[leg], block_count, why);
        any_done = any_done || !one;
        if (one) err = one;
    }
    return any_done ? CAIRN_OK : err;
}

static enum cairn_err mirror_resize(struct cairn_blk *dev, uint64_t block_count,
                                    struct cairn_why *why)
{
    return block_count > dev->info.block_count ? legs_grow(mirror_of(dev), block_count, why)
                                               : legs_shrink(mirror_of(dev), block_count, why);
}

static enum cairn_err mirror_close(struct cairn_blk *dev, struct cairn_why *why)
{
    (void)why;
    cairn_lock_destroy(&mirror_of(dev)->lock);
    return CAIRN_OK;
}

static const struct cairn_blk_ops mirror_ops = {
    .submit = mirror_submit,
    .flush = mirror_flush,
    .extents = mirror_extents,
    .resize = mirror_resize,
    .close = mirror_close,
};

static enum cairn_blk_cap cap_of_both(enum cairn_blk_cap a, enum cairn_blk_cap b)
{
    return a < b ? a : b;
}

static uint32_t max_u32(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

/* What one more leg leaves of what all of them can. */
static void info_join(struct cairn_blk_info *info, const struct cairn_blk_info *leg)
{
    info->block_count = cairn_min_u64(info->block_count, leg->block_count);
    info->read_only = info->read_only || leg->read_only;
    info->preferred_bytes = max_u32(info->preferred_bytes, leg->preferred_bytes);
    info->max_bytes = cairn_min_u64(info->max_bytes, leg->max_bytes);
    info->mem_align = max_u32(info->mem_align, leg->mem_align);
    info->atomic_bytes = (uint32_t)cairn_min_u64(info->atomic_bytes, leg->atomic_bytes);
    info->discard_bytes = max_u32(info->discard_bytes, leg->discard_bytes);
    info->zero_bytes = max_u32(info->zero_bytes, leg->zero_bytes);
    if (leg->flush != CAIRN_BLK_ABSENT) info->flush = CAIRN_BLK_NATIVE;
    if (leg->extents != CAIRN_BLK_ABSENT) info->extents = CAIRN_BLK_NATIVE;
    info->fua = cap_of_both(info->fua, leg->fua);
    info->discard = cap_of_both(info->discard, leg->discard);
    info->zero = cap_of_both(info->zero, leg->zero);
    info->resize = cap_of_both(info->resize, leg->resize);
    if (leg->durability < info->durability) info->durability = leg->durability;
}

static struct cairn_blk_info mirror_info(struct cairn_blk *const legs[], uint32_t leg_count,
                                         bool compare)
{
    struct cairn_blk_info info = legs[0]->info;
    for (uint32_t leg = 1; leg < leg_count; leg++)
        info_join(&info, &legs[leg]->info);
    if (info.zero != CAIRN_BLK_NATIVE) info.zero_bytes = 0;
    if (info.discard == CAIRN_BLK_ABSENT) info.discard_bytes = 0;
    if (compare) {
        bool zeroes = info.zero == CAIRN_BLK_NATIVE;
        info.discard = zeroes ? CAIRN_BLK_EMULATED : CAIRN_BLK_ABSENT;
        info.discard_bytes = zeroes ? info.zero_bytes : 0;
    }
    info.borrow = CAIRN_BLK_ABSENT;
    return info;
}

/* What a half of the buffer is made of. */
static uint32_t unit_of(struct cairn_blk *const legs[], uint32_t leg_count)
{
    uint32_t unit = BLK_BYTES_MIN;
    for (uint32_t leg = 0; leg < leg_count; leg++)
        unit = max_u32(unit, max_u32(legs[leg]->info.block_bytes, legs[leg]->info.mem_align));
    return unit;
}

size_t cairn_blk_mirror_mem(struct cairn_blk *const legs[], uint32_t leg_count)
{
    return 3 * (size_t)unit_of(legs, leg_count) - 1;
}

static enum cairn_err legs_check(struct cairn_blk *const legs[], uint32_t leg_count,
                                 struct cairn_why *why)
{
    if (leg_count < 2 || leg_count > CAIRN_BLK_MIRROR_LEGS_MAX)
        return cairn_why_fail(why, CAIRN_EINVAL, "a mirror of %lu devices: 2 to 8 are needed",
                              (unsigned long)leg_count);
    for (uint32_t leg = 1; leg < leg_count; leg++)
        if (legs[leg]->info.block_bytes != legs[0]->info.block_bytes)
            return cairn_why_fail(why, CAIRN_EINVAL, "mirror: blocks of %lu bytes on %s, %lu on %s",
                                  (unsigned long)legs[0]->info.block_bytes, legs[0]->name,
                                  (unsigned long)legs[leg]->info.block_bytes, legs[leg]->name);
    return CAIRN_OK;
}

enum cairn_err cairn_blk_mirror_open(struct cairn_blk_mirror *dev, struct cairn_blk *const legs[],
                                     uint32_t leg_count,
                                     const struct cairn_blk_mirror_options *options, void *mem,
                                     size_t mem_bytes, struct cairn_why *why)
{
    enum cairn_err err = legs_check(legs, leg_count, why);
    if (err) return err;
    size_t unit = unit_of(legs, leg_count), need = cairn_blk_mirror_mem(legs, leg_count);
    if (mem_bytes < need)
        return cairn_why_fail(why, CAIRN_ENOMEM, "mirror: %lu bytes of memory are needed",
                              (unsigned long)need);
    struct cairn_arena arena;
    cairn_arena_init(&arena, mem, mem_bytes);
    *dev = (struct cairn_blk_mirror){ .leg_count = leg_count };
    if (options) dev->options = *options;
    struct cairn_blk_info info = mirror_info(legs, leg_count, dev->options.compare);
    cairn_blk_init(&dev->base, &mirror_ops, &info, "mirror", NULL);
    for (uint32_t leg = 0; leg < leg_count; leg++)
        dev->legs[leg] = legs[leg];
    dev->buffer = cairn_arena_take(&arena, 0, unit);
    dev->buffer_bytes = arena.left / (2 * unit) * (2 * unit);
    cairn_lock_init(&dev->lock);
    return CAIRN_OK;
}
