/* SPDX-License-Identifier: ISC */
/* What the front and single layers do beyond the rules of every device. */
#include "spy.h"
#include "strict.h"
#include "units.h"
#include <cairn/blk_layers.h>
#include <cairn/blk_mem.h>
#include <string.h>
#include <tests/sim.h>

static uint8_t memory[64 * 512] __attribute__((aligned(STRICT_MEM_ALIGN)));
static uint8_t disk[64 * 512], bounce[4096];

START_TEST(mem_refuses_odd_shapes)
{
    struct cairn_blk_mem mem;
    struct cairn_why why = { 0 };
    ck_assert_int_eq(cairn_blk_mem_open(&mem, memory, 0, 1, &why), CAIRN_EINVAL);
    ck_assert_int_eq(cairn_blk_mem_open(&mem, memory, 256, 1, &why), CAIRN_EINVAL);
    ck_assert_int_eq(cairn_blk_mem_open(&mem, memory, 513, 1, &why), CAIRN_EINVAL);
    ck_assert_int_eq(cairn_blk_mem_open(&mem, memory, 131072, 1, &why), CAIRN_EINVAL);
    ck_assert_int_eq(cairn_blk_mem_open(&mem, memory, 512, UINT64_MAX / 512, &why), CAIRN_EINVAL);
    ck_assert_str_ne(why.what, "");
}
END_TEST

/* Two partitions stand on one disk: a flush that fails for one has failed for both. */
START_TEST(neighbours_share_the_poison)
{
    struct cairn_blk_mem below;
    struct cairn_blk_sim sim;
    struct cairn_blk_slice left, right;
    void *log = sim_open(&sim, &below, disk, 512, 64);
    cairn_blk_sim_fail(&sim, CAIRN_BLK_ON_FLUSH, 1, 1);
    ck_ok(cairn_blk_slice_open(&left, &sim.base, 0, 32, "left", NULL));
    ck_ok(cairn_blk_slice_open(&right, &sim.base, 32, 32, "right", NULL));
    ck_assert_int_eq(cairn_blk_flush(&left.base, NULL), CAIRN_EIO);
    ck_assert_int_eq(cairn_blk_write(&right.base, 0, 1, memory, NULL), CAIRN_EIO);
    ck_assert_int_eq(cairn_blk_flush(&right.base, NULL), CAIRN_EIO);
    ck_ok(cairn_blk_read(&right.base, 0, 1, memory, NULL));
    free(log);
}
END_TEST

START_TEST(slice_must_lie_inside)
{
    struct cairn_blk_mem mem;
    struct cairn_blk_slice slice;
    struct cairn_why why = { 0 };
    ck_ok(cairn_blk_mem_open(&mem, memory, 512, 64, NULL));
    ck_assert_int_eq(cairn_blk_slice_open(&slice, &mem.base, 60, 5, "p", &why), CAIRN_ERANGE);
    ck_assert_int_eq(cairn_blk_slice_open(&slice, &mem.base, UINT64_MAX, 2, "p", &why),
                     CAIRN_ERANGE);
    ck_assert_str_eq(why.via, "mem");
    ck_ok(cairn_blk_slice_open(&slice, &mem.base, 60, 4, "p", &why));
    ck_ok(cairn_blk_slice_open(&slice, &mem.base, 64, 0, "p", &why));
}
END_TEST

/* What is atomic at an aligned place below is not at a place that the slice only calls aligned. */
START_TEST(slice_promises_no_more_than_its_place)
{
    struct strict strict;
    struct cairn_blk_slice slice;
    strict_open(&strict, memory, 512, 64);
    strict.base.info.atomic_bytes = 4096;
    ck_ok(cairn_blk_slice_open(&slice, &strict.base, 8, 16, "p", NULL));
    ck_assert_uint_eq(slice.base.info.atomic_bytes, 4096);
    ck_ok(cairn_blk_slice_open(&slice, &strict.base, 10, 16, "p", NULL));
    ck_assert_uint_eq(slice.base.info.atomic_bytes, 1024);
}
END_TEST

START_TEST(absent_is_refused)
{
    struct strict strict;
    struct cairn_blk_seg seg = { memory, 512 };
    struct cairn_blk_req req = {
        .op = CAIRN_BLK_WRITE, .flags = CAIRN_BLK_FUA, .count = 1, .segs = &seg, .seg_count = 1
    };
    strict_open(&strict, memory, 512, 64);
    ck_assert_int_eq(cairn_blk_discard(&strict.base, 0, 1, NULL), CAIRN_ENOTSUP);
    ck_assert_int_eq(cairn_blk_resize(&strict.base, 1, NULL), CAIRN_ENOTSUP);
    strict.base.info.fua = CAIRN_BLK_ABSENT;
    ck_assert_int_eq(cairn_blk_submit(&strict.base, &req, 1), CAIRN_ENOTSUP);
    strict.base.info.zero = CAIRN_BLK_ABSENT;
    ck_assert_int_eq(cairn_blk_zero(&strict.base, 0, 1, NULL), CAIRN_ENOTSUP);
}
END_TEST

/* FUA by a flush that fails: the write is not durable, and says so. */
START_TEST(emulated_fua_fails_with_its_flush)
{
    struct cairn_blk_mem below;
    struct cairn_blk_sim sim;
    struct cairn_blk_seg seg = { memory, 512 };
    struct cairn_blk_req reqs[2] = {
        { .op = CAIRN_BLK_WRITE, .block = 0, .count = 1, .segs = &seg, .seg_count = 1 },
        { .op = CAIRN_BLK_WRITE, .block = 1, .count = 1, .segs = &seg, .seg_count = 1 },
    };
    reqs[1].flags = CAIRN_BLK_FUA;
    void *log = sim_open(&sim, &below, disk, 512, 64);
    cairn_blk_sim_fail(&sim, CAIRN_BLK_ON_FLUSH, 1, 1);
    sim.base.info.fua = CAIRN_BLK_EMULATED;
    ck_assert_int_eq(cairn_blk_submit(&sim.base, reqs, 2), CAIRN_EIO);
    ck_ok(reqs[0].status);
    ck_assert_int_eq(reqs[1].status, CAIRN_EIO);
    ck_assert_int_eq(cairn_blk_flush(&sim.base, NULL), CAIRN_EIO);
    free(log);
}
END_TEST

/* What requests share explains the first that failed, also where zeros are written one by one, and
 * where FUA is a flush that fails behind it. */
START_TEST(explanation_is_of_the_first)
{
    struct spy spy;
    struct cairn_why why = { 0 };
    struct cairn_blk_seg seg = { memory, 512 };
    struct cairn_blk_req reqs[4] = {
        { .op = CAIRN_BLK_WRITE, .block = 1, .count = 1, .segs = &seg, .seg_count = 1 },
        { .op = CAIRN_BLK_ZERO, .block = 3, .count = 2 },
        { .op = CAIRN_BLK_WRITE, .block = 7, .count = 1, .segs = &seg, .seg_count = 1 },
        { .op = CAIRN_BLK_WRITE, .block = 9, .count = 1, .segs = &seg, .seg_count = 1 },
    };
    for (unsigned i = 0; i < 4; i++)
        reqs[i].why = &why;
    reqs[3].flags = CAIRN_BLK_FUA;
    spy_open(&spy, disk, 512, 64);
    spy.base.info.zero = CAIRN_BLK_EMULATED;
    spy.base.info.fua = CAIRN_BLK_EMULATED;
    spy_fail(&spy, 1u << CAIRN_BLK_WRITE | 1u << SPY_FLUSH, (uint64_t)_i, SPY_ALWAYS);
    ck_assert_int_eq(cairn_blk_submit(&spy.base, reqs, 4), CAIRN_EIO);
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(reqs[i].status, i < _i && i < 3 ? CAIRN_OK : CAIRN_EIO);
    static const uint64_t blocks[] = { 1, 3, 7, 9, 0 };
    ck_assert_uint_eq(why.block, blocks[_i]);
    ck_assert_str_eq(why.via, "spy");
}
END_TEST

/* The write that FUA is about is done, one before it is not, and then the flush fails. */
START_TEST(flush_does_not_explain_for_a_write)
{
    struct spy spy;
    struct cairn_why why = { 0 };
    struct cairn_blk_seg seg = { memory, 512 };
    struct cairn_blk_req reqs[2] = {
        { .op = CAIRN_BLK_WRITE, .block = 5, .count = 1, .segs = &seg, .seg_count = 1 },
        { .op = CAIRN_BLK_WRITE, .block = 9, .count = 1, .segs = &seg, .seg_count = 1 },
    };
    reqs[0].why = reqs[1].why = &why;
    reqs[1].flags = CAIRN_BLK_FUA;
    spy_open(&spy, disk, 512, 64);
    spy.base.info.fua = CAIRN_BLK_EMULATED;
    spy_fail(&spy, 1u << CAIRN_BLK_WRITE | 1u << SPY_FLUSH, 0, SPY_ALWAYS);
    spy.fail_block = 5;
    ck_assert_int_eq(cairn_blk_submit(&spy.base, reqs, 2), CAIRN_EIO);
    ck_assert_int_eq(reqs[1].status, CAIRN_EIO);
    ck_assert_uint_eq(why.block, 5);
}
END_TEST

/* A flush that fails explains itself to each request that it fails. */
START_TEST(each_fua_write_is_explained)
{
    struct spy spy;
    struct cairn_why whys[2] = { 0 };
    struct cairn_blk_seg seg = { memory, 512 };
    struct cairn_blk_req reqs[2] = {
        { .op = CAIRN_BLK_WRITE, .block = 1, .count = 1, .segs = &seg, .seg_count = 1 },
        { .op = CAIRN_BLK_WRITE, .block = 3, .count = 1, .segs = &seg, .seg_count = 1 },
    };
    for (unsigned i = 0; i < 2; i++) {
        reqs[i].flags = CAIRN_BLK_FUA;
        reqs[i].why = &whys[i];
    }
    spy_open(&spy, disk, 512, 64);
    spy.base.info.fua = CAIRN_BLK_EMULATED;
    spy_fail(&spy, 1u << SPY_FLUSH, 0, 1);
    ck_assert_int_eq(cairn_blk_submit(&spy.base, reqs, 2), CAIRN_EIO);
    for (unsigned i = 0; i < 2; i++) {
        ck_assert_int_eq(reqs[i].status, CAIRN_EIO);
        ck_assert_int_eq(whys[i].err, CAIRN_EIO);
        ck_assert_str_eq(whys[i].via, "spy");
    }
}
END_TEST

START_TEST(blocksize_needs_its_memory)
{
    struct cairn_blk_mem mem;
    struct cairn_blk_resized resized;
    ck_ok(cairn_blk_mem_open(&mem, memory, 4096, 8, NULL));
    ck_assert_uint_eq(cairn_blk_blocksize_mem(&mem.base, 4096), 0);
    ck_assert_uint_eq(cairn_blk_blocksize_mem(&mem.base, 8192), 0);
    ck_assert_int_eq(cairn_blk_blocksize_open(&resized, &mem.base, 512, memory, 100, NULL),
                     CAIRN_ENOMEM);
    ck_assert_int_eq(cairn_blk_blocksize_open(&resized, &mem.base, 1000, memory, 4096, NULL),
                     CAIRN_EINVAL);
}
END_TEST

/* However the caller's memory lies, a block below is written once: else it would tear. */
START_TEST(blocksize_keeps_blocks_whole)
{
    struct spy spy;
    struct cairn_blk_resized resized;
    struct cairn_blk_seg segs[9];
    struct cairn_blk_req req = {
        .op = CAIRN_BLK_WRITE, .block = 7, .count = 9, .segs = segs, .seg_count = 9
    };
    spy_open(&spy, disk, 4096, 8);
    spy.base.info.atomic_bytes = 8192;
    ck_ok(cairn_blk_blocksize_open(&resized, &spy.base, 512, bounce, sizeof bounce, NULL));
    ck_assert_uint_eq(resized.base.info.atomic_bytes, 4096);
    for (int i = 0; i < 9; i++)
        segs[i] = (struct cairn_blk_seg){ memset(memory + i * 512, 'a' + i, 512), 512 };
    ck_ok(cairn_blk_submit(&resized.base, &req, 1));
    ck_assert_uint_eq(spy_count(&spy, CAIRN_BLK_WRITE), 2);
    ck_assert_uint_eq(spy_count(&spy, CAIRN_BLK_READ), 1);
    ck_assert_mem_eq(disk + 7 * 512, memory, 9 * 512);
    ck_assert_int_eq(disk[7 * 512 - 1] | disk[16 * 512], 0);
    memset(memory, 0, sizeof memory);
    req.op = CAIRN_BLK_READ;
    ck_ok(cairn_blk_submit(&resized.base, &req, 1));
    ck_assert_mem_eq(disk + 7 * 512, memory, 9 * 512);
    ck_ok(cairn_blk_close(&resized.base, NULL));
}
END_TEST

/* A tail that fills no larger block is not there. */
START_TEST(blocksize_hides_the_tail)
{
    struct cairn_blk_mem mem;
    struct cairn_blk_resized resized;
    ck_ok(cairn_blk_mem_open(&mem, memory, 512, 63, NULL));
    ck_ok(cairn_blk_blocksize_open(&resized, &mem.base, 4096, NULL, 0, NULL));
    ck_assert_uint_eq(resized.base.info.block_count, 7);
    ck_ok(cairn_blk_close(&resized.base, NULL));
}
END_TEST

TCase *tcase_front(void)
{
    TCase *tcase = tcase_create("front");
    tcase_add_test(tcase, mem_refuses_odd_shapes);
    tcase_add_test(tcase, neighbours_share_the_poison);
    tcase_add_test(tcase, slice_must_lie_inside);
    tcase_add_test(tcase, slice_promises_no_more_than_its_place);
    tcase_add_test(tcase, absent_is_refused);
    tcase_add_test(tcase, emulated_fua_fails_with_its_flush);
    tcase_add_loop_test(tcase, explanation_is_of_the_first, 0, 5);
    tcase_add_test(tcase, flush_does_not_explain_for_a_write);
    tcase_add_test(tcase, each_fua_write_is_explained);
    tcase_add_test(tcase, blocksize_needs_its_memory);
    tcase_add_test(tcase, blocksize_keeps_blocks_whole);
    tcase_add_test(tcase, blocksize_hides_the_tail);
    return tcase;
}
