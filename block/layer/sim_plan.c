/* SPDX-License-Identifier: ISC */
/* The plan of sim: which rules hit a request, and what is drawn. */
#include "sim.h"

void cairn_blk_sim_plan_init(struct cairn_blk_sim_plan *plan)
{
    memset(plan, 0, sizeof *plan);
    plan->atomic_bytes = BLK_BYTES_MIN;
}

struct cairn_blk_sim_rule *cairn_blk_sim_plan_add(struct cairn_blk_sim_plan *plan,
                                                  enum cairn_blk_fault fault, uint32_t on,
                                                  uint64_t nth)
{
    if (plan->rule_count == CAIRN_BLK_SIM_RULES) return NULL;
    struct cairn_blk_sim_rule *rule = &plan->rules[plan->rule_count++];
    *rule = (struct cairn_blk_sim_rule){ .fault = fault, .on = on, .nth = nth, .times = nth != 0 };
    return rule;
}

enum cairn_err blk_sim_plan_check(const struct cairn_blk_sim_plan *plan, uint32_t block_bytes,
                                  struct cairn_why *why)
{
    uint32_t atomic = blk_sim_atomic(plan);
    if (cairn_is_pow2(atomic) && atomic <= block_bytes) return CAIRN_OK;
    enum cairn_err err =
        cairn_why_fail(why, CAIRN_EINVAL, "sim: an atomic unit of %lu bytes, of blocks of %lu",
                       (unsigned long)atomic, (unsigned long)block_bytes);
    cairn_why_hint(why, "take a power of two, at most a block");
    return err;
}

/* splitmix64: small, and any seed will do. */
static uint64_t random_next(uint64_t *state)
{
    uint64_t mixed = *state += UINT64_C(0x9E3779B97F4A7C15);
    mixed = (mixed ^ mixed >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94D049BB133111EB);
    return mixed ^ mixed >> 31;
}

uint64_t blk_sim_draw(struct cairn_blk_sim *sim, uint64_t limit)
{
    return random_next(&sim->state.random) % limit;
}

static uint32_t kind_of(const struct cairn_blk_req *req)
{
    return req ? 1u << req->op : CAIRN_BLK_ON_FLUSH;
}

/* The blocks of a rule for rot say where it happens, not when. */
static bool touches(const struct cairn_blk_sim_rule *rule, const struct cairn_blk_req *req)
{
    if (!rule->count || !req || rule->fault == CAIRN_BLK_FAULT_ROT) return true;
    if (req->block < rule->block) return rule->block - req->block < req->count;
    return req->block - rule->block < rule->count && req->count;
}

static bool is_due(const struct cairn_blk_sim_rule *rule, uint64_t seen, uint64_t hits)
{
    uint64_t nth = rule->nth ? rule->nth : 1, every = rule->every ? rule->every : 1;
    if (rule->times && hits >= rule->times) return false;
    return seen >= nth && (seen - nth) % every == 0;
}

static bool rule_hits(struct cairn_blk_sim *sim, uint32_t at, const struct cairn_blk_req *req)
{
    const struct cairn_blk_sim_rule *rule = &sim->plan.rules[at];
    struct cairn_blk_sim_state *state = &sim->state;
    if (!(rule->on & kind_of(req)) || !touches(rule, req)) return false;
    if (!is_due(rule, ++state->seen[at], state->hits[at])) return false;
    if (rule->chance && random_next(&state->random) >> 32 >= rule->chance) return false;
    state->hits[at]++;
    return true;
}

void blk_sim_hit(struct cairn_blk_sim *sim, const struct cairn_blk_req *req,
                 struct blk_sim_hit *hit)
{
    memset(hit, 0, sizeof *hit);
    for (uint32_t i = 0; i < sim->plan.rule_count; i++) {
        const struct cairn_blk_sim_rule *rule = &sim->plan.rules[i];
        if (!rule_hits(sim, i, req)) continue;
        if (rule->fault == CAIRN_BLK_FAULT_DELAY)
            hit->delay_ns += rule->value;
        else
            hit->any = true;
        if (!hit->by[rule->fault]) hit->by[rule->fault] = rule;
    }
}

void cairn_blk_sim_plan_set(struct cairn_blk_sim *dev, const struct cairn_blk_sim_plan *plan)
{
    cairn_lock_take(&dev->lock);
    uint32_t atomic = blk_sim_atomic(&dev->plan);
    if (plan)
        dev->plan = *plan;
    else
        cairn_blk_sim_plan_init(&dev->plan);
    dev->plan.atomic_bytes = atomic;
    memset(dev->state.seen, 0, sizeof dev->state.seen);
    memset(dev->state.hits, 0, sizeof dev->state.hits);
    cairn_lock_drop(&dev->lock);
}

/* A plan of one rule, the only one that its few users want. */
static void plan_set_one(struct cairn_blk_sim *dev, struct cairn_blk_sim_rule rule)
{
    struct cairn_blk_sim_plan plan;
    cairn_blk_sim_plan_init(&plan);
    plan.rules[plan.rule_count++] = rule;
    cairn_blk_sim_plan_set(dev, &plan);
}

void cairn_blk_sim_fail(struct cairn_blk_sim *dev, uint32_t on, uint64_t nth, uint64_t times)
{
    plan_set_one(dev, (struct cairn_blk_sim_rule){
                          .fault = CAIRN_BLK_FAULT_ERROR, .on = on, .nth = nth, .times = times });
}

void cairn_blk_sim_cut(struct cairn_blk_sim *dev, uint64_t nth)
{
    plan_set_one(dev, (struct cairn_blk_sim_rule){
                          .fault = CAIRN_BLK_FAULT_CUT, .on = CAIRN_BLK_ON_ANY, .nth = nth });
}
