/* SPDX-License-Identifier: ISC */
/* The volume's label: the root directory's is the one that counts. */
#include "mend_slot.h"

static const uint8_t no_name[CAIRN_FAT_LABEL_BYTES] = "NO NAME    ";

/* In the boot sector, and in its copy. */
static void boot_label_put(struct fat_check *c, const uint8_t label[CAIRN_FAT_LABEL_BYTES])
{
    uint32_t at = cairn_fat_boot_label_offset(c->geometry.type);
    uint32_t backup = c->geometry.type == CAIRN_FAT32 ? c->geometry.backup_boot : 0;
    fat_mend_put(c, at, label, CAIRN_FAT_LABEL_BYTES, FAT_STAGE_ADD);
    if (backup)
        fat_mend_put(c, fat_check_sector_at(c, backup) + at, label, CAIRN_FAT_LABEL_BYTES,
                     FAT_STAGE_ADD);
    memcpy(c->geometry.label, label, CAIRN_FAT_LABEL_BYTES);
}

/* The first free slot of the root directory; 0: none. */
static uint64_t root_slot_find(struct fat_check *c)
{
    const uint32_t slots = c->geometry.cluster_bytes / FAT_SLOT_BYTES;
    struct fat_mend_slots walk = { .at = { .left = FAT_CHECK_DIR_MAX / slots } };
    if (c->geometry.type == CAIRN_FAT32) walk.at.cluster = c->geometry.root_cluster;
    while (fat_mend_slots_next(c, &walk))
        if (walk.slot[0] == FAT_SLOT_END || walk.slot[0] == FAT_SLOT_FREE) return walk.slot_at;
    return 0;
}

static bool root_label_add(struct fat_check *c)
{
    uint8_t slot[FAT_SLOT_BYTES], label[CAIRN_FAT_LABEL_BYTES];
    struct fat_dirent now = { 0 };
    uint64_t at = root_slot_find(c);
    if (!fat_mend_room(c, 2, sizeof slot + 2 * sizeof label)) return false;
    if (at == 0) {
        boot_label_put(c, no_name);
        fat_mend_say(c, "removed from the boot sector, since the root directory is full");
        fat_mend_loses(c, "the label");
        return false;
    }
    fat_mend_now(c, &now);
    memcpy(label, c->geometry.label, sizeof label);
    if (label[0] == 0xE5) label[0] = 0x05;
    fat_label_slot(slot, label, now.modified_date, now.modified_time);
    fat_mend_put(c, at, slot, sizeof slot, FAT_STAGE_ADD);
    fat_mend_say(c, "put into the root directory, too");
    return false;
}

bool fat_mend_label_differs(struct fat_check *c, uint32_t cluster, uint64_t a, uint64_t b)
{
    (void)cluster, (void)a, (void)b;
    if (!c->has_label) return root_label_add(c);
    if (!fat_mend_room(c, 2, 2 * CAIRN_FAT_LABEL_BYTES)) return false;
    boot_label_put(c, c->root_label);
    fat_mend_say(c, "the boot sector gets the root directory's");
    return false;
}

bool fat_mend_label_illegal(struct fat_check *c, uint32_t cluster, uint64_t a, uint64_t b)
{
    bool in_root = c->slot_at != FAT_CHECK_NOWHERE;
    uint8_t label[CAIRN_FAT_LABEL_BYTES];
    (void)cluster, (void)a, (void)b;
    if (!fat_mend_room(c, 2, 2 * sizeof label)) return false;
    memcpy(label, in_root ? c->root_label : c->geometry.label, sizeof label);
    for (uint32_t i = 0; i < sizeof label; i++)
        if (!fat_check_label_is_legal(label[i], i)) label[i] = '_';
    if (in_root) {
        fat_mend_slot(c, c->slot_at, 0, label, sizeof label, FAT_STAGE_ADD);
        memcpy(c->root_label, label, sizeof label);
    } else {
        boot_label_put(c, label);
    }
    fat_mend_say(c, "what is illegal in it becomes '_'");
    return false;
}

bool fat_mend_label_extra(struct fat_check *c, uint32_t cluster, uint64_t a, uint64_t b)
{
    (void)cluster, (void)a, (void)b;
    if (!fat_mend_entry_drop(c)) return false;
    fat_mend_say(c, "removed");
    fat_mend_loses(c, "a label that is not the volume's");
    return false;
}
