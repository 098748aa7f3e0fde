/* SPDX-License-Identifier: ISC */
/*
 * 8.3 aliases of one directory. Names that are 8.3 but for case claim theirs first; so an alias
 * with a tail can equal no long name, and the order of names does not matter to them.
 *
 * Tails are found without probing: all aliases that share what stands in front of the tail, the
 * extension and the tail's length form a class, which is named by its first alias ("FILENA~1.TXT",
 * "FILEN~10.TXT") and remembers the next number. A number is looked at once in its class, whoever
 * asks. One table holds both: which aliases are taken, and which number a class has next.
 */
#include "plan.h"

#include "os.h"
#include <cairn/bytes.h>
#include <stdlib.h>

#define NUMBER_MAX 999999u
#define CASE_UNSETTLED 0xFFu /* case_bits of a name that waits for its tail */

struct alias_slot {
    uint8_t raw[FAT_SHORT_BYTES];
    uint8_t state; /* bits: SLOT_USED, SLOT_TAKEN */
    uint32_t next; /* of the class that this alias names; 0: not asked yet */
};
#define SLOT_USED 1u
#define SLOT_TAKEN 2u

struct alias_table {
    struct alias_slot *slots;
    uint32_t room; /* a power of two */
};

static uint32_t raw_hash(const uint8_t raw[FAT_SHORT_BYTES])
{
    uint64_t value = cairn_le64(raw) ^ (uint64_t)cairn_le32(raw + 7) << 29;
    value *= 0x9E3779B97F4A7C15u;
    return (uint32_t)(value >> 32);
}

static struct alias_slot *alias_find(struct alias_table *table, const uint8_t raw[FAT_SHORT_BYTES])
{
    for (uint32_t at = raw_hash(raw);; at++) {
        struct alias_slot *slot = &table->slots[at & (table->room - 1)];
        if (slot->state && memcmp(slot->raw, raw, FAT_SHORT_BYTES) != 0) continue;
        if (!slot->state) memcpy(slot->raw, raw, FAT_SHORT_BYTES);
        slot->state |= SLOT_USED;
        return slot;
    }
}

static bool alias_take(struct alias_table *table, const uint8_t raw[FAT_SHORT_BYTES])
{
    struct alias_slot *slot = alias_find(table, raw);
    if (slot->state & SLOT_TAKEN) return false;
    slot->state |= SLOT_TAKEN;
    return true;
}

/* The next free alias of the class of numbers first .. first * 10 - 1; false: none is left. */
static bool tail_take(struct alias_table *table, const uint8_t basis[FAT_SHORT_BYTES],
                      uint32_t first, uint8_t raw[FAT_SHORT_BYTES])
{
    fat_short_tail(basis, first, raw);
    struct alias_slot *class = alias_find(table, raw);
    if (class->next == 0) class->next = first;
    while (class->next < first * 10) {
        fat_short_tail(basis, class->next++, raw);
        if (alias_take(table, raw)) return true;
    }
    return false;
}

static bool tail_any(struct alias_table *table, const uint8_t basis[FAT_SHORT_BYTES],
                     uint8_t raw[FAT_SHORT_BYTES])
{
    for (uint32_t first = 1; first <= NUMBER_MAX; first *= 10)
        if (tail_take(table, basis, first, raw)) return true;
    return false;
}

/* A name takes at most one entry for itself and one for its class; classes of longer tails are
 * opened only once nine names of the shorter are gone. So half of this stays free. */
static enum cairn_err table_open(struct alias_table *table, uint32_t names, struct cairn_why *why)
{
    table->room = 64;
    while (table->room < (uint64_t)names * 4)
        table->room *= 2;
    table->slots = calloc(table->room, sizeof *table->slots);
    return table->slots ? CAIRN_OK : img_no_memory(why);
}

/* Claim what is 8.3 but for case; note how many long slots each name needs. */
static void claim_plain(struct cairn_image_plan *plan, uint32_t first, uint32_t end,
                        struct alias_table *table)
{
    for (uint32_t i = first; i < end; i++) {
        struct img_place *place = &plan->places[i];
        struct fat_name name;
        struct fat_short basis;
        img_node_name(&plan->tree->nodes[i], &name);
        fat_short_basis(&name, plan->codepage, &basis);
        memcpy(place->alias, basis.raw, FAT_SHORT_BYTES);
        bool claimed = !basis.lossy && alias_take(table, basis.raw);
        bool whole = claimed && basis.exact;
        place->long_slots = whole ? 0 : (uint8_t)fat_long_slots(&name);
        place->case_bits = whole ? basis.case_bits : claimed ? 0 : CASE_UNSETTLED;
    }
}

static bool deal_tails(struct cairn_image_plan *plan, uint32_t first, uint32_t end,
                       struct alias_table *table)
{
    for (uint32_t i = first; i < end; i++) {
        struct img_place *place = &plan->places[i];
        uint8_t raw[FAT_SHORT_BYTES];
        if (place->case_bits != CASE_UNSETTLED) continue;
        place->case_bits = 0;
        if (!tail_any(table, place->alias, raw)) return false;
        memcpy(place->alias, raw, FAT_SHORT_BYTES);
    }
    return true;
}

enum cairn_err img_plan_aliases(struct cairn_image_plan *plan, uint32_t dir, struct cairn_why *why)
{
    const struct img_node *node = &plan->tree->nodes[dir];
    uint32_t first = node->first_child, end = first + node->child_count;
    struct alias_table table;
    enum cairn_err err = table_open(&table, node->child_count, why);
    if (err) return err;
    claim_plain(plan, first, end, &table);
    bool dealt = deal_tails(plan, first, end, &table);
    free(table.slots);
    if (dealt) return CAIRN_OK;
    err = cairn_why_fail(why, CAIRN_EFBIG, "more names alike than there are 8.3 names for");
    return img_tree_blame(plan->tree, dir, err, why);
}
