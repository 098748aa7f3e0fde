/* SPDX-License-Identifier: ISC */
/*
 * The parts of a layer that only forward. Requests go to the functions of the device below, not to
 * its front: they were checked above. All else goes through the front, which keeps the poison.
 */
#include "../impl.h"

/* Of the part [at, end) of a batch. */
static void sign_part(const struct cairn_blk *dev, struct cairn_blk_req *reqs, size_t at,
                      size_t end)
{
    for (; at < end; at++)
        if (reqs[at].status && reqs[at].why && blk_why_is_first(reqs, at))
            cairn_why_via(reqs[at].why, dev->name);
}

void blk_sign(const struct cairn_blk *dev, struct cairn_blk_req *reqs, size_t count)
{
    sign_part(dev, reqs, 0, count);
}

enum cairn_err blk_layer_submit(struct cairn_blk *dev, struct cairn_blk_req *reqs, size_t count)
{
    enum cairn_err err = blk_send(dev->below, reqs, count);
    if (err) blk_sign(dev, reqs, count);
    return err;
}

size_t blk_part_end(const struct cairn_blk_req *reqs, size_t at, size_t count)
{
    bool is_read = reqs[at].op == CAIRN_BLK_READ;
    while (++at < count && (reqs[at].op == CAIRN_BLK_READ) == is_read)
        continue;
    return at;
}

enum cairn_err blk_send_behind(struct cairn_blk *to, struct cairn_blk_req *reqs, size_t at,
                               size_t end)
{
    enum cairn_err first = CAIRN_OK;
    if (!blk_first_failure(reqs, at, CAIRN_OK)) return blk_send(to, reqs + at, end - at);
    for (; at < end; at++) {
        struct cairn_blk_req req = reqs[at];
        if (!blk_why_is_first(reqs, at)) req.why = NULL;
        reqs[at].status = blk_send(to, &req, 1);
        if (!first) first = reqs[at].status;
    }
    return first;
}

void blk_send_part(const struct cairn_blk *dev, struct cairn_blk *to, struct cairn_blk_req *reqs,
                   size_t at, size_t end)
{
    if (blk_send_behind(to, reqs, at, end)) sign_part(dev, reqs, at, end);
}

enum cairn_err blk_layer_begin(struct cairn_blk *dev, struct cairn_blk_req *reqs, size_t count)
{
    if (!dev->below->target->ops->begin) return blk_layer_submit(dev, reqs, count);
    enum cairn_err err = blk_send_begin(dev->below, reqs, count);
    if (err) blk_sign(dev, reqs, count);
    return err;
}

enum cairn_err blk_layer_finish(struct cairn_blk *dev, struct cairn_blk_req *reqs, size_t count)
{
    if (!dev->below->target->ops->finish) return CAIRN_OK;
    enum cairn_err err = blk_send_finish(dev->below, reqs, count);
    if (err) blk_sign(dev, reqs, count);
    return err;
}

enum cairn_err blk_layer_flush(struct cairn_blk *dev, struct cairn_why *why)
{
    enum cairn_err err = cairn_blk_flush(dev->below, why);
    if (err) cairn_why_via(why, dev->name);
    return err;
}

enum cairn_err blk_layer_extents(struct cairn_blk *dev, uint64_t block, uint64_t count,
                                 struct cairn_blk_extent *extents, size_t cap, size_t *used,
                                 struct cairn_why *why)
{
    enum cairn_err err = cairn_blk_extents(dev->below, block, count, extents, cap, used, why);
    if (err) cairn_why_via(why, dev->name);
    return err;
}

const void *blk_layer_borrow(struct cairn_blk *dev, uint64_t block, uint64_t count)
{
    return cairn_blk_borrow(dev->below, block, count);
}

enum cairn_err blk_close_nothing(struct cairn_blk *dev, struct cairn_why *why)
{
    (void)dev;
    (void)why;
    return CAIRN_OK;
}
