/* SPDX-License-Identifier: ISC */
/* Zeros, holes and sizes. */
#include "rules.h"
#include <string.h>

/* What a zero or a discard leaves: its own blocks as it must, all others as they were. */
static bool change_keeps_the_rest(struct rig *rig, struct tape *tape, enum cairn_blk_op op)
{
    uint64_t all = rig->dev->info.block_count;
    if (!rig_write(rig, tape, 0, all)) return false;
    while (tape_more(tape)) {
        struct cairn_why why = { 0 };
        struct cairn_blk_req req = { op, .why = &why };
        rig_draw_range(rig, tape, &req.block, &req.count);
        if (tape_pick(tape, 8) == 7) req.count = all - req.block;
        if (op == CAIRN_BLK_ZERO && tape_bool(tape)) req.flags = CAIRN_BLK_NO_UNMAP;
        tape_note(tape, "blocks %llu+%llu", (unsigned long long)req.block,
                  (unsigned long long)req.count);
        if (rig->submit(rig->dev, &req, 1)) return tape_fail(tape, "it got %s", why.what);
        if (!rule_follow(rig, tape, &req, NULL)) return false;
    }
    return true;
}

bool rule_zero(struct rig *rig, struct tape *tape)
{
    return change_keeps_the_rest(rig, tape, CAIRN_BLK_ZERO);
}

bool rule_discard(struct rig *rig, struct tape *tape)
{
    return change_keeps_the_rest(rig, tape, CAIRN_BLK_DISCARD);
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

/* Some writes, and holes in them. */
static bool extents_fill(struct rig *rig, struct tape *tape)
{
    for (int i = 0; i < 6; i++) {
        struct cairn_blk_req req = { .op = CAIRN_BLK_ZERO };
        rig_draw_range(rig, tape, &req.block, &req.count);
        if (i < 4 && !rig_write(rig, tape, req.block, req.count)) return false;
        if (i < 4) continue;
        if (rig->submit(rig->dev, &req, 1)) return tape_fail(tape, "a zero failed");
        if (!rule_follow(rig, tape, &req, NULL)) return false;
    }
    return true;
}

bool rule_extents(struct rig *rig, struct tape *tape)
{
    struct cairn_blk_extent extents[8];
    if (!rig->dev->info.read_only && !extents_fill(rig, tape)) return false;
    uint64_t block = tape_u64(tape, rig->dev->info.block_count);
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
bool rule_resize(struct rig *rig, struct tape *tape)
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

bool rule_borrow(struct rig *rig, struct tape *tape)
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
