/* SPDX-License-Identifier: ISC */
/* Writing records. */
#include "log.h"

#include <cairn/bytes.h>

#define BUFFER_MOST (UINT32_C(1) << 20)

static uint64_t up_to(uint64_t bytes, uint64_t unit)
{
    return (bytes + unit - 1) / unit * unit;
}

/* A record of the longest change, and when replaying that change wherever in a unit it begins. */
static uint64_t buffer_least(uint32_t page_bytes, uint32_t unit)
{
    uint64_t change = KVN_CHANGE_HEAD_BYTES + KVN_KEY_MAX + page_bytes / 4 + KVN_RECORD_MAX;
    return up_to(KVN_LOG_HEAD_BYTES + change, unit) + unit;
}

enum cairn_err kvn_log_init(struct kvn_log *log, struct cairn_arena *arena, struct cairn_blk *dev,
                            const struct kvn_super *super, struct cairn_why *why)
{
    const struct cairn_blk_info *info = cairn_blk_info(dev);
    uint32_t unit = info->block_bytes < 512 ? 512 : info->block_bytes;
    uint64_t wanted = arena->left / 16, least = buffer_least(super->page_bytes, unit);
    wanted = wanted > BUFFER_MOST ? BUFFER_MOST : wanted;
    wanted = wanted > super->log_bytes / 4 ? super->log_bytes / 4 : wanted;
    wanted = wanted < least ? least : wanted;
    *log = (struct kvn_log){ .dev = dev,
                             .first_byte = (uint64_t)KVN_RING * super->page_bytes,
                             .bytes = super->log_bytes,
                             .unit = unit,
                             .page_bytes = super->page_bytes,
                             .uuid8 = cairn_le64(super->uuid),
                             .position = super->log_start,
                             .seq = super->log_seq,
                             .chain = super->log_chain,
                             .start = super->log_start,
                             .start_seq = super->log_seq,
                             .start_chain = super->log_chain,
                             .start_skip = super->log_skip,
                             .durable_seq = super->log_seq - 1 };
    log->buffer_bytes = (uint32_t)up_to(wanted, log->unit);
    log->buffer = cairn_arena_take(arena, log->buffer_bytes, 4096);
    if (!log->buffer) return cairn_why_fail(why, CAIRN_ENOMEM, "no memory for the log's buffer");
    return CAIRN_OK;
}

uint64_t kvn_log_room(const struct kvn_log *log)
{
    return log->bytes - (log->position - log->start);
}

uint64_t kvn_log_takes(const struct kvn_log *log, uint32_t content_bytes)
{
    return up_to((uint64_t)KVN_LOG_HEAD_BYTES + content_bytes, log->unit);
}

void kvn_log_begin(struct kvn_log *log)
{
    log->filled = KVN_LOG_HEAD_BYTES;
    log->changes = 0;
}

bool kvn_log_add(struct kvn_log *log, const struct kvn_change *change)
{
    if (kvn_change_bytes(change) > log->buffer_bytes - log->filled) return false;
    log->filled += kvn_change_encode(log->buffer + log->filled, change);
    log->changes++;
    return true;
}

/* Two requests where the record goes round the end of the circle. */
static enum cairn_err write_round(struct kvn_log *log, uint32_t bytes, struct cairn_why *why)
{
    uint64_t at = log->position % log->bytes;
    uint64_t whole = bytes;
    uint64_t head = whole < log->bytes - at ? whole : log->bytes - at;
    uint32_t block = cairn_blk_info(log->dev)->block_bytes;
    struct cairn_blk_seg segs[2] = { { log->buffer, (size_t)head },
                                     { log->buffer + head, (size_t)(whole - head) } };
    struct cairn_blk_req reqs[2] = {
        { .op = CAIRN_BLK_WRITE,
          .block = (log->first_byte + at) / block,
          .count = head / block,
          .segs = &segs[0],
          .seg_count = 1,
          .why = why },
        { .op = CAIRN_BLK_WRITE,
          .block = log->first_byte / block,
          .count = (whole - head) / block,
          .segs = &segs[1],
          .seg_count = 1,
          .why = why },
    };
    return cairn_blk_submit(log->dev, reqs, head < whole ? 2 : 1);
}

enum cairn_err kvn_log_close(struct kvn_log *log, bool more, struct cairn_why *why)
{
    log->sealed = (struct kvn_log_head){ .flags = more ? KVN_LOG_MORE : 0,
                                         .uuid8 = log->uuid8,
                                         .seq = log->seq,
                                         .position = log->position,
                                         .bytes = log->filled,
                                         .changes = log->changes,
                                         .durable_seq = log->durable_seq,
                                         .before = log->chain };
    if (up_to(log->filled, log->unit) <= kvn_log_room(log)) return CAIRN_OK;
    return cairn_why_fail(why, CAIRN_ENOSPC, "the log is full");
}

enum cairn_err kvn_log_write(struct kvn_log *log, struct cairn_why *why)
{
    uint32_t bytes = (uint32_t)up_to(log->sealed.bytes, log->unit);
    memset(log->buffer + log->sealed.bytes, 0, bytes - log->sealed.bytes);
    kvn_log_seal(log->buffer, &log->sealed);
    return write_round(log, bytes, why);
}

void kvn_log_written(struct kvn_log *log)
{
    uint64_t bytes = up_to(log->sealed.bytes, log->unit);
    log->position += bytes;
    log->seq++;
    log->chain = log->sealed.hash;
    log->writes++;
    log->written_bytes += bytes;
}
