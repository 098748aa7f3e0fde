/* SPDX-License-Identifier: ISC */
/* Batches of any size, memory at any address, and the array of requests. */
#include "rules.h"
#include <stdlib.h>
#include <string.h>

#define BATCH_MAX 1000
#define STRIDE 7919u /* a prime, so that it meets each block once */

/* ---- 1 to 1,000 requests --------------------------------------------------------------------- */

struct many {
    struct cairn_blk_req reqs[BATCH_MAX];
    struct cairn_blk_seg segs[BATCH_MAX];
    uint8_t *memory;
    size_t count;
};

static enum cairn_blk_op op_of(const struct rig *rig, uint64_t number)
{
    static const enum cairn_blk_op ops[] = { CAIRN_BLK_READ, CAIRN_BLK_WRITE, CAIRN_BLK_ZERO,
                                             CAIRN_BLK_WRITE };
    return rig->dev->info.read_only ? CAIRN_BLK_READ : ops[number % 4];
}

/* One block each, in no order; what is more than the device's blocks is empty. */
static void many_draw(struct many *many, struct rig *rig, struct tape *tape)
{
    static const size_t counts[] = { 1, 2, 16, 17, 255, 256, 257, 512, 999, BATCH_MAX };
    uint32_t block_bytes = rig->dev->info.block_bytes;
    uint64_t all = rig->dev->info.block_count;
    many->count = counts[tape_pick(tape, sizeof counts / sizeof *counts)];
    uint64_t first = tape_u64(tape, all - 1), mix = tape_u64(tape, 250);
    many->memory = rig_alloc(rig, many->count);
    memset(many->memory, (int)mix + 1, many->count * block_bytes);
    for (size_t i = 0; i < many->count; i++) {
        struct cairn_blk_req *req = &many->reqs[i];
        *req = (struct cairn_blk_req){ .op = op_of(rig, mix ? i * mix / 3 : 0),
                                       .block = (first + i * STRIDE) % all,
                                       .count = i < all };
        many->segs[i] =
            (struct cairn_blk_seg){ many->memory + i * block_bytes, req->count * block_bytes };
        if (req->op == CAIRN_BLK_ZERO) continue;
        req->segs = &many->segs[i];
        req->seg_count = 1;
    }
}

bool rule_batch(struct rig *rig, struct tape *tape)
{
    struct many *many = malloc(sizeof *many);
    if (!rig->dev->info.read_only && !rig_write(rig, tape, 0, rig->dev->info.block_count))
        return false;
    many_draw(many, rig, tape);
    tape_note(tape, "%zu requests", many->count);
    enum cairn_err err = rig->submit(rig->dev, many->reqs, many->count);
    bool held = !err || tape_fail(tape, "the batch got %s", cairn_err_name(err));
    for (size_t i = 0; held && i < many->count; i++)
        held = rule_follow(rig, tape, &many->reqs[i], many->segs[i].data);
    rig_free(rig, many->memory);
    free(many);
    return held;
}

/* ---- memory ---------------------------------------------------------------------------------- */

static bool transfer(struct rig *rig, struct tape *tape, enum cairn_blk_op op,
                     struct cairn_blk_seg *segs)
{
    struct cairn_why why = { 0 };
    struct cairn_blk_req req = { op, .block = 1, .count = 4, .segs = segs, .why = &why };
    req.seg_count = 3;
    enum cairn_err err = rig->submit(rig->dev, &req, 1);
    return !err || tape_fail(tape, "it got %s", why.what);
}

/* Segments at addresses that are aligned as info says, each in another way, to and fro. */
bool rule_align(struct rig *rig, struct tape *tape)
{
    enum { SEGS = 3, PLACE = 4096 + 2 * 65536 };
    static const uint32_t blocks[SEGS] = { 1, 2, 1 };
    uint32_t block_bytes = rig->dev->info.block_bytes, align = rig->dev->info.mem_align;
    uint8_t *memory = aligned_alloc(4096, SEGS * PLACE / 4096 * 4096);
    const uint8_t *model = rig->model + block_bytes;
    struct cairn_blk_seg segs[SEGS];
    bool held = true;
    for (size_t i = 0; i < SEGS; i++) {
        uint64_t offset = tape_u64(tape, (4096 - 1) / align) * align;
        segs[i] = (struct cairn_blk_seg){ memory + i * PLACE + offset, blocks[i] * block_bytes };
        memset(segs[i].data, (int)tape_u64(tape, 255), segs[i].bytes);
    }
    for (size_t i = 0, at = block_bytes; !rig->dev->info.read_only && i < SEGS; i++) {
        memcpy(rig->model + at, segs[i].data, segs[i].bytes);
        at += segs[i].bytes;
    }
    if (!rig->dev->info.read_only) held = transfer(rig, tape, CAIRN_BLK_WRITE, segs);
    held = held && transfer(rig, tape, CAIRN_BLK_READ, segs);
    for (size_t i = 0; held && i < SEGS; model += segs[i].bytes, i++)
        held = !memcmp(segs[i].data, model, segs[i].bytes) ||
               tape_fail(tape, "segment %zu got other bytes", i);
    free(memory);
    return held;
}

/* ---- the array ------------------------------------------------------------------------------- */

static bool same_request(const struct cairn_blk_req *a, const struct cairn_blk_req *b)
{
    return a->op == b->op && a->flags == b->flags && a->block == b->block && a->count == b->count &&
           a->segs == b->segs && a->seg_count == b->seg_count && a->why == b->why;
}

static enum cairn_err array_do(struct rig *rig, struct tape *tape, struct cairn_blk_req *reqs,
                               size_t count)
{
    if (tape_bool(tape)) return rig->submit(rig->dev, reqs, count);
    enum cairn_err err = cairn_blk_begin(rig->dev, reqs, count);
    return err ? err : cairn_blk_finish(rig->dev, reqs, count);
}

/* It comes back as it was: when all went well, when one request failed, when it was refused. */
bool rule_array(struct rig *rig, struct tape *tape)
{
    enum { BATCH = 6 };
    struct cairn_blk_req reqs[BATCH], before[BATCH];
    struct cairn_why why = { 0 };
    uint64_t unit = rig->dev->info.block_count / BATCH;
    bool change = !rig->dev->info.read_only;
    for (size_t i = 0; i < BATCH; i++) {
        enum cairn_blk_op op = change && tape_bool(tape) ? CAIRN_BLK_ZERO : CAIRN_BLK_READ;
        reqs[i] = (struct cairn_blk_req){ op, .block = (i * 5 % BATCH) * unit, .why = &why };
        if (op == CAIRN_BLK_ZERO) reqs[i].count = 1 + tape_u64(tape, 7);
        if (op == CAIRN_BLK_ZERO && tape_bool(tape)) reqs[i].flags = CAIRN_BLK_NO_UNMAP;
    }
    if (tape_pick(tape, 4) == 3) reqs[tape_pick(tape, BATCH)].block = UINT64_MAX;
    if (rig->sim && tape_bool(tape)) sim_fail(rig->sim, tape_u64(tape, BATCH), 1);
    memcpy(before, reqs, sizeof before);
    enum cairn_err err = array_do(rig, tape, reqs, BATCH);
    if (rig->sim) sim_calm(rig->sim);
    for (size_t i = 0; i < BATCH; i++)
        if (!same_request(&reqs[i], &before[i])) return tape_fail(tape, "request %zu changed", i);
    return !err || rig->sim || err == CAIRN_ERANGE || tape_fail(tape, "it got %s", why.what);
}
