/* SPDX-License-Identifier: ISC */
/* Several threads on one queue and on two, with a device that answers from a thread of its own. */
#include "units.h"
#include "vdisk.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define THREADS 4
#define ROUNDS 150
#define BLOCKS_EACH 64
#define BATCH 8

static struct vdisk vdisk;

struct worker {
    pthread_t thread;
    unsigned number;
    unsigned failed, wrong;
};

/* Its own blocks, written and read back; a batch is begun and finished, or submitted. */
static void *work(void *ctx)
{
    struct worker *worker = ctx;
    uint8_t data[BATCH][512];
    struct cairn_blk_seg segs[BATCH];
    struct cairn_blk_req reqs[BATCH];
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < BATCH; i++) {
            segs[i] = (struct cairn_blk_seg){ data[i], 512 };
            reqs[i] = (struct cairn_blk_req){ .op = CAIRN_BLK_WRITE, .count = 1 };
            reqs[i].block = worker->number * BLOCKS_EACH + (round * BATCH + i) % BLOCKS_EACH;
            reqs[i].segs = &segs[i];
            reqs[i].seg_count = 1;
            memset(data[i], (int)(worker->number * 50 + round % 50), 512);
        }
        enum cairn_err err = cairn_blk_begin(&vdisk.dev.base, reqs, BATCH);
        if (!err) err = cairn_blk_finish(&vdisk.dev.base, reqs, BATCH);
        memset(data, 0, sizeof data);
        for (size_t i = 0; i < BATCH; i++)
            reqs[i].op = CAIRN_BLK_READ;
        if (!err) err = cairn_blk_submit(&vdisk.dev.base, reqs, BATCH);
        worker->failed += !!err;
        for (size_t i = 0; i < BATCH; i++)
            worker->wrong += data[i][511] != (uint8_t)(worker->number * 50 + round % 50);
    }
    return NULL;
}

START_TEST(threads_share_queues)
{
    struct worker workers[THREADS] = { 0 };
    vdisk_open_usual(&vdisk, _i & 1, 512, THREADS * BLOCKS_EACH * 512);
    for (unsigned i = 0; i < THREADS; i++) {
        workers[i].number = i;
        ck_assert(!pthread_create(&workers[i].thread, NULL, work, &workers[i]));
    }
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(workers[i].thread, NULL);
        ck_assert_uint_eq(workers[i].failed, 0);
        ck_assert_uint_eq(workers[i].wrong, 0);
    }
    vdisk_close(&vdisk);
}
END_TEST

/* One falls silent: all threads get their errors, on both queues. */
START_TEST(all_threads_learn_of_the_end)
{
    struct worker workers[THREADS] = { 0 };
    vdisk_open_usual(&vdisk, _i & 1, 512, THREADS * BLOCKS_EACH * 512);
    vdisk.dev.timeout_ns = 200 * 1000 * 1000;
    vdisk.model.mute_at = 500;
    for (unsigned i = 0; i < THREADS; i++) {
        workers[i].number = i;
        ck_assert(!pthread_create(&workers[i].thread, NULL, work, &workers[i]));
    }
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(workers[i].thread, NULL);
        ck_assert_uint_gt(workers[i].failed, 0);
    }
    vdisk_close(&vdisk);
}
END_TEST

#define HANDED 12 /* more than the driver keeps track of */

struct handed {
    struct cairn_blk_req reqs[BATCH];
    struct cairn_blk_seg segs[BATCH];
    uint8_t data[BATCH][512];
};
static struct handed handed[HANDED];

static void *begin_all(void *ctx)
{
    struct worker *worker = ctx;
    for (size_t i = 0; i < HANDED; i++) {
        for (size_t j = 0; j < BATCH; j++) {
            handed[i].segs[j] = (struct cairn_blk_seg){ handed[i].data[j], 512 };
            handed[i].reqs[j] = (struct cairn_blk_req){ .op = CAIRN_BLK_READ, .count = 1 };
            handed[i].reqs[j].block = i * BATCH + j;
            handed[i].reqs[j].segs = &handed[i].segs[j];
            handed[i].reqs[j].seg_count = 1;
        }
        worker->failed += !!cairn_blk_begin(&vdisk.dev.base, handed[i].reqs, BATCH);
    }
    return NULL;
}

static void *finish_half(void *ctx)
{
    struct worker *worker = ctx;
    for (size_t i = HANDED; i-- > 0;)
        if (i % 2 == worker->number)
            worker->failed += !!cairn_blk_finish(&vdisk.dev.base, handed[i].reqs, BATCH);
    return NULL;
}

/* One begins, two others finish, the last first, while more was begun than the rings hold. */
START_TEST(batches_are_finished_by_others)
{
    struct worker workers[2] = { { .number = 0 }, { .number = 1 } };
    vdisk_open_usual(&vdisk, _i & 1, 512, HANDED * BATCH * 512);
    for (size_t i = 0; i < HANDED * BATCH; i++)
        memset(vdisk.disk + i * 512, (int)i, 512);
    for (int round = 0; round < 20; round++) {
        memset(handed, 0xff, sizeof handed);
        ck_assert(!pthread_create(&workers[0].thread, NULL, begin_all, &workers[0]));
        pthread_join(workers[0].thread, NULL);
        for (int i = 0; i < 2; i++)
            ck_assert(!pthread_create(&workers[i].thread, NULL, finish_half, &workers[i]));
        for (int i = 0; i < 2; i++)
            pthread_join(workers[i].thread, NULL);
        ck_assert_uint_eq(workers[0].failed + workers[1].failed, 0);
        for (size_t i = 0; i < HANDED * BATCH; i++)
            ck_assert_uint_eq(handed[i / BATCH].data[i % BATCH][i % 512], i);
    }
    vdisk_close(&vdisk);
}
END_TEST

/* Until the device is given up, and then some seconds at most. */
static void *keep_busy(void *ctx)
{
    struct worker *worker = ctx;
    uint8_t data[512];
    while (!worker->failed && worker->wrong++ < 200000)
        worker->failed = !!cairn_blk_read(&vdisk.dev.base, 1, 1, data, NULL);
    return NULL;
}

/* One request is never answered, while those of others are: it does not wait for ever either. */
START_TEST(answers_to_others_are_no_answer)
{
    struct worker worker = { 0 };
    uint8_t data[512];
    struct model_plan plan = { .features = MODEL_FEATURES_DISK, .answers = MODEL_BY_THREAD };
    struct cairn_blk_virtio_options options = { .timeout_ns = 50 * 1000 * 1000 };
    ck_ok(vdisk_open(&vdisk, &plan, 4096, &options, NULL));
    vdisk.model.lose_sector = 5;
    ck_assert(!pthread_create(&worker.thread, NULL, keep_busy, &worker));
    ck_assert_int_eq(cairn_blk_read(&vdisk.dev.base, 5, 1, data, NULL), CAIRN_ETIMEDOUT);
    pthread_join(worker.thread, NULL);
    ck_assert_uint_eq(worker.failed, 1);
    vdisk_close(&vdisk);
}
END_TEST

/* Two of its three requests are never answered. */
static void *wait_in_vain(void *ctx)
{
    static const uint64_t blocks[] = { 1, 5, 6 };
    struct worker *worker = ctx;
    uint8_t data[3][512];
    struct cairn_blk_seg segs[3];
    struct cairn_blk_req reqs[3];
    for (size_t i = 0; i < 3; i++) {
        segs[i] = (struct cairn_blk_seg){ data[i], 512 };
        reqs[i] = (struct cairn_blk_req){ .op = CAIRN_BLK_READ, .block = blocks[i], .count = 1 };
        reqs[i].segs = &segs[i];
        reqs[i].seg_count = 1;
    }
    worker->failed = !!cairn_blk_submit(&vdisk.dev.base, reqs, 3);
    return NULL;
}

/* One sleeps until all of its batch is done; others that come meanwhile hear of theirs at once: if
 * they had to wait until it looks at the device's status, time would be up. */
START_TEST(who_sleeps_long_wakes_for_others)
{
    struct worker worker = { 0 };
    uint8_t data[512];
    struct model_plan plan = { .features = MODEL_FEATURES_DISK | CAIRN_VIRTIO_F_EVENT_IDX,
                               .answers = MODEL_BY_THREAD };
    struct cairn_blk_virtio_options options = { .polls = 1, .timeout_ns = 800 * 1000 * 1000 };
    ck_ok(vdisk_open(&vdisk, &plan, 4096, &options, NULL));
    vdisk.model.lose_sector = 5;
    ck_assert(!pthread_create(&worker.thread, NULL, wait_in_vain, &worker));
    for (int i = 0; i < 40; i++) {
        ck_ok(cairn_blk_read(&vdisk.dev.base, 2, 1, data, NULL));
        usleep(1000);
    }
    pthread_join(worker.thread, NULL);
    ck_assert_uint_eq(worker.failed, 1);
    vdisk_close(&vdisk);
}
END_TEST

TCase *tcase_threads(void)
{
    TCase *tcase = tcase_create("threads");
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, threads_share_queues, 0, 2);
    tcase_add_loop_test(tcase, all_threads_learn_of_the_end, 0, 2);
    tcase_add_loop_test(tcase, batches_are_finished_by_others, 0, 2);
    tcase_add_test(tcase, answers_to_others_are_no_answer);
    tcase_add_test(tcase, who_sleeps_long_wakes_for_others);
    return tcase;
}
