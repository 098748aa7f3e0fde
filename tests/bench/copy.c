/* SPDX-License-Identifier: ISC */
/*
 * copy SOURCE TARGET [THREADS] - copy one device onto another through BLOCK, as a converter of
 * images would: batches of both are in flight while the thread fills or empties others.
 */
#include <cairn/blk_open.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#define REQS 4 /* a thread's batches stay in its core's cache */
#define REQ_BYTES (256u << 10)
#define BATCH_BYTES (REQS * (uint64_t)REQ_BYTES)
#define DEPTH 3 /* batches of a thread: one being read, one being written, one to go on with */
#define THREADS_MAX 16

static struct cairn_blk *source, *target;
static uint64_t total_bytes;
static atomic_ullong next_batch;

struct batch {
    char *memory;
    uint64_t at; /* in bytes; total_bytes: nothing */
    struct cairn_blk_seg segs[REQS];
    struct cairn_blk_req reqs[REQS];
    size_t count;
};

static void must(enum cairn_err err, const struct cairn_why *why)
{
    char text[1024];
    if (!err) return;
    cairn_why_text(why, text, sizeof text);
    fprintf(stderr, "copy: %s\n", text);
    exit(1);
}

/* The batch's bytes as requests of dev. */
static void fill(struct batch *batch, const struct cairn_blk *dev, enum cairn_blk_op op)
{
    uint64_t left = total_bytes - batch->at;
    uint32_t block_bytes = dev->info.block_bytes;
    if (left > BATCH_BYTES) left = BATCH_BYTES;
    batch->count = 0;
    for (uint64_t at = 0; at < left; at += REQ_BYTES) {
        size_t bytes = (size_t)(left - at < REQ_BYTES ? left - at : REQ_BYTES);
        struct cairn_blk_seg *seg = &batch->segs[batch->count];
        *seg = (struct cairn_blk_seg){ batch->memory + at, bytes };
        batch->reqs[batch->count++] =
            (struct cairn_blk_req){ .op = op,
                                    .block = (batch->at + at) / block_bytes,
                                    .count = bytes / block_bytes,
                                    .segs = seg,
                                    .seg_count = 1 };
    }
}

static void begin(struct batch *batch, struct cairn_blk *dev, enum cairn_blk_op op)
{
    struct cairn_why why = { 0 };
    if (batch->at >= total_bytes) return;
    fill(batch, dev, op);
    for (size_t i = 0; i < batch->count; i++)
        batch->reqs[i].why = &why;
    must(cairn_blk_begin(dev, batch->reqs, batch->count), &why);
    for (size_t i = 0; i < batch->count; i++)
        batch->reqs[i].why = NULL;
}

static void finish(struct batch *batch, struct cairn_blk *dev)
{
    struct cairn_why why = { .what = "copy" };
    if (batch->at < total_bytes) must(cairn_blk_finish(dev, batch->reqs, batch->count), &why);
}

static void take(struct batch *batch)
{
    uint64_t at = atomic_fetch_add(&next_batch, 1) * BATCH_BYTES;
    batch->at = at < total_bytes ? at : total_bytes;
}

/* Batch k + 1 is read while k is written and k - 1 is waited for. */
static void *work(void *arg)
{
    struct batch batches[DEPTH] = { 0 };
    (void)arg;
    for (int i = 0; i < DEPTH; i++) {
        batches[i].memory = aligned_alloc(4096, BATCH_BYTES);
        batches[i].at = total_bytes;
    }
    struct batch *written = &batches[0], *ready = &batches[1], *read = &batches[2];
    take(ready);
    begin(ready, source, CAIRN_BLK_READ);
    finish(ready, source);
    while (ready->at < total_bytes || written->at < total_bytes) {
        take(read);
        begin(read, source, CAIRN_BLK_READ);
        begin(ready, target, CAIRN_BLK_WRITE);
        finish(written, target);
        finish(read, source);
        struct batch *free_one = written;
        written = ready;
        ready = read;
        read = free_one;
    }
    for (int i = 0; i < DEPTH; i++)
        free(batches[i].memory);
    return NULL;
}

int main(int argc, char **argv)
{
    struct cairn_blk_any from, to;
    struct cairn_blk_file_options writing = { .write = true };
    struct cairn_why why = { 0 };
    pthread_t threads[THREADS_MAX];
    int count = argc > 3 ? atoi(argv[3]) : 1;
    if (argc < 3 || count < 1 || count > THREADS_MAX) return 2;
    must(cairn_blk_open(&from, argv[1], NULL, &why), &why);
    must(cairn_blk_open(&to, argv[2], &writing, &why), &why);
    source = from.dev;
    target = to.dev;
    total_bytes = cairn_blk_bytes(source);
    if (total_bytes > cairn_blk_bytes(target)) return 2;
    for (int i = 0; i < count; i++)
        pthread_create(&threads[i], NULL, work, NULL);
    for (int i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
    must(cairn_blk_any_close(&from, &why), &why);
    must(cairn_blk_any_close(&to, &why), &why);
    return 0;
}
