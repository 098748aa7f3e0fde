/* SPDX-License-Identifier: ISC */
/* The device that fails: each failure as planned, and what a cut leaves. */
#include "units.h"
#include <cairn/blk_sim.h>
#include <string.h>

#define BLOCKS 16

static uint8_t memory[2 * BLOCKS * 4096 + BLOCKS / 8];
static uint8_t data[4096], back[4096];
static struct cairn_blk_sim sim;
static struct cairn_blk_sim_plan plan;

static void setup(void)
{
    cairn_blk_sim_plan_init(&plan);
    memset(data, 'n', sizeof data);
}

static void open_sim(void)
{
    ck_ok(cairn_blk_sim_open(&sim, 4096, BLOCKS, memory, sizeof memory, &plan, NULL));
}

START_TEST(memory_is_asked_for)
{
    ck_assert_uint_eq(cairn_blk_sim_mem(4096, BLOCKS), sizeof memory);
    ck_assert_int_eq(cairn_blk_sim_open(&sim, 4096, BLOCKS, memory, sizeof memory - 1, &plan, NULL),
                     CAIRN_ENOMEM);
    plan.atomic_bytes = 0;
    ck_assert_int_eq(cairn_blk_sim_open(&sim, 4096, BLOCKS, memory, sizeof memory, &plan, NULL),
                     CAIRN_EINVAL);
}
END_TEST

START_TEST(requests_fail_as_planned)
{
    plan.fail_at = 2;
    plan.fail_count = 2;
    plan.fail_with = CAIRN_ENOSPC;
    open_sim();
    ck_ok(cairn_blk_write(&sim.base, 0, 1, data, NULL));
    ck_ok(cairn_blk_read(&sim.base, 0, 1, back, NULL));
    ck_assert_int_eq(cairn_blk_write(&sim.base, 1, 1, data, NULL), CAIRN_ENOSPC);
    ck_assert_int_eq(cairn_blk_read(&sim.base, 0, 1, back, NULL), CAIRN_ENOSPC);
    ck_ok(cairn_blk_read(&sim.base, 1, 1, back, NULL));
    ck_assert_uint_eq(back[0], 0);
}
END_TEST

static enum cairn_blk_sim_fate fate_by_block(void *ctx, uint64_t block)
{
    (void)ctx;
    return block == 1 ? CAIRN_BLK_SIM_KEPT : block == 2 ? CAIRN_BLK_SIM_TORN : CAIRN_BLK_SIM_LOST;
}

/* Block 0 was flushed, 1 is kept, 2 torn, 3 lost, 4 written with FUA. */
START_TEST(each_block_meets_its_fate)
{
    struct cairn_blk_seg seg = { data, 4096 };
    struct cairn_blk_req fua = { .op = CAIRN_BLK_WRITE,
                                 .flags = CAIRN_BLK_FUA,
                                 .block = 4,
                                 .count = 1,
                                 .segs = &seg,
                                 .seg_count = 1 };
    open_sim();
    ck_ok(cairn_blk_write(&sim.base, 0, 1, data, NULL));
    ck_ok(cairn_blk_flush(&sim.base, NULL));
    for (uint64_t block = 1; block < 4; block++)
        ck_ok(cairn_blk_write(&sim.base, block, 1, data, NULL));
    ck_ok(cairn_blk_submit(&sim.base, &fua, 1));
    cairn_blk_sim_restart(&sim, fate_by_block, NULL, &plan);
    static const uint64_t kept[] = { 4096, 4096, 2048, 0, 4096 };
    for (uint64_t block = 0; block < 5; block++) {
        uint64_t length = 0;
        ck_ok(cairn_blk_read(&sim.base, block, 1, back, NULL));
        while (length < 4096 && back[length] == 'n')
            length++;
        ck_assert_uint_eq(length, kept[block]);
    }
}
END_TEST

START_TEST(what_is_atomic_does_not_tear)
{
    plan.atomic_bytes = 4096;
    open_sim();
    ck_assert_uint_eq(sim.base.info.atomic_bytes, 4096);
    ck_ok(cairn_blk_write(&sim.base, 2, 1, data, NULL));
    cairn_blk_sim_restart(&sim, fate_by_block, NULL, &plan);
    ck_ok(cairn_blk_read(&sim.base, 2, 1, back, NULL));
    ck_assert_uint_eq(back[0], 0);
}
END_TEST

/* The event that the cut hits has no effect; the device lives again, not poisoned, afterwards. */
START_TEST(cut_takes_its_event_along)
{
    plan.cut_at = 1;
    open_sim();
    ck_ok(cairn_blk_write(&sim.base, 0, 1, data, NULL));
    ck_assert_int_eq(cairn_blk_flush(&sim.base, NULL), CAIRN_EIO);
    ck_assert_int_eq(cairn_blk_read(&sim.base, 0, 1, back, NULL), CAIRN_EIO);
    cairn_blk_sim_plan_init(&plan);
    cairn_blk_sim_restart(&sim, NULL, NULL, &plan);
    ck_ok(cairn_blk_read(&sim.base, 0, 1, back, NULL));
    ck_assert_uint_eq(back[0], 0);
    ck_ok(cairn_blk_write(&sim.base, 0, 1, data, NULL));
    ck_ok(cairn_blk_flush(&sim.base, NULL));
}
END_TEST

TCase *tcase_sim(void)
{
    TCase *tcase = tcase_create("sim");
    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_add_test(tcase, memory_is_asked_for);
    tcase_add_test(tcase, requests_fail_as_planned);
    tcase_add_test(tcase, each_block_meets_its_fate);
    tcase_add_test(tcase, what_is_atomic_does_not_tear);
    tcase_add_test(tcase, cut_takes_its_event_along);
    return tcase;
}
