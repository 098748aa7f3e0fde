/* SPDX-License-Identifier: ISC */
/* "." and ".." that are missing or elsewhere. They are put into slots 0 and 1; what is there moves
 * on, with its long name. All slots of the directory have been seen by then, so what moves is not
 * met a second time. */
#include "mend_slot.h"

#define SET_MAX (FAT_LONG_SLOTS_MAX + 1)

/* Slots that move, or where they go to: bytes of the device. */
struct slot_run {
    uint64_t at[SET_MAX];
    uint32_t count;
};

static struct fat_mend_slots walk_from(const struct fat_check *c, uint32_t slot)
{
    struct fat_mend_slots walk = { .at = c->scan->first };
    walk.at.offset = slot * FAT_SLOT_BYTES;
    walk.at.slot = slot;
    return walk;
}

/* An 8.3 entry in this slot, or the long slots from this one on up to theirs; none: 0 of them. */
static void set_measure(struct fat_check *c, uint32_t slot, struct slot_run *set)
{
    struct fat_mend_slots walk = walk_from(c, slot);
    set->count = 0;
    while (set->count < SET_MAX && fat_mend_slots_next(c, &walk)) {
        if (walk.slot[0] == FAT_SLOT_END || walk.slot[0] == FAT_SLOT_FREE) break;
        set->at[set->count++] = walk.slot_at;
        if (!fat_slot_is_long(walk.slot)) return;
    }
    set->count = 0;
}

/* The first free slots that lie together behind the dots. */
static bool run_find(struct fat_check *c, uint32_t count, struct slot_run *run)
{
    struct fat_mend_slots walk = walk_from(c, 2);
    run->count = 0;
    while (run->count < count && fat_mend_slots_next(c, &walk)) {
        if (walk.slot[0] == FAT_SLOT_END || walk.slot[0] == FAT_SLOT_FREE)
            run->at[run->count++] = walk.slot_at;
        else
            run->count = 0;
    }
    return run->count == count;
}

/* One cluster more for the directory at hand. */
static bool dir_grow(struct fat_check *c)
{
    struct fat_check_cursor *first = &c->scan->first;
    uint32_t last = first->cluster, fresh = fat_mend_take_dir(c);
    if (fresh == 0 || !fat_mend_room(c, 1, 4)) return false;
    for (uint32_t left = first->left; left > 1; left--)
        last = fat_check_next(c, last);
    fat_mend_entry(c, last, fresh, FAT_STAGE_LINK);
    first->left++;
    return true;
}

/* Make slot `slot` free for a dot, which is then put there in stage REMOVE; so what moves has two
 * places rather than none. */
static bool set_move(struct fat_check *c, uint32_t slot)
{
    struct slot_run from, to;
    uint8_t moved[FAT_SLOT_BYTES];
    set_measure(c, slot, &from);
    while (!run_find(c, from.count, &to))
        if (!dir_grow(c)) return false;
    if (!fat_mend_room(c, 2 * SET_MAX, SET_MAX * (FAT_SLOT_BYTES + 1))) return false;
    for (uint32_t i = 0; i < from.count; i++) {
        memcpy(moved, fat_mend_look(c, from.at[i], sizeof moved), sizeof moved);
        fat_mend_put(c, to.at[i], moved, sizeof moved, FAT_STAGE_ADD);
        if (i > 0) fat_mend_slot_remove(c, from.at[i]);
    }
    return true;
}

static void dot_put(struct fat_check *c, uint64_t at, uint32_t kind, enum fat_stage stage)
{
    uint8_t dots[2 * FAT_SLOT_BYTES];
    struct fat_dirent self = { .start = c->scan->start };
    fat_mend_now(c, &self);
    fat_dot_slots(dots, &self, c->scan->parent);
    fat_mend_put(c, at, dots + kind * FAT_SLOT_BYTES, FAT_SLOT_BYTES, stage);
}

static bool is_used_by_other(const uint8_t *slot)
{
    return slot[0] != FAT_SLOT_END && slot[0] != FAT_SLOT_FREE && fat_check_dot_kind(slot) == 2;
}

static bool dot_mend(struct fat_check *c, uint32_t kind)
{
    uint64_t at = fat_check_cluster_at(c, c->scan->start) + kind * FAT_SLOT_BYTES;
    uint64_t stray = c->scan->dot[kind].at;
    if (c->scan->start >= c->outside) return false; /* not on the device */
    bool moves = is_used_by_other(fat_mend_look(c, at, FAT_SLOT_BYTES));
    if (moves && !set_move(c, kind)) return false;
    if (!fat_mend_room(c, 2, FAT_SLOT_BYTES + 1)) return false;
    dot_put(c, at, kind, moves ? FAT_STAGE_REMOVE : FAT_STAGE_ADD);
    if (stray && stray != at && fat_check_dot_kind(fat_mend_look(c, stray, FAT_SLOT_BYTES)) == kind)
        fat_mend_slot_remove(c, stray);
    fat_mend_say(c, "put into slot %u%s", kind, moves ? "; what was there is moved" : "");
    return false;
}

bool fat_mend_dir_dot(struct fat_check *c, uint32_t cluster, uint64_t a, uint64_t b)
{
    (void)cluster, (void)a, (void)b;
    return dot_mend(c, 0);
}

bool fat_mend_dir_dotdot(struct fat_check *c, uint32_t cluster, uint64_t a, uint64_t b)
{
    (void)cluster, (void)a, (void)b;
    return dot_mend(c, 1);
}
