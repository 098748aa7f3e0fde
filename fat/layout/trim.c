/* SPDX-License-Identifier: ISC */
/* Telling the device which clusters hold nothing. */
#include "../volume/ops.h"
#include "../volume/table.h"
#include <cairn/fat_layout.h>

/* Blocks [from, to) that hold data: as far as the device knows, all that take room below it. */
static enum cairn_err data_count(struct cairn_blk *dev, uint64_t from, uint64_t to, uint64_t *data,
                                 struct cairn_why *why)
{
    struct cairn_blk_extent extent;
    size_t used;
    for (*data = 0; from < to; from += extent.count) {
        enum cairn_err err = cairn_blk_extents(dev, from, to - from, &extent, 1, &used, why);
        if (err) return err;
        if (extent.data) *data += extent.count;
    }
    return CAIRN_OK;
}

/* A discard that is refused counts as done, so a device that knows is asked what became of it. */
static enum cairn_err blocks_discard(struct cairn_blk *dev, uint64_t from, uint64_t to,
                                     uint64_t *bytes, struct cairn_why *why)
{
    bool knows = dev->info.extents != CAIRN_BLK_ABSENT;
    uint64_t before = to - from, after = 0;
    enum cairn_err err = knows ? data_count(dev, from, to, &before, why) : CAIRN_OK;
    if (!err) err = cairn_blk_discard(dev, from, to - from, why);
    if (!err && knows) err = data_count(dev, from, to, &after, why);
    if (!err && after < before) *bytes += (before - after) * dev->info.block_bytes;
    return err;
}

/* Discard what lies in the sectors, cut down to the device's granularity. */
static enum cairn_err sectors_discard(struct cairn_fat *fs, uint64_t sector, uint64_t sectors,
                                      uint64_t *bytes, struct cairn_why *why)
{
    const struct cairn_blk_info *info = &fs->dev->info;
    uint64_t unit = cairn_max_u64(info->discard_bytes / info->block_bytes, 1);
    uint64_t from = cairn_round_up(fat_block(fs, sector), unit);
    uint64_t to = fat_block(fs, sector) + fat_block(fs, sectors);
    to -= to % unit;
    return from < to ? blocks_discard(fs->dev, from, to, bytes, why) : CAIRN_OK;
}

static enum cairn_err free_discard(struct cairn_fat *fs, uint64_t *bytes, struct cairn_why *why)
{
    uint32_t last = fat_cluster_last(fs);
    for (uint32_t cluster = 2; cluster <= last;) {
        uint32_t count, max = last - cluster + 1;
        bool is_free;
        enum cairn_err err = fat_table_span(fs, cluster, max, max, &is_free, &count, why);
        uint64_t sector = fat_cluster_sector(fs, cluster);
        uint64_t sectors = (uint64_t)count * fs->geo.cluster_sectors;
        if (!err && is_free) {
            fat_cache_forget(fs, sector, sectors);
            err = sectors_discard(fs, sector, sectors, bytes, why);
        }
        if (err) return err;
        cluster += count;
    }
    return CAIRN_OK;
}

static enum cairn_err trim(struct cairn_fat *fs, uint64_t *bytes, struct cairn_why *why)
{
    *bytes = 0;
    if (fs->read_only) return cairn_why_fail(why, CAIRN_EROFS, "trim %s", fs->dev->name);
    if (fs->dev->info.discard == CAIRN_BLK_ABSENT)
        return cairn_why_fail(why, CAIRN_ENOTSUP, "%s cannot discard", fs->dev->name);
    enum cairn_err err = fat_sync(fs, why);
    return err ? err : free_discard(fs, bytes, why);
}

enum cairn_err cairn_fat_trim(struct cairn_fat *fs, uint64_t *bytes, struct cairn_why *why)
{
    fat_enter(fs);
    return fat_leave(fs, trim(fs, bytes, why));
}
