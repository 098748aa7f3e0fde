/* SPDX-License-Identifier: ISC */
/* Views of the device: borrowed where it is memory, else read into windows. What cannot be read is
 * reported and looks like zeros, so that the rest is still checked. In repair all views show the
 * changes that are not written yet. */
#include "../repair/mend.h"

/* A view may begin and end inside a block. */
size_t fat_check_window_bytes(const struct cairn_blk *dev)
{
    return FAT_CHECK_PIECE + 2 * (size_t)cairn_blk_info(dev)->block_bytes;
}

bool fat_check_holds(const struct fat_check_window *window, uint64_t at, uint32_t bytes)
{
    return at >= window->at && at + bytes <= window->end;
}

/* Report a block that cannot be read once, however often it is asked for. */
static void dead_add(struct fat_check *c, uint64_t at)
{
    for (uint32_t i = 0; i < c->dead_count; i++)
        if (c->dead[i] == at) return;
    if (c->dead_count == FAT_CHECK_DEAD) return;
    c->dead[c->dead_count++] = at;
    uint32_t sector_bytes = c->geometry.sector_bytes ? c->geometry.sector_bytes : 512;
    fat_check_find_at(c, CAIRN_FAT_FAULT_READ, at / sector_bytes, 0, 0);
}

/* One by one, after reading them together failed. */
static void blocks_read(struct fat_check *c, uint8_t *buf, uint64_t block, uint64_t count)
{
    uint32_t bytes = cairn_blk_info(c->dev)->block_bytes;
    for (uint64_t i = 0; i < count; i++) {
        if (cairn_blk_read(c->dev, block + i, 1, buf + i * bytes, NULL) == CAIRN_OK) continue;
        memset(buf + i * bytes, 0, bytes);
        dead_add(c, (block + i) * bytes);
    }
}

/* Blocks behind the device's end read as zeros: that the volume is cut off is said elsewhere. */
static void window_load(struct fat_check *c, struct fat_check_window *window, uint64_t at,
                        uint32_t bytes)
{
    const struct cairn_blk_info *info = cairn_blk_info(c->dev);
    uint64_t unit = info->block_bytes, block = at / unit;
    uint64_t count = cairn_div_up(at + bytes, unit) - block;
    uint64_t there =
        block < info->block_count ? cairn_min_u64(count, info->block_count - block) : 0;
    window->at = block * unit;
    window->end = (block + count) * unit;
    window->data = there == count && !c->mend ? cairn_blk_borrow(c->dev, block, count) : NULL;
    if (window->data) return;
    window->data = window->buf;
    memset(window->buf + there * unit, 0, (size_t)((count - there) * unit));
    if (there && cairn_blk_read(c->dev, block, there, window->buf, NULL) != CAIRN_OK)
        blocks_read(c, window->buf, block, there);
    if (c->mend && window != &c->mend->raw)
        fat_changes_show(c->mend->changes, window->at, window->buf, (size_t)(count * unit));
}

const uint8_t *fat_check_view(struct fat_check *c, struct fat_check_window *window, uint64_t at,
                              uint32_t bytes)
{
    if (!fat_check_holds(window, at, bytes)) window_load(c, window, at, bytes);
    return window->data + (at - window->at);
}

/* Ask the device about everything from `at` to the end of the volume's FATs; it tells of the first
 * extent. */
static void hole_ask(struct fat_check *c, struct fat_check_hole *hole, uint64_t at)
{
    struct cairn_blk_extent extent = { 0 };
    uint64_t unit = cairn_blk_info(c->dev)->block_bytes, block = at / unit;
    uint64_t end = cairn_min_u64(cairn_div_up(fat_check_sector_at(c, c->geometry.data_start), unit),
                                 cairn_blk_info(c->dev)->block_count);
    size_t used = 0;
    *hole = (struct fat_check_hole){ at, UINT64_MAX, block >= end };
    if (hole->hole) return;
    enum cairn_err err = cairn_blk_extents(c->dev, block, end - block, &extent, 1, &used, NULL);
    if (err || used == 0) return;
    hole->end = (extent.block + extent.count) * unit;
    hole->hole = !extent.data;
}

/* A piece that is partly a hole counts as data; so does the rest of the extent that is asked about
 * once. Behind the device's end all is a hole. */
bool fat_check_is_hole(struct fat_check *c, struct fat_check_hole *hole, uint64_t at,
                       uint32_t bytes)
{
    if (at < hole->at || at >= hole->end) hole_ask(c, hole, at);
    if (!hole->hole || at + bytes > hole->end) return false;
    return !c->mend || !fat_changes_touch(c->mend->changes, at, bytes);
}
