/* SPDX-License-Identifier: ISC */
/* Batches of requests: all pieces of all requests into one queue, one announcement, one wait. */
#include "blk.h"

static uint32_t type_of(enum cairn_blk_op op)
{
    static const uint32_t types[] = {
        [CAIRN_BLK_READ] = BLK_VIRTIO_T_IN,
        [CAIRN_BLK_WRITE] = BLK_VIRTIO_T_OUT,
        [CAIRN_BLK_DISCARD] = BLK_VIRTIO_T_DISCARD,
        [CAIRN_BLK_ZERO] = BLK_VIRTIO_T_WRITE_ZEROES,
    };
    return types[op];
}

/* Batches take turns, so that threads meet in one queue only when there are more of them. */
struct blk_virtio_queue *blk_virtio_queue_pick(struct cairn_blk_virtio *dev)
{
    if (dev->queue_count == 1) return dev->queues;
    uint32_t turn = __atomic_fetch_add(&dev->next_queue, 1, __ATOMIC_RELAXED);
    return &dev->queues[turn % dev->queue_count];
}

/* The next piece of a request, when there is room for it. False: the request has failed, maybe by
 * an earlier piece; the rest is left out. */
static bool piece_send(struct cairn_blk_virtio *dev, struct blk_virtio_batch *batch, size_t at,
                       struct blk_virtio_place *place)
{
    struct blk_virtio_queue *q = batch->queue;
    const struct cairn_blk_req *req = &batch->reqs[at];
    struct blk_virtio_piece piece;
    for (;;) {
        if (blk_virtio_broken(dev)) blk_virtio_fail_broken(dev, batch, at);
        if (req->status) return false;
        blk_virtio_piece_make(dev, q, req, place, &piece);
        if (piece.segs && blk_virtq_fits(&q->ring, (uint16_t)(piece.segs + 2))) break;
        if (!piece.segs && !q->bounce_bytes) {
            blk_virtio_fail(dev, batch, at, CAIRN_EINVAL, "the device does not reach the memory",
                            "use memory of the transport's, or open with bounce_bytes");
            return false;
        }
        blk_virtio_queue_kick(dev, q);
        blk_virtio_queue_wait(dev, q, 1);
    }
    blk_virtio_queue_add(dev, batch, at, type_of(req->op), &piece);
    blk_virtio_place_step(req, place, piece.bytes);
    return true;
}

static void request_send(struct cairn_blk_virtio *dev, struct blk_virtio_batch *batch, size_t at)
{
    const struct cairn_blk_req *req = &batch->reqs[at];
    struct blk_virtio_place place = { .done = 0 };
    uint64_t bytes = req->count * dev->base.info.block_bytes;
    blk_virtio_place_step(req, &place, 0); /* past segments that are empty */
    while (place.done < bytes && piece_send(dev, batch, at, &place))
        continue;
}

/* The caller's thread fills the queue even while another one leads it: that one only looks. */
static void batch_send(struct cairn_blk_virtio *dev, struct blk_virtio_batch *batch, size_t count)
{
    cairn_lock_take(&batch->queue->lock);
    for (size_t i = 0; i < count; i++)
        request_send(dev, batch, i);
    blk_virtio_queue_kick(dev, batch->queue);
    cairn_lock_drop(&batch->queue->lock);
}

static void batch_await(struct cairn_blk_virtio *dev, struct blk_virtio_batch *batch)
{
    cairn_lock_take(&batch->queue->lock);
    blk_virtio_batch_wait(dev, batch);
    cairn_lock_drop(&batch->queue->lock);
}

enum cairn_err blk_virtio_submit(struct cairn_blk *base, struct cairn_blk_req *reqs, size_t count)
{
    struct cairn_blk_virtio *dev = blk_virtio_of(base);
    struct blk_virtio_batch batch = { .reqs = reqs, .queue = blk_virtio_queue_pick(dev) };
    batch_send(dev, &batch, count);
    batch_await(dev, &batch);
    return blk_first_failure(reqs, count, CAIRN_OK);
}

/* The batch that began with these requests; NULL: the first free one, or none. */
static struct blk_virtio_batch *begun_find(struct cairn_blk_virtio *dev,
                                           const struct cairn_blk_req *reqs)
{
    for (uint32_t i = 0; i < BLK_VIRTIO_BEGUN_COUNT; i++)
        if (dev->begun[i].reqs == reqs) return &dev->begun[i];
    return NULL;
}

/* More batches under way than are kept track of are done at once; finish then knows of none. */
enum cairn_err blk_virtio_begin(struct cairn_blk *base, struct cairn_blk_req *reqs, size_t count)
{
    struct cairn_blk_virtio *dev = blk_virtio_of(base);
    cairn_lock_take(&dev->lock);
    struct blk_virtio_batch *batch = begun_find(dev, NULL);
    if (batch)
        *batch = (struct blk_virtio_batch){ .reqs = reqs, .queue = blk_virtio_queue_pick(dev) };
    cairn_lock_drop(&dev->lock);
    if (!batch) return blk_virtio_submit(base, reqs, count);
    batch_send(dev, batch, count);
    return CAIRN_OK;
}

enum cairn_err blk_virtio_finish(struct cairn_blk *base, struct cairn_blk_req *reqs, size_t count)
{
    struct cairn_blk_virtio *dev = blk_virtio_of(base);
    cairn_lock_take(&dev->lock);
    struct blk_virtio_batch *batch = begun_find(dev, reqs);
    cairn_lock_drop(&dev->lock);
    if (batch) {
        batch_await(dev, batch);
        cairn_lock_take(&dev->lock);
        batch->reqs = NULL;
        cairn_lock_drop(&dev->lock);
    }
    return blk_first_failure(reqs, count, CAIRN_OK);
}
