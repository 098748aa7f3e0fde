/* SPDX-License-Identifier: ISC */
/*
 * virtio-blk inside: queues, what the device was asked, and who waits for it.
 *
 * A request of BLOCK becomes one or more requests of the device ("pieces"). Each has an id of the
 * ring, and with it a slot of memory that the device sees (header, range, status, answer) and an
 * op, which the device does not see, that says whose it is.
 */
#ifndef CAIRN_BLOCK_VIRTIO_BLK_H
#define CAIRN_BLOCK_VIRTIO_BLK_H

#include "../impl.h"
#include "virtq.h"
#include <cairn/blk_virtio.h>

/* Features, section 5.2.3. */
#define BLK_VIRTIO_F_SIZE_MAX CAIRN_VIRTIO_F(1)
#define BLK_VIRTIO_F_SEG_MAX CAIRN_VIRTIO_F(2)
#define BLK_VIRTIO_F_RO CAIRN_VIRTIO_F(5)
#define BLK_VIRTIO_F_BLK_SIZE CAIRN_VIRTIO_F(6)
#define BLK_VIRTIO_F_FLUSH CAIRN_VIRTIO_F(9)
#define BLK_VIRTIO_F_TOPOLOGY CAIRN_VIRTIO_F(10)
#define BLK_VIRTIO_F_CONFIG_WCE CAIRN_VIRTIO_F(11)
#define BLK_VIRTIO_F_MQ CAIRN_VIRTIO_F(12)
#define BLK_VIRTIO_F_DISCARD CAIRN_VIRTIO_F(13)
#define BLK_VIRTIO_F_WRITE_ZEROES CAIRN_VIRTIO_F(14)
#define BLK_VIRTIO_F_LIFETIME CAIRN_VIRTIO_F(15)
#define BLK_VIRTIO_F_SECURE_ERASE CAIRN_VIRTIO_F(16)
#define BLK_VIRTIO_F_ZONED CAIRN_VIRTIO_F(17)

/* Requests and their status, section 5.2.6. */
#define BLK_VIRTIO_T_IN 0u
#define BLK_VIRTIO_T_OUT 1u
#define BLK_VIRTIO_T_FLUSH 4u
#define BLK_VIRTIO_T_GET_ID 8u
#define BLK_VIRTIO_T_GET_LIFETIME 10u
#define BLK_VIRTIO_T_DISCARD 11u
#define BLK_VIRTIO_T_WRITE_ZEROES 13u
#define BLK_VIRTIO_S_OK 0u
#define BLK_VIRTIO_S_IOERR 1u
#define BLK_VIRTIO_S_UNSUPP 2u
#define BLK_VIRTIO_S_NONE 0xffu /* no device says this: it stands there until one has spoken */

#define BLK_VIRTIO_SECTOR_SHIFT 9u
#define BLK_VIRTIO_CONFIG_WCE 32u /* where the cache's mode stands in the configuration */

/* A slot: where its parts are. */
#define BLK_VIRTIO_SLOT_BYTES 64u
#define BLK_VIRTIO_HEADER_BYTES 16u
#define BLK_VIRTIO_RANGE 16u
#define BLK_VIRTIO_RANGE_BYTES 16u
#define BLK_VIRTIO_STATUS 32u
#define BLK_VIRTIO_ANSWER 40u
#define BLK_VIRTIO_ANSWER_BYTES_MAX 24u

#define BLK_VIRTIO_BEGUN_COUNT 8u

/* A batch of requests, or one question to the device itself. */
struct blk_virtio_batch {
    struct cairn_blk_req *reqs; /* a question: one that only keeps its status and why */
    struct blk_virtio_queue *queue;
    size_t left;      /* pieces that the device has */
    const char *what; /* a question: "flush"; else NULL */
    uint8_t *answer;  /* where a question's answer goes, if it has one */
};

/* How far a request is. */
struct blk_virtio_place {
    uint64_t done;   /* bytes */
    uint32_t seg;    /* the segment of the next byte */
    size_t seg_done; /* bytes of it that are done */
};

/* The part of a request that the device is asked next. */
struct blk_virtio_piece {
    struct blk_virtio_place from;
    uint64_t bytes;  /* of the device */
    uint8_t *bounce; /* where its data are copied, or NULL */
    uint16_t segs;   /* of the chain, in q->segs behind the header; 0: it has to wait */
};

struct blk_virtio_op {
    struct blk_virtio_batch *batch;
    size_t at;         /* which of its requests */
    uint32_t expected; /* bytes that the device writes before the status */
    struct blk_virtio_piece piece;
};

struct blk_virtio_queue {
    struct cairn_lock lock;
    struct cairn_cond used; /* somebody polled */
    bool has_leader;        /* a thread polls: others wait for it */
    uint16_t wanted;        /* chains that it waits for; set with the lock, atomic */
    uint16_t number;
    struct blk_virtq ring;
    struct blk_virtio_op *ops; /* by id */
    uint8_t *slots;            /* by id */
    uint64_t slots_address;
    uint8_t *bounce;
    uint64_t bounce_address;
    uint32_t bounce_bytes, bounce_used;
    uint32_t bounce_pieces; /* that are with the device; at 0 all of it is free again */
    struct blk_virtq_seg segs[CAIRN_BLK_VIRTIO_SEGS_MAX + 2];
};

/* config.c */

struct blk_virtio_config {
    uint64_t capacity_sectors;
    uint32_t size_max, seg_max, blk_size;
    uint8_t physical_exp;
    uint32_t opt_io_blocks;
    uint16_t num_queues;
    uint32_t discard_sectors_max, discard_segs_max, discard_sectors_align;
    uint32_t zero_sectors_max, zero_segs_max;
    bool may_unmap;
};

/* All fields of the features taken, as they were at one moment; others are 0. */
enum cairn_err blk_virtio_config_load(struct cairn_virtio *virtio, struct blk_virtio_config *config,
                                      struct cairn_why *why) CAIRN_MUST_USE;
enum cairn_err blk_virtio_capacity_check(const struct blk_virtio_config *config,
                                         struct cairn_why *why) CAIRN_MUST_USE;
uint64_t blk_virtio_block_count(const struct blk_virtio_config *config, uint32_t block_bytes);
/* What the device then is: dev->base.info is filled, and its limits but segs_max. */
enum cairn_err blk_virtio_config_apply(struct cairn_blk_virtio *dev,
                                       const struct blk_virtio_config *config, uint64_t offered,
                                       struct cairn_blk_info *info,
                                       struct cairn_why *why) CAIRN_MUST_USE;

/* queue.c; the queue's lock is held. */

/* Reset a device that failed. When it does not comply that is logged, and said in this hint. */
enum cairn_err blk_virtio_stop(struct cairn_virtio *virtio) CAIRN_MUST_USE;
extern const char blk_virtio_unstopped[];
/* Tell the device about all that was added. */
void blk_virtio_queue_kick(struct cairn_blk_virtio *dev, struct blk_virtio_queue *q);
/* Wait until the device has used `wanted` chains, or some and it woke us, and complete what it
 * used. Returns also when the device was given up, which fails all it had. Drops the lock
 * meanwhile: everything that was added must have been announced. */
void blk_virtio_queue_wait(struct cairn_blk_virtio *dev, struct blk_virtio_queue *q,
                           uint16_t wanted);
/* Announce, and wait for all of a batch. */
void blk_virtio_batch_wait(struct cairn_blk_virtio *dev, struct blk_virtio_batch *batch);
/* Add a piece, whose data segments are in q->segs, for reqs[at] of the batch. There is room. */
void blk_virtio_queue_add(struct cairn_blk_virtio *dev, struct blk_virtio_batch *batch, size_t at,
                          uint32_t type, const struct blk_virtio_piece *piece);
/* A question: the slot's answer is the only data. */
void blk_virtio_queue_ask(struct blk_virtio_batch *batch, uint32_t type, uint32_t answer_bytes);
/* Why the device was given up, or CAIRN_OK; no lock is needed. */
enum cairn_err blk_virtio_broken(const struct cairn_blk_virtio *dev) CAIRN_MUST_USE;
/* Explain and set the status of a request that has none yet; hint may be NULL. */
void blk_virtio_fail(const struct cairn_blk_virtio *dev, const struct blk_virtio_batch *batch,
                     size_t at, enum cairn_err err, const char *text, const char *hint);
/* The same, when the device was given up. */
void blk_virtio_fail_broken(const struct cairn_blk_virtio *dev,
                            const struct blk_virtio_batch *batch, size_t at);

/* piece.c */

/* The piece of req from `from` on: as much as one request of the device holds, in whole blocks. */
void blk_virtio_piece_make(struct cairn_blk_virtio *dev, struct blk_virtio_queue *q,
                           const struct cairn_blk_req *req, const struct blk_virtio_place *from,
                           struct blk_virtio_piece *piece);
/* Go so many bytes on, and past segments that end there. */
void blk_virtio_place_step(const struct cairn_blk_req *req, struct blk_virtio_place *place,
                           uint64_t bytes);
/* Between a piece's bounce memory and the request's segments. */
void blk_virtio_piece_copy(const struct cairn_blk_req *req, const struct blk_virtio_piece *piece,
                           bool to_segs);

/* blk_io.c */

struct blk_virtio_queue *blk_virtio_queue_pick(struct cairn_blk_virtio *dev);
enum cairn_err blk_virtio_submit(struct cairn_blk *base, struct cairn_blk_req *reqs,
                                 size_t count) CAIRN_MUST_USE;
enum cairn_err blk_virtio_begin(struct cairn_blk *base, struct cairn_blk_req *reqs,
                                size_t count) CAIRN_MUST_USE;
enum cairn_err blk_virtio_finish(struct cairn_blk *base, struct cairn_blk_req *reqs,
                                 size_t count) CAIRN_MUST_USE;

/* blk_ctl.c */

/* Is the device given up? For what is asked of its configuration, which goes through no queue. */
enum cairn_err blk_virtio_usable(const struct cairn_blk_virtio *dev, const char *what,
                                 struct cairn_why *why) CAIRN_MUST_USE;
enum cairn_err blk_virtio_flush(struct cairn_blk *base, struct cairn_why *why) CAIRN_MUST_USE;

static inline struct cairn_blk_virtio *blk_virtio_of(struct cairn_blk *base)
{
    return (struct cairn_blk_virtio *)base;
}

#endif
