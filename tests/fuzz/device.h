/* SPDX-License-Identifier: ISC */
/* A device in memory that counts what it is asked for, and check on it. */
#ifndef CAIRN_TESTS_FUZZ_DEVICE_H
#define CAIRN_TESTS_FUZZ_DEVICE_H

#include <cairn/blk_mem.h>

#define FUZZ_UNIT 512u

struct fuzz_device {
    struct cairn_blk_mem mem;
    struct cairn_blk_ops ops;
    enum cairn_err (*submit)(struct cairn_blk *dev, struct cairn_blk_req *reqs, size_t count);
    uint64_t requests, bytes; /* so far */
};

/* image stays the caller's. Nothing can be borrowed, so that every look is a request. */
void fuzz_device_open(struct fuzz_device *dev, uint8_t *image, size_t bytes);
void fuzz_device_close(struct fuzz_device *dev);

/* Check ends, in bounded memory and requests. */
void fuzz_check(struct fuzz_device *dev);

#endif
