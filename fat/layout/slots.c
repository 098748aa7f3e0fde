/* SPDX-License-Identifier: ISC */
/* Directories by cluster and slot: what moves has no nodes. */
#include "layout.h"

uint32_t fat_layout_slots(const struct fat_layout *l, uint32_t cluster)
{
    const struct cairn_fat_geometry *geo = &l->fs->geo;
    return cluster ? geo->cluster_bytes / FAT_SLOT_BYTES : geo->root_entries;
}

enum cairn_err fat_layout_slot(struct fat_layout *l, uint32_t cluster, uint32_t slot,
                               struct fat_page **page, uint8_t **at, struct cairn_why *why)
{
    struct cairn_fat *fs = l->fs;
    uint64_t sector = cluster ? fat_cluster_sector(fs, cluster) : fs->geo.root_start;
    uint32_t per_sector = fs->geo.sector_bytes / FAT_SLOT_BYTES;
    enum cairn_err err = fat_page_get(fs, sector + slot / per_sector, page, at, why);
    if (!err) *at += slot % per_sector * FAT_SLOT_BYTES;
    return err;
}

bool fat_layout_is_dot(const uint8_t *slot)
{
    static const uint8_t dots[13] = "..          ";
    return slot[0] == '.' && (memcmp(slot + 1, dots + 2, 10) == 0 || memcmp(slot, dots, 11) == 0);
}

uint32_t fat_layout_start(const struct fat_layout *l, const uint8_t *slot)
{
    struct fat_dirent entry;
    fat_dirent_decode(slot, l->fs->geo.type, &entry);
    return entry.start;
}

bool fat_layout_leads(const struct fat_layout *l, const uint8_t *slot)
{
    if (slot[0] == FAT_SLOT_FREE || fat_slot_is_long(slot) || fat_layout_is_dot(slot)) return false;
    if (slot[FAT_SLOT_ATTR] & CAIRN_FAT_VOLUME) return false;
    return fat_layout_start(l, slot) != 0;
}

void fat_layout_start_put(struct fat_layout *l, struct fat_page *page, uint8_t *slot,
                          uint32_t start, enum fat_stage stage)
{
    uint8_t bytes[FAT_SLOT_SIZE - FAT_SLOT_START_HIGH];
    memcpy(bytes, slot + FAT_SLOT_START_HIGH, sizeof bytes);
    if (l->fs->geo.type == CAIRN_FAT32) cairn_le16_put(bytes, (uint16_t)(start >> 16));
    cairn_le16_put(bytes + (FAT_SLOT_START_LOW - FAT_SLOT_START_HIGH), (uint16_t)start);
    fat_page_change(l->fs, page, slot + FAT_SLOT_START_HIGH, bytes, sizeof bytes, stage);
}

enum cairn_err fat_layout_slot_of(struct fat_layout *l, uint32_t cluster, uint32_t start,
                                  uint32_t *slot, struct fat_page **page, uint8_t **at,
                                  struct cairn_why *why)
{
    for (*slot = 0; *slot < fat_layout_slots(l, cluster); ++*slot) {
        enum cairn_err err = fat_layout_slot(l, cluster, *slot, page, at, why);
        if (err) return err;
        if ((*at)[0] == FAT_SLOT_END) {
            fat_page_drop(*page);
            break;
        }
        if (fat_layout_leads(l, *at) && fat_layout_start(l, *at) == start) return CAIRN_OK;
        fat_page_drop(*page);
    }
    return fat_corrupt(l->fs, why, "the entry of the chain from cluster %u is gone", start);
}

uint32_t fat_layout_head(const struct fat_layout *l, uint32_t cluster)
{
    while (cluster && !(l->owner[cluster] & FAT_OWNER_HEAD))
        cluster = l->owner[cluster] & FAT_OWNER_NUMBER;
    return cluster;
}

/* The cluster behind this one in a directory; 0: none, or the fixed root. */
static enum cairn_err dir_next(struct fat_layout *l, uint32_t cluster, uint32_t *next,
                               struct cairn_why *why)
{
    *next = 0;
    return cluster ? fat_table_next(l->fs, cluster, next, why) : CAIRN_OK;
}

/* ---- ".." ------------------------------------------------------------------------------------ */

/* Let ".." of the directory that starts at `dir` lead to `parent`. */
static enum cairn_err dotdot_set(struct fat_layout *l, uint32_t dir, uint32_t parent,
                                 struct cairn_why *why)
{
    struct fat_page *page;
    uint8_t *at;
    enum cairn_err err = fat_layout_slot(l, dir, 1, &page, &at, why);
    if (err) return err;
    bool is_stale = fat_layout_is_dot(at) && at[1] == '.' && fat_layout_start(l, at) != parent;
    fat_page_drop(page);
    if (!is_stale || l->fs->read_only) return CAIRN_OK;
    err = fat_layout_begin(l, why);
    if (!err) err = fat_layout_slot(l, dir, 1, &page, &at, why);
    if (err) return err;
    fat_layout_start_put(l, page, at, parent, FAT_STAGE_REMOVE);
    fat_page_drop(page);
    return CAIRN_OK;
}

/* Those in one cluster; *ended at the directory's end mark. */
static enum cairn_err dotdots_in(struct fat_layout *l, uint32_t cluster, uint32_t parent,
                                 bool *ended, struct cairn_why *why)
{
    for (uint32_t slot = 0; slot < fat_layout_slots(l, cluster) && !*ended; slot++) {
        struct fat_page *page;
        uint8_t *at;
        enum cairn_err err = fat_layout_slot(l, cluster, slot, &page, &at, why);
        if (err) return err;
        *ended = at[0] == FAT_SLOT_END;
        bool is_dir =
            !*ended && (at[FAT_SLOT_ATTR] & CAIRN_FAT_DIRECTORY) && fat_layout_leads(l, at);
        uint32_t start = is_dir ? fat_layout_start(l, at) : 0;
        fat_page_drop(page);
        if (is_dir) err = dotdot_set(l, start, parent, why);
        if (err) return err;
    }
    return CAIRN_OK;
}

enum cairn_err fat_layout_dotdots(struct fat_layout *l, uint32_t head, struct cairn_why *why)
{
    bool is_root = head == l->fs->geo.root_cluster, ended = false;
    uint32_t cluster = head;
    enum cairn_err err = CAIRN_OK;
    do {
        err = dotdots_in(l, cluster, is_root ? 0 : head, &ended, why);
        if (!err) err = dir_next(l, cluster, &cluster, why);
    } while (!err && cluster && !ended);
    return err;
}

enum cairn_err fat_layout_adopt(struct fat_layout *l, uint32_t cluster, uint32_t count,
                                struct cairn_why *why)
{
    for (uint32_t slot = 0; slot < count; slot++) {
        struct fat_page *page;
        uint8_t *at;
        enum cairn_err err = fat_layout_slot(l, cluster, slot, &page, &at, why);
        if (err) return err;
        bool ended = at[0] == FAT_SLOT_END;
        uint32_t start = !ended && fat_layout_leads(l, at) ? fat_layout_start(l, at) : 0;
        fat_page_drop(page);
        if (ended) break;
        if (start && fat_cluster_valid(l->fs, start))
            l->owner[start] = (l->owner[start] & FAT_OWNER_DIR) | FAT_OWNER_HEAD | cluster;
    }
    return CAIRN_OK;
}
