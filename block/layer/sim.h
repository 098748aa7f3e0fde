/* SPDX-License-Identifier: ISC */
/* What the files of sim share. All of it is called with the lock held. */
#ifndef CAIRN_BLOCK_LAYER_SIM_H
#define CAIRN_BLOCK_LAYER_SIM_H

#include <cairn/blk_sim.h>

#include "../impl.h"

/* A block that has older versions, or is tracked. */
struct blk_sim_entry {
    uint64_t block;
    uint64_t content; /* a number for what reads see; 0: what was there at open */
    uint64_t share;   /* of the durable contents in the hash; tracked ones only */
    uint64_t share_at_open;
    uint32_t versions; /* older ones */
    uint32_t newest;   /* slot + 1 of the newest of them */
    uint32_t next;     /* entry + 1 of the next in the bucket */
};

/* ---- sim_log.c: versions --------------------------------------------------------------------- */

struct blk_sim_entry *blk_sim_find(const struct cairn_blk_sim *sim, uint64_t block);

/* An older version, below entry->versions. */
uint8_t *blk_sim_older(const struct cairn_blk_sim *sim, const struct blk_sim_entry *entry,
                       uint32_t version);

/* Could so many blocks be remembered without others becoming durable before? */
bool blk_sim_has_room(const struct cairn_blk_sim *sim, uint64_t count);

/* Before blocks [block, block + count) are changed: what they hold becomes an older version.
 * *kept: there was room for it; else they are durable as soon as they are changed. */
enum cairn_err blk_sim_remember(struct cairn_blk_sim *sim, uint64_t block, uint64_t count,
                                bool *kept, struct cairn_why *why) CAIRN_MUST_USE;

/* They are durable as they are. */
enum cairn_err blk_sim_settle_range(struct cairn_blk_sim *sim, uint64_t block, uint64_t count,
                                    struct cairn_why *why) CAIRN_MUST_USE;
enum cairn_err blk_sim_settle_entry(struct cairn_blk_sim *sim, struct blk_sim_entry *entry,
                                    struct cairn_why *why) CAIRN_MUST_USE;
enum cairn_err blk_sim_settle_all(struct cairn_blk_sim *sim, struct cairn_why *why) CAIRN_MUST_USE;

/* No block has versions, and none is known but the tracked ones. Their shares are not looked at. */
void blk_sim_forget(struct cairn_blk_sim *sim);

/* One block of the device below. Writing gives it new contents, durable when it has no versions. */
enum cairn_err blk_sim_get(struct cairn_blk_sim *sim, uint64_t block, void *data,
                           struct cairn_why *why) CAIRN_MUST_USE;
enum cairn_err blk_sim_put(struct cairn_blk_sim *sim, uint64_t block, const void *data,
                           struct cairn_why *why) CAIRN_MUST_USE;

/* Memory for the log, all of it empty, from mem on; with NULL: the bytes it needs. */
uint64_t blk_sim_lay_out(struct cairn_blk_sim *sim, uint8_t *mem);

/* ---- sim_plan.c: what hits ------------------------------------------------------------------- */

/* What befalls a request or flush: by fault the first rule that hit it, and the delays of all. */
struct blk_sim_hit {
    const struct cairn_blk_sim_rule *by[CAIRN_BLK_FAULTS];
    uint64_t delay_ns;
    bool any; /* but a delay */
};
/* req: NULL for a flush. */
void blk_sim_hit(struct cairn_blk_sim *sim, const struct cairn_blk_req *req,
                 struct blk_sim_hit *hit);

enum cairn_err blk_sim_plan_check(const struct cairn_blk_sim_plan *plan, uint32_t block_bytes,
                                  struct cairn_why *why) CAIRN_MUST_USE;

/* A number below limit, which is not 0. */
uint64_t blk_sim_draw(struct cairn_blk_sim *sim, uint64_t limit);

static inline uint32_t blk_sim_atomic(const struct cairn_blk_sim_plan *plan)
{
    return plan->atomic_bytes ? plan->atomic_bytes : BLK_BYTES_MIN;
}

/* ---- sim_cut.c ------------------------------------------------------------------------------- */

/* Give each block that is not durable what `choose` says, and make that durable. */
enum cairn_err blk_sim_decide(struct cairn_blk_sim *sim, cairn_blk_sim_choose choose, void *ctx,
                              struct cairn_why *why) CAIRN_MUST_USE;

/* Power goes. */
enum cairn_err blk_sim_power_off(struct cairn_blk_sim *sim, struct cairn_why *why) CAIRN_MUST_USE;

/* ---- sim_fault.c: requests that something befalls ---------------------------------------------
 */

/* Bring request reqs[at] past what hit it; sets its status. */
enum cairn_err blk_sim_suffer(struct cairn_blk_sim *sim, struct cairn_blk_req *reqs, size_t at,
                              const struct blk_sim_hit *hit) CAIRN_MUST_USE;
/* A change, remembered and done, of one request. */
enum cairn_err blk_sim_change(struct cairn_blk_sim *sim, struct cairn_blk_req *req) CAIRN_MUST_USE;
/* One bit flips in the blocks that the rule, or the request, says. req: NULL for a flush. */
enum cairn_err blk_sim_rot(struct cairn_blk_sim *sim, const struct cairn_blk_sim_rule *rule,
                           const struct cairn_blk_req *req, struct cairn_why *why) CAIRN_MUST_USE;

#endif
