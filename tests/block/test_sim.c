/* SPDX-License-Identifier: ISC */
/* The device that fails: each fault as planned. */
#include "sim_unit.h"
#include "units.h"
#include <string.h>

/* ---- opening --------------------------------------------------------------------------------- */

START_TEST(memory_is_asked_for)
{
    struct cairn_why why = { 0 };
    ck_ok(cairn_blk_mem_open(&t.mem, t.disk, BYTES, BLOCKS, NULL));
    size_t bytes = cairn_blk_sim_mem(&t.mem.base, &t.options);
    ck_assert_uint_ge(bytes, 64 * BYTES);
    t.memory = malloc(bytes);
    ck_assert_int_eq(
        cairn_blk_sim_open(&t.sim, &t.mem.base, &t.options, t.memory, bytes - 1, &t.plan, &why),
        CAIRN_ENOMEM);
    t.plan.atomic_bytes = 2 * BYTES;
    ck_assert_int_eq(
        cairn_blk_sim_open(&t.sim, &t.mem.base, &t.options, t.memory, bytes, &t.plan, &why),
        CAIRN_EINVAL);
    ck_assert_str_ne(why.hint, "");
    t.options.versions = 0;
    ck_assert_int_eq(
        cairn_blk_sim_open(&t.sim, &t.mem.base, &t.options, t.memory, bytes, NULL, &why),
        CAIRN_EINVAL);
}
END_TEST

/* ---- rules ----------------------------------------------------------------------------------- */

START_TEST(requests_fail_as_planned)
{
    struct cairn_blk_sim_rule *rule = sim_unit_add(CAIRN_BLK_FAULT_ERROR, CAIRN_BLK_ON_REQUEST, 3);
    rule->times = 2;
    rule->err = CAIRN_ENOSPC;
    sim_unit_open();
    ck_ok(sim_unit_write(0, 1, 'n'));
    ck_assert_int_eq(sim_unit_byte(0), 'n');
    ck_assert_int_eq(sim_unit_write(1, 1, 'n'), CAIRN_ENOSPC);
    ck_assert_int_eq(cairn_blk_read(&t.sim.base, 0, 1, t.back, NULL), CAIRN_ENOSPC);
    ck_assert_int_eq(sim_unit_byte(1), 0);
    ck_assert_uint_eq(t.sim.state.requests, 5);
}
END_TEST

/* Only reads, only of two blocks, every second one from the third on. */
START_TEST(a_rule_chooses_its_requests)
{
    struct cairn_blk_sim_rule *rule = sim_unit_add(CAIRN_BLK_FAULT_ERROR, CAIRN_BLK_ON_READ, 3);
    *rule = (struct cairn_blk_sim_rule){ rule->fault, rule->on, .nth = 3, .every = 2 };
    rule->block = 4;
    rule->count = 2;
    sim_unit_open();
    ck_ok(sim_unit_write(4, 2, 'n'));
    for (uint64_t i = 1; i < 10; i++) {
        ck_ok(cairn_blk_read(&t.sim.base, 3, 1, t.back, NULL));
        enum cairn_err wanted = i >= 3 && i % 2 ? CAIRN_EIO : CAIRN_OK;
        ck_assert_int_eq(cairn_blk_read(&t.sim.base, 5, 2, t.back, NULL), wanted);
        ck_ok(cairn_blk_read(&t.sim.base, 6, 2, t.back, NULL));
    }
}
END_TEST

/* Of many about a tenth, and the same ones under the same seed. */
START_TEST(chance_is_a_share_and_repeats)
{
    uint32_t hits[3] = { 0 };
    sim_unit_add(CAIRN_BLK_FAULT_ERROR, CAIRN_BLK_ON_READ, 0)->chance = UINT32_MAX / 10;
    sim_unit_open();
    for (int run = 0; run < 3; run++) {
        t.plan.seed = run == 2;
        ck_ok(cairn_blk_sim_restart(&t.sim, NULL, NULL, &t.plan, NULL));
        for (uint32_t i = 0; i < 1000; i++)
            if (cairn_blk_read(&t.sim.base, 0, 1, t.back, NULL)) hits[run] += i;
    }
    ck_assert_uint_gt(hits[0], 60 * 500);
    ck_assert_uint_lt(hits[0], 140 * 500);
    ck_assert_uint_eq(hits[0], hits[1]);
    ck_assert_uint_ne(hits[0], hits[2]);
}
END_TEST

/* What of a batch is not hit is done; the first failure is explained. */
START_TEST(a_batch_fails_by_the_request)
{
    struct cairn_blk_seg seg = { t.data, BYTES };
    struct cairn_blk_req reqs[5];
    struct cairn_why why = { 0 };
    sim_unit_add(CAIRN_BLK_FAULT_ERROR, CAIRN_BLK_ON_WRITE, 2)->err = CAIRN_ENOSPC;
    sim_unit_add(CAIRN_BLK_FAULT_LOST, CAIRN_BLK_ON_WRITE, 4);
    sim_unit_open();
    for (uint64_t i = 0; i < 5; i++)
        reqs[i] = (struct cairn_blk_req){
            .op = CAIRN_BLK_WRITE, .block = i, .count = 1, .segs = &seg, .seg_count = 1, .why = &why
        };
    ck_assert_int_eq(cairn_blk_submit(&t.sim.base, reqs, 5), CAIRN_ENOSPC);
    ck_assert_uint_eq(why.block, 1);
    for (uint64_t i = 0; i < 5; i++) {
        ck_assert_int_eq(reqs[i].status, i == 1 ? CAIRN_ENOSPC : CAIRN_OK);
        ck_assert_int_eq(sim_unit_byte(i), i == 1 || i == 3 ? 0 : 'n');
    }
}
END_TEST

/* ---- faults ---------------------------------------------------------------------------------- */

START_TEST(a_torn_write_is_new_in_part)
{
    size_t units = 0;
    sim_unit_add(CAIRN_BLK_FAULT_TORN, CAIRN_BLK_ON_CHANGE, 0);
    sim_unit_open();
    for (int i = 0; i < 20; i++) {
        ck_assert_int_eq(cairn_blk_write(&t.sim.base, 4, 3, t.data, NULL), CAIRN_EIO);
        ck_ok(cairn_blk_read(&t.sim.base, 0, BLOCKS, t.back, NULL));
        for (size_t at = 0; at < sizeof t.back; at += 512) {
            ck_assert(t.back[at] == 0 || t.back[at] == 'n');
            ck_assert(memcmp(t.back + at, t.back + at + 1, 511) == 0);
            ck_assert(t.back[at] == 0 || (at >= 4 * BYTES && at < 7 * BYTES));
            units += t.back[at] != 0;
        }
        memset(t.disk, 0, sizeof t.disk);
    }
    ck_assert_uint_gt(units, 20 * 24 / 4);
    ck_assert_uint_lt(units, 20 * 24 * 3 / 4);
}
END_TEST

START_TEST(a_lost_write_was_never_there)
{
    sim_unit_add(CAIRN_BLK_FAULT_LOST, CAIRN_BLK_ON_CHANGE, 2);
    sim_unit_open();
    ck_ok(sim_unit_write(0, 1, 'a'));
    ck_ok(sim_unit_write(0, 1, 'b'));
    ck_assert_int_eq(sim_unit_byte(0), 'a');
    ck_ok(sim_unit_write(0, 1, 'c'));
    ck_assert_int_eq(sim_unit_byte(0), 'c');
}
END_TEST

START_TEST(a_misdirected_write_is_elsewhere)
{
    sim_unit_add(CAIRN_BLK_FAULT_MISDIRECT, CAIRN_BLK_ON_WRITE, 1)->value = 5;
    sim_unit_add(CAIRN_BLK_FAULT_MISDIRECT, CAIRN_BLK_ON_WRITE, 2);
    sim_unit_open();
    ck_ok(sim_unit_write(13, 2, 'a'));
    ck_assert_int_eq(sim_unit_byte(13), 0);
    ck_assert_int_eq(sim_unit_byte(3), 'a');
    ck_assert_int_eq(sim_unit_byte(4), 'a');
    ck_ok(sim_unit_write(7, 1, 'b'));
    ck_assert_int_eq(sim_unit_byte(7), 0);
    ck_ok(cairn_blk_read(&t.sim.base, 0, BLOCKS, t.back, NULL));
    ck_assert_ptr_nonnull(memchr(t.back, 'b', sizeof t.back));
}
END_TEST

START_TEST(a_stale_read_is_an_older_version)
{
    sim_unit_add(CAIRN_BLK_FAULT_STALE, CAIRN_BLK_ON_READ, 0)->times = 20;
    sim_unit_open();
    ck_ok(sim_unit_write(1, 1, 'a'));
    ck_ok(sim_unit_write(1, 1, 'b'));
    uint32_t zeros = 0, firsts = 0;
    for (int i = 0; i < 20; i++) {
        ck_ok(cairn_blk_read(&t.sim.base, 0, 3, t.back, NULL));
        zeros += t.back[BYTES] == 0;
        firsts += t.back[BYTES] == 'a';
    }
    ck_assert(zeros > 0 && firsts > 0 && zeros + firsts == 20);
    ck_assert_int_eq(sim_unit_byte(1), 'b');
}
END_TEST

START_TEST(rot_flips_one_bit_for_good)
{
    sim_unit_add(CAIRN_BLK_FAULT_ROT, CAIRN_BLK_ON_READ, 2);
    sim_unit_open();
    ck_assert_int_eq(sim_unit_byte(3), 0);
    uint32_t bits = 0;
    ck_ok(cairn_blk_read(&t.sim.base, 3, 1, t.back, NULL));
    ck_ok(cairn_blk_read(&t.sim.base, 3, 1, t.back, NULL));
    for (size_t i = 0; i < BYTES; i++)
        bits += (uint32_t)__builtin_popcount(t.back[i]);
    ck_assert_uint_eq(bits, 1);
}
END_TEST

START_TEST(a_lying_flush_makes_nothing_durable)
{
    sim_unit_add(CAIRN_BLK_FAULT_LIE, CAIRN_BLK_ON_FLUSH, 1);
    sim_unit_open();
    ck_ok(sim_unit_write(0, 1, 'a'));
    ck_ok(cairn_blk_flush(&t.sim.base, NULL));
    ck_assert_uint_eq(cairn_blk_sim_versions(&t.sim, 0), 1);
    sim_restart(&t.sim, NULL, NULL);
    ck_assert_int_eq(sim_unit_byte(0), 0);
}
END_TEST

/* FUA by a flush: until that has come through, the write is as any other. */
START_TEST(emulated_fua_is_durable_by_its_flush)
{
    struct cairn_blk_seg seg = { t.data, BYTES };
    struct cairn_blk_req req = {
        .op = CAIRN_BLK_WRITE, .flags = CAIRN_BLK_FUA, .count = 1, .segs = &seg, .seg_count = 1
    };
    sim_unit_add(CAIRN_BLK_FAULT_LIE, CAIRN_BLK_ON_FLUSH, 1);
    sim_unit_open();
    t.sim.base.info.fua = _i ? CAIRN_BLK_NATIVE : CAIRN_BLK_EMULATED;
    ck_ok(cairn_blk_submit(&t.sim.base, &req, 1));
    ck_assert_uint_eq(cairn_blk_sim_versions(&t.sim, 0), _i ? 0 : 1);
}
END_TEST

START_TEST(delays_take_time)
{
    struct cairn_clock_mono_fixed timer;
    cairn_clock_mono_fixed_init(&timer, 0);
    t.options.clock = &timer.base;
    sim_unit_add(CAIRN_BLK_FAULT_DELAY, CAIRN_BLK_ON_READ, 0)->value = 5000;
    sim_unit_add(CAIRN_BLK_FAULT_DELAY, CAIRN_BLK_ON_FLUSH, 0)->value = 70000;
    sim_unit_open();
    ck_ok(cairn_blk_read(&t.sim.base, 0, 1, t.back, NULL));
    ck_ok(sim_unit_write(0, 1, 'a'));
    ck_ok(cairn_blk_flush(&t.sim.base, NULL));
    ck_assert_uint_eq(timer.ns, 75000);
    ck_assert_uint_eq(t.sim.state.delayed_ns, 75000);
}
END_TEST

/* The same calls under the same plan give the same results, to the byte. */
START_TEST(the_same_seed_gives_the_same_device)
{
    static uint8_t first[sizeof t.disk];
    ck_ok(cairn_blk_sim_plan_parse(&t.plan,
                                   "seed=9,error=5%,torn=write:10%,lost=3%,rot=read:2%,"
                                   "misdirect=3%,stale=20%,lie=flush:/3,cut=/61:half,leaves=any",
                                   NULL));
    for (int round = 0; round < 2; round++) {
        memset(t.disk, 0, sizeof t.disk);
        sim_unit_open();
        for (uint64_t i = 0; i < 300; i++) {
            enum cairn_err err = i % 7 == 0 ? cairn_blk_flush(&t.sim.base, NULL)
                                 : i % 3 == 0
                                     ? cairn_blk_read(&t.sim.base, i % BLOCKS, 1, t.back, NULL)
                                     : sim_unit_write(i * 5 % (BLOCKS - 3), 1 + i % 3, (char)i);
            if (err && t.sim.state.is_cut)
                ck_ok(cairn_blk_sim_restart(&t.sim, NULL, NULL, &t.plan, NULL));
            else if (err && i % 7 == 0)
                t.sim.base.poison = 0;
        }
        if (round) ck_assert(memcmp(first, t.disk, sizeof t.disk) == 0);
        memcpy(first, t.disk, sizeof t.disk);
        sim_unit_close();
    }
}
END_TEST

TCase *tcase_sim(void)
{
    TCase *tcase = tcase_create("sim");
    tcase_add_checked_fixture(tcase, sim_unit_setup, sim_unit_close);
    tcase_add_test(tcase, memory_is_asked_for);
    tcase_add_test(tcase, requests_fail_as_planned);
    tcase_add_test(tcase, a_rule_chooses_its_requests);
    tcase_add_test(tcase, chance_is_a_share_and_repeats);
    tcase_add_test(tcase, a_batch_fails_by_the_request);
    tcase_add_test(tcase, a_torn_write_is_new_in_part);
    tcase_add_test(tcase, a_lost_write_was_never_there);
    tcase_add_test(tcase, a_misdirected_write_is_elsewhere);
    tcase_add_test(tcase, a_stale_read_is_an_older_version);
    tcase_add_test(tcase, rot_flips_one_bit_for_good);
    tcase_add_test(tcase, a_lying_flush_makes_nothing_durable);
    tcase_add_loop_test(tcase, emulated_fua_is_durable_by_its_flush, 0, 2);
    tcase_add_test(tcase, delays_take_time);
    tcase_add_test(tcase, the_same_seed_gives_the_same_device);
    return tcase;
}
