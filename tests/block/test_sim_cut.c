/* SPDX-License-Identifier: ISC */
/* What a cut leaves of a device, and states of it that are kept and come back to. */
#include "sim_unit.h"
#include "spy.h"
#include "units.h"
#include <string.h>

/* ---- cuts ------------------------------------------------------------------------------------ */

static uint32_t choose_by_block(void *ctx, const struct cairn_blk_sim_choice *choice)
{
    (void)ctx;
    enum cairn_blk_sim_fate fate = choice->block == 1   ? CAIRN_BLK_SIM_KEPT
                                   : choice->block == 2 ? CAIRN_BLK_SIM_TORN
                                                        : CAIRN_BLK_SIM_LOST;
    return cairn_blk_sim_fate_version(fate, choice);
}

/* Block 0 was flushed, 1 is kept, 2 torn, 3 lost, 4 written with FUA. */
START_TEST(each_block_meets_its_fate)
{
    struct cairn_blk_seg seg = { t.data, BYTES };
    struct cairn_blk_req fua = { .op = CAIRN_BLK_WRITE,
                                 .flags = CAIRN_BLK_FUA,
                                 .block = 4,
                                 .count = 1,
                                 .segs = &seg,
                                 .seg_count = 1 };
    sim_unit_open();
    ck_ok(sim_unit_write(0, 1, 'n'));
    ck_ok(cairn_blk_flush(&t.sim.base, NULL));
    for (uint64_t block = 1; block < 5; block++)
        ck_ok(sim_unit_write(block, 1, 'n'));
    ck_ok(cairn_blk_submit(&t.sim.base, &fua, 1));
    sim_restart(&t.sim, choose_by_block, NULL);
    static const uint64_t kept[] = { 4096, 4096, 2048, 0, 4096 };
    for (uint64_t block = 0; block < 5; block++)
        ck_assert_uint_eq(sim_unit_filled(block, 'n'), kept[block]);
}
END_TEST

START_TEST(what_is_atomic_does_not_tear)
{
    t.plan.atomic_bytes = BYTES;
    sim_unit_open();
    ck_assert_uint_eq(t.sim.base.info.atomic_bytes, BYTES);
    ck_ok(sim_unit_write(2, 1, 'n'));
    sim_restart(&t.sim, choose_by_block, NULL);
    ck_assert_int_eq(sim_unit_byte(2), 0);
    ck_assert_uint_eq(t.sim.base.info.atomic_bytes, 512);
}
END_TEST

/* The event that the cut hits has no effect; the device lives again, not poisoned, afterwards. */
START_TEST(cut_takes_its_event_along)
{
    sim_unit_add(CAIRN_BLK_FAULT_CUT, CAIRN_BLK_ON_ANY, 2);
    sim_unit_open();
    ck_ok(sim_unit_write(0, 1, 'n'));
    ck_assert_int_eq(cairn_blk_flush(&t.sim.base, NULL), CAIRN_EIO);
    ck_assert_int_eq(cairn_blk_read(&t.sim.base, 0, 1, t.back, NULL), CAIRN_EIO);
    ck_assert(t.sim.state.is_cut);
    sim_restart(&t.sim, NULL, NULL);
    ck_assert_int_eq(sim_unit_byte(0), 0);
    ck_ok(sim_unit_write(0, 1, 'n'));
    ck_ok(cairn_blk_flush(&t.sim.base, NULL));
}
END_TEST

/* Behind its effect: the write is one of the versions, the flush did its work. */
START_TEST(cut_behind_its_event_loses_the_answer)
{
    sim_unit_add(CAIRN_BLK_FAULT_CUT, CAIRN_BLK_ON_WRITE, 1)->cut = CAIRN_BLK_CUT_AFTER;
    sim_unit_open();
    ck_assert_int_eq(sim_unit_write(1, 1, 'a'), CAIRN_EIO);
    sim_restart(&t.sim, choose_by_block, NULL);
    ck_assert_int_eq(sim_unit_byte(1), 'a');
    ck_ok(sim_unit_write(5, 1, 'b'));
    cairn_blk_sim_plan_init(&t.plan);
    sim_unit_add(CAIRN_BLK_FAULT_CUT, CAIRN_BLK_ON_FLUSH, 1)->cut = CAIRN_BLK_CUT_AFTER;
    cairn_blk_sim_plan_set(&t.sim, &t.plan);
    ck_assert_int_eq(cairn_blk_flush(&t.sim.base, NULL), CAIRN_EIO);
    sim_restart(&t.sim, NULL, NULL);
    ck_assert_int_eq(sim_unit_byte(5), 'b');
}
END_TEST

START_TEST(cut_within_a_flush_keeps_some)
{
    uint32_t kept = 0;
    sim_unit_add(CAIRN_BLK_FAULT_CUT, CAIRN_BLK_ON_FLUSH, 1)->cut = CAIRN_BLK_CUT_HALF;
    sim_unit_open();
    for (uint64_t block = 0; block < BLOCKS; block++)
        ck_ok(sim_unit_write(block, 1, 'n'));
    ck_assert_int_eq(cairn_blk_flush(&t.sim.base, NULL), CAIRN_EIO);
    sim_restart(&t.sim, NULL, NULL);
    for (uint64_t block = 0; block < BLOCKS; block++)
        kept += sim_unit_byte(block) == 'n';
    ck_assert(kept > 2 && kept < BLOCKS - 2);
}
END_TEST

/* Without a restart the device below has what the plan leaves. */
START_TEST(a_cut_leaves_what_the_plan_says)
{
    sim_unit_add(CAIRN_BLK_FAULT_CUT, CAIRN_BLK_ON_READ, 1);
    for (int round = 0; round < 2; round++) {
        t.plan.leaves = round ? CAIRN_BLK_SIM_LEAVES_ANY : CAIRN_BLK_SIM_LEAVES_LOST;
        memset(t.disk, 0, sizeof t.disk);
        sim_unit_open();
        for (uint64_t block = 0; block < BLOCKS; block++)
            ck_ok(sim_unit_write(block, 1, 'n'));
        ck_assert_int_eq(cairn_blk_read(&t.sim.base, 0, 1, t.back, NULL), CAIRN_EIO);
        uint32_t units = 0;
        for (size_t at = 0; at < sizeof t.disk; at += 512)
            units += t.disk[at] == 'n';
        ck_assert(round ? units > 32 && units < 96 : units == 0);
        sim_unit_close();
    }
}
END_TEST

/* When memory runs out, all before is durable, as if it had been flushed. */
START_TEST(versions_overflow_into_durability)
{
    t.options.versions = 4;
    sim_unit_open();
    for (uint64_t block = 0; block < 5; block++)
        ck_ok(sim_unit_write(block, 1, 'n'));
    ck_ok(cairn_blk_write(&t.sim.base, 8, 4, t.data, NULL));
    ck_assert_uint_eq(t.sim.state.overflows, 2);
    sim_restart(&t.sim, NULL, NULL);
    for (uint64_t block = 0; block < 12; block++)
        ck_assert_int_eq(sim_unit_byte(block), block < 5 ? 'n' : 0);
    memset(t.data, 'n', sizeof t.data);
    ck_ok(cairn_blk_zero(&t.sim.base, 0, BLOCKS, NULL));
    sim_restart(&t.sim, NULL, NULL);
    ck_assert_int_eq(sim_unit_byte(0), 0);
}
END_TEST

/* ---- all ways, and states -------------------------------------------------------------------- */

/* Two versions of one block, one of another: (2 + 1) * (1 + 1) ways, each of them once. */
START_TEST(all_ways_are_gone)
{
    struct cairn_blk_sim_ways ways;
    uint32_t mem_ways[64], seen = 0, count = 0;
    t.options.tracked = BLOCKS;
    t.plan.atomic_bytes = BYTES;
    sim_unit_open();
    ck_ok(sim_unit_write(3, 1, 'a'));
    ck_ok(sim_unit_write(3, 1, 'b'));
    ck_ok(sim_unit_write(9, 1, 'c'));
    size_t bytes = cairn_blk_sim_save_mem(&t.sim);
    void *state = malloc(bytes);
    ck_ok(cairn_blk_sim_save(&t.sim, state, bytes, NULL));
    cairn_blk_sim_ways_init(&ways, mem_ways, sizeof mem_ways);
    do {
        ck_ok(cairn_blk_sim_restart(&t.sim, cairn_blk_sim_way, &ways, &t.plan, NULL));
        uint8_t at_3 = sim_unit_byte(3), at_9 = sim_unit_byte(9);
        seen |= 1u << ((at_3 ? at_3 - 'a' + 1 : 0) * 2 + (at_9 != 0));
        count++;
        ck_ok(cairn_blk_sim_load(&t.sim, state, NULL));
    } while (cairn_blk_sim_ways_next(&ways));
    ck_assert_uint_eq(count, 6);
    ck_assert_uint_eq(seen, 63);
    ck_assert(!ways.is_short);
    free(state);
}
END_TEST

START_TEST(a_state_comes_back)
{
    t.options.tracked = BLOCKS;
    sim_unit_add(CAIRN_BLK_FAULT_ERROR, CAIRN_BLK_ON_WRITE, 5);
    sim_unit_open();
    t.disk[0] = 'o';
    ck_assert_uint_eq(cairn_blk_sim_hash(&t.sim), 0);
    ck_ok(sim_unit_write(1, 1, 'a'));
    ck_ok(cairn_blk_flush(&t.sim.base, NULL));
    uint64_t hash = cairn_blk_sim_hash(&t.sim);
    ck_assert_uint_ne(hash, 0);
    ck_ok(sim_unit_write(1, 1, 'b'));
    ck_assert_uint_eq(cairn_blk_sim_hash(&t.sim), hash);
    size_t bytes = cairn_blk_sim_save_mem(&t.sim);
    void *state = malloc(bytes);
    ck_assert_int_eq(cairn_blk_sim_save(&t.sim, state, bytes - 1, NULL), CAIRN_ENOMEM);
    ck_ok(cairn_blk_sim_save(&t.sim, state, bytes, NULL));
    for (int round = 0; round < 2; round++) {
        ck_ok(sim_unit_write(0, 1, 'c'));
        ck_ok(sim_unit_write(1, 1, 'd'));
        ck_ok(cairn_blk_flush(&t.sim.base, NULL));
        ck_assert_uint_ne(cairn_blk_sim_hash(&t.sim), hash);
        ck_assert_int_eq(sim_unit_write(2, 1, 'e'), CAIRN_EIO);
        ck_ok(cairn_blk_sim_load(&t.sim, state, NULL));
        ck_assert_int_eq(sim_unit_byte(0), 'o');
        ck_assert_int_eq(sim_unit_byte(1), 'b');
        ck_assert_uint_eq(cairn_blk_sim_hash(&t.sim), hash);
        ck_assert_uint_eq(cairn_blk_sim_versions(&t.sim, 1), 1);
    }
    sim_restart(&t.sim, NULL, NULL);
    ck_assert_int_eq(sim_unit_byte(1), 'a');
    ck_ok(cairn_blk_zero(&t.sim.base, 1, 1, NULL));
    ck_ok(cairn_blk_flush(&t.sim.base, NULL));
    ck_assert_uint_eq(cairn_blk_sim_hash(&t.sim), 0);
    free(state);
}
END_TEST

/* The device below fails in the middle: sim remembers what it did before, and loading is done
 * again. */
START_TEST(a_state_fails_to_come_back)
{
    static struct spy spy;
    static uint8_t bytes[BLOCKS * 512];
    struct cairn_blk_sim sim;
    struct cairn_blk_sim_options options = { .versions = 8, .tracked = 8 };
    spy_open(&spy, bytes, 512, BLOCKS);
    size_t need = cairn_blk_sim_mem(&spy.base, &options);
    void *memory = malloc(need);
    ck_ok(cairn_blk_sim_open(&sim, &spy.base, &options, memory, need, NULL, NULL));
    for (char fill = 'a'; fill <= 'c'; fill++)
        ck_ok(cairn_blk_write(&sim.base, 0, 1, memset(t.data, fill, 512), NULL));
    size_t state_bytes = cairn_blk_sim_save_mem(&sim);
    void *state = malloc(state_bytes);
    ck_ok(cairn_blk_sim_save(&sim, state, state_bytes, NULL));
    ck_ok(cairn_blk_flush(&sim.base, NULL));
    for (uint64_t block = 0; block < 4; block++)
        ck_ok(cairn_blk_write(&sim.base, block, 1, memset(t.data, 'd', 512), NULL));
    spy_fail(&spy, 1u << CAIRN_BLK_WRITE, (uint64_t)_i, 1);
    ck_assert_int_eq(cairn_blk_sim_load(&sim, state, NULL), CAIRN_EIO);
    for (uint64_t block = 0; block < 4; block++)
        ck_assert_uint_eq(cairn_blk_sim_versions(&sim, block), 1);
    ck_ok(cairn_blk_sim_restart(&sim, NULL, NULL, NULL, NULL));
    ck_ok(cairn_blk_sim_load(&sim, state, NULL));
    ck_assert_uint_eq(cairn_blk_sim_versions(&sim, 0), 3);
    ck_assert_int_eq(bytes[0], 'c');
    ck_assert_int_eq(bytes[512], 0);
    ck_ok(cairn_blk_close(&sim.base, NULL));
    free(memory);
    free(state);
}
END_TEST

START_TEST(tracking_ends_with_its_memory)
{
    struct cairn_why why = { 0 };
    t.options.tracked = 2;
    sim_unit_open();
    ck_ok(sim_unit_write(0, 2, 'a'));
    ck_assert_int_eq(cairn_blk_write(&t.sim.base, 1, 2, t.data, &why), CAIRN_ENOMEM);
    ck_assert_str_ne(why.hint, "");
    ck_ok(sim_unit_write(0, 2, 'b'));
    t.options.tracked = 0;
    sim_unit_close();
    sim_unit_open();
    ck_assert_int_eq(cairn_blk_sim_save(&t.sim, t.data, sizeof t.data, NULL), CAIRN_ENOTSUP);
}
END_TEST

TCase *tcase_sim_cut(void)
{
    TCase *tcase = tcase_create("sim-cut");
    tcase_add_checked_fixture(tcase, sim_unit_setup, sim_unit_close);
    tcase_add_test(tcase, each_block_meets_its_fate);
    tcase_add_test(tcase, what_is_atomic_does_not_tear);
    tcase_add_test(tcase, cut_takes_its_event_along);
    tcase_add_test(tcase, cut_behind_its_event_loses_the_answer);
    tcase_add_test(tcase, cut_within_a_flush_keeps_some);
    tcase_add_test(tcase, a_cut_leaves_what_the_plan_says);
    tcase_add_test(tcase, versions_overflow_into_durability);
    tcase_add_test(tcase, all_ways_are_gone);
    tcase_add_test(tcase, a_state_comes_back);
    tcase_add_loop_test(tcase, a_state_fails_to_come_back, 0, 4);
    tcase_add_test(tcase, tracking_ends_with_its_memory);
    return tcase;
}
