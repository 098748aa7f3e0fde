/* SPDX-License-Identifier: ISC */
/* Room in a directory, entries put in and taken out. */
#include "chain.h"
#include "dir.h"

#define HOLE_LOOKS 256u /* slots that one search for a hole looks at */

static uint32_t slots_per_cluster(const struct cairn_fat *fs)
{
    return fs->geo.cluster_bytes / FAT_SLOT_BYTES;
}

/* Slots that the directory has, used or not. */
static enum cairn_err dir_capacity(struct cairn_fat_node *dir, uint32_t *slots,
                                   struct cairn_why *why)
{
    struct cairn_fat *fs = dir->fs;
    *slots = fs->geo.root_entries;
    if (dir->is_root && fs->geo.root_sectors) return CAIRN_OK;
    enum cairn_err err = fat_chain_measure(dir, why);
    if (err) return err;
    uint64_t all = (uint64_t)dir->clusters * slots_per_cluster(fs);
    *slots = (uint32_t)cairn_min_u64(all, FAT_DIR_SLOTS_MAX);
    return CAIRN_OK;
}

/* Slots behind the end mark hold something: clear them, which stage NEW has on the disk before any
 * entry moves the mark. */
static enum cairn_err tail_clear(struct cairn_fat_node *dir, struct cairn_why *why)
{
    struct fat_dir_cursor cursor;
    enum cairn_err err;
    fat_dir_cursor_init(&cursor, dir);
    for (uint32_t slot = dir->end_slot;; slot++) {
        err = fat_dir_cursor_seek(&cursor, slot, why);
        if (err) break;
        memset(cursor.at, 0, FAT_SLOT_BYTES);
        fat_page_touch(dir->fs, cursor.page, FAT_STAGE_NEW);
    }
    fat_dir_cursor_done(&cursor);
    if (err != CAIRN_ENOENT) return err;
    dir->stale_tail = false;
    return CAIRN_OK;
}

/* Look for `slots` adjacent removed slots, from the hint on, at `looks` slots. */
static enum cairn_err hole_find(struct cairn_fat_node *dir, uint32_t slots, uint32_t looks,
                                uint32_t *first, bool *found, struct cairn_why *why)
{
    struct fat_dir_cursor cursor;
    enum cairn_err err = CAIRN_OK;
    uint32_t run = 0, slot = dir->hole_hint;
    *found = false;
    fat_dir_cursor_init(&cursor, dir);
    for (; slot < dir->end_slot && run < slots && looks; slot++, looks--) {
        err = fat_dir_cursor_seek(&cursor, slot, why);
        if (err) break;
        run = cursor.at[0] == FAT_SLOT_FREE ? run + 1 : 0;
    }
    fat_dir_cursor_done(&cursor);
    if (err) return err;
    *found = run == slots;
    *first = slot - run;
    dir->hole_hint = *found ? slot : slot - run;
    return CAIRN_OK;
}

/* One more cluster, all zeros. */
static enum cairn_err dir_grow(struct cairn_fat_node *dir, struct cairn_why *why)
{
    struct cairn_fat *fs = dir->fs;
    if (dir->is_root && fs->geo.root_sectors) {
        (void)cairn_why_fail(why, CAIRN_ENOSPC, "the root directory has only %u entries",
                             fs->geo.root_entries);
        cairn_why_hint(why, "put files into a subdirectory, or make the volume anew with more");
        return CAIRN_ENOSPC;
    }
    uint32_t before = dir->clusters, tail = dir->tail;
    if ((uint64_t)(before + 1) * slots_per_cluster(fs) > FAT_DIR_SLOTS_MAX)
        return cairn_why_fail(why, CAIRN_ENOSPC, "a directory can have only %u slots",
                              FAT_DIR_SLOTS_MAX);
    enum cairn_err err = fat_chain_grow(dir, before + 1, why);
    if (err) return err;
    fat_wrote(fs, fs->geo.cluster_sectors);
    err = cairn_blk_zero(fs->dev, fat_block(fs, fat_cluster_sector(fs, dir->tail)),
                         fat_block(fs, fs->geo.cluster_sectors), why);
    if (err) { /* what it holds is unknown: not a part of the directory */
        enum cairn_err undone = fat_chain_ungrow(dir, tail, NULL);
        if (undone) fat_litter(fs, "a cluster of a directory is not clear", undone);
    }
    return err;
}

/* Look at all removed slots; those whose removal is not on the disk yet have to wait for that. */
static enum cairn_err holes_search(struct cairn_fat_node *dir, uint32_t slots, uint32_t *first,
                                   bool *found, struct cairn_why *why)
{
    enum cairn_err err = CAIRN_OK;
    if (dir->removed_in == dir->fs->epoch) err = fat_drain(dir->fs, why);
    if (err) return err;
    dir->hole_hint = 0;
    return hole_find(dir, slots, FAT_DIR_SLOTS_MAX, first, found, why);
}

/* Room behind the end, which may take more clusters. */
static enum cairn_err end_extend(struct cairn_fat_node *dir, uint32_t slots, uint32_t capacity,
                                 uint32_t *first, struct cairn_why *why)
{
    enum cairn_err err = CAIRN_OK;
    *first = dir->end_slot;
    while (!err && dir->end_slot + slots > capacity) {
        err = dir_grow(dir, why);
        if (!err) err = dir_capacity(dir, &capacity, why);
    }
    return err;
}

/* Where `slots` adjacent free slots are, or will be: a hole near the hint, the end, any hole where
 * there are many, a larger directory; and any hole when it cannot be larger. */
static enum cairn_err room_find(struct cairn_fat_node *dir, uint32_t slots, uint32_t *first,
                                struct cairn_why *why)
{
    bool found = false, may_fit = dir->free_slots >= slots;
    uint32_t capacity;
    enum cairn_err err = CAIRN_OK;
    if (may_fit && dir->removed_in != dir->fs->epoch)
        err = hole_find(dir, slots, HOLE_LOOKS, first, &found, why);
    if (err || found) return err;
    err = dir_capacity(dir, &capacity, why);
    if (err) return err;
    bool many = may_fit && dir->free_slots > dir->end_slot / 8;
    if (many && dir->end_slot + slots > capacity)
        err = holes_search(dir, slots, first, &found, why);
    if (err || found) return err;
    err = end_extend(dir, slots, capacity, first, why);
    if (err != CAIRN_ENOSPC || !may_fit || many) return err;
    enum cairn_err searched = holes_search(dir, slots, first, &found, why);
    return searched || found ? searched : err;
}

/* Pin slots [first, first + slots), one pin each. */
static enum cairn_err slots_pin(struct cairn_fat_node *dir, uint32_t first, uint32_t slots,
                                struct fat_dir_place *place, struct cairn_why *why)
{
    struct fat_dir_cursor cursor;
    enum cairn_err err = CAIRN_OK;
    place->dir = dir;
    place->slot_first = first;
    place->slots = 0;
    fat_dir_cursor_init(&cursor, dir);
    for (uint32_t i = 0; i < slots && !err; i++) {
        err = fat_dir_cursor_seek(&cursor, first + i, why);
        if (err) break;
        place->pages[i] = cursor.page;
        place->at[i] = cursor.at;
        cursor.page->pins++;
        place->slots++;
    }
    fat_dir_cursor_done(&cursor);
    if (err) fat_dir_abandon(place);
    return err;
}

void fat_dir_abandon(struct fat_dir_place *place)
{
    while (place->slots)
        fat_page_drop(place->pages[--place->slots]);
}

enum cairn_err fat_dir_room(struct cairn_fat_node *dir, uint32_t slots, struct fat_dir_place *place,
                            struct cairn_why *why)
{
    uint32_t first;
    enum cairn_err err = fat_dir_survey(dir, why);
    if (!err && dir->stale_tail) err = tail_clear(dir, why);
    if (!err) err = room_find(dir, slots, &first, why);
    if (!err) err = slots_pin(dir, first, slots, place, why);
    return err;
}

enum cairn_err fat_dir_prepare(struct cairn_fat_node *dir, const struct fat_name *name,
                               struct fat_dirent *entry, struct fat_dir_place *place,
                               struct cairn_why *why)
{
    struct cairn_fat *fs = dir->fs;
    struct fat_short alias;
    struct fat_name shown;
    enum cairn_err err = fat_dir_survey(dir, why);
    if (!err) err = fat_dir_alias(dir, name, &alias, why);
    if (err) return err;
    memcpy(entry->raw, alias.raw, FAT_SHORT_BYTES);
    entry->case_bits = alias.case_bits;
    fat_short_to_name(alias.raw, 0, fs->codepage, &shown);
    if (fat_removed_has(fs, dir, fat_name_hash(name)) ||
        fat_removed_has(fs, dir, fat_name_hash(&shown))) {
        err = fat_drain(fs, why); /* never two equal names on the disk */
        if (err) return err;
    }
    uint32_t long_slots = alias.exact ? 0 : fat_long_slots(name);
    return fat_dir_room(dir, long_slots + 1, place, why);
}

void fat_dir_put(struct fat_dir_place *place, uint32_t i, const uint8_t slot[FAT_SLOT_BYTES])
{
    uint8_t *at = place->at[i];
    fat_page_change(place->dir->fs, place->pages[i], at, slot, 1, FAT_STAGE_ADD);
    memcpy(at + 1, slot + 1, FAT_SLOT_BYTES - 1);
}

void fat_dir_commit(struct fat_dir_place *place, const struct fat_name *name,
                    const struct fat_dirent *entry)
{
    struct cairn_fat_node *dir = place->dir;
    uint8_t slot[FAT_SLOT_BYTES], sum = fat_long_checksum(entry->raw);
    uint32_t last = place->slots - 1, end = place->slot_first + place->slots;
    for (uint32_t i = 0; i < last; i++) {
        fat_long_encode(name, last - i, sum, slot);
        fat_dir_put(place, i, slot);
    }
    fat_dirent_encode(entry, slot);
    fat_dir_put(place, last, slot);
    if (place->slot_first < dir->end_slot) dir->free_slots -= place->slots;
    if (end > dir->end_slot) dir->end_slot = end;
    dir->live_entries++;
    if (!dir->too_big && !fat_dir_index_add(dir, name, entry->raw, place->slot_first + last))
        fat_index_clear(&dir->fs->index);
    fat_dir_abandon(place);
}

enum cairn_err fat_dir_pin(struct cairn_fat_node *dir, uint32_t slot_first, uint32_t slot,
                           struct fat_dir_place *place, struct cairn_why *why)
{
    return slots_pin(dir, slot_first, slot - slot_first + 1, place, why);
}

void fat_dir_erase(struct fat_dir_place *place, const struct fat_found *found)
{
    static const uint8_t gone = FAT_SLOT_FREE;
    struct cairn_fat_node *dir = place->dir;
    for (uint32_t i = 0; i < place->slots; i++)
        fat_page_change(dir->fs, place->pages[i], place->at[i], &gone, 1, FAT_STAGE_REMOVE);
    fat_dir_index_remove(dir, found);
    dir->free_slots += place->slots;
    dir->live_entries--;
    dir->removed_in = dir->fs->epoch;
    if (place->slot_first < dir->hole_hint) dir->hole_hint = place->slot_first;
    fat_dir_abandon(place);
}
