/* SPDX-License-Identifier: ISC */
/*
 * Another size of an overlay: the store's and the map's matter only; the device below follows when
 * changes are committed. The map takes the memory that it needs more from the buffer.
 */
#include "overlay.h"

bool blk_overlay_map_fit(struct cairn_blk_overlay *overlay, uint64_t block_count)
{
    uint64_t map = blk_overlay_map_bytes(block_count), all = overlay->mem_bytes;
    uintptr_t from = (uintptr_t)overlay->map;
    if (map > all) return false;
    uint64_t taken = cairn_round_up(from + map, overlay->base.info.mem_align) - from;
    if (taken > all || all - taken < OVERLAY_BUFFER_BYTES) return false;
    overlay->buffer = (uint8_t *)overlay->map + (size_t)taken;
    overlay->buffer_bytes = (size_t)(all - taken);
    return true;
}

/* Blocks [from, to) of the store are there and zeros. */
static enum cairn_err store_grow(const struct cairn_blk_overlay *overlay, uint64_t from,
                                 uint64_t to, struct cairn_why *why)
{
    struct cairn_blk *store = overlay->store;
    uint64_t old_end = cairn_min_u64(to, store->info.block_count);
    enum cairn_err err = CAIRN_OK;
    if (to > store->info.block_count) err = cairn_blk_resize(store, to, why);
    return err ? err : cairn_blk_zero(store, from, old_end - from, why);
}

static enum cairn_err overlay_grow(struct cairn_blk_overlay *overlay, uint64_t block_count,
                                   struct cairn_why *why)
{
    uint64_t old = overlay->base.info.block_count, words = blk_overlay_map_bytes(old);
    /* Changes may be forgotten, and then it is as large as below again. */
    if (!blk_overlay_map_fit(overlay,
                             cairn_max_u64(block_count, overlay->base.below->info.block_count))) {
        enum cairn_err err =
            cairn_why_fail(why, CAIRN_ENOSPC, "resize to %llu blocks: no memory for their map",
                           (unsigned long long)block_count);
        cairn_why_hint(why, "open the overlay with %llu bytes more than it has",
                       (unsigned long long)(blk_overlay_map_bytes(block_count) - words));
        return err;
    }
    enum cairn_err err = store_grow(overlay, old, block_count, why);
    if (err) return err;
    memset((uint8_t *)overlay->map + (size_t)words, 0,
           (size_t)(blk_overlay_map_bytes(block_count) - words));
    blk_overlay_set(overlay, old, block_count - old);
    return CAIRN_OK;
}

enum cairn_err blk_overlay_resize(struct cairn_blk *dev, uint64_t block_count,
                                  struct cairn_why *why)
{
    struct cairn_blk_overlay *overlay = (struct cairn_blk_overlay *)dev;
    uint64_t old = dev->info.block_count;
    if (block_count > old) return overlay_grow(overlay, block_count, why);
    blk_overlay_unset(overlay, block_count, old - block_count);
    return CAIRN_OK;
}
