/* SPDX-License-Identifier: ISC */
/* Long slots: 13 units each, the last part of the name first. */
#include "dirent.h"

#define SLOT_SUM FAT_SLOT_LONG_SUM

_Static_assert(FAT_NAME_ROOM == FAT_LONG_SLOTS_MAX * FAT_LONG_UNITS, "the most slots fit");

/* Where the units of a slot are. */
static const uint8_t unit_offset[FAT_LONG_UNITS] = {
    1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30
};

uint8_t fat_long_checksum(const uint8_t raw[FAT_SHORT_BYTES])
{
    uint8_t sum = 0;
    for (uint32_t i = 0; i < FAT_SHORT_BYTES; i++)
        sum = (uint8_t)((uint8_t)(sum >> 1 | sum << 7) + raw[i]);
    return sum;
}

/* Behind the name's end stands one 0, then 0xFFFF. */
static uint16_t unit_at(const struct fat_name *name, uint32_t index)
{
    if (index < name->len) return name->units[index];
    return index == name->len ? 0 : 0xFFFF;
}

void fat_long_encode(const struct fat_name *name, uint32_t order, uint8_t checksum, uint8_t *slot)
{
    uint32_t first = (order - 1) * FAT_LONG_UNITS;
    bool last = first + FAT_LONG_UNITS >= name->len;
    memset(slot, 0, FAT_SLOT_BYTES);
    slot[0] = (uint8_t)(order | (last ? FAT_LONG_LAST : 0));
    slot[FAT_SLOT_ATTR] = FAT_ATTR_LONG;
    slot[SLOT_SUM] = checksum;
    for (uint32_t i = 0; i < FAT_LONG_UNITS; i++)
        cairn_le16_put(slot + unit_offset[i], unit_at(name, first + i));
}

void fat_long_reset(struct fat_long_reader *reader)
{
    reader->active = false;
    reader->expected = 0;
}

/* Copy a slot's units; a 0 cuts the name there, in whichever slot it stands. */
static void take_units(struct fat_name *name, uint32_t order, const uint8_t *slot)
{
    uint32_t first = (order - 1) * FAT_LONG_UNITS, len = 0;
    uint16_t *units = name->units + first;
    cairn_le16_copy(units, slot + 1, 5);
    cairn_le16_copy(units + 5, slot + 14, 6);
    cairn_le16_copy(units + 11, slot + 28, 2);
    while (len < FAT_LONG_UNITS && units[len])
        len++;
    if (len < FAT_LONG_UNITS || first + len > name->len) name->len = (uint16_t)(first + len);
}

/* A name of the most slots ends within the last one. */
static bool units_fit(uint32_t order, const uint8_t *slot)
{
    if (order < FAT_LONG_SLOTS_MAX) return true;
    for (uint32_t i = 0; i <= FAT_NAME_UNITS - (FAT_LONG_SLOTS_MAX - 1) * FAT_LONG_UNITS; i++)
        if (cairn_le16(slot + unit_offset[i]) == 0) return true;
    return false;
}

enum fat_long_fault fat_long_judge(const struct fat_long_reader *reader, const uint8_t *slot)
{
    uint32_t order = slot[0] & ~FAT_LONG_LAST & 0xFFu;
    if (order == 0 || order > FAT_LONG_SLOTS_MAX || !units_fit(order, slot)) return FAT_LONG_RANGE;
    if (slot[0] & FAT_LONG_LAST) return reader->active ? FAT_LONG_RESTART : FAT_LONG_FINE;
    if (!reader->active || reader->expected == 0) return FAT_LONG_STRAY;
    if (order != reader->expected) return FAT_LONG_ORDER;
    return slot[SLOT_SUM] == reader->checksum ? FAT_LONG_FINE : FAT_LONG_SUM;
}

void fat_long_take(struct fat_long_reader *reader, enum fat_long_fault fault, const uint8_t *slot,
                   uint64_t slot_number)
{
    uint32_t order = slot[0] & ~FAT_LONG_LAST & 0xFFu;
    if (fault != FAT_LONG_FINE && fault != FAT_LONG_RESTART) {
        fat_long_reset(reader);
        return;
    }
    if (slot[0] & FAT_LONG_LAST) {
        reader->name.len = 0;
        reader->active = true;
        reader->checksum = slot[SLOT_SUM];
        reader->first_slot = slot_number;
    }
    take_units(&reader->name, order, slot);
    reader->expected = (uint8_t)(order - 1);
}

enum fat_long_fault fat_long_add(struct fat_long_reader *reader, const uint8_t *slot,
                                 uint64_t slot_number)
{
    enum fat_long_fault fault = fat_long_judge(reader, slot);
    fat_long_take(reader, fault, slot, slot_number);
    return fault;
}

bool fat_long_matches(const struct fat_long_reader *reader, const uint8_t raw[FAT_SHORT_BYTES])
{
    return reader->active && reader->expected == 0 && reader->name.len > 0 &&
           reader->checksum == fat_long_checksum(raw);
}
