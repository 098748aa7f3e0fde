/* SPDX-License-Identifier: ISC */
/*
 * Lanes: a lane is a ring with its slots, and serves one batch at a time, so that no lock is held
 * during I/O and no two threads share a ring. They are made when threads need them (uring_lane.c),
 * and do the work (uring.c). Private to block/host.
 */
#ifndef CAIRN_BLOCK_HOST_URING_H
#define CAIRN_BLOCK_HOST_URING_H

#include "file.h"

#include <cairn/sync.h>
#include <liburing.h>

#define BLK_LANES_MAX 16u

struct blk_slot {
    struct blk_slot *next; /* that is free, when this one is */
    enum { BLK_SLOT_FREE, BLK_SLOT_RUN, BLK_SLOT_ERASE } does;
    struct blk_run run; /* reads or writes */
    size_t erases;      /* the request of a discard or zero */
    bool bounced;
    uint8_t *bounce; /* with O_DIRECT */
    int count;
    struct iovec iov[BLK_RUN_IOV];
};

struct blk_lane {
    struct io_uring ring;
    struct cairn_blk_file *file;
    bool taken;  /* guarded by the lock */
    bool broken; /* its ring is gone; it stays taken */
    struct cairn_blk_req *reqs;
    size_t count, next;    /* the batch, and its first request that is in no slot yet */
    bool fua_each;         /* of the batch, as blk_file_fua_each says */
    enum cairn_err err;    /* of the first request that failed */
    uint32_t busy;         /* slots that are not free */
    struct blk_slot *free; /* the first of the others */
    struct blk_slot *slots;
    uint8_t *bounces;
};

struct cairn_blk_uring {
    struct cairn_lock lock; /* guards the lanes' `taken`, and making them */
    uint32_t depth;
    uint32_t lane_count;
    struct blk_lane *lanes[BLK_LANES_MAX];
};

/* A first lane, with which everything that a kernel may refuse is known. 0, or a negative errno of
 * what *reason names. */
int blk_lanes_open(struct cairn_blk_file *file, uint32_t depth, const char **reason);
void blk_lanes_close(struct cairn_blk_file *file);

/* A lane for this batch, or NULL. */
struct blk_lane *blk_lane_take(struct cairn_blk_file *file, struct cairn_blk_req *reqs,
                               size_t count);

/* With nothing in flight. A broken lane is never handed out again. */
void blk_lane_drop(struct blk_lane *lane);

/* The lane of a batch that was begun; NULL: it was done at once. */
struct blk_lane *blk_lane_of(struct cairn_blk_uring *uring, const struct cairn_blk_req *reqs);

#endif
