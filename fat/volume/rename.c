/* SPDX-License-Identifier: ISC */
/*
 * Renaming. Three ways, so that a power cut leaves the old name, the new name, or both: a new entry
 * and then the old one's removal; an existing target's entry taken over in place; a change of case
 * written over the long name. Two equal names can be left only where a change of case needs long
 * slots that the name did not have.
 */
#include "ops.h"

struct rename {
    struct cairn_fat_node *from_dir, *to_dir;
    struct cairn_fat_node *node; /* what is renamed; held */
    struct fat_found from, to;
    struct fat_name name; /* the new one */
};

/* ---- ".." ------------------------------------------------------------------------------------ */

#define DOTDOT_AT FAT_SLOT_START_HIGH
#define DOTDOT_BYTES (FAT_SLOT_SIZE - DOTDOT_AT)

/* Pin the ".." slot of a directory that changes its parent; nothing for others. */
static enum cairn_err dotdot_pin(const struct rename *r, struct fat_dir_cursor *cursor,
                                 struct cairn_why *why)
{
    fat_dir_cursor_init(cursor, r->node);
    if (!fat_node_is_dir(r->node) || r->from_dir == r->to_dir) return CAIRN_OK;
    return fat_dir_cursor_seek(cursor, 1, why);
}

static void dotdot_set(const struct rename *r, struct fat_dir_cursor *cursor)
{
    static const uint8_t name[FAT_SHORT_BYTES] = "..         ";
    if (cursor->page && memcmp(cursor->at, name, sizeof name) == 0) {
        struct cairn_fat *fs = r->node->fs;
        struct fat_dirent entry;
        uint8_t slot[FAT_SLOT_BYTES];
        fat_dirent_decode(cursor->at, fs->geo.type, &entry);
        entry.start = r->to_dir->is_root ? 0 : r->to_dir->entry.start;
        fat_dirent_encode(&entry, slot);
        fat_page_change(fs, cursor->page, cursor->at + DOTDOT_AT, slot + DOTDOT_AT, DOTDOT_BYTES,
                        FAT_STAGE_REMOVE);
    }
    fat_dir_cursor_done(cursor);
}

/* ---- the three ways -------------------------------------------------------------------------- */

static void dirs_changed(const struct rename *r)
{
    fat_dir_changed(r->from_dir);
    if (r->to_dir != r->from_dir) fat_dir_changed(r->to_dir);
}

static enum cairn_err rename_new(struct rename *r, struct cairn_why *why)
{
    struct fat_dirent entry = r->node->entry;
    struct fat_dir_place new, old;
    struct fat_dir_cursor dotdot;
    enum cairn_err err = fat_dir_prepare(r->to_dir, &r->name, &entry, &new, why);
    if (err) return err;
    err = fat_dir_pin(r->from_dir, r->node->slot_first, r->node->slot, &old, why);
    if (!err) {
        err = dotdot_pin(r, &dotdot, why);
        if (err) fat_dir_abandon(&old);
    }
    if (err) {
        fat_dir_abandon(&new);
        return err;
    }
    uint32_t first = new.slot_first, slot = first + new.slots - 1;
    fat_dir_commit(&new, &r->name, &entry);
    fat_dir_erase(&old, &r->from);
    dotdot_set(r, &dotdot);
    fat_node_move(r->node, r->to_dir, first, slot);
    r->node->entry = entry;
    r->node->born = r->node->fs->epoch;
    dirs_changed(r);
    return CAIRN_OK;
}

/* What the target's entry becomes: the source's in all but its name. */
static void takeover_entry(const struct rename *r, struct fat_dirent *entry)
{
    *entry = r->node->entry;
    memcpy(entry->raw, r->to.entry.raw, FAT_SHORT_BYTES);
    entry->case_bits = r->to.entry.case_bits;
}

/* Pin what a take-over changes. A pending shrink of the target would be undone over the new entry:
 * then *wait. */
static enum cairn_err takeover_pin(struct rename *r, struct fat_dir_place *old,
                                   struct fat_dir_cursor *target, struct fat_dir_cursor *dotdot,
                                   bool *wait, struct cairn_why *why)
{
    struct cairn_fat *fs = r->node->fs;
    fat_dir_cursor_init(target, r->to_dir);
    enum cairn_err err = fat_dir_cursor_seek(target, r->to.slot, why);
    if (err) return err;
    *wait = fat_page_pending(fs, target->page, target->at, FAT_SLOT_BYTES, FAT_STAGE_REMOVE);
    if (!*wait) {
        err = fat_dir_pin(r->from_dir, r->node->slot_first, r->node->slot, old, why);
        if (!err) {
            err = dotdot_pin(r, dotdot, why);
            if (err) fat_dir_abandon(old);
        }
    }
    if (err || *wait) fat_dir_cursor_done(target);
    return err;
}

static enum cairn_err takeover(struct rename *r, struct cairn_fat_node *victim,
                               struct cairn_why *why)
{
    struct fat_dir_place old;
    struct fat_dir_cursor target, dotdot;
    struct fat_dirent entry;
    uint8_t slot[FAT_SLOT_BYTES];
    bool wait;
    enum cairn_err err = takeover_pin(r, &old, &target, &dotdot, &wait, why);
    if (!err && wait) {
        err = fat_drain(r->node->fs, why);
        if (!err) err = takeover_pin(r, &old, &target, &dotdot, &wait, why);
    }
    if (err) return err;
    takeover_entry(r, &entry);
    fat_dirent_encode(&entry, slot);
    fat_page_change(r->node->fs, target.page, target.at + FAT_SLOT_ATTR, slot + FAT_SLOT_ATTR,
                    FAT_SLOT_BYTES - FAT_SLOT_ATTR, FAT_STAGE_ADD);
    fat_dir_cursor_done(&target);
    fat_dir_erase(&old, &r->from);
    dotdot_set(r, &dotdot);
    fat_node_orphan(victim);
    fat_node_move(r->node, r->to_dir, r->to.slot_first, r->to.slot);
    r->node->entry = entry;
    dirs_changed(r);
    return CAIRN_OK;
}

static enum cairn_err rename_over(struct rename *r, uint32_t flags, struct cairn_why *why)
{
    struct cairn_fat_node *victim;
    if (flags & CAIRN_FAT_RENAME_NO_REPLACE)
        return cairn_why_fail(why, CAIRN_EEXIST, "rename to the name");
    enum cairn_err err = fat_node_get(r->to_dir, &r->to, &victim, why);
    if (err) return err;
    bool from_is_dir = fat_node_is_dir(r->node), to_is_dir = fat_node_is_dir(victim);
    if (to_is_dir && !from_is_dir)
        err = cairn_why_fail(why, CAIRN_EISDIR, "rename a file over a directory");
    else if (from_is_dir && !to_is_dir)
        err = cairn_why_fail(why, CAIRN_ENOTDIR, "rename a directory over a file");
    else if (to_is_dir)
        err = fat_dir_empty(victim, why);
    if (!err) err = takeover(r, victim, why);
    fat_node_release(victim);
    return err;
}

/* Write the new case over the long name's slots. */
static enum cairn_err recase_long(struct rename *r, struct cairn_why *why)
{
    struct fat_dir_place place;
    uint8_t slot[FAT_SLOT_BYTES], sum = fat_long_checksum(r->from.entry.raw);
    enum cairn_err err = fat_dir_pin(r->from_dir, r->from.slot_first, r->from.slot, &place, why);
    if (err) return err;
    for (uint32_t i = 0; i + 1 < place.slots; i++) {
        fat_long_encode(&r->name, place.slots - 1 - i, sum, slot);
        fat_page_change(r->node->fs, place.pages[i], place.at[i], slot, FAT_SLOT_BYTES,
                        FAT_STAGE_ADD);
    }
    fat_dir_abandon(&place);
    dirs_changed(r);
    return CAIRN_OK;
}

/* Only the case bits of a name that has no long slots. */
static enum cairn_err recase_short(struct rename *r, uint8_t case_bits, struct cairn_why *why)
{
    struct fat_dir_cursor cursor;
    fat_dir_cursor_init(&cursor, r->from_dir);
    enum cairn_err err = fat_dir_cursor_seek(&cursor, r->from.slot, why);
    if (err) return err;
    fat_page_change(r->node->fs, cursor.page, cursor.at + FAT_SLOT_CASE, &case_bits, 1,
                    FAT_STAGE_ADD);
    fat_dir_cursor_done(&cursor);
    r->node->entry.case_bits = case_bits;
    dirs_changed(r);
    return CAIRN_OK;
}

/* Does the entry, with other case bits, show the new name? It may, whatever the policy would make
 * of a new file: a name changed in place is never there twice. */
static bool recase_shows(const struct rename *r, uint8_t *case_bits)
{
    const struct cairn_fat *fs = r->node->fs;
    struct fat_short alias;
    struct fat_name shown;
    if (r->from.has_long) return false;
    fat_short_basis(&r->name, fs->codepage, &alias);
    *case_bits = alias.case_bits;
    fat_short_to_name(r->from.entry.raw, fat_short_case(*case_bits, fs->short_names), fs->codepage,
                      &shown);
    return alias.exact && fat_name_same(&shown, &r->name);
}

/* The new name is the old one but for case, or its alias. */
static enum cairn_err rename_same(struct rename *r, struct cairn_why *why)
{
    uint8_t case_bits;
    if (fat_name_same(&r->name, &r->from.name)) return CAIRN_OK;
    if (r->from.has_long && fat_name_equal(&r->name, &r->from.name)) return recase_long(r, why);
    return recase_shows(r, &case_bits) ? recase_short(r, case_bits, why) : rename_new(r, why);
}

/* ---- choosing -------------------------------------------------------------------------------- */

static enum cairn_err rename_node(struct rename *r, uint32_t flags, struct cairn_why *why)
{
    const struct cairn_fat_node *above = r->to_dir;
    while (above != r->node && above->parent)
        above = above->parent;
    if (above == r->node) return cairn_why_fail(why, CAIRN_EINVAL, "move a directory into itself");
    enum cairn_err err = fat_dir_find(r->to_dir, &r->name, &r->to, why);
    if (err == CAIRN_ENOENT) return rename_new(r, why);
    if (err) return err;
    if (r->to_dir == r->from_dir && r->to.slot == r->from.slot) return rename_same(r, why);
    return rename_over(r, flags, why);
}

static enum cairn_err rename_locked(struct rename *r, const char *from, size_t from_len,
                                    const char *to, size_t to_len, uint32_t flags,
                                    struct cairn_why *why)
{
    struct fat_name old;
    if (r->from_dir->fs != r->to_dir->fs)
        return cairn_why_fail(why, CAIRN_EXDEV, "rename to another volume");
    enum cairn_err err = fat_name_parse(from, from_len, false, &old, why);
    if (!err) err = fat_name_parse(to, to_len, true, &r->name, why);
    if (!err) err = fat_dir_check(r->from_dir, why);
    if (!err) err = fat_dir_check(r->to_dir, why);
    if (!err) err = fat_begin(r->from_dir->fs, why);
    if (!err) err = fat_op_find(r->from_dir, &old, &r->from, why);
    if (!err) err = fat_node_get(r->from_dir, &r->from, &r->node, why);
    if (err) return err;
    err = rename_node(r, flags, why);
    fat_node_release(r->node);
    return err;
}

enum cairn_err cairn_fat_rename(struct cairn_fat_node *from_dir, const char *from, size_t from_len,
                                struct cairn_fat_node *to_dir, const char *to, size_t to_len,
                                uint32_t flags, struct cairn_why *why)
{
    struct rename r;
    r.from_dir = from_dir;
    r.to_dir = to_dir;
    fat_enter(from_dir->fs);
    enum cairn_err err = rename_locked(&r, from, from_len, to, to_len, flags, why);
    if (err)
        cairn_why_path(why, err == CAIRN_ENOENT ? from : to,
                       err == CAIRN_ENOENT ? from_len : to_len);
    return fat_leave_changed(from_dir->fs, err, why);
}
