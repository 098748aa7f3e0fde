/* SPDX-License-Identifier: ISC */
/*
 * Counting without slowing down: counters come in shards, and a batch takes one shard for itself
 * with one atomic exchange. Locked additions, one a counter, would cost several times as much.
 */
#include <cairn/blk_stats.h>

#include "../impl.h"

_Static_assert(offsetof(struct cairn_blk_stats, base) == 0, "a device embeds its base first");

static struct cairn_blk_stats *stats_of(struct cairn_blk *dev)
{
    return (struct cairn_blk_stats *)dev;
}

/* ---- shards ---------------------------------------------------------------------------------- */

static bool flag_try(uint32_t *busy)
{
    return !__atomic_exchange_n(busy, 1, __ATOMIC_ACQUIRE);
}

/* It is held for nanoseconds, never over I/O. */
static void flag_take(uint32_t *busy)
{
    while (!flag_try(busy))
        continue;
}

static void flag_drop(uint32_t *busy)
{
    __atomic_store_n(busy, 0, __ATOMIC_RELEASE);
}

/* A thread comes back to the same shard, as its stack stays where it is: what it does in order is
 * seen to be. When that shard is taken, any other is as good. */
static struct cairn_blk_stats_shard *shard_take(struct cairn_blk_stats *stats)
{
    char here;
    uint32_t at = (uint32_t)((uintptr_t)&here >> 16) * UINT32_C(2654435769) >> 16;
    for (;; at++) {
        struct cairn_blk_stats_shard *shard = &stats->shards[at % CAIRN_BLK_STATS_SHARDS];
        if (flag_try(&shard->busy)) return shard;
    }
}

/* ---- counting -------------------------------------------------------------------------------- */

static uint32_t step_of(uint64_t value, uint32_t steps)
{
    uint32_t step = value ? cairn_log2(value) : 0;
    return step < steps ? step : steps - 1;
}

static void latency_add(struct cairn_blk_count *count, uint64_t ns)
{
    count->latency_ns += ns;
    count->latency[step_of(ns, CAIRN_BLK_STATS_LATENCIES)]++;
}

static void request_add(struct cairn_blk_stats_shard *shard, const struct cairn_blk_req *req,
                        uint32_t block_bytes)
{
    struct cairn_blk_count *count = &shard->counts.of[req->op];
    uint64_t *next = &shard->next[req->op];
    count->requests++;
    if (req->status) {
        count->errors++;
        return;
    }
    uint64_t bytes = req->count * block_bytes;
    count->bytes += bytes;
    if (req->block == *next) count->bytes_in_order += bytes;
    *next = req->block + req->count;
}

static void batch_add(struct cairn_blk_stats *stats, const struct cairn_blk_req *reqs, size_t count,
                      const uint64_t *took_ns)
{
    if (!count) return;
    struct cairn_blk_stats_shard *shard = shard_take(stats);
    shard->counts.batches[step_of(count, CAIRN_BLK_STATS_BATCHES)]++;
    for (size_t i = 0; i < count; i++) {
        request_add(shard, &reqs[i], stats->base.info.block_bytes);
        if (took_ns) latency_add(&shard->counts.of[reqs[i].op], *took_ns);
    }
    flag_drop(&shard->busy);
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
    count->requests++;
    count->errors += err != CAIRN_OK;
    if (stats->clock) latency_add(count, end - start);
    flag_drop(&shard->busy);
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

static void counts_add(struct cairn_blk_counts *sum, const struct cairn_blk_counts *part)
{
    uint64_t *to = (uint64_t *)sum;
    const uint64_t *from = (const uint64_t *)part;
    for (size_t i = 0; i < sizeof *sum / sizeof *to; i++)
        to[i] += from[i];
}

void cairn_blk_stats_read(struct cairn_blk_stats *dev, struct cairn_blk_counts *counts)
{
    memset(counts, 0, sizeof *counts);
    for (size_t i = 0; i < CAIRN_BLK_STATS_SHARDS; i++) {
        struct cairn_blk_stats_shard *shard = &dev->shards[i];
        flag_take(&shard->busy);
        counts_add(counts, &shard->counts);
        flag_drop(&shard->busy);
    }
}

void cairn_blk_stats_reset(struct cairn_blk_stats *dev)
{
    for (size_t i = 0; i < CAIRN_BLK_STATS_SHARDS; i++) {
        struct cairn_blk_stats_shard *shard = &dev->shards[i];
        flag_take(&shard->busy);
        memset(&shard->counts, 0, sizeof shard->counts);
        flag_drop(&shard->busy);
    }
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
