/* SPDX-License-Identifier: ISC */
#include "workload.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FILLER_BYTES (UINT64_C(4) << 20)
#define PART_BYTES 4096u
#define WARM_STEP 1000u

uint64_t bench_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void worker_key(struct worker *worker, uint64_t n)
{
    for (unsigned i = KEY_BYTES; i-- > 0; n /= 10)
        worker->key[i] = (char)('0' + n % 10);
}

/* A value begins with its key, so that a read can tell whether it got the right one. */
void worker_value(struct worker *worker, uint64_t n)
{
    size_t bytes = worker->job->settings->value_bytes;
    worker_key(worker, n);
    memcpy(worker->value, worker->job->filler + random_below(&worker->random, FILLER_BYTES - bytes),
           bytes);
    memcpy(worker->value, worker->key, KEY_BYTES);
}

void worker_must_get(struct worker *worker, uint64_t n)
{
    worker_key(worker, n);
    bool found = worker->job->engine->get(worker->session, worker->key, 0, worker->value,
                                          worker->job->settings->value_bytes);
    must(found && memcmp(worker->key, worker->value, KEY_BYTES) == 0, "wrong value", worker->key);
}

/* The key of operation i. */
static uint64_t key_number(struct worker *worker, uint64_t i)
{
    const struct job *job = worker->job;
    if (job->workload->order == ASCENDING) return i;
    if (job->workload->order == SHUFFLED) return job->order[i];
    return random_below(&worker->random, job->settings->keys);
}

/* An operation (or a batch of them) that began at `from` is over. False: the time is up. */
static bool step_end(struct worker *worker, uint64_t from, uint64_t ops)
{
    uint64_t now = bench_now_ns(), until = worker->job->until_ns;
    latency_add(&worker->latency, now - from);
    worker->done += ops;
    return !until || now < until;
}

/* All operations in commits of a batch each; put or remove. */
static void write_batches(struct worker *worker, bool remove)
{
    const struct engine *engine = worker->job->engine;
    const struct workload *workload = worker->job->workload;
    uint64_t batch = workload->batch, end = worker->first + worker->ops;
    if (workload->sorted) batch = engine->bulk_batch ? engine->bulk_batch : worker->ops;
    for (uint64_t i = worker->first, next; i < end; i = next) {
        uint64_t from = bench_now_ns();
        next = i + batch < end ? i + batch : end;
        if (batch > 1) engine->begin(worker->session, workload->sorted);
        for (uint64_t at = i; at < next; at++) {
            uint64_t n = key_number(worker, at);
            worker_value(worker, n);
            if (remove)
                engine->remove(worker->session, worker->key);
            else
                engine->put(worker->session, worker->key, worker->value,
                            worker->job->settings->value_bytes);
        }
        if (batch > 1) engine->commit(worker->session);
        worker->commits++;
        if (!step_end(worker, from, next - i)) break;
    }
}

void body_write(struct worker *worker)
{
    write_batches(worker, false);
}

void body_remove(struct worker *worker)
{
    write_batches(worker, true);
}

void body_read(struct worker *worker)
{
    for (uint64_t i = 0; i < worker->ops; i++) {
        uint64_t from = bench_now_ns();
        worker_must_get(worker, key_number(worker, worker->first + i));
        step_end(worker, from, 1);
    }
}

/* Ascending: once through all, a step after the other; else steps from anywhere. */
void body_scan(struct worker *worker)
{
    const struct workload *workload = worker->job->workload;
    uint64_t keys = worker->job->settings->keys, count = workload->count;
    bool through = workload->order == ASCENDING;
    for (uint64_t i = 0; i < worker->ops; i += through ? count : 1) {
        uint64_t from = bench_now_ns(), n = key_number(worker, i);
        uint64_t there = keys - n < count ? keys - n : count;
        worker_key(worker, n);
        must(worker->job->engine->scan(worker->session, worker->key, count, &worker->touched) ==
                 there,
             "wrong number of entries", worker->key);
        step_end(worker, from, through ? there : 1);
    }
}

static uint64_t part_offset(struct worker *worker)
{
    uint64_t parts = worker->job->settings->value_bytes / PART_BYTES;
    return random_below(&worker->random, parts) * PART_BYTES;
}

void body_read_part(struct worker *worker)
{
    for (uint64_t i = 0; i < worker->ops; i++) {
        uint64_t from = bench_now_ns();
        worker_key(worker, key_number(worker, i));
        must(worker->job->engine->get(worker->session, worker->key, part_offset(worker),
                                      worker->value, PART_BYTES),
             "missing", worker->key);
        step_end(worker, from, 1);
    }
}

/* Through the whole value, for an engine that knows no other way. */
static void rewrite(struct worker *worker, uint64_t n, uint64_t offset, const uint8_t *part)
{
    worker_must_get(worker, n);
    memcpy(worker->value + offset, part, PART_BYTES);
    worker->job->engine->put(worker->session, worker->key, worker->value,
                             worker->job->settings->value_bytes);
}

void body_write_part(struct worker *worker)
{
    const struct engine *engine = worker->job->engine;
    for (uint64_t i = 0; i < worker->ops; i++) {
        /* Not the first part: there the key stands. */
        uint64_t from = bench_now_ns(), n = key_number(worker, i);
        uint64_t offset = part_offset(worker) | PART_BYTES;
        const uint8_t *part = worker->job->filler + i % 1000;
        worker_key(worker, n);
        if (engine->write_at)
            engine->write_at(worker->session, worker->key, offset, part, PART_BYTES);
        else
            rewrite(worker, n, offset, part);
        worker->commits++;
        if (!step_end(worker, from, 1)) break;
    }
}

/* Opening was what took the time; this looks whether the store answers. */
void body_open(struct worker *worker)
{
    worker_must_get(worker, 0);
    worker->done = 1;
}

static void *worker_run(void *of)
{
    struct worker *worker = of;
    worker->job->workload->body(worker);
    return NULL;
}

static void worker_init(struct worker *worker, struct job *job, unsigned number, unsigned threads)
{
    worker->job = job;
    worker->inserted = &job->inserted;
    worker->session = job->engine->attach(job->store);
    worker->first = job->ops / threads * number;
    worker->ops = job->ops / threads;
    worker->random = 1 + number;
    worker->value = must_alloc(job->settings->value_bytes);
}

static void workers_run(struct worker *workers, unsigned threads)
{
    pthread_t ids[64];
    for (unsigned i = 1; i < threads; i++)
        must(pthread_create(&ids[i], NULL, worker_run, &workers[i]) == 0, "thread", NULL);
    worker_run(&workers[0]);
    for (unsigned i = 1; i < threads; i++)
        pthread_join(ids[i], NULL);
}

static void worker_collect(struct worker *worker, struct latency *latency, struct result *result)
{
    latency_merge(latency, &worker->latency);
    result->ops += worker->done;
    result->commits += worker->commits;
    worker->job->engine->detach(worker->session);
    free(worker->value);
}

/* Fisher and Yates. */
static uint32_t *order_shuffled(uint64_t count)
{
    uint32_t *order = must_alloc(count * sizeof *order);
    uint64_t random = 7;
    for (uint64_t i = 0; i < count; i++) {
        uint64_t j = random_below(&random, i + 1);
        order[i] = order[j];
        order[j] = (uint32_t)i;
    }
    return order;
}

static uint8_t *filler_make(void)
{
    uint8_t *filler = must_alloc(FILLER_BYTES);
    uint64_t random = 42;
    for (uint64_t i = 0; i < FILLER_BYTES; i += sizeof random) {
        uint64_t next = random_next(&random);
        memcpy(filler + i, &next, sizeof next);
    }
    return filler;
}

static void warm(struct worker *worker)
{
    uint64_t keys = worker->job->settings->keys;
    for (uint64_t n = 0; n < keys; n += WARM_STEP) {
        worker_key(worker, n);
        worker->job->engine->scan(worker->session, worker->key, WARM_STEP, &worker->touched);
    }
}

static void job_prepare(struct job *job)
{
    job->filler = filler_make();
    if (job->workload->order == SHUFFLED) job->order = order_shuffled(job->settings->keys);
    if (job->workload->ycsb) zipf_init(&job->zipf, job->settings->keys);
    job->inserted = job->settings->keys;
}

void workload_run(struct job *job, uint64_t seconds_max, struct result *result)
{
    unsigned threads = job->settings->threads;
    struct worker *workers = must_alloc(threads * sizeof *workers);
    struct latency *latency = must_alloc(sizeof *latency);
    job_prepare(job);
    for (unsigned i = 0; i < threads; i++)
        worker_init(&workers[i], job, i, threads);
    if (job->workload->warm) warm(&workers[0]);
    uint64_t from = bench_now_ns();
    if (seconds_max) job->until_ns = from + seconds_max * 1000000000u;
    workers_run(workers, threads);
    result->seconds = (double)(bench_now_ns() - from) / 1e9;
    for (unsigned i = 0; i < threads; i++)
        worker_collect(&workers[i], latency, result);
    result->p50_us = latency_us(latency, .5);
    result->p99_us = latency_us(latency, .99);
    result->p999_us = latency_us(latency, .999);
    free(latency);
    free(workers);
    free((void *)(uintptr_t)job->order);
    free((void *)(uintptr_t)job->filler);
}
