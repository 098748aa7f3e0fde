/* SPDX-License-Identifier: ISC */
/*
 * The file device by io_uring: a batch goes to the kernel with one call and is in flight as a
 * whole, up to the queue depth.
 *
 * A lane is a ring with its slots, and serves one batch at a time, so that no lock is held during
 * I/O and no two threads share a ring. Lanes are made when threads need them. A batch that finds
 * none free (they may all be held by batches that were begun) goes by system calls: nobody waits
 * for a lane, so nobody waits for himself.
 *
 * 1. A slot is free, or holds one run of which one piece is in flight.
 * 2. The submission queue has as many places as there are slots, the completion queue twice as
 *    many: neither is ever full.
 * 3. A lane is let go, or given up, with nothing in flight: the kernel writes to no memory of a
 *    batch that is complete.
 */
#include "file.h"

#include <cairn/err_posix.h>
#include <cairn/sync.h>
#include <errno.h>
#include <liburing.h>
#include <sched.h>
#include <stdlib.h>

#include "../impl.h"

#define LANES_MAX 16u
#define FILE_INDEX 0 /* of the only registered file */

struct slot {
    enum { NOTHING, RUN, ERASE } does;
    struct blk_run run; /* reads or writes */
    size_t erases;      /* the request of a discard or zero */
    bool bounced;
    uint8_t *bounce; /* with O_DIRECT */
    int count;
    struct iovec iov[BLK_RUN_IOV];
};

struct lane {
    struct io_uring ring;
    struct cairn_blk_file *file;
    bool taken;  /* guarded by the lock */
    bool broken; /* its ring is gone; it stays taken */
    struct cairn_blk_req *reqs;
    size_t count, next; /* the batch, and its first request that is in no slot yet */
    enum cairn_err err; /* of the first request that failed */
    uint32_t busy;      /* slots that are not free */
    struct slot **free; /* [busy, depth) of them */
    struct slot *slots;
    uint8_t *bounces;
};

struct cairn_blk_uring {
    struct cairn_lock lock; /* guards the lanes' `taken`, and making them */
    uint32_t depth;
    uint32_t lane_count;
    struct lane *lanes[LANES_MAX];
};

const char *cairn_blk_uring_version(void)
{
    return CAIRN_LIBURING_VERSION;
}

/* Making and freeing lanes. */

static void lane_free(struct lane *lane)
{
    if (!lane) return;
    if (!lane->broken) io_uring_queue_exit(&lane->ring);
    free(lane->bounces);
    free(lane->free);
    free(lane->slots);
    free(lane);
}

/* Interrupting a thread for completions that it will wait for is of no use; older kernels do it. */
static int ring_open(struct io_uring *ring, uint32_t depth)
{
    int os = io_uring_queue_init(depth, ring, IORING_SETUP_COOP_TASKRUN);
    return os == -EINVAL ? io_uring_queue_init(depth, ring, 0) : os;
}

static bool lane_has_memory(struct lane *lane, uint32_t depth)
{
    lane->slots = calloc(depth, sizeof *lane->slots);
    lane->free = calloc(depth, sizeof *lane->free);
    if (!lane->slots || !lane->free) return false;
    if (lane->file->direct) {
        lane->bounces = aligned_alloc(BLK_DIRECT_MEM_ALIGN_MAX, (size_t)depth * BLK_BOUNCE_BYTES);
        if (!lane->bounces) return false;
    }
    for (uint32_t i = 0; i < depth; i++) {
        lane->free[i] = &lane->slots[i];
        if (lane->bounces) lane->slots[i].bounce = lane->bounces + (size_t)i * BLK_BOUNCE_BYTES;
    }
    return true;
}

/* 0 or a negative errno of what *reason names. */
static int lane_new(struct lane **out, struct cairn_blk_file *file, uint32_t depth,
                    const char **reason)
{
    struct lane *lane = calloc(1, sizeof *lane);
    *reason = "memory";
    if (!lane) return -ENOMEM;
    lane->broken = true;
    lane->file = file;
    int os = lane_has_memory(lane, depth) ? 0 : -ENOMEM;
    if (!os) {
        *reason = "io_uring_setup";
        os = ring_open(&lane->ring, depth);
        lane->broken = os < 0;
    }
    if (!os) {
        *reason = "io_uring_register";
        os = io_uring_register_files(&lane->ring, &file->fd, 1);
    }
    if (os < 0)
        lane_free(lane);
    else
        *out = lane;
    return os;
}

/* A lane for this batch, or NULL. */
static struct lane *lane_take(struct cairn_blk_file *file, struct cairn_blk_req *reqs, size_t count)
{
    struct cairn_blk_uring *uring = file->uring;
    struct lane *lane = NULL;
    const char *reason;
    cairn_lock_take(&uring->lock);
    for (uint32_t i = 0; i < uring->lane_count && !lane; i++)
        if (!uring->lanes[i]->taken) lane = uring->lanes[i];
    if (!lane && uring->lane_count < LANES_MAX && !lane_new(&lane, file, uring->depth, &reason))
        uring->lanes[uring->lane_count++] = lane;
    if (lane) {
        lane->taken = true;
        lane->reqs = reqs;
    }
    cairn_lock_drop(&uring->lock);
    if (!lane) return NULL;
    lane->count = count;
    lane->next = 0;
    lane->err = CAIRN_OK;
    return lane;
}

/* A broken lane is never handed out again. */
static void lane_drop(struct lane *lane)
{
    struct cairn_blk_uring *uring = lane->file->uring;
    cairn_lock_take(&uring->lock);
    lane->reqs = NULL;
    lane->taken = lane->broken;
    cairn_lock_drop(&uring->lock);
}

/* The lane of a batch that was begun; NULL: it was done at once. */
static struct lane *lane_of(struct cairn_blk_uring *uring, const struct cairn_blk_req *reqs)
{
    struct lane *lane = NULL;
    cairn_lock_take(&uring->lock);
    for (uint32_t i = 0; i < uring->lane_count && !lane; i++)
        if (uring->lanes[i]->reqs == reqs) lane = uring->lanes[i];
    cairn_lock_drop(&uring->lock);
    return lane;
}

/* Slots. */

static void lane_note(struct lane *lane, enum cairn_err err)
{
    if (!lane->err) lane->err = err;
}

static void slot_queue_erase(const struct lane *lane, const struct slot *slot,
                             struct io_uring_sqe *sqe)
{
    const struct cairn_blk_req *req = &lane->reqs[slot->erases];
    uint32_t block_bytes = lane->file->base.info.block_bytes;
    io_uring_prep_fallocate(sqe, FILE_INDEX, blk_file_fallocate_mode(req),
                            (off_t)(req->block * block_bytes), (off_t)(req->count * block_bytes));
}

/* The memory of the next piece: the caller's own, or a copy of it in one piece. */
static void slot_gather(const struct lane *lane, struct slot *slot)
{
    slot->count = blk_run_gather(&slot->run, slot->iov);
    slot->bounced = !blk_file_takes(lane->file, slot->iov, slot->count);
}

static void slot_queue_transfer(const struct lane *lane, struct slot *slot,
                                struct io_uring_sqe *sqe)
{
    const struct blk_run *run = &slot->run;
    bool is_read = run->reqs[run->at].op == CAIRN_BLK_READ;
    slot_gather(lane, slot);
    if (slot->bounced && is_read)
        io_uring_prep_read(sqe, FILE_INDEX, slot->bounce,
                           (unsigned)blk_bounce_bytes(slot->iov, slot->count), run->offset);
    else if (slot->bounced)
        io_uring_prep_write(sqe, FILE_INDEX, slot->bounce,
                            (unsigned)blk_bounce_in(slot->bounce, slot->iov, slot->count),
                            run->offset);
    else if (is_read)
        io_uring_prep_readv(sqe, FILE_INDEX, slot->iov, (unsigned)slot->count, run->offset);
    else
        io_uring_prep_writev(sqe, FILE_INDEX, slot->iov, (unsigned)slot->count, run->offset);
    if (!is_read && blk_run_is_fua(run)) sqe->rw_flags = RWF_DSYNC;
}

/* Put the slot's next piece into the submission queue; there is room, by (2). */
static void slot_queue(struct lane *lane, struct slot *slot)
{
    struct io_uring_sqe *sqe = io_uring_get_sqe(&lane->ring);
    if (slot->does == RUN)
        slot_queue_transfer(lane, slot, sqe);
    else
        slot_queue_erase(lane, slot, sqe);
    sqe->flags |= IOSQE_FIXED_FILE;
    io_uring_sqe_set_data(sqe, slot);
}

static void slot_free(struct lane *lane, struct slot *slot)
{
    if (slot->does == RUN) lane_note(lane, slot->run.err);
    slot->does = NOTHING;
    lane->busy--;
    lane->free[lane->busy] = slot;
}

/* All that is left of a slot, without the ring. */
static void slot_complete(struct lane *lane, struct slot *slot)
{
    enum cairn_err err = slot->does == RUN ? blk_run_complete(&slot->run, lane->file)
                                           : blk_file_erase(lane->file, lane->reqs, slot->erases);
    lane_note(lane, err);
    slot_free(lane, slot);
}

/* What came of a slot's piece: bytes, or a negative errno. */
static void slot_settle(struct lane *lane, struct slot *slot, int result)
{
    if (result == -EAGAIN || result == -EINTR) {
        slot_complete(lane, slot);
        return;
    }
    if (slot->does == ERASE) {
        lane_note(lane, blk_file_fallocated(lane->file, lane->reqs, slot->erases, -result));
        slot_free(lane, slot);
        return;
    }
    bool is_read = slot->run.reqs[slot->run.at].op == CAIRN_BLK_READ;
    if (slot->bounced && is_read && result > 0)
        blk_bounce_out(slot->bounce, (size_t)result, slot->iov, slot->count);
    blk_run_settle(&slot->run, lane->file, result);
    if (blk_run_is_done(&slot->run))
        slot_free(lane, slot);
    else
        slot_queue(lane, slot);
}

/* Batches. */

/* A device's discard is an ioctl, which no ring takes. */
static bool is_for_ring(const struct cairn_blk_file *file, const struct cairn_blk_req *req)
{
    return req->op != CAIRN_BLK_DISCARD || !file->is_device;
}

/* The next requests of the batch into a slot; those that need none are done. */
static void lane_start_next(struct lane *lane)
{
    struct cairn_blk_req *req = &lane->reqs[lane->next];
    struct slot *slot = lane->free[lane->busy];
    bool is_run = req->op == CAIRN_BLK_READ || req->op == CAIRN_BLK_WRITE;
    slot->erases = lane->next;
    if (is_run) {
        blk_run_init(&slot->run, lane->file, lane->reqs, lane->next, lane->count);
        lane->next = slot->run.end;
        if (blk_run_is_done(&slot->run)) return;
    } else {
        lane->next++;
        if (!blk_file_erases(lane->file, req)) return;
        if (!is_for_ring(lane->file, req)) {
            lane_note(lane, blk_file_erase(lane->file, lane->reqs, slot->erases));
            return;
        }
    }
    slot->does = is_run ? RUN : ERASE;
    lane->busy++;
    slot_queue(lane, slot);
}

static void lane_fill(struct lane *lane)
{
    while (lane->next < lane->count && lane->busy < lane->file->uring->depth)
        lane_start_next(lane);
}

static void lane_reap(struct lane *lane)
{
    struct io_uring_cqe *cqe;
    while (!io_uring_peek_cqe(&lane->ring, &cqe)) {
        struct slot *slot = io_uring_cqe_get_data(cqe);
        int result = cqe->res;
        io_uring_cqe_seen(&lane->ring, cqe);
        slot_settle(lane, slot, result);
    }
}

/* The kernel takes no more: wait for what it has, do the rest without it, and let the ring go. */
static void lane_give_up(struct lane *lane, int os)
{
    struct cairn_blk_file *file = lane->file;
    cairn_log(&blk_file_log, CAIRN_LOG_WARNING,
              "%s: io_uring_enter: %s; going on with pread and pwrite", file->label,
              cairn_err_text(cairn_err_from_errno(-os)));
    for (lane_reap(lane); lane->busy > io_uring_sq_ready(&lane->ring); lane_reap(lane))
        (void)sched_yield(); /* a way through the kernel, where completions are delivered */
    for (uint32_t i = 0; i < file->uring->depth; i++)
        if (lane->slots[i].does) slot_complete(lane, &lane->slots[i]);
    lane_note(lane, blk_file_complete(file, lane->reqs, lane->next, lane->count));
    lane->next = lane->count;
    io_uring_queue_exit(&lane->ring);
    lane->broken = true;
}

/* Hand over what is queued, and wait for so many completions. */
static void lane_enter(struct lane *lane, uint32_t wait)
{
    int os = io_uring_submit_and_wait(&lane->ring, wait);
    if (os < 0 && os != -EINTR) lane_give_up(lane, os);
}

/* Until the batch is complete. While some of it has no slot yet, half of the slots are waited for,
 * so that the other half keeps the disk busy. */
static void lane_wait(struct lane *lane)
{
    while (!lane->broken) {
        lane_reap(lane);
        lane_fill(lane);
        if (!lane->busy) return;
        lane_enter(lane, lane->next < lane->count ? (lane->busy + 1) / 2 : lane->busy);
    }
}

static enum cairn_err uring_begin(struct cairn_blk *dev, struct cairn_blk_req *reqs, size_t count)
{
    struct cairn_blk_file *file = (struct cairn_blk_file *)dev;
    struct lane *lane = lane_take(file, reqs, count);
    if (!lane) return blk_file_submit(dev, reqs, count);
    lane_fill(lane);
    lane_enter(lane, 0);
    return CAIRN_OK;
}

static enum cairn_err lane_finish(struct lane *lane)
{
    lane_wait(lane);
    enum cairn_err err = lane->err;
    lane_drop(lane);
    return err;
}

static enum cairn_err uring_finish(struct cairn_blk *dev, struct cairn_blk_req *reqs, size_t count)
{
    struct cairn_blk_file *file = (struct cairn_blk_file *)dev;
    struct lane *lane = lane_of(file->uring, reqs);
    (void)count;
    return lane ? lane_finish(lane) : CAIRN_OK;
}

static enum cairn_err uring_submit(struct cairn_blk *dev, struct cairn_blk_req *reqs, size_t count)
{
    struct lane *lane = lane_take((struct cairn_blk_file *)dev, reqs, count);
    return lane ? lane_finish(lane) : blk_file_submit(dev, reqs, count);
}

static const struct cairn_blk_ops uring_ops = {
    .submit = uring_submit,
    .begin = uring_begin,
    .finish = uring_finish,
    .flush = blk_file_flush,
    .extents = blk_file_extents,
    .resize = blk_file_resize,
    .close = blk_file_close,
};

enum cairn_err blk_uring_open(struct cairn_blk_file *file, uint32_t depth, const char **reason)
{
    struct cairn_blk_uring *uring = calloc(1, sizeof *uring);
    *reason = "memory";
    if (!uring) return CAIRN_ENOMEM;
    int os = lane_new(&uring->lanes[0], file, depth, reason);
    if (os) {
        free(uring);
        return cairn_err_from_errno(-os);
    }
    cairn_lock_init(&uring->lock);
    uring->depth = depth;
    uring->lane_count = 1;
    file->uring = uring;
    file->base.ops = &uring_ops;
    return CAIRN_OK;
}

void blk_uring_close(struct cairn_blk_file *file)
{
    struct cairn_blk_uring *uring = file->uring;
    if (!uring) return;
    for (uint32_t i = 0; i < uring->lane_count; i++)
        lane_free(uring->lanes[i]);
    cairn_lock_destroy(&uring->lock);
    free(uring);
    file->uring = NULL;
}
