/* SPDX-License-Identifier: ISC */
/*
 * States of sim that are kept and come back to: what goes on in it, its entries, its versions, and
 * the contents of all blocks that were ever changed. Contents carry numbers that are never used
 * twice, so that only blocks that differ are written.
 */
#include "sim.h"

#include <cairn/checksum.h>

/* ---- where things are in what was saved -------------------------------------------------------
 */

/* Offsets; what goes on comes first. */
struct layout {
    size_t entries, older, slots, contents, bytes;
};

static size_t part_of(struct layout *layout, size_t bytes)
{
    size_t at = layout->bytes;
    layout->bytes += (size_t)cairn_round_up(bytes, sizeof(uint64_t));
    return at;
}

static struct layout layout_of(const struct cairn_blk_sim *sim,
                               const struct cairn_blk_sim_state *state)
{
    struct layout layout = { 0 };
    (void)part_of(&layout, sizeof *state);
    layout.entries = part_of(&layout, state->entry_count * sizeof *sim->entries);
    layout.older = part_of(&layout, state->slot_count * sizeof *sim->older);
    layout.slots = part_of(&layout, state->slot_count * sim->stride);
    layout.contents = part_of(&layout, state->entry_count * sim->stride);
    return layout;
}

/* ---- saving ---------------------------------------------------------------------------------- */

size_t cairn_blk_sim_save_mem(const struct cairn_blk_sim *dev)
{
    return layout_of(dev, &dev->state).bytes;
}

static enum cairn_err state_save(struct cairn_blk_sim *sim, uint8_t *mem, struct cairn_why *why)
{
    struct cairn_blk_sim_state *state = &sim->state;
    struct layout at = layout_of(sim, state);
    enum cairn_err err = CAIRN_OK;
    state->poison = __atomic_load_n(&sim->base.poison, __ATOMIC_ACQUIRE);
    memcpy(mem, state, sizeof *state);
    memcpy(mem + at.entries, sim->entries, state->entry_count * sizeof *sim->entries);
    memcpy(mem + at.older, sim->older, state->slot_count * sizeof *sim->older);
    memcpy(mem + at.slots, sim->slots, state->slot_count * sim->stride);
    for (uint32_t i = 0; !err && i < state->entry_count; i++) {
        err = blk_sim_get(sim, sim->entries[i].block, sim->scratch, why);
        memcpy(mem + at.contents + i * sim->stride, sim->scratch, sim->base.info.block_bytes);
    }
    return err;
}

static enum cairn_err state_check(const struct cairn_blk_sim *sim, size_t mem_bytes,
                                  struct cairn_why *why)
{
    if (!sim->options.tracked)
        return cairn_why_fail(why, CAIRN_ENOTSUP, "sim: states are not tracked");
    if (mem_bytes < cairn_blk_sim_save_mem(sim))
        return cairn_why_fail(why, CAIRN_ENOMEM, "sim: this state takes %lu bytes",
                              (unsigned long)cairn_blk_sim_save_mem(sim));
    return CAIRN_OK;
}

enum cairn_err cairn_blk_sim_save(struct cairn_blk_sim *dev, void *mem, size_t mem_bytes,
                                  struct cairn_why *why)
{
    cairn_lock_take(&dev->lock);
    enum cairn_err err = state_check(dev, mem_bytes, why);
    if (!err) err = state_save(dev, mem, why);
    cairn_lock_drop(&dev->lock);
    return err;
}

/* ---- loading --------------------------------------------------------------------------------- */

/* Give a block the contents that have this number. */
static enum cairn_err content_load(struct cairn_blk_sim *sim, struct blk_sim_entry *entry,
                                   uint64_t content, const uint8_t *data, struct cairn_why *why)
{
    if (entry->content == content) return CAIRN_OK;
    memcpy(sim->scratch, data, sim->base.info.block_bytes);
    enum cairn_err err = blk_sim_put(sim, entry->block, sim->scratch, why);
    if (!err) entry->content = content;
    return err;
}

static struct blk_sim_entry entry_saved(const uint8_t *mem, const struct layout *at, uint32_t index)
{
    struct blk_sim_entry saved;
    memcpy(&saved, mem + at->entries + index * sizeof saved, sizeof saved);
    return saved;
}

/* Blocks that were first changed after that state was saved are what they were at open. */
static enum cairn_err contents_load(struct cairn_blk_sim *sim, const uint8_t *mem,
                                    const struct layout *at, uint32_t known, struct cairn_why *why)
{
    enum cairn_err err = CAIRN_OK;
    for (uint32_t i = 0; !err && i < sim->state.entry_count; i++) {
        struct blk_sim_entry *entry = &sim->entries[i];
        if (i < known)
            err = content_load(sim, entry, entry_saved(mem, at, i).content,
                               mem + at->contents + i * sim->stride, why);
        else
            err = content_load(sim, entry, 0, sim->bases + i * sim->stride, why);
    }
    return err;
}

static void entries_load(struct cairn_blk_sim *sim, const uint8_t *mem, const struct layout *at,
                         uint32_t known)
{
    for (uint32_t i = 0; i < sim->state.entry_count; i++) {
        struct blk_sim_entry *entry = &sim->entries[i], saved = { 0 };
        saved.share = entry->share_at_open;
        if (i < known) saved = entry_saved(mem, at, i);
        entry->share = saved.share;
        entry->versions = saved.versions;
        entry->newest = saved.newest;
    }
}

/* Only what goes below can fail: until that is done, what is remembered stays whole. */
static enum cairn_err state_load(struct cairn_blk_sim *sim, const uint8_t *mem,
                                 struct cairn_why *why)
{
    struct cairn_blk_sim_state state;
    memcpy(&state, mem, sizeof state);
    struct layout at = layout_of(sim, &state);
    enum cairn_err err = contents_load(sim, mem, &at, state.entry_count, why);
    if (err) return err;
    entries_load(sim, mem, &at, state.entry_count);
    memcpy(sim->older, mem + at.older, state.slot_count * sizeof *sim->older);
    memcpy(sim->slots, mem + at.slots, state.slot_count * sim->stride);
    state.entry_count = sim->state.entry_count;
    sim->state = state;
    __atomic_store_n(&sim->base.poison, state.poison, __ATOMIC_RELEASE);
    return CAIRN_OK;
}

enum cairn_err cairn_blk_sim_load(struct cairn_blk_sim *dev, const void *mem, struct cairn_why *why)
{
    cairn_lock_take(&dev->lock);
    enum cairn_err err = state_check(dev, SIZE_MAX, why);
    if (!err) err = state_load(dev, mem, why);
    cairn_lock_drop(&dev->lock);
    return err;
}

/* ---- hashing --------------------------------------------------------------------------------- */

uint64_t cairn_blk_sim_share(uint64_t block, const void *data, size_t bytes)
{
    uint64_t mixed = cairn_hash128(data, bytes).low ^ block * UINT64_C(0x9E3779B97F4A7C15);
    mixed = (mixed ^ mixed >> 29) * UINT64_C(0xBF58476D1CE4E5B9);
    return mixed ^ mixed >> 32;
}

uint64_t cairn_blk_sim_hash(const struct cairn_blk_sim *dev)
{
    return dev->state.hash;
}
