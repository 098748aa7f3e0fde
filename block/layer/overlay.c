/* SPDX-License-Identifier: ISC */
/* Copy-on-write: what changes goes to the store, reads find it by the map. */
#include "overlay.h"

#include <cairn/arena.h>

_Static_assert(offsetof(struct cairn_blk_overlay, base) == 0, "a device embeds its base first");

static struct cairn_blk_overlay *overlay_of(struct cairn_blk *dev)
{
    return (struct cairn_blk_overlay *)dev;
}

static void change(struct cairn_blk_overlay *overlay, struct cairn_blk_req *reqs, size_t at,
                   size_t end)
{
    blk_send_part(&overlay->base, overlay->store, reqs, at, end);
    cairn_lock_take(&overlay->lock);
    for (; at < end; at++)
        if (!reqs[at].status) blk_overlay_set(overlay, reqs[at].block, reqs[at].count);
    cairn_lock_drop(&overlay->lock);
}

/* The batch in parts, of reads and of changes. */
static enum cairn_err overlay_submit(struct cairn_blk *dev, struct cairn_blk_req *reqs,
                                     size_t count)
{
    for (size_t at = 0, end; at < count; at = end) {
        end = blk_part_end(reqs, at, count);
        if (reqs[at].op == CAIRN_BLK_READ)
            blk_overlay_read(overlay_of(dev), reqs, at, end);
        else
            change(overlay_of(dev), reqs, at, end);
    }
    return blk_first_failure(reqs, count, CAIRN_OK);
}

static enum cairn_err overlay_extents(struct cairn_blk *dev, uint64_t block, uint64_t count,
                                      struct cairn_blk_extent *extents, size_t cap, size_t *used,
                                      struct cairn_why *why)
{
    struct cairn_blk_overlay *overlay = overlay_of(dev);
    struct blk_extents list;
    bool room = true;
    blk_extents_init(&list, extents, cap, block, count, dev->info.block_bytes);
    for (uint64_t end = block + count; room && block < end;) {
        cairn_lock_take(&overlay->lock);
        struct overlay_run run = blk_overlay_run(overlay, block, end);
        cairn_lock_drop(&overlay->lock);
        block += run.count;
        enum cairn_err err =
            blk_extents_ask(run.changed ? overlay->store : dev->below, &list, block, &room, why);
        if (err) cairn_why_via(why, dev->name);
        if (err) return err;
    }
    *used = list.used;
    return CAIRN_OK;
}

static enum cairn_err overlay_close(struct cairn_blk *dev, struct cairn_why *why)
{
    (void)why;
    cairn_lock_destroy(&overlay_of(dev)->lock);
    return CAIRN_OK;
}

static const struct cairn_blk_ops overlay_ops = {
    .submit = overlay_submit,
    .extents = overlay_extents,
    .resize = blk_overlay_resize,
    .close = overlay_close,
};

uint64_t cairn_blk_overlay_changed(struct cairn_blk_overlay *dev)
{
    cairn_lock_take(&dev->lock);
    uint64_t changed = dev->changed;
    cairn_lock_drop(&dev->lock);
    return changed;
}

/* Both devices transfer to the buffer. */
static uint32_t mem_align_of(const struct cairn_blk *below, const struct cairn_blk *store)
{
    return (uint32_t)cairn_max_u64(below->info.mem_align, store->info.mem_align);
}

size_t cairn_blk_overlay_mem(const struct cairn_blk *below, const struct cairn_blk *store)
{
    uint64_t slack = _Alignof(uint64_t) - 1 + mem_align_of(below, store) - 1;
    uint64_t map = blk_overlay_map_bytes(below->info.block_count);
    return (size_t)cairn_min_u64(map + slack + OVERLAY_BUFFER_BYTES, SIZE_MAX);
}

/* Changes are the store's to make, so what can be done is what the store can. */
static struct cairn_blk_info overlay_info(const struct cairn_blk *below,
                                          const struct cairn_blk *store)
{
    struct cairn_blk_info info = store->info;
    info.block_count = below->info.block_count;
    info.preferred_bytes =
        (uint32_t)cairn_max_u64(info.preferred_bytes, below->info.preferred_bytes);
    info.max_bytes = cairn_min_u64(info.max_bytes, below->info.max_bytes);
    info.mem_align = mem_align_of(below, store);
    info.flush = CAIRN_BLK_ABSENT;
    info.extents = CAIRN_BLK_NATIVE;
    info.resize = CAIRN_BLK_NATIVE;
    info.borrow = CAIRN_BLK_ABSENT;
    info.durability = CAIRN_BLK_DURABLE_NONE;
    return info;
}

static enum cairn_err store_check(const struct cairn_blk *below, const struct cairn_blk *store,
                                  struct cairn_why *why)
{
    if (store->info.read_only) {
        enum cairn_err err = cairn_why_fail(why, CAIRN_EROFS, "overlay: the store is read-only");
        cairn_why_via(why, store->name);
        return err;
    }
    if (store->info.block_bytes == below->info.block_bytes &&
        store->info.block_count >= below->info.block_count)
        return CAIRN_OK;
    return cairn_why_fail(
        why, CAIRN_EINVAL, "overlay: a store of %llu blocks of %lu bytes for %llu of %lu",
        (unsigned long long)store->info.block_count, (unsigned long)store->info.block_bytes,
        (unsigned long long)below->info.block_count, (unsigned long)below->info.block_bytes);
}

enum cairn_err cairn_blk_overlay_open(struct cairn_blk_overlay *dev, struct cairn_blk *below,
                                      struct cairn_blk *store, void *mem, size_t mem_bytes,
                                      struct cairn_why *why)
{
    enum cairn_err err = store_check(below, store, why);
    if (err) return err;
    size_t need = cairn_blk_overlay_mem(below, store);
    if (mem_bytes < need || need == SIZE_MAX)
        return cairn_why_fail(why, CAIRN_ENOMEM, "overlay: %lu bytes of memory are needed",
                              (unsigned long)need);
    struct cairn_blk_info info = overlay_info(below, store);
    struct cairn_arena arena;
    cairn_blk_init(&dev->base, &overlay_ops, &info, "overlay", below);
    cairn_arena_init(&arena, mem, mem_bytes);
    dev->store = store;
    dev->map = cairn_arena_take(&arena, 0, _Alignof(uint64_t));
    dev->mem_bytes = arena.left;
    (void)blk_overlay_map_fit(dev, info.block_count); /* it does: see need */
    blk_overlay_clear(dev);
    cairn_lock_init(&dev->lock);
    return CAIRN_OK;
}
