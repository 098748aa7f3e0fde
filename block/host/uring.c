/* SPDX-License-Identifier: ISC */
/*
 * The file device by io_uring: a batch goes to the kernel with one call and is in flight as a
 * whole, up to the queue depth.
 *
 * Each batch has a lane (uring.h) to itself. One that finds none free (they may all be held by
 * batches that were begun) goes by system calls: nobody waits for a lane, so nobody waits for
 * himself.
 *
 * The file is not registered with the rings, which would save a request some 50 ns: the kernel
 * takes a ring down after its descriptor is closed, and a file that it holds stays locked, and a
 * device claimed, until then. Whoever opened it next would find it in use.
 *
 * 1. A slot is free, or holds one run of which one piece is in flight.
 * 2. The submission queue has as many places as there are slots, the completion queue twice as
 *    many: neither is ever full.
 * 3. A lane is let go, or given up, with nothing in flight: the kernel writes to no memory of a
 *    batch that is complete.
 */
#include "uring.h"

#include <cairn/err_posix.h>
#include <errno.h>
#include <sched.h>

#include "../impl.h"

#define PIECE_BYTES_MAX (1u << 30) /* what a length of 32 bits says with ease */

static void lane_note(struct blk_lane *lane, enum cairn_err err)
{
    if (!lane->err) lane->err = err;
}

static void slot_queue_erase(const struct blk_lane *lane, const struct blk_slot *slot,
                             struct io_uring_sqe *sqe)
{
    const struct cairn_blk_req *req = &lane->reqs[slot->erases];
    uint32_t block_bytes = lane->file->base.info.block_bytes;
    io_uring_prep_fallocate(sqe, lane->file->fd, blk_file_fallocate_mode(req),
                            (off_t)(req->block * block_bytes), (off_t)(req->count * block_bytes));
}

/* The memory of the next piece, as one where it is, or must be copied to be. */
static struct iovec slot_gather(const struct blk_lane *lane, struct blk_slot *slot, bool is_read)
{
    slot->count = blk_run_gather(&slot->run, slot->iov);
    slot->bounced = !blk_file_takes(lane->file, slot->iov, slot->count);
    if (slot->bounced && is_read)
        return (struct iovec){ slot->bounce, blk_bounce_bytes(slot->iov, slot->count) };
    if (slot->bounced)
        return (struct iovec){ slot->bounce, blk_bounce_in(slot->bounce, slot->iov, slot->count) };
    bool is_one = slot->count == 1 && slot->iov[0].iov_len <= PIECE_BYTES_MAX;
    return is_one ? slot->iov[0] : (struct iovec){ NULL, 0 };
}

static void slot_queue_transfer(const struct blk_lane *lane, struct blk_slot *slot,
                                struct io_uring_sqe *sqe)
{
    const struct blk_run *run = &slot->run;
    bool is_read = run->reqs[run->at].op == CAIRN_BLK_READ;
    struct iovec one = slot_gather(lane, slot, is_read);
    int fd = lane->file->fd;
    if (one.iov_base && is_read)
        io_uring_prep_read(sqe, fd, one.iov_base, (unsigned)one.iov_len, run->offset);
    else if (one.iov_base)
        io_uring_prep_write(sqe, fd, one.iov_base, (unsigned)one.iov_len, run->offset);
    else if (is_read)
        io_uring_prep_readv(sqe, fd, slot->iov, (unsigned)slot->count, run->offset);
    else
        io_uring_prep_writev(sqe, fd, slot->iov, (unsigned)slot->count, run->offset);
    if (!is_read && run->is_fua) sqe->rw_flags = RWF_DSYNC;
}

/* Put the slot's next piece into the submission queue; there is room, by (2). */
static void slot_queue(struct blk_lane *lane, struct blk_slot *slot)
{
    struct io_uring_sqe *sqe = io_uring_get_sqe(&lane->ring);
    if (slot->does == BLK_SLOT_RUN)
        slot_queue_transfer(lane, slot, sqe);
    else
        slot_queue_erase(lane, slot, sqe);
    io_uring_sqe_set_data(sqe, slot);
}

static void slot_free(struct blk_lane *lane, struct blk_slot *slot)
{
    if (slot->does == BLK_SLOT_RUN) lane_note(lane, slot->run.err);
    slot->does = BLK_SLOT_FREE;
    lane->busy--;
    slot->next = lane->free;
    lane->free = slot;
}

/* All that is left of a slot, without the ring. */
static void slot_complete(struct blk_lane *lane, struct blk_slot *slot)
{
    enum cairn_err err = slot->does == BLK_SLOT_RUN
                             ? blk_run_complete(&slot->run, lane->file)
                             : blk_file_erase(lane->file, lane->reqs, slot->erases);
    lane_note(lane, err);
    slot_free(lane, slot);
}

/* What came of a slot's piece: bytes, or a negative errno. */
static void slot_settle(struct blk_lane *lane, struct blk_slot *slot, int result)
{
    /* The last: the thread that began the batch has ended. */
    if (result == -EAGAIN || result == -EINTR || result == -ECANCELED) {
        slot_complete(lane, slot);
        return;
    }
    if (slot->does == BLK_SLOT_ERASE) {
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
static void lane_start_next(struct blk_lane *lane)
{
    struct cairn_blk_req *req = &lane->reqs[lane->next];
    struct blk_slot *slot = lane->free;
    bool is_run = req->op == CAIRN_BLK_READ || req->op == CAIRN_BLK_WRITE;
    slot->erases = lane->next;
    if (is_run) {
        blk_run_init(&slot->run, lane->file, lane->reqs, lane->next, lane->count, lane->fua_each);
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
    slot->does = is_run ? BLK_SLOT_RUN : BLK_SLOT_ERASE;
    lane->free = slot->next;
    lane->busy++;
    slot_queue(lane, slot);
}

static void lane_fill(struct blk_lane *lane)
{
    while (lane->next < lane->count && lane->free)
        lane_start_next(lane);
}

static void lane_reap(struct blk_lane *lane)
{
    struct io_uring_cqe *cqe;
    while (!io_uring_peek_cqe(&lane->ring, &cqe)) {
        struct blk_slot *slot = io_uring_cqe_get_data(cqe);
        int result = cqe->res;
        io_uring_cqe_seen(&lane->ring, cqe);
        slot_settle(lane, slot, result);
    }
}

/* The kernel takes no more: wait for what it has, do the rest without it, and let the ring go. */
static void lane_give_up(struct blk_lane *lane, int os)
{
    struct cairn_blk_file *file = lane->file;
    cairn_log(&blk_file_log, CAIRN_LOG_WARNING,
              "%s: io_uring_enter: %s; going on with pread and pwrite", file->label,
              cairn_err_text(cairn_err_from_errno(-os)));
    for (lane_reap(lane); lane->busy > io_uring_sq_ready(&lane->ring); lane_reap(lane))
        (void)sched_yield(); /* a way through the kernel, where completions are delivered */
    for (uint32_t i = 0; i < file->uring->depth; i++)
        if (lane->slots[i].does) slot_complete(lane, &lane->slots[i]);
    lane_note(lane, blk_file_complete(file, lane->reqs, lane->next, lane->count, lane->fua_each));
    lane->next = lane->count;
    io_uring_queue_exit(&lane->ring);
    lane->broken = true;
}

/* Hand over what is queued, and wait for so many completions. */
static void lane_enter(struct blk_lane *lane, uint32_t wait)
{
    int os = io_uring_submit_and_wait(&lane->ring, wait);
    if (os < 0 && os != -EINTR) lane_give_up(lane, os);
}

/* Until the batch is complete. While some of it has no slot yet, half of the slots are waited for,
 * so that the other half keeps the disk busy. */
static void lane_wait(struct blk_lane *lane)
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
    struct blk_lane *lane = blk_lane_take(file, reqs, count);
    if (!lane) return blk_file_submit(dev, reqs, count);
    lane_fill(lane);
    lane_enter(lane, 0);
    return CAIRN_OK;
}

static enum cairn_err lane_finish(struct blk_lane *lane)
{
    lane_wait(lane);
    enum cairn_err err =
        blk_file_fua_settle(lane->file, lane->reqs, lane->count, lane->fua_each, lane->err);
    blk_lane_drop(lane);
    return err;
}

static enum cairn_err uring_finish(struct cairn_blk *dev, struct cairn_blk_req *reqs, size_t count)
{
    struct cairn_blk_file *file = (struct cairn_blk_file *)dev;
    struct blk_lane *lane = blk_lane_of(file->uring, reqs);
    (void)count;
    return lane ? lane_finish(lane) : CAIRN_OK;
}

static enum cairn_err uring_submit(struct cairn_blk *dev, struct cairn_blk_req *reqs, size_t count)
{
    struct blk_lane *lane = blk_lane_take((struct cairn_blk_file *)dev, reqs, count);
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
    int os = blk_lanes_open(file, depth, reason);
    if (!os) file->base.ops = &uring_ops;
    return cairn_err_from_errno(-os);
}

void blk_uring_close(struct cairn_blk_file *file)
{
    if (file->uring) blk_lanes_close(file);
}

const char *cairn_blk_uring_version(void)
{
    return CAIRN_LIBURING_VERSION;
}
