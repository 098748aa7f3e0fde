/* SPDX-License-Identifier: ISC */
/* Counts of what passed. */
#include "units.h"
#include <cairn/blk_mem.h>
#include <cairn/blk_stats.h>
#include <pthread.h>
#include <string.h>

#define BLOCKS 64

static uint8_t memory[BLOCKS * 512], data[8 * 512];
static struct cairn_blk_mem mem;
static struct cairn_blk_stats stats;
static struct cairn_blk_counts counts;
static struct cairn_clock_mono_fixed clock_fixed;

static void open_stats(struct cairn_clock_mono *clock)
{
    ck_ok(cairn_blk_mem_open(&mem, memory, 512, BLOCKS, NULL));
    ck_ok(cairn_blk_stats_open(&stats, &mem.base, clock, NULL));
}

START_TEST(kinds_and_bytes_are_told_apart)
{
    open_stats(NULL);
    ck_ok(cairn_blk_write(&stats.base, 0, 4, data, NULL));
    ck_ok(cairn_blk_write(&stats.base, 4, 4, data, NULL));
    ck_ok(cairn_blk_write(&stats.base, 20, 2, data, NULL));
    ck_ok(cairn_blk_read(&stats.base, 3, 1, data, NULL));
    ck_ok(cairn_blk_discard(&stats.base, 3, 1, NULL));
    ck_ok(cairn_blk_zero(&stats.base, 3, 2, NULL));
    cairn_blk_stats_read(&stats, &counts);
    ck_assert_uint_eq(counts.of[CAIRN_BLK_WRITE].requests, 3);
    ck_assert_uint_eq(counts.of[CAIRN_BLK_WRITE].bytes, 10 * 512);
    ck_assert_uint_eq(counts.of[CAIRN_BLK_WRITE].bytes_in_order, 8 * 512);
    ck_assert_uint_eq(counts.of[CAIRN_BLK_READ].bytes, 512);
    ck_assert_uint_eq(counts.of[CAIRN_BLK_READ].bytes_in_order, 0);
    ck_assert_uint_eq(counts.of[CAIRN_BLK_DISCARD].requests, 1);
    ck_assert_uint_eq(counts.of[CAIRN_BLK_ZERO].bytes, 1024);
    ck_assert_uint_eq(counts.batches[0], 6);
    cairn_blk_stats_reset(&stats);
    cairn_blk_stats_read(&stats, &counts);
    ck_assert_uint_eq(counts.of[CAIRN_BLK_WRITE].requests, 0);
}
END_TEST

START_TEST(batches_are_counted_by_size)
{
    struct cairn_blk_seg seg = { data, 512 };
    struct cairn_blk_req reqs[5];
    open_stats(NULL);
    for (size_t i = 0; i < 5; i++)
        reqs[i] = (struct cairn_blk_req){ .block = i, .count = 1, .segs = &seg, .seg_count = 1 };
    ck_ok(cairn_blk_submit(&stats.base, reqs, 5));
    cairn_blk_stats_read(&stats, &counts);
    ck_assert_uint_eq(counts.batches[2], 1);
    ck_assert_uint_eq(counts.of[CAIRN_BLK_READ].requests, 5);
}
END_TEST

/* A clock that goes on by 1000 ns at each look. */
static uint64_t tick(struct cairn_clock_mono *clock)
{
    (void)clock;
    return clock_fixed.ns += 1000;
}

START_TEST(latency_is_of_begin_to_finish)
{
    struct cairn_blk_seg seg = { data, 512 };
    struct cairn_blk_req req = { .count = 1, .segs = &seg, .seg_count = 1 };
    cairn_clock_mono_fixed_init(&clock_fixed, 0);
    clock_fixed.base.now_ns = tick;
    open_stats(&clock_fixed.base);
    ck_ok(cairn_blk_read(&stats.base, 0, 1, data, NULL));
    ck_ok(cairn_blk_begin(&stats.base, &req, 1));
    clock_fixed.ns += 100000;
    ck_ok(cairn_blk_finish(&stats.base, &req, 1));
    ck_ok(cairn_blk_flush(&stats.base, NULL));
    cairn_blk_stats_read(&stats, &counts);
    const struct cairn_blk_count *reads = &counts.of[CAIRN_BLK_READ];
    ck_assert_uint_eq(reads->latency_ns, 1000 + 101000);
    ck_assert_uint_eq(reads->latency[9], 1);
    ck_assert_uint_eq(reads->latency[16], 1);
    ck_assert_uint_eq(cairn_blk_count_latency(reads, 50), 1024);
    ck_assert_uint_eq(cairn_blk_count_latency(reads, 99), 1024);
    ck_assert_uint_eq(cairn_blk_count_latency(reads, 100), 131072);
    ck_assert_uint_eq(cairn_blk_count_latency(&counts.of[CAIRN_BLK_WRITE], 50), 0);
}
END_TEST

static void *reader(void *arg)
{
    uint8_t own[512];
    for (int i = 0; i < 20000; i++)
        if (cairn_blk_read(&stats.base, *(const uint64_t *)arg, 1, own, NULL)) return arg;
    return NULL;
}

START_TEST(threads_lose_no_count)
{
    pthread_t threads[6];
    uint64_t blocks[6];
    open_stats(NULL);
    for (size_t i = 0; i < 6; i++) {
        blocks[i] = i;
        ck_assert_int_eq(pthread_create(&threads[i], NULL, reader, &blocks[i]), 0);
    }
    for (size_t i = 0; i < 6; i++) {
        void *failed;
        ck_assert_int_eq(pthread_join(threads[i], &failed), 0);
        ck_assert_ptr_null(failed);
    }
    cairn_blk_stats_read(&stats, &counts);
    ck_assert_uint_eq(counts.of[CAIRN_BLK_READ].requests, 6 * 20000);
    ck_assert_uint_eq(counts.batches[0], 6 * 20000);
}
END_TEST

TCase *tcase_stats(void)
{
    TCase *tcase = tcase_create("stats");
    tcase_add_test(tcase, kinds_and_bytes_are_told_apart);
    tcase_add_test(tcase, batches_are_counted_by_size);
    tcase_add_test(tcase, latency_is_of_begin_to_finish);
    tcase_add_test(tcase, threads_lose_no_count);
    return tcase;
}
