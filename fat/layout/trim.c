/* SPDX-License-Identifier: ISC */
/* Telling the device which clusters hold nothing. */
#include "../volume/ops.h"
#include "../volume/table.h"
#include <cairn/fat_layout.h>

/* Discard what lies in the sectors, cut down to the device's granularity. */
static enum cairn_err sectors_discard(struct cairn_fat *fs, uint64_t sector, uint64_t sectors,
                                      uint64_t *bytes, struct cairn_why *why)
{
    const struct cairn_blk_info *info = &fs->dev->info;
    uint64_t unit = cairn_max_u64(info->discard_bytes / info->block_bytes, 1);
    uint64_t from = cairn_round_up(fat_block(fs, sector), unit);
    uint64_t to = fat_block(fs, sector) + fat_block(fs, sectors);
    to -= to % unit;
    if (from >= to) return CAIRN_OK;
    enum cairn_err err = cairn_blk_discard(fs->dev, from, to - from, why);
    if (!err) *bytes += (to - from) * info->block_bytes;
    return err;
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
