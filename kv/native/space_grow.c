/* SPDX-License-Identifier: ISC */
/* A store that has more pages than before: its last group's bits, and levels of the index. */
#include "space_slot.h"

/* One more level: what was the top is its one page. */
static enum cairn_err raise_index(struct kvn_space *space, struct cairn_why *why)
{
    struct kvn_space_slot *slot;
    struct kvn_super *shape = &space->shape;
    enum cairn_err err = kvn_slot_take(space, &slot, why);
    if (err) return err;
    memset(slot->page, 0, shape->page_bytes);
    for (uint32_t i = 0; i < shape->top_count; i++)
        kvn_home_encode(kvn_slot_bits(slot) + i * KVN_HOME_BYTES, &shape->top[i]);
    for (uint32_t i = 0; i < space->slot_count; i++)
        slot->kids += space->slots[i].used && space->slots[i].level == shape->index_levels;
    memset(shape->top, 0, sizeof shape->top);
    shape->index_levels++;
    shape->top_count = 1;
    slot->dirty = true;
    slot->free = space->free_now;
    kvn_slot_link(space, slot, shape->index_levels, 0);
    return CAIRN_OK;
}

/* What was always in use at the old end is not any more. */
static void move_end(struct kvn_space *space, uint64_t group, uint8_t *bits, uint64_t pages)
{
    uint8_t *fixed = space->scratch;
    struct kvn_super grown = space->shape;
    uint32_t bytes = space->shape.page_bytes - KVN_BITS_AT;
    grown.pages = pages;
    kvn_group_fixed(&space->shape, group, fixed);
    for (uint32_t i = 0; i < bytes; i++)
        bits[i] &= (uint8_t)~fixed[i];
    kvn_group_fixed(&grown, group, fixed);
    for (uint32_t i = 0; i < bytes; i++)
        bits[i] |= fixed[i];
}

/* The page and those above it are written with the next generation: what they count has changed. */
static enum cairn_err touch(struct kvn_space *space, uint64_t group, struct cairn_why *why)
{
    uint64_t number = group;
    for (uint32_t level = 0; level <= space->shape.index_levels; level++) {
        struct kvn_space_slot *slot;
        enum cairn_err err = kvn_slot_get(space, level, number, &slot, why);
        if (err) return err;
        slot->dirty = true;
        number /= kvn_index_fanout(space->shape.page_bytes);
    }
    return CAIRN_OK;
}

/* What the levels above the bitmap count, once there are more pages. */
static void recount(struct kvn_space *space, struct kvn_space_slot *slot, uint64_t more_here)
{
    const struct kvn_super *shape = &space->shape;
    uint64_t groups = kvn_groups(shape), last = slot->number;
    slot->free += more_here;
    for (uint32_t level = 1; level <= shape->index_levels; level++) {
        uint64_t under = kvn_groups_under(shape, level), end = (last / under + 1) * under;
        struct kvn_space_slot *above = kvn_slot_here(space, level, last / under);
        above->free += more_here;
        if (last + 1 < groups)
            above->free += kvn_empty_free(shape, last + 1, cairn_min_u64(end, groups));
    }
}

enum cairn_err kvn_space_grow(struct kvn_space *space, uint64_t pages, struct cairn_why *why)
{
    struct kvn_super grown = space->shape;
    struct kvn_space_slot *slot;
    uint64_t last = kvn_groups(&space->shape) - 1, before;
    grown.pages = pages;
    enum cairn_err err = kvn_geometry_check(&grown, why);
    if (err || pages <= space->shape.pages) return err;
    kvn_index_shape(&grown);
    before = kvn_empty_free(&space->shape, 0, last + 1);
    while (!err && space->shape.index_levels < grown.index_levels)
        err = raise_index(space, why);
    if (!err) err = touch(space, last, why);
    if (!err) err = kvn_slot_get(space, 0, last, &slot, why);
    if (err) return err;
    move_end(space, last, kvn_slot_bits(slot), pages);
    space->shape.pages = pages;
    space->shape.top_count = grown.top_count;
    space->free_now += kvn_empty_free(&grown, 0, kvn_groups(&grown)) - before;
    uint64_t more_here = kvn_empty_free(&grown, 0, last + 1) - before;
    recount(space, slot, more_here);
    /* The group's older homes have them in use. */
    space->freed[kvn_space_building(space) % KVN_RING] += more_here;
    space->held += more_here;
    return CAIRN_OK;
}
