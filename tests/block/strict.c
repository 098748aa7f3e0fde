/* SPDX-License-Identifier: ISC */
#include "strict.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void demand(bool holds, const char *what)
{
    if (holds) return;
    fprintf(stderr, "strict device: %s\n", what);
    abort();
}

static void request_demand(const struct cairn_blk_info *info, const struct cairn_blk_req *req)
{
    uint64_t bytes = 0;
    demand(req->op == CAIRN_BLK_READ || req->op == CAIRN_BLK_WRITE, "an operation it lacks");
    demand(req->block <= info->block_count && req->count <= info->block_count - req->block,
           "a request beyond its end");
    for (uint32_t i = 0; i < req->seg_count; i++) {
        demand((uintptr_t)req->segs[i].data % STRICT_MEM_ALIGN == 0, "unaligned memory");
        demand(req->segs[i].bytes % info->block_bytes == 0, "a part of a block");
        bytes += req->segs[i].bytes;
    }
    demand(bytes == req->count * info->block_bytes, "segments of another length");
    demand(req->status == CAIRN_OK, "a status that is not clear");
}

static enum cairn_err fail(const struct strict *dev, const char *op, struct cairn_why *why)
{
    enum cairn_err err = cairn_why_fail(why, CAIRN_EIO, "%s: fails as told", op);
    cairn_why_via(why, dev->base.name);
    return err;
}

static bool is_bad(const struct strict *dev, const struct cairn_blk_req *req)
{
    return req->block < dev->bad_block + dev->bad_count && dev->bad_block < req->block + req->count;
}

static void request_do(struct strict *dev, struct cairn_blk_req *req)
{
    request_demand(&dev->base.info, req);
    if (is_bad(dev, req)) {
        req->status = fail(dev, req->op == CAIRN_BLK_READ ? "read" : "write", req->why);
        cairn_why_block(req->why, req->block);
        return;
    }
    uint8_t *at = dev->bytes + req->block * dev->base.info.block_bytes;
    for (uint32_t i = 0; i < req->seg_count; at += req->segs[i].bytes, i++)
        if (req->op == CAIRN_BLK_READ)
            memcpy(req->segs[i].data, at, req->segs[i].bytes);
        else
            memcpy(at, req->segs[i].data, req->segs[i].bytes);
}

static enum cairn_err strict_submit(struct cairn_blk *dev, struct cairn_blk_req *reqs, size_t count)
{
    enum cairn_err err = CAIRN_OK;
    for (size_t i = 0; i < count; i++) {
        request_do((struct strict *)dev, &reqs[i]);
        if (!err) err = reqs[i].status;
    }
    return err;
}

/* Put one array into the first place that holds another. */
static bool begun_replace(struct strict *dev, const struct cairn_blk_req *old,
                          const struct cairn_blk_req *now)
{
    for (size_t i = 0; i < STRICT_BATCHES; i++) {
        const struct cairn_blk_req *held = old;
        if (__atomic_compare_exchange_n(&dev->begun[i], &held, now, false, __ATOMIC_ACQ_REL,
                                        __ATOMIC_RELAXED))
            return true;
    }
    return false;
}

static enum cairn_err strict_begin(struct cairn_blk *dev, struct cairn_blk_req *reqs, size_t count)
{
    demand(count > 0, "begin of nothing");
    demand(begun_replace((struct strict *)dev, NULL, reqs), "too many batches without finish");
    return CAIRN_OK;
}

static enum cairn_err strict_finish(struct cairn_blk *dev, struct cairn_blk_req *reqs, size_t count)
{
    demand(begun_replace((struct strict *)dev, reqs, NULL), "finish of another batch");
    return strict_submit(dev, reqs, count);
}

static enum cairn_err strict_flush(struct cairn_blk *dev, struct cairn_why *why)
{
    const struct strict *strict = (const struct strict *)dev;
    return strict->bad_flush ? fail(strict, "flush", why) : CAIRN_OK;
}

static enum cairn_err strict_close(struct cairn_blk *dev, struct cairn_why *why)
{
    (void)why;
    for (size_t i = 0; i < STRICT_BATCHES; i++)
        demand(!((struct strict *)dev)->begun[i], "close between begin and finish");
    return CAIRN_OK;
}

static const struct cairn_blk_ops strict_ops = {
    .submit = strict_submit,
    .begin = strict_begin,
    .finish = strict_finish,
    .flush = strict_flush,
    .close = strict_close,
};

void strict_open(struct strict *dev, uint8_t *bytes, uint32_t block_bytes, uint64_t block_count)
{
    struct cairn_blk_info info = { .block_bytes = block_bytes,
                                   .block_count = block_count,
                                   .preferred_bytes = block_bytes,
                                   .max_bytes = block_bytes * block_count,
                                   .mem_align = STRICT_MEM_ALIGN,
                                   .atomic_bytes = block_bytes,
                                   .flush = CAIRN_BLK_NATIVE,
                                   .fua = CAIRN_BLK_EMULATED,
                                   .zero = CAIRN_BLK_EMULATED };
    cairn_blk_init(&dev->base, &strict_ops, &info, "strict", NULL);
    dev->bytes = bytes;
    dev->bad_count = 0;
    dev->bad_flush = false;
    memset(dev->begun, 0, sizeof dev->begun);
}
