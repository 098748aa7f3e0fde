/* SPDX-License-Identifier: ISC */
/*
 * Counting without slowing down: the first threads that come have counters of their own, which they
 * add to without anything locked; those that come later share the last shard. A locked access would
 * also wait for all that the request before it stored.
 */
#include <cairn/blk_stats.h>

#include "../impl.h"

_Static_assert(offsetof(struct cairn_blk_stats, base) == 0, "a device embeds its base first");

static struct cairn_blk_stats *stats_of(struct cairn_blk *dev)
{
    return (struct cairn_blk_stats *)dev;
}

/* ---- shards ---------------------------------------------------------------------------------- */

#define REST (CAIRN_BLK_STATS_SHARDS - 1)

/* It is held for nanoseconds, never over I/O. */
static void flag_take(uint32_t *busy)
{
    while (__atomic_exchange_n(busy, 1, __ATOMIC_ACQUIRE))
        continue;
}

static void flag_drop(uint32_t *busy)
{
    __atomic_store_n(busy, 0, __ATOMIC_RELEASE);
}

/* The thread's own shard, which it may become now; else the one of all others, to be given back.
 * A thread that has the number of one that ended goes on where that one was. */
static struct cairn_blk_stats_shard *shard_take(struct cairn_blk_stats *stats)
{
    uintptr_t self = cairn_thread_number();
    for (uint32_t i = 0; i < REST; i++) {
        uintptr_t *owner = &stats->shards[i].owner;
        uintptr_t found = __atomic_load_n(owner, __ATOMIC_RELAXED);
        if (!found)
            __atomic_compare_exchange_n(owner, &found, self, false, __ATOMIC_RELAXED,
                                        __ATOMIC_RELAXED);
        if (!found || found == self) return &stats->shards[i];
    }
    flag_take(&stats->rest_busy);
    return &stats->shards[REST];
}

static void shard_give(struct cairn_blk_stats *stats, const struct cairn_blk_stats_shard *shard)
{
    if (shard == &stats->shards[REST]) flag_drop(&stats->rest_busy);
}

/* ---- counting -------------------------------------------------------------------------------- */

/* By the only one that writes it; others may read it meanwhile. */
static void add(uint64_t *counter, uint64_t more)
{
    uint64_t now = __atomic_load_n(counter, __ATOMIC_RELAXED) + more;
    __atomic_store_n(counter, now, __ATOMIC_RELAXED);
}

static uint32_t step_of(uint64_t value, uint32_t steps)
{
    uint32_t step = value ? cairn_log2(value) : 0;
    return step < steps ? step : steps - 1;
}

static void latency_add(struct cairn_blk_count *count, uint64_t ns)
{
    add(&count->latency_ns, ns);
    add(&count->latency[step_of(ns, CAIRN_BLK_STATS_LATENCIES)], 1);
}

static void request_add(struct cairn_blk_stats_shard *shard, const struct cairn_blk_req *req,
                        uint32_t block_bytes)
{
    struct cairn_blk_count *count = &shard->counts.of[req->op];
    uint64_t *next = &shard->next[req->op];
    add(&count->requests, 1);
    if (req->status) {
        add(&count->errors, 1);
        return;
    }
    uint64_t bytes = req->count * block_bytes;
    add(&count->bytes, bytes);
    if (req->block == *next) add(&count->bytes_in_order, bytes);
    *next = req->block + req->count;
}

static void batch_add(struct cairn_blk_stats *stats, const struct cairn_blk_req *reqs, size_t count,
                      const uint64_t *took_ns)
{
    if (!count) return;
    struct cairn_blk_stats_shard *shard = shard_take(stats);
    add(&shard->counts.batches[step_of(count, CAIRN_BLK_STATS_BATCHES)], 1);
    for (size_t i = 0; i < count; i++) {
        request_add(shard, &reqs[i], stats->base.info.block_bytes);
        if (took_ns) latency_add(&shard->counts.of[reqs[i].op], *took_ns);
    }
    shard_give(stats, shard);
}

static uint64_t now_ns(const struct cairn_blk_stats *stats)
{
    return stats->clock ? cairn_clock_mono_now(stats->clock) : 0;
}

/* ---- requests -------------------------------------------------------------------------------- */

static enum cairn_err stats_submit(struct cairn_blk *dev, struct cairn_blk_req *reqs, size_t count)
{
    struct cairn_blk_stats *stats = stats_of(dev);
    uint64_t took = now_ns(stats);
    enum cairn_err err = blk_layer_submit(dev, reqs, count);
    took = now_ns(stats) - took;
    batch_add(stats, reqs, count, stats->clock ? &took : NULL);
    return err;
}

static void pending_put(struct cairn_blk_stats *stats, const struct cairn_blk_req *reqs,
                        uint64_t start_ns)
{
    flag_take(&stats->pending_busy);
    size_t at = 0;
    while (at < CAIRN_BLK_STATS_PENDING && stats->pending[at].reqs)
        at++;
    if (at < CAIRN_BLK_STATS_PENDING) {
        stats->pending[at].reqs = reqs;
        stats->pending[at].start_ns = start_ns;
    }
    flag_drop(&stats->pending_busy);
}

/* False: it was begun when too many others were. */
static bool pending_get(struct cairn_blk_stats *stats, const struct cairn_blk_req *reqs,
                        uint64_t *start_ns)
{
    flag_take(&stats->pending_busy);
    size_t at = 0;
    while (at < CAIRN_BLK_STATS_PENDING && stats->pending[at].reqs != reqs)
        at++;
    bool found = at < CAIRN_BLK_STATS_PENDING;
    if (found) {
        *start_ns = stats->pending[at].start_ns;
        stats->pending[at].reqs = NULL;
    }
    flag_drop(&stats->pending_busy);
    return found;
}

static enum cairn_err stats_begin(struct cairn_blk *dev, struct cairn_blk_req *reqs, size_t count)
{
    struct cairn_blk_stats *stats = stats_of(dev);
    uint64_t start = now_ns(stats);
    enum cairn_err err = blk_layer_begin(dev, reqs, count);
    if (err)
        batch_add(stats, reqs, count, NULL);
    else if (stats->clock)
        pending_put(stats, reqs, start);
    return err;
}

static enum cairn_err stats_finish(struct cairn_blk *dev, struct cairn_blk_req *reqs, size_t count)
{
    struct cairn_blk_stats *stats = stats_of(dev);
    uint64_t took = 0;
    enum cairn_err err = blk_layer_finish(dev, reqs, count);
    bool timed = stats->clock && pending_get(stats, reqs, &took);
    if (timed) took = now_ns(stats) - took;
    batch_add(stats, reqs, count, timed ? &took : NULL);
    return err;
}

static enum cairn_err stats_flush(struct cairn_blk *dev, struct cairn_why *why)
{
    struct cairn_blk_stats *stats = stats_of(dev);
    uint64_t start = now_ns(stats);
    enum cairn_err err = blk_layer_flush(dev, why);
    uint64_t end = now_ns(stats);
    struct cairn_blk_stats_shard *shard = shard_take(stats);
    struct cairn_blk_count *count = &shard->counts.of[CAIRN_BLK_STATS_FLUSH];
    add(&count->requests, 1);
    if (err) add(&count->errors, 1);
    if (stats->clock) latency_add(count, end - start);
    shard_give(stats, shard);
    return err;
}

static enum cairn_err stats_resize(struct cairn_blk *dev, uint64_t block_count,
                                   struct cairn_why *why)
{
    return cairn_blk_resize(dev->below, block_count, why);
}

static const struct cairn_blk_ops stats_ops = {
    .submit = stats_submit,
    .begin = stats_begin,
    .finish = stats_finish,
    .flush = stats_flush,
    .extents = blk_layer_extents,
    .resize = stats_resize,
    .borrow = blk_layer_borrow,
    .close = blk_close_nothing,
};

enum cairn_err cairn_blk_stats_open(struct cairn_blk_stats *dev, struct cairn_blk *below,
                                    struct cairn_clock_mono *clock, struct cairn_why *why)
{
    (void)why;
    memset(dev, 0, sizeof *dev);
    cairn_blk_init(&dev->base, &stats_ops, &below->info, "stats", below);
    dev->clock = clock;
    return CAIRN_OK;
}

/* ---- reading --------------------------------------------------------------------------------- */

/* Nothing but numbers to add up. */
_Static_assert(sizeof(struct cairn_blk_counts) % sizeof(uint64_t) == 0, "counters of 64 bits");

#define NUMBERS (sizeof(struct cairn_blk_counts) / sizeof(uint64_t))

/* All shards, since opening. */
static void counts_sum(const struct cairn_blk_stats *stats, struct cairn_blk_counts *sum)
{
    uint64_t *to = (uint64_t *)sum;
    memset(sum, 0, sizeof *sum);
    for (size_t i = 0; i < CAIRN_BLK_STATS_SHARDS; i++) {
        const uint64_t *from = (const uint64_t *)&stats->shards[i].counts;
        for (size_t n = 0; n < NUMBERS; n++)
            to[n] += __atomic_load_n(&from[n], __ATOMIC_RELAXED);
    }
}

void cairn_blk_stats_read(struct cairn_blk_stats *dev, struct cairn_blk_counts *counts)
{
    uint64_t *to = (uint64_t *)counts;
    const uint64_t *zero = (const uint64_t *)&dev->zero;
    flag_take(&dev->zero_busy);
    counts_sum(dev, counts);
    for (size_t n = 0; n < NUMBERS; n++)
        to[n] -= zero[n];
    flag_drop(&dev->zero_busy);
}

/* Counters are their threads' to write, so the zero is moved. */
void cairn_blk_stats_reset(struct cairn_blk_stats *dev)
{
    flag_take(&dev->zero_busy);
    counts_sum(dev, &dev->zero);
    flag_drop(&dev->zero_busy);
}

uint64_t cairn_blk_count_latency(const struct cairn_blk_count *count, uint32_t percent)
{
    uint64_t all = 0, done = 0;
    for (uint32_t step = 0; step < CAIRN_BLK_STATS_LATENCIES; step++)
        all += count->latency[step];
    if (!all) return 0;
    uint64_t wanted = all / 100 * percent + all % 100 * percent / 100;
    uint32_t step = 0;
    for (; step < CAIRN_BLK_STATS_LATENCIES - 1; step++) {
        done += count->latency[step];
        if (done && done >= wanted) break;
    }
    return UINT64_C(2) << step;
}
