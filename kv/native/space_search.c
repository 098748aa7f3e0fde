/* SPDX-License-Identifier: ISC */
/* Where pages are allocated: the search round the store, a group at a time (space.h, 1 and 4). */
#include "space_slot.h"

static uint64_t group_pages(const struct kvn_space *space)
{
    return kvn_group_pages(space->shape.page_bytes);
}

/* ---- what is busy ---------------------------------------------------------------------------- */

static void add_busy(struct kvn_space *space, const uint8_t *bits)
{
    for (uint32_t i = 0; i < space->shape.page_bytes - KVN_BITS_AT; i++)
        space->busy[i] |= bits[i];
}

static uint32_t home_before(uint32_t home)
{
    return (home + KVN_RING - 1) % KVN_RING;
}

/* Add what the homes say, from `home` backward, as far as a generation that may come back leads to
 * them. One that is not whole ends it: what led there cannot come back either. */
static enum cairn_err add_homes(struct kvn_space *space, uint32_t home, uint64_t younger,
                                struct cairn_why *why)
{
    uint64_t generation = space->shape.generation;
    uint64_t oldest = generation > space->keep ? generation - space->keep : 0;
    for (uint32_t i = 0; i < KVN_RING && younger > oldest; i++, home = home_before(home)) {
        bool whole;
        struct kvn_bits_head head;
        enum cairn_err err =
            kvn_home_read(space, 0, space->group, home, space->scratch, &whole, &head, why);
        if (err) return err;
        if (!whole || head.birth >= younger) break;
        add_busy(space, space->scratch + KVN_BITS_AT);
        younger = head.birth;
    }
    return CAIRN_OK;
}

enum cairn_err kvn_space_enter(struct kvn_space *space, struct cairn_why *why)
{
    struct kvn_space_slot *slot;
    space->busy_known = false;
    enum cairn_err err = kvn_slot_get(space, 0, space->group, &slot, why);
    if (err) return err;
    memcpy(space->busy, kvn_slot_bits(slot), space->shape.page_bytes - KVN_BITS_AT);
    const struct kvn_home home = slot->home;
    if (home.birth != 0)
        err = slot->dirty ? add_homes(space, home.home, UINT64_MAX, why)
                          : add_homes(space, home_before(home.home), home.birth, why);
    space->busy_known = !err;
    return err;
}

/* ---- going round ----------------------------------------------------------------------------- */

/* How many groups from this one on have nothing free, as far as one look tells. */
static enum cairn_err full_groups(struct kvn_space *space, uint64_t group, uint64_t *count,
                                  struct cairn_why *why)
{
    *count = 0;
    for (uint32_t level = space->shape.index_levels + 1; level-- > 0 && *count == 0;) {
        uint64_t under = kvn_groups_under(&space->shape, level), free_pages;
        if (group % under != 0) continue;
        enum cairn_err err = kvn_slot_free_under(space, level, group / under, &free_pages, why);
        if (err) return err;
        if (free_pages == 0) *count = cairn_min_u64(under, kvn_groups(&space->shape) - group);
    }
    return CAIRN_OK;
}

static enum cairn_err full(struct cairn_why *why)
{
    (void)cairn_why_fail(why, CAIRN_ENOSPC, "no page is free");
    cairn_why_hint(why, "pages freed since the last checkpoints come free with the next ones");
    return CAIRN_ENOSPC;
}

/* To the next group with free pages, up to where it began. When there is none, what replaying made
 * it jump over is better than nothing. */
static enum cairn_err search_next(struct kvn_space *space, struct cairn_why *why)
{
    uint64_t groups = kvn_groups(&space->shape);
    uint64_t far = kvn_space_distance(space, space->group) + 1, count = 0;
    for (;; far += count) {
        if (far >= groups && space->jumped_to != space->start) {
            far = groups - kvn_space_distance(space, space->jumped_to);
            space->start = space->jumped_to;
            space->passed = 0;
        }
        if (far >= groups) return full(why);
        uint64_t group = (space->start + far) % groups;
        enum cairn_err err = full_groups(space, group, &count, why);
        if (err) return err;
        if (count > 0) continue;
        space->group = group;
        space->at = 0;
        return kvn_space_enter(space, why);
    }
}

enum cairn_err kvn_space_jump(struct kvn_space *space, uint64_t group, struct cairn_why *why)
{
    uint64_t groups = kvn_groups(&space->shape);
    for (uint64_t g = space->group; g != group; g = (g + 1) % groups) {
        uint64_t free_pages;
        enum cairn_err err = kvn_slot_free_under(space, 0, g, &free_pages, why);
        if (err) return err;
        space->passed += free_pages;
    }
    space->group = space->jumped_to = group;
    space->at = 0;
    return kvn_space_enter(space, why);
}

enum cairn_err kvn_space_alloc(struct kvn_space *space, uint32_t want, uint64_t *first,
                               uint32_t *got, struct cairn_why *why)
{
    struct kvn_space_slot *slot;
    uint64_t at = 0, count = 0;
    enum cairn_err err = space->busy_known ? CAIRN_OK : kvn_space_enter(space, why);
    while (!err) {
        count = kvn_bits_run(space->busy, group_pages(space), space->at, want, &at);
        if (count > 0) break;
        err = search_next(space, why);
    }
    if (!err) err = kvn_slot_get(space, 0, space->group, &slot, why);
    if (err) return err;
    (void)kvn_bits_put(space->busy, at, count, true);
    (void)kvn_bits_put(kvn_slot_bits(slot), at, count, true);
    kvn_slot_adjust(space, slot, -(int64_t)count);
    space->free_now -= count;
    space->at = at + count;
    *first = space->group * group_pages(space) + at;
    *got = (uint32_t)count;
    return CAIRN_OK;
}
