/* SPDX-License-Identifier: ISC */
/* The cache: what goes below, when, in what order; what a failure leaves. */
#include "spy.h"
#include "units.h"
#include <cairn/blk_cache.h>
#include <string.h>

#define BLOCKS 256u /* of 512 bytes; 8 to a page */
#define BYTES (BLOCKS * 512u)

static struct spy spy;
static struct cairn_blk_cache cache;
static struct cairn_blk_cache_options options;
static uint8_t below[BYTES], memory[512 * 1024], data[BYTES], back[BYTES];

static void open_pages(size_t pages)
{
    size_t bytes = cairn_blk_cache_mem(&spy.base, &options, pages * 4096);
    ck_assert_uint_le(bytes, sizeof memory);
    ck_ok(cairn_blk_cache_open(&cache, &spy.base, &options, memory, bytes, NULL));
    ck_assert_uint_eq(cache.page_count, pages);
}

static void setup(void)
{
    spy_open(&spy, below, 512, BLOCKS);
    options = (struct cairn_blk_cache_options){ .bypass_bytes = BYTES };
    for (size_t i = 0; i < BYTES; i++)
        data[i] = (uint8_t)(1 + i / 512 % 250);
}

static void write_blocks(uint64_t block, uint64_t count)
{
    ck_ok(cairn_blk_write(&cache.base, block, count, data + block * 512, NULL));
}

/* They read as data has them. */
static void expect_blocks(uint64_t block, uint64_t count)
{
    memset(back, 0xee, count * 512);
    ck_ok(cairn_blk_read(&cache.base, block, count, back, NULL));
    ck_assert_mem_eq(back, data + block * 512, count * 512);
}

static void expect_event(size_t at, int op, uint64_t block, uint64_t count)
{
    ck_assert_uint_lt(at, spy.log_count);
    ck_assert_int_eq(spy.log[at].op, op);
    ck_assert_uint_eq(spy.log[at].block, block);
    ck_assert_uint_eq(spy.log[at].count, count);
}

START_TEST(options_are_checked)
{
    struct cairn_why why = { 0 };
    options.page_bytes = 4096 * 3;
    ck_assert_int_eq(cairn_blk_cache_open(&cache, &spy.base, &options, memory, sizeof memory, &why),
                     CAIRN_EINVAL);
    ck_assert_ptr_nonnull(strstr(why.what, "512 to 32768"));
    options.page_bytes = 65536;
    ck_assert_int_eq(cairn_blk_cache_open(&cache, &spy.base, &options, memory, sizeof memory, NULL),
                     CAIRN_EINVAL);
    options.page_bytes = 4096;
    size_t least = cairn_blk_cache_mem(&spy.base, &options, 0);
    ck_assert_int_eq(cairn_blk_cache_open(&cache, &spy.base, &options, memory, least - 64, &why),
                     CAIRN_ENOMEM);
    ck_ok(cairn_blk_cache_open(&cache, &spy.base, &options, memory + 1, least, NULL));
    ck_assert_uint_eq(cairn_blk_cache_mem(&spy.base, &options, SIZE_MAX), SIZE_MAX);
}
END_TEST

START_TEST(small_write_reads_nothing)
{
    open_pages(8);
    write_blocks(3, 2);
    expect_blocks(3, 2);
    ck_assert_uint_eq(spy.log_count, 0);
    ck_ok(cairn_blk_flush(&cache.base, NULL));
    expect_event(0, CAIRN_BLK_WRITE, 3, 2);
    expect_event(1, SPY_FLUSH, 0, 0);
    ck_assert_uint_eq(spy.log_count, 2);
    ck_ok(cairn_blk_flush(&cache.base, NULL));
    ck_assert_uint_eq(spy_count(&spy, CAIRN_BLK_WRITE), 1);
}
END_TEST

/* What is dirty is not read over, what is missing around it is. */
START_TEST(read_fetches_what_the_page_lacks)
{
    open_pages(8);
    memcpy(below, data, BYTES);
    memset(data + 3 * 512, 'n', 512);
    write_blocks(3, 1);
    expect_blocks(0, 8);
    expect_event(0, CAIRN_BLK_READ, 0, 3);
    expect_event(1, CAIRN_BLK_READ, 4, 4);
    ck_assert_uint_eq(spy.batches, 1);
    expect_blocks(1, 5);
    ck_assert_uint_eq(spy.batches, 1);
}
END_TEST

START_TEST(misses_of_a_batch_go_together)
{
    struct cairn_blk_req reqs[12];
    struct cairn_blk_seg segs[12];
    open_pages(16);
    memcpy(below, data, BYTES);
    for (size_t i = 0; i < 12; i++) {
        uint64_t block = 16 * (i / 2) + i % 2; /* two to every other page */
        segs[i] = (struct cairn_blk_seg){ back + block * 512, 512 };
        reqs[i] =
            (struct cairn_blk_req){ .block = block, .count = 1, .segs = &segs[i], .seg_count = 1 };
    }
    memset(back, 0, BYTES);
    ck_ok(cairn_blk_submit(&cache.base, reqs, 12));
    for (size_t i = 0; i < 12; i++)
        ck_assert_mem_eq(segs[i].data, data + reqs[i].block * 512, 512);
    ck_assert_uint_eq(spy.batches, 1);
    ck_assert_uint_eq(spy.log_count, 6);
    struct cairn_blk_cache_counts counts;
    cairn_blk_cache_count(&cache, &counts);
    ck_assert_uint_eq(counts.misses, 6);
    ck_assert_uint_eq(counts.hits, 6);
}
END_TEST

START_TEST(flush_writes_in_order_and_joined)
{
    static const uint64_t pages[] = { 9, 2, 8, 20, 3, 10, 1 };
    open_pages(16);
    for (size_t i = 0; i < CAIRN_COUNT(pages); i++)
        write_blocks(pages[i] * 8, 8);
    ck_ok(cairn_blk_flush(&cache.base, NULL));
    expect_event(0, CAIRN_BLK_WRITE, 8, 24);
    expect_event(1, CAIRN_BLK_WRITE, 64, 24);
    expect_event(2, CAIRN_BLK_WRITE, 160, 8);
    expect_event(3, SPY_FLUSH, 0, 0);
    ck_assert_uint_eq(spy.log_count, 4);
    ck_assert_uint_eq(spy.batches, 1);
}
END_TEST

START_TEST(eviction_takes_neighbours_along)
{
    open_pages(4);
    write_blocks(80, 8);
    write_blocks(72, 8);
    write_blocks(88, 8);
    write_blocks(0, 1);
    expect_event(0, CAIRN_BLK_WRITE, 72, 24);
    ck_assert_uint_eq(spy_count(&spy, SPY_FLUSH), 0);
    expect_blocks(72, 24);
}
END_TEST

/* One page that nobody needs is enough to read, and is what a write may not take. */
START_TEST(reads_go_on_when_nothing_can_be_written)
{
    struct cairn_why why = { 0 };
    open_pages(4);
    memcpy(below, data, BYTES);
    spy_fail(&spy, 1u << CAIRN_BLK_WRITE, 0, SPY_ALWAYS);
    for (uint64_t page = 0; page < 3; page++) {
        memset(data + page * 4096, 'n', 4096);
        write_blocks(page * 8, 8);
    }
    ck_assert_int_eq(cairn_blk_write(&cache.base, 100, 1, data, &why), CAIRN_EIO);
    ck_assert_str_eq(why.via, "cache/spy");
    expect_blocks(0, BLOCKS - 1);
    ck_assert_int_eq(cairn_blk_flush(&cache.base, &why), CAIRN_EIO);
    ck_assert_int_eq(cairn_blk_write(&cache.base, 0, 1, data, NULL), CAIRN_EIO);
    expect_blocks(0, BLOCKS - 1);
    spy_fail(&spy, 0, 0, 0);
    ck_assert_int_eq(cairn_blk_close(&cache.base, &why), CAIRN_EIO);
    ck_assert_ptr_nonnull(strstr(why.hint, "3 pages"));
}
END_TEST

/* Once only: nothing is lost, and the flush that finds the page written is true. */
START_TEST(failed_write_back_is_tried_again)
{
    open_pages(4);
    spy_fail(&spy, 1u << CAIRN_BLK_WRITE, 0, 1);
    for (uint64_t page = 0; page < 6; page++)
        write_blocks(page * 16, 8);
    ck_ok(cairn_blk_flush(&cache.base, NULL));
    for (uint64_t page = 0; page < 6; page++)
        ck_assert_mem_eq(below + page * 8192, data + page * 8192, 4096);
}
END_TEST

START_TEST(bad_block_costs_only_itself)
{
    struct cairn_why why = { 0 };
    open_pages(8);
    memcpy(below, data, BYTES);
    spy_fail(&spy, 1u << CAIRN_BLK_READ, 0, SPY_ALWAYS);
    spy.fail_block = 5;
    expect_blocks(0, 5);
    expect_blocks(6, 9);
    ck_assert_int_eq(cairn_blk_read(&cache.base, 4, 3, back, &why), CAIRN_EIO);
    ck_assert_uint_eq(why.block, 5);
    ck_assert_str_eq(why.via, "cache/spy");
}
END_TEST

static enum cairn_err write_fua(uint64_t block, uint64_t count)
{
    struct cairn_blk_seg seg = { data + block * 512, count * 512 };
    struct cairn_blk_req req = { .op = CAIRN_BLK_WRITE,
                                 .flags = CAIRN_BLK_FUA,
                                 .block = block,
                                 .count = count,
                                 .segs = &seg,
                                 .seg_count = 1 };
    return cairn_blk_submit(&cache.base, &req, 1);
}

START_TEST(fua_goes_below_at_once)
{
    open_pages(8);
    write_blocks(8, 8);
    memset(data + 10 * 512, 'f', 1024);
    ck_ok(write_fua(10, 2));
    expect_event(0, CAIRN_BLK_WRITE, 10, 2);
    ck_assert_uint_eq(spy.log[0].flags, CAIRN_BLK_FUA);
    expect_blocks(8, 8);
    ck_assert_uint_eq(spy.log_count, 1);
    ck_ok(cairn_blk_flush(&cache.base, NULL));
    ck_assert_mem_eq(below + 4096, data + 4096, 4096);
}
END_TEST

/* What it would have replaced was promised to be readable. */
START_TEST(failed_fua_leaves_what_is_dirty)
{
    open_pages(8);
    write_blocks(8, 8);
    spy_fail(&spy, 1u << CAIRN_BLK_WRITE, 0, 1);
    memset(data + 10 * 512, 'f', 512);
    ck_assert_int_eq(write_fua(10, 1), CAIRN_EIO);
    memset(data + 10 * 512, 11, 512);
    expect_blocks(8, 8);
}
END_TEST

START_TEST(through_leaves_nothing_behind)
{
    options.write_through = true;
    open_pages(4);
    expect_blocks(0, 0);
    ck_ok(cairn_blk_read(&cache.base, 0, 1, back, NULL));
    write_blocks(2, 3);
    ck_assert_mem_eq(below + 1024, data + 1024, 1536);
    size_t seen = spy.log_count;
    expect_blocks(2, 3);
    ck_assert_uint_eq(spy.log_count, seen);
    spy_fail(&spy, 1u << CAIRN_BLK_WRITE, 0, 1);
    ck_assert_int_eq(cairn_blk_write(&cache.base, 2, 1, data, NULL), CAIRN_EIO);
    expect_blocks(2, 3);
    ck_assert_uint_eq(spy_count(&spy, CAIRN_BLK_READ), 2);
}
END_TEST

START_TEST(large_requests_go_past)
{
    options.bypass_bytes = 8192;
    open_pages(16);
    write_blocks(0, 24);
    expect_event(0, CAIRN_BLK_WRITE, 0, 24);
    write_blocks(30, 1);
    memset(data + 4 * 512, 'l', 30 * 512);
    write_blocks(4, 30);
    expect_event(1, CAIRN_BLK_WRITE, 4, 30);
    ck_ok(cairn_blk_flush(&cache.base, NULL));
    expect_blocks(0, 34);
    ck_assert_mem_eq(below, data, 34 * 512);
    struct cairn_blk_cache_counts counts;
    cairn_blk_cache_count(&cache, &counts);
    ck_assert_uint_eq(counts.bypasses, 3);
}
END_TEST

START_TEST(zero_and_discard_are_followed)
{
    open_pages(8);
    write_blocks(0, 24);
    ck_ok(cairn_blk_zero(&cache.base, 4, 8, NULL));
    memset(data + 4 * 512, 0, 8 * 512);
    expect_blocks(0, 24);
    ck_ok(cairn_blk_discard(&cache.base, 14, 10, NULL));
    expect_blocks(0, 14);
    ck_ok(cairn_blk_flush(&cache.base, NULL));
    ck_assert_mem_eq(below, data, 14 * 512);
    ck_assert_uint_eq(below[16 * 512], 0xdd);
}
END_TEST

START_TEST(dirty_is_data)
{
    struct cairn_blk_extent extents[8];
    size_t used;
    open_pages(8);
    write_blocks(200, 1);
    write_blocks(40, 4);
    memset(below + 16 * 512, 1, 512);
    ck_ok(cairn_blk_extents(&cache.base, 0, BLOCKS, extents, 8, &used, NULL));
    static const struct cairn_blk_extent expected[] = { { 0, 16, false },   { 16, 1, true },
                                                        { 17, 23, false },  { 40, 4, true },
                                                        { 44, 156, false }, { 200, 1, true },
                                                        { 201, 55, false } };
    ck_assert_uint_eq(used, CAIRN_COUNT(expected));
    for (size_t i = 0; i < used; i++) {
        ck_assert_uint_eq(extents[i].block, expected[i].block);
        ck_assert_uint_eq(extents[i].count, expected[i].count);
        ck_assert(extents[i].data == expected[i].data);
    }
    ck_assert_uint_eq(spy.log_count, 0);
}
END_TEST

START_TEST(sequential_reads_are_read_ahead)
{
    options.readahead_bytes = 3 * 4096;
    open_pages(16);
    memcpy(below, data, BYTES);
    expect_blocks(0, 8); /* the first one begins where the last one ended, at 0 */
    expect_event(0, CAIRN_BLK_READ, 0, 32);
    expect_blocks(8, 24);
    ck_assert_uint_eq(spy.log_count, 1);
    expect_blocks(100, 1);
    expect_event(1, CAIRN_BLK_READ, 96, 8);
    expect_blocks(248, 8);
    expect_event(2, CAIRN_BLK_READ, 248, 8);
}
END_TEST

/* A read that has to wait for room is still the one that follows the last. */
START_TEST(dirty_pages_do_not_end_reading_ahead)
{
    struct cairn_blk_cache_counts counts;
    options.readahead_bytes = 4096;
    open_pages(8);
    for (uint64_t block = 64; block <= 160; block += 32)
        write_blocks(block, 8);
    memcpy(below, data, 64 * 512);
    for (uint64_t block = 0; block < 64; block += 8)
        expect_blocks(block, 8);
    cairn_blk_cache_count(&cache, &counts);
    ck_assert_uint_eq(counts.write_backs, 4);
    ck_assert_uint_eq(counts.misses, 4);
    ck_assert_uint_eq(counts.readaheads, 4);
}
END_TEST

START_TEST(close_writes_back_without_a_flush)
{
    open_pages(8);
    write_blocks(50, 20);
    ck_ok(cairn_blk_close(&cache.base, NULL));
    ck_assert_mem_eq(below + 50 * 512, data + 50 * 512, 20 * 512);
    ck_assert_uint_eq(spy_count(&spy, SPY_FLUSH), 0);
}
END_TEST

TCase *tcase_cache(void)
{
    TCase *tcase = tcase_create("cache");
    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_add_test(tcase, options_are_checked);
    tcase_add_test(tcase, small_write_reads_nothing);
    tcase_add_test(tcase, read_fetches_what_the_page_lacks);
    tcase_add_test(tcase, misses_of_a_batch_go_together);
    tcase_add_test(tcase, flush_writes_in_order_and_joined);
    tcase_add_test(tcase, eviction_takes_neighbours_along);
    tcase_add_test(tcase, reads_go_on_when_nothing_can_be_written);
    tcase_add_test(tcase, failed_write_back_is_tried_again);
    tcase_add_test(tcase, bad_block_costs_only_itself);
    tcase_add_test(tcase, fua_goes_below_at_once);
    tcase_add_test(tcase, failed_fua_leaves_what_is_dirty);
    tcase_add_test(tcase, through_leaves_nothing_behind);
    tcase_add_test(tcase, large_requests_go_past);
    tcase_add_test(tcase, zero_and_discard_are_followed);
    tcase_add_test(tcase, dirty_is_data);
    tcase_add_test(tcase, sequential_reads_are_read_ahead);
    tcase_add_test(tcase, dirty_pages_do_not_end_reading_ahead);
    tcase_add_test(tcase, close_writes_back_without_a_flush);
    return tcase;
}
