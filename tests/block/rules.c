/* SPDX-License-Identifier: ISC */
#include "rules.h"
#include <stdlib.h>
#include <string.h>

static bool applies_always(struct rig *rig)
{
    (void)rig;
    return true;
}

static bool applies_writable(struct rig *rig)
{
    return !rig->dev->info.read_only;
}

static bool applies_readonly(struct rig *rig)
{
    return rig->dev->info.read_only;
}

static bool applies_resize(struct rig *rig)
{
    return rig->dev->info.resize != CAIRN_BLK_ABSENT && !rig->dev->info.read_only;
}

static bool applies_borrow(struct rig *rig)
{
    return rig->dev->info.borrow != CAIRN_BLK_ABSENT;
}

static bool applies_names(struct rig *rig)
{
    return rig->sim && !rig->hides;
}

static bool applies_poison(struct rig *rig)
{
    return rig->sim && !rig->dev->info.read_only && !rig->no_flush;
}

static bool applies_cut(struct rig *rig)
{
    return applies_poison(rig) && !rig->hides;
}

/* A device that can be refused a request for any reason, and the error it must be. */
static bool refused(struct rig *rig, struct tape *tape, struct cairn_blk_req req,
                    enum cairn_err expected)
{
    struct cairn_why why = { 0 };
    req.why = &why;
    enum cairn_err err = cairn_blk_submit(rig->dev, &req, 1);
    if (err != expected)
        return tape_fail(tape, "error %s instead of %s", cairn_err_name(err),
                         cairn_err_name(expected));
    if (why.err != err || !why.what[0]) return tape_fail(tape, "no explanation");
    return !strcmp(why.via, rig->dev->name) || tape_fail(tape, "explained by %s", why.via);
}

/* A request for blocks that do not all exist, whatever the numbers. */
static bool rule_range(struct rig *rig, struct tape *tape)
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
    return refused(rig, tape, req, CAIRN_ERANGE);
}

static bool rule_segments(struct rig *rig, struct tape *tape)
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
    bool held = refused(rig, tape, req, CAIRN_EINVAL);
    segs[0] = (struct cairn_blk_seg){ memory + 1, 4 * block_bytes };
    req = (struct cairn_blk_req){ CAIRN_BLK_READ, .count = 4, .segs = segs, .seg_count = 1 };
    if (held && rig->dev->info.mem_align > 1) held = refused(rig, tape, req, CAIRN_EINVAL);
    rig_free(rig, memory);
    return held;
}

/* Nothing of a batch is done when two of its requests share a block. */
static bool rule_overlap(struct rig *rig, struct tape *tape)
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
    enum cairn_err err = cairn_blk_submit(rig->dev, reqs, BATCH);
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

static bool rule_readonly(struct rig *rig, struct tape *tape)
{
    static const enum cairn_blk_op ops[] = { CAIRN_BLK_WRITE, CAIRN_BLK_ZERO, CAIRN_BLK_DISCARD };
    uint8_t *memory = rig_alloc(rig, 1);
    struct cairn_blk_seg seg = { memory, rig->dev->info.block_bytes };
    struct cairn_blk_req req = { ops[tape_pick(tape, 3)], .count = 1 };
    if (req.op == CAIRN_BLK_WRITE) {
        req.segs = &seg;
        req.seg_count = 1;
    }
    bool held = refused(rig, tape, req, CAIRN_EROFS);
    rig_free(rig, memory);
    return held && (cairn_blk_resize(rig->dev, 1, NULL) == CAIRN_EROFS ||
                    tape_fail(tape, "resize was not refused"));
}

/* What extents says in one answer: in order, adjacent, merged, and no hole over data. */
static bool extents_judge(struct rig *rig, struct tape *tape, uint64_t at,
                          const struct cairn_blk_extent *extents, size_t used)
{
    uint32_t block_bytes = rig->dev->info.block_bytes;
    for (size_t i = 0; i < used; at += extents[i].count, i++) {
        if (extents[i].block != at || !extents[i].count)
            return tape_fail(tape, "extent %zu is not adjacent", i);
        if (i && extents[i].data == extents[i - 1].data)
            return tape_fail(tape, "extent %zu is not merged", i);
        for (uint64_t b = at * block_bytes; b < (at + extents[i].count) * block_bytes; b++)
            if (!extents[i].data && rig->model[b]) return tape_fail(tape, "a hole holds data");
    }
    return true;
}

static bool rule_extents(struct rig *rig, struct tape *tape)
{
    struct cairn_blk_extent extents[8];
    uint64_t block, count;
    for (int i = 0; i < 4 && !rig->dev->info.read_only; i++) {
        rig_draw_range(rig, tape, &block, &count);
        if (!rig_write(rig, tape, block, count)) return false;
    }
    block = tape_u64(tape, rig->dev->info.block_count);
    uint64_t end = block + tape_u64(tape, rig->dev->info.block_count - block);
    while (block < end) {
        size_t used, cap = 1 + tape_pick(tape, 8);
        if (cairn_blk_extents(rig->dev, block, end - block, extents, cap, &used, NULL))
            return tape_fail(tape, "extents failed");
        if (!used || used > cap) return tape_fail(tape, "%zu extents of %zu", used, cap);
        if (!extents_judge(rig, tape, block, extents, used)) return false;
        block = extents[used - 1].block + extents[used - 1].count;
        if (block > end || (used < cap && block < end))
            return tape_fail(tape, "the answer ends at block %llu", (unsigned long long)block);
    }
    size_t used;
    return cairn_blk_extents(rig->dev, rig->dev->info.block_count, 1, extents, 8, &used, NULL) ==
               CAIRN_ERANGE ||
           tape_fail(tape, "extents beyond the end were not refused");
}

/* Smaller and larger again: what was cut off comes back as zeros. */
static bool rule_resize(struct rig *rig, struct tape *tape)
{
    uint64_t all = rig->dev->info.block_count;
    uint64_t less = tape_u64(tape, all / 8) * 8;
    if (!rig_write(rig, tape, 0, all)) return false;
    if (cairn_blk_resize(rig->dev, less, NULL)) return tape_fail(tape, "smaller failed");
    if (rig->dev->info.block_count != less) return tape_fail(tape, "the count did not follow");
    if (less < all && cairn_blk_zero(rig->dev, less, 1, NULL) != CAIRN_ERANGE)
        return tape_fail(tape, "what was cut off is still there");
    if (cairn_blk_resize(rig->dev, all, NULL)) return tape_fail(tape, "larger failed");
    memset(rig->model + less * rig->dev->info.block_bytes, 0,
           (all - less) * rig->dev->info.block_bytes);
    return cairn_blk_resize(rig->dev, UINT64_MAX, NULL) != CAIRN_OK ||
           tape_fail(tape, "a size beyond all bounds was taken");
}

static bool rule_borrow(struct rig *rig, struct tape *tape)
{
    uint64_t block, count;
    rig_draw_range(rig, tape, &block, &count);
    const uint8_t *view = cairn_blk_borrow(rig->dev, block, count);
    if (!view) return tape_fail(tape, "no view");
    if (!rig->dev->info.read_only && !rig_write(rig, tape, block, count)) return false;
    uint32_t block_bytes = rig->dev->info.block_bytes;
    if (memcmp(view, rig->model + block * block_bytes, count * block_bytes))
        return tape_fail(tape, "the view differs");
    return !cairn_blk_borrow(rig->dev, block, UINT64_MAX) ||
           tape_fail(tape, "a view beyond the end");
}

/* A flush that failed is not forgotten, in no layer, whoever asked for it; reading goes on. */
static bool rule_poison(struct rig *rig, struct tape *tape)
{
    if (!rig_write(rig, tape, 0, 1) || cairn_blk_flush(rig->dev, NULL))
        return tape_fail(tape, "the first flush failed");
    cairn_blk_sim_fail(rig->sim, CAIRN_BLK_ON_FLUSH, 1, 1);
    struct cairn_why why = { 0 };
    bool at_bottom = tape_bool(tape);
    if (cairn_blk_flush(at_bottom ? &rig->sim->base : rig->dev, &why) != CAIRN_EIO ||
        strcmp(why.via, at_bottom ? rig->sim->base.name : rig->via))
        return tape_fail(tape, "the planned failure came as %s via %s", why.what, why.via);
    for (size_t i = rig->dev_count; i-- > 0;) {
        struct cairn_blk *dev = rig->devs[i];
        size_t op = tape_pick(tape, 3);
        enum cairn_err err = op == 0   ? cairn_blk_flush(dev, NULL)
                             : op == 1 ? cairn_blk_zero(dev, 0, 1, NULL)
                                       : cairn_blk_discard(dev, 0, 1, NULL);
        if (err != CAIRN_EIO) return tape_fail(tape, "op %zu went on with %s", op, dev->name);
    }
    return true;
}

/* A failure at the bottom names all layers, and only its own request fails. */
static bool rule_names(struct rig *rig, struct tape *tape)
{
    enum { BATCH = 4 };
    struct cairn_why why[BATCH] = { 0 };
    struct cairn_blk_seg segs[BATCH];
    struct cairn_blk_req reqs[BATCH];
    bool shared = tape_bool(tape);
    uint64_t unit = rig->dev->info.block_count / 8;
    uint8_t *memory = rig_alloc(rig, 8 * unit);
    for (size_t i = 0; i < BATCH; i++) {
        segs[i].data = memory + 2 * i * unit * rig->dev->info.block_bytes;
        segs[i].bytes = 8 * rig->dev->info.block_bytes;
        reqs[i] = (struct cairn_blk_req){ CAIRN_BLK_READ, .block = 2 * i * unit / 8 * 8 };
        reqs[i].count = 8;
        reqs[i].segs = &segs[i];
        reqs[i].seg_count = 1;
        reqs[i].why = shared ? &why[0] : &why[i];
    }
    size_t failing = tape_pick(tape, BATCH);
    sim_fail(rig->sim, failing, 1 + tape_u64(tape, 1));
    enum cairn_err err = cairn_blk_submit(rig->dev, reqs, BATCH);
    sim_calm(rig->sim);
    rig_free(rig, memory);
    const struct cairn_why *told = shared ? &why[0] : &why[failing];
    if (err != CAIRN_EIO || reqs[failing].status != CAIRN_EIO)
        return tape_fail(tape, "the failure is lost");
    for (size_t i = 0; i < failing; i++)
        if (reqs[i].status) return tape_fail(tape, "request %zu failed too", i);
    if (!strcmp(told->via, rig->via)) return true;
    return tape_fail(tape, "\"%s\" instead of \"%s\"", told->via, rig->via);
}

/* Once the power is cut nothing works; what was flushed is there when it comes back, and of the
 * rest nothing when all of it is lost. */
static bool rule_cut(struct rig *rig, struct tape *tape)
{
    uint64_t block, count;
    for (int i = 0; i < 3; i++) {
        rig_draw_range(rig, tape, &block, &count);
        if (!rig_write(rig, tape, block, count)) return false;
    }
    if (cairn_blk_flush(rig->dev, NULL)) return tape_fail(tape, "flush");
    uint8_t *kept = malloc(RIG_BYTES);
    memcpy(kept, rig->model, RIG_BYTES);
    rig_draw_range(rig, tape, &block, &count);
    bool held = rig_write(rig, tape, block, count);
    memcpy(rig->model, kept, RIG_BYTES);
    free(kept);
    cairn_blk_sim_cut(rig->sim, 1);
    for (int i = 0; held && i < 3; i++)
        if (cairn_blk_zero(rig->dev, 0, 8, NULL) != CAIRN_EIO)
            held = tape_fail(tape, "it works without power");
    sim_restart(rig->sim, NULL, NULL);
    return held;
}

const struct rule rules[] = {
    { "data", applies_always, rule_data },
    { "range", applies_always, rule_range },
    { "segments", applies_always, rule_segments },
    { "overlap", applies_writable, rule_overlap },
    { "readonly", applies_readonly, rule_readonly },
    { "extents", applies_always, rule_extents },
    { "resize", applies_resize, rule_resize },
    { "borrow", applies_borrow, rule_borrow },
    { "poison", applies_poison, rule_poison },
    { "names", applies_names, rule_names },
    { "cut", applies_cut, rule_cut },
};

const size_t rule_count = sizeof rules / sizeof *rules;
