/* SPDX-License-Identifier: ISC */
/* Runs: adjacent requests as the transfers that do them, and what came of each. No I/O. */
#include "file.h"

#include <cairn/err_posix.h>
#include <errno.h>

#include "../impl.h"

/* Past segments and requests that are complete, empty ones among them. */
static void run_skip_done(struct blk_run *run)
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

static bool run_joins(const struct cairn_blk_req *before, const struct cairn_blk_req *req)
{
    return req->op == before->op && req->flags == before->flags &&
           req->block == before->block + before->count;
}

void blk_run_init(struct blk_run *run, const struct cairn_blk_file *file,
                  struct cairn_blk_req *reqs, size_t at, size_t count, bool fua_each)
{
    *run = (struct blk_run){ .reqs = reqs, .at = at, .end = at + 1 };
    run->is_fua = fua_each && (reqs[at].flags & CAIRN_BLK_FUA);
    run->offset = reqs[at].block * file->base.info.block_bytes;
    while (run->end < count && run_joins(&reqs[run->end - 1], &reqs[run->end]))
        run->end++;
    run_skip_done(run);
}

int blk_run_gather(const struct blk_run *run, struct iovec iov[BLK_RUN_IOV])
{
    int used = 0;
    size_t done = run->seg_done;
    uint32_t seg = run->seg;
    for (size_t at = run->at; at < run->end; at++, seg = 0) {
        const struct cairn_blk_req *req = &run->reqs[at];
        for (; seg < req->seg_count; seg++, done = 0) {
            if (used == BLK_RUN_IOV) return used;
            iov[used].iov_base = (uint8_t *)req->segs[seg].data + done;
            iov[used++].iov_len = req->segs[seg].bytes - done;
        }
    }
    return used;
}

static void run_advance(struct blk_run *run, size_t bytes)
{
    run->offset += bytes;
    for (run_skip_done(run); bytes; run_skip_done(run)) {
        size_t left = run->reqs[run->at].segs[run->seg].bytes - run->seg_done;
        size_t step = bytes < left ? bytes : left;
        run->seg_done += step;
        bytes -= step;
    }
}

/* Give the request that holds the next byte up, and go on with the one after it. */
static void run_skip(struct blk_run *run, uint32_t block_bytes)
{
    const struct cairn_blk_req *req = &run->reqs[run->at];
    run->offset = (req->block + req->count) * block_bytes;
    run->at++;
    run->seg = 0;
    run->seg_done = 0;
    run_skip_done(run);
}

static enum cairn_err run_fail_os(const struct blk_run *run, struct cairn_blk_file *file, int os)
{
    enum cairn_err err =
        blk_req_fail(&file->base, run->reqs, run->at, cairn_err_from_errno(os), os, NULL);
    /* The kernel tells once that it lost what it had taken before. A write that was to be durable
     * may have been the one it told, so it poisons as a flush that failed does. */
    if (run->is_fua) __atomic_store_n(&file->base.poison, (int32_t)err, __ATOMIC_RELEASE);
    return err;
}

static enum cairn_err run_fail_end(const struct blk_run *run, struct cairn_blk_file *file)
{
    bool is_read = run->reqs[run->at].op == CAIRN_BLK_READ;
    enum cairn_err err = blk_req_fail(&file->base, run->reqs, run->at, CAIRN_EIO, 0,
                                      is_read ? BLK_FILE_SHORTER : "the host wrote nothing");
    if (is_read && blk_why_is_first(run->reqs, run->at))
        cairn_why_hint(run->reqs[run->at].why, BLK_FILE_SHORTER_HINT);
    return err;
}

void blk_run_settle(struct blk_run *run, struct cairn_blk_file *file, ssize_t result)
{
    /* O_DIRECT goes on where it may, and a rest that no transfer can begin in is the file's end. */
    if (result > 0) result -= result % (ssize_t)file->offset_align;
    if (result > 0) {
        run_advance(run, (size_t)result);
        return;
    }
    enum cairn_err err = result ? run_fail_os(run, file, (int)-result) : run_fail_end(run, file);
    if (!run->err) run->err = err;
    run_skip(run, file->base.info.block_bytes);
}
