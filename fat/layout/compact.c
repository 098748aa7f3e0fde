/* SPDX-License-Identifier: ISC */
/* A directory without removed slots, in as few clusters as it needs: written anew, then entered. */
#include "layout.h"

/* A directory's chain as it was and as it becomes. */
struct compact {
    struct fat_layout *l;
    uint32_t head, clusters; /* old; how many */
    uint32_t live;           /* slots that stay */
    bool has_holes;
    uint32_t from, from_slot; /* the next slot to read; from 0: no more */
    uint32_t first, spare;    /* of the new run: its first, and its next unused cluster */
    uint32_t to;              /* the cluster that is being filled */
};

/* The next slot that stays: its bytes into `slot`. *ended when there is none. */
static enum cairn_err slot_next(struct compact *c, uint8_t slot[FAT_SLOT_BYTES], bool *ended,
                                struct cairn_why *why)
{
    struct fat_layout *l = c->l;
    enum cairn_err err = CAIRN_OK;
    while (c->from) {
        struct fat_page *page;
        uint8_t *at;
        if (c->from_slot == fat_layout_slots(l, c->from)) {
            c->from_slot = 0;
            err = fat_table_next(l->fs, c->from, &c->from, why);
            if (err) return err;
            continue;
        }
        err = fat_layout_slot(l, c->from, c->from_slot++, &page, &at, why);
        if (err) return err;
        memcpy(slot, at, FAT_SLOT_BYTES);
        fat_page_drop(page);
        if (slot[0] == FAT_SLOT_END) break;
        *ended = false;
        if (slot[0] != FAT_SLOT_FREE) return CAIRN_OK;
        c->has_holes = true;
    }
    *ended = true;
    return CAIRN_OK;
}

static void slots_rewind(struct compact *c)
{
    c->from = c->head;
    c->from_slot = 0;
}

static enum cairn_err measure(struct compact *c, struct cairn_why *why)
{
    uint8_t slot[FAT_SLOT_BYTES];
    uint32_t cluster = c->head;
    bool ended = false;
    enum cairn_err err = CAIRN_OK;
    for (; !err && cluster; c->clusters++)
        err = fat_table_next(c->l->fs, cluster, &cluster, why);
    slots_rewind(c);
    while (!err && !ended) {
        err = slot_next(c, slot, &ended, why);
        if (!err && !ended) c->live++;
    }
    return err;
}

static uint32_t clusters_needed(const struct compact *c)
{
    return (uint32_t)cairn_max_u64(cairn_div_up(c->live, fat_layout_slots(c->l, c->head)), 1);
}

/* ---- writing --------------------------------------------------------------------------------- */

/* One more cluster of the new chain, all zeros. */
static enum cairn_err cluster_add(struct compact *c, struct cairn_why *why)
{
    struct fat_layout *l = c->l;
    uint32_t to = c->spare++;
    struct fat_page *page;
    uint8_t *at;
    enum cairn_err err = fat_layout_begin(l, why);
    if (!err && c->to) err = fat_table_set(l->fs, c->to, to, FAT_STAGE_NEW, why);
    if (!err) err = fat_table_set(l->fs, to, FATENT_END, FAT_STAGE_NEW, why);
    for (uint32_t i = 0; !err && i < l->fs->geo.cluster_sectors; i += l->fs->cache.page_sectors) {
        err = fat_page_fresh(l->fs, fat_cluster_sector(l->fs, to) + i, &page, &at, why);
        if (!err) fat_page_drop(page);
    }
    l->owner[to] = FAT_OWNER_DIR | (c->to ? c->to : l->owner[c->head]);
    c->to = to;
    return err;
}

static enum cairn_err slot_put(struct compact *c, uint32_t number,
                               const uint8_t slot[FAT_SLOT_BYTES], struct cairn_why *why)
{
    struct fat_page *page;
    uint8_t *at;
    uint32_t per_cluster = fat_layout_slots(c->l, c->head);
    enum cairn_err err = CAIRN_OK;
    if (number % per_cluster == 0) err = cluster_add(c, why);
    if (!err) err = fat_layout_slot(c->l, c->to, number % per_cluster, &page, &at, why);
    if (err) return err;
    fat_page_change(c->l->fs, page, at, slot, FAT_SLOT_BYTES, FAT_STAGE_NEW);
    fat_page_drop(page);
    return CAIRN_OK;
}

static enum cairn_err slots_write(struct compact *c, struct cairn_why *why)
{
    uint8_t slot[FAT_SLOT_BYTES] = { 0 };
    enum cairn_err err = CAIRN_OK;
    slots_rewind(c);
    for (uint32_t number = 0; number < c->live && !err; number++) {
        bool ended = false;
        err = slot_next(c, slot, &ended, why);
        if (!err && fat_layout_is_dot(slot) && slot[1] == ' ') {
            if (c->l->fs->geo.type == CAIRN_FAT32)
                cairn_le16_put(slot + FAT_SLOT_START_HIGH, (uint16_t)(c->first >> 16));
            cairn_le16_put(slot + FAT_SLOT_START_LOW, (uint16_t)c->first);
        }
        if (!err) err = slot_put(c, number, slot, why);
    }
    return err || c->live ? err : cluster_add(c, why);
}

/* ---- entering -------------------------------------------------------------------------------- */

/* The old clusters are left; those of the new one own what is in them. */
static enum cairn_err chains_swap(struct compact *c, struct cairn_why *why)
{
    struct fat_layout *l = c->l;
    uint32_t old = c->head, next, new = c->first;
    enum cairn_err err = CAIRN_OK;
    while (!err && old) {
        err = fat_table_next(l->fs, old, &next, why);
        if (!err) err = fat_layout_leave(l, old, 1, why);
        old = next;
    }
    while (!err && new) {
        err = fat_layout_adopt(l, new, fat_layout_slots(l, new), why);
        if (!err) err = fat_table_next(l->fs, new, &new, why);
    }
    return err ? err : fat_layout_dotdots(l, c->first, why);
}

enum cairn_err fat_layout_compact(struct fat_layout *l, uint32_t head, struct cairn_why *why)
{
    struct compact c = { .l = l, .head = head };
    struct fat_range all = { 2, fat_cluster_last(l->fs) + 1 };
    enum cairn_err err = measure(&c, why);
    uint32_t need = err ? 0 : clusters_needed(&c);
    if (err || (!c.has_holes && need == c.clusters)) return err;
    if (!fat_layout_take_run(l, all, need, &c.first)) return CAIRN_OK;
    c.spare = c.first;
    err = fat_layout_flush(l, why);
    if (!err) err = slots_write(&c, why);
    if (!err) err = fat_layout_begin(l, why);
    if (!err) err = fat_layout_relink(l, head, c.first, why);
    if (err) return err;
    l->used -= c.clusters - need;
    l->result->directories_shrunk++;
    l->result->moved_clusters += need;
    return chains_swap(&c, why);
}
