/* SPDX-License-Identifier: ISC */
/* Batches in two halves, with work between them, and threads. */
#include "rules.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* ---- two halves ------------------------------------------------------------------------------ */

#define UNIT 8u /* blocks of a request; the last block of a unit is never used */
#define HALF_REQS 3u

/* A batch that was begun. */
struct half {
    struct cairn_blk_req reqs[HALF_REQS];
    struct cairn_blk_seg segs[HALF_REQS];
    struct cairn_why why;
    uint8_t *memory;
    enum cairn_err err;
    bool begun;
};

static void half_begin(struct half *half, struct rig *rig, struct tape *tape, uint64_t unit)
{
    uint32_t block_bytes = rig->dev->info.block_bytes;
    half->memory = rig_alloc(rig, HALF_REQS * UNIT);
    memset(half->memory, 1 + (int)tape_u64(tape, 250), HALF_REQS * UNIT * block_bytes);
    for (uint64_t i = 0; i < HALF_REQS; i++) {
        uint64_t count = 1 + tape_u64(tape, UNIT - 2);
        bool write = !rig->dev->info.read_only && tape_bool(tape);
        half->segs[i] =
            (struct cairn_blk_seg){ half->memory + i * UNIT * block_bytes, count * block_bytes };
        half->reqs[i] = (struct cairn_blk_req){ write ? CAIRN_BLK_WRITE : CAIRN_BLK_READ,
                                                .block = (unit + 2 * i) * UNIT,
                                                .count = count,
                                                .segs = &half->segs[i],
                                                .seg_count = 1,
                                                .why = &half->why };
    }
    half->err = cairn_blk_begin(rig->dev, half->reqs, HALF_REQS);
    half->begun = !half->err;
}

/* Each of its requests did what it says, and the result is that of the first that failed. */
static bool half_finish(struct half *half, struct rig *rig, struct tape *tape, size_t *failures)
{
    enum cairn_err first = CAIRN_OK;
    bool held = true;
    if (half->begun) half->err = cairn_blk_finish(rig->dev, half->reqs, HALF_REQS);
    for (size_t i = 0; held && i < HALF_REQS; i++) {
        struct cairn_blk_req *req = &half->reqs[i];
        if (!first) first = req->status;
        *failures += req->status != CAIRN_OK;
        if (req->status) req->op = CAIRN_BLK_DISCARD; /* anything may be there now */
        held = rule_follow(rig, tape, req, half->segs[i].data);
    }
    rig_free(rig, half->memory);
    return held && (half->err == first || tape_fail(tape, "the result is not the first failure"));
}

/* Work between the halves: a write, and a read of what no half has. */
static bool between(struct rig *rig, struct tape *tape)
{
    uint64_t block = 6 * UNIT + UNIT - 1;
    if (!rig->dev->info.read_only && !rig_write(rig, tape, block, 1)) return false;
    uint8_t *memory = rig_alloc(rig, 1);
    struct cairn_blk_seg seg = { memory, rig->dev->info.block_bytes };
    struct cairn_blk_req req = { CAIRN_BLK_READ, .block = block, .count = 1, .segs = &seg };
    req.seg_count = 1;
    bool held = !cairn_blk_submit(rig->dev, &req, 1) && rule_follow(rig, tape, &req, memory);
    rig_free(rig, memory);
    return held || tape_fail(tape, "work between the halves failed");
}

/* Two batches, one begun within the other, and an error in one of them that begin or finish tells.
 * The device can fail a block of the first batch, where it has a sim that no layer hides. */
bool rule_begin(struct rig *rig, struct tape *tape)
{
    struct half halves[2] = { 0 };
    bool fails = rig->sim && !rig->hides && tape_bool(tape);
    if (!rig->dev->info.read_only && !rig_write(rig, tape, 0, 8 * UNIT)) return false;
    if (fails) sim_fail(rig->sim, tape_u64(tape, HALF_REQS - 1), 1);
    half_begin(&halves[0], rig, tape, 0);
    half_begin(&halves[1], rig, tape, 1);
    bool held = fails || between(rig, tape);
    size_t order = tape_pick(tape, 2), failures = 0;
    bool first = half_finish(&halves[order], rig, tape, &failures);
    held = half_finish(&halves[!order], rig, tape, &failures) && first && held;
    if (rig->sim) sim_calm(rig->sim);
    if (fails ? failures : !failures) return held;
    return tape_fail(tape, "%zu requests failed", failures);
}

/* ---- threads --------------------------------------------------------------------------------- */

#define THREADS 3u
#define ROUNDS 12
#define REQS 4u

/* Every THREADS-th block is its own; neighbours are others', often in one block further down. */
struct thread {
    struct rig *rig;
    pthread_barrier_t *start;
    uint64_t number, random;
    struct cairn_blk_req reqs[REQS];
    struct cairn_blk_seg segs[REQS];
    uint8_t *memory;
    const char *fault;
};

static uint64_t draw(struct thread *thread, uint64_t count)
{
    thread->random = thread->random * 6364136223846793005u + 1442695040888963407u;
    return (thread->random >> 33) % count;
}

static void thread_draw(struct thread *thread)
{
    const struct cairn_blk_info *info = &thread->rig->dev->info;
    uint64_t own = info->block_count / THREADS, at = draw(thread, own - REQS);
    for (size_t i = 0; i < REQS; i++) {
        struct cairn_blk_req *req = &thread->reqs[i];
        uint64_t op = info->read_only ? 0 : draw(thread, 4);
        *req = (struct cairn_blk_req){ op == 0   ? CAIRN_BLK_READ
                                       : op == 1 ? CAIRN_BLK_ZERO
                                                 : CAIRN_BLK_WRITE,
                                       .block = (at + i) * THREADS + thread->number, .count = 1 };
        thread->segs[i] =
            (struct cairn_blk_seg){ thread->memory + i * info->block_bytes, info->block_bytes };
        memset(thread->segs[i].data, (int)draw(thread, 256), info->block_bytes);
        if (req->op == CAIRN_BLK_ZERO) continue;
        req->segs = &thread->segs[i];
        req->seg_count = 1;
    }
}

static enum cairn_err thread_do(struct thread *thread)
{
    struct cairn_blk *dev = thread->rig->dev;
    struct cairn_blk_extent extents[2];
    size_t used;
    if (draw(thread, 8) == 0) return cairn_blk_flush(dev, NULL);
    if (draw(thread, 8) == 0)
        return cairn_blk_extents(dev, 0, dev->info.block_count, extents, 2, &used, NULL);
    thread_draw(thread);
    if (draw(thread, 2)) return cairn_blk_submit(dev, thread->reqs, REQS);
    enum cairn_err err = cairn_blk_begin(dev, thread->reqs, REQS);
    return err ? err : cairn_blk_finish(dev, thread->reqs, REQS);
}

static void *thread_run(void *arg)
{
    struct thread *thread = arg;
    struct rig *rig = thread->rig;
    pthread_barrier_wait(thread->start);
    for (int round = 0; !thread->fault && round < ROUNDS; round++) {
        memset(thread->reqs, 0, sizeof thread->reqs);
        if (thread_do(thread)) thread->fault = "a call failed";
        for (size_t i = 0; !thread->fault && i < REQS; i++) {
            const struct cairn_blk_req *req = &thread->reqs[i];
            const uint8_t *data = thread->segs[i].data;
            uint8_t *model = rig->model + req->block * rig->dev->info.block_bytes;
            size_t bytes = req->count * rig->dev->info.block_bytes;
            if (req->op == CAIRN_BLK_WRITE) memcpy(model, data, bytes);
            if (req->op == CAIRN_BLK_ZERO) memset(model, 0, bytes);
            if (req->op == CAIRN_BLK_READ && bytes && memcmp(model, data, bytes) != 0)
                thread->fault = "a read got other bytes";
        }
    }
    return NULL;
}

/* Several threads at blocks of their own, side by side; all of them end at what the model holds. */
bool rule_threads(struct rig *rig, struct tape *tape)
{
    pthread_t ids[THREADS];
    pthread_barrier_t start;
    struct thread threads[THREADS] = { 0 };
    const char *fault = NULL;
    pthread_barrier_init(&start, NULL, THREADS);
    for (size_t i = 0; i < THREADS; i++) {
        threads[i] = (struct thread){ .rig = rig, .start = &start, .number = i };
        threads[i].random = tape_u64(tape, UINT32_MAX) * THREADS + i;
        threads[i].memory = rig_alloc(rig, REQS);
        if (pthread_create(&ids[i], NULL, thread_run, &threads[i])) abort();
    }
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(ids[i], NULL);
        rig_free(rig, threads[i].memory);
        if (threads[i].fault) fault = threads[i].fault;
    }
    pthread_barrier_destroy(&start);
    return !fault || tape_fail(tape, "%s", fault);
}
