/* SPDX-License-Identifier: ISC */
#include "spy.h"
#include <stdlib.h>
#include <string.h>

unsigned spy_begun_most;
static unsigned begun_now;

static struct spy *spy_of(struct cairn_blk *dev)
{
    return (struct spy *)dev;
}

static bool note(struct spy *spy, int op, uint64_t block, uint64_t count, uint32_t flags)
{
    struct spy_event event = { op, block, count, flags, spy->batches };
    if (spy->log_count < SPY_LOG_MAX) spy->log[spy->log_count++] = event;
    bool meant =
        spy->fail_ops >> op & 1 && (spy->fail_block == SPY_ALWAYS || op == SPY_FLUSH ||
                                    (spy->fail_block >= block && spy->fail_block - block < count));
    if (!meant || !spy->fail_times) return false;
    if (spy->fail_after && spy->fail_after--) return false;
    if (spy->fail_times != SPY_ALWAYS) spy->fail_times--;
    return true;
}

static enum cairn_err fail(const struct spy *spy, uint64_t block, struct cairn_why *why)
{
    enum cairn_err err = cairn_why_fail(why, CAIRN_EIO, "told to fail");
    cairn_why_block(why, block);
    cairn_why_via(why, spy->base.name);
    return err;
}

static void request_do(struct spy *spy, struct cairn_blk_req *req)
{
    uint8_t *at = spy->bytes + req->block * spy->base.info.block_bytes;
    if (req->op == CAIRN_BLK_DISCARD)
        memset(at, 0xdd, req->count * spy->base.info.block_bytes);
    else if (req->op == CAIRN_BLK_ZERO)
        memset(at, 0, req->count * spy->base.info.block_bytes);
    for (uint32_t i = 0; i < req->seg_count; at += req->segs[i].bytes, i++)
        if (req->op == CAIRN_BLK_READ)
            memcpy(req->segs[i].data, at, req->segs[i].bytes);
        else
            memcpy(at, req->segs[i].data, req->segs[i].bytes);
}

static enum cairn_err spy_submit(struct cairn_blk *dev, struct cairn_blk_req *reqs, size_t count)
{
    struct spy *spy = spy_of(dev);
    enum cairn_err first = CAIRN_OK;
    for (size_t i = 0; i < count; i++) {
        struct cairn_blk_req *req = &reqs[i];
        bool is_first = true;
        for (size_t j = 0; j < i; j++)
            if (reqs[j].status && reqs[j].why == req->why) is_first = false;
        if (note(spy, (int)req->op, req->block, req->count, req->flags))
            req->status = fail(spy, req->block, is_first ? req->why : NULL);
        else
            request_do(spy, req);
        if (!first) first = req->status;
    }
    spy->batches++;
    return first;
}

static enum cairn_err spy_begin(struct cairn_blk *dev, struct cairn_blk_req *reqs, size_t count)
{
    if (!count || spy_of(dev)->begun) abort();
    spy_of(dev)->begun = reqs;
    if (++begun_now > spy_begun_most) spy_begun_most = begun_now;
    return CAIRN_OK;
}

static enum cairn_err spy_finish(struct cairn_blk *dev, struct cairn_blk_req *reqs, size_t count)
{
    if (spy_of(dev)->begun != reqs) abort();
    spy_of(dev)->begun = NULL;
    begun_now--;
    return spy_submit(dev, reqs, count);
}

static enum cairn_err spy_flush(struct cairn_blk *dev, struct cairn_why *why)
{
    if (note(spy_of(dev), SPY_FLUSH, 0, 0, 0)) return fail(spy_of(dev), 0, why);
    return CAIRN_OK;
}

/* Blocks that are all zeros are holes. */
static enum cairn_err spy_extents(struct cairn_blk *dev, uint64_t block, uint64_t count,
                                  struct cairn_blk_extent *extents, size_t cap, size_t *used,
                                  struct cairn_why *why)
{
    static const uint8_t zeros[65536];
    (void)why;
    *used = 0;
    for (uint64_t at = block; at < block + count; at++) {
        bool data = memcmp(spy_of(dev)->bytes + at * dev->info.block_bytes, zeros,
                           dev->info.block_bytes) != 0;
        if (!*used || extents[*used - 1].data != data) {
            if (*used == cap) break;
            extents[(*used)++] = (struct cairn_blk_extent){ at, 0, data };
        }
        extents[*used - 1].count++;
    }
    return CAIRN_OK;
}

static enum cairn_err spy_close(struct cairn_blk *dev, struct cairn_why *why)
{
    (void)dev;
    (void)why;
    return CAIRN_OK;
}

static const struct cairn_blk_ops spy_ops = {
    .submit = spy_submit,
    .begin = spy_begin,
    .finish = spy_finish,
    .flush = spy_flush,
    .extents = spy_extents,
    .close = spy_close,
};

void spy_open(struct spy *spy, uint8_t *bytes, uint32_t block_bytes, uint64_t block_count)
{
    struct cairn_blk_info info = { .block_bytes = block_bytes,
                                   .block_count = block_count,
                                   .preferred_bytes = block_bytes,
                                   .max_bytes = block_bytes * block_count,
                                   .mem_align = 1,
                                   .atomic_bytes = block_bytes,
                                   .discard_bytes = block_bytes,
                                   .zero_bytes = block_bytes,
                                   .flush = CAIRN_BLK_NATIVE,
                                   .fua = CAIRN_BLK_NATIVE,
                                   .discard = CAIRN_BLK_NATIVE,
                                   .zero = CAIRN_BLK_NATIVE,
                                   .extents = CAIRN_BLK_NATIVE,
                                   .durability = CAIRN_BLK_DURABLE_MEDIA };
    memset(bytes, 0, block_bytes * block_count);
    cairn_blk_init(&spy->base, &spy_ops, &info, "spy", NULL);
    spy->bytes = bytes;
    spy->begun = NULL;
    spy->batches = 0;
    spy->fail_ops = 0;
    spy_clear(spy);
}

void spy_fail(struct spy *spy, uint32_t ops, uint64_t nth, uint64_t times)
{
    spy->fail_ops = ops;
    spy->fail_after = nth;
    spy->fail_times = times;
    spy->fail_block = SPY_ALWAYS;
}

void spy_clear(struct spy *spy)
{
    spy->log_count = 0;
}

size_t spy_count(const struct spy *spy, int op)
{
    size_t count = 0;
    for (size_t i = 0; i < spy->log_count; i++)
        if (spy->log[i].op == op) count++;
    return count;
}
