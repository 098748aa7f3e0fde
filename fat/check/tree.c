/* SPDX-License-Identifier: ISC */
/*
 * The walk over all directories, depth first, without recursion. A directory is scanned as a whole;
 * then its slots are gone through once more, now for its subdirectories alone, which are entered
 * one by one. So a frame is all that is kept of a directory on the way, whatever its size.
 */
#include "../repair/mend.h"

static struct fat_check_frame *frame_at(struct fat_check *c, uint32_t depth)
{
    return (struct fat_check_frame *)(void *)c->room + depth;
}

static bool frame_fits(const struct fat_check *c)
{
    return (c->depth + 1) * sizeof(struct fat_check_frame) <= c->room_bytes;
}

/* Scan a directory whose clusters are claimed, and remember it when something lies below it. */
static void dir_enter(struct fat_check *c, const struct fat_check_cursor *start,
                      struct fat_check_scan *scan)
{
    uint64_t clusters = c->geometry.cluster_count, used = c->result->used_clusters;
    fat_check_dir(c, start, scan);
    fat_check_progress(c, clusters + (used ? c->claimed * clusters / used : 0));
    if (scan->subdirs == 0) return;
    *frame_at(c, c->depth++) = (struct fat_check_frame){
        .start = scan->start, .subdirs = scan->subdirs, .next = scan->first, .path_len = c->path_len
    };
}

/* Levels between the directory at hand and one of those it lies in that starts at this cluster;
 * 0: none does. Only so many levels are looked at: a chain-shared tells of the others. */
static uint32_t ancestor_level(struct fat_check *c, uint32_t start)
{
    for (uint32_t level = 1; level <= c->depth && level <= FAT_CHECK_ANCESTORS; level++)
        if (frame_at(c, c->depth - level)->start == start) return level;
    return frame_at(c, 0)->start == start ? c->depth : 0;
}

static void descend(struct fat_check *c, uint32_t start)
{
    struct fat_check_chain chain = { .start = start, .is_dir = true };
    uint32_t level = ancestor_level(c, start), parent = frame_at(c, c->depth - 1)->start;
    if (level) {
        c->name = &c->entry_name;
        fat_check_find(c, CAIRN_FAT_FAULT_DIR_PARENT, start, level, 0);
        c->name = NULL;
        return;
    }
    fat_check_path_push(c, &c->entry_name);
    if (c->mend && fat_mend_dir_is_elsewhere(c, start, c->depth > 1 ? parent : 0)) {
        chain.elsewhere = true;
        c->chain = &chain;
        fat_check_find(c, CAIRN_FAT_FAULT_CHAIN_SHARED, start, 0, 0);
        c->chain = NULL;
        return;
    }
    fat_check_claim(c, &chain);
    c->chain = NULL;
    c->cut_tree |= !frame_fits(c);
    if (chain.clusters == 0 || !frame_fits(c)) return;
    struct fat_check_cursor cursor = { .cluster = start, .left = chain.clusters };
    struct fat_check_scan scan = { .start = start,
                                   .parent = c->depth > 1 ? parent : 0,
                                   .entry_at = c->slot_at };
    c->result->directories++;
    dir_enter(c, &cursor, &scan);
}

/* Is this slot a subdirectory? Then its name is in entry_name. The same rules as in the scan. */
static bool slot_is_subdir(struct fat_check *c, const struct fat_check_unit *unit,
                           const uint8_t *slot, uint32_t number, struct fat_dirent *entry)
{
    if (slot[0] != FAT_SLOT_FREE && fat_slot_is_long(slot)) {
        if (unit->garbage && fat_check_slot_is_nonsense(slot)) return false;
        (void)fat_long_add(&c->reader, slot, number);
        fat_check_long_track(c, slot);
        return false;
    }
    fat_dirent_decode(slot, c->geometry.type, entry);
    bool subdir = slot[0] != FAT_SLOT_FREE && fat_check_is_subdir(c, entry) &&
                  fat_check_dot_kind(slot) == 2 &&
                  !(unit->garbage && fat_check_slot_is_nonsense(slot));
    bool has_long = subdir && fat_long_matches(&c->reader, entry->raw);
    if (has_long)
        fat_name_copy(&c->entry_name, &c->reader.name);
    else if (subdir)
        fat_short_to_name(entry->raw, entry->case_bits, c->options.codepage, &c->entry_name);
    if (!has_long) c->long_count = 0;
    fat_long_reset(&c->reader);
    return subdir;
}

/* Look for the frame's next subdirectory in one unit; it is then behind the frame's cursor. */
static bool unit_find(struct fat_check *c, struct fat_check_frame *frame,
                      const struct fat_check_unit *unit, struct fat_dirent *entry)
{
    for (uint32_t i = unit->from; i < unit->count; i++) {
        const uint8_t *slot = unit->slots + (size_t)i * FAT_SLOT_BYTES;
        uint32_t number = unit->start.slot + i;
        c->slot_at = unit->at + (uint64_t)i * FAT_SLOT_BYTES;
        if (slot[0] == FAT_SLOT_END) {
            frame->subdirs = 0;
            return false;
        }
        if (!slot_is_subdir(c, unit, slot, number, entry)) continue;
        frame->subdirs--;
        frame->next = unit->start;
        frame->next.offset += (i + 1) * FAT_SLOT_BYTES;
        frame->next.slot += i + 1;
        c->sector = c->slot_at / c->geometry.sector_bytes;
        return true;
    }
    return false;
}

static bool subdir_next(struct fat_check *c, struct fat_check_frame *frame,
                        struct fat_dirent *entry)
{
    struct fat_check_unit unit;
    fat_long_reset(&c->reader);
    while (frame->subdirs && fat_check_unit_next(c, &frame->next, &unit))
        if (unit_find(c, frame, &unit, entry)) return true;
    return false;
}

static void root_enter(struct fat_check *c)
{
    struct fat_check_cursor cursor = { 0 };
    struct fat_check_scan scan = { .is_root = true };
    struct fat_check_chain chain = { .start = c->geometry.root_cluster, .is_dir = true };
    c->slot_at = FAT_CHECK_NOWHERE;
    if (c->geometry.type == CAIRN_FAT32) {
        fat_check_claim(c, &chain);
        c->chain = NULL;
        cursor.cluster = scan.start = c->geometry.root_cluster;
        cursor.left = chain.clusters;
        if (chain.clusters == 0) return;
    }
    dir_enter(c, &cursor, &scan);
}

/* All that lies below the frames above so many. */
static void frames_walk(struct fat_check *c, uint32_t depth)
{
    struct fat_dirent entry;
    while (c->depth > depth && !c->canceled) {
        struct fat_check_frame *frame = frame_at(c, c->depth - 1);
        c->path_len = frame->path_len;
        if (subdir_next(c, frame, &entry))
            descend(c, entry.start);
        else
            c->depth--;
        c->sector = FAT_CHECK_NOWHERE;
    }
}

void fat_check_tree(struct fat_check *c)
{
    c->in_tree = true;
    root_enter(c);
    frames_walk(c, 0);
    c->in_tree = false;
}

void fat_check_tree_more(struct fat_check *c, uint32_t parent, const struct fat_name *parent_name,
                         uint32_t start)
{
    uint32_t root = c->geometry.type == CAIRN_FAT32 ? c->geometry.root_cluster : 0;
    c->in_tree = true;
    c->path_len = c->depth = 0;
    if (parent_name) fat_check_path_push(c, parent_name);
    *frame_at(c, c->depth++) = (struct fat_check_frame){ .start = root };
    c->cut_tree |= !frame_fits(c);
    if (!c->cut_tree) {
        if (parent_name) *frame_at(c, c->depth++) = (struct fat_check_frame){ .start = parent };
        uint32_t depth = c->depth;
        descend(c, start);
        frames_walk(c, depth);
    }
    c->depth = 0;
    c->in_tree = false;
}
