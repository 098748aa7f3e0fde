/* SPDX-License-Identifier: ISC */
/* The requests of a file device: preadv and pwritev, hole punching, and where its data is. */
#include "file.h"

#include <cairn/err_posix.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "../impl.h"

#define IOV_COUNT 256 /* segments of one system call */

/* Requests that follow each other on the device and do the same, done by as few calls as possible:
 * the place of the next byte among them. */
struct run {
    struct cairn_blk_req *reqs; /* the batch */
    size_t at, end;             /* the request of the next byte; behind the run's last one */
    uint32_t seg;               /* its segment */
    size_t seg_done;            /* bytes of the segment that are done */
    uint64_t offset;            /* in the file */
};

/* Past segments and requests that are complete, empty ones among them. */
static void run_settle(struct run *run)
{
    while (run->at < run->end) {
        const struct cairn_blk_req *req = &run->reqs[run->at];
        if (run->seg == req->seg_count) {
            run->at++;
            run->seg = 0;
        } else if (run->seg_done == req->segs[run->seg].bytes) {
            run->seg++;
            run->seg_done = 0;
        } else {
            return;
        }
    }
}

static int run_gather(const struct run *run, struct iovec iov[IOV_COUNT])
{
    int used = 0;
    size_t done = run->seg_done;
    uint32_t seg = run->seg;
    for (size_t at = run->at; at < run->end; at++, seg = 0) {
        const struct cairn_blk_req *req = &run->reqs[at];
        for (; seg < req->seg_count; seg++, done = 0) {
            if (used == IOV_COUNT) return used;
            iov[used].iov_base = (uint8_t *)req->segs[seg].data + done;
            iov[used++].iov_len = req->segs[seg].bytes - done;
        }
    }
    return used;
}

static void run_advance(struct run *run, size_t bytes)
{
    run->offset += bytes;
    for (run_settle(run); bytes; run_settle(run)) {
        size_t left = run->reqs[run->at].segs[run->seg].bytes - run->seg_done;
        size_t step = bytes < left ? bytes : left;
        run->seg_done += step;
        bytes -= step;
    }
}

/* Give the request that holds the next byte up, and go on with the one after it. */
static void run_skip(struct run *run, uint32_t block_bytes)
{
    const struct cairn_blk_req *req = &run->reqs[run->at];
    run->offset = (req->block + req->count) * block_bytes;
    run->at++;
    run->seg = 0;
    run->seg_done = 0;
    run_settle(run);
}

static ssize_t run_transfer(const struct cairn_blk_file *file, const struct run *run)
{
    struct iovec iov[IOV_COUNT];
    int used = run_gather(run, iov);
    bool is_read = run->reqs[run->at].op == CAIRN_BLK_READ;
    for (;;) {
        ssize_t n = is_read ? preadv(file->fd, iov, used, (off_t)run->offset)
                            : pwritev(file->fd, iov, used, (off_t)run->offset);
        if (n >= 0 || errno != EINTR) return n;
    }
}

static enum cairn_err transfer_fail(struct cairn_blk_file *file, const struct run *run, ssize_t n)
{
    struct cairn_why *why = run->reqs[run->at].why;
    if (n < 0)
        return blk_req_fail(&file->base, run->reqs, run->at, cairn_err_from_errno(errno), errno,
                            NULL);
    enum cairn_err err = blk_req_fail(&file->base, run->reqs, run->at, CAIRN_EIO, 0,
                                      "the file has become shorter since it was opened");
    if (blk_why_is_first(run->reqs, run->at))
        cairn_why_hint(why, "another program truncated it; open it anew to see what is left");
    return err;
}

/* Short transfers are gone on with; where it fails, the error falls on the request it happened
 * in, and the rest of the run is still done. */
static enum cairn_err run_complete(struct cairn_blk_file *file, struct run *run)
{
    enum cairn_err err = CAIRN_OK;
    run->offset = run->reqs[run->at].block * file->base.info.block_bytes;
    run_settle(run);
    while (run->at < run->end) {
        ssize_t n = run_transfer(file, run);
        if (n > 0) {
            run_advance(run, (size_t)n);
        } else {
            err = transfer_fail(file, run, n);
            run_skip(run, file->base.info.block_bytes);
        }
    }
    return err;
}

/* One behind the last request from `first` on that joins it. */
static size_t run_end(const struct cairn_blk_req *reqs, size_t first, size_t count)
{
    size_t end = first + 1;
    while (end < count && reqs[end].op == reqs[first].op &&
           reqs[end].block == reqs[end - 1].block + reqs[end - 1].count)
        end++;
    return end;
}

/* Has the file system, or the device, refused this kind of call (and not failed at it)? */
static bool is_refusal(int os)
{
    return os == EOPNOTSUPP || os == EINVAL || os == ENODEV || os == ENOSYS || os == ENOTTY;
}

static int call_fallocate(const struct cairn_blk_file *file, int mode,
                          const struct cairn_blk_req *req)
{
    off_t offset = (off_t)(req->block * file->base.info.block_bytes);
    off_t bytes = (off_t)(req->count * file->base.info.block_bytes);
    for (;;) {
        if (!fallocate(file->fd, mode | FALLOC_FL_KEEP_SIZE, offset, bytes)) return 0;
        if (errno != EINTR) return errno;
    }
}

static int call_discard(const struct cairn_blk_file *file, const struct cairn_blk_req *req)
{
    if (!file->is_device) return call_fallocate(file, FALLOC_FL_PUNCH_HOLE, req);
    uint64_t range[2] = { req->block * file->base.info.block_bytes,
                          req->count * file->base.info.block_bytes };
    return ioctl(file->fd, BLKDISCARD, range) ? errno : 0;
}

/* A discard that is refused is done: the contents are undefined, so they may stay. */
static enum cairn_err do_discard(struct cairn_blk_file *file, struct cairn_blk_req *reqs, size_t at)
{
    if (!reqs[at].count || !__atomic_load_n(&file->can_punch, __ATOMIC_RELAXED)) return CAIRN_OK;
    int os = call_discard(file, &reqs[at]);
    if (!os) return CAIRN_OK;
    if (!is_refusal(os))
        return blk_req_fail(&file->base, reqs, at, cairn_err_from_errno(os), os, NULL);
    __atomic_store_n(&file->can_punch, false, __ATOMIC_RELAXED);
    return CAIRN_OK;
}

static enum cairn_err do_zero(struct cairn_blk_file *file, struct cairn_blk_req *reqs, size_t at)
{
    bool keep = reqs[at].flags & CAIRN_BLK_NO_UNMAP;
    if (!reqs[at].count) return CAIRN_OK;
    int os = call_fallocate(file, keep ? FALLOC_FL_ZERO_RANGE : FALLOC_FL_PUNCH_HOLE, &reqs[at]);
    if (!os) return CAIRN_OK;
    if (is_refusal(os)) return blk_zero_by_writing(&file->base, &reqs[at]);
    return blk_req_fail(&file->base, reqs, at, cairn_err_from_errno(os), os, NULL);
}

enum cairn_err blk_file_submit(struct cairn_blk *dev, struct cairn_blk_req *reqs, size_t count)
{
    struct cairn_blk_file *file = (struct cairn_blk_file *)dev;
    enum cairn_err first = CAIRN_OK;
    for (size_t at = 0, end; at < count; at = end) {
        enum cairn_err err = CAIRN_OK;
        end = at + 1;
        if (reqs[at].op == CAIRN_BLK_DISCARD) {
            err = do_discard(file, reqs, at);
        } else if (reqs[at].op == CAIRN_BLK_ZERO) {
            err = do_zero(file, reqs, at);
        } else {
            end = run_end(reqs, at, count);
            err = run_complete(file, &(struct run){ .reqs = reqs, .at = at, .end = end });
        }
        if (!first) first = err;
    }
    return first;
}

/* Where data begin at `from` or behind it; UINT64_MAX: nowhere. A file system that cannot tell says
 * that all is data. */
static uint64_t data_at(int fd, uint64_t from)
{
    off_t data = lseek(fd, (off_t)from, SEEK_DATA);
    if (data >= 0) return (uint64_t)data;
    return errno == ENXIO ? UINT64_MAX : from;
}

/* Where the data at `from` end. The kernel looks at every page up to there. */
static uint64_t data_end(int fd, uint64_t from)
{
    off_t hole = lseek(fd, (off_t)from, SEEK_HOLE);
    return hole > (off_t)from ? (uint64_t)hole : UINT64_MAX;
}

enum cairn_err blk_file_extents(struct cairn_blk *dev, uint64_t block, uint64_t count,
                                struct cairn_blk_extent *extents, size_t cap, size_t *used,
                                struct cairn_why *why)
{
    (void)why;
    const struct cairn_blk_file *file = (const struct cairn_blk_file *)dev;
    uint64_t from = block * dev->info.block_bytes;
    uint64_t end = from + count * dev->info.block_bytes;
    struct blk_extents list;
    blk_extents_init(&list, extents, cap, block, count, dev->info.block_bytes);
    bool room = true;
    while (room && (from = data_at(file->fd, from)) < end) {
        room = blk_extents_hole(&list, from);
        if (!room) break;
        uint64_t to = cairn_min_u64(data_end(file->fd, from), end);
        room = blk_extents_data(&list, from, to);
        from = to;
    }
    if (room) blk_extents_end(&list);
    *used = list.used;
    return CAIRN_OK;
}
