/* SPDX-License-Identifier: ISC */
/*
 * The file device in parts: opening it (file.c, file_direct.c), runs of requests (file_run.c), and
 * two engines that do them: system calls one by one (file_io.c) and io_uring (uring.c, or
 * uring_absent.c in a build without liburing). Private to block/host.
 */
#ifndef CAIRN_BLOCK_HOST_FILE_H
#define CAIRN_BLOCK_HOST_FILE_H

#include <cairn/blk_file.h>
#include <cairn/log.h>
#include <sys/types.h>
#include <sys/uio.h>

#define BLK_RUN_IOV 256                /* segments of one transfer */
#define BLK_BOUNCE_BYTES (64u << 10)   /* one transfer of memory that O_DIRECT does not take */
#define BLK_DIRECT_MEM_ALIGN_MAX 4096u /* of a bounce buffer */

#define BLK_FILE_SHORTER "the file has become shorter since it was opened"
#define BLK_FILE_SHORTER_HINT "another program truncated it; open it anew to see what is left"

extern const struct cairn_log_source blk_file_log;

/* file.c */

/* The error for an errno, explained in the device's name. */
enum cairn_err blk_file_fail(const struct cairn_blk_file *file, struct cairn_why *why, int os,
                             const char *what) CAIRN_MUST_USE;

/* What all engines share of the device's functions. */
enum cairn_err blk_file_flush(struct cairn_blk *dev, struct cairn_why *why) CAIRN_MUST_USE;
enum cairn_err blk_file_resize(struct cairn_blk *dev, uint64_t block_count,
                               struct cairn_why *why) CAIRN_MUST_USE;
enum cairn_err blk_file_close(struct cairn_blk *dev, struct cairn_why *why) CAIRN_MUST_USE;

/* file_direct.c */

/* Give file->fd O_DIRECT as options want it, and learn the alignments; *block_bytes, when it is 0,
 * gets the least that will do. */
enum cairn_err blk_file_direct(struct cairn_blk_file *file, const char *path,
                               const struct cairn_blk_file_options *options, uint32_t *block_bytes,
                               struct cairn_why *why) CAIRN_MUST_USE;

/* Does O_DIRECT take this memory as it is? */
bool blk_file_takes(const struct cairn_blk_file *file, const struct iovec *iov, int count);

/* What a bounce buffer takes of this memory at once: its bytes, the same after copying them in, and
 * copying `bytes` of them out. */
size_t blk_bounce_bytes(const struct iovec *iov, int count);
size_t blk_bounce_in(uint8_t *bounce, const struct iovec *iov, int count);
void blk_bounce_out(const uint8_t *bounce, size_t bytes, const struct iovec *iov, int count);

/* file_run.c */

/* Requests that follow each other on the device and do the same, done by as few transfers as
 * possible: the place of the next byte among them. */
struct blk_run {
    struct cairn_blk_req *reqs; /* the batch */
    size_t at, end;             /* the request of the next byte; behind the run's last one */
    uint32_t seg;               /* its segment */
    size_t seg_done;            /* bytes of the segment that are done */
    uint64_t offset;            /* in the file */
    bool is_fua;                /* its writes are durable one by one */
    enum cairn_err err;         /* of the first request that failed */
};

/* The longest run from the read or write reqs[at] on, of a batch that ends at count. fua_each: its
 * writes with FUA are durable one by one, else somebody flushes after them. */
void blk_run_init(struct blk_run *run, const struct cairn_blk_file *file,
                  struct cairn_blk_req *reqs, size_t at, size_t count, bool fua_each);

static inline bool blk_run_is_done(const struct blk_run *run)
{
    return run->at == run->end;
}

/* The memory of the next transfer; returns the pieces. */
int blk_run_gather(const struct blk_run *run, struct iovec iov[BLK_RUN_IOV]);

/* What came of a transfer: bytes, or a negative errno. A short one is gone on with; where it
 * failed, or met the end of the file, the request of the next byte fails, and the run goes on
 * behind it. */
void blk_run_settle(struct blk_run *run, struct cairn_blk_file *file, ssize_t result);

/* file_io.c */

enum cairn_err blk_file_submit(struct cairn_blk *dev, struct cairn_blk_req *reqs,
                               size_t count) CAIRN_MUST_USE;

/* Are the batch's writes with FUA durable one by one? Several cost less by one flush after them: 64
 * of them on ext4 a few milliseconds against hundreds. */
bool blk_file_fua_each(const struct cairn_blk_file *file, const struct cairn_blk_req *reqs,
                       size_t count);

/* After the batch, of which err is what it came to: the flush, if there is to be one. */
enum cairn_err blk_file_fua_settle(struct cairn_blk_file *file, struct cairn_blk_req *reqs,
                                   size_t count, bool fua_each, enum cairn_err err) CAIRN_MUST_USE;

/* Requests [from, count) of the batch. */
enum cairn_err blk_file_complete(struct cairn_blk_file *file, struct cairn_blk_req *reqs,
                                 size_t from, size_t count, bool fua_each) CAIRN_MUST_USE;

/* All that is left of a run. */
enum cairn_err blk_run_complete(struct blk_run *run, struct cairn_blk_file *file) CAIRN_MUST_USE;

/* Has this discard or zero anything to do here? */
static inline bool blk_file_erases(const struct cairn_blk_file *file,
                                   const struct cairn_blk_req *req)
{
    return req->count &&
           (req->op == CAIRN_BLK_ZERO || __atomic_load_n(&file->can_punch, __ATOMIC_RELAXED));
}

/* Do the discard or zero reqs[at]. */
enum cairn_err blk_file_erase(struct cairn_blk_file *file, struct cairn_blk_req *reqs,
                              size_t at) CAIRN_MUST_USE;

/* The mode by which fallocate does a discard or a zero. */
int blk_file_fallocate_mode(const struct cairn_blk_req *req);

/* What came of the fallocate of reqs[at]: 0 or an errno. A discard that is refused is done, a zero
 * that is refused is written. */
enum cairn_err blk_file_fallocated(struct cairn_blk_file *file, struct cairn_blk_req *reqs,
                                   size_t at, int os) CAIRN_MUST_USE;

enum cairn_err blk_file_extents(struct cairn_blk *dev, uint64_t block, uint64_t count,
                                struct cairn_blk_extent *extents, size_t cap, size_t *used,
                                struct cairn_why *why) CAIRN_MUST_USE;

/* uring.c */

/* Make file->uring, for `depth` requests in flight, and its functions those of the device. On
 * failure *reason says what refused it.
 *   CAIRN_ENOTSUP  no liburing in this build, or no io_uring in this kernel
 *   CAIRN_EPERM ... as the system says */
enum cairn_err blk_uring_open(struct cairn_blk_file *file, uint32_t depth,
                              const char **reason) CAIRN_MUST_USE;

/* Does nothing where there is none. */
void blk_uring_close(struct cairn_blk_file *file);

#endif
