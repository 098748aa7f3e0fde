/* SPDX-License-Identifier: ISC */
/* Drawn batches, and what they must leave behind. */
#include "rules.h"
#include <stdlib.h>
#include <string.h>

#define BATCH_MAX 64
#define SEGS_MAX 4

/* A request with its segments and the memory they cut up. */
struct drawn {
    struct cairn_blk_seg segs[SEGS_MAX];
    uint8_t *memory;
};

struct batch {
    struct rig *rig;
    struct cairn_blk_req reqs[BATCH_MAX];
    struct drawn drawn[BATCH_MAX];
    size_t count;
};

static bool overlaps(const struct batch *batch, uint64_t block, uint64_t count)
{
    for (size_t i = 0; i < batch->count; i++)
        if (block < batch->reqs[i].block + batch->reqs[i].count &&
            batch->reqs[i].block < block + count)
            return true;
    return false;
}

/* Cut the request's memory at drawn blocks; some segments are empty. */
static void draw_segs(struct tape *tape, struct cairn_blk_req *req, struct drawn *drawn,
                      uint32_t block_bytes)
{
    uint64_t left = req->count;
    uint8_t *at = drawn->memory;
    req->seg_count = 1 + (uint32_t)tape_pick(tape, SEGS_MAX);
    for (uint32_t i = 0; i < req->seg_count; i++) {
        bool is_last = i + 1 == req->seg_count;
        uint64_t blocks = is_last ? left : left - tape_u64(tape, left);
        drawn->segs[i] = (struct cairn_blk_seg){ at, blocks * block_bytes };
        at += blocks * block_bytes;
        left -= blocks;
    }
    req->segs = drawn->segs;
}

static enum cairn_blk_op draw_op(const struct rig *rig, struct tape *tape)
{
    static const enum cairn_blk_op ops[] = { CAIRN_BLK_READ, CAIRN_BLK_WRITE, CAIRN_BLK_ZERO,
                                             CAIRN_BLK_DISCARD };
    if (rig->dev->info.read_only) return CAIRN_BLK_READ;
    return ops[tape_pick(tape, rig->dev->info.discard ? 4 : 3)];
}

static void draw_request(struct batch *batch, struct tape *tape)
{
    struct cairn_blk_req *req = &batch->reqs[batch->count];
    struct drawn *drawn = &batch->drawn[batch->count];
    uint32_t block_bytes = batch->rig->dev->info.block_bytes;
    uint64_t block, count;
    rig_draw_range(batch->rig, tape, &block, &count);
    if (overlaps(batch, block, count)) return;
    *req = (struct cairn_blk_req){
        .op = draw_op(batch->rig, tape), .block = block, .count = count, .status = CAIRN_EBADF
    };
    tape_note(tape, "op %d, blocks %llu+%llu", (int)req->op, (unsigned long long)block,
              (unsigned long long)count);
    *drawn = (struct drawn){ .memory = rig_alloc(batch->rig, count) };
    memset(drawn->memory, (int)tape_u64(tape, 255), count * block_bytes);
    if (req->op == CAIRN_BLK_WRITE && tape_bool(tape)) req->flags = CAIRN_BLK_FUA;
    if (req->op == CAIRN_BLK_ZERO && tape_bool(tape)) req->flags = CAIRN_BLK_NO_UNMAP;
    if (req->op == CAIRN_BLK_READ || req->op == CAIRN_BLK_WRITE)
        draw_segs(tape, req, drawn, block_bytes);
    batch->count++;
}

static bool batch_do(struct batch *batch, struct tape *tape)
{
    struct cairn_blk *dev = batch->rig->dev;
    enum cairn_err err;
    if (tape_bool(tape)) {
        err = cairn_blk_begin(dev, batch->reqs, batch->count);
        if (!err) err = cairn_blk_finish(dev, batch->reqs, batch->count);
    } else {
        err = batch->rig->submit(dev, batch->reqs, batch->count);
    }
    for (size_t i = 0; i < batch->count; i++)
        if (batch->reqs[i].status) return tape_fail(tape, "request %zu failed", i);
    return !err || tape_fail(tape, "the batch failed, its requests did not");
}

bool rule_data(struct rig *rig, struct tape *tape)
{
    bool held = true;
    while (held && tape_more(tape)) {
        struct batch batch = { .rig = rig };
        size_t tries = 1 + tape_pick(tape, BATCH_MAX);
        for (size_t i = 0; i < tries; i++)
            draw_request(&batch, tape);
        held = batch_do(&batch, tape);
        for (size_t i = 0; i < batch.count; i++) {
            held = held && rule_follow(rig, tape, &batch.reqs[i], batch.drawn[i].memory);
            rig_free(rig, batch.drawn[i].memory);
        }
    }
    return held;
}
