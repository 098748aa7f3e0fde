/* SPDX-License-Identifier: ISC */
/* Devices by name. Hosted only. */
#ifndef CAIRN_BLK_OPEN_H
#define CAIRN_BLK_OPEN_H

#include <cairn/blk_file.h>
#include <cairn/blk_mem.h>

CAIRN_BEGIN

/* Any device that a string names: opened by cairn_blk_open, closed by cairn_blk_any_close. Not to
 * be moved while open. */
struct cairn_blk_any {
    struct cairn_blk *dev; /* the device to use */
    union {
        struct cairn_blk_file file;
        struct cairn_blk_mem mem;
    } is;
    void *mapped; /* memory of mem:, mapped on demand */
    size_t mapped_bytes;
};

/* "disk.img", "/dev/sdb", "./mem:odd-file-name", "mem:64M" (zeros, in this process only).
 * A closed list of schemes is split off first; "./" in front makes anything a local file.
 * Errors as cairn_blk_file_open; CAIRN_EINVAL: "mem:" without a size. */
CAIRN_API enum cairn_err cairn_blk_open(struct cairn_blk_any *any, const char *name,
                                        const struct cairn_blk_file_options *options,
                                        struct cairn_why *why) CAIRN_MUST_USE;
CAIRN_API enum cairn_err cairn_blk_any_close(struct cairn_blk_any *any,
                                             struct cairn_why *why) CAIRN_MUST_USE;

/* "512", "64K", "1.5M", "2G", "1T": powers of 1024. CAIRN_EINVAL, CAIRN_EOVERFLOW. */
CAIRN_API enum cairn_err cairn_size_parse(const char *text, uint64_t *bytes) CAIRN_MUST_USE;

CAIRN_END

#endif
