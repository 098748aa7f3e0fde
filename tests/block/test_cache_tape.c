/* SPDX-License-Identifier: ISC */
/*
 * The cache against plain bytes, with few pages: any requests; each request below failing in turn;
 * what a power cut leaves; threads in one page.
 */
#include "spy.h"
#include "tape/tape.h"
#include "units.h"
#include <cairn/blk_cache.h>
#include <cairn/blk_mem.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BLOCKS 128u /* of 512 bytes */
#define BATCH_MAX 6u

/* What a block may read as: the last contents written to it, and those that a change which failed
 * may have left. A discard leaves anything. */
struct block {
    uint8_t last, other;
    bool any;
};

struct world {
    struct tape *tape;
    struct spy spy;
    struct cairn_blk_cache cache;
    uint8_t below[BLOCKS * 512], data[BLOCKS * 512];
    struct block blocks[BLOCKS];
    uint8_t stamp;
    void *memory;
};

static void world_open(struct world *world, struct tape *tape)
{
    struct cairn_blk_cache_options options = { .write_through = tape_pick(tape, 4) == 3,
                                               .page_bytes = 512u << tape_pick(tape, 5),
                                               .bypass_bytes = 512u << tape_pick(tape, 7) };
    if (tape_bool(tape)) options.readahead_bytes = 2 * options.page_bytes;
    memset(world, 0, sizeof *world);
    world->tape = tape;
    spy_open(&world->spy, world->below, 512, BLOCKS);
    size_t pages = 4 + tape_pick(tape, 6);
    size_t bytes = cairn_blk_cache_mem(&world->spy.base, &options, pages * options.page_bytes);
    world->memory = malloc(bytes);
    ck_ok(cairn_blk_cache_open(&world->cache, &world->spy.base, &options, world->memory, bytes,
                               NULL));
    tape_note(tape, "%zu pages of %u bytes, through %d, past %u", pages, options.page_bytes,
              options.write_through, (unsigned)options.bypass_bytes);
}

static bool block_is(const struct block *block, const uint8_t *data)
{
    if (block->any) return true;
    for (size_t i = 1; i < 512; i++)
        if (data[i] != data[0]) return false;
    return data[0] == block->last || data[0] == block->other;
}

static bool blocks_are(struct world *world, uint64_t first, uint64_t count, const uint8_t *data,
                       const char *what)
{
    for (uint64_t i = 0; i < count; i++)
        if (!block_is(&world->blocks[first + i], data + i * 512))
            return tape_fail(world->tape, "block %u %s: %u, not %u", (unsigned)(first + i), what,
                             data[i * 512], world->blocks[first + i].last);
    return true;
}

/* What the request has left, now that it has succeeded or failed. */
static void model_change(struct world *world, const struct cairn_blk_req *req, uint8_t stamp)
{
    for (uint64_t i = req->block; i < req->block + req->count; i++) {
        struct block *block = &world->blocks[i];
        uint8_t now = req->op == CAIRN_BLK_WRITE ? stamp : 0;
        bool in_doubt = req->status && block->other != block->last;
        if (req->op == CAIRN_BLK_DISCARD || in_doubt)
            block->any = true;
        else if (req->status)
            block->other = now;
        else
            *block = (struct block){ now, now, false };
    }
}

static void draw_request(struct world *world, struct cairn_blk_req *req, struct cairn_blk_seg *segs,
                         uint64_t *from)
{
    static const enum cairn_blk_op ops[] = { CAIRN_BLK_READ, CAIRN_BLK_WRITE, CAIRN_BLK_WRITE,
                                             CAIRN_BLK_ZERO, CAIRN_BLK_DISCARD };
    uint64_t block = *from + tape_u64(world->tape, 12);
    *req = (struct cairn_blk_req){ .op = ops[tape_pick(world->tape, 5)], .block = block };
    if (block > BLOCKS) req->block = BLOCKS;
    req->count = tape_u64(world->tape, 20);
    if (req->count > BLOCKS - req->block) req->count = BLOCKS - req->block;
    *from = req->block + req->count;
    if (req->op == CAIRN_BLK_WRITE && tape_pick(world->tape, 4) == 3) req->flags = CAIRN_BLK_FUA;
    if (req->op == CAIRN_BLK_ZERO || req->op == CAIRN_BLK_DISCARD) return;
    uint64_t split = tape_u64(world->tape, req->count);
    segs[0] = (struct cairn_blk_seg){ world->data + req->block * 512, split * 512 };
    segs[1] = (struct cairn_blk_seg){ world->data + (req->block + split) * 512,
                                      (req->count - split) * 512 };
    req->segs = segs;
    req->seg_count = 2;
    tape_note(world->tape, "op %d blocks %u+%u", req->op, (unsigned)req->block,
              (unsigned)req->count);
}

static bool batch(struct world *world)
{
    struct cairn_blk_req reqs[BATCH_MAX];
    struct cairn_blk_seg segs[BATCH_MAX][2];
    size_t count = 1 + tape_pick(world->tape, BATCH_MAX);
    uint64_t from = tape_u64(world->tape, BLOCKS - 1);
    world->stamp = (uint8_t)(world->stamp % 250 + 1);
    for (size_t i = 0; i < count; i++) {
        draw_request(world, &reqs[i], segs[i], &from);
        int fill = reqs[i].op == CAIRN_BLK_WRITE ? world->stamp : 0xee;
        memset(world->data + reqs[i].block * 512, fill, reqs[i].count * 512);
    }
    enum cairn_err err = cairn_blk_submit(&world->cache.base, reqs, count);
    bool failed = false, held = true;
    for (size_t i = 0; held && i < count; i++) {
        failed = failed || reqs[i].status;
        if (reqs[i].op != CAIRN_BLK_READ)
            model_change(world, &reqs[i], world->stamp);
        else if (!reqs[i].status)
            held = blocks_are(world, reqs[i].block, reqs[i].count,
                              world->data + reqs[i].block * 512, "reads as");
    }
    return held && (failed == (err != CAIRN_OK) || tape_fail(world->tape, "status and result"));
}

/* All is below, and the flush came last. */
static bool flushed(struct world *world)
{
    spy_clear(&world->spy);
    if (cairn_blk_flush(&world->cache.base, NULL)) return true;
    const struct spy *spy = &world->spy;
    if (!spy->log_count || spy->log[spy->log_count - 1].op != SPY_FLUSH)
        return tape_fail(world->tape, "the flush was not last");
    return blocks_are(world, 0, BLOCKS, world->below, "is below after a flush");
}

static bool extents_true(struct world *world)
{
    struct cairn_blk_extent extents[5];
    size_t used, cap = 1 + tape_pick(world->tape, 5);
    uint64_t at = tape_u64(world->tape, BLOCKS - 1);
    if (cairn_blk_extents(&world->cache.base, at, BLOCKS - at, extents, cap, &used, NULL))
        return tape_fail(world->tape, "extents failed");
    for (size_t i = 0; i < used; i++) {
        if (extents[i].block != at || !extents[i].count)
            return tape_fail(world->tape, "extents have gaps");
        at += extents[i].count;
        for (uint64_t block = extents[i].block; !extents[i].data && block < at; block++)
            if (!world->blocks[block].any && world->blocks[block].last &&
                world->blocks[block].other)
                return tape_fail(world->tape, "block %u is no hole", (unsigned)block);
    }
    return used == cap || at == BLOCKS || tape_fail(world->tape, "extents end early");
}

static bool step(struct world *world)
{
    size_t what = tape_pick(world->tape, 8);
    return what == 6 ? extents_true(world) : what == 7 ? flushed(world) : batch(world);
}

static bool world_end(struct world *world, bool held)
{
    struct cairn_blk_req req = { .op = CAIRN_BLK_READ, .count = BLOCKS };
    struct cairn_blk_seg seg = { world->data, sizeof world->data };
    spy_fail(&world->spy, 0, 0, 0);
    req.segs = &seg;
    req.seg_count = 1;
    if (held && cairn_blk_submit(&world->cache.base, &req, 1))
        held = tape_fail(world->tape, "reading it all failed");
    held = held && blocks_are(world, 0, BLOCKS, world->data, "reads at last as");
    bool poisoned = world->cache.base.poison != 0;
    enum cairn_err err = cairn_blk_close(&world->cache.base, NULL);
    if (held && err && !poisoned) held = tape_fail(world->tape, "close failed");
    held = held && (err || blocks_are(world, 0, BLOCKS, world->below, "is below at last"));
    free(world->memory);
    return held;
}

static bool any_requests(struct tape *tape)
{
    static struct world world;
    bool held = true;
    world_open(&world, tape);
    while (held && tape_more(tape))
        held = step(&world);
    return world_end(&world, held);
}

/* The same, and some requests and flushes below fail. */
static bool any_faults(struct tape *tape)
{
    static struct world world;
    bool held = true;
    world_open(&world, tape);
    uint32_t ops = (uint32_t)tape_u64(tape, 31);
    uint64_t nth = tape_u64(tape, 40);
    spy_fail(&world.spy, ops, nth, tape_bool(tape) ? SPY_ALWAYS : 1 + tape_u64(tape, 3));
    while (held && tape_more(tape))
        held = step(&world);
    return world_end(&world, held);
}

START_TEST(holds_what_was_written)
{
    ck_assert(tape_run("any_requests", any_requests, NULL));
}
END_TEST

START_TEST(failures_lose_nothing_silently)
{
    ck_assert(tape_run("any_faults", any_faults, NULL));
}
END_TEST

#define THREADS 4u
#define ROUNDS 1000u

/* A layer that takes its time, so that others come in between: behind a write, and in a read
 * between looking at the blocks and filling the memory. */
static void nap(void)
{
    static const struct timespec while_others_go_on = { 0, 1 };
    nanosleep(&while_others_go_on, NULL);
}

static void memory_fill(const struct cairn_blk_req *req, const uint8_t *from)
{
    for (uint32_t i = 0; i < req->seg_count; from += req->segs[i].bytes, i++)
        memcpy(req->segs[i].data, from, req->segs[i].bytes);
}

static enum cairn_err slow_submit(struct cairn_blk *dev, struct cairn_blk_req *reqs, size_t count)
{
    uint8_t seen[BLOCKS * 512], *at = seen;
    nap();
    for (size_t i = 0; i < count; i++) {
        struct cairn_blk_seg seg = { at, reqs[i].count * 512 };
        struct cairn_blk_req req = reqs[i];
        if (req.op == CAIRN_BLK_READ) {
            req.segs = &seg;
            req.seg_count = 1;
            at += seg.bytes;
        }
        ck_ok(dev->below->ops->submit(dev->below, &req, 1));
    }
    nap();
    at = seen;
    for (size_t i = 0; i < count; i++) {
        if (reqs[i].op != CAIRN_BLK_READ) continue;
        memory_fill(&reqs[i], at);
        at += reqs[i].count * 512;
    }
    return CAIRN_OK;
}

static void slow_open(struct cairn_blk *slow, struct cairn_blk *below)
{
    static const struct cairn_blk_ops ops = { .submit = slow_submit };
    cairn_blk_init(slow, &ops, &below->info, "slow", below);
}

struct worker {
    struct cairn_blk *dev;
    unsigned number;
    bool held;
    uint8_t last[BLOCKS]; /* of its own blocks */
};

/* Each thread has every fourth block, and one run of 16 that is large enough to go past. */
static bool round_do(struct worker *worker, unsigned round)
{
    uint8_t data[16 * 512], back[16 * 512];
    bool large = round % 16 == 15;
    uint64_t block = large ? 64 + 16 * worker->number : worker->number + 4 * (round * 7 % 16);
    uint64_t count = large ? 16 : 1;
    struct cairn_blk_seg seg = { data, count * 512 };
    struct cairn_blk_req req = {
        .op = CAIRN_BLK_WRITE, .block = block, .count = count, .segs = &seg, .seg_count = 1
    };
    if (round % 8 == 3) req.flags = CAIRN_BLK_FUA;
    memset(data, (int)(round + worker->number), count * 512);
    memset(worker->last + block, (int)(round + worker->number), count);
    if (cairn_blk_submit(worker->dev, &req, 1)) return false;
    if (round % 32 == worker->number && cairn_blk_flush(worker->dev, NULL)) return false;
    if (cairn_blk_read(worker->dev, block, count, back, NULL)) return false;
    return memcmp(data, back, count * 512) == 0;
}

static void *work(void *arg)
{
    struct worker *worker = arg;
    worker->held = true;
    for (unsigned round = 0; worker->held && round < ROUNDS; round++)
        worker->held = round_do(worker, round);
    return NULL;
}

/* Written back, or through; below is memory, or memory that takes its time. */
START_TEST(threads_keep_their_blocks)
{
    static uint8_t bytes[BLOCKS * 512], memory[64 * 1024];
    struct cairn_blk_mem mem;
    struct cairn_blk slow;
    struct cairn_blk_cache cache;
    struct cairn_blk_cache_options options = {
        .page_bytes = 4096, .bypass_bytes = 8192, .readahead_bytes = 8192, .write_through = _i == 1
    };
    struct worker workers[THREADS];
    pthread_t threads[THREADS];
    ck_ok(cairn_blk_mem_open(&mem, bytes, 512, BLOCKS, NULL));
    slow_open(&slow, &mem.base);
    ck_ok(cairn_blk_cache_open(&cache, _i / 2 ? &slow : &mem.base, &options, memory,
                               cairn_blk_cache_mem(&mem.base, &options, 6 * 4096), NULL));
    for (unsigned i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){ .dev = &cache.base, .number = i };
        ck_assert_int_eq(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
        ck_assert(workers[i].held);
    }
    ck_ok(cairn_blk_close(&cache.base, NULL));
    for (unsigned block = 0; block < BLOCKS; block++) {
        unsigned owner = block < 64 ? block % 4 : (block - 64) / 16;
        ck_assert_uint_eq(bytes[block * 512], workers[owner].last[block]);
    }
}
END_TEST

TCase *tcase_cache_tape(void)
{
    TCase *tcase = tcase_create("cache_tape");
    tcase_add_test(tcase, holds_what_was_written);
    tcase_add_test(tcase, failures_lose_nothing_silently);
    tcase_add_loop_test(tcase, threads_keep_their_blocks, 0, 4);
    return tcase;
}
