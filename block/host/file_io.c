/* SPDX-License-Identifier: ISC */
/* The file device by system calls, one after the other: transfers, hole punching, and where its
 * data is. */
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

/* preadv and pwritev, or their negative errno. */
static ssize_t call_transfer(const struct cairn_blk_file *file, const struct blk_run *run,
                             const struct iovec *iov, int count)
{
    off_t offset = (off_t)run->offset;
    for (;;) {
        ssize_t n;
        if (run->reqs[run->at].op == CAIRN_BLK_READ)
            n = preadv(file->fd, iov, count, offset);
        else if (run->is_fua)
            n = pwritev2(file->fd, iov, count, offset, RWF_DSYNC);
        else
            n = pwritev(file->fd, iov, count, offset);
        if (n >= 0) return n;
        if (errno != EINTR) return -errno;
    }
}

/* On the stack, so that threads need not wait for each other: hosted stacks have the room. */
static ssize_t transfer_bounced(const struct cairn_blk_file *file, const struct blk_run *run,
                                const struct iovec *iov, int count)
{
    _Alignas(BLK_DIRECT_MEM_ALIGN_MAX) uint8_t bounce[BLK_BOUNCE_BYTES];
    bool is_read = run->reqs[run->at].op == CAIRN_BLK_READ;
    size_t bytes = is_read ? blk_bounce_bytes(iov, count) : blk_bounce_in(bounce, iov, count);
    ssize_t n = call_transfer(file, run, &(struct iovec){ bounce, bytes }, 1);
    if (is_read && n > 0) blk_bounce_out(bounce, (size_t)n, iov, count);
    return n;
}

enum cairn_err blk_run_complete(struct blk_run *run, struct cairn_blk_file *file)
{
    struct iovec iov[BLK_RUN_IOV];
    while (!blk_run_is_done(run)) {
        int count = blk_run_gather(run, iov);
        ssize_t n = blk_file_takes(file, iov, count) ? call_transfer(file, run, iov, count)
                                                     : transfer_bounced(file, run, iov, count);
        blk_run_settle(run, file, n);
    }
    return run->err;
}

/* Has the file system, or the device, refused this kind of call (and not failed at it)? */
static bool is_refusal(int os)
{
    return os == EOPNOTSUPP || os == EINVAL || os == ENODEV || os == ENOSYS || os == ENOTTY;
}

int blk_file_fallocate_mode(const struct cairn_blk_req *req)
{
    bool keep = req->op == CAIRN_BLK_ZERO && (req->flags & CAIRN_BLK_NO_UNMAP);
    return FALLOC_FL_KEEP_SIZE | (keep ? FALLOC_FL_ZERO_RANGE : FALLOC_FL_PUNCH_HOLE);
}

static int call_fallocate(const struct cairn_blk_file *file, const struct cairn_blk_req *req)
{
    off_t offset = (off_t)(req->block * file->base.info.block_bytes);
    off_t bytes = (off_t)(req->count * file->base.info.block_bytes);
    for (;;) {
        if (!fallocate(file->fd, blk_file_fallocate_mode(req), offset, bytes)) return 0;
        if (errno != EINTR) return errno;
    }
}

static int call_discard(const struct cairn_blk_file *file, const struct cairn_blk_req *req)
{
    if (!file->is_device) return call_fallocate(file, req);
    uint64_t range[2] = { req->block * file->base.info.block_bytes,
                          req->count * file->base.info.block_bytes };
    return ioctl(file->fd, BLKDISCARD, range) ? errno : 0;
}

enum cairn_err blk_file_fallocated(struct cairn_blk_file *file, struct cairn_blk_req *reqs,
                                   size_t at, int os)
{
    if (!os) return CAIRN_OK;
    if (!is_refusal(os))
        return blk_req_fail(&file->base, reqs, at, cairn_err_from_errno(os), os, NULL);
    if (reqs[at].op == CAIRN_BLK_ZERO) return blk_zero_by_writing(&file->base, reqs, at);
    __atomic_store_n(&file->can_punch, false, __ATOMIC_RELAXED);
    return CAIRN_OK;
}

enum cairn_err blk_file_erase(struct cairn_blk_file *file, struct cairn_blk_req *reqs, size_t at)
{
    const struct cairn_blk_req *req = &reqs[at];
    bool is_zero = req->op == CAIRN_BLK_ZERO;
    if (!blk_file_erases(file, req)) return CAIRN_OK;
    return blk_file_fallocated(file, reqs, at,
                               is_zero ? call_fallocate(file, req) : call_discard(file, req));
}

enum cairn_err blk_file_complete(struct cairn_blk_file *file, struct cairn_blk_req *reqs,
                                 size_t from, size_t count, bool fua_each)
{
    enum cairn_err first = CAIRN_OK;
    for (size_t at = from, end; at < count; at = end) {
        enum cairn_err err = CAIRN_OK;
        end = at + 1;
        if (reqs[at].op == CAIRN_BLK_READ || reqs[at].op == CAIRN_BLK_WRITE) {
            struct blk_run run;
            blk_run_init(&run, file, reqs, at, count, fua_each);
            end = run.end;
            err = blk_run_complete(&run, file);
        } else {
            err = blk_file_erase(file, reqs, at);
        }
        if (!first) first = err;
    }
    return first;
}

bool blk_file_fua_each(const struct cairn_blk_file *file, const struct cairn_blk_req *reqs,
                       size_t count)
{
    size_t writes = 0;
    for (size_t i = 0; i < count && writes < 2; i++)
        if (reqs[i].flags & CAIRN_BLK_FUA) writes++;
    return writes < 2 && file->base.info.fua == CAIRN_BLK_NATIVE;
}

enum cairn_err blk_file_fua_settle(struct cairn_blk_file *file, struct cairn_blk_req *reqs,
                                   size_t count, bool fua_each, enum cairn_err err)
{
    if (fua_each || file->base.info.fua != CAIRN_BLK_NATIVE) return err;
    enum cairn_err flushed = blk_fua_by_flush(&file->base, reqs, count);
    return err ? err : flushed;
}

enum cairn_err blk_file_submit(struct cairn_blk *dev, struct cairn_blk_req *reqs, size_t count)
{
    struct cairn_blk_file *file = (struct cairn_blk_file *)dev;
    bool fua_each = blk_file_fua_each(file, reqs, count);
    enum cairn_err err = blk_file_complete(file, reqs, 0, count, fua_each);
    return blk_file_fua_settle(file, reqs, count, fua_each, err);
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

/* A file that was truncated has no holes behind its end: what was there is gone. */
static enum cairn_err length_check(const struct cairn_blk_file *file, uint64_t end,
                                   struct cairn_why *why)
{
    off_t length = lseek(file->fd, 0, SEEK_END);
    if (length < 0) return blk_file_fail(file, why, errno, "extents");
    if ((uint64_t)length >= end) return CAIRN_OK;
    enum cairn_err err = cairn_why_fail(why, CAIRN_EIO, "extents: " BLK_FILE_SHORTER);
    cairn_why_hint(why, BLK_FILE_SHORTER_HINT);
    cairn_why_via(why, file->label);
    return err;
}

enum cairn_err blk_file_extents(struct cairn_blk *dev, uint64_t block, uint64_t count,
                                struct cairn_blk_extent *extents, size_t cap, size_t *used,
                                struct cairn_why *why)
{
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
    enum cairn_err err = length_check(file, end, why);
    *used = err ? 0 : list.used;
    return err;
}
