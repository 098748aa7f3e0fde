/* SPDX-License-Identifier: ISC */
/*
 * Bitmap and index pages in memory. What is evicted while a generation is built is written to the
 * home that it will have in that generation, as often as need be: nothing leads there yet.
 *
 * A page is evicted only when none that it leads to is here (space.h, 5): so whoever is written
 * finds the page above it, and writing one never reads another.
 */
#include "space_slot.h"

#define WRITES_MOST 16u /* requests of one batch */
#define LEVELS_MOST 3u

/* ---- finding --------------------------------------------------------------------------------- */

static uint32_t *bucket_of(struct kvn_space *space, uint32_t level, uint64_t number)
{
    uint64_t mixed = (number * 4 + level) * UINT64_C(0x9E3779B97F4A7C15);
    return &space->buckets[(uint32_t)(mixed >> 32) & space->bucket_mask];
}

struct kvn_space_slot *kvn_slot_here(struct kvn_space *space, uint32_t level, uint64_t number)
{
    uint32_t at = *bucket_of(space, level, number);
    while (at != KVN_SLOT_NONE) {
        struct kvn_space_slot *slot = &space->slots[at];
        if (slot->number == number && slot->level == level) return slot;
        at = slot->next;
    }
    return NULL;
}

static struct kvn_space_slot *parent_of(struct kvn_space *space, uint32_t level, uint64_t number)
{
    if (level == space->shape.index_levels) return NULL;
    return kvn_slot_here(space, level + 1, number / kvn_index_fanout(space->shape.page_bytes));
}

/* Where in its parent the entry of a page lies. */
static uint8_t *entry_in(const struct kvn_space *space, struct kvn_space_slot *parent,
                         uint64_t number)
{
    uint64_t at = number % kvn_index_fanout(space->shape.page_bytes);
    return kvn_slot_bits(parent) + at * KVN_HOME_BYTES;
}

/* The parent, if there is one, is in memory. */
static enum cairn_err entry_get(struct kvn_space *space, uint32_t level, uint64_t number,
                                struct kvn_home *home, struct cairn_why *why)
{
    struct kvn_space_slot *parent = parent_of(space, level, number);
    if (!parent) {
        *home = space->shape.top[number];
        return CAIRN_OK;
    }
    if (!kvn_home_decode(home, entry_in(space, parent, number))) return CAIRN_OK;
    return cairn_why_fail(why, CAIRN_ECORRUPT, "index page %llu of free space: an entry",
                          (unsigned long long)parent->number);
}

static void entry_put(struct kvn_space *space, const struct kvn_space_slot *slot)
{
    struct kvn_space_slot *parent = parent_of(space, slot->level, slot->number);
    if (!parent) {
        space->shape.top[slot->number] = slot->home;
        return;
    }
    kvn_home_encode(entry_in(space, parent, slot->number), &slot->home);
    parent->dirty = true;
}

/* Free pages under a page that was never written. */
static uint64_t empty_free(const struct kvn_space *space, uint32_t level, uint64_t number)
{
    uint64_t under = kvn_groups_under(&space->shape, level), groups = kvn_groups(&space->shape);
    if (number * under >= groups) return 0;
    return kvn_empty_free(&space->shape, number * under,
                          cairn_min_u64((number + 1) * under, groups));
}

/* ---- writing --------------------------------------------------------------------------------- */

static uint64_t home_block(const struct kvn_space *space, uint32_t level, uint64_t number,
                           uint32_t home)
{
    uint64_t page = kvn_homes_page(&space->shape, level, number) + home;
    return page * (space->shape.page_bytes / space->dev->info.block_bytes);
}

/* Make the page what it is to be in its next home; done twice it is the same. */
static void prepare(struct kvn_space *space, struct kvn_space_slot *slot)
{
    uint64_t birth = kvn_space_building(space);
    struct kvn_bits_head head = { .level = slot->level,
                                  .number = slot->number,
                                  .birth = birth,
                                  .uuid8 = cairn_le64(space->shape.uuid) };
    kvn_bits_seal(slot->page, space->shape.page_bytes, &head);
    if (slot->home.birth != 0 && slot->home.birth != birth)
        slot->home.home = (uint8_t)((slot->home.home + 1) % KVN_RING);
    slot->home.birth = birth;
    slot->home.free = (uint32_t)cairn_min_u64(slot->free, UINT32_MAX);
    slot->home.hash = kvn_bits_hash(slot->page);
}

static void published(struct kvn_space *space, struct kvn_space_slot *slot)
{
    entry_put(space, slot);
    slot->dirty = false;
}

/* Write the slots, at most WRITES_MOST of one level. */
static enum cairn_err write_batch(struct kvn_space *space, struct kvn_space_slot **slots,
                                  uint32_t count, struct cairn_why *why)
{
    struct cairn_blk_req reqs[WRITES_MOST];
    struct cairn_blk_seg segs[WRITES_MOST];
    uint32_t page_bytes = space->shape.page_bytes;
    for (uint32_t i = 0; i < count; i++) {
        struct kvn_space_slot *slot = slots[i];
        prepare(space, slot);
        segs[i] = (struct cairn_blk_seg){ slot->page, page_bytes };
        reqs[i] = (struct cairn_blk_req){ .op = CAIRN_BLK_WRITE,
                                          .block = home_block(space, slot->level, slot->number,
                                                              slot->home.home),
                                          .count = page_bytes / space->dev->info.block_bytes,
                                          .segs = &segs[i],
                                          .seg_count = 1,
                                          .why = why };
    }
    enum cairn_err err = cairn_blk_submit(space->dev, reqs, count);
    for (uint32_t i = 0; i < count && !err; i++)
        published(space, slots[i]);
    return err;
}

static enum cairn_err write_level(struct kvn_space *space, uint32_t level, struct cairn_why *why)
{
    struct kvn_space_slot *batch[WRITES_MOST];
    uint32_t count = 0;
    enum cairn_err err = CAIRN_OK;
    for (uint32_t i = 0; i < space->slot_count && !err; i++) {
        struct kvn_space_slot *slot = &space->slots[i];
        if (slot->used && slot->dirty && slot->level == level) batch[count++] = slot;
        if (count < WRITES_MOST) continue;
        err = write_batch(space, batch, count, why);
        count = 0;
    }
    return err || count == 0 ? err : write_batch(space, batch, count, why);
}

enum cairn_err kvn_slots_write(struct kvn_space *space, struct cairn_why *why)
{
    enum cairn_err err = CAIRN_OK;
    for (uint32_t level = 0; level <= space->shape.index_levels && !err; level++)
        err = write_level(space, level, why);
    return err;
}

/* ---- reading --------------------------------------------------------------------------------- */

enum cairn_err kvn_home_read(struct kvn_space *space, uint32_t level, uint64_t number,
                             uint32_t home, uint8_t *page, bool *whole, struct kvn_bits_head *head,
                             struct cairn_why *why)
{
    uint32_t page_bytes = space->shape.page_bytes;
    enum cairn_err err = cairn_blk_read(space->dev, home_block(space, level, number, home),
                                        page_bytes / space->dev->info.block_bytes, page, why);
    if (err) return err;
    *whole = !kvn_bits_check(page, page_bytes, head) && head->level == level &&
             head->number == number && head->uuid8 == cairn_le64(space->shape.uuid);
    return CAIRN_OK;
}

static void make_empty(struct kvn_space *space, struct kvn_space_slot *slot, uint32_t level,
                       uint64_t number)
{
    memset(slot->page, 0, space->shape.page_bytes);
    if (level == 0) kvn_group_fixed(&space->shape, number, kvn_slot_bits(slot));
    slot->free = empty_free(space, level, number);
}

/* Free pages under an index page, by its entries. */
static enum cairn_err sum_entries(struct kvn_space *space, struct kvn_space_slot *slot,
                                  uint32_t level, uint64_t number)
{
    uint32_t fanout = kvn_index_fanout(space->shape.page_bytes);
    slot->free = 0;
    for (uint32_t i = 0; i < fanout; i++) {
        struct kvn_home home;
        if (kvn_home_decode(&home, kvn_slot_bits(slot) + i * KVN_HOME_BYTES)) return CAIRN_ECORRUPT;
        slot->free += home.birth ? home.free : empty_free(space, level - 1, number * fanout + i);
    }
    return CAIRN_OK;
}

static enum cairn_err read_page(struct kvn_space *space, struct kvn_space_slot *slot,
                                uint32_t level, uint64_t number, struct cairn_why *why)
{
    bool whole;
    struct kvn_bits_head head;
    enum cairn_err err =
        kvn_home_read(space, level, number, slot->home.home, slot->page, &whole, &head, why);
    if (err) return err;
    if (whole && head.birth == slot->home.birth &&
        kvn_hash_equal(kvn_bits_hash(slot->page), slot->home.hash)) {
        slot->free = slot->home.free;
        if (level == 0 || !sum_entries(space, slot, level, number)) return CAIRN_OK;
    }
    (void)cairn_why_fail(why, CAIRN_ECORRUPT, "page %llu of level %u of free space, home %u",
                         (unsigned long long)number, level, slot->home.home);
    cairn_why_block(why, home_block(space, level, number, slot->home.home));
    cairn_why_hint(why, "cairn kv repair makes the map of free space anew");
    return CAIRN_ECORRUPT;
}

/* ---- slots ----------------------------------------------------------------------------------- */

void kvn_slot_link(struct kvn_space *space, struct kvn_space_slot *slot, uint32_t level,
                   uint64_t number)
{
    uint32_t *bucket = bucket_of(space, level, number);
    struct kvn_space_slot *parent = parent_of(space, level, number);
    slot->level = (uint8_t)level;
    slot->number = number;
    slot->used = slot->recent = true;
    slot->next = *bucket;
    *bucket = (uint32_t)(slot - space->slots);
    if (parent) parent->kids++;
}

static void unlink_slot(struct kvn_space *space, struct kvn_space_slot *slot)
{
    uint32_t self = (uint32_t)(slot - space->slots);
    uint32_t *at = bucket_of(space, slot->level, slot->number);
    struct kvn_space_slot *parent = parent_of(space, slot->level, slot->number);
    while (*at != self)
        at = &space->slots[*at].next;
    *at = slot->next;
    slot->used = false;
    if (parent) parent->kids--;
}

/* One that may be evicted: there always is one (space.h, 5; KVN_SLOTS_LEAST). */
static struct kvn_space_slot *victim(struct kvn_space *space)
{
    for (;;) {
        struct kvn_space_slot *slot = &space->slots[space->hand];
        space->hand = (space->hand + 1) % space->slot_count;
        if (!slot->used) return slot;
        if (slot->pinned || slot->kids > 0) continue;
        if (!slot->recent) return slot;
        slot->recent = false;
    }
}

enum cairn_err kvn_slot_take(struct kvn_space *space, struct kvn_space_slot **slot,
                             struct cairn_why *why)
{
    struct kvn_space_slot *taken = victim(space);
    enum cairn_err err = CAIRN_OK;
    if (taken->used && taken->dirty) err = write_batch(space, &taken, 1, why);
    if (err) return err;
    if (taken->used) unlink_slot(space, taken);
    *taken = (struct kvn_space_slot){ .page = taken->page };
    *slot = taken;
    return CAIRN_OK;
}

/* The page, whose parent is in memory. */
static enum cairn_err load(struct kvn_space *space, uint32_t level, uint64_t number,
                           struct kvn_space_slot **slot, struct cairn_why *why)
{
    struct kvn_home home;
    enum cairn_err err = entry_get(space, level, number, &home, why);
    if (!err) err = kvn_slot_take(space, slot, why);
    if (err) return err;
    (*slot)->home = home;
    if (home.birth == 0)
        make_empty(space, *slot, level, number);
    else
        err = read_page(space, *slot, level, number, why);
    if (err) return err;
    kvn_slot_link(space, *slot, level, number);
    return CAIRN_OK;
}

enum cairn_err kvn_slot_get(struct kvn_space *space, uint32_t level, uint64_t number,
                            struct kvn_space_slot **slot, struct cairn_why *why)
{
    struct kvn_space_slot *path[LEVELS_MOST];
    uint32_t depth = 0;
    enum cairn_err err = CAIRN_OK;
    *slot = kvn_slot_here(space, level, number);
    if (*slot) {
        (*slot)->recent = true;
        return CAIRN_OK;
    }
    for (uint32_t above = space->shape.index_levels + 1; !err && above-- > level;) {
        uint64_t at = number / (kvn_groups_under(&space->shape, above - level));
        *slot = kvn_slot_here(space, above, at);
        if (!*slot) err = load(space, above, at, slot, why);
        if (err) break;
        (*slot)->pinned = true;
        path[depth++] = *slot;
    }
    while (depth > 0)
        path[--depth]->pinned = false;
    return err;
}

void kvn_slot_adjust(struct kvn_space *space, struct kvn_space_slot *slot, int64_t more)
{
    slot->dirty = true;
    while (slot) {
        slot->free += (uint64_t)more;
        slot = parent_of(space, slot->level, slot->number);
    }
}

enum cairn_err kvn_slot_free_under(struct kvn_space *space, uint32_t level, uint64_t number,
                                   uint64_t *free_pages, struct cairn_why *why)
{
    struct kvn_home home = { .birth = 0 };
    struct kvn_space_slot *slot = kvn_slot_here(space, level, number), *parent;
    enum cairn_err err = CAIRN_OK;
    if (slot) {
        *free_pages = slot->free;
        return CAIRN_OK;
    }
    if (level < space->shape.index_levels)
        err = kvn_slot_get(space, level + 1, number / kvn_index_fanout(space->shape.page_bytes),
                           &parent, why);
    if (!err) err = entry_get(space, level, number, &home, why);
    if (!err) *free_pages = home.birth ? home.free : empty_free(space, level, number);
    return err;
}
