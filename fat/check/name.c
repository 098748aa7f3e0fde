/* SPDX-License-Identifier: ISC */
/* Names: long slots, and illegal characters. Equal names are found in names.c. */
#include "check.h"

/* What is reserved in a long slot; told of once in a set. */
static void long_reserved(struct fat_check *c, const uint8_t *slot)
{
    uint8_t type = slot[FAT_SLOT_LONG_TYPE];
    uint32_t start = cairn_le16(slot + FAT_SLOT_START_LOW);
    if (type == 0 && start == 0 && slot[FAT_SLOT_ATTR] == FAT_ATTR_LONG) return;
    if (c->long_odd) {
        fat_check_find_more(c, CAIRN_FAT_FAULT_LONG_RESERVED);
        return;
    }
    c->long_odd = true;
    if (slot[FAT_SLOT_ATTR] != FAT_ATTR_LONG)
        fat_check_remark(c, "its attributes are 0x%X", slot[FAT_SLOT_ATTR]);
    fat_check_find(c, CAIRN_FAT_FAULT_LONG_RESERVED, 0, type, start);
}

static void long_forget(struct fat_check *c)
{
    fat_long_reset(&c->reader);
    c->long_broken = c->long_odd = false;
}

static bool long_tell(struct fat_check *c, enum fat_long_fault fault, const uint8_t *slot,
                      uint32_t number)
{
    switch (fault) {
    case FAT_LONG_STRAY:
        return fat_check_find(c, CAIRN_FAT_FAULT_LONG_ORPHAN, 0, number, 0);
    case FAT_LONG_SUM:
        return fat_check_find(c, CAIRN_FAT_FAULT_LONG_CHECKSUM, 0, slot[FAT_SLOT_LONG_SUM],
                              c->reader.checksum);
    case FAT_LONG_RESTART:
    case FAT_LONG_ORDER:
        return fat_check_find(c, CAIRN_FAT_FAULT_LONG_SEQUENCE, 0, number, slot[0]);
    case FAT_LONG_RANGE:
        return fat_check_find(c, CAIRN_FAT_FAULT_LONG_ILLEGAL, 0, slot[0], 0);
    case FAT_LONG_FINE:
    default:
        return false;
    }
}

void fat_check_long_track(struct fat_check *c, const uint8_t *slot)
{
    if (!c->mend) return;
    if (slot[0] & FAT_LONG_LAST) c->long_count = 0;
    if (c->long_count < FAT_LONG_SLOTS_MAX) c->long_at[c->long_count++] = c->slot_at;
}

/* A set that is broken is told of once: what follows up to its 8.3 entry belongs to it. */
void fat_check_long_slot(struct fat_check *c, const uint8_t *slot, uint32_t number)
{
    if (c->long_broken && !(slot[0] & FAT_LONG_LAST)) {
        fat_check_find_more(c, CAIRN_FAT_FAULT_LONG_ORPHAN);
        return;
    }
    long_reserved(c, slot);
    enum fat_long_fault fault = fat_long_judge(&c->reader, slot);
    if (fault != FAT_LONG_FINE && long_tell(c, fault, slot, number))
        fault = fat_long_judge(&c->reader, slot);
    fat_long_take(&c->reader, fault, slot, number);
    c->long_broken = fault != FAT_LONG_FINE && fault != FAT_LONG_RESTART;
    if (!c->long_broken) fat_check_long_track(c, slot);
}

void fat_check_long_cut(struct fat_check *c)
{
    if (c->reader.active && !c->long_broken)
        fat_check_find(c, CAIRN_FAT_FAULT_LONG_ORPHAN, 0, c->reader.first_slot, 0);
    long_forget(c);
}

/* A complete, sound set that is not this entry's; or one that stops too early. */
static bool long_mismatch(struct fat_check *c, const struct fat_dirent *entry, uint32_t number)
{
    if (!c->reader.active || c->long_broken) return false;
    if (c->reader.name.len == 0) return fat_check_find(c, CAIRN_FAT_FAULT_LONG_ILLEGAL, 0, 0, 0);
    if (c->reader.expected)
        return fat_check_find(c, CAIRN_FAT_FAULT_LONG_SEQUENCE, 0, number, c->reader.expected);
    return fat_check_find(c, CAIRN_FAT_FAULT_LONG_CHECKSUM, 0, c->reader.checksum,
                          fat_long_checksum(entry->raw));
}

static void long_check(struct fat_check *c)
{
    uint32_t bad = 0;
    if (fat_name_check(c->name, &bad) == CAIRN_OK) return;
    fat_check_find(c, CAIRN_FAT_FAULT_LONG_ILLEGAL, 0, c->name->units[bad], bad);
}

/* Which byte is it? One that is refused among harmless ones, else a space that is not at an end. */
static uint32_t short_bad_place(const uint8_t raw[FAT_SHORT_BYTES])
{
    for (uint32_t i = 0; i < FAT_SHORT_BYTES; i++) {
        uint8_t probe[FAT_SHORT_BYTES];
        memset(probe, 'A', sizeof probe);
        probe[i] = raw[i];
        if (raw[i] != ' ' && !fat_short_valid(probe)) return i;
    }
    for (uint32_t i = 0; i < FAT_SHORT_BYTES; i++)
        if (raw[i] == ' ') return i;
    return 0;
}

/* Where no slot of the unit is nonsense every 8.3 name is valid; a label's was not looked at. */
static bool short_check(struct fat_check *c, const struct fat_dirent *entry)
{
    bool is_judged = c->unit->bad == 0 && !(entry->attributes & CAIRN_FAT_VOLUME);
    if (is_judged || fat_short_valid(entry->raw)) return false;
    uint32_t place = short_bad_place(entry->raw);
    return fat_check_find(c, CAIRN_FAT_FAULT_NAME_ILLEGAL, entry->start, entry->raw[place], place);
}

bool fat_check_name_take(struct fat_check *c, const struct fat_dirent *entry)
{
    bool has_long = !c->long_broken && fat_long_matches(&c->reader, entry->raw);
    fat_short_to_name(entry->raw, entry->case_bits, c->options.codepage, &c->short_name);
    c->name = has_long ? &c->reader.name : &c->short_name;
    return has_long;
}

void fat_check_entry_name(struct fat_check *c, const struct fat_check_scan *scan,
                          const uint8_t *slot, struct fat_dirent *entry)
{
    uint32_t number = scan->slots - 1;
    bool has_long = fat_check_name_take(c, entry);
    if (!has_long && long_mismatch(c, entry, number)) has_long = fat_check_name_take(c, entry);
    if (has_long) long_check(c);
    long_forget(c);
    if (short_check(c, entry)) fat_check_short_read(c, slot);
    fat_check_names_compare(c, slot, number, has_long);
    if (c->mend) fat_dirent_decode(slot, c->geometry.type, entry);
}
