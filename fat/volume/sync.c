/* SPDX-License-Identifier: ISC */
/* Getting changes to the device: the stages, and room for the next operation. */
#include "chain.h"
#include "table.h"

enum cairn_err fat_flush(struct cairn_fat *fs, struct cairn_why *why)
{
    enum cairn_err err = fat_told(fs, cairn_blk_flush(fs->dev, why));
    if (err) return err;
    fs->flushes++;
    fs->unflushed = false;
    fs->policy.unflushed_bytes = 0;
    return CAIRN_OK;
}

/* One stage on the device, flushed when it had anything to say, or when what was written before
 * (data; pages that had to make room; a stage whose flush failed) was not. */
static enum cairn_err sync_stage(struct cairn_fat *fs, enum fat_stage stage, struct cairn_why *why)
{
    enum cairn_err err = fat_cache_write_stage(fs, stage, why);
    if (err) return err;
    return fs->unflushed ? fat_flush(fs, why) : CAIRN_OK;
}

static enum cairn_err sync_stages(struct cairn_fat *fs, struct cairn_why *why)
{
    enum cairn_err err;
    if (fs->no_order) {
        err = fat_chain_end_pending(fs, why);
        if (!err) err = fat_chain_free_pending(fs, why);
        return err ? err : sync_stage(fs, FAT_STAGE_NEW, why);
    }
    for (enum fat_stage stage = FAT_STAGE_NEW; stage <= FAT_STAGE_REMOVE; stage++) {
        err = sync_stage(fs, stage, why);
        if (err) return err;
    }
    err = fat_chain_end_pending(fs, why);
    if (!err) err = sync_stage(fs, FAT_STAGE_FREE, why); /* no chain leads to what is free */
    if (!err) err = fat_chain_free_pending(fs, why);
    return err ? err : sync_stage(fs, FAT_STAGE_FREE, why);
}

enum cairn_err fat_sync(struct cairn_fat *fs, struct cairn_why *why)
{
    if (!fs->cache.dirty_head && !fs->cache.frees && !fs->unflushed) {
        fs->sync_failed = false;
        fat_policy_settle(&fs->policy);
        return CAIRN_OK;
    }
    enum cairn_err err = sync_stages(fs, why);
    fs->sync_failed = err != CAIRN_OK;
    if (err) return err;
    fat_cache_settle(fs);
    fat_policy_settle(&fs->policy);
    memset(fs->removed, 0, sizeof fs->removed);
    fs->syncs++;
    fs->epoch++;
    return CAIRN_OK;
}

enum cairn_err fat_drain(struct cairn_fat *fs, struct cairn_why *why)
{
    fs->drains++;
    enum cairn_err err = fat_sync(fs, why);
    fat_policy_note(&fs->policy); /* the operation goes on */
    return err;
}

/* ---- before an operation --------------------------------------------------------------------- */

enum cairn_err fat_begin(struct cairn_fat *fs, struct cairn_why *why)
{
    enum cairn_err err = CAIRN_OK;
    if (fs->read_only) return cairn_why_fail(why, CAIRN_EROFS, "change %s", fs->dev->name);
    if (fs->sync_failed || !fat_cache_has_room(&fs->cache) || fat_policy_is_due(fs))
        err = fat_drain(fs, why);
    if (!err && !fs->marked_dirty) err = fat_mark(fs, true, why);
    if (err) return err;
    fs->marked_dirty = true;
    fat_policy_note(&fs->policy);
    return CAIRN_OK;
}

static uint32_t removed_bit(const struct cairn_fat_node *dir, uint32_t name_hash)
{
    uint32_t mixed = (name_hash ^ dir->entry.start * 0x85EBCA6Bu) * 0x9E3779B1u;
    return mixed >> 18; /* 14 bits: FAT_REMOVED_BITS */
}

void fat_removed_add(struct cairn_fat *fs, const struct cairn_fat_node *dir, uint32_t name_hash)
{
    uint32_t bit = removed_bit(dir, name_hash);
    fs->removed[bit / 8] = (uint8_t)(fs->removed[bit / 8] | 1u << bit % 8);
}

bool fat_removed_has(const struct cairn_fat *fs, const struct cairn_fat_node *dir,
                     uint32_t name_hash)
{
    uint32_t bit = removed_bit(dir, name_hash);
    return fs->removed[bit / 8] >> bit % 8 & 1;
}
