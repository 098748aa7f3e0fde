/* SPDX-License-Identifier: ISC */
/*
 * Requests go down, and then into the log, under one lock: the log's order is the order in which
 * they were done. Room in the log is looked for before.
 */
#include <cairn/blk_trace.h>
#include <cairn/text.h>

#include "log_writes.h"

_Static_assert(offsetof(struct cairn_blk_trace, base) == 0, "a device embeds its base first");

#define SEGS 16u

static struct cairn_blk_trace *trace_of(struct cairn_blk *dev)
{
    return (struct cairn_blk_trace *)dev;
}

/* ---- the log --------------------------------------------------------------------------------- */

/* Blocks of the log that the entry of a request takes. */
static uint64_t room_of(const struct cairn_blk_req *req)
{
    if (!req->count || req->op == CAIRN_BLK_READ) return 0;
    return req->op == CAIRN_BLK_DISCARD ? 1 : 1 + req->count;
}

static bool has_room(const struct cairn_blk_trace *trace, uint64_t blocks)
{
    return blocks <= trace->log->info.block_count - trace->next;
}

static enum cairn_err log_write(struct cairn_blk_trace *trace, uint64_t block,
                                const struct cairn_blk_seg *segs, uint32_t count, uint64_t blocks,
                                struct cairn_why *why)
{
    struct cairn_blk_req req = { .op = CAIRN_BLK_WRITE,
                                 .block = block,
                                 .count = blocks,
                                 .segs = segs,
                                 .seg_count = count,
                                 .why = why };
    return cairn_blk_submit(trace->log, &req, 1);
}

static enum cairn_err head_write(struct cairn_blk_trace *trace, struct cairn_why *why)
{
    uint32_t bytes = trace->base.info.block_bytes;
    struct blk_log_head head = { trace->entries, bytes };
    blk_log_head_put(trace->sector, &head);
    return log_write(trace, 0, &(struct cairn_blk_seg){ trace->sector, bytes }, 1, 1, why);
}

/* The entry, which is in trace->sector, and the data behind it, some segments at a time. */
static enum cairn_err entry_write(struct cairn_blk_trace *trace, const struct cairn_blk_req *req,
                                  struct cairn_why *why)
{
    struct cairn_blk_seg segs[SEGS] = { { trace->sector, trace->base.info.block_bytes } };
    uint32_t count = 1, done = 0, left = req ? req->seg_count : 0;
    uint64_t at = trace->next, blocks = 1;
    for (;;) {
        for (; left && count < SEGS; left--) {
            segs[count] = req->segs[done++];
            blocks += segs[count++].bytes / trace->base.info.block_bytes;
        }
        enum cairn_err err = log_write(trace, at, segs, count, blocks, why);
        if (err || !left) return err;
        at += blocks;
        count = 0;
        blocks = 0;
    }
}

/* What is wrong with the log is told of it, and nothing is written behind the gap. */
static enum cairn_err log_fail(struct cairn_blk_trace *trace, enum cairn_err err,
                               struct cairn_why *why)
{
    trace->is_stopped = true;
    trace->missed++;
    if (trace->options.stop_when_full) return CAIRN_OK;
    cairn_why_hint(why, "the log of the trace ends before this; give it another device");
    cairn_why_via(why, "log");
    cairn_why_via(why, trace->base.name);
    return err;
}

/* Add an entry: of req, with its data; without one a flush or a mark. */
static enum cairn_err entry_add(struct cairn_blk_trace *trace, const struct blk_log_entry *entry,
                                const char *name, const struct cairn_blk_req *req,
                                struct cairn_why *why)
{
    uint64_t room = req ? room_of(req) : 1;
    if (trace->options.stop_when_full) why = NULL; /* then no failure is one of the caller's */
    if (trace->is_stopped || !has_room(trace, room))
        return log_fail(trace, cairn_why_fail(why, CAIRN_ENOSPC, "trace: the log is full"), why);
    blk_log_entry_put(trace->sector, trace->base.info.block_bytes, entry, name);
    enum cairn_err err = entry_write(trace, req, why);
    if (!err && req && req->op == CAIRN_BLK_ZERO)
        err = cairn_blk_zero(trace->log, trace->next + 1, req->count, why);
    if (err) return log_fail(trace, err, why);
    trace->next += room;
    trace->entries++;
    return CAIRN_OK;
}

static enum cairn_err request_log(struct cairn_blk_trace *trace, const struct cairn_blk_req *req,
                                  struct cairn_why *why)
{
    struct blk_log_entry entry = { .sector = req->block, .count = req->count };
    if (req->flags & CAIRN_BLK_FUA) entry.flags |= CAIRN_BLK_LOG_FUA;
    if (req->op == CAIRN_BLK_DISCARD) entry.flags |= CAIRN_BLK_LOG_DISCARD;
    return entry_add(trace, &entry, NULL, req, why);
}

static enum cairn_err mark_log(struct cairn_blk_trace *trace, const char *name,
                               struct cairn_why *why)
{
    struct blk_log_entry entry = { .flags = CAIRN_BLK_LOG_MARK, .name_bytes = cairn_str_len(name) };
    return entry_add(trace, &entry, name, NULL, why);
}

/* ---- requests -------------------------------------------------------------------------------- */

static enum cairn_err read_log(struct cairn_blk_trace *trace, const struct cairn_blk_req *req,
                               struct cairn_why *why)
{
    char name[64];
    struct cairn_text text;
    trace->reads++;
    if (!trace->options.reads) return CAIRN_OK;
    cairn_text_init(&text, name, sizeof name);
    cairn_text_fmt(&text, "read %llu+%llu", (unsigned long long)req->block,
                   (unsigned long long)req->count);
    return mark_log(trace, name, why);
}

/* Log what succeeded. A request that is done and cannot be logged has failed. */
static enum cairn_err batch_log(struct cairn_blk_trace *trace, struct cairn_blk_req *reqs,
                                size_t count)
{
    enum cairn_err first = CAIRN_OK;
    for (size_t i = 0; i < count; i++) {
        struct cairn_why *why = blk_why_is_first(reqs, i) ? reqs[i].why : NULL;
        if (reqs[i].status || !reqs[i].count) continue;
        reqs[i].status = reqs[i].op == CAIRN_BLK_READ ? read_log(trace, &reqs[i], why)
                                                      : request_log(trace, &reqs[i], why);
        if (!first) first = reqs[i].status;
    }
    return first;
}

/* Nothing of a batch is done for which the log has no room. */
static bool batch_fits(const struct cairn_blk_trace *trace, const struct cairn_blk_req *reqs,
                       size_t count)
{
    uint64_t room = 0, changes = 0;
    for (size_t i = 0; i < count; i++) {
        room += reqs[i].op == CAIRN_BLK_READ && trace->options.reads ? 1 : room_of(&reqs[i]);
        changes += room_of(&reqs[i]) != 0;
    }
    return !changes || trace->options.stop_when_full ||
           (!trace->is_stopped && has_room(trace, room));
}

static enum cairn_err batch_refuse(struct cairn_blk_trace *trace, struct cairn_blk_req *reqs,
                                   size_t count)
{
    for (size_t i = 0; i < count; i++) {
        (void)blk_req_fail(&trace->base, reqs, i, CAIRN_ENOSPC, 0,
                           "the log of the trace is full, or failed");
        if (reqs[i].why && blk_why_is_first(reqs, i))
            cairn_why_hint(reqs[i].why, "give the log a larger device, or let it stop when full");
    }
    return CAIRN_ENOSPC;
}

static enum cairn_err trace_submit(struct cairn_blk *dev, struct cairn_blk_req *reqs, size_t count)
{
    struct cairn_blk_trace *trace = trace_of(dev);
    cairn_lock_take(&trace->lock);
    enum cairn_err err = CAIRN_OK;
    if (batch_fits(trace, reqs, count)) {
        err = blk_layer_submit(dev, reqs, count);
        enum cairn_err logged = batch_log(trace, reqs, count);
        if (!err) err = logged;
    } else {
        err = batch_refuse(trace, reqs, count);
    }
    cairn_lock_drop(&trace->lock);
    return err;
}

/* ---- flushes and marks ----------------------------------------------------------------------- */

/* What is in the log is counted by its head, and durable as far as the log's device goes. */
static enum cairn_err log_settle(struct cairn_blk_trace *trace, struct cairn_why *why)
{
    if (trace->options.stop_when_full) why = NULL;
    enum cairn_err err = head_write(trace, why);
    if (!err) err = cairn_blk_flush(trace->log, why);
    return err ? log_fail(trace, err, why) : CAIRN_OK;
}

static enum cairn_err trace_flush(struct cairn_blk *dev, struct cairn_why *why)
{
    static const struct blk_log_entry entry = { .flags = CAIRN_BLK_LOG_FLUSH };
    struct cairn_blk_trace *trace = trace_of(dev);
    cairn_lock_take(&trace->lock);
    enum cairn_err err = blk_layer_flush(dev, why);
    if (!err) err = entry_add(trace, &entry, NULL, NULL, why);
    if (!err) err = log_settle(trace, why);
    cairn_lock_drop(&trace->lock);
    return err;
}

enum cairn_err cairn_blk_trace_mark(struct cairn_blk_trace *dev, const char *name,
                                    struct cairn_why *why)
{
    if (cairn_str_len(name) >= CAIRN_BLK_LOG_NAME_BYTES)
        return cairn_why_fail(why, CAIRN_ENAMETOOLONG, "a mark of %lu bytes, of 127",
                              (unsigned long)cairn_str_len(name));
    cairn_lock_take(&dev->lock);
    enum cairn_err err = mark_log(dev, name, why);
    if (!err) err = log_settle(dev, why);
    cairn_lock_drop(&dev->lock);
    return err;
}

/* ---- the device ------------------------------------------------------------------------------ */

static enum cairn_err trace_close(struct cairn_blk *dev, struct cairn_why *why)
{
    struct cairn_blk_trace *trace = trace_of(dev);
    enum cairn_err err = head_write(trace, why);
    cairn_lock_destroy(&trace->lock);
    return err;
}

/* A log has no entry for another size. */
static const struct cairn_blk_ops trace_ops = {
    .submit = trace_submit,
    .flush = trace_flush,
    .extents = blk_layer_extents,
    .borrow = blk_layer_borrow,
    .close = trace_close,
};

/* Segments go to both devices. A flush is an entry, also where the device below has none. */
static struct cairn_blk_info trace_info(const struct cairn_blk *below, const struct cairn_blk *log)
{
    struct cairn_blk_info info = below->info;
    info.mem_align = (uint32_t)cairn_max_u64(info.mem_align, log->info.mem_align);
    info.flush = CAIRN_BLK_NATIVE;
    info.resize = CAIRN_BLK_ABSENT;
    return info;
}

size_t cairn_blk_trace_mem(const struct cairn_blk *below, const struct cairn_blk *log)
{
    return below->info.block_bytes + (log->info.mem_align - 1);
}

static enum cairn_err open_check(const struct cairn_blk *below, const struct cairn_blk *log,
                                 size_t mem_bytes, struct cairn_why *why)
{
    if (log->info.block_bytes != below->info.block_bytes) {
        enum cairn_err err = cairn_why_fail(
            why, CAIRN_EINVAL, "trace: the log has blocks of %lu bytes, the device of %lu",
            (unsigned long)log->info.block_bytes, (unsigned long)below->info.block_bytes);
        cairn_why_hint(why, "put the layer for block sizes over the log");
        return err;
    }
    if (log->info.read_only) return cairn_why_fail(why, CAIRN_EROFS, "trace: the log is read-only");
    if (log->info.block_count < 2)
        return cairn_why_fail(why, CAIRN_ENOSPC, "trace: the log has no room for one entry");
    if (mem_bytes < cairn_blk_trace_mem(below, log))
        return cairn_why_fail(why, CAIRN_ENOMEM, "trace: %lu bytes of memory are needed",
                              (unsigned long)cairn_blk_trace_mem(below, log));
    return CAIRN_OK;
}

enum cairn_err cairn_blk_trace_open(struct cairn_blk_trace *dev, struct cairn_blk *below,
                                    struct cairn_blk *log,
                                    const struct cairn_blk_trace_options *options, void *mem,
                                    size_t mem_bytes, struct cairn_why *why)
{
    enum cairn_err err = open_check(below, log, mem_bytes, why);
    if (err) return err;
    struct cairn_blk_info info = trace_info(below, log);
    memset(dev, 0, sizeof *dev);
    cairn_blk_init(&dev->base, &trace_ops, &info, "trace", below);
    dev->log = log;
    if (options) dev->options = *options;
    uintptr_t at = (uintptr_t)mem;
    dev->sector = (uint8_t *)mem + (size_t)(cairn_round_up(at, log->info.mem_align) - at);
    dev->next = 1;
    cairn_lock_init(&dev->lock);
    err = head_write(dev, why);
    if (err) cairn_lock_destroy(&dev->lock);
    return err;
}
