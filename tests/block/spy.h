/* SPDX-License-Identifier: ISC */
/* Memory as a device that keeps a log of what reaches it, and fails what it is told to. */
#ifndef CAIRN_TESTS_BLOCK_SPY_H
#define CAIRN_TESTS_BLOCK_SPY_H

#include <cairn/blk.h>

#define SPY_FLUSH 4 /* as an operation, beside enum cairn_blk_op */
#define SPY_LOG_MAX 4096
#define SPY_ALWAYS UINT64_MAX

struct spy_event {
    int op;
    uint64_t block, count;
    uint32_t flags, batch;
};

struct spy {
    struct cairn_blk base;
    uint8_t *bytes;
    struct spy_event log[SPY_LOG_MAX]; /* the first ones */
    size_t log_count;
    uint32_t batches;
    /* What fails: operations (bits 1 << op), past so many of them, that many times, and only where
     * they touch this block (SPY_ALWAYS: any). */
    uint32_t fail_ops;
    uint64_t fail_after, fail_times, fail_block;
    struct cairn_blk_req *begun;
};

/* The most batches that were begun and not finished at once, over all spies. */
extern unsigned spy_begun_most;

/* A device of zeros over bytes, which are the caller's; it has begin and finish. */
void spy_open(struct spy *spy, uint8_t *bytes, uint32_t block_bytes, uint64_t block_count);
/* Fail the nth (from 0) of these operations and so many in all. */
void spy_fail(struct spy *spy, uint32_t ops, uint64_t nth, uint64_t times);
/* Forget the log. */
void spy_clear(struct spy *spy);
/* Events of this operation in the log. */
size_t spy_count(const struct spy *spy, int op);

#endif
