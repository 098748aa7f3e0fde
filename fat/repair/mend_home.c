/* SPDX-License-Identifier: ISC */
/* Directories that are looked through besides the walk: whose entry is it that leads here? */
#include "mend.h"

#define DIR_BYTES_MOST (2u << 20) /* of any that a driver accepts */

void fat_mend_walk_begin(const struct fat_check *c, struct fat_mend_walk *walk, uint32_t start)
{
    bool is_32 = c->geometry.type == CAIRN_FAT32;
    *walk = (struct fat_mend_walk){ .left = DIR_BYTES_MOST / c->geometry.cluster_bytes };
    walk->cluster = start == 0 && is_32 ? c->geometry.root_cluster : start;
    walk->fixed = walk->cluster == 0;
    if (walk->left == 0) walk->left = 1;
}

/* Go to the next cluster, when this one is through. */
static bool walk_settle(struct fat_check *c, struct fat_mend_walk *walk)
{
    if (walk->fixed) return walk->offset < c->geometry.root_entries * FAT_SLOT_BYTES;
    if (walk->last && walk->offset < c->geometry.cluster_bytes) return true;
    uint32_t next = walk->last ? fat_check_next(c, walk->last) : walk->cluster;
    if (!fat_check_in_range(c, next) || next >= c->entries || next >= c->outside) return false;
    if (walk->left-- == 0) return false;
    walk->last = next;
    walk->offset = 0;
    return true;
}

bool fat_mend_walk_next(struct fat_check *c, struct fat_mend_walk *walk)
{
    if (!walk_settle(c, walk)) return false;
    uint32_t limit = c->geometry.cluster_bytes;
    if (walk->fixed) limit = c->geometry.root_entries * FAT_SLOT_BYTES;
    uint32_t bytes = (uint32_t)cairn_min_u64(limit - walk->offset, FAT_CHECK_UNIT);
    walk->at = walk->offset + (walk->fixed ? fat_check_sector_at(c, c->geometry.root_start)
                                           : fat_check_cluster_at(c, walk->last));
    walk->slots = fat_check_view(c, &c->mend->window, walk->at, bytes);
    walk->count = bytes / FAT_SLOT_BYTES;
    walk->offset += bytes;
    return true;
}

/* Is the slot an entry of a file or directory? */
bool fat_mend_walk_entry(const struct fat_check *c, const uint8_t *slot, struct fat_dirent *entry)
{
    if (slot[0] == FAT_SLOT_FREE || fat_slot_is_long(slot)) return false;
    if (fat_check_slot_is_nonsense(slot) || fat_check_dot_kind(slot) < 2) return false;
    fat_dirent_decode(slot, c->geometry.type, entry);
    return !(entry->attributes & CAIRN_FAT_VOLUME);
}

bool fat_mend_dir_names(struct fat_check *c, uint32_t dir, uint32_t start)
{
    struct fat_mend_walk walk;
    struct fat_dirent entry;
    fat_mend_walk_begin(c, &walk, dir);
    while (fat_mend_walk_next(c, &walk)) {
        if (c->mend->lookups < walk.count) return false;
        c->mend->lookups -= walk.count;
        for (uint32_t i = 0; i < walk.count; i++) {
            const uint8_t *slot = walk.slots + i * FAT_SLOT_BYTES;
            if (slot[0] == FAT_SLOT_END) return false;
            if (fat_mend_walk_entry(c, slot, &entry) && entry.start == start &&
                (entry.attributes & CAIRN_FAT_DIRECTORY))
                return true;
        }
    }
    return false;
}

/* One that was removed still looks like a directory. */
static bool is_used_dir(struct fat_check *c, uint32_t start)
{
    if (!fat_check_in_range(c, start)) return false;
    uint32_t next = fat_check_next(c, start);
    return next != FATENT_FREE && next != FATENT_BAD && fat_check_is_lost_dir(c, start);
}

/* A move that was cut off leaves both entries; ".." knows which of them is meant. */
bool fat_mend_dir_is_elsewhere(struct fat_check *c, uint32_t start, uint32_t parent)
{
    struct fat_dirent up;
    if (!fat_check_is_lost_dir(c, start)) return false;
    const uint8_t *slots =
        fat_check_view(c, &c->mend->window, fat_check_cluster_at(c, start), 2 * FAT_SLOT_BYTES);
    fat_dirent_decode(slots + FAT_SLOT_BYTES, c->geometry.type, &up);
    if (up.start == c->geometry.root_cluster) up.start = 0;
    if (up.start == parent || up.start == start) return false;
    if (up.start && !is_used_dir(c, up.start)) return false;
    return fat_mend_dir_names(c, up.start, start);
}
