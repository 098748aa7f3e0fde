/* SPDX-License-Identifier: ISC */
/*
 * stats: a layer that counts what passes. Requests go on unchanged; a request costs a few
 * nanoseconds, a little more in threads beyond the third, and two readings of the clock a batch
 * when latencies are wanted.
 */
#ifndef CAIRN_BLK_STATS_H
#define CAIRN_BLK_STATS_H

#include <cairn/blk.h>
#include <cairn/clock.h>
#include <cairn/sync.h>

CAIRN_BEGIN

/* Kinds: enum cairn_blk_op, and flushes after them. */
#define CAIRN_BLK_STATS_FLUSH (CAIRN_BLK_ZERO + 1)
#define CAIRN_BLK_STATS_KINDS (CAIRN_BLK_STATS_FLUSH + 1)

/* Histograms go by powers of two: [n] counts what was from 2^n to below 2^(n+1), the first also
 * what was 0, the last all that was more. */
#define CAIRN_BLK_STATS_LATENCIES 40u
#define CAIRN_BLK_STATS_BATCHES 17u

/* Of one kind. A request counts when it is complete; bytes are those of requests that succeeded. */
struct cairn_blk_count {
    uint64_t requests, errors, bytes;
    uint64_t bytes_in_order; /* of requests that began where the thread's last of this kind ended */
    uint64_t latency_ns;     /* in all; a request takes as long as its batch */
    uint64_t latency[CAIRN_BLK_STATS_LATENCIES]; /* requests by ns; zeros without a clock */
};

struct cairn_blk_counts {
    struct cairn_blk_count of[CAIRN_BLK_STATS_KINDS];
    uint64_t batches[CAIRN_BLK_STATS_BATCHES]; /* batches by their requests */
};

#define CAIRN_BLK_STATS_SHARDS 4u /* one a thread, the last for all others */
#define CAIRN_BLK_STATS_PENDING 16u

/* Counters of one thread, which alone writes them, or of all that have none of their own. They are
 * read and written by atomic accesses, none of them locked. */
struct cairn_blk_stats_shard {
    uintptr_t owner; /* atomic; the number of the thread, 0: of none as yet */
    struct cairn_blk_counts counts;
    uint64_t next[CAIRN_BLK_STATS_KINDS]; /* the block behind the last request */
};

struct cairn_blk_stats {
    struct cairn_blk base;
    struct cairn_clock_mono *clock;
    struct cairn_blk_stats_shard shards[CAIRN_BLK_STATS_SHARDS];
    uint32_t rest_busy;           /* atomic; held by who writes to the last shard */
    uint32_t zero_busy;           /* atomic; guards zero */
    struct cairn_blk_counts zero; /* what had been counted at the last reset */
    uint32_t pending_busy;        /* atomic; guards pending */
    struct {
        const struct cairn_blk_req *reqs; /* begun and not finished; NULL: free */
        uint64_t start_ns;
    } pending[CAIRN_BLK_STATS_PENDING];
};

/* clock: NULL when latencies are not wanted. Of batches that cairn_blk_begin started, the latency
 * ends at finish, and is known of 16 at a time. Cannot fail. */
CAIRN_API enum cairn_err cairn_blk_stats_open(struct cairn_blk_stats *dev, struct cairn_blk *below,
                                              struct cairn_clock_mono *clock,
                                              struct cairn_why *why) CAIRN_MUST_USE;

/* What was counted since opening or the last reset; from any thread at any time. Nothing is lost,
 * but of a batch that another thread counts at this moment some numbers may be there, others not.
 */
CAIRN_API void cairn_blk_stats_read(struct cairn_blk_stats *dev, struct cairn_blk_counts *counts);
CAIRN_API void cairn_blk_stats_reset(struct cairn_blk_stats *dev);

/* The upper end, in ns, of the histogram's step in which `percent` of the requests are done; 0 when
 * none were timed. */
CAIRN_API uint64_t cairn_blk_count_latency(const struct cairn_blk_count *count, uint32_t percent);

CAIRN_END

#endif
