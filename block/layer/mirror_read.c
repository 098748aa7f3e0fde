/* SPDX-License-Identifier: ISC */
/* Reads of a mirror: from the first good leg, and what that one fails from the next ones. */
#include "mirror.h"

#define COPIES 32u

/* Write what was read from another leg to one that could not read it. */
static void leg_repair(struct cairn_blk_mirror *mirror, const struct cairn_blk_req *req,
                       uint32_t leg)
{
    struct cairn_blk_req write = *req;
    write.op = CAIRN_BLK_WRITE;
    write.status = CAIRN_OK;
    write.why = NULL;
    enum cairn_err err = blk_poison(mirror->legs[leg]);
    if (!err) err = blk_send(mirror->legs[leg], &write, 1);
    if (err) (void)blk_mirror_leg_drop(mirror, leg, err);
}

/* A request that the leg has failed, from the legs behind it. Only the last one explains itself:
 * what another leg can read, has not failed. */
static void read_elsewhere(struct cairn_blk_mirror *mirror, struct cairn_blk_req *reqs, size_t at,
                           uint32_t leg)
{
    struct cairn_blk_req *req = &reqs[at];
    uint32_t failed = 1u << leg;
    while ((leg = blk_mirror_leg_next(mirror, leg + 1)) < mirror->leg_count) {
        struct cairn_blk_req copy = *req;
        bool is_last = blk_mirror_leg_next(mirror, leg + 1) == mirror->leg_count;
        copy.status = CAIRN_OK;
        if (!is_last || !blk_why_is_first(reqs, at)) copy.why = NULL;
        req->status = blk_send(mirror->legs[leg], &copy, 1);
        if (!req->status) break;
        if (copy.why) cairn_why_via(copy.why, mirror->base.name);
        failed |= 1u << leg;
    }
    if (req->status || !mirror->options.repair || mirror->base.info.read_only) return;
    for (uint32_t bad = 0; bad < mirror->leg_count; bad++)
        if (failed >> bad & 1) leg_repair(mirror, req, bad);
}

static void read_some(struct cairn_blk_mirror *mirror, struct cairn_blk_req *reqs, size_t at,
                      size_t count)
{
    struct cairn_blk_req copies[COPIES];
    uint32_t leg = blk_mirror_leg_next(mirror, 0);
    bool is_only = blk_mirror_leg_next(mirror, leg + 1) == mirror->leg_count;
    if (is_only || mirror->options.compare) {
        blk_send_part(&mirror->base, mirror->legs[leg], reqs, at, at + count);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        copies[i] = reqs[at + i];
        copies[i].why = NULL;
    }
    if (!blk_send(mirror->legs[leg], copies, count)) return;
    for (size_t i = 0; i < count; i++) {
        reqs[at + i].status = copies[i].status;
        if (copies[i].status) read_elsewhere(mirror, reqs, at + i, leg);
    }
}

static void compare_some(struct cairn_blk_mirror *mirror, struct cairn_blk_req *reqs, size_t at,
                         size_t count)
{
    for (size_t i = at; i < at + count; i++)
        if (!reqs[i].status)
            reqs[i].status = blk_mirror_read_compare(
                mirror, &reqs[i], blk_why_is_first(reqs, i) ? reqs[i].why : NULL);
}

void blk_mirror_read(struct cairn_blk_mirror *mirror, struct cairn_blk_req *reqs, size_t at,
                     size_t end)
{
    for (size_t count; at < end; at += count) {
        count = (size_t)cairn_min_u64(COPIES, end - at);
        read_some(mirror, reqs, at, count);
        if (mirror->options.compare) compare_some(mirror, reqs, at, count);
    }
}
