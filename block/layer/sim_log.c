/* SPDX-License-Identifier: ISC */
/*
 * sim's memory: older versions of blocks in slots, chained from the newest to the durable one, and
 * blocks that have some, or are tracked, in entries behind a hash table. Entries of tracked blocks
 * are never dropped, so that entry n is the same block in every state that was saved.
 */
#include "sim.h"

#define AT_ONCE 16u /* blocks that are read together */

/* ---- places ---------------------------------------------------------------------------------- */

static uint32_t *bucket_of(const struct cairn_blk_sim *sim, uint64_t block)
{
    uint64_t mixed = block * UINT64_C(0x9E3779B97F4A7C15);
    return &sim->buckets[(uint32_t)(mixed >> 32) & sim->bucket_mask];
}

static uint8_t *slot_at(const struct cairn_blk_sim *sim, uint32_t slot)
{
    return sim->slots + (size_t)slot * sim->stride;
}

static bool is_tracking(const struct cairn_blk_sim *sim)
{
    return sim->options.tracked != 0;
}

static uint32_t entries_max(const struct cairn_blk_sim_options *options)
{
    return options->tracked ? options->tracked : options->versions;
}

struct blk_sim_entry *blk_sim_find(const struct cairn_blk_sim *sim, uint64_t block)
{
    uint32_t at = *bucket_of(sim, block);
    while (at && sim->entries[at - 1].block != block)
        at = sim->entries[at - 1].next;
    return at ? &sim->entries[at - 1] : NULL;
}

uint8_t *blk_sim_older(const struct cairn_blk_sim *sim, const struct blk_sim_entry *entry,
                       uint32_t version)
{
    uint32_t slot = entry->newest;
    for (uint32_t at = entry->versions - 1; at > version; at--)
        slot = sim->older[slot - 1];
    return slot_at(sim, slot - 1);
}

/* ---- one block below ------------------------------------------------------------------------- */

static enum cairn_err block_do(struct cairn_blk_sim *sim, enum cairn_blk_op op, uint64_t block,
                               const void *data, struct cairn_why *why)
{
    struct cairn_blk_seg seg = { (void *)(uintptr_t)data, sim->base.info.block_bytes };
    struct cairn_blk_req req = {
        .op = op, .block = block, .count = 1, .segs = &seg, .seg_count = 1, .why = why
    };
    return blk_layer_submit(&sim->base, &req, 1);
}

enum cairn_err blk_sim_get(struct cairn_blk_sim *sim, uint64_t block, void *data,
                           struct cairn_why *why)
{
    return block_do(sim, CAIRN_BLK_READ, block, data, why);
}

enum cairn_err blk_sim_put(struct cairn_blk_sim *sim, uint64_t block, const void *data,
                           struct cairn_why *why)
{
    enum cairn_err err = block_do(sim, CAIRN_BLK_WRITE, block, data, why);
    struct blk_sim_entry *entry = blk_sim_find(sim, block);
    if (entry) entry->content = ++sim->content_last;
    return err;
}

/* ---- slots ----------------------------------------------------------------------------------- */

/* Are so many slots free, in the list or never used? */
static bool slots_are_free(const struct cairn_blk_sim *sim, uint64_t wanted)
{
    uint64_t count = sim->options.versions - sim->state.slot_count;
    for (uint32_t slot = sim->state.slot_free; slot && count < wanted; slot = sim->older[slot - 1])
        count++;
    return count >= wanted;
}

static uint32_t slot_take(struct cairn_blk_sim *sim)
{
    uint32_t slot = sim->state.slot_free;
    if (!slot) return ++sim->state.slot_count;
    sim->state.slot_free = sim->older[slot - 1];
    return slot;
}

static void slot_drop(struct cairn_blk_sim *sim, uint32_t slot)
{
    sim->older[slot - 1] = sim->state.slot_free;
    sim->state.slot_free = slot;
}

/* ---- entries --------------------------------------------------------------------------------- */

static struct blk_sim_entry *entry_add(struct cairn_blk_sim *sim, uint64_t block)
{
    struct blk_sim_entry *entry = &sim->entries[sim->state.entry_count++];
    uint32_t *bucket = bucket_of(sim, block);
    *entry = (struct blk_sim_entry){ .block = block, .next = *bucket };
    *bucket = sim->state.entry_count;
    return entry;
}

/* A tracked block is met for the first time, with these contents. */
static void entry_track(struct cairn_blk_sim *sim, struct blk_sim_entry *entry, const uint8_t *data)
{
    size_t at = (size_t)(entry - sim->entries);
    memcpy(sim->bases + at * sim->stride, data, sim->base.info.block_bytes);
    entry->share_at_open = cairn_blk_sim_share(entry->block, data, sim->base.info.block_bytes);
    entry->share = entry->share_at_open;
}

static void versions_drop(struct cairn_blk_sim *sim, struct blk_sim_entry *entry)
{
    for (uint32_t slot = entry->newest; entry->versions; entry->versions--) {
        uint32_t older = sim->older[slot - 1];
        slot_drop(sim, slot);
        slot = older;
    }
    entry->newest = 0;
}

static enum cairn_err share_update(struct cairn_blk_sim *sim, struct blk_sim_entry *entry,
                                   struct cairn_why *why)
{
    if (!is_tracking(sim)) return CAIRN_OK;
    enum cairn_err err = blk_sim_get(sim, entry->block, sim->scratch, why);
    if (err) return err;
    sim->state.hash -= entry->share;
    entry->share = cairn_blk_sim_share(entry->block, sim->scratch, sim->base.info.block_bytes);
    sim->state.hash += entry->share;
    return CAIRN_OK;
}

enum cairn_err blk_sim_settle_entry(struct cairn_blk_sim *sim, struct blk_sim_entry *entry,
                                    struct cairn_why *why)
{
    if (entry->versions) sim->state.unflushed--;
    versions_drop(sim, entry);
    return share_update(sim, entry, why);
}

enum cairn_err blk_sim_settle_range(struct cairn_blk_sim *sim, uint64_t block, uint64_t count,
                                    struct cairn_why *why)
{
    for (uint64_t end = block + count; sim->state.entry_count && block < end; block++) {
        struct blk_sim_entry *entry = blk_sim_find(sim, block);
        if (!entry) continue;
        enum cairn_err err = blk_sim_settle_entry(sim, entry, why);
        if (err) return err;
    }
    return CAIRN_OK;
}

void blk_sim_forget(struct cairn_blk_sim *sim)
{
    uint32_t count = sim->state.entry_count;
    for (uint32_t i = 0; i < count; i++) {
        sim->entries[i].versions = sim->entries[i].newest = 0;
        if (!is_tracking(sim)) *bucket_of(sim, sim->entries[i].block) = 0;
    }
    if (!is_tracking(sim)) sim->state.entry_count = 0;
    sim->state.slot_count = sim->state.slot_free = sim->state.unflushed = 0;
}

enum cairn_err blk_sim_settle_all(struct cairn_blk_sim *sim, struct cairn_why *why)
{
    for (uint32_t i = 0; is_tracking(sim) && i < sim->state.entry_count; i++) {
        if (!sim->entries[i].versions) continue;
        enum cairn_err err = share_update(sim, &sim->entries[i], why);
        if (err) return err;
    }
    blk_sim_forget(sim);
    return CAIRN_OK;
}

/* ---- remembering ----------------------------------------------------------------------------- */

/* Read blocks into slots that were taken for them. */
static enum cairn_err slots_read(struct cairn_blk_sim *sim, uint64_t block, const uint32_t *slots,
                                 uint32_t count, struct cairn_why *why)
{
    struct cairn_blk_seg segs[AT_ONCE];
    struct cairn_blk_req req = {
        .block = block, .count = count, .segs = segs, .seg_count = count, .why = why
    };
    for (uint32_t i = 0; i < count; i++)
        segs[i] = (struct cairn_blk_seg){ slot_at(sim, slots[i] - 1), sim->base.info.block_bytes };
    return blk_layer_submit(&sim->base, &req, 1);
}

static void version_add(struct cairn_blk_sim *sim, uint64_t block, uint32_t slot)
{
    struct blk_sim_entry *entry = blk_sim_find(sim, block);
    if (!entry) {
        entry = entry_add(sim, block);
        if (is_tracking(sim)) entry_track(sim, entry, slot_at(sim, slot - 1));
    }
    sim->older[slot - 1] = entry->newest;
    entry->newest = slot;
    if (!entry->versions++) sim->state.unflushed++;
    entry->content = ++sim->content_last;
}

static enum cairn_err remember_some(struct cairn_blk_sim *sim, uint64_t block, uint32_t count,
                                    struct cairn_why *why)
{
    uint32_t slots[AT_ONCE];
    for (uint32_t i = 0; i < count; i++)
        slots[i] = slot_take(sim);
    enum cairn_err err = slots_read(sim, block, slots, count, why);
    for (uint32_t i = 0; i < count; i++)
        if (err)
            slot_drop(sim, slots[i]);
        else
            version_add(sim, block + i, slots[i]);
    return err;
}

/* Blocks of the range that would be tracked for the first time, up to more than there is room for.
 */
static uint64_t untracked(const struct cairn_blk_sim *sim, uint64_t block, uint64_t count)
{
    uint64_t room = sim->options.tracked - sim->state.entry_count, found = 0;
    for (uint64_t at = block; at < block + count && found <= room; at++)
        found += !blk_sim_find(sim, at);
    return found;
}

static enum cairn_err tracked_check(const struct cairn_blk_sim *sim, uint64_t block, uint64_t count,
                                    struct cairn_why *why)
{
    if (!is_tracking(sim)) return CAIRN_OK;
    uint64_t room = sim->options.tracked - sim->state.entry_count;
    if (count <= sim->options.versions && untracked(sim, block, count) <= room) return CAIRN_OK;
    enum cairn_err err =
        cairn_why_fail(why, CAIRN_ENOMEM, "memory to track %lu blocks and %lu versions is full",
                       (unsigned long)sim->options.tracked, (unsigned long)sim->options.versions);
    cairn_why_block(why, block);
    cairn_why_via(why, sim->base.name);
    cairn_why_hint(why, "open sim with more of them, or without tracking");
    return err;
}

bool blk_sim_has_room(const struct cairn_blk_sim *sim, uint64_t count)
{
    uint32_t entries = entries_max(&sim->options) - sim->state.entry_count;
    return slots_are_free(sim, count) && (is_tracking(sim) || entries >= count);
}

/* Room for so many versions more, if need be by making all that there is durable. */
static enum cairn_err room_make(struct cairn_blk_sim *sim, uint64_t count, struct cairn_why *why)
{
    if (blk_sim_has_room(sim, count)) return CAIRN_OK;
    sim->state.overflows++;
    return blk_sim_settle_all(sim, why);
}

enum cairn_err blk_sim_remember(struct cairn_blk_sim *sim, uint64_t block, uint64_t count,
                                bool *kept, struct cairn_why *why)
{
    *kept = count <= sim->options.versions;
    enum cairn_err err = tracked_check(sim, block, count, why);
    if (!err) err = room_make(sim, count, why);
    for (uint64_t end = block + count; !err && *kept && block < end;) {
        uint32_t some = (uint32_t)cairn_min_u64(AT_ONCE, end - block);
        err = remember_some(sim, block, some, why);
        block += some;
    }
    return err;
}

/* ---- memory ---------------------------------------------------------------------------------- */

/* The next part of the memory, for count elements; *at runs on, also beyond what there is. */
static void *part_of(uint8_t *mem, uint64_t *at, uint64_t count, size_t element, size_t align)
{
    uintptr_t from = (uintptr_t)mem + (uintptr_t)*at;
    if (mem)
        *at += cairn_round_up(from, align) - from;
    else
        *at += align - 1;
    void *part = mem ? mem + (size_t)*at : NULL;
    *at += count * element;
    return part;
}

static uint32_t bucket_count(uint32_t entries)
{
    uint32_t count = 1;
    while (count < entries && count < UINT32_C(1) << 31)
        count *= 2;
    return count;
}

uint64_t blk_sim_lay_out(struct cairn_blk_sim *sim, uint8_t *mem)
{
    const struct cairn_blk_sim_options *options = &sim->options;
    size_t align = (size_t)cairn_max_u64(sim->base.below->info.mem_align, sizeof(uint64_t));
    uint64_t at = 0;
    uint32_t entries = entries_max(options), buckets = bucket_count(entries);
    sim->stride = (size_t)cairn_round_up(sim->base.below->info.block_bytes, align);
    sim->bucket_mask = buckets - 1;
    sim->scratch = part_of(mem, &at, 2, sim->stride, align);
    sim->slots = part_of(mem, &at, options->versions, sim->stride, align);
    sim->bases = part_of(mem, &at, options->tracked, sim->stride, align);
    sim->entries = part_of(mem, &at, entries, sizeof *sim->entries, sizeof(uint64_t));
    sim->buckets = part_of(mem, &at, buckets, sizeof *sim->buckets, sizeof(uint32_t));
    sim->older = part_of(mem, &at, options->versions, sizeof *sim->older, sizeof(uint32_t));
    if (mem) memset(sim->buckets, 0, buckets * sizeof *sim->buckets);
    return at;
}
