/* SPDX-License-Identifier: ISC */
#include "dir.h"

#include "chain.h"

/* ---- the cursor ------------------------------------------------------------------------------ */

void fat_dir_cursor_init(struct fat_dir_cursor *cursor, struct cairn_fat_node *dir)
{
    *cursor = (struct fat_dir_cursor){ .dir = dir };
}

void fat_dir_cursor_done(struct fat_dir_cursor *cursor)
{
    if (cursor->page) fat_page_drop(cursor->page);
    cursor->page = NULL;
}

/* The sector of a slot, and how many sectors of the directory follow it on the disk (that one
 * included); CAIRN_ENOENT behind the end. */
static enum cairn_err slot_sector(struct cairn_fat_node *dir, uint32_t slot, uint64_t *sector,
                                  uint64_t *sectors, struct cairn_why *why)
{
    struct cairn_fat *fs = dir->fs;
    const struct cairn_fat_geometry *geo = &fs->geo;
    if (slot >= FAT_DIR_SLOTS_MAX) return CAIRN_ENOENT;
    uint32_t in_dir = slot / (geo->sector_bytes / FAT_SLOT_BYTES);
    if (dir->is_root && geo->root_sectors) {
        if (slot >= geo->root_entries) return CAIRN_ENOENT;
        *sector = geo->root_start + in_dir;
        *sectors = geo->root_sectors - in_dir;
        return CAIRN_OK;
    }
    if (dir->entry.start == 0) return fat_corrupt(fs, why, "a directory has no cluster");
    uint32_t cluster, count, rest = in_dir % geo->cluster_sectors;
    enum cairn_err err =
        fat_chain_run(dir, in_dir / geo->cluster_sectors, 16, &cluster, &count, why);
    if (err) return err;
    if (!count) return CAIRN_ENOENT;
    *sector = fat_cluster_sector(fs, cluster) + rest;
    *sectors = (uint64_t)count * geo->cluster_sectors - rest;
    return CAIRN_OK;
}

enum cairn_err fat_dir_cursor_seek(struct fat_dir_cursor *cursor, uint32_t slot,
                                   struct cairn_why *why)
{
    struct cairn_fat *fs = cursor->dir->fs;
    uint32_t per_page = fs->cache.page_bytes / FAT_SLOT_BYTES;
    bool next_page = slot == cursor->slot + 1;
    if (cursor->page && slot / per_page == cursor->slot / per_page && slot < FAT_DIR_SLOTS_MAX) {
        cursor->at += ((ptrdiff_t)slot - (ptrdiff_t)cursor->slot) * (ptrdiff_t)FAT_SLOT_BYTES;
        cursor->slot = slot;
        if (!cursor->dir->is_root || !fs->geo.root_sectors || slot < fs->geo.root_entries)
            return CAIRN_OK;
    }
    fat_dir_cursor_done(cursor);
    uint64_t sector = 0, sectors = 0;
    enum cairn_err err = slot_sector(cursor->dir, slot, &sector, &sectors, why);
    if (err) return err;
    if (next_page) fat_page_prefetch(fs, sector, sectors);
    err = fat_page_get(fs, sector, &cursor->page, &cursor->at, why);
    if (err) {
        cursor->page = NULL;
        return err;
    }
    cursor->at += slot % (fs->geo.sector_bytes / FAT_SLOT_BYTES) * FAT_SLOT_BYTES;
    cursor->slot = slot;
    return CAIRN_OK;
}

/* ---- reading entries ------------------------------------------------------------------------- */

static bool is_dot(const uint8_t *slot)
{
    static const uint8_t dots[12] = "..         ";
    return slot[0] == '.' && (memcmp(slot + 1, dots + 2, 9) == 0 || memcmp(slot, dots, 11) == 0);
}

/* A slot that an entry of its own is in: not free, not long, not "." or "..". */
static bool is_entry(const uint8_t *slot, bool with_label)
{
    if (slot[0] == FAT_SLOT_FREE || fat_slot_is_long(slot) || is_dot(slot)) return false;
    return with_label || !(slot[FAT_SLOT_ATTR] & CAIRN_FAT_VOLUME);
}

static void found_fill(const struct cairn_fat *fs, const uint8_t *slot, uint32_t number,
                       const struct fat_long_reader *reader, struct fat_found *found)
{
    fat_dirent_decode(slot, fs->geo.type, &found->entry);
    found->slot = found->slot_first = number;
    found->has_long = fat_long_matches(reader, found->entry.raw);
    if (found->has_long) {
        found->name = reader->name;
        found->slot_first = (uint32_t)reader->first_slot;
    } else {
        uint8_t case_bits = fat_short_case(found->entry.case_bits, fs->short_names);
        fat_short_to_name(found->entry.raw, case_bits, fs->codepage, &found->name);
    }
}

enum cairn_err fat_dir_next(struct cairn_fat_node *dir, uint32_t from, bool with_label,
                            struct fat_found *found, struct cairn_why *why)
{
    struct fat_dir_cursor cursor;
    struct fat_long_reader reader;
    enum cairn_err err;
    fat_dir_cursor_init(&cursor, dir);
    fat_long_reset(&reader);
    for (uint32_t slot = from;; slot++) {
        err = fat_dir_cursor_seek(&cursor, slot, why);
        if (err) break;
        if (cursor.at[0] == FAT_SLOT_END) {
            err = CAIRN_ENOENT;
            break;
        }
        if (is_entry(cursor.at, with_label)) {
            found_fill(dir->fs, cursor.at, slot, &reader, found);
            break;
        }
        if (cursor.at[0] != FAT_SLOT_FREE && fat_slot_is_long(cursor.at))
            (void)fat_long_add(&reader, cursor.at, slot);
        else
            fat_long_reset(&reader);
    }
    fat_dir_cursor_done(&cursor);
    return err;
}

/* The first of the long slots before `slot`, or slot when there are none that could be its. */
static enum cairn_err long_start(struct fat_dir_cursor *cursor, uint32_t slot, uint32_t *first,
                                 struct cairn_why *why)
{
    *first = slot;
    for (uint32_t n = 1; n <= FAT_LONG_SLOTS_MAX && n <= slot; n++) {
        enum cairn_err err = fat_dir_cursor_seek(cursor, slot - n, why);
        if (err) return err;
        uint32_t order = cursor->at[0];
        if (order == FAT_SLOT_FREE || !fat_slot_is_long(cursor->at)) return CAIRN_OK;
        if ((order & 0x3Fu) != n) return CAIRN_OK;
        if (order & FAT_LONG_LAST) {
            *first = slot - n;
            return CAIRN_OK;
        }
    }
    return CAIRN_OK;
}

enum cairn_err fat_dir_read(struct cairn_fat_node *dir, uint32_t slot, struct fat_found *found,
                            struct cairn_why *why)
{
    struct fat_dir_cursor cursor;
    struct fat_long_reader reader;
    uint32_t first;
    fat_dir_cursor_init(&cursor, dir);
    fat_long_reset(&reader);
    enum cairn_err err = long_start(&cursor, slot, &first, why);
    for (uint32_t i = first; !err && i < slot; i++) {
        err = fat_dir_cursor_seek(&cursor, i, why);
        if (!err) (void)fat_long_add(&reader, cursor.at, i);
    }
    if (!err) err = fat_dir_cursor_seek(&cursor, slot, why);
    if (!err && (cursor.at[0] == FAT_SLOT_END || !is_entry(cursor.at, false))) err = CAIRN_ENOENT;
    if (!err) found_fill(dir->fs, cursor.at, slot, &reader, found);
    fat_dir_cursor_done(&cursor);
    return err;
}

/* ---- finding --------------------------------------------------------------------------------- */

static bool found_is(const struct cairn_fat *fs, const struct fat_found *found,
                     const struct fat_name *name)
{
    struct fat_name alias;
    if (fat_name_equal(&found->name, name)) return true;
    if (!found->has_long || name->len > 12) return false;
    fat_short_to_name(found->entry.raw, 0, fs->codepage, &alias);
    return fat_name_equal(&alias, name);
}

static enum cairn_err find_in_line(struct cairn_fat_node *dir, const struct fat_name *name,
                                   struct fat_found *found, struct cairn_why *why)
{
    enum cairn_err err = fat_dir_next(dir, 0, false, found, why);
    while (!err && !found_is(dir->fs, found, name))
        err = fat_dir_next(dir, found->slot + 1, false, found, why);
    return err;
}

enum cairn_err fat_dir_find(struct cairn_fat_node *dir, const struct fat_name *name,
                            struct fat_found *found, struct cairn_why *why)
{
    struct cairn_fat *fs = dir->fs;
    enum cairn_err err = fat_dir_survey(dir, why);
    if (err == CAIRN_ECORRUPT || (!err && dir->too_big)) /* what is readable is still found */
        return find_in_line(dir, name, found, why);
    if (err) return err;
    uint32_t hash = fat_name_hash(name), cursor = 0, slot;
    while (fat_index_next(&fs->index, dir->index_id, hash, &cursor, &slot)) {
        err = fat_dir_read(dir, slot, found, why);
        if (err && err != CAIRN_ENOENT) return err;
        if (!err && found_is(fs, found, name)) return CAIRN_OK;
    }
    return CAIRN_ENOENT;
}

/* ---- surveying ------------------------------------------------------------------------------- */

static uint32_t alias_hash(const struct cairn_fat *fs, const uint8_t raw[FAT_SHORT_BYTES])
{
    struct fat_name alias;
    fat_short_to_name(raw, 0, fs->codepage, &alias);
    return fat_name_hash(&alias);
}

bool fat_dir_index_add(struct cairn_fat_node *dir, const struct fat_name *name,
                       const uint8_t raw[FAT_SHORT_BYTES], uint32_t slot)
{
    struct fat_index *index = &dir->fs->index;
    uint32_t hash = fat_name_hash(name), short_hash = alias_hash(dir->fs, raw);
    if (!fat_index_add(index, dir->index_id, hash, slot)) return false;
    if (short_hash != hash && !fat_index_add(index, dir->index_id, short_hash, slot)) return false;
    return fat_dir_alias_note(dir, raw);
}

void fat_dir_index_remove(struct cairn_fat_node *dir, const struct fat_found *found)
{
    struct cairn_fat *fs = dir->fs;
    uint32_t hash = fat_name_hash(&found->name), short_hash = alias_hash(fs, found->entry.raw);
    fat_index_remove(&fs->index, dir->index_id, hash, found->slot);
    if (short_hash != hash) fat_index_remove(&fs->index, dir->index_id, short_hash, found->slot);
    fat_removed_add(fs, dir, hash);
    fat_removed_add(fs, dir, short_hash);
}

/* Put all names into the index; *fits is false when it became full. */
static enum cairn_err index_build(struct cairn_fat_node *dir, bool *fits, struct cairn_why *why)
{
    struct fat_found found;
    dir->index_id = fat_index_open(&dir->fs->index);
    dir->live_entries = 0;
    *fits = true;
    enum cairn_err err = fat_dir_next(dir, 0, false, &found, why);
    while (!err && *fits) {
        dir->live_entries++;
        *fits = fat_dir_index_add(dir, &found.name, found.entry.raw, found.slot);
        err = fat_dir_next(dir, found.slot + 1, false, &found, why);
    }
    return err == CAIRN_ENOENT ? CAIRN_OK : err;
}

/* Find the end, count the holes, look whether anything is left behind the end mark. */
static enum cairn_err slots_count(struct cairn_fat_node *dir, struct cairn_why *why)
{
    struct fat_dir_cursor cursor;
    enum cairn_err err;
    uint32_t slot = 0;
    bool ended = false;
    dir->free_slots = 0;
    dir->stale_tail = false;
    dir->hole_hint = UINT32_MAX;
    fat_dir_cursor_init(&cursor, dir);
    for (;; slot++) {
        err = fat_dir_cursor_seek(&cursor, slot, why);
        if (err) break;
        if (!ended && cursor.at[0] == FAT_SLOT_END) {
            ended = true;
            dir->end_slot = slot;
        } else if (ended && cursor.at[0] != FAT_SLOT_END) {
            dir->stale_tail = true;
        } else if (cursor.at[0] == FAT_SLOT_FREE) {
            if (dir->hole_hint == UINT32_MAX) dir->hole_hint = slot;
            dir->free_slots++;
        }
    }
    fat_dir_cursor_done(&cursor);
    if (!ended) dir->end_slot = slot;
    return err == CAIRN_ENOENT ? CAIRN_OK : err;
}

enum cairn_err fat_dir_survey(struct cairn_fat_node *dir, struct cairn_why *why)
{
    struct fat_index *index = &dir->fs->index;
    if (dir->surveyed && (dir->too_big || fat_index_has(index, dir->index_id))) return CAIRN_OK;
    enum cairn_err err;
    if (!dir->surveyed) {
        err = slots_count(dir, why);
        if (err) return err;
    }
    bool fits;
    err = index_build(dir, &fits, why);
    if (!err && !fits) {
        fat_index_clear(index);
        err = index_build(dir, &fits, why);
        dir->too_big = !fits;
        if (!fits) fat_index_clear(index);
    }
    if (err) dir->index_id = 0;
    dir->surveyed = !err;
    return err;
}

enum cairn_err fat_dir_empty(struct cairn_fat_node *dir, struct cairn_why *why)
{
    struct fat_found found;
    enum cairn_err err = fat_dir_next(dir, 0, false, &found, why);
    if (err == CAIRN_ENOENT) return CAIRN_OK;
    return err ? err : cairn_why_fail(why, CAIRN_ENOTEMPTY, "remove the directory");
}
