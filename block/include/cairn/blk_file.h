/* SPDX-License-Identifier: ISC */
/* A regular file or a host block device as a BLOCK device. Hosted only. */
#ifndef CAIRN_BLK_FILE_H
#define CAIRN_BLK_FILE_H

#include <cairn/blk.h>

CAIRN_BEGIN

/* How requests reach the kernel. */
enum cairn_blk_file_io {
    CAIRN_BLK_IO_AUTO,  /* uring where batches gain by it, which is with O_DIRECT; else pread */
    CAIRN_BLK_IO_PREAD, /* preadv and pwritev, one after the other */
    CAIRN_BLK_IO_URING  /* io_uring: a batch is one system call and in flight as a whole */
};

/* O_DIRECT: past the page cache. */
enum cairn_blk_file_direct {
    CAIRN_BLK_DIRECT_OFF,
    CAIRN_BLK_DIRECT_ON, /* or fail */
    CAIRN_BLK_DIRECT_TRY /* or log why not, and go through the page cache */
};

#define CAIRN_BLK_QUEUE_DEPTH 64u
#define CAIRN_BLK_QUEUE_DEPTH_MAX 1024u

struct cairn_blk_file_options {
    uint32_t block_bytes; /* 0: 512, a block device's logical block size, or what O_DIRECT needs */
    bool write;           /* else read-only */
    bool create;          /* with write: make the file, of create_bytes; fails when it exists */
    uint64_t create_bytes;
    uint32_t lock_wait_ms; /* how long to wait for another process to let go; 0: not at all */
    enum cairn_blk_file_io io;
    enum cairn_blk_file_direct direct;
    uint32_t queue_depth; /* of io_uring: requests in flight; 0: CAIRN_BLK_QUEUE_DEPTH */
};

struct cairn_blk_file {
    struct cairn_blk base;
    int fd;
    bool is_device;  /* a block device of the host */
    bool can_punch;  /* hole punching has not been refused so far; atomic */
    char label[128]; /* the path's end, for explanations */
    /* What came of the options: */
    enum cairn_blk_file_io io; /* PREAD or URING */
    bool direct;
    uint32_t mem_align, offset_align; /* of transfers: 1 without O_DIRECT */
    struct cairn_blk_uring *uring;    /* or NULL */
};

/* Open path. A writer holds an exclusive lock (OFD lock) on a regular file, readers a shared one; a
 * block device is opened O_EXCL for writing, so a mounted one is refused. A file whose length is no
 * whole number of blocks: the tail is not part of the device, and a warning is logged.
 *
 * With O_DIRECT, memory of any alignment is taken; what is aligned to dev->mem_align moves without
 * a copy. Where io_uring cannot be had, because this build, the kernel or a limit refuses it,
 * preadv and pwritev are used, and the reason is logged as a warning.
 *   CAIRN_EINVAL  block_bytes is no power of two in 512..65536, or below what O_DIRECT needs;
 *                 create without write; queue_depth above CAIRN_BLK_QUEUE_DEPTH_MAX
 *   CAIRN_ENOENT CAIRN_EACCES CAIRN_EISDIR CAIRN_EEXIST ...  as the OS says
 *   CAIRN_EBUSY   another process has it open for writing (or for reading, when we want to write)
 *   CAIRN_ENOTSUP not a regular file nor a block device; CAIRN_BLK_DIRECT_ON, and the file system
 *                 has no O_DIRECT */
CAIRN_API enum cairn_err cairn_blk_file_open(struct cairn_blk_file *dev, const char *path,
                                             const struct cairn_blk_file_options *options,
                                             struct cairn_why *why) CAIRN_MUST_USE;

/* The version of liburing that this build was made with, NULL when it was made without. */
CAIRN_API const char *cairn_blk_uring_version(void);

/* Copy [src_offset, src_offset + bytes) of src_fd to byte dst_offset of the device (it must lie
 * inside): by reflink where both sides are aligned to the filesystem's blocks and it can, else by
 * copy_file_range where the file system has its own, else through a buffer. *cloned gets the bytes
 * that were shared, not copied. CAIRN_ESTALE: the source ended early. CAIRN_ENOTSUP: the device
 * was opened with O_DIRECT. */
CAIRN_API enum cairn_err cairn_blk_file_clone(struct cairn_blk_file *dev, uint64_t dst_offset,
                                              int src_fd, uint64_t src_offset, uint64_t bytes,
                                              uint64_t *cloned,
                                              struct cairn_why *why) CAIRN_MUST_USE;

/* The same between two descriptors, for whoever has no device: the one place that knows how this
 * kernel copies best. Writes to dst_fd at dst_offset. */
CAIRN_API enum cairn_err cairn_fd_copy(int dst_fd, uint64_t dst_offset, int src_fd,
                                       uint64_t src_offset, uint64_t bytes, uint64_t *cloned,
                                       struct cairn_why *why) CAIRN_MUST_USE;

CAIRN_END

#endif
