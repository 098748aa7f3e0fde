/* SPDX-License-Identifier: ISC */
/* The mirror: what goes to which leg, what a failing one costs, comparing and resyncing. */
#include "spy.h"
#include "tape/tape.h"
#include "units.h"
#include <cairn/blk_mirror.h>
#include <string.h>

#define LEGS 3u
#define BLOCKS 64u /* of 512 bytes */
#define BYTES (BLOCKS * 512u)
#define ON_WRITE (1u << CAIRN_BLK_WRITE)
#define ON_READ (1u << CAIRN_BLK_READ)
#define ON_FLUSH (1u << SPY_FLUSH)

static struct spy spies[LEGS];
static struct cairn_blk *legs[LEGS];
static struct cairn_blk_mirror mirror;
static struct cairn_blk_mirror_options options;
static uint8_t bytes[LEGS][BYTES + 512], memory[8192], data[BYTES], back[BYTES];
static struct cairn_why why;

static void open_mirror(uint32_t count)
{
    ck_ok(cairn_blk_mirror_open(&mirror, legs, count, &options, memory, sizeof memory, NULL));
}

/* The second leg is larger by a block. */
static void setup(void)
{
    options = (struct cairn_blk_mirror_options){ 0 };
    cairn_why_clear(&why);
    for (unsigned i = 0; i < LEGS; i++) {
        spy_open(&spies[i], bytes[i], 512, BLOCKS + (i == 1));
        legs[i] = &spies[i].base;
    }
    for (size_t i = 0; i < BYTES; i++)
        data[i] = (uint8_t)(1 + i / 512);
}

static enum cairn_err write_blocks(uint64_t block, uint64_t count)
{
    return cairn_blk_write(&mirror.base, block, count, data + block * 512, &why);
}

static void expect_blocks(uint64_t block, uint64_t count)
{
    memset(back, 0xee, BYTES);
    ck_ok(cairn_blk_read(&mirror.base, block, count, back, &why));
    ck_assert_mem_eq(back, data + block * 512, count * 512);
}

START_TEST(legs_must_fit)
{
    struct spy other;
    static uint8_t memory_of_other[65536];
    ck_assert_int_eq(cairn_blk_mirror_open(&mirror, legs, 1, NULL, memory, sizeof memory, NULL),
                     CAIRN_EINVAL);
    ck_assert_int_eq(cairn_blk_mirror_open(&mirror, legs, 9, NULL, memory, sizeof memory, NULL),
                     CAIRN_EINVAL);
    size_t need = cairn_blk_mirror_mem(legs, 2);
    ck_assert_int_eq(cairn_blk_mirror_open(&mirror, legs, 2, NULL, memory, need - 1, NULL),
                     CAIRN_ENOMEM);
    ck_ok(cairn_blk_mirror_open(&mirror, legs, 2, NULL, memory, need, NULL));
    ck_assert_uint_eq(mirror.base.info.block_count, BLOCKS);
    spy_open(&other, memory_of_other, 4096, 16);
    legs[1] = &other.base;
    ck_assert_int_eq(cairn_blk_mirror_open(&mirror, legs, 2, NULL, memory, sizeof memory, &why),
                     CAIRN_EINVAL);
}
END_TEST

/* What one leg cannot, the mirror cannot, and then it has no granularity either. */
START_TEST(promises_are_those_of_all_legs)
{
    spies[1].base.info.zero = CAIRN_BLK_EMULATED;
    spies[1].base.info.zero_bytes = 0;
    spies[1].base.info.discard = CAIRN_BLK_ABSENT;
    spies[1].base.info.discard_bytes = 0;
    open_mirror(3);
    ck_assert_int_eq(mirror.base.info.zero, CAIRN_BLK_EMULATED);
    ck_assert_uint_eq(mirror.base.info.zero_bytes, 0);
    ck_assert_int_eq(mirror.base.info.discard, CAIRN_BLK_ABSENT);
    ck_assert_uint_eq(mirror.base.info.discard_bytes, 0);
}
END_TEST

START_TEST(changes_go_to_all_at_once)
{
    open_mirror(3);
    spy_begun_most = 0;
    ck_ok(write_blocks(3, 10));
    ck_assert_uint_eq(spy_begun_most, 3);
    ck_ok(cairn_blk_zero(&mirror.base, 4, 2, NULL));
    ck_ok(cairn_blk_flush(&mirror.base, NULL));
    for (unsigned i = 0; i < 3; i++) {
        ck_assert_uint_eq(spies[i].log_count, 3);
        ck_assert_mem_eq(bytes[i], bytes[0], BYTES);
    }
    expect_blocks(6, 7);
    ck_assert_uint_eq(spies[1].log_count, 3);
}
END_TEST

/* More requests than there are copies for. */
START_TEST(batches_of_any_size)
{
    struct cairn_blk_req reqs[BLOCKS] = { 0 };
    struct cairn_blk_seg segs[BLOCKS];
    open_mirror(3);
    for (unsigned i = 0; i < BLOCKS; i++) {
        segs[i] = (struct cairn_blk_seg){ data + i * 512, 512 };
        reqs[i] = (struct cairn_blk_req){ .op = CAIRN_BLK_WRITE, .block = i, .count = 1 };
        reqs[i].segs = &segs[i];
        reqs[i].seg_count = 1;
    }
    ck_ok(cairn_blk_submit(&mirror.base, reqs, BLOCKS));
    for (unsigned i = 0; i < 3; i++)
        ck_assert_mem_eq(bytes[i], data, BYTES);
    for (unsigned i = 0; i < BLOCKS; i++)
        reqs[i].op = CAIRN_BLK_READ;
    memset(data, 0, BYTES);
    ck_ok(cairn_blk_submit(&mirror.base, reqs, BLOCKS));
    ck_assert_mem_eq(bytes[0], data, BYTES);
}
END_TEST

START_TEST(failing_leg_is_dropped)
{
    open_mirror(2);
    spy_fail(&spies[0], _i ? ON_FLUSH : ON_WRITE, 0, 1);
    ck_ok(write_blocks(5, 1));
    ck_ok(cairn_blk_flush(&mirror.base, &why));
    ck_assert_int_eq(why.err, CAIRN_OK);
    ck_assert_uint_eq(cairn_blk_mirror_failed(&mirror), 1);
    size_t seen = spies[0].log_count;
    ck_ok(write_blocks(6, 2));
    expect_blocks(5, 3);
    ck_assert_uint_eq(spies[0].log_count, seen);
    ck_ok(cairn_blk_flush(&mirror.base, NULL));
}
END_TEST

START_TEST(last_leg_is_not_dropped)
{
    open_mirror(2);
    ck_ok(write_blocks(0, 8));
    spy_fail(&spies[1], ON_WRITE, 0, 1);
    ck_ok(write_blocks(5, 1));
    spy_fail(&spies[0], ON_WRITE | ON_READ, 0, 2);
    ck_assert_int_eq(write_blocks(6, 1), CAIRN_EIO);
    ck_assert_str_eq(why.via, "mirror/spy");
    ck_assert_int_eq(cairn_blk_read(&mirror.base, 1, 1, back, &why), CAIRN_EIO);
    ck_assert_str_eq(why.via, "mirror/spy");
    ck_assert_uint_eq(cairn_blk_mirror_failed(&mirror), 2);
    ck_ok(write_blocks(6, 1));
    spy_fail(&spies[0], ON_FLUSH, 0, 1);
    ck_assert_int_eq(cairn_blk_flush(&mirror.base, NULL), CAIRN_EIO);
    ck_assert_int_eq(write_blocks(6, 1), CAIRN_EIO);
    expect_blocks(0, 8);
}
END_TEST

/* It is not the leg's fault. */
START_TEST(what_all_fail_fails)
{
    open_mirror(2);
    spy_fail(&spies[0], ON_WRITE, 0, 1);
    spy_fail(&spies[1], ON_WRITE, 0, 1);
    ck_assert_int_eq(write_blocks(5, 1), CAIRN_EIO);
    ck_assert_str_eq(why.via, "mirror/spy");
    ck_assert_uint_eq(why.block, 5);
    ck_assert_uint_eq(cairn_blk_mirror_failed(&mirror), 0);
}
END_TEST

/* Each request gets the explanation of its own failure, on the leg of which it has its status. */
START_TEST(failures_are_not_mixed_up)
{
    struct cairn_why whys[2] = { 0 };
    struct cairn_blk_seg seg = { data, 512 };
    struct cairn_blk_req reqs[2] = {
        { .op = CAIRN_BLK_WRITE, .block = 3, .count = 1, .segs = &seg, .seg_count = 1 },
        { .op = CAIRN_BLK_WRITE, .block = 7, .count = 1, .segs = &seg, .seg_count = 1 },
    };
    reqs[0].why = &whys[0];
    reqs[1].why = &whys[1];
    options.strict = true;
    open_mirror(2);
    spy_fail(&spies[_i & 1], ON_WRITE, 0, SPY_ALWAYS);
    if (_i & 2) spies[!(_i & 1)].base.poison = CAIRN_ENOSPC;
    enum cairn_err err = _i == 3 ? CAIRN_ENOSPC : CAIRN_EIO;
    ck_assert_int_eq(cairn_blk_submit(&mirror.base, reqs, 2), err);
    for (unsigned i = 0; i < 2; i++) {
        ck_assert_int_eq(reqs[i].status, err);
        ck_assert_int_eq(whys[i].err, err);
        ck_assert_uint_eq(whys[i].block, reqs[i].block);
        ck_assert_str_eq(whys[i].via, "mirror/spy");
    }
}
END_TEST

START_TEST(strict_drops_nothing)
{
    options.strict = true;
    open_mirror(2);
    spy_fail(&spies[1], ON_WRITE, 0, 1);
    ck_assert_int_eq(write_blocks(5, 1), CAIRN_EIO);
    ck_assert_uint_eq(cairn_blk_mirror_failed(&mirror), 0);
    ck_ok(write_blocks(5, 1));
    spy_fail(&spies[0], ON_FLUSH, 0, 1);
    ck_assert_int_eq(cairn_blk_flush(&mirror.base, NULL), CAIRN_EIO);
    ck_assert_int_eq(write_blocks(5, 1), CAIRN_EIO);
}
END_TEST

START_TEST(reads_go_to_the_next_leg)
{
    options.repair = _i;
    open_mirror(3);
    ck_ok(write_blocks(0, BLOCKS));
    spy_fail(&spies[0], ON_READ, 0, 1);
    spy_fail(&spies[1], ON_READ, 0, 1);
    spy_clear(&spies[0]);
    expect_blocks(3, 4);
    ck_assert_int_eq(why.err, CAIRN_OK);
    ck_assert_uint_eq(cairn_blk_mirror_failed(&mirror), 0);
    ck_assert_uint_eq(spy_count(&spies[0], CAIRN_BLK_WRITE), (size_t)_i);
    ck_assert_mem_eq(bytes[0], data, BYTES);
}
END_TEST

START_TEST(comparing_finds_the_leg_and_the_block)
{
    uint64_t block = 0;
    options.compare = _i;
    open_mirror(3);
    ck_ok(write_blocks(0, BLOCKS));
    ck_ok(cairn_blk_mirror_compare(&mirror, 0, BLOCKS, &block, &why));
    bytes[2][37 * 512 + 9] ^= 1;
    bytes[2][50 * 512] ^= 1;
    ck_ok(cairn_blk_mirror_compare(&mirror, 0, 37, &block, &why));
    ck_assert_int_eq(cairn_blk_mirror_compare(&mirror, 1, 60, &block, &why), CAIRN_ECORRUPT);
    ck_assert_uint_eq(block, 37);
    ck_assert_ptr_nonnull(strstr(why.what, "leg 3"));
    ck_assert_int_eq(cairn_blk_mirror_compare(&mirror, 1, BLOCKS, &block, NULL), CAIRN_ERANGE);
    enum cairn_err err = cairn_blk_read(&mirror.base, 30, 10, back, &why);
    ck_assert_int_eq(err, _i ? CAIRN_ECORRUPT : CAIRN_OK);
    if (_i) ck_assert_uint_eq(why.block, 37);
}
END_TEST

/* What a discard leaves would differ. */
START_TEST(comparing_zeroes_for_discard)
{
    options.compare = true;
    open_mirror(2);
    ck_ok(write_blocks(0, 8));
    ck_ok(cairn_blk_discard(&mirror.base, 2, 3, NULL));
    ck_assert_uint_eq(spy_count(&spies[0], CAIRN_BLK_ZERO), 1);
    ck_assert_uint_eq(spy_count(&spies[0], CAIRN_BLK_DISCARD), 0);
}
END_TEST

START_TEST(resync_copies_data_and_holes)
{
    open_mirror(2);
    memset(bytes[0], 0x55, BYTES);
    ck_ok(cairn_blk_zero(&mirror.base, 0, BLOCKS, NULL));
    spy_fail(&spies[0], ON_WRITE, 0, 1);
    ck_ok(write_blocks(10, 20));
    memset(bytes[0], 0x66, BYTES);
    spy_clear(&spies[0]);
    ck_assert_int_eq(cairn_blk_mirror_resync(&mirror, 1, &why), CAIRN_EINVAL);
    ck_assert_int_eq(cairn_blk_mirror_resync(&mirror, 2, &why), CAIRN_EINVAL);
    spy_fail(&spies[0], ON_WRITE, 1, 1);
    ck_assert_int_eq(cairn_blk_mirror_resync(&mirror, 0, &why), CAIRN_EIO);
    ck_assert_uint_eq(cairn_blk_mirror_failed(&mirror), 1);
    ck_ok(cairn_blk_mirror_resync(&mirror, 0, &why));
    ck_assert_uint_eq(cairn_blk_mirror_failed(&mirror), 0);
    ck_assert_mem_eq(bytes[0], bytes[1], BYTES);
    ck_assert_int_eq(spies[0].log[spies[0].log_count - 1].op, SPY_FLUSH);
    expect_blocks(10, 20);
}
END_TEST

START_TEST(poisoned_leg_is_dropped)
{
    open_mirror(2);
    spy_fail(&spies[1], ON_FLUSH, 0, 1);
    ck_assert_int_eq(cairn_blk_flush(legs[1], NULL), CAIRN_EIO);
    ck_ok(write_blocks(0, 1));
    ck_assert_uint_eq(cairn_blk_mirror_failed(&mirror), 2);
}
END_TEST

/* Any change fails on any leg: what is said to have succeeded is there, and good legs agree. */
static bool any_faults(struct tape *tape)
{
    uint64_t differs;
    uint8_t model[BLOCKS] = { 0 };
    setup();
    options.repair = tape_bool(tape);
    options.strict = tape_bool(tape);
    open_mirror(2 + (uint32_t)tape_pick(tape, 2));
    for (uint32_t i = 0; i < mirror.leg_count; i++)
        spy_fail(&spies[i], (uint32_t)tape_u64(tape, ON_WRITE | ON_READ | ON_FLUSH),
                 tape_u64(tape, 12), tape_u64(tape, 2));
    bool all_done = true;
    for (uint8_t stamp = 1; tape_more(tape); stamp++) {
        uint64_t block = tape_u64(tape, BLOCKS - 1);
        memset(data + block * 512, stamp, 512);
        enum cairn_err err = write_blocks(block, 1);
        all_done = all_done && !err;
        if (!err) model[block] = stamp;
        if (err) break; /* contents are in doubt */
        if (cairn_blk_read(&mirror.base, block, 1, back, NULL)) continue;
        if (back[0] != model[block]) return tape_fail(tape, "block %u", (unsigned)block);
        if (tape_pick(tape, 6) == 5 && cairn_blk_flush(&mirror.base, NULL)) return true;
    }
    for (uint32_t i = 0; i < mirror.leg_count; i++)
        spy_fail(&spies[i], 0, 0, 0);
    if (all_done && cairn_blk_mirror_compare(&mirror, 0, BLOCKS, &differs, &why))
        return tape_fail(tape, "good legs differ");
    return true;
}

START_TEST(good_legs_agree)
{
    ck_assert(tape_run("mirror_faults", any_faults, NULL));
}
END_TEST

TCase *tcase_mirror(void)
{
    TCase *tcase = tcase_create("mirror");
    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_add_test(tcase, legs_must_fit);
    tcase_add_test(tcase, promises_are_those_of_all_legs);
    tcase_add_test(tcase, changes_go_to_all_at_once);
    tcase_add_test(tcase, batches_of_any_size);
    tcase_add_loop_test(tcase, failing_leg_is_dropped, 0, 2);
    tcase_add_test(tcase, last_leg_is_not_dropped);
    tcase_add_test(tcase, what_all_fail_fails);
    tcase_add_loop_test(tcase, failures_are_not_mixed_up, 0, 4);
    tcase_add_test(tcase, strict_drops_nothing);
    tcase_add_loop_test(tcase, reads_go_to_the_next_leg, 0, 2);
    tcase_add_loop_test(tcase, comparing_finds_the_leg_and_the_block, 0, 2);
    tcase_add_test(tcase, comparing_zeroes_for_discard);
    tcase_add_test(tcase, resync_copies_data_and_holes);
    tcase_add_test(tcase, poisoned_leg_is_dropped);
    tcase_add_test(tcase, good_legs_agree);
    return tcase;
}
