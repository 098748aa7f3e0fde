/* SPDX-License-Identifier: ISC */
/* Attributes and times. */
#include "mend_slot.h"

#define ATTR_RESERVED 0xC0u

/* Does it have contents that nobody else has? Then it is a file or directory whose attributes were
 * damaged, else what it points at is another's. */
static bool has_contents(struct fat_check *c, const uint8_t *slot)
{
    uint8_t probe[FAT_SLOT_BYTES];
    memcpy(probe, slot, sizeof probe);
    memset(probe, 'A', FAT_SHORT_BYTES);
    memset(probe + FAT_SLOT_CREATED, 0, 7);
    memset(probe + FAT_SLOT_MODIFIED, 0, 4);
    probe[FAT_SLOT_ATTR] = 0;
    return fat_mend_sense_of(c, probe) == FAT_MEND_ALIVE;
}

/* A label of the volume has no contents: the volume bit goes, or they do. */
static bool label_mend(struct fat_check *c, const uint8_t *slot)
{
    static const uint8_t none[4] = { 0 };
    uint8_t attributes = slot[FAT_SLOT_ATTR] & (uint8_t) ~(CAIRN_FAT_VOLUME | ATTR_RESERVED);
    bool is_file = has_contents(c, slot);
    if (!fat_mend_room(c, 4, 10)) return false;
    if (is_file) {
        fat_mend_slot(c, c->slot_at, FAT_SLOT_ATTR, &attributes, 1, FAT_STAGE_ADD);
        fat_mend_say(c, "it is a file, no label");
        return true;
    }
    attributes |= CAIRN_FAT_VOLUME;
    fat_mend_slot(c, c->slot_at, FAT_SLOT_ATTR, &attributes, 1, FAT_STAGE_ADD);
    fat_mend_slot(c, c->slot_at, FAT_SLOT_START_LOW, none, 2, FAT_STAGE_ADD);
    fat_mend_slot(c, c->slot_at, FAT_SLOT_SIZE, none, 4, FAT_STAGE_ADD);
    if (c->geometry.type == CAIRN_FAT32)
        fat_mend_slot(c, c->slot_at, FAT_SLOT_START_HIGH, none, 2, FAT_STAGE_ADD);
    fat_mend_say(c, "the label's start cluster and size become 0");
    return true;
}

/* Volume and directory at once: a directory if it looks like one, else a file. */
bool fat_mend_attributes(struct fat_check *c, uint32_t cluster, uint64_t a, uint64_t b)
{
    struct fat_dirent entry;
    const uint8_t *slot = fat_mend_look(c, c->slot_at, FAT_SLOT_BYTES);
    uint8_t attributes = slot[FAT_SLOT_ATTR] & (uint8_t)~ATTR_RESERVED;
    (void)cluster, (void)a, (void)b;
    fat_dirent_decode(slot, c->geometry.type, &entry);
    if ((attributes & CAIRN_FAT_VOLUME) && !(attributes & CAIRN_FAT_DIRECTORY) &&
        (entry.start || entry.size))
        return label_mend(c, slot);
    if ((attributes & CAIRN_FAT_VOLUME) && (attributes & CAIRN_FAT_DIRECTORY)) {
        bool is_dot = fat_check_dot_kind(entry.raw) < 2;
        attributes &= (uint8_t)~CAIRN_FAT_VOLUME;
        if (!is_dot && !fat_mend_has_dots(c, entry.start))
            attributes &= (uint8_t)~CAIRN_FAT_DIRECTORY;
    }
    uint8_t bytes[2] = { attributes, entry.case_bits & (uint8_t)~FAT_CASE_NO_SHORT };
    if (!fat_mend_room(c, 1, 2)) return false;
    fat_mend_slot(c, c->slot_at, FAT_SLOT_ATTR, bytes, 2, FAT_STAGE_ADD);
    fat_mend_say(c, "the attributes become 0x%X", attributes);
    return true;
}

/* The nearest possible time. */
static void time_clamp(uint16_t *date, uint16_t *time, uint8_t *tenths)
{
    if (*date || *time || *tenths)
        fat_time_encode(fat_time_decode(*date, *time, *tenths, 0), 0, date, time, tenths);
}

bool fat_mend_time(struct fat_check *c, uint32_t cluster, uint64_t a, uint64_t b)
{
    uint8_t slot[FAT_SLOT_BYTES], no_tenths = 0;
    struct fat_dirent entry;
    uint16_t no_time = 0;
    (void)cluster, (void)a, (void)b;
    memcpy(slot, fat_mend_look(c, c->slot_at, sizeof slot), sizeof slot);
    fat_dirent_decode(slot, c->geometry.type, &entry);
    time_clamp(&entry.created_date, &entry.created_time, &entry.created_tenths);
    time_clamp(&entry.modified_date, &entry.modified_time, &no_tenths);
    time_clamp(&entry.accessed_date, &no_time, &no_tenths);
    if (!fat_mend_room(c, 2, 11)) return false;
    fat_dirent_encode(&entry, slot);
    fat_mend_slot(c, c->slot_at, FAT_SLOT_CREATED, slot + FAT_SLOT_CREATED, 7, FAT_STAGE_ADD);
    fat_mend_slot(c, c->slot_at, FAT_SLOT_MODIFIED, slot + FAT_SLOT_MODIFIED, 4, FAT_STAGE_ADD);
    fat_mend_say(c, "set to the nearest possible time");
    return false;
}
