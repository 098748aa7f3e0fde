/* SPDX-License-Identifier: ISC */
/* Devices by name. Hosted only. */
#ifndef CAIRN_BLK_OPEN_H
#define CAIRN_BLK_OPEN_H

#include <cairn/blk_file.h>
#include <cairn/blk_mem.h>
#include <cairn/blk_nbd.h>
#include <cairn/blk_rbd.h>
#include <cairn/blk_vhost.h>

CAIRN_BEGIN

/* Any device that a string names: opened by cairn_blk_open, closed by cairn_blk_any_close. Not to
 * be moved while open. */
struct cairn_blk_any {
    struct cairn_blk *dev; /* the device to use */
    union {
        struct cairn_blk_file file;
        struct cairn_blk_mem mem;
        struct cairn_blk_nbd nbd;
        struct cairn_blk_rbd rbd;
        struct cairn_blk_vhost vhost;
    } is;
    bool is_file; /* it is is.file */
    void *mapped; /* memory of mem:, mapped on demand */
    size_t mapped_bytes;
};

/* A file's name, or one of a closed list of schemes:
 *   disk.img  /dev/sdb  file:disk.img     a file or a host block device
 *   direct:disk.img                       the same with O_DIRECT, by io_uring where it can be had
 *   uring:disk.img                        the same by io_uring, through the page cache
 *   mem:64M                               zeros, in this process only
 *   nbd://host/export  nbds://host/export  nbd+unix:///export?socket=/run/x  nbds+unix:...
 *   "rbd:pool/image[@snap]"
 *   vhost-user:/run/disk.sock
 * "./" in front makes anything a local file. What a scheme says overrides the options; those that
 * a device has no use for are left out.
 * Errors as the device's own open; CAIRN_EINVAL: "mem:" without a size; CAIRN_ENOTSUP: this build
 * has no library for the scheme. */
CAIRN_API enum cairn_err cairn_blk_open(struct cairn_blk_any *any, const char *name,
                                        const struct cairn_blk_file_options *options,
                                        struct cairn_why *why) CAIRN_MUST_USE;
CAIRN_API enum cairn_err cairn_blk_any_close(struct cairn_blk_any *any,
                                             struct cairn_why *why) CAIRN_MUST_USE;

/* The bytes of the scheme that name begins with, its colon included; 0: it is a file's name. */
CAIRN_API size_t cairn_blk_scheme_bytes(const char *name);

/* The path of the host's file or block device that name stands for, part of name: what is behind
 * "file:", "direct:" or "uring:", or all of it; NULL: it is no file. */
CAIRN_API const char *cairn_blk_file_path(const char *name);

/* "512", "64K", "1.5M", "2G", "1T": powers of 1024. CAIRN_EINVAL, CAIRN_EOVERFLOW. */
CAIRN_API enum cairn_err cairn_size_parse(const char *text, uint64_t *bytes) CAIRN_MUST_USE;

CAIRN_END

#endif
