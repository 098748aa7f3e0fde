/* SPDX-License-Identifier: ISC */
/* What in a stack can be made to fail: the highest sim, or else a virtio disk of our own model. */
#include "rig.h"

#define SECTOR 512

static struct model *model_of(const struct rig *rig)
{
    return rig->sim || !rig->vdisk ? NULL : &rig->vdisk->model;
}

struct cairn_blk *rig_failing(const struct rig *rig)
{
    return rig->sim || rig->vdisk ? rig->devs[rig->failing_at] : NULL;
}

void rig_fail_block(struct rig *rig, uint32_t on, uint64_t block)
{
    struct cairn_blk_sim_plan plan = { 0 };
    uint64_t sectors = rig_failing(rig)->info.block_bytes / SECTOR;
    if (model_of(rig)) {
        model_fail(model_of(rig), block * sectors, sectors, false);
        return;
    }
    struct cairn_blk_sim_rule *rule = cairn_blk_sim_plan_add(&plan, CAIRN_BLK_FAULT_ERROR, on, 0);
    rule->block = block;
    rule->count = 1;
    cairn_blk_sim_plan_set(rig->sim, &plan);
}

void rig_fail_flush(struct rig *rig)
{
    if (model_of(rig))
        model_fail(model_of(rig), 0, 0, true);
    else
        cairn_blk_sim_fail(rig->sim, CAIRN_BLK_ON_FLUSH, 1, 1);
}

void rig_calm(struct rig *rig)
{
    if (model_of(rig))
        model_fail(model_of(rig), 0, 0, false);
    else
        sim_calm(rig->sim);
}
