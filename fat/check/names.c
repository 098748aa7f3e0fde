/* SPDX-License-Identifier: ISC */
/*
 * Equal names within a directory: a table of hashes, each with two bits of its own.
 *
 * 62 bits of hash, so that two names of a directory have one hash with a chance below 1 in 10^9
 * even in the largest; one who crafts such names gets a finding about them.
 *
 * When the volume is to be repaired, the names of the whole directory are put in before its slots
 * are looked at one by one, as names to come: so a name that repair makes up is neither one that
 * was met already nor one that is met later.
 */
#include "check.h"

#define KEY_LONG 1u  /* a long name */
#define KEY_AHEAD 2u /* not met yet */
#define KEY_HASH 2u  /* the hash is above these bits */

static uint64_t name_key(const struct fat_name *name, uint64_t kind)
{
    uint64_t hash = fat_name_hash64(name);
    hash |= (uint64_t)(hash >> KEY_HASH == 0) << KEY_HASH; /* 0 is an empty place */
    return (hash >> KEY_HASH << KEY_HASH) | kind;
}

static bool names_full(const struct fat_check *c)
{
    return c->names_count >= c->names_mask / 4 * 3;
}

/* The place of a key with this hash, or an empty one for it; NULL: too many others are in its way.
 */
static uint64_t *place_find(struct fat_check *c, uint64_t key)
{
    uint64_t at = key >> KEY_HASH;
    for (uint32_t probes = 0; probes < FAT_CHECK_PROBES; probes++, at++) {
        uint64_t *place = &c->names[at & c->names_mask];
        if (*place == 0 || *place >> KEY_HASH == key >> KEY_HASH) return place;
    }
    return NULL;
}

/* The key that stood there already, or 0; without one, key is put in. */
static uint64_t names_add(struct fat_check *c, uint64_t key)
{
    uint64_t *place = names_full(c) ? NULL : place_find(c, key);
    if (!place) {
        c->cut_names = true;
        return 0;
    }
    uint64_t there = *place;
    bool is_other = there && !(there & KEY_AHEAD);
    if (!is_other) *place = key;
    c->names_count += there == 0;
    return is_other ? there : 0;
}

/* A name to come; those that find no room are met nevertheless. */
static void names_expect(struct fat_check *c, const struct fat_name *name)
{
    uint64_t key = name_key(name, KEY_AHEAD), *place = names_full(c) ? NULL : place_find(c, key);
    if (!place || *place) return;
    *place = key;
    c->names_count++;
}

static void slot_expect(struct fat_check *c, const uint8_t *slot, uint32_t number)
{
    if (slot[0] == FAT_SLOT_END || slot[0] == FAT_SLOT_FREE) {
        fat_long_reset(&c->reader);
    } else if (fat_slot_is_long(slot)) {
        (void)fat_long_add(&c->reader, slot, number);
    } else {
        fat_short_to_name(slot, 0, c->options.codepage, &c->short_name);
        names_expect(c, &c->short_name);
        if (fat_long_matches(&c->reader, slot)) names_expect(c, &c->reader.name);
        fat_long_reset(&c->reader);
    }
}

/* Also what lies behind the end mark, which may come to be in use. */
static void names_ahead(struct fat_check *c, const struct fat_check_cursor *start)
{
    struct fat_check_cursor cursor = *start;
    struct fat_check_unit unit;
    cursor.ahead = true;
    fat_long_reset(&c->reader);
    while (fat_check_unit_next(c, &cursor, &unit))
        for (uint32_t i = unit.from; i < unit.count; i++)
            slot_expect(c, unit.slots + (size_t)i * FAT_SLOT_BYTES, unit.start.slot + i);
    fat_long_reset(&c->reader);
}

/* Four times the slots, so that few names are in the way of others, and those that repair makes up
 * have room. */
void fat_check_names_begin(struct fat_check *c, const struct fat_check_cursor *start)
{
    uint64_t slots = start->cluster
                         ? (uint64_t)start->left * (c->geometry.cluster_bytes / FAT_SLOT_BYTES)
                         : c->geometry.root_entries;
    uint64_t good = 4 * slots, places = 16;
    size_t used = (c->depth + 1) * sizeof(struct fat_check_frame);
    size_t left = used < c->room_bytes ? c->room_bytes - used : 0;
    while (places < good && places * 2 * sizeof *c->names <= left)
        places *= 2;
    c->names_count = 0;
    c->names_mask = 0;
    if (places * sizeof *c->names > left) return;
    c->names = (uint64_t *)(void *)(c->room + used);
    c->names_mask = (uint32_t)(places - 1);
    memset(c->names, 0, (size_t)(places * sizeof *c->names));
    if (c->mend) names_ahead(c, start);
}

bool fat_check_name_taken(struct fat_check *c, const struct fat_name *name)
{
    if (c->names_mask == 0) return false;
    const uint64_t *place = place_find(c, name_key(name, 0));
    return !place || *place;
}

void fat_check_short_read(struct fat_check *c, const uint8_t *slot)
{
    fat_short_to_name(slot, slot[FAT_SLOT_CASE], c->options.codepage, &c->short_name);
}

void fat_check_names_compare(struct fat_check *c, const uint8_t *slot, uint32_t number,
                             bool has_long)
{
    uint64_t other;
    while ((other = names_add(c, name_key(&c->short_name, 0))) != 0) {
        bool is_long = other & KEY_LONG;
        if (!fat_check_find(
                c, is_long ? CAIRN_FAT_FAULT_LONG_DUPLICATE : CAIRN_FAT_FAULT_NAME_DUPLICATE, 0,
                number, 0))
            return;
        fat_check_short_read(c, slot);
    }
    if (!has_long || fat_name_equal(c->name, &c->short_name)) return;
    while (names_add(c, name_key(c->name, KEY_LONG)) != 0)
        if (!fat_check_find(c, CAIRN_FAT_FAULT_LONG_DUPLICATE, 0, number, 1)) return;
}
