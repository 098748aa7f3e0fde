/* SPDX-License-Identifier: ISC */
/* Two threads on one device: neighbours within a block below must not lose each other's writes. */
#include "rig.h"
#include "units.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS 20000

/* One thread writes and reads every other block, a byte of its own in each. */
struct worker {
    struct cairn_blk *dev;
    uint64_t first;
    bool held;
    pthread_barrier_t *start;
};

static void *work(void *arg)
{
    struct worker *worker = arg;
    uint32_t block_bytes = worker->dev->info.block_bytes;
    uint8_t *data = malloc(block_bytes), *back = malloc(block_bytes);
    worker->held = true;
    pthread_barrier_wait(worker->start);
    for (unsigned round = 0; worker->held && round < ROUNDS; round++) {
        uint64_t block = worker->first + 2 * (round % 8);
        memset(data, (int)(round + worker->first * 100), block_bytes);
        worker->held = !cairn_blk_write(worker->dev, block, 1, data, NULL) &&
                       !cairn_blk_read(worker->dev, block, 1, back, NULL) &&
                       !memcmp(data, back, block_bytes);
    }
    free(data);
    free(back);
    return NULL;
}

static const char *const stacks[] = {
    "mem",         "file",        "smaller/mem",        "slice/smaller/file",
    "cache/mem",   "through/mem", "cache/smaller/file", "overlay/mem",
    "mirror/file",
};

START_TEST(neighbours_keep_their_blocks)
{
    struct rig rig;
    pthread_t thread;
    pthread_barrier_t start;
    pthread_barrier_init(&start, NULL, 2);
    rig_open(&rig, stacks[_i]);
    struct worker here = { .dev = rig.dev, .first = 0, .start = &start };
    struct worker there = { .dev = rig.dev, .first = 1, .start = &start };
    ck_assert_int_eq(pthread_create(&thread, NULL, work, &there), 0);
    work(&here);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert(here.held);
    ck_assert(there.held);
    rig_close(&rig);
    pthread_barrier_destroy(&start);
}
END_TEST

TCase *tcase_threads(void)
{
    TCase *tcase = tcase_create("threads");
    tcase_add_loop_test(tcase, neighbours_keep_their_blocks, 0,
                        (int)(sizeof stacks / sizeof *stacks));
    return tcase;
}
