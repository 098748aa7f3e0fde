/* SPDX-License-Identifier: ISC */
/* The device that fails: each fault as planned, what a cut leaves, states kept and come back to. */
#include "units.h"
#include <cairn/blk_layers.h>
#include <string.h>
#include <tests/sim.h>

#define BLOCKS 16u
#define BYTES 4096u

static uint8_t disk[BLOCKS * BYTES], data[4 * BYTES], back[BLOCKS * BYTES];
static struct cairn_blk_mem mem;
static struct cairn_blk_sim sim;
static struct cairn_blk_sim_plan plan;
static struct cairn_blk_sim_options options;
static void *memory;

static void setup(void)
{
    memset(disk, 0, sizeof disk);
    memset(data, 'n', sizeof data);
    options = (struct cairn_blk_sim_options){ .versions = 64 };
    cairn_blk_sim_plan_init(&plan);
    memory = NULL;
}

static void open_sim(void)
{
    ck_ok(cairn_blk_mem_open(&mem, disk, BYTES, BLOCKS, NULL));
    size_t bytes = cairn_blk_sim_mem(&mem.base, &options);
    memory = malloc(bytes);
    ck_ok(cairn_blk_sim_open(&sim, &mem.base, &options, memory, bytes, &plan, NULL));
}

static void teardown(void)
{
    free(memory);
}

static struct cairn_blk_sim_rule *add(enum cairn_blk_fault fault, uint32_t on, uint64_t nth)
{
    return cairn_blk_sim_plan_add(&plan, fault, on, nth);
}

static enum cairn_err write_all(uint64_t block, uint64_t count, char fill)
{
    memset(data, fill, sizeof data);
    return cairn_blk_write(&sim.base, block, count, data, NULL);
}

static uint8_t byte_at(uint64_t block)
{
    ck_ok(cairn_blk_read(&sim.base, block, 1, back, NULL));
    return back[0];
}

/* Bytes of the block, from its beginning, that are `fill`. */
static size_t filled(uint64_t block, char fill)
{
    size_t length = 0;
    ck_ok(cairn_blk_read(&sim.base, block, 1, back, NULL));
    while (length < BYTES && back[length] == (uint8_t)fill)
        length++;
    return length;
}

/* ---- opening --------------------------------------------------------------------------------- */

START_TEST(memory_is_asked_for)
{
    struct cairn_why why = { 0 };
    ck_ok(cairn_blk_mem_open(&mem, disk, BYTES, BLOCKS, NULL));
    size_t bytes = cairn_blk_sim_mem(&mem.base, &options);
    ck_assert_uint_ge(bytes, 64 * BYTES);
    memory = malloc(bytes);
    ck_assert_int_eq(cairn_blk_sim_open(&sim, &mem.base, &options, memory, bytes - 1, &plan, &why),
                     CAIRN_ENOMEM);
    plan.atomic_bytes = 2 * BYTES;
    ck_assert_int_eq(cairn_blk_sim_open(&sim, &mem.base, &options, memory, bytes, &plan, &why),
                     CAIRN_EINVAL);
    ck_assert_str_ne(why.hint, "");
    options.versions = 0;
    ck_assert_int_eq(cairn_blk_sim_open(&sim, &mem.base, &options, memory, bytes, NULL, &why),
                     CAIRN_EINVAL);
}
END_TEST

/* ---- rules ----------------------------------------------------------------------------------- */

START_TEST(requests_fail_as_planned)
{
    struct cairn_blk_sim_rule *rule = add(CAIRN_BLK_FAULT_ERROR, CAIRN_BLK_ON_REQUEST, 3);
    rule->times = 2;
    rule->err = CAIRN_ENOSPC;
    open_sim();
    ck_ok(write_all(0, 1, 'n'));
    ck_assert_int_eq(byte_at(0), 'n');
    ck_assert_int_eq(write_all(1, 1, 'n'), CAIRN_ENOSPC);
    ck_assert_int_eq(cairn_blk_read(&sim.base, 0, 1, back, NULL), CAIRN_ENOSPC);
    ck_assert_int_eq(byte_at(1), 0);
    ck_assert_uint_eq(sim.state.requests, 5);
}
END_TEST

/* Only reads, only of two blocks, every second one from the third on. */
START_TEST(a_rule_chooses_its_requests)
{
    struct cairn_blk_sim_rule *rule = add(CAIRN_BLK_FAULT_ERROR, CAIRN_BLK_ON_READ, 3);
    *rule = (struct cairn_blk_sim_rule){ rule->fault, rule->on, .nth = 3, .every = 2 };
    rule->block = 4;
    rule->count = 2;
    open_sim();
    ck_ok(write_all(4, 2, 'n'));
    for (uint64_t i = 1; i < 10; i++) {
        ck_ok(cairn_blk_read(&sim.base, 3, 1, back, NULL));
        enum cairn_err wanted = i >= 3 && i % 2 ? CAIRN_EIO : CAIRN_OK;
        ck_assert_int_eq(cairn_blk_read(&sim.base, 5, 2, back, NULL), wanted);
        ck_ok(cairn_blk_read(&sim.base, 6, 2, back, NULL));
    }
}
END_TEST

/* Of many about a tenth, and the same ones under the same seed. */
START_TEST(chance_is_a_share_and_repeats)
{
    uint32_t hits[3] = { 0 };
    add(CAIRN_BLK_FAULT_ERROR, CAIRN_BLK_ON_READ, 0)->chance = UINT32_MAX / 10;
    open_sim();
    for (int run = 0; run < 3; run++) {
        plan.seed = run == 2;
        ck_ok(cairn_blk_sim_restart(&sim, NULL, NULL, &plan, NULL));
        for (uint32_t i = 0; i < 1000; i++)
            if (cairn_blk_read(&sim.base, 0, 1, back, NULL)) hits[run] += i;
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
    struct cairn_blk_seg seg = { data, BYTES };
    struct cairn_blk_req reqs[5];
    struct cairn_why why = { 0 };
    add(CAIRN_BLK_FAULT_ERROR, CAIRN_BLK_ON_WRITE, 2)->err = CAIRN_ENOSPC;
    add(CAIRN_BLK_FAULT_LOST, CAIRN_BLK_ON_WRITE, 4);
    open_sim();
    for (uint64_t i = 0; i < 5; i++)
        reqs[i] = (struct cairn_blk_req){
            .op = CAIRN_BLK_WRITE, .block = i, .count = 1, .segs = &seg, .seg_count = 1, .why = &why
        };
    ck_assert_int_eq(cairn_blk_submit(&sim.base, reqs, 5), CAIRN_ENOSPC);
    ck_assert_uint_eq(why.block, 1);
    for (uint64_t i = 0; i < 5; i++) {
        ck_assert_int_eq(reqs[i].status, i == 1 ? CAIRN_ENOSPC : CAIRN_OK);
        ck_assert_int_eq(byte_at(i), i == 1 || i == 3 ? 0 : 'n');
    }
}
END_TEST

/* ---- faults ---------------------------------------------------------------------------------- */

START_TEST(a_torn_write_is_new_in_part)
{
    size_t units = 0;
    add(CAIRN_BLK_FAULT_TORN, CAIRN_BLK_ON_CHANGE, 0);
    open_sim();
    for (int i = 0; i < 20; i++) {
        ck_assert_int_eq(cairn_blk_write(&sim.base, 4, 3, data, NULL), CAIRN_EIO);
        ck_ok(cairn_blk_read(&sim.base, 0, BLOCKS, back, NULL));
        for (size_t at = 0; at < sizeof back; at += 512) {
            ck_assert(back[at] == 0 || back[at] == 'n');
            ck_assert(memcmp(back + at, back + at + 1, 511) == 0);
            ck_assert(back[at] == 0 || (at >= 4 * BYTES && at < 7 * BYTES));
            units += back[at] != 0;
        }
        memset(disk, 0, sizeof disk);
    }
    ck_assert_uint_gt(units, 20 * 24 / 4);
    ck_assert_uint_lt(units, 20 * 24 * 3 / 4);
}
END_TEST

START_TEST(a_lost_write_was_never_there)
{
    add(CAIRN_BLK_FAULT_LOST, CAIRN_BLK_ON_CHANGE, 2);
    open_sim();
    ck_ok(write_all(0, 1, 'a'));
    ck_ok(write_all(0, 1, 'b'));
    ck_assert_int_eq(byte_at(0), 'a');
    ck_ok(write_all(0, 1, 'c'));
    ck_assert_int_eq(byte_at(0), 'c');
}
END_TEST

START_TEST(a_misdirected_write_is_elsewhere)
{
    add(CAIRN_BLK_FAULT_MISDIRECT, CAIRN_BLK_ON_WRITE, 1)->value = 5;
    add(CAIRN_BLK_FAULT_MISDIRECT, CAIRN_BLK_ON_WRITE, 2);
    open_sim();
    ck_ok(write_all(13, 2, 'a'));
    ck_assert_int_eq(byte_at(13), 0);
    ck_assert_int_eq(byte_at(3), 'a');
    ck_assert_int_eq(byte_at(4), 'a');
    ck_ok(write_all(7, 1, 'b'));
    ck_assert_int_eq(byte_at(7), 0);
    ck_ok(cairn_blk_read(&sim.base, 0, BLOCKS, back, NULL));
    ck_assert_ptr_nonnull(memchr(back, 'b', sizeof back));
}
END_TEST

START_TEST(a_stale_read_is_an_older_version)
{
    add(CAIRN_BLK_FAULT_STALE, CAIRN_BLK_ON_READ, 0)->times = 20;
    open_sim();
    ck_ok(write_all(1, 1, 'a'));
    ck_ok(write_all(1, 1, 'b'));
    uint32_t zeros = 0, firsts = 0;
    for (int i = 0; i < 20; i++) {
        ck_ok(cairn_blk_read(&sim.base, 0, 3, back, NULL));
        zeros += back[BYTES] == 0;
        firsts += back[BYTES] == 'a';
    }
    ck_assert(zeros > 0 && firsts > 0 && zeros + firsts == 20);
    ck_assert_int_eq(byte_at(1), 'b');
}
END_TEST

START_TEST(rot_flips_one_bit_for_good)
{
    add(CAIRN_BLK_FAULT_ROT, CAIRN_BLK_ON_READ, 2);
    open_sim();
    ck_assert_int_eq(byte_at(3), 0);
    uint32_t bits = 0;
    ck_ok(cairn_blk_read(&sim.base, 3, 1, back, NULL));
    ck_ok(cairn_blk_read(&sim.base, 3, 1, back, NULL));
    for (size_t i = 0; i < BYTES; i++)
        bits += (uint32_t)__builtin_popcount(back[i]);
    ck_assert_uint_eq(bits, 1);
}
END_TEST

START_TEST(a_lying_flush_makes_nothing_durable)
{
    add(CAIRN_BLK_FAULT_LIE, CAIRN_BLK_ON_FLUSH, 1);
    open_sim();
    ck_ok(write_all(0, 1, 'a'));
    ck_ok(cairn_blk_flush(&sim.base, NULL));
    ck_assert_uint_eq(cairn_blk_sim_versions(&sim, 0), 1);
    sim_restart(&sim, NULL, NULL);
    ck_assert_int_eq(byte_at(0), 0);
}
END_TEST

START_TEST(delays_take_time)
{
    struct cairn_clock_mono_fixed timer;
    cairn_clock_mono_fixed_init(&timer, 0);
    options.clock = &timer.base;
    add(CAIRN_BLK_FAULT_DELAY, CAIRN_BLK_ON_READ, 0)->value = 5000;
    add(CAIRN_BLK_FAULT_DELAY, CAIRN_BLK_ON_FLUSH, 0)->value = 70000;
    open_sim();
    ck_ok(cairn_blk_read(&sim.base, 0, 1, back, NULL));
    ck_ok(write_all(0, 1, 'a'));
    ck_ok(cairn_blk_flush(&sim.base, NULL));
    ck_assert_uint_eq(timer.ns, 75000);
    ck_assert_uint_eq(sim.state.delayed_ns, 75000);
}
END_TEST

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
    struct cairn_blk_seg seg = { data, BYTES };
    struct cairn_blk_req fua = { .op = CAIRN_BLK_WRITE,
                                 .flags = CAIRN_BLK_FUA,
                                 .block = 4,
                                 .count = 1,
                                 .segs = &seg,
                                 .seg_count = 1 };
    open_sim();
    ck_ok(write_all(0, 1, 'n'));
    ck_ok(cairn_blk_flush(&sim.base, NULL));
    for (uint64_t block = 1; block < 5; block++)
        ck_ok(write_all(block, 1, 'n'));
    ck_ok(cairn_blk_submit(&sim.base, &fua, 1));
    sim_restart(&sim, choose_by_block, NULL);
    static const uint64_t kept[] = { 4096, 4096, 2048, 0, 4096 };
    for (uint64_t block = 0; block < 5; block++)
        ck_assert_uint_eq(filled(block, 'n'), kept[block]);
}
END_TEST

START_TEST(what_is_atomic_does_not_tear)
{
    plan.atomic_bytes = BYTES;
    open_sim();
    ck_assert_uint_eq(sim.base.info.atomic_bytes, BYTES);
    ck_ok(write_all(2, 1, 'n'));
    sim_restart(&sim, choose_by_block, NULL);
    ck_assert_int_eq(byte_at(2), 0);
    ck_assert_uint_eq(sim.base.info.atomic_bytes, 512);
}
END_TEST

/* The event that the cut hits has no effect; the device lives again, not poisoned, afterwards. */
START_TEST(cut_takes_its_event_along)
{
    add(CAIRN_BLK_FAULT_CUT, CAIRN_BLK_ON_ANY, 2);
    open_sim();
    ck_ok(write_all(0, 1, 'n'));
    ck_assert_int_eq(cairn_blk_flush(&sim.base, NULL), CAIRN_EIO);
    ck_assert_int_eq(cairn_blk_read(&sim.base, 0, 1, back, NULL), CAIRN_EIO);
    ck_assert(sim.state.is_cut);
    sim_restart(&sim, NULL, NULL);
    ck_assert_int_eq(byte_at(0), 0);
    ck_ok(write_all(0, 1, 'n'));
    ck_ok(cairn_blk_flush(&sim.base, NULL));
}
END_TEST

/* Behind its effect: the write is one of the versions, the flush did its work. */
START_TEST(cut_behind_its_event_loses_the_answer)
{
    add(CAIRN_BLK_FAULT_CUT, CAIRN_BLK_ON_WRITE, 1)->cut = CAIRN_BLK_CUT_AFTER;
    open_sim();
    ck_assert_int_eq(write_all(1, 1, 'a'), CAIRN_EIO);
    sim_restart(&sim, choose_by_block, NULL);
    ck_assert_int_eq(byte_at(1), 'a');
    ck_ok(write_all(5, 1, 'b'));
    cairn_blk_sim_plan_init(&plan);
    add(CAIRN_BLK_FAULT_CUT, CAIRN_BLK_ON_FLUSH, 1)->cut = CAIRN_BLK_CUT_AFTER;
    cairn_blk_sim_plan_set(&sim, &plan);
    ck_assert_int_eq(cairn_blk_flush(&sim.base, NULL), CAIRN_EIO);
    sim_restart(&sim, NULL, NULL);
    ck_assert_int_eq(byte_at(5), 'b');
}
END_TEST

START_TEST(cut_within_a_flush_keeps_some)
{
    uint32_t kept = 0;
    add(CAIRN_BLK_FAULT_CUT, CAIRN_BLK_ON_FLUSH, 1)->cut = CAIRN_BLK_CUT_HALF;
    open_sim();
    for (uint64_t block = 0; block < BLOCKS; block++)
        ck_ok(write_all(block, 1, 'n'));
    ck_assert_int_eq(cairn_blk_flush(&sim.base, NULL), CAIRN_EIO);
    sim_restart(&sim, NULL, NULL);
    for (uint64_t block = 0; block < BLOCKS; block++)
        kept += byte_at(block) == 'n';
    ck_assert(kept > 2 && kept < BLOCKS - 2);
}
END_TEST

/* Without a restart the device below has what the plan leaves. */
START_TEST(a_cut_leaves_what_the_plan_says)
{
    add(CAIRN_BLK_FAULT_CUT, CAIRN_BLK_ON_READ, 1);
    for (int round = 0; round < 2; round++) {
        plan.leaves = round ? CAIRN_BLK_SIM_LEAVES_ANY : CAIRN_BLK_SIM_LEAVES_LOST;
        memset(disk, 0, sizeof disk);
        open_sim();
        for (uint64_t block = 0; block < BLOCKS; block++)
            ck_ok(write_all(block, 1, 'n'));
        ck_assert_int_eq(cairn_blk_read(&sim.base, 0, 1, back, NULL), CAIRN_EIO);
        uint32_t units = 0;
        for (size_t at = 0; at < sizeof disk; at += 512)
            units += disk[at] == 'n';
        ck_assert(round ? units > 32 && units < 96 : units == 0);
        teardown();
        memory = NULL;
    }
}
END_TEST

/* When memory runs out, all before is durable, as if it had been flushed. */
START_TEST(versions_overflow_into_durability)
{
    options.versions = 4;
    open_sim();
    for (uint64_t block = 0; block < 5; block++)
        ck_ok(write_all(block, 1, 'n'));
    ck_ok(cairn_blk_write(&sim.base, 8, 4, data, NULL));
    ck_assert_uint_eq(sim.state.overflows, 2);
    sim_restart(&sim, NULL, NULL);
    for (uint64_t block = 0; block < 12; block++)
        ck_assert_int_eq(byte_at(block), block < 5 ? 'n' : 0);
    memset(data, 'n', sizeof data);
    ck_ok(cairn_blk_zero(&sim.base, 0, BLOCKS, NULL));
    sim_restart(&sim, NULL, NULL);
    ck_assert_int_eq(byte_at(0), 0);
}
END_TEST

/* ---- all ways, and states -------------------------------------------------------------------- */

/* Two versions of one block, one of another: (2 + 1) * (1 + 1) ways, each of them once. */
START_TEST(all_ways_are_gone)
{
    struct cairn_blk_sim_ways ways;
    uint32_t mem_ways[64], seen = 0, count = 0;
    options.tracked = BLOCKS;
    plan.atomic_bytes = BYTES;
    open_sim();
    ck_ok(write_all(3, 1, 'a'));
    ck_ok(write_all(3, 1, 'b'));
    ck_ok(write_all(9, 1, 'c'));
    size_t bytes = cairn_blk_sim_save_mem(&sim);
    void *state = malloc(bytes);
    ck_ok(cairn_blk_sim_save(&sim, state, bytes, NULL));
    cairn_blk_sim_ways_init(&ways, mem_ways, sizeof mem_ways);
    do {
        ck_ok(cairn_blk_sim_restart(&sim, cairn_blk_sim_way, &ways, &plan, NULL));
        uint8_t at_3 = byte_at(3), at_9 = byte_at(9);
        seen |= 1u << ((at_3 ? at_3 - 'a' + 1 : 0) * 2 + (at_9 != 0));
        count++;
        ck_ok(cairn_blk_sim_load(&sim, state, NULL));
    } while (cairn_blk_sim_ways_next(&ways));
    ck_assert_uint_eq(count, 6);
    ck_assert_uint_eq(seen, 63);
    ck_assert(!ways.is_short);
    free(state);
}
END_TEST

START_TEST(a_state_comes_back)
{
    options.tracked = BLOCKS;
    add(CAIRN_BLK_FAULT_ERROR, CAIRN_BLK_ON_WRITE, 5);
    open_sim();
    disk[0] = 'o';
    ck_assert_uint_eq(cairn_blk_sim_hash(&sim), 0);
    ck_ok(write_all(1, 1, 'a'));
    ck_ok(cairn_blk_flush(&sim.base, NULL));
    uint64_t hash = cairn_blk_sim_hash(&sim);
    ck_assert_uint_ne(hash, 0);
    ck_ok(write_all(1, 1, 'b'));
    ck_assert_uint_eq(cairn_blk_sim_hash(&sim), hash);
    size_t bytes = cairn_blk_sim_save_mem(&sim);
    void *state = malloc(bytes);
    ck_assert_int_eq(cairn_blk_sim_save(&sim, state, bytes - 1, NULL), CAIRN_ENOMEM);
    ck_ok(cairn_blk_sim_save(&sim, state, bytes, NULL));
    for (int round = 0; round < 2; round++) {
        ck_ok(write_all(0, 1, 'c'));
        ck_ok(write_all(1, 1, 'd'));
        ck_ok(cairn_blk_flush(&sim.base, NULL));
        ck_assert_uint_ne(cairn_blk_sim_hash(&sim), hash);
        ck_assert_int_eq(write_all(2, 1, 'e'), CAIRN_EIO);
        ck_ok(cairn_blk_sim_load(&sim, state, NULL));
        ck_assert_int_eq(byte_at(0), 'o');
        ck_assert_int_eq(byte_at(1), 'b');
        ck_assert_uint_eq(cairn_blk_sim_hash(&sim), hash);
        ck_assert_uint_eq(cairn_blk_sim_versions(&sim, 1), 1);
    }
    sim_restart(&sim, NULL, NULL);
    ck_assert_int_eq(byte_at(1), 'a');
    ck_ok(cairn_blk_zero(&sim.base, 1, 1, NULL));
    ck_ok(cairn_blk_flush(&sim.base, NULL));
    ck_assert_uint_eq(cairn_blk_sim_hash(&sim), 0);
    free(state);
}
END_TEST

START_TEST(tracking_ends_with_its_memory)
{
    struct cairn_why why = { 0 };
    options.tracked = 2;
    open_sim();
    ck_ok(write_all(0, 2, 'a'));
    ck_assert_int_eq(cairn_blk_write(&sim.base, 1, 2, data, &why), CAIRN_ENOMEM);
    ck_assert_str_ne(why.hint, "");
    ck_ok(write_all(0, 2, 'b'));
    options.tracked = 0;
    teardown();
    open_sim();
    ck_assert_int_eq(cairn_blk_sim_save(&sim, data, sizeof data, NULL), CAIRN_ENOTSUP);
}
END_TEST

/* The same calls under the same plan give the same results, to the byte. */
START_TEST(the_same_seed_gives_the_same_device)
{
    static uint8_t first[sizeof disk];
    ck_ok(cairn_blk_sim_plan_parse(&plan,
                                   "seed=9,error=5%,torn=write:10%,lost=3%,rot=read:2%,"
                                   "misdirect=3%,stale=20%,lie=flush:/3,cut=/61:half,leaves=any",
                                   NULL));
    for (int round = 0; round < 2; round++) {
        memset(disk, 0, sizeof disk);
        open_sim();
        for (uint64_t i = 0; i < 300; i++) {
            enum cairn_err err = i % 7 == 0   ? cairn_blk_flush(&sim.base, NULL)
                                 : i % 3 == 0 ? cairn_blk_read(&sim.base, i % BLOCKS, 1, back, NULL)
                                              : write_all(i * 5 % (BLOCKS - 3), 1 + i % 3, (char)i);
            if (err && sim.state.is_cut)
                ck_ok(cairn_blk_sim_restart(&sim, NULL, NULL, &plan, NULL));
            else if (err && i % 7 == 0)
                sim.base.poison = 0;
        }
        if (round) ck_assert(memcmp(first, disk, sizeof disk) == 0);
        memcpy(first, disk, sizeof disk);
        teardown();
        memory = NULL;
    }
}
END_TEST

TCase *tcase_sim(void)
{
    TCase *tcase = tcase_create("sim");
    tcase_add_checked_fixture(tcase, setup, teardown);
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
    tcase_add_test(tcase, delays_take_time);
    tcase_add_test(tcase, each_block_meets_its_fate);
    tcase_add_test(tcase, what_is_atomic_does_not_tear);
    tcase_add_test(tcase, cut_takes_its_event_along);
    tcase_add_test(tcase, cut_behind_its_event_loses_the_answer);
    tcase_add_test(tcase, cut_within_a_flush_keeps_some);
    tcase_add_test(tcase, a_cut_leaves_what_the_plan_says);
    tcase_add_test(tcase, versions_overflow_into_durability);
    tcase_add_test(tcase, all_ways_are_gone);
    tcase_add_test(tcase, a_state_comes_back);
    tcase_add_test(tcase, tracking_ends_with_its_memory);
    tcase_add_test(tcase, the_same_seed_gives_the_same_device);
    return tcase;
}
