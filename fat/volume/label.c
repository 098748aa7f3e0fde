/* SPDX-License-Identifier: ISC */
/* The label: the root directory's volume entry, and the boot sector's copy. */
#include "ops.h"

static enum cairn_err label_find(struct cairn_fat *fs, struct fat_found *found,
                                 struct cairn_why *why)
{
    struct cairn_fat_node *root = fs->nodes.root;
    enum cairn_err err = fat_dir_next(root, 0, true, found, why);
    while (!err &&
           (found->entry.attributes & (CAIRN_FAT_VOLUME | CAIRN_FAT_DIRECTORY)) != CAIRN_FAT_VOLUME)
        err = fat_dir_next(root, found->slot + 1, true, found, why);
    return err;
}

/* Eleven bytes of the code page as UTF-8, padding cut. */
static void label_text(const struct cairn_fat *fs, const uint8_t raw[CAIRN_FAT_LABEL_BYTES],
                       char out[CAIRN_FAT_ALIAS_BYTES])
{
    struct fat_name name = { .len = 0 };
    uint16_t len = CAIRN_FAT_LABEL_BYTES;
    while (len && raw[len - 1] == ' ')
        len--;
    for (; name.len < len; name.len++) {
        uint8_t byte = name.len == 0 && raw[0] == 0x05 ? 0xE5 : raw[name.len];
        name.units[name.len] = fat_codepage_unit(fs->codepage, byte);
    }
    char utf8[CAIRN_FAT_NAME_BYTES];
    size_t bytes = fat_name_to_utf8(&name, utf8);
    memcpy(out, utf8, bytes + 1);
}

enum cairn_err cairn_fat_label(struct cairn_fat *fs, char out[CAIRN_FAT_ALIAS_BYTES],
                               struct cairn_why *why)
{
    struct fat_found found;
    fat_enter(fs);
    enum cairn_err err = label_find(fs, &found, why);
    if (!err) label_text(fs, found.entry.raw, out);
    if (err == CAIRN_ENOENT) {
        err = CAIRN_OK;
        label_text(fs, fs->geo.label, out);
        if (cairn_str_equal(out, "NO NAME")) out[0] = 0;
    }
    return fat_leave(fs, err);
}

/* ---- setting --------------------------------------------------------------------------------- */

static enum cairn_err boot_label(struct cairn_fat *fs, uint32_t sector,
                                 const uint8_t raw[CAIRN_FAT_LABEL_BYTES], struct cairn_why *why)
{
    struct fat_page *page;
    uint8_t *at;
    enum cairn_err err = fat_page_get(fs, sector, &page, &at, why);
    if (err) return err;
    if (cairn_fat_boot_has_label(at, fs->geo.type))
        fat_page_change(fs, page, at + cairn_fat_boot_label_offset(fs->geo.type), raw,
                        CAIRN_FAT_LABEL_BYTES, FAT_STAGE_ADD);
    fat_page_drop(page);
    return CAIRN_OK;
}

static enum cairn_err boot_labels(struct cairn_fat *fs, const uint8_t raw[CAIRN_FAT_LABEL_BYTES],
                                  struct cairn_why *why)
{
    uint32_t backup = fs->geo.backup_boot;
    enum cairn_err err = boot_label(fs, 0, raw, why);
    if (err) return err;
    memcpy(fs->geo.label, raw, CAIRN_FAT_LABEL_BYTES);
    if (!backup || backup >= fs->geo.reserved_sectors) return CAIRN_OK;
    return boot_label(fs, backup, raw, why);
}

/* The root's entry: changed, added, or (raw NULL) removed. One that was removed in this epoch may
 * still be on the disk: never two. */
static enum cairn_err root_label(struct cairn_fat *fs, const uint8_t *raw, struct cairn_why *why)
{
    struct cairn_fat_node *root = fs->nodes.root;
    struct fat_found found;
    struct fat_dir_place place;
    struct fat_dirent now;
    uint8_t slot[FAT_SLOT_BYTES];
    enum cairn_err err = label_find(fs, &found, why);
    bool present = !err;
    if (err && err != CAIRN_ENOENT) return err;
    if (!present && !raw) return CAIRN_OK;
    err = CAIRN_OK;
    if (!present && root->removed_in == fs->epoch) err = fat_drain(fs, why);
    if (err) return err;
    if (present)
        err = fat_dir_pin(root, found.slot, found.slot, &place, why);
    else
        err = fat_dir_room(root, 1, &place, why);
    if (err) return err;
    fat_entry_init(fs, CAIRN_FAT_VOLUME, &now);
    if (raw) {
        fat_label_slot(slot, raw, now.modified_date, now.modified_time);
    } else {
        memcpy(slot, place.at[0], sizeof slot);
        slot[0] = FAT_SLOT_FREE;
        root->removed_in = fs->epoch;
    }
    fat_page_change(fs, place.pages[0], place.at[0], slot, FAT_SLOT_BYTES, FAT_STAGE_ADD);
    root->surveyed = false; /* ends and holes are counted anew */
    fat_dir_abandon(&place);
    return CAIRN_OK;
}

enum cairn_err cairn_fat_label_set(struct cairn_fat *fs, const char *utf8, size_t len,
                                   struct cairn_why *why)
{
    char text[CAIRN_FAT_LABEL_BYTES + 1];
    uint8_t raw[CAIRN_FAT_LABEL_BYTES];
    if (len) {
        enum cairn_err err = cairn_fat_label_encode_in(fs->codepage, utf8, len, text, why);
        if (err) return err;
    }
    size_t used = len ? cairn_str_len(text) : 0;
    memcpy(raw, "NO NAME    ", sizeof raw);
    if (used) {
        memset(raw, ' ', sizeof raw);
        memcpy(raw, text, used);
    }
    fat_enter(fs);
    enum cairn_err err = fat_begin(fs, why);
    if (!err) err = root_label(fs, used ? raw : NULL, why);
    if (!err) err = boot_labels(fs, raw, why);
    return fat_leave_changed(fs, err, why);
}
