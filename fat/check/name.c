/* SPDX-License-Identifier: ISC */
/* Names: long slots, illegal characters, and equal names within a directory. */
#include "check.h"

#define LONG_TYPE 12u /* reserved fields of a long slot: type, start cluster */
#define LONG_START 26u

static void long_reserved(struct fat_check *c, const uint8_t *slot)
{
    uint32_t start = cairn_le16(slot + LONG_START);
    if (c->long_odd || (slot[LONG_TYPE] == 0 && start == 0)) return;
    c->long_odd = true;
    fat_check_find(c, CAIRN_FAT_FAULT_LONG_RESERVED, 0, slot[LONG_TYPE], start);
}

static void long_forget(struct fat_check *c)
{
    fat_long_reset(&c->reader);
    c->long_broken = c->long_odd = false;
}

static void long_tell(struct fat_check *c, enum fat_long_fault fault, const uint8_t *slot,
                      uint32_t number, uint8_t checksum)
{
    switch (fault) {
    case FAT_LONG_FINE:
        return;
    case FAT_LONG_STRAY:
        fat_check_find(c, CAIRN_FAT_FAULT_LONG_ORPHAN, 0, number, 0);
        return;
    case FAT_LONG_SUM:
        fat_check_find(c, CAIRN_FAT_FAULT_LONG_CHECKSUM, 0, slot[13], checksum);
        return;
    case FAT_LONG_RESTART:
    case FAT_LONG_ORDER:
        fat_check_find(c, CAIRN_FAT_FAULT_LONG_SEQUENCE, 0, number, slot[0]);
        return;
    case FAT_LONG_RANGE:
        fat_check_find(c, CAIRN_FAT_FAULT_LONG_ILLEGAL, 0, slot[0], 0);
        return;
    }
}

/* A set that is broken is told of once: what follows up to its 8.3 entry belongs to it. */
void fat_check_long_slot(struct fat_check *c, const uint8_t *slot, uint32_t number)
{
    uint8_t checksum = c->reader.checksum;
    long_reserved(c, slot);
    if (c->long_broken && !(slot[0] & FAT_LONG_LAST)) return;
    enum fat_long_fault fault = fat_long_add(&c->reader, slot, number);
    c->long_broken = fault != FAT_LONG_FINE && fault != FAT_LONG_RESTART;
    long_tell(c, fault, slot, number, checksum);
}

void fat_check_long_cut(struct fat_check *c)
{
    if (c->reader.active && !c->long_broken)
        fat_check_find(c, CAIRN_FAT_FAULT_LONG_ORPHAN, 0, c->reader.first_slot, 0);
    long_forget(c);
}

/* A complete, sound set that is not this entry's; or one that stops too early. */
static void long_mismatch(struct fat_check *c, const struct fat_dirent *entry, uint32_t number)
{
    if (!c->reader.active || c->long_broken) return;
    if (c->reader.name.len == 0)
        fat_check_find(c, CAIRN_FAT_FAULT_LONG_ILLEGAL, 0, 0, 0);
    else if (c->reader.expected)
        fat_check_find(c, CAIRN_FAT_FAULT_LONG_SEQUENCE, 0, number, c->reader.expected);
    else
        fat_check_find(c, CAIRN_FAT_FAULT_LONG_CHECKSUM, 0, c->reader.checksum,
                       fat_long_checksum(entry->raw));
}

static void long_check(struct fat_check *c)
{
    const struct fat_name *name = &c->entry_name;
    uint32_t bad = 0;
    if (fat_name_check(name, &bad))
        fat_check_find(c, CAIRN_FAT_FAULT_LONG_ILLEGAL, 0, name->units[bad], bad);
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

static void short_check(struct fat_check *c, const struct fat_dirent *entry)
{
    if (fat_short_valid(entry->raw)) return;
    uint32_t place = short_bad_place(entry->raw);
    fat_check_find(c, CAIRN_FAT_FAULT_NAME_ILLEGAL, entry->start, entry->raw[place], place);
}

/* ---- equal names: a table of hashes, each with the kind of the name in its lowest bit ----------
 *
 * 63 bits, so that two names of a directory have one hash with a chance below 1 in 10^9 even in the
 * largest; one who crafts such names gets a finding about them. */

#define KEY_LONG 1u

static uint64_t name_key(const struct fat_name *name, uint64_t kind)
{
    uint64_t hash = fat_name_hash64(name);
    hash |= (uint64_t)(hash < 2) << 1; /* 0 is an empty place */
    return (hash & ~(uint64_t)KEY_LONG) | kind;
}

void fat_check_names_begin(struct fat_check *c, uint64_t slots)
{
    size_t used = (c->depth + 1) * sizeof(struct fat_check_frame);
    size_t left = used < c->room_bytes ? c->room_bytes - used : 0;
    uint64_t places = 16;
    while (places < 2 * slots && places * 2 * sizeof *c->names <= left)
        places *= 2;
    c->names_count = 0;
    c->names_mask = 0;
    if (places * sizeof *c->names > left) return;
    c->names = (uint64_t *)(void *)(c->room + used);
    c->names_mask = (uint32_t)(places - 1);
    memset(c->names, 0, (size_t)(places * sizeof *c->names));
}

/* The key that stood there already, or 0; without one, key is put in. */
static uint64_t names_add(struct fat_check *c, uint64_t key)
{
    uint64_t at = key >> 1;
    if (c->names_count >= c->names_mask / 4 * 3) {
        c->cut_names = true;
        return 0;
    }
    for (uint32_t probes = 0; probes < FAT_CHECK_PROBES; probes++, at++) {
        uint64_t *place = &c->names[at & c->names_mask];
        if (*place >> 1 == key >> 1) return *place;
        if (*place) continue;
        *place = key;
        c->names_count++;
        return 0;
    }
    c->cut_names = true;
    return 0;
}

static void names_compare(struct fat_check *c, uint32_t number, bool has_long)
{
    uint64_t other = names_add(c, name_key(&c->short_name, 0));
    bool same_short = other && !(other & KEY_LONG);
    if (other == 0 && has_long && !fat_name_equal(&c->entry_name, &c->short_name))
        other = names_add(c, name_key(&c->entry_name, KEY_LONG));
    if (other == 0) return;
    fat_check_find(c, same_short ? CAIRN_FAT_FAULT_NAME_DUPLICATE : CAIRN_FAT_FAULT_LONG_DUPLICATE,
                   0, number, 0);
}

void fat_check_entry_name(struct fat_check *c, const struct fat_check_scan *scan,
                          const struct fat_dirent *entry)
{
    uint32_t number = scan->slots - 1;
    bool has_long = !c->long_broken && fat_long_matches(&c->reader, entry->raw);
    fat_short_to_name(entry->raw, entry->case_bits, c->options.codepage, &c->short_name);
    fat_name_copy(&c->entry_name, has_long ? &c->reader.name : &c->short_name);
    c->name = &c->entry_name;
    if (has_long)
        long_check(c);
    else
        long_mismatch(c, entry, number);
    long_forget(c);
    short_check(c, entry);
    names_compare(c, number, has_long);
}
