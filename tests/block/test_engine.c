/* SPDX-License-Identifier: ISC */
/* What every engine of the file device must do alike. */
#include "engine.h"
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define BATCH 40

static struct cairn_blk_req reqs[BATCH];
static struct cairn_blk_seg segs[BATCH];
static uint8_t data[BATCH][ENGINE_BLOCK + 1], back[BATCH][ENGINE_BLOCK + 1];

/* The batch: one block each, apart from each other, in memory that O_DIRECT does not take. */
static void batch_make(enum cairn_blk_op op, uint8_t memory[BATCH][ENGINE_BLOCK + 1])
{
    for (unsigned i = 0; i < BATCH; i++)
        reqs[i] = engine_req(op, 2 * ((i * 7) % BATCH), &segs[i], memory[i], 1);
}

static void data_make(void)
{
    for (unsigned i = 0; i < BATCH; i++)
        for (unsigned j = 0; j < ENGINE_BLOCK; j++)
            data[i][j] = (uint8_t)(i * 31 + j % 251);
}

START_TEST(engine_is_what_was_asked_for)
{
    const struct engine *engine = &engines[_i];
    bool wants_ring = engine->io != CAIRN_BLK_IO_PREAD && cairn_blk_uring_version();
    engine_open(engine);
    ck_assert_int_eq(dev.io, wants_ring ? CAIRN_BLK_IO_URING : CAIRN_BLK_IO_PREAD);
    ck_assert(!dev.direct || (fcntl(dev.fd, F_GETFL) & O_DIRECT));
    ck_assert_uint_eq(dev.base.info.mem_align, 1);
    engine_close();
}
END_TEST

/* More requests than the queue is deep; with and without a copy. */
START_TEST(batches_longer_than_the_queue_are_whole)
{
    ck_assert_int_eq(truncate(path, 2 * BATCH * ENGINE_BLOCK), 0);
    engine_open(&engines[_i]);
    data_make();
    batch_make(CAIRN_BLK_WRITE, data);
    ck_ok(cairn_blk_submit(&dev.base, reqs, BATCH));
    batch_make(CAIRN_BLK_READ, back);
    ck_ok(cairn_blk_submit(&dev.base, reqs, BATCH));
    ck_assert_mem_eq(back, data, sizeof data);
    uint8_t *all = aligned_alloc(ENGINE_BLOCK, 2 * BATCH * ENGINE_BLOCK);
    ck_ok(cairn_blk_read(&dev.base, 0, 2 * BATCH, all, &why));
    for (unsigned i = 0; i < BATCH; i++)
        ck_assert_mem_eq(all + reqs[i].block * ENGINE_BLOCK, data[i], ENGINE_BLOCK);
    free(all);
    engine_close();
}
END_TEST

START_TEST(kinds_mix_in_a_batch)
{
    static const uint8_t zeros[ENGINE_BLOCK];
    ck_assert_int_eq(truncate(path, 2 * BATCH * ENGINE_BLOCK), 0);
    engine_open(&engines[_i]);
    data_make();
    batch_make(CAIRN_BLK_WRITE, data);
    ck_ok(cairn_blk_submit(&dev.base, reqs, BATCH));
    batch_make(CAIRN_BLK_READ, back);
    for (unsigned i = 0; i < BATCH; i += 3)
        reqs[i].op = i % 2 ? CAIRN_BLK_ZERO : CAIRN_BLK_DISCARD, reqs[i].seg_count = 0;
    ck_ok(cairn_blk_submit(&dev.base, reqs, BATCH));
    for (unsigned i = 0; i < BATCH; i++)
        if (i % 3) ck_assert_mem_eq(back[i], data[i], ENGINE_BLOCK);
    ck_ok(cairn_blk_read(&dev.base, reqs[3].block, 1, back[3], &why));
    ck_assert_mem_eq(back[3], zeros, ENGINE_BLOCK);
    engine_close();
}
END_TEST

/* One thread holds more batches than there are rings, and finishes the first ones last. */
START_TEST(many_batches_are_begun_at_once)
{
    ck_assert_int_eq(truncate(path, 2 * BATCH * ENGINE_BLOCK), 0);
    engine_open(&engines[_i]);
    data_make();
    batch_make(CAIRN_BLK_WRITE, data);
    for (unsigned i = 0; i < BATCH; i++)
        ck_ok(cairn_blk_begin(&dev.base, &reqs[i], 1));
    for (unsigned i = BATCH; i-- > 0;)
        ck_ok(cairn_blk_finish(&dev.base, &reqs[i], 1));
    batch_make(CAIRN_BLK_READ, back);
    ck_ok(cairn_blk_begin(&dev.base, reqs, BATCH));
    ck_ok(cairn_blk_finish(&dev.base, reqs, BATCH));
    ck_assert_mem_eq(back, data, sizeof data);
    engine_close();
}
END_TEST

/* Another program truncates the file within a block: what is gone fails, the rest is read. */
START_TEST(shorter_file_fails_what_is_gone)
{
    ck_assert_int_eq(truncate(path, 2 * BATCH * ENGINE_BLOCK), 0);
    engine_open(&engines[_i]);
    ck_assert_int_eq(truncate(path, 10 * ENGINE_BLOCK + 700), 0);
    batch_make(CAIRN_BLK_READ, back);
    ck_assert_int_eq(cairn_blk_submit(&dev.base, reqs, BATCH), CAIRN_EIO);
    unsigned first = BATCH;
    for (unsigned i = 0; i < BATCH; i++) {
        ck_assert_int_eq(reqs[i].status, reqs[i].block < 10 ? CAIRN_OK : CAIRN_EIO);
        if (reqs[i].status && first == BATCH) first = i;
    }
    ck_assert_uint_lt(first, BATCH);
    ck_assert_uint_eq(why.block, reqs[first].block);
    ck_assert_ptr_nonnull(strstr(why.what, "shorter"));
    /* Adjacent ones are one transfer, which ends early. */
    for (unsigned i = 0; i < BATCH; i++)
        reqs[i] = engine_req(CAIRN_BLK_READ, i, &segs[i], back[i], 1);
    ck_assert_int_eq(cairn_blk_submit(&dev.base, reqs, BATCH), CAIRN_EIO);
    for (unsigned i = 0; i < BATCH; i++)
        ck_assert_int_eq(reqs[i].status, i < 10 ? CAIRN_OK : CAIRN_EIO);
    ck_assert_uint_eq(why.block, 10);
    engine_close();
}
END_TEST

static void limit_file_size(rlim_t blocks)
{
    struct rlimit limit = { blocks * ENGINE_BLOCK, RLIM_INFINITY };
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* The host takes a part of the batch: what it refused says so, the rest is written. */
START_TEST(refused_write_fails_alone)
{
    ck_assert_int_eq(truncate(path, 2 * BATCH * ENGINE_BLOCK), 0);
    engine_open(&engines[_i]);
    data_make();
    batch_make(CAIRN_BLK_WRITE, data);
    limit_file_size(20);
    ck_assert_int_eq(cairn_blk_submit(&dev.base, reqs, BATCH), CAIRN_EFBIG);
    limit_file_size(10000);
    for (unsigned i = 0; i < BATCH; i++) {
        ck_assert_int_eq(reqs[i].status, reqs[i].block < 20 ? CAIRN_OK : CAIRN_EFBIG);
        if (reqs[i].status) continue;
        ck_ok(cairn_blk_read(&dev.base, reqs[i].block, 1, back[i], &why));
        ck_assert_mem_eq(back[i], data[i], ENGINE_BLOCK);
    }
    ck_ok(cairn_blk_flush(&dev.base, &why));
    engine_close();
}
END_TEST

/* Several writes that are to be durable share a flush, which says what became of them. One is so on
 * its own; when it fails, what the flushes after it say is in doubt. */
START_TEST(refused_durable_write_poisons)
{
    ck_assert_int_eq(truncate(path, 2 * BATCH * ENGINE_BLOCK), 0);
    engine_open(&engines[_i]);
    data_make();
    batch_make(CAIRN_BLK_WRITE, data);
    reqs[0].flags = reqs[1].flags = CAIRN_BLK_FUA;
    ck_ok(cairn_blk_submit(&dev.base, reqs, 2));
    ck_ok(cairn_blk_submit(&dev.base, reqs, 1));
    limit_file_size(0);
    ck_assert_int_eq(cairn_blk_submit(&dev.base, reqs, 2), CAIRN_EFBIG);
    ck_ok(cairn_blk_flush(&dev.base, &why));
    ck_assert_int_eq(cairn_blk_submit(&dev.base, reqs, 1), CAIRN_EFBIG);
    limit_file_size(10000);
    if (dev.base.info.fua != CAIRN_BLK_NATIVE) { /* an old or an emulated kernel */
        engine_close();
        return;
    }
    ck_assert_int_eq(cairn_blk_flush(&dev.base, &why), CAIRN_EFBIG);
    ck_assert_int_eq(cairn_blk_write(&dev.base, 0, 1, data, &why), CAIRN_EFBIG);
    engine_close();
}
END_TEST

START_TEST(tail_does_not_come_back)
{
    static const uint8_t zeros[ENGINE_BLOCK];
    int fd = open(path, O_WRONLY);
    memset(data, 'x', sizeof data);
    ck_assert_int_eq(write(fd, data, ENGINE_BLOCK + 300), ENGINE_BLOCK + 300);
    close(fd);
    engine_open(&engines[_i]);
    ck_assert_uint_eq(dev.base.info.block_count, 1);
    ck_ok(cairn_blk_resize(&dev.base, 2, &why));
    ck_ok(cairn_blk_read(&dev.base, 1, 1, back, &why));
    ck_assert_mem_eq(back, zeros, ENGINE_BLOCK);
    engine_close();
}
END_TEST

START_TEST(file_of_no_bytes_grows)
{
    engine_open(&engines[_i]);
    ck_assert_uint_eq(dev.base.info.block_count, 0);
    ck_assert_int_eq(cairn_blk_read(&dev.base, 0, 1, back, &why), CAIRN_ERANGE);
    ck_ok(cairn_blk_resize(&dev.base, 3, &why));
    ck_ok(cairn_blk_write(&dev.base, 2, 1, data[0] + 1, &why));
    ck_ok(cairn_blk_resize(&dev.base, 0, &why));
    engine_close();
}
END_TEST

/* Its ends need not be aligned, which O_DIRECT wants. */
START_TEST(descriptors_are_copied_past_no_cache)
{
    uint64_t cloned;
    int fd = open("/proc/self/exe", O_RDONLY);
    ck_assert_int_eq(truncate(path, 2 * ENGINE_BLOCK), 0);
    engine_open(&engines[_i]);
    enum cairn_err err = cairn_blk_file_clone(&dev, 100, fd, 0, 1000, &cloned, &why);
    ck_assert_int_eq(err, dev.direct ? CAIRN_ENOTSUP : CAIRN_OK);
    engine_close();
    close(fd);
}
END_TEST

/* Threads: each keeps to blocks of its own, by batches that it submits or begins. */

#define THREADS 4
#define ROUNDS 60
#define SHARE 10

struct worker {
    pthread_t thread;
    unsigned number;
    bool held;
};

static bool worker_batch(const struct worker *worker, enum cairn_blk_op op, bool begins,
                         uint8_t memory[SHARE][ENGINE_BLOCK])
{
    struct cairn_blk_req mine[SHARE];
    struct cairn_blk_seg seg[SHARE];
    for (unsigned i = 0; i < SHARE; i++) {
        mine[i] = engine_req(op, i * THREADS + worker->number, &seg[i], memory[i], 1);
        mine[i].why = NULL;
    }
    if (!begins) return !cairn_blk_submit(&dev.base, mine, SHARE);
    return !cairn_blk_begin(&dev.base, mine, SHARE) && !cairn_blk_finish(&dev.base, mine, SHARE);
}

static void *work(void *arg)
{
    struct worker *worker = arg;
    uint8_t(*memory)[ENGINE_BLOCK] = aligned_alloc(ENGINE_BLOCK, 2 * SHARE * ENGINE_BLOCK);
    worker->held = true;
    for (unsigned round = 0; worker->held && round < ROUNDS; round++) {
        memset(memory, (int)(round * THREADS + worker->number), SHARE * ENGINE_BLOCK);
        worker->held = worker_batch(worker, CAIRN_BLK_WRITE, round % 2, memory) &&
                       worker_batch(worker, CAIRN_BLK_READ, round % 3, memory + SHARE) &&
                       !memcmp(memory, memory + SHARE, SHARE * ENGINE_BLOCK);
    }
    free(memory);
    return NULL;
}

START_TEST(threads_do_not_disturb_each_other)
{
    struct worker workers[THREADS];
    ck_assert_int_eq(truncate(path, THREADS * SHARE * ENGINE_BLOCK), 0);
    engine_open(&engines[_i]);
    for (unsigned i = 0; i < THREADS; i++) {
        workers[i].number = i;
        ck_assert_int_eq(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        ck_assert_int_eq(pthread_join(workers[i].thread, NULL), 0);
        ck_assert(workers[i].held);
    }
    engine_close();
}
END_TEST

TCase *tcase_engine(void)
{
    TCase *tcase = tcase_create("engine");
    tcase_add_loop_test(tcase, engine_is_what_was_asked_for, 0, ENGINES);
    tcase_add_loop_test(tcase, batches_longer_than_the_queue_are_whole, 0, ENGINES);
    tcase_add_loop_test(tcase, kinds_mix_in_a_batch, 0, ENGINES);
    tcase_add_loop_test(tcase, many_batches_are_begun_at_once, 0, ENGINES);
    tcase_add_loop_test(tcase, shorter_file_fails_what_is_gone, 0, ENGINES);
    tcase_add_loop_test(tcase, refused_write_fails_alone, 0, ENGINES);
    tcase_add_loop_test(tcase, refused_durable_write_poisons, 0, ENGINES);
    tcase_add_loop_test(tcase, tail_does_not_come_back, 0, ENGINES);
    tcase_add_loop_test(tcase, file_of_no_bytes_grows, 0, ENGINES);
    tcase_add_loop_test(tcase, descriptors_are_copied_past_no_cache, 0, ENGINES);
    tcase_add_loop_test(tcase, threads_do_not_disturb_each_other, 0, ENGINES);
    return tcase;
}
