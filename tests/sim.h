/* SPDX-License-Identifier: ISC */
/* A sim over memory, as most tests want it: what cannot go wrong aborts. */
#ifndef CAIRN_TESTS_SIM_H
#define CAIRN_TESTS_SIM_H

#include <cairn/blk_mem.h>
#include <cairn/blk_sim.h>
#include <stdlib.h>

#define SIM_NEVER UINT64_MAX
#define SIM_VERSIONS_MORE 4096u

/* sim over mem over bytes, with memory for a version of each block and more. What is returned is to
 * be freed when sim was closed. */
static inline void *sim_open(struct cairn_blk_sim *sim, struct cairn_blk_mem *mem, void *bytes,
                             uint32_t block_bytes, uint64_t blocks)
{
    struct cairn_blk_sim_options options = { .versions = (uint32_t)blocks + SIM_VERSIONS_MORE };
    if (cairn_blk_mem_open(mem, bytes, block_bytes, blocks, NULL)) abort();
    size_t need = cairn_blk_sim_mem(&mem->base, &options);
    void *log = malloc(need);
    if (!log || cairn_blk_sim_open(sim, &mem->base, &options, log, need, NULL, NULL)) abort();
    return log;
}

/* Power comes back, and nothing fails. */
static inline void sim_restart(struct cairn_blk_sim *sim, cairn_blk_sim_choose choose, void *ctx)
{
    if (cairn_blk_sim_restart(sim, choose, ctx, NULL, NULL)) abort();
}

/* All that reads see is durable. */
static inline void sim_settle(struct cairn_blk_sim *sim)
{
    if (cairn_blk_sim_settle(sim, NULL)) abort();
}

/* A new life, of what is in memory, until event number `cut_at` from 0, or SIM_NEVER. */
static inline void sim_live_until(struct cairn_blk_sim *sim, uint64_t cut_at)
{
    sim_settle(sim);
    sim_restart(sim, NULL, NULL);
    if (cut_at != SIM_NEVER) cairn_blk_sim_cut(sim, cut_at + 1);
}

/* The nth request from now, from 0, and `times` in all, fails. */
static inline void sim_fail(struct cairn_blk_sim *sim, uint64_t nth, uint64_t times)
{
    cairn_blk_sim_fail(sim, CAIRN_BLK_ON_REQUEST, nth + 1, times);
}

static inline void sim_calm(struct cairn_blk_sim *sim)
{
    cairn_blk_sim_plan_set(sim, NULL);
}

#endif
