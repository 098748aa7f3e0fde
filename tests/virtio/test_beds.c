/* SPDX-License-Identifier: ISC */
/* The driver with QEMU's devices: every kind of bed keeps data, and is what it was told to be. */
#include "test_beds.h"
#include "bed.h"
#include "tape/tape.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BATCH 40
#define SEGS 3
#define ROUNDS 25
#define WORKERS 4
#define TAPE_LEN 16384u

static struct bed bed;

/* What is on the disk, by the test's own account; and what requests read and write. */
struct work {
    uint8_t expect[BED_BYTES], heap[BED_BYTES];
    struct cairn_blk_req reqs[BATCH];
    struct cairn_blk_seg segs[BATCH][SEGS];
    size_t count;
};
static struct work work;

static void image_read(void *data, uint64_t byte, size_t bytes)
{
    int fd = open(bed.server.image, O_RDONLY);
    ck_assert_int_eq(pread(fd, data, bytes, (off_t)byte), (ssize_t)bytes);
    close(fd);
}

/* Where a request's data are: their own place in memory that the device reaches, or does not. */
static uint8_t *data_of(const struct cairn_blk_req *req, bool shared)
{
    return (shared ? bed.shared : work.heap) + req->block * bed.dev->info.block_bytes;
}

static void draw_segs(struct tape *tape, struct cairn_blk_req *req, bool shared)
{
    struct cairn_blk_seg *segs = work.segs[req - work.reqs];
    uint32_t block_bytes = bed.dev->info.block_bytes;
    uint8_t *at = data_of(req, shared);
    uint64_t left = req->count;
    req->segs = segs;
    req->seg_count = SEGS;
    for (int i = 0; i < SEGS; i++) {
        uint64_t blocks = i + 1 == SEGS ? left : tape_u64(tape, left);
        segs[i] = (struct cairn_blk_seg){ at, blocks * block_bytes };
        at += blocks * block_bytes;
        left -= blocks;
    }
}

/* Requests one behind the other, from somewhere on. */
static void draw_batch(struct tape *tape, bool shared)
{
    static const enum cairn_blk_op ops[] = { CAIRN_BLK_READ, CAIRN_BLK_WRITE, CAIRN_BLK_ZERO,
                                             CAIRN_BLK_DISCARD };
    const struct cairn_blk_info *info = &bed.dev->info;
    uint64_t block = tape_u64(tape, info->block_count / 2);
    for (work.count = 0; work.count < BATCH; work.count++) {
        struct cairn_blk_req *req = &work.reqs[work.count];
        uint64_t count = tape_u64(tape, info->block_count / 50);
        if (count > info->block_count - block) return;
        size_t kind = info->read_only ? 0 : tape_pick(tape, 4);
        *req = (struct cairn_blk_req){ .op = ops[kind], .block = block, .count = count };
        uint8_t *data = data_of(req, shared);
        memset(data, (int)tape_u64(tape, 255), count * info->block_bytes);
        if (req->op <= CAIRN_BLK_WRITE) draw_segs(tape, req, shared);
        block += count;
    }
}

static bool judge(struct tape *tape, bool shared)
{
    for (size_t i = 0; i < work.count; i++) {
        const struct cairn_blk_req *req = &work.reqs[i];
        size_t bytes = req->count * bed.dev->info.block_bytes;
        uint64_t from = req->block * bed.dev->info.block_bytes;
        const uint8_t *data = data_of(req, shared);
        if (req->status) return tape_fail(tape, "request %zu failed", i);
        if (req->op == CAIRN_BLK_READ && memcmp(data, work.expect + from, bytes))
            return tape_fail(tape, "request %zu read other bytes", i);
        if (req->op == CAIRN_BLK_WRITE) memcpy(work.expect + from, data, bytes);
        if (req->op == CAIRN_BLK_ZERO) memset(work.expect + from, 0, bytes);
        if (req->op == CAIRN_BLK_DISCARD) image_read(work.expect + from, from, bytes);
    }
    return true;
}

static bool data_is_kept(struct tape *tape)
{
    for (int i = 0; i < ROUNDS; i++) {
        bool shared = tape_bool(tape);
        draw_batch(tape, shared);
        enum cairn_err err = cairn_blk_submit(bed.dev, work.reqs, work.count);
        if (err) return tape_fail(tape, "batch %d: %s", i, cairn_err_name(err));
        if (!judge(tape, shared)) return false;
    }
    if (cairn_blk_flush(bed.dev, NULL)) return tape_fail(tape, "flush");
    image_read(work.heap, 0, BED_BYTES);
    return !memcmp(work.heap, work.expect, BED_BYTES) || tape_fail(tape, "the image differs");
}

/* One long tape: a server for each of many short ones would take most of the time. */
START_TEST(every_bed_keeps_data)
{
    static uint8_t bytes[TAPE_LEN];
    uint64_t state = 7;
    for (size_t i = 0; i < sizeof bytes; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        bytes[i] = (uint8_t)(state >> 56);
    }
    bed_open(&bed, &bed_kinds[_i]);
    memset(work.expect, 0, BED_BYTES);
    ck_assert_msg(tape_replay(data_is_kept, bytes, sizeof bytes), "%s", bed_kinds[_i].name);
    bool sleeps = bed.bus != BED_VHOST && !bed_kinds[_i].polls;
    ck_assert(!sleeps || bed.qtest.raised > 0);
    bed_close(&bed);
}
END_TEST

/* A thread's own part of the disk, written and read in many batches. */
struct worker {
    pthread_t thread;
    uint64_t block, blocks;
    uint32_t number;
    bool failed;
};

static bool worker_round(const struct worker *worker, uint8_t *data, uint8_t value)
{
    uint32_t block_bytes = bed.dev->info.block_bytes;
    uint64_t half = worker->blocks / 2;
    memset(data, value, 2 * half * block_bytes);
    struct cairn_blk_seg segs[2] = { { data, half * block_bytes },
                                     { data + half * block_bytes, half * block_bytes } };
    struct cairn_blk_req reqs[2] = { { .op = CAIRN_BLK_WRITE }, { .op = CAIRN_BLK_WRITE } };
    for (size_t i = 0; i < 2; i++) {
        reqs[i].block = worker->block + i * half;
        reqs[i].count = half;
        reqs[i].segs = &segs[i];
        reqs[i].seg_count = 1;
    }
    if (cairn_blk_submit(bed.dev, reqs, 2)) return false;
    memset(data, 0, 2 * half * block_bytes);
    reqs[0].op = reqs[1].op = CAIRN_BLK_READ;
    if (cairn_blk_submit(bed.dev, reqs, 2)) return false;
    return data[0] == value && !memcmp(data, data + 1, 2 * half * block_bytes - 1);
}

static void *worker_run(void *arg)
{
    struct worker *worker = arg;
    bool shared = worker->number % 2; /* else bounced */
    size_t offset = worker->block * bed.dev->info.block_bytes;
    for (unsigned i = 1; i <= ROUNDS && !worker->failed; i++)
        worker->failed =
            !worker_round(worker, (shared ? bed.shared : work.heap) + offset, (uint8_t)i) ||
            cairn_blk_flush(bed.dev, NULL);
    return NULL;
}

START_TEST(threads_share_a_bed)
{
    struct worker workers[WORKERS];
    if (bed_kinds[_i].read_only) return;
    bed_open(&bed, &bed_kinds[_i]);
    uint64_t share = bed.dev->info.block_count / WORKERS;
    for (uint32_t i = 0; i < WORKERS; i++) {
        workers[i] = (struct worker){ .number = i, .block = i * share, .blocks = 16 };
        ck_assert_int_eq(pthread_create(&workers[i].thread, NULL, worker_run, &workers[i]), 0);
    }
    for (uint32_t i = 0; i < WORKERS; i++) {
        pthread_join(workers[i].thread, NULL);
        ck_assert_msg(!workers[i].failed, "%s: thread %u", bed_kinds[_i].name, i);
    }
    bed_close(&bed);
}
END_TEST

static void serial_is_told(const struct bed_kind *kind)
{
    char serial[CAIRN_BLK_VIRTIO_SERIAL_BYTES + 1];
    ck_ok(cairn_blk_virtio_serial(bed.disk, serial, NULL));
    ck_assert_str_eq(serial, kind->bus == BED_VHOST ? "vhost_user_blk" : "CAIRN");
}

static void cache_is_set(void)
{
    ck_ok(cairn_blk_virtio_cache_set(bed.disk, false, NULL));
    ck_ok(cairn_blk_write(bed.dev, 0, 1, bed.shared, NULL));
    ck_ok(cairn_blk_virtio_cache_set(bed.disk, true, NULL));
}

START_TEST(every_bed_is_what_it_was_told_to_be)
{
    const struct bed_kind *kind = &bed_kinds[_i];
    bed_open(&bed, kind);
    const struct cairn_blk_info *info = &bed.dev->info;
    ck_assert_msg((bed.disk->virtio->taken & kind->takes) == kind->takes, "%s: took %llx",
                  kind->name, (unsigned long long)bed.disk->virtio->taken);
    ck_assert_uint_eq(info->block_bytes, kind->block_bytes);
    ck_assert_uint_eq(cairn_blk_bytes(bed.dev), BED_BYTES);
    ck_assert_uint_eq(bed.disk->queue_count, kind->queues);
    ck_assert(info->read_only == kind->read_only);
    ck_assert(info->durability == CAIRN_BLK_DURABLE_MEDIA);
    if (!kind->read_only) {
        ck_assert(info->flush == CAIRN_BLK_NATIVE && info->zero == CAIRN_BLK_NATIVE);
        ck_assert(info->discard == CAIRN_BLK_NATIVE);
        cache_is_set();
    }
    serial_is_told(kind);
    ck_ok(cairn_blk_virtio_refresh(bed.disk, NULL));
    bed_close(&bed);
}
END_TEST

TCase *tcase_beds(void)
{
    TCase *tcase = tcase_create("beds");
    tcase_add_loop_test(tcase, every_bed_is_what_it_was_told_to_be, 0, (int)bed_kind_count);
    tcase_add_loop_test(tcase, every_bed_keeps_data, 0, (int)bed_kind_count);
    tcase_add_loop_test(tcase, threads_share_a_bed, 0, (int)bed_kind_count);
    return tcase;
}
