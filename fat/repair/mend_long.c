/* SPDX-License-Identifier: ISC */
/* Long slots. A name is kept where its slots, and one byte beside, tell what it was; else the slots
 * go, and the 8.3 name stays. */
#include "mend_slot.h"

static const uint8_t *slot_at_hand(struct fat_check *c)
{
    return c->slot_at == FAT_CHECK_NOWHERE ? NULL : fat_mend_look(c, c->slot_at, FAT_SLOT_BYTES);
}

static bool long_is_at_hand(struct fat_check *c)
{
    const uint8_t *slot = slot_at_hand(c);
    return slot && slot[0] != FAT_SLOT_FREE && fat_slot_is_long(slot);
}

/* The set, and the slot at hand when it is one that belongs to it. */
static bool set_remove(struct fat_check *c, bool with_this)
{
    bool removed = with_this ? fat_mend_entry_drop(c) : fat_mend_set_drop(c);
    if (removed) fat_mend_say(c, "the slots are removed");
    return removed;
}

/* The 8.3 entry stays. */
static bool set_give_up(struct fat_check *c, bool with_this)
{
    if (set_remove(c, with_this)) fat_mend_loses(c, "a long name that is not whole");
    return false;
}

bool fat_mend_long_orphan(struct fat_check *c, uint32_t cluster, uint64_t a, uint64_t b)
{
    (void)cluster, (void)a, (void)b;
    (void)set_remove(c, long_is_at_hand(c));
    return false;
}

static bool slot_heal(struct fat_check *c, uint32_t offset, uint8_t byte)
{
    if (!fat_mend_room(c, 1, 1)) return false;
    fat_mend_slot(c, c->slot_at, offset, &byte, 1, FAT_STAGE_ADD);
    fat_mend_say(c, "set right, since its neighbours tell how");
    return true;
}

/* A slot with its set's checksum has but a wrong number, or one that says that it is the first. */
bool fat_mend_long_sequence(struct fat_check *c, uint32_t cluster, uint64_t a, uint64_t b)
{
    const struct fat_long_reader *reader = &c->reader;
    const uint8_t *slot = slot_at_hand(c);
    (void)cluster, (void)a, (void)b;
    if (!long_is_at_hand(c)) return set_give_up(c, false);
    bool starts = slot[0] & FAT_LONG_LAST;
    bool numbered = (slot[0] & ~FAT_LONG_LAST & 0xFFu) == reader->expected;
    bool is_own = slot[FAT_SLOT_LONG_SUM] == reader->checksum;
    if (reader->expected && is_own && starts == numbered) return slot_heal(c, 0, reader->expected);
    return set_give_up(c, !starts);
}

/* Four of the five that tell: the first two characters, the extension. A tail may hide the second.
 */
static bool is_alias_of(const uint8_t raw[FAT_SHORT_BYTES], const struct fat_name *name,
                        enum cairn_fat_codepage page)
{
    static const uint8_t places[] = { 0, 1, 8, 9, 10 };
    struct fat_short basis;
    uint32_t same = 0;
    fat_short_basis(name, page, &basis);
    for (uint32_t i = 0; i < CAIRN_COUNT(places); i++)
        same += raw[places[i]] == basis.raw[places[i]] || (i == 1 && raw[1] == '~');
    return same >= 4;
}

bool fat_mend_long_checksum(struct fat_check *c, uint32_t cluster, uint64_t a, uint64_t b)
{
    uint8_t raw[FAT_SHORT_BYTES];
    (void)cluster, (void)a, (void)b;
    if (long_is_at_hand(c)) return slot_heal(c, FAT_SLOT_LONG_SUM, c->reader.checksum);
    memcpy(raw, fat_mend_look(c, c->slot_at, sizeof raw), sizeof raw);
    if (!is_alias_of(raw, &c->reader.name, c->options.codepage)) {
        if (set_remove(c, false)) fat_mend_loses(c, "a long name that is not like its 8.3 name");
        return false;
    }
    if (!fat_mend_room(c, c->long_count, c->long_count)) return false;
    fat_mend_set_sum(c, raw);
    c->reader.checksum = fat_long_checksum(raw);
    fat_mend_say_name(c, "the checksum is set right, as it is like its 8.3 name; it is called",
                      &c->reader.name);
    return true;
}

bool fat_mend_long_reserved(struct fat_check *c, uint32_t cluster, uint64_t a, uint64_t b)
{
    static const uint8_t none[2] = { 0 }, attributes = FAT_ATTR_LONG;
    (void)cluster, (void)a, (void)b;
    if (!fat_mend_room(c, 3, 4)) return false;
    fat_mend_slot(c, c->slot_at, FAT_SLOT_ATTR, &attributes, 1, FAT_STAGE_ADD);
    fat_mend_slot(c, c->slot_at, FAT_SLOT_LONG_TYPE, none, 1, FAT_STAGE_ADD);
    fat_mend_slot(c, c->slot_at, FAT_SLOT_START_LOW, none, 2, FAT_STAGE_ADD);
    fat_mend_say(c, "they become 0");
    return false;
}

/* Every character that is refused becomes '_'. */
bool fat_mend_long_illegal(struct fat_check *c, uint32_t cluster, uint64_t a, uint64_t b)
{
    struct fat_name name;
    uint32_t bad;
    (void)cluster, (void)a, (void)b;
    if (long_is_at_hand(c)) return set_give_up(c, true);
    if (c->reader.name.len == 0) return set_give_up(c, false);
    fat_name_copy(&name, &c->reader.name);
    while (fat_name_check(&name, &bad))
        name.units[bad] = '_';
    if (!fat_mend_set_write(c, &name)) return false;
    fat_name_copy(&c->reader.name, &name);
    fat_mend_say_name(c, "it is called", &name);
    return true;
}
