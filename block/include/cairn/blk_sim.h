/* SPDX-License-Identifier: ISC */
/*
 * sim: the device that fails as real ones do. Contents are memory of the caller's: `stable` is what
 * survives a power cut, `current` what reads see; a flush copies what was written since the last
 * one. Deterministic: everything follows from the plan, so it is called by one thread at a time.
 */
#ifndef CAIRN_BLK_SIM_H
#define CAIRN_BLK_SIM_H

#include <cairn/blk.h>

CAIRN_BEGIN

#define CAIRN_BLK_SIM_NEVER UINT64_MAX

struct cairn_blk_sim_plan {
    uint64_t fail_at;    /* the request with this number (from 0) fails, or _NEVER */
    uint64_t fail_count; /* and so many in all; UINT64_MAX: all that follow */
    enum cairn_err fail_with;
    uint64_t flush_fail_at; /* the flush with this number fails, or _NEVER */
    uint64_t cut_at;        /* power goes at this request or flush (counted together), before it
                               takes effect; from then on everything fails with CAIRN_EIO */
    uint32_t atomic_bytes;  /* a power of two; a torn write is torn at multiples of it */
};

/* What a cut leaves of each block that was written but not flushed. A torn block is new in its
 * first half; where atomic_bytes is a block or more, it is lost. */
enum cairn_blk_sim_fate { CAIRN_BLK_SIM_LOST, CAIRN_BLK_SIM_KEPT, CAIRN_BLK_SIM_TORN };

struct cairn_blk_sim {
    struct cairn_blk base;
    struct cairn_blk_sim_plan plan;
    uint8_t *current, *stable;
    uint8_t *unflushed; /* one bit a block: current differs from what was promised */
    uint64_t requests, flushes, events;
    bool is_cut;
};

/* The plan under which nothing ever fails. */
CAIRN_API void cairn_blk_sim_plan_init(struct cairn_blk_sim_plan *plan);

/* Bytes of memory for open: two images and a bitmap. */
CAIRN_API size_t cairn_blk_sim_mem(uint32_t block_bytes, uint64_t block_count);

/* A device full of zeros. mem stays the caller's. CAIRN_EINVAL, CAIRN_ENOMEM. */
CAIRN_API enum cairn_err cairn_blk_sim_open(struct cairn_blk_sim *dev, uint32_t block_bytes,
                                            uint64_t block_count, void *mem, size_t mem_bytes,
                                            const struct cairn_blk_sim_plan *plan,
                                            struct cairn_why *why) CAIRN_MUST_USE;

/* Power comes back: every unflushed block gets the fate that `fate` says (NULL: all are lost), the
 * counters start anew, nothing is poisoned, and plan is the next life's. */
CAIRN_API void cairn_blk_sim_restart(struct cairn_blk_sim *dev,
                                     enum cairn_blk_sim_fate (*fate)(void *ctx, uint64_t block),
                                     void *ctx, const struct cairn_blk_sim_plan *plan);

CAIRN_END

#endif
