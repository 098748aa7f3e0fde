/* SPDX-License-Identifier: ISC */
/*
 * Cutting requests into what one request of the device holds: so many segments, so many bytes each,
 * all of it in the device's reach. What is not in its reach goes through bounce memory.
 */
#include "blk.h"

#define PIECE_BYTES_MAX (1u << 30) /* lengths come back in 32 bits */

void blk_virtio_place_step(const struct cairn_blk_req *req, struct blk_virtio_place *place,
                           uint64_t bytes)
{
    place->done += bytes;
    while (place->seg < req->seg_count) {
        size_t left = req->segs[place->seg].bytes - place->seg_done;
        size_t step = (size_t)cairn_min_u64(left, bytes);
        place->seg_done += step;
        bytes -= step;
        if (step < left) return;
        place->seg++;
        place->seg_done = 0;
    }
}

void blk_virtio_piece_copy(const struct cairn_blk_req *req, const struct blk_virtio_piece *piece,
                           bool to_segs)
{
    struct blk_virtio_place at = piece->from;
    uint8_t *bounce = piece->bounce;
    for (uint64_t left = piece->bytes; left;) {
        const struct cairn_blk_seg *seg = &req->segs[at.seg];
        uint8_t *data = (uint8_t *)seg->data + at.seg_done;
        size_t bytes = (size_t)cairn_min_u64(seg->bytes - at.seg_done, left);
        if (to_segs)
            memcpy(data, bounce, bytes);
        else
            memcpy(bounce, data, bytes);
        blk_virtio_place_step(req, &at, bytes);
        bounce += bytes;
        left -= bytes;
    }
}

/* Take what exceeds whole blocks off the end: a device may refuse parts of them. */
static void piece_trim(struct blk_virtio_queue *q, struct blk_virtio_piece *piece,
                       uint32_t block_bytes)
{
    uint32_t extra = (uint32_t)(piece->bytes & (block_bytes - 1));
    piece->bytes -= extra;
    while (extra) {
        struct blk_virtq_seg *last = &q->segs[piece->segs];
        uint32_t cut = last->bytes < extra ? last->bytes : extra;
        last->bytes -= cut;
        extra -= cut;
        if (!last->bytes) piece->segs--;
    }
}

static void piece_add(struct blk_virtio_queue *q, struct blk_virtio_piece *piece, uint64_t address,
                      uint32_t bytes, bool device_writes)
{
    piece->segs++;
    piece->bytes += bytes;
    q->segs[piece->segs] = (struct blk_virtq_seg){ address, bytes, device_writes };
}

/* The request's own memory, up to where the device does not reach it. */
static void piece_gather(struct cairn_blk_virtio *dev, struct blk_virtio_queue *q,
                         const struct cairn_blk_req *req, struct blk_virtio_piece *piece)
{
    struct blk_virtio_place at = piece->from;
    while (piece->segs < dev->segs_max && at.seg < req->seg_count &&
           piece->bytes < PIECE_BYTES_MAX) {
        const struct cairn_blk_seg *seg = &req->segs[at.seg];
        const uint8_t *data = (const uint8_t *)seg->data + at.seg_done;
        uint64_t bytes = cairn_min_u64(seg->bytes - at.seg_done, dev->seg_bytes_max);
        bytes = cairn_min_u64(bytes, PIECE_BYTES_MAX - piece->bytes);
        uint64_t address;
        if (!dev->virtio->ops->dma(dev->virtio, data, (size_t)bytes, &address)) break;
        piece_add(q, piece, address, (uint32_t)bytes, req->op == CAIRN_BLK_READ);
        blk_virtio_place_step(req, &at, bytes);
    }
    piece_trim(q, piece, dev->base.info.block_bytes);
}

/* Through bounce memory; none is free: no segments. */
static void piece_bounce(const struct cairn_blk_virtio *dev, struct blk_virtio_queue *q,
                         const struct cairn_blk_req *req, struct blk_virtio_piece *piece)
{
    uint64_t left = req->count * dev->base.info.block_bytes - piece->from.done;
    left = cairn_min_u64(left, q->bounce_bytes - q->bounce_used);
    uint64_t address = q->bounce_address + q->bounce_used;
    piece->bounce = q->bounce + q->bounce_used;
    while (piece->segs < dev->segs_max && left) {
        uint32_t bytes = (uint32_t)cairn_min_u64(left, dev->seg_bytes_max);
        piece_add(q, piece, address, bytes, req->op == CAIRN_BLK_READ);
        address += bytes;
        left -= bytes;
    }
    piece_trim(q, piece, dev->base.info.block_bytes);
}

void blk_virtio_piece_make(struct cairn_blk_virtio *dev, struct blk_virtio_queue *q,
                           const struct cairn_blk_req *req, const struct blk_virtio_place *from,
                           struct blk_virtio_piece *piece)
{
    *piece = (struct blk_virtio_piece){ .from = *from };
    if (req->op == CAIRN_BLK_READ || req->op == CAIRN_BLK_WRITE) {
        piece_gather(dev, q, req, piece);
        if (!piece->segs) piece_bounce(dev, q, req, piece);
        return;
    }
    uint64_t left = req->count * dev->base.info.block_bytes - from->done;
    bool is_zero = req->op == CAIRN_BLK_ZERO;
    piece->bytes = cairn_min_u64(left, is_zero ? dev->zero_bytes_max : dev->discard_bytes_max);
    piece->segs = 1;
}
