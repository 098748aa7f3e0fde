/* SPDX-License-Identifier: ISC */
/*
 * The format of dm-log-writes, version 1: a head in sector 0, then entries, each one sector and
 * behind it the data of a write. All numbers are little endian, places count in sectors of the
 * log's own size. The codec does no I/O.
 */
#ifndef CAIRN_BLOCK_LAYER_LOG_WRITES_H
#define CAIRN_BLOCK_LAYER_LOG_WRITES_H

#include <cairn/blk_trace.h>

#include "../impl.h"

struct blk_log_head {
    uint64_t entries;
    uint32_t sector_bytes;
};

struct blk_log_entry {
    uint64_t sector, count; /* on the device that was traced */
    uint64_t flags;
    uint64_t name_bytes; /* of a mark */
};

#define BLK_LOG_ENTRY_BYTES 32u /* before a mark's name */
#define BLK_LOG_HEAD_BYTES 28u

/* Into one sector; the rest of it becomes zeros. */
void blk_log_head_put(uint8_t *sector, const struct blk_log_head *head);
/* name: of a mark, which fits into the sector; else NULL. */
void blk_log_entry_put(uint8_t *sector, uint32_t sector_bytes, const struct blk_log_entry *entry,
                       const char *name);

/* From the first BLK_LOG_HEAD_BYTES of a log. CAIRN_ECORRUPT, CAIRN_ENOTSUP. */
enum cairn_err blk_log_head_get(const uint8_t *bytes, struct blk_log_head *head,
                                struct cairn_why *why) CAIRN_MUST_USE;
/* CAIRN_ECORRUPT: nothing that an entry may be, on a log of so many sectors. */
enum cairn_err blk_log_entry_get(const uint8_t *sector, uint32_t sector_bytes,
                                 struct blk_log_entry *entry, struct cairn_why *why) CAIRN_MUST_USE;

/* Does data follow the entry's sector? */
static inline bool blk_log_has_data(const struct blk_log_entry *entry)
{
    return entry->count && !(entry->flags & CAIRN_BLK_LOG_DISCARD);
}

#endif
