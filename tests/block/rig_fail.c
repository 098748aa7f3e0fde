/* SPDX-License-Identifier: ISC */
/* What in a stack can be made to fail: the highest sim, or else a bottom of our own: the model of a
 * virtio disk, or the strict device. */
#include "rig.h"

#define SECTOR 512

struct cairn_blk *rig_failing(const struct rig *rig)
{
    return rig->sim || rig->vdisk || rig->strict ? rig->devs[rig->failing_at] : NULL;
}

static void sim_fail_block(struct cairn_blk_sim *sim, uint32_t on, uint64_t block)
{
    struct cairn_blk_sim_plan plan = { 0 };
    struct cairn_blk_sim_rule *rule = cairn_blk_sim_plan_add(&plan, CAIRN_BLK_FAULT_ERROR, on, 0);
    rule->block = block;
    rule->count = 1;
    cairn_blk_sim_plan_set(sim, &plan);
}

/* These blocks of the bottom, and all of its flushes or none. */
static void bottom_fail(struct rig *rig, uint64_t block, uint64_t count, bool flushes)
{
    uint64_t sectors = rig->devs[0]->info.block_bytes / SECTOR;
    if (rig->vdisk) {
        model_fail(&rig->vdisk->model, block * sectors, count * sectors, flushes);
        return;
    }
    rig->strict->bad_block = block;
    rig->strict->bad_count = count;
    rig->strict->bad_flush = flushes;
}

void rig_fail_block(struct rig *rig, uint32_t on, uint64_t block)
{
    if (rig->sim)
        sim_fail_block(rig->sim, on, block);
    else
        bottom_fail(rig, block, 1, false);
}

void rig_fail_flush(struct rig *rig)
{
    if (rig->sim)
        cairn_blk_sim_fail(rig->sim, CAIRN_BLK_ON_FLUSH, 1, 1);
    else
        bottom_fail(rig, 0, 0, true);
}

void rig_calm(struct rig *rig)
{
    if (rig->sim)
        sim_calm(rig->sim);
    else
        bottom_fail(rig, 0, 0, false);
}
