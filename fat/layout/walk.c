/* SPDX-License-Identifier: ISC */
/* The tree, without a stack: who owns a directory's first cluster is the way back up. */
#include "layout.h"

void fat_walk_init(struct fat_walk *walk, struct fat_layout *l)
{
    *walk = (struct fat_walk){ .l = l, .cluster = l->fs->geo.root_cluster };
}

/* Into the directory whose slot is the one before. */
static enum cairn_err walk_enter(struct fat_walk *walk, struct cairn_why *why)
{
    uint32_t start;
    enum cairn_err err = fat_walk_start(walk, &start, why);
    if (err) return err;
    walk->cluster = start;
    walk->slot = 0;
    walk->enter = false;
    return CAIRN_OK;
}

/* To the slot behind the directory's own; *done from the root. */
static enum cairn_err walk_leave(struct fat_walk *walk, bool *done, struct cairn_why *why)
{
    struct fat_layout *l = walk->l;
    struct fat_page *page;
    uint8_t *at;
    uint32_t head = fat_layout_head(l, walk->cluster), slot;
    walk->leave = false;
    *done = head == l->fs->geo.root_cluster;
    if (*done) return CAIRN_OK;
    uint32_t above = l->owner[head] & FAT_OWNER_NUMBER;
    enum cairn_err err = fat_layout_slot_of(l, above, head, &slot, &page, &at, why);
    if (err) return err;
    fat_page_drop(page);
    walk->cluster = above;
    walk->slot = slot + 1;
    return CAIRN_OK;
}

/* To the next cluster when this one is done; *ended when there is none. */
static enum cairn_err walk_onward(struct fat_walk *walk, bool *ended, struct cairn_why *why)
{
    struct fat_layout *l = walk->l;
    uint32_t next = 0;
    *ended = false;
    if (walk->slot < fat_layout_slots(l, walk->cluster)) return CAIRN_OK;
    enum cairn_err err = CAIRN_OK;
    if (walk->cluster) err = fat_table_next(l->fs, walk->cluster, &next, why);
    *ended = !next;
    if (err || !next) return err;
    walk->cluster = next;
    walk->slot = 0;
    return CAIRN_OK;
}

/* Look at one slot: is it an entry that has clusters? */
static enum cairn_err walk_look(struct fat_walk *walk, bool *ended, bool *found,
                                struct fat_walk_step *step, struct cairn_why *why)
{
    struct fat_layout *l = walk->l;
    struct fat_page *page;
    uint8_t *at;
    enum cairn_err err = fat_layout_slot(l, walk->cluster, walk->slot, &page, &at, why);
    if (err) return err;
    *ended = at[0] == FAT_SLOT_END;
    *found = !*ended && fat_layout_leads(l, at);
    if (*found) {
        bool is_dir = at[FAT_SLOT_ATTR] & CAIRN_FAT_DIRECTORY;
        step->kind = is_dir ? FAT_WALK_DIR : FAT_WALK_FILE;
        step->start = fat_layout_start(l, at);
        step->cluster = walk->cluster;
        step->bytes = cairn_le32(at + FAT_SLOT_SIZE);
        walk->enter = is_dir;
    }
    fat_page_drop(page);
    if (!*ended) walk->slot++;
    return CAIRN_OK;
}

enum cairn_err fat_walk_next(struct fat_walk *walk, struct fat_walk_step *step,
                             struct cairn_why *why)
{
    bool found = false, ended = false;
    enum cairn_err err = CAIRN_OK;
    if (walk->enter) err = walk_enter(walk, why);
    if (!err && walk->leave) {
        err = walk_leave(walk, &ended, why);
        step->kind = FAT_WALK_DONE;
        if (ended) return err;
    }
    while (!err && !found && !ended) {
        err = walk_onward(walk, &ended, why);
        if (!err && !ended) err = walk_look(walk, &ended, &found, step, why);
    }
    if (err || found) return err;
    walk->leave = true;
    step->kind = FAT_WALK_LEAVE;
    step->start = fat_layout_head(walk->l, walk->cluster);
    return CAIRN_OK;
}

enum cairn_err fat_walk_start(struct fat_walk *walk, uint32_t *start, struct cairn_why *why)
{
    struct fat_page *page;
    uint8_t *at;
    enum cairn_err err = fat_layout_slot(walk->l, walk->cluster, walk->slot - 1, &page, &at, why);
    if (err) return err;
    *start = fat_layout_start(walk->l, at);
    fat_page_drop(page);
    return CAIRN_OK;
}
