/* SPDX-License-Identifier: ISC */
/* What a power cut leaves of sim's blocks, and how they come back. */
#include "sim.h"

/* ---- choosing -------------------------------------------------------------------------------- */

uint32_t cairn_blk_sim_fate_version(enum cairn_blk_sim_fate fate,
                                    const struct cairn_blk_sim_choice *choice)
{
    bool is_new = fate == CAIRN_BLK_SIM_KEPT ||
                  (fate == CAIRN_BLK_SIM_TORN && choice->unit < choice->units / 2);
    return is_new ? choice->versions : 0;
}

static uint32_t choose_lost(void *ctx, const struct cairn_blk_sim_choice *choice)
{
    (void)ctx;
    (void)choice;
    return 0;
}

static uint32_t choose_any(void *ctx, const struct cairn_blk_sim_choice *choice)
{
    return (uint32_t)blk_sim_draw(ctx, choice->versions + UINT64_C(1));
}

/* ---- deciding -------------------------------------------------------------------------------- */

/* Behind the block in scratch that reads saw, the one that is left of it. */
static void block_compose(struct cairn_blk_sim *sim, const struct blk_sim_entry *entry,
                          cairn_blk_sim_choose choose, void *ctx)
{
    uint32_t unit = blk_sim_atomic(&sim->plan);
    struct cairn_blk_sim_choice choice = { .block = entry->block,
                                           .units = sim->base.info.block_bytes / unit,
                                           .versions = entry->versions };
    uint8_t *left = sim->scratch + sim->stride;
    for (; choice.unit < choice.units; choice.unit++) {
        uint32_t version = choose(ctx, &choice);
        const uint8_t *from =
            version < entry->versions ? blk_sim_older(sim, entry, version) : sim->scratch;
        memcpy(left + choice.unit * unit, from + choice.unit * unit, unit);
    }
}

static enum cairn_err block_decide(struct cairn_blk_sim *sim, struct blk_sim_entry *entry,
                                   cairn_blk_sim_choose choose, void *ctx, struct cairn_why *why)
{
    const uint8_t *left = sim->scratch + sim->stride;
    enum cairn_err err = blk_sim_get(sim, entry->block, sim->scratch, why);
    if (err) return err;
    block_compose(sim, entry, choose, ctx);
    if (memcmp(left, sim->scratch, sim->base.info.block_bytes) != 0)
        err = blk_sim_put(sim, entry->block, left, why);
    return err ? err : blk_sim_settle_entry(sim, entry, why);
}

enum cairn_err blk_sim_decide(struct cairn_blk_sim *sim, cairn_blk_sim_choose choose, void *ctx,
                              struct cairn_why *why)
{
    enum cairn_err err = CAIRN_OK;
    for (uint32_t i = 0; !err && sim->state.unflushed && i < sim->state.entry_count; i++)
        if (sim->entries[i].versions) err = block_decide(sim, &sim->entries[i], choose, ctx, why);
    if (!err) blk_sim_forget(sim);
    return err;
}

enum cairn_err blk_sim_power_off(struct cairn_blk_sim *sim, struct cairn_why *why)
{
    sim->state.is_cut = true;
    if (sim->plan.leaves == CAIRN_BLK_SIM_LEAVES_LOST)
        return blk_sim_decide(sim, choose_lost, NULL, why);
    if (sim->plan.leaves == CAIRN_BLK_SIM_LEAVES_ANY)
        return blk_sim_decide(sim, choose_any, sim, why);
    return CAIRN_OK;
}

/* ---- a new life ------------------------------------------------------------------------------ */

static void life_start(struct cairn_blk_sim *sim, const struct cairn_blk_sim_plan *plan)
{
    struct cairn_blk_sim_state *state = &sim->state;
    if (plan)
        sim->plan = *plan;
    else
        cairn_blk_sim_plan_init(&sim->plan);
    sim->base.info.atomic_bytes =
        (uint32_t)cairn_min_u64(blk_sim_atomic(&sim->plan), sim->base.below->info.atomic_bytes);
    state->requests = state->flushes = state->events = 0;
    state->random = sim->plan.seed;
    memset(state->seen, 0, sizeof state->seen);
    memset(state->hits, 0, sizeof state->hits);
    state->is_cut = false;
    __atomic_store_n(&sim->base.poison, CAIRN_OK, __ATOMIC_RELEASE);
}

enum cairn_err cairn_blk_sim_restart(struct cairn_blk_sim *dev, cairn_blk_sim_choose choose,
                                     void *ctx, const struct cairn_blk_sim_plan *plan,
                                     struct cairn_why *why)
{
    enum cairn_err err =
        plan ? blk_sim_plan_check(plan, dev->base.info.block_bytes, why) : CAIRN_OK;
    if (err) return err;
    cairn_lock_take(&dev->lock);
    err = blk_sim_decide(dev, choose ? choose : choose_lost, ctx, why);
    if (!err) life_start(dev, plan);
    cairn_lock_drop(&dev->lock);
    return err;
}

enum cairn_err cairn_blk_sim_settle(struct cairn_blk_sim *dev, struct cairn_why *why)
{
    cairn_lock_take(&dev->lock);
    enum cairn_err err = blk_sim_settle_all(dev, why);
    cairn_lock_drop(&dev->lock);
    return err;
}

/* ---- looking --------------------------------------------------------------------------------- */

uint32_t cairn_blk_sim_versions(const struct cairn_blk_sim *dev, uint64_t block)
{
    const struct blk_sim_entry *entry = blk_sim_find(dev, block);
    return entry ? entry->versions : 0;
}

bool cairn_blk_sim_unflushed(const struct cairn_blk_sim *dev, uint32_t *cursor, uint64_t *block)
{
    while (*cursor < dev->state.entry_count) {
        const struct blk_sim_entry *entry = &dev->entries[(*cursor)++];
        if (!entry->versions) continue;
        *block = entry->block;
        return true;
    }
    return false;
}

enum cairn_err cairn_blk_sim_version(struct cairn_blk_sim *dev, uint64_t block, uint32_t version,
                                     void *data, struct cairn_why *why)
{
    if (block >= dev->base.info.block_count || version > cairn_blk_sim_versions(dev, block))
        return cairn_why_fail(why, CAIRN_ERANGE, "sim: there is no version %lu of block %llu",
                              (unsigned long)version, (unsigned long long)block);
    if (version == cairn_blk_sim_versions(dev, block)) return blk_sim_get(dev, block, data, why);
    memcpy(data, blk_sim_older(dev, blk_sim_find(dev, block), version), dev->base.info.block_bytes);
    return CAIRN_OK;
}

/* ---- all ways -------------------------------------------------------------------------------- */

void cairn_blk_sim_ways_init(struct cairn_blk_sim_ways *ways, void *mem, size_t bytes)
{
    size_t cap = bytes / (2 * sizeof(uint32_t));
    *ways = (struct cairn_blk_sim_ways){ .digits = mem, .cap = cap };
    ways->limits = ways->digits + cap;
}

/* The choices so far are made again; a new one begins with the oldest version. */
uint32_t cairn_blk_sim_way(void *ctx, const struct cairn_blk_sim_choice *choice)
{
    struct cairn_blk_sim_ways *ways = ctx;
    if (ways->at == ways->cap) {
        ways->is_short = true;
        return 0;
    }
    if (ways->at == ways->made) {
        ways->digits[ways->made] = 0;
        ways->limits[ways->made++] = choice->versions;
    }
    return ways->digits[ways->at++];
}

/* Like counting: the last choice that has a next version takes it, those behind it begin anew. */
bool cairn_blk_sim_ways_next(struct cairn_blk_sim_ways *ways)
{
    ways->at = 0;
    while (ways->made && ways->digits[ways->made - 1] == ways->limits[ways->made - 1])
        ways->made--;
    if (!ways->made) return false;
    ways->digits[ways->made - 1]++;
    return true;
}
