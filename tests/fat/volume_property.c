/* SPDX-License-Identifier: ISC */
#include "volume_property.h"

#include "volume_walk.h"

#include <stdlib.h>
#include <string.h>

void volume_shape_draw(struct tape *tape, struct rig_shape *shape)
{
    static const enum cairn_fat_type types[] = { CAIRN_FAT12, CAIRN_FAT16, CAIRN_FAT32 };
    memset(shape, 0, sizeof *shape);
    shape->type = types[tape_pick(tape, CAIRN_COUNT(types))];
    shape->sector_bytes = 512u << tape_pick(tape, shape->type == CAIRN_FAT32 ? 2 : 4);
    uint32_t most = shape->type == CAIRN_FAT32 ? 1024 : 16384;
    shape->cluster_bytes = shape->sector_bytes << tape_pick(tape, 6);
    if (shape->cluster_bytes > most) shape->cluster_bytes = most;
    shape->fat_count = 2 - (uint32_t)tape_pick(tape, 2);
    uint32_t per_sector = shape->sector_bytes / 32;
    if (shape->type != CAIRN_FAT32)
        shape->root_entries = per_sector * (1 + (uint32_t)tape_u64(tape, 7));
    shape->clusters = 8 + (uint32_t)tape_u64(tape, 200);
    shape->utc_offset_min = (int32_t)tape_pick(tape, 3) * 90 - 90;
    shape->long_lower = shape->clusters & 1; /* drawn with it: old tapes keep their meaning */
}

void volume_memory_draw(struct tape *tape, struct rig *rig)
{
    size_t least = cairn_fat_mem_least(&rig->dev.base);
    rig->shape.mem_bytes = least + (tape_u64(tape, 3) << 19);
    rig->mem = realloc(rig->mem, rig->shape.mem_bytes);
}

/* What is left on the device is what the model says, to everyone. */
static bool volume_ends(struct walk *w, bool by_fsck)
{
    for (size_t i = 0; i < WALK_HELD; i++)
        walk_drop(w, &w->held[i]);
    if (!walk_wanted(w, "unmount", rig_unmount(&w->rig), CAIRN_OK)) return false;
    if (!rig_check(&w->rig, CAIRN_FAT_MINOR)) return tape_fail(w->tape, "%s", w->rig.finding);
    if (by_fsck && !rig_fsck(&w->rig)) return tape_fail(w->tape, "fsck.fat complains");
    if (!walk_wanted(w, "mount", rig_mount(&w->rig), CAIRN_OK)) return false;
    return walk_tree_agrees(w);
}

static bool volume_walks(struct walk *w)
{
    bool by_fsck = tape_pick(w->tape, 16) == 15;
    if (!walk_wanted(w, "mount", rig_mount(&w->rig), CAIRN_OK)) return false;
    while (tape_more(w->tape)) {
        if (!walk_step(w)) return false;
    }
    return volume_ends(w, by_fsck);
}

bool volume_is_a_tree(struct tape *tape)
{
    struct walk w = { .tape = tape };
    struct rig_shape shape;
    volume_shape_draw(tape, &shape);
    tape_note(tape, "FAT%d, sectors of %u, clusters of %u, %u of them, %u FATs, %u root entries",
              (int)shape.type, shape.sector_bytes, shape.cluster_bytes, shape.clusters,
              shape.fat_count, shape.root_entries);
    rig_make(&w.rig, &shape);
    volume_memory_draw(tape, &w.rig);
    w.root = model_root();
    bool held = volume_walks(&w);
    for (size_t i = 0; i < WALK_HELD && w.rig.fs; i++)
        walk_drop(&w, &w.held[i]);
    if (held) rig_free(&w.rig);
    model_root_free(w.root);
    return held;
}
