/* SPDX-License-Identifier: ISC */
/*
 * A device for tests that can little and trusts nothing: it aborts when the front, or a layer,
 * passes on a request that it should have refused, emulated or aligned, and it does nothing between
 * begin and finish.
 */
#ifndef CAIRN_TESTS_STRICT_H
#define CAIRN_TESTS_STRICT_H

#include <cairn/blk.h>

#define STRICT_MEM_ALIGN 64
#define STRICT_BATCHES 8

struct strict {
    struct cairn_blk base;
    uint8_t *bytes;
    uint64_t bad_block, bad_count;                     /* requests that touch these fail */
    bool bad_flush;                                    /* and every flush */
    const struct cairn_blk_req *begun[STRICT_BATCHES]; /* what finish must be called with */
};

void strict_open(struct strict *dev, uint8_t *bytes, uint32_t block_bytes, uint64_t block_count);

#endif
