/* SPDX-License-Identifier: ISC */
/* Changes of a mirror: begun on all legs, then finished on all, from copies of the requests. */
#include "mirror.h"

#define COPIES 40u /* of requests, over all legs */

struct change {
    struct cairn_blk_mirror *mirror;
    struct cairn_blk_req *reqs; /* the batch, */
    size_t at;                  /* of which this change is so many from here */
    uint32_t count;
    uint32_t legs, begun; /* one bit each: that take part, that are to be finished */
    uint32_t first;       /* the leg that explains itself in why: */
    struct cairn_why why; /* one only, as others may be at work at the same time */
    struct cairn_blk_req copies[COPIES];
};

static struct cairn_blk_req *copies_of(struct change *change, uint32_t leg)
{
    return &change->copies[leg * (COPIES / change->mirror->leg_count)];
}

static void copies_make(struct change *change, uint32_t leg)
{
    struct cairn_blk_req *copies = copies_of(change, leg);
    for (uint32_t i = 0; i < change->count; i++) {
        copies[i] = change->reqs[change->at + i];
        copies[i].why = leg == change->first ? &change->why : NULL;
        if (change->mirror->options.compare && copies[i].op == CAIRN_BLK_DISCARD)
            copies[i].op = CAIRN_BLK_ZERO;
    }
}

/* Somebody else's flush may have poisoned the leg. */
static enum cairn_err leg_refuse(struct change *change, uint32_t leg, enum cairn_err poison)
{
    for (uint32_t i = 0; i < change->count; i++)
        (void)blk_req_fail(change->mirror->legs[leg], copies_of(change, leg), i, poison, 0,
                           "an earlier flush failed");
    return poison;
}

static void leg_begin(struct change *change, uint32_t leg)
{
    struct cairn_blk *dev = change->mirror->legs[leg];
    struct cairn_blk_req *copies = copies_of(change, leg);
    change->legs |= 1u << leg;
    copies_make(change, leg);
    enum cairn_err err = blk_poison(dev);
    bool overlaps = !err && dev->target->ops->begin;
    if (err)
        err = leg_refuse(change, leg, err);
    else if (overlaps)
        err = blk_send_begin(dev, copies, change->count);
    else
        err = blk_send(dev, copies, change->count);
    if (overlaps && !err) change->begun |= 1u << leg;
}

/* Its statuses say what failed. */
static void leg_finish(struct change *change, uint32_t leg)
{
    if (!(change->begun >> leg & 1)) return;
    enum cairn_err err =
        blk_send_finish(change->mirror->legs[leg], copies_of(change, leg), change->count);
    (void)err;
}

static bool takes_part(const struct change *change, uint32_t leg)
{
    return change->legs >> leg & 1 && blk_mirror_leg_is_good(change->mirror, leg);
}

static bool is_done_elsewhere(struct change *change, uint32_t leg, uint32_t i)
{
    for (uint32_t other = 0; other < change->mirror->leg_count; other++)
        if (other != leg && takes_part(change, other) && !copies_of(change, other)[i].status)
            return true;
    return false;
}

/* A leg that failed what another one did, is no longer the same. */
static void leg_judge(struct change *change, uint32_t leg)
{
    const struct cairn_blk_req *copies = copies_of(change, leg);
    for (uint32_t i = 0; i < change->count; i++)
        if (copies[i].status && takes_part(change, leg) && is_done_elsewhere(change, leg, i))
            (void)blk_mirror_leg_drop(change->mirror, leg, copies[i].status);
}

/* The leg that failed the request for the mirror; leg_count: none. */
static uint32_t leg_of_failure(struct change *change, uint32_t i)
{
    uint32_t leg = 0;
    while (leg < change->mirror->leg_count &&
           !(takes_part(change, leg) && copies_of(change, leg)[i].status))
        leg++;
    return leg;
}

/* In the words of the leg where they are known, and are of this request. */
static void failure_explain(struct change *change, uint32_t i, uint32_t leg)
{
    const struct cairn_blk_req *copies = copies_of(change, leg);
    size_t at = change->at + i;
    struct cairn_why *why = change->reqs[at].why;
    if (!why || !blk_why_is_first(change->reqs, at)) return;
    if (leg == change->first && blk_why_is_first(copies, i))
        *why = change->why;
    else
        (void)blk_req_fail(change->mirror->legs[leg], change->reqs, at, copies[i].status, 0, NULL);
    cairn_why_via(why, change->mirror->base.name);
}

static void settle(struct change *change)
{
    for (uint32_t leg = 0; leg < change->mirror->leg_count; leg++)
        if (takes_part(change, leg)) leg_judge(change, leg);
    for (uint32_t i = 0; i < change->count; i++) {
        uint32_t leg = leg_of_failure(change, i);
        if (leg == change->mirror->leg_count) continue;
        change->reqs[change->at + i].status = copies_of(change, leg)[i].status;
        failure_explain(change, i, leg);
    }
}

static void change_do(struct change *change)
{
    const struct cairn_blk_mirror *mirror = change->mirror;
    change->legs = change->begun = 0;
    change->first = blk_mirror_leg_next(mirror, 0);
    cairn_why_clear(&change->why);
    for (uint32_t leg = change->first; leg < mirror->leg_count;
         leg = blk_mirror_leg_next(mirror, leg + 1))
        leg_begin(change, leg);
    for (uint32_t leg = 0; leg < mirror->leg_count; leg++)
        leg_finish(change, leg);
    settle(change);
}

void blk_mirror_change(struct cairn_blk_mirror *mirror, struct cairn_blk_req *reqs, size_t at,
                       size_t end)
{
    struct change change;
    change.mirror = mirror;
    change.reqs = reqs;
    for (change.at = at; change.at < end; change.at += change.count) {
        change.count = (uint32_t)cairn_min_u64(COPIES / mirror->leg_count, end - change.at);
        change_do(&change);
    }
}
