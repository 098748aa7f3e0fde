/* SPDX-License-Identifier: ISC */
/* The device of a log again. All that the log says is checked before it is followed. */
#include "log_writes.h"

/* ---- the log --------------------------------------------------------------------------------- */

static uint64_t log_sectors(const struct cairn_blk_replay *replay)
{
    return cairn_blk_bytes(replay->log) / replay->sector_bytes;
}

/* Sectors of the log into the buffer, which has room for them. */
static enum cairn_err sectors_read(struct cairn_blk_replay *replay, uint64_t sector, uint64_t count,
                                   struct cairn_why *why)
{
    uint64_t ratio = replay->sector_bytes / replay->log->info.block_bytes;
    return cairn_blk_read(replay->log, sector * ratio, count * ratio, replay->buf, why);
}

static enum cairn_err fail_entry(const struct cairn_blk_replay *replay, struct cairn_why *why)
{
    cairn_why_hint(why, "entry %llu of the log, in its sector %llu, cannot be followed",
                   (unsigned long long)replay->number, (unsigned long long)replay->next);
    return CAIRN_ECORRUPT;
}

size_t cairn_blk_replay_mem(void)
{
    return BLK_BYTES_MAX + (BLK_MEM_ALIGN_MAX - 1);
}

static enum cairn_err head_read(struct cairn_blk_replay *replay, struct cairn_why *why)
{
    struct blk_log_head head;
    uint32_t block_bytes = replay->log->info.block_bytes;
    enum cairn_err err = cairn_blk_read(replay->log, 0, 1, replay->buf, why);
    if (!err) err = blk_log_head_get(replay->buf, &head, why);
    if (err) return err;
    if (head.sector_bytes < block_bytes) {
        err = cairn_why_fail(why, CAIRN_EINVAL,
                             "replay: a log with sectors of %lu bytes on a device with blocks of "
                             "%lu",
                             (unsigned long)head.sector_bytes, (unsigned long)block_bytes);
        cairn_why_hint(why, "open the log's device with smaller blocks");
        return err;
    }
    replay->entries = head.entries;
    replay->sector_bytes = head.sector_bytes;
    return CAIRN_OK;
}

enum cairn_err cairn_blk_replay_open(struct cairn_blk_replay *replay, struct cairn_blk *log,
                                     void *mem, size_t mem_bytes, struct cairn_why *why)
{
    size_t need = cairn_blk_replay_mem();
    memset(replay, 0, sizeof *replay);
    if (mem_bytes < need)
        return cairn_why_fail(why, CAIRN_ENOMEM, "replay: %lu bytes of memory are needed",
                              (unsigned long)need);
    if (!log->info.block_count)
        return cairn_why_fail(why, CAIRN_ECORRUPT, "no log of writes: the device is empty");
    size_t skip = (size_t)(cairn_round_up((uintptr_t)mem, BLK_MEM_ALIGN_MAX) - (uintptr_t)mem);
    replay->log = log;
    replay->buf = (uint8_t *)mem + skip;
    enum cairn_err err = head_read(replay, why);
    if (err) return err;
    replay->buf_bytes = (mem_bytes - skip) / BLK_BYTES_MAX * BLK_BYTES_MAX;
    cairn_blk_replay_rewind(replay);
    return CAIRN_OK;
}

void cairn_blk_replay_rewind(struct cairn_blk_replay *replay)
{
    replay->number = 0;
    replay->next = 1;
}

/* ---- entries --------------------------------------------------------------------------------- */

static void entry_fill(const struct cairn_blk_replay *replay, const struct blk_log_entry *from,
                       struct cairn_blk_replay_entry *entry)
{
    memset(entry, 0, sizeof *entry);
    entry->number = replay->number;
    entry->flags = (uint32_t)from->flags;
    entry->at = from->count ? from->sector * replay->sector_bytes : 0;
    entry->bytes = from->count * replay->sector_bytes;
    entry->data_sector = replay->next + 1;
    size_t bytes = (size_t)cairn_min_u64(from->name_bytes, sizeof entry->name - 1);
    memcpy(entry->name, replay->buf + BLK_LOG_ENTRY_BYTES, bytes);
}

enum cairn_err cairn_blk_replay_next(struct cairn_blk_replay *replay,
                                     struct cairn_blk_replay_entry *entry, struct cairn_why *why)
{
    struct blk_log_entry from;
    uint64_t sectors = log_sectors(replay);
    if (replay->number == replay->entries)
        return cairn_why_fail(why, CAIRN_ENOENT, "the log has %llu entries, and all are done",
                              (unsigned long long)replay->entries);
    if (replay->next >= sectors) {
        (void)cairn_why_fail(why, CAIRN_ECORRUPT, "the log ends early");
        return fail_entry(replay, why);
    }
    enum cairn_err err = sectors_read(replay, replay->next, 1, why);
    if (err) return err;
    if (blk_log_entry_get(replay->buf, replay->sector_bytes, &from, why))
        return fail_entry(replay, why);
    uint64_t data = blk_log_has_data(&from) ? from.count : 0;
    if (data > sectors - replay->next - 1) {
        (void)cairn_why_fail(why, CAIRN_ECORRUPT, "the log ends within the data of a write");
        return fail_entry(replay, why);
    }
    entry_fill(replay, &from, entry);
    replay->next += 1 + data;
    replay->number++;
    return CAIRN_OK;
}

/* ---- applying -------------------------------------------------------------------------------- */

static enum cairn_err data_copy(struct cairn_blk_replay *replay,
                                const struct cairn_blk_replay_entry *entry, struct cairn_blk *dev,
                                struct cairn_why *why)
{
    uint32_t block_bytes = dev->info.block_bytes, flags = 0;
    uint64_t sector = entry->data_sector, at = entry->at, left = entry->bytes;
    if (entry->flags & CAIRN_BLK_LOG_FUA && dev->info.fua != CAIRN_BLK_ABSENT)
        flags = CAIRN_BLK_FUA;
    enum cairn_err err = CAIRN_OK;
    while (!err && left) {
        uint64_t some = cairn_min_u64(replay->buf_bytes, left);
        struct cairn_blk_seg seg = { replay->buf, (size_t)some };
        struct cairn_blk_req req = { .op = CAIRN_BLK_WRITE,
                                     .flags = flags,
                                     .block = at / block_bytes,
                                     .count = some / block_bytes,
                                     .segs = &seg,
                                     .seg_count = 1,
                                     .why = why };
        err = sectors_read(replay, sector, some / replay->sector_bytes, why);
        if (!err) err = cairn_blk_submit(dev, &req, 1);
        sector += some / replay->sector_bytes;
        at += some;
        left -= some;
    }
    return err;
}

static enum cairn_err fits(const struct cairn_blk_replay_entry *entry, const struct cairn_blk *dev,
                           struct cairn_why *why)
{
    if ((entry->at | entry->bytes) & (dev->info.block_bytes - 1))
        return cairn_why_fail(
            why, CAIRN_EINVAL, "entry %llu of the log is no whole number of blocks of %lu bytes",
            (unsigned long long)entry->number, (unsigned long)dev->info.block_bytes);
    return CAIRN_OK;
}

enum cairn_err cairn_blk_replay_apply(struct cairn_blk_replay *replay,
                                      const struct cairn_blk_replay_entry *entry,
                                      struct cairn_blk *dev, struct cairn_why *why)
{
    enum cairn_err err = fits(entry, dev, why);
    if (err) return err;
    /* What came with the flush is behind it. */
    if (entry->flags & CAIRN_BLK_LOG_FLUSH) err = cairn_blk_flush(dev, why);
    if (err || !entry->bytes) return err;
    if (entry->flags & CAIRN_BLK_LOG_DISCARD)
        return cairn_blk_zero(dev, entry->at / dev->info.block_bytes,
                              entry->bytes / dev->info.block_bytes, why);
    return data_copy(replay, entry, dev, why);
}

/* ---- up to a point --------------------------------------------------------------------------- */

static bool stops_here(const struct cairn_blk_replay_stop *stop,
                       const struct cairn_blk_replay_entry *entry)
{
    if (stop->count && entry->number + 1 >= stop->count) return true;
    if (stop->flags & entry->flags) return true;
    return stop->mark && (entry->flags & CAIRN_BLK_LOG_MARK) &&
           cairn_str_equal(stop->mark, entry->name);
}

enum cairn_err cairn_blk_replay_until(struct cairn_blk_replay *replay, struct cairn_blk *dev,
                                      const struct cairn_blk_replay_stop *stop,
                                      struct cairn_blk_replay_entry *entry, struct cairn_why *why)
{
    for (;;) {
        enum cairn_err err = cairn_blk_replay_next(replay, entry, why);
        if (!err && dev) err = cairn_blk_replay_apply(replay, entry, dev, why);
        if (err || stops_here(stop, entry)) return err;
    }
}
