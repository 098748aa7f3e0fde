/* SPDX-License-Identifier: ISC */
/* What of a device is free for partitions: ranges that are taken, and the gaps between them. */
#include "edit.h"

#include <cairn/bytes.h>

/* Where partitions of one kind may lie: blocks [first, end). */
struct area {
    uint64_t first, end;
};

const struct cairn_part *part_extended(const struct cairn_part_table *table)
{
    for (uint32_t i = 0; i < table->part_count; i++)
        if (cairn_part_is_extended(table, &table->parts[i])) return &table->parts[i];
    return NULL;
}

uint64_t part_end(const struct cairn_part *part)
{
    return part->count > UINT64_MAX - part->first ? UINT64_MAX : part->first + part->count;
}

/* The first block of an extended partition is its first boot record, used or not. */
static struct area area_of(const struct cairn_part_table *table, bool logical)
{
    const struct cairn_part *extended = logical ? part_extended(table) : NULL;
    if (extended) return (struct area){ extended->first + 1, part_end(extended) };
    if (logical) return (struct area){ 0, 0 };
    return (struct area){ table->first_usable, table->last_usable + 1 };
}

static bool is_logical(const struct cairn_part_table *table, const struct cairn_part *part)
{
    return table->scheme == CAIRN_PART_MBR && part->number >= CAIRN_PART_LOGICAL;
}

/* What is taken at or behind a block: whether the block itself is, and the nearest change. */
struct taken {
    uint64_t at;
    bool inside;
    uint64_t change; /* the end of what lies over it, or where the next begins */
};

static void taken_add(struct taken *taken, uint64_t first, uint64_t end)
{
    if (first <= taken->at && taken->at < end) {
        taken->change = taken->inside ? cairn_max_u64(taken->change, end) : end;
        taken->inside = true;
    } else if (!taken->inside && first > taken->at) {
        taken->change = cairn_min_u64(taken->change, first);
    }
}

/* Looks from block `at` of an area at all partitions of its kind but one. */
static struct taken taken_at(const struct cairn_part_table *table, bool logical, uint64_t at,
                             const struct cairn_part *but)
{
    struct taken taken = { .at = at, .change = area_of(table, logical).end };
    for (uint32_t i = 0; i < table->part_count; i++) {
        const struct cairn_part *part = &table->parts[i];
        if (part == but || is_logical(table, part) != logical) continue;
        taken_add(&taken, part->first, part_end(part));
        if (part->record) taken_add(&taken, part->record, part->record + 1);
    }
    return taken;
}

bool cairn_part_gap_next(const struct cairn_part_table *table, bool logical, uint64_t *at,
                         struct cairn_part_gap *gap)
{
    struct area area = area_of(table, logical);
    uint64_t from = cairn_max_u64(*at, area.first);
    while (from < area.end) {
        struct taken taken = taken_at(table, logical, from, NULL);
        uint64_t change = cairn_min_u64(taken.change, area.end);
        if (!taken.inside) {
            *gap = (struct cairn_part_gap){ from, change - from };
            *at = change;
            return true;
        }
        from = change;
    }
    return false;
}

uint64_t cairn_part_room(const struct cairn_part_table *table, const struct cairn_part *part)
{
    bool logical = is_logical(table, part);
    struct area area = area_of(table, logical);
    if (part->first < area.first || part->first >= area.end) return 0;
    struct taken taken = taken_at(table, logical, part->first, part);
    return taken.inside ? 0 : cairn_min_u64(taken.change, area.end) - part->first;
}
