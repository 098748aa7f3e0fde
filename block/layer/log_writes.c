/* SPDX-License-Identifier: ISC */
/* The codec of dm-log-writes. */
#include "log_writes.h"

#define MAGIC UINT64_C(0x6A736677736872)
#define VERSION 1u

#define FLAGS_ALL                                                                                  \
    (CAIRN_BLK_LOG_FLUSH | CAIRN_BLK_LOG_FUA | CAIRN_BLK_LOG_DISCARD | CAIRN_BLK_LOG_MARK |        \
     CAIRN_BLK_LOG_METADATA)

void blk_log_head_put(uint8_t *sector, const struct blk_log_head *head)
{
    memset(sector, 0, head->sector_bytes);
    cairn_le64_put(sector, MAGIC);
    cairn_le64_put(sector + 8, VERSION);
    cairn_le64_put(sector + 16, head->entries);
    cairn_le32_put(sector + 24, head->sector_bytes);
}

void blk_log_entry_put(uint8_t *sector, uint32_t sector_bytes, const struct blk_log_entry *entry,
                       const char *name)
{
    memset(sector, 0, sector_bytes);
    cairn_le64_put(sector, entry->sector);
    cairn_le64_put(sector + 8, entry->count);
    cairn_le64_put(sector + 16, entry->flags);
    cairn_le64_put(sector + 24, entry->name_bytes);
    if (name) memcpy(sector + BLK_LOG_ENTRY_BYTES, name, (size_t)entry->name_bytes);
}

enum cairn_err blk_log_head_get(const uint8_t *bytes, struct blk_log_head *head,
                                struct cairn_why *why)
{
    uint64_t version = cairn_le64(bytes + 8);
    head->entries = cairn_le64(bytes + 16);
    head->sector_bytes = cairn_le32(bytes + 24);
    if (cairn_le64(bytes) != MAGIC)
        return cairn_why_fail(why, CAIRN_ECORRUPT, "no log of writes: its magic is not there");
    if (version != VERSION)
        return cairn_why_fail(why, CAIRN_ENOTSUP, "a log of writes of version %llu, not 1",
                              (unsigned long long)version);
    if (!cairn_is_pow2(head->sector_bytes) || head->sector_bytes < BLK_BYTES_MIN ||
        head->sector_bytes > BLK_BYTES_MAX)
        return cairn_why_fail(why, CAIRN_ECORRUPT, "a log of writes with sectors of %lu bytes",
                              (unsigned long)head->sector_bytes);
    return CAIRN_OK;
}

enum cairn_err blk_log_entry_get(const uint8_t *sector, uint32_t sector_bytes,
                                 struct blk_log_entry *entry, struct cairn_why *why)
{
    entry->sector = cairn_le64(sector);
    entry->count = cairn_le64(sector + 8);
    entry->flags = cairn_le64(sector + 16);
    entry->name_bytes = 0;
    uint64_t sectors = (BLK_DEVICE_BYTES_MAX - 1) / sector_bytes;
    if (entry->flags & ~(uint64_t)FLAGS_ALL || (!entry->flags && !entry->count))
        return cairn_why_fail(why, CAIRN_ECORRUPT, "no entry: flags %llx",
                              (unsigned long long)entry->flags);
    if (!cairn_range_fits(entry->sector, entry->count, sectors))
        return cairn_why_fail(why, CAIRN_ECORRUPT, "an entry of %llu sectors at %llu",
                              (unsigned long long)entry->count, (unsigned long long)entry->sector);
    if (!(entry->flags & CAIRN_BLK_LOG_MARK)) return CAIRN_OK;
    entry->name_bytes = cairn_le64(sector + 24);
    if (entry->count || entry->name_bytes > sector_bytes - BLK_LOG_ENTRY_BYTES)
        return cairn_why_fail(why, CAIRN_ECORRUPT, "a mark with a name of %llu bytes",
                              (unsigned long long)entry->name_bytes);
    return CAIRN_OK;
}
