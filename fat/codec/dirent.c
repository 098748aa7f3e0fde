/* SPDX-License-Identifier: ISC */
/* The 8.3 slot, and the slots that every writer of directories makes alike. */
#include "dirent.h"

void fat_dirent_decode(const uint8_t *slot, enum cairn_fat_type type, struct fat_dirent *out)
{
    memcpy(out->raw, slot, FAT_SHORT_BYTES);
    out->attributes = slot[FAT_SLOT_ATTR];
    out->case_bits = slot[FAT_SLOT_CASE];
    out->created_tenths = slot[FAT_SLOT_CREATED];
    out->created_time = cairn_le16(slot + 14);
    out->created_date = cairn_le16(slot + 16);
    out->accessed_date = cairn_le16(slot + 18);
    out->modified_time = cairn_le16(slot + FAT_SLOT_MODIFIED);
    out->modified_date = cairn_le16(slot + 24);
    out->start = cairn_le16(slot + FAT_SLOT_START_LOW);
    /* FAT12/16: OS/2 keeps a handle of extended attributes in these bytes. */
    if (type == CAIRN_FAT32) out->start |= (uint32_t)cairn_le16(slot + FAT_SLOT_START_HIGH) << 16;
    out->size = cairn_le32(slot + FAT_SLOT_SIZE);
}

void fat_dirent_encode(const struct fat_dirent *in, uint8_t *slot)
{
    memcpy(slot, in->raw, FAT_SHORT_BYTES);
    slot[FAT_SLOT_ATTR] = in->attributes;
    slot[FAT_SLOT_CASE] = in->case_bits;
    slot[FAT_SLOT_CREATED] = in->created_tenths;
    cairn_le16_put(slot + 14, in->created_time);
    cairn_le16_put(slot + 16, in->created_date);
    cairn_le16_put(slot + 18, in->accessed_date);
    cairn_le16_put(slot + FAT_SLOT_START_HIGH, (uint16_t)(in->start >> 16));
    cairn_le16_put(slot + FAT_SLOT_MODIFIED, in->modified_time);
    cairn_le16_put(slot + 24, in->modified_date);
    cairn_le16_put(slot + FAT_SLOT_START_LOW, (uint16_t)in->start);
    cairn_le32_put(slot + FAT_SLOT_SIZE, in->size);
}

void fat_dot_slots(uint8_t slots[2 * FAT_SLOT_BYTES], const struct fat_dirent *self,
                   uint32_t parent_start)
{
    struct fat_dirent dot = *self;
    memset(dot.raw, ' ', sizeof dot.raw);
    dot.raw[0] = '.';
    dot.attributes = CAIRN_FAT_DIRECTORY;
    dot.case_bits = 0;
    dot.size = 0;
    fat_dirent_encode(&dot, slots);
    dot.raw[1] = '.';
    dot.start = parent_start;
    fat_dirent_encode(&dot, slots + FAT_SLOT_BYTES);
}

void fat_label_slot(uint8_t slot[FAT_SLOT_BYTES], const uint8_t label[CAIRN_FAT_LABEL_BYTES],
                    uint16_t date, uint16_t time)
{
    struct fat_dirent entry = { .attributes = CAIRN_FAT_VOLUME,
                                .modified_date = date,
                                .modified_time = time };
    memcpy(entry.raw, label, CAIRN_FAT_LABEL_BYTES);
    if (entry.raw[0] == FAT_SLOT_FREE) entry.raw[0] = 0x05;
    fat_dirent_encode(&entry, slot);
}
