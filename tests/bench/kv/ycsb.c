/* SPDX-License-Identifier: ISC */
/* The six core workloads of YCSB: popular keys by zipf, scattered over all keys. */
#include "workload.h"

#define SCAN_MAX 100u

/* Shares of a hundred; the rest inserts. */
struct mix {
    char name;
    uint8_t read, update, scan, change;
    bool latest; /* new keys are the popular ones */
};

static const struct mix mixes[] = {
    { .name = 'A', .read = 50, .update = 50 },
    { .name = 'B', .read = 95, .update = 5 },
    { .name = 'C', .read = 100 },
    { .name = 'D', .read = 95, .latest = true },
    { .name = 'E', .scan = 95 },
    { .name = 'F', .read = 50, .change = 50 },
};

static const struct mix *mix_of(char name)
{
    const struct mix *mix = mixes;
    while (mix->name != name)
        mix++;
    return mix;
}

static uint64_t pick(struct worker *worker, const struct mix *mix)
{
    uint64_t rank = zipf_next(&worker->job->zipf, &worker->random);
    if (mix->latest) return *worker->inserted - 1 - rank;
    return random_next(&rank) % worker->job->settings->keys;
}

static void put(struct worker *worker, uint64_t n)
{
    worker_value(worker, n);
    worker->job->engine->put(worker->session, worker->key, worker->value,
                             worker->job->settings->value_bytes);
    worker->commits++;
}

static void scan(struct worker *worker, uint64_t n)
{
    uint64_t count = 1 + random_below(&worker->random, SCAN_MAX);
    worker_key(worker, n);
    worker->job->engine->scan(worker->session, worker->key, count, &worker->touched);
}

static void change(struct worker *worker, uint64_t n)
{
    worker_must_get(worker, n);
    put(worker, n);
}

static void operation(struct worker *worker, const struct mix *mix)
{
    uint64_t die = random_below(&worker->random, 100);
    unsigned update = mix->read + mix->update, scans = update + mix->scan;
    if (die < mix->read)
        worker_must_get(worker, pick(worker, mix));
    else if (die < update)
        put(worker, pick(worker, mix));
    else if (die < scans)
        scan(worker, pick(worker, mix));
    else if (die < scans + mix->change)
        change(worker, pick(worker, mix));
    else
        put(worker, (*worker->inserted)++);
}

void body_ycsb(struct worker *worker)
{
    const struct mix *mix = mix_of(worker->job->workload->ycsb);
    for (uint64_t i = 0; i < worker->ops; i++) {
        uint64_t from = bench_now_ns();
        operation(worker, mix);
        latency_add(&worker->latency, bench_now_ns() - from);
        worker->done++;
    }
}
