/* SPDX-License-Identifier: ISC */
/* A regular file or a host block device as a BLOCK device. Hosted only. */
#ifndef CAIRN_BLK_FILE_H
#define CAIRN_BLK_FILE_H

#include <cairn/blk.h>

CAIRN_BEGIN

struct cairn_blk_file_options {
    uint32_t block_bytes; /* 0: 512, or a block device's logical block size */
    bool write;           /* else read-only */
    bool create;          /* with write: make the file, of create_bytes; fails when it exists */
    uint64_t create_bytes;
    uint32_t lock_wait_ms; /* how long to wait for another process to let go; 0: not at all */
};

struct cairn_blk_file {
    struct cairn_blk base;
    int fd;
    bool is_device;  /* a block device of the host */
    bool can_punch;  /* hole punching has not been refused so far; atomic */
    char label[128]; /* the path's end, for explanations */
};

/* Open path. A writer holds an exclusive lock (OFD lock) on a regular file, readers a shared one; a
 * block device is opened O_EXCL for writing, so a mounted one is refused. A file whose length is no
 * whole number of blocks: the tail is not part of the device, and a warning is logged.
 *   CAIRN_ENOENT CAIRN_EACCES CAIRN_EISDIR CAIRN_EEXIST ...  as the OS says
 *   CAIRN_EBUSY   another process has it open for writing (or for reading, when we want to write)
 *   CAIRN_ENOTSUP not a regular file nor a block device */
CAIRN_API enum cairn_err cairn_blk_file_open(struct cairn_blk_file *dev, const char *path,
                                             const struct cairn_blk_file_options *options,
                                             struct cairn_why *why) CAIRN_MUST_USE;

/* Copy [src_offset, src_offset + bytes) of src_fd to byte dst_offset of the device (it must lie
 * inside): by reflink where both sides are aligned to the filesystem's blocks and it can, else by
 * copy_file_range where the file system has its own, else through a buffer. *cloned gets the bytes
 * that were shared, not copied. CAIRN_ESTALE: the source ended early. */
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
