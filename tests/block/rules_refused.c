/* SPDX-License-Identifier: ISC */
/* What the front refuses, whatever the stack, and before anything is done. */
#include "rules.h"
#include <string.h>

static bool is_power(uint64_t number)
{
    return number && !(number & (number - 1));
}

/* What info may say at all. */
bool rule_info(struct rig *rig, struct tape *tape)
{
    const struct cairn_blk_info *info = &rig->dev->info;
    uint32_t bytes = info->block_bytes;
    if (!is_power(bytes) || bytes < 512 || bytes > 65536) return tape_fail(tape, "block_bytes");
    if (info->block_count >= (UINT64_C(1) << 63) / bytes) return tape_fail(tape, "block_count");
    if (!is_power(info->mem_align) || info->mem_align > 4096) return tape_fail(tape, "mem_align");
    if (!is_power(info->atomic_bytes)) return tape_fail(tape, "atomic_bytes");
    if (!info->preferred_bytes || info->max_bytes < bytes) return tape_fail(tape, "sizes");
    bool discards = info->discard != CAIRN_BLK_ABSENT;
    if (discards != !!info->discard_bytes) return tape_fail(tape, "discard_bytes");
    bool zeroes = info->zero == CAIRN_BLK_NATIVE;
    if (zeroes != !!info->zero_bytes) return tape_fail(tape, "zero_bytes");
    return info->zero != CAIRN_BLK_ABSENT || tape_fail(tape, "zero is absent");
}

/* A request for blocks that do not all exist, whatever the numbers. */
bool rule_range(struct rig *rig, struct tape *tape)
{
    static const uint64_t edges[] = { 0, 1, UINT32_MAX, INT64_MAX, UINT64_MAX };
    uint64_t all = rig->dev->info.block_count;
    uint64_t block = edges[tape_pick(tape, 5)], count = edges[tape_pick(tape, 5)];
    if (tape_bool(tape)) block += all;
    if (tape_bool(tape)) count += all;
    if (block <= all && count <= all - block) return true;
    static uint8_t memory[64] __attribute__((aligned(STRICT_MEM_ALIGN)));
    struct cairn_blk_seg seg = { memory, (size_t)(count * rig->dev->info.block_bytes) };
    struct cairn_blk_req req = { CAIRN_BLK_READ, .block = block, .count = count };
    if (tape_bool(tape)) req.op = CAIRN_BLK_WRITE;
    req.segs = &seg;
    req.seg_count = 1;
    tape_note(tape, "blocks %llu+%llu", (unsigned long long)block, (unsigned long long)count);
    return rule_refused(rig, tape, req, CAIRN_ERANGE);
}

bool rule_segments(struct rig *rig, struct tape *tape)
{
    uint32_t block_bytes = rig->dev->info.block_bytes;
    uint8_t *memory = rig_alloc(rig, 8);
    struct cairn_blk_seg segs[2] = { { memory, 2 * block_bytes },
                                     { memory + 2 * block_bytes, 2 * block_bytes } };
    struct cairn_blk_req req = { CAIRN_BLK_READ, .count = 4, .segs = segs, .seg_count = 2 };
    size_t fault = tape_pick(tape, 8);
    tape_note(tape, "fault %zu", fault);
    if (fault == 0) segs[1].bytes = block_bytes;
    if (fault == 1) segs[1].bytes = 3 * block_bytes;
    if (fault == 2) segs[0].bytes -= 1, segs[1].bytes += 1;
    if (fault == 3) {
        segs[0].bytes = SIZE_MAX - block_bytes + 1; /* together they wrap to the right length */
        segs[1].bytes = 5 * block_bytes;
    }
    if (fault == 4) req.seg_count = 0;
    if (fault == 5) segs[1].data = NULL;
    if (fault == 6) req.op = (enum cairn_blk_op)7;
    if (fault == 7) req.flags = CAIRN_BLK_FUA;
    bool held = rule_refused(rig, tape, req, CAIRN_EINVAL);
    segs[0] = (struct cairn_blk_seg){ memory + 1, 4 * block_bytes };
    req = (struct cairn_blk_req){ CAIRN_BLK_READ, .count = 4, .segs = segs, .seg_count = 1 };
    if (held && rig->dev->info.mem_align > 1) held = rule_refused(rig, tape, req, CAIRN_EINVAL);
    rig_free(rig, memory);
    return held;
}

/* Nothing of a batch is done when two of its requests share a block. */
bool rule_overlap(struct rig *rig, struct tape *tape)
{
    enum { BATCH = 16 };
    struct cairn_blk_req reqs[BATCH];
    uint64_t step = rig->dev->info.block_count / BATCH;
    size_t first = tape_pick(tape, BATCH), second = tape_pick(tape, BATCH);
    for (size_t i = 0; i < BATCH; i++)
        reqs[i] = (struct cairn_blk_req){ CAIRN_BLK_ZERO, .block = (i * 5 % BATCH) * step };
    for (size_t i = 0; i < BATCH; i++)
        reqs[i].count = 1 + tape_u64(tape, step - 1);
    if (!rig_write(rig, tape, 0, BATCH * step)) return false;
    bool same = first == second;
    if (!same) {
        reqs[second].block = reqs[first].block + tape_u64(tape, reqs[first].count - 1);
        reqs[second].count = 1;
    }
    enum cairn_err err = rig->submit(rig->dev, reqs, BATCH);
    for (size_t i = 0; same && i < BATCH; i++)
        memset(rig->model + reqs[i].block * rig->dev->info.block_bytes, 0,
               reqs[i].count * rig->dev->info.block_bytes);
    if (err != (same ? CAIRN_OK : CAIRN_EINVAL))
        return tape_fail(tape, "the batch got %s", cairn_err_name(err));
    size_t blamed = 0;
    for (size_t i = 0; i < BATCH; i++) {
        blamed += reqs[i].status == CAIRN_EINVAL;
        if (!same && reqs[i].status != CAIRN_EINVAL && reqs[i].status != CAIRN_ECANCELED)
            return tape_fail(tape, "request %zu got %s", i, cairn_err_name(reqs[i].status));
    }
    return blamed >= !same || tape_fail(tape, "nobody is blamed");
}

bool rule_readonly(struct rig *rig, struct tape *tape)
{
    static const enum cairn_blk_op ops[] = { CAIRN_BLK_WRITE, CAIRN_BLK_ZERO, CAIRN_BLK_DISCARD };
    uint8_t *memory = rig_alloc(rig, 1);
    struct cairn_blk_seg seg = { memory, rig->dev->info.block_bytes };
    struct cairn_blk_req req = { ops[tape_pick(tape, 3)], .count = 1 };
    memset(memory, 0xa5, seg.bytes); /* the device is all zeros */
    if (req.op == CAIRN_BLK_WRITE) {
        req.segs = &seg;
        req.seg_count = 1;
    }
    bool held = rule_refused(rig, tape, req, CAIRN_EROFS);
    rig_free(rig, memory);
    return held && (cairn_blk_resize(rig->dev, 1, NULL) == CAIRN_EROFS ||
                    tape_fail(tape, "resize was not refused"));
}
