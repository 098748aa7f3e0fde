/* SPDX-License-Identifier: ISC */
/* Free space: pages come into use and go, and generations pass. */
#include "space.h"

#include "space_slot.h"

#define KEEP_MOST (KVN_RING - 2) /* a home for each generation kept, the newest, and the next */
#define OTHER_PAGES 2u           /* beside slots: busy, scratch */
#define ARENA_PART 16u

/* ---- opening --------------------------------------------------------------------------------- */

/* Slots for so many bytes; more than there are pages is of no use, but the store may grow. */
static uint32_t slots_in(const struct kvn_super *super, size_t bytes)
{
    uint64_t each = super->page_bytes + sizeof(struct kvn_space_slot) + 2 * sizeof(uint32_t);
    uint64_t most = 2 * kvn_groups(super) + 8, fit = bytes / each;
    fit = fit > OTHER_PAGES ? fit - OTHER_PAGES : 0;
    return (uint32_t)cairn_max_u64(KVN_SLOTS_LEAST, cairn_min_u64(fit, most));
}

static bool take_memory(struct kvn_space *space, struct cairn_arena *arena)
{
    uint32_t page_bytes = space->shape.page_bytes, buckets = 1;
    uint32_t least = space->dev->info.mem_align;
    size_t align = least > 64 ? least : 64;
    space->slot_count = slots_in(&space->shape, arena->left / ARENA_PART);
    while (buckets < space->slot_count)
        buckets *= 2;
    space->bucket_mask = buckets - 1;
    space->slots = cairn_arena_array(arena, space->slot_count, sizeof *space->slots, 8);
    space->buckets = cairn_arena_array(arena, buckets, sizeof *space->buckets, 4);
    space->busy = cairn_arena_take(arena, page_bytes, align);
    space->scratch = cairn_arena_take(arena, page_bytes, align);
    if (!space->slots || !space->buckets || !space->busy || !space->scratch) return false;
    memset(space->buckets, 0xFF, buckets * sizeof *space->buckets); /* KVN_SLOT_NONE */
    for (uint32_t i = 0; i < space->slot_count; i++) {
        space->slots[i].page = cairn_arena_take(arena, page_bytes, align);
        if (!space->slots[i].page) return false;
    }
    return true;
}

/* Pages freed while one of the last keep + 1 generations was built, up to the one being built. */
static void count_held(struct kvn_space *space)
{
    space->held = 0;
    for (uint64_t i = 0; i <= space->keep && i <= space->shape.generation; i++)
        space->held += space->freed[(space->shape.generation + 1 - i) % KVN_RING];
}

static void state_fill(struct kvn_space *space, const struct kvn_super *super)
{
    space->shape = *super;
    space->group = space->start = space->jumped_to = super->search_group;
    space->free_now = super->free_pages;
    memcpy(space->freed, super->freed, sizeof space->freed);
    space->freed[(super->generation + 1) % KVN_RING] = 0;
    count_held(space);
}

void kvn_space_forget(struct kvn_space *space, const struct kvn_super *super)
{
    struct kvn_space was = *space;
    *space = (struct kvn_space){ .dev = was.dev,
                                 .keep = was.keep,
                                 .slots = was.slots,
                                 .buckets = was.buckets,
                                 .slot_count = was.slot_count,
                                 .bucket_mask = was.bucket_mask,
                                 .busy = was.busy,
                                 .scratch = was.scratch };
    for (uint32_t i = 0; i < space->slot_count; i++)
        space->slots[i] = (struct kvn_space_slot){ .page = space->slots[i].page };
    memset(space->buckets, 0xFF, (space->bucket_mask + 1) * sizeof *space->buckets);
    state_fill(space, super);
}

void kvn_space_skip(struct kvn_space *space, uint64_t generation)
{
    space->shape.generation = generation;
    memset(space->freed, 0, sizeof space->freed);
    space->held = 0;
}

enum cairn_err kvn_space_init(struct kvn_space *space, struct cairn_arena *arena,
                              struct cairn_blk *dev, const struct kvn_super *super, uint32_t keep,
                              struct cairn_why *why)
{
    memset(space, 0, sizeof *space);
    space->dev = dev;
    space->keep = (uint32_t)cairn_max_u64(1, cairn_min_u64(keep, KEEP_MOST));
    state_fill(space, super);
    if (take_memory(space, arena)) return CAIRN_OK;
    return cairn_why_fail(why, CAIRN_ENOMEM, "memory for the map of free space");
}

/* ---- pages come and go ----------------------------------------------------------------------- */

static enum cairn_err wrong(struct cairn_why *why, uint64_t first, uint32_t count, const char *what)
{
    return cairn_why_fail(why, CAIRN_ECORRUPT, "pages %llu to %llu %s", (unsigned long long)first,
                          (unsigned long long)(first + count - 1), what);
}

/* The bitmap page of a run, which is of one group (the next one begins with homes), and the bit
 * that is its first page. */
static enum cairn_err find_run(struct kvn_space *space, uint64_t first, uint32_t count,
                               struct kvn_space_slot **slot, uint64_t *at, struct cairn_why *why)
{
    uint64_t pages = kvn_group_pages(space->shape.page_bytes);
    *at = first % pages;
    if (first / pages >= kvn_groups(&space->shape) || count > pages - *at ||
        kvn_has_fixed(&space->shape, first, count))
        return wrong(why, first, count, "are no pages that come and go");
    return kvn_slot_get(space, 0, first / pages, slot, why);
}

/* Make the pages free for the next checkpoint; *here: the search is in their group, at bit *at.
 * What is busy there is known before, so that it stays so. */
static enum cairn_err release(struct kvn_space *space, uint64_t first, uint32_t count, bool *here,
                              uint64_t *at, struct cairn_why *why)
{
    struct kvn_space_slot *slot = NULL;
    enum cairn_err err = CAIRN_OK;
    *here = first / kvn_group_pages(space->shape.page_bytes) == space->group;
    if (*here && !space->busy_known) err = kvn_space_enter(space, why);
    if (!err) err = find_run(space, first, count, &slot, at, why);
    if (err || !slot) return err;
    if (kvn_bits_clear(kvn_slot_bits(slot), *at, count) > 0)
        return wrong(why, first, count, "are not all in use");
    (void)kvn_bits_put(kvn_slot_bits(slot), *at, count, false);
    kvn_slot_adjust(space, slot, count);
    space->free_now += count;
    return CAIRN_OK;
}

enum cairn_err kvn_space_free(struct kvn_space *space, uint64_t first, uint32_t count,
                              struct cairn_why *why)
{
    bool here;
    uint64_t at;
    enum cairn_err err = release(space, first, count, &here, &at, why);
    if (err) return err;
    space->freed[kvn_space_building(space) % KVN_RING] += count;
    space->held += count;
    return CAIRN_OK;
}

enum cairn_err kvn_space_undo(struct kvn_space *space, uint64_t first, uint32_t count,
                              struct cairn_why *why)
{
    bool here;
    uint64_t at;
    enum cairn_err err = release(space, first, count, &here, &at, why);
    if (err) return err;
    if (here)
        (void)kvn_bits_put(space->busy, at, count, false);
    else
        space->passed += count;
    if (here && space->at == at + count) space->at = at;
    return CAIRN_OK;
}

enum cairn_err kvn_space_hide(struct kvn_space *space, uint64_t first, uint32_t count,
                              struct cairn_why *why)
{
    bool here;
    uint64_t at, group = first / kvn_group_pages(space->shape.page_bytes);
    enum cairn_err err = release(space, first, count, &here, &at, why);
    if (err) return err;
    if (!space->is_early ||
        kvn_space_distance(space, group) < kvn_space_distance(space, space->early))
        space->early = group;
    space->is_early = true;
    return CAIRN_OK;
}

enum cairn_err kvn_space_mark(struct kvn_space *space, uint64_t first, uint32_t count,
                              struct cairn_why *why)
{
    struct kvn_space_slot *slot = NULL;
    uint64_t at = 0;
    enum cairn_err err = find_run(space, first, count, &slot, &at, why);
    if (err || !slot) return err;
    uint64_t more = kvn_bits_put(kvn_slot_bits(slot), at, count, true), group = slot->number;
    if (more == 0) return CAIRN_OK;
    kvn_slot_adjust(space, slot, -(int64_t)more);
    space->free_now -= more;
    if (kvn_space_distance(space, group) > kvn_space_distance(space, space->group))
        return kvn_space_jump(space, group, why);
    if (group != space->group) return CAIRN_OK;
    if (!space->busy_known) return kvn_space_enter(space, why);
    (void)kvn_bits_put(space->busy, at, count, true);
    return CAIRN_OK;
}

enum cairn_err kvn_space_in_use(struct kvn_space *space, uint64_t page, bool *in_use,
                                struct cairn_why *why)
{
    struct kvn_space_slot *slot;
    uint64_t pages = kvn_group_pages(space->shape.page_bytes);
    *in_use = true;
    if (page / pages >= kvn_groups(&space->shape)) return CAIRN_OK;
    enum cairn_err err = kvn_slot_get(space, 0, page / pages, &slot, why);
    if (!err) *in_use = kvn_bit(kvn_slot_bits(slot), page % pages);
    return err;
}

uint64_t kvn_space_room(const struct kvn_space *space)
{
    uint64_t not_yet = space->held + space->passed;
    return space->free_now > not_yet ? space->free_now - not_yet : 0;
}

/* ---- generations ----------------------------------------------------------------------------- */

enum cairn_err kvn_space_write(struct kvn_space *space, struct kvn_super *super,
                               struct cairn_why *why)
{
    enum cairn_err err = kvn_slots_write(space, why);
    if (err) return err;
    super->index_levels = space->shape.index_levels;
    super->top_count = space->shape.top_count;
    memcpy(super->top, space->shape.top, sizeof super->top);
    memcpy(super->freed, space->freed, sizeof super->freed);
    super->free_pages = space->free_now;
    if (!space->is_early) space->early = space->group;
    super->search_group = space->early;
    space->written = true;
    space->freed[kvn_space_building(space) % KVN_RING] = 0;
    return CAIRN_OK;
}

void kvn_space_committed(struct kvn_space *space, uint64_t generation)
{
    uint64_t retired = generation > space->keep ? generation - space->keep : 0;
    space->shape.generation = generation;
    space->written = space->is_early = false;
    /* What comes free now may lie in groups that the search has left already; what did before, too,
     * when it begins where it began then. */
    uint64_t before = space->early == space->start ? space->passed : 0;
    space->start = space->jumped_to = space->early;
    space->passed = space->start != space->group ? before + space->freed[retired % KVN_RING] : 0;
    count_held(space);
    /* When this fails, nothing in the group is allocated or freed before it succeeds. */
    (void)!kvn_space_enter(space, NULL);
}
