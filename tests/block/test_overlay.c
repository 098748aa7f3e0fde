/* SPDX-License-Identifier: ISC */
/* Copy-on-write: below stays as it was until a commit, and what failures leave. */
#include "spy.h"
#include "tape/tape.h"
#include "units.h"
#include <cairn/blk_layers.h>
#include <cairn/blk_overlay.h>
#include <stdlib.h>
#include <string.h>

#define BLOCKS 200u /* of 512 bytes */
#define BYTES (BLOCKS * 512u)

static struct spy below, store;
static struct cairn_blk_overlay overlay;
static uint8_t below_bytes[BYTES], store_bytes[BYTES + 512], first[BYTES], back[BYTES];
static uint8_t memory[80 * 1024], data[BYTES];

static void setup(void)
{
    spy_open(&below, below_bytes, 512, BLOCKS);
    spy_open(&store, store_bytes, 512, BLOCKS + 1);
    for (size_t i = 0; i < BYTES; i++)
        below_bytes[i] = (uint8_t)(1 + i / 512);
    memcpy(first, below_bytes, BYTES);
    memset(data, 'n', BYTES);
    ck_ok(cairn_blk_overlay_open(&overlay, &below.base, &store.base, memory, sizeof memory, NULL));
}

static void write_blocks(uint64_t block, uint64_t count)
{
    ck_ok(cairn_blk_write(&overlay.base, block, count, data, NULL));
}

static void expect_new(uint64_t block, uint64_t count)
{
    ck_ok(cairn_blk_read(&overlay.base, block, count, back, NULL));
    ck_assert_mem_eq(back, data, count * 512);
}

START_TEST(devices_must_fit)
{
    struct cairn_why why = { 0 };
    struct cairn_blk_readonly readonly;
    ck_assert_int_eq(
        cairn_blk_overlay_open(&overlay, &store.base, &below.base, memory, sizeof memory, &why),
        CAIRN_EINVAL);
    ck_assert_ptr_nonnull(strstr(why.what, "200 blocks"));
    ck_ok(cairn_blk_readonly_open(&readonly, &store.base, NULL));
    ck_assert_int_eq(
        cairn_blk_overlay_open(&overlay, &below.base, &readonly.base, memory, sizeof memory, &why),
        CAIRN_EROFS);
    size_t need = cairn_blk_overlay_mem(&below.base, &store.base);
    ck_assert_int_eq(
        cairn_blk_overlay_open(&overlay, &below.base, &store.base, memory, need - 1, &why),
        CAIRN_ENOMEM);
    ck_ok(cairn_blk_readonly_open(&readonly, &below.base, NULL));
    ck_ok(cairn_blk_overlay_open(&overlay, &readonly.base, &store.base, memory, need, NULL));
    write_blocks(3, 4);
    ck_assert_int_eq(cairn_blk_overlay_commit(&overlay, &why), CAIRN_EROFS);
    ck_assert_str_eq(why.via, "overlay/readonly");
}
END_TEST

START_TEST(below_is_never_written)
{
    write_blocks(10, 5);
    write_blocks(12, 60);
    ck_ok(cairn_blk_zero(&overlay.base, 0, 2, NULL));
    ck_assert_uint_eq(cairn_blk_overlay_changed(&overlay), 64);
    ck_ok(cairn_blk_read(&overlay.base, 0, BLOCKS, back, NULL));
    ck_assert_uint_eq(back[0] | back[1023], 0);
    ck_assert_mem_eq(back + 1024, first + 1024, 8 * 512);
    ck_assert_mem_eq(back + 10 * 512, data, 62 * 512);
    ck_assert_mem_eq(back + 72 * 512, first + 72 * 512, (BLOCKS - 72) * 512);
    ck_assert_mem_eq(below_bytes, first, BYTES);
    ck_assert_uint_eq(spy_count(&below, CAIRN_BLK_READ), below.log_count);
}
END_TEST

/* However the pieces lie, each device is asked once. */
START_TEST(pieces_go_in_two_batches)
{
    for (uint64_t block = 0; block < 16; block += 2)
        write_blocks(block, 1);
    below.batches = store.batches = 0;
    ck_ok(cairn_blk_read(&overlay.base, 0, 16, back, NULL));
    ck_assert_uint_eq(below.batches, 1);
    ck_assert_uint_eq(store.batches, 1);
    for (uint64_t block = 0; block < 16; block++)
        ck_assert_uint_eq(back[block * 512], block % 2 ? 1 + block : 'n');
}
END_TEST

START_TEST(failed_write_changes_nothing)
{
    struct cairn_why why = { 0 };
    spy_fail(&store, 1u << CAIRN_BLK_WRITE, 0, 1);
    ck_assert_int_eq(cairn_blk_write(&overlay.base, 7, 2, data, &why), CAIRN_EIO);
    ck_assert_str_eq(why.via, "overlay/spy");
    ck_assert_uint_eq(cairn_blk_overlay_changed(&overlay), 0);
    ck_ok(cairn_blk_read(&overlay.base, 7, 2, back, NULL));
    ck_assert_mem_eq(back, first + 7 * 512, 1024);
}
END_TEST

START_TEST(commit_writes_in_order_and_flushes)
{
    write_blocks(150, 3);
    write_blocks(20, 2);
    ck_ok(cairn_blk_zero(&overlay.base, 100, 4, NULL));
    spy_clear(&below);
    ck_ok(cairn_blk_overlay_commit(&overlay, NULL));
    static const struct spy_event expected[] = { { .op = CAIRN_BLK_WRITE, 20, 2, 0, 0 },
                                                 { .op = CAIRN_BLK_ZERO, 100, 4, 0, 0 },
                                                 { .op = CAIRN_BLK_WRITE, 150, 3, 0, 0 },
                                                 { .op = SPY_FLUSH, 0, 0, 0, 0 } };
    ck_assert_uint_eq(below.log_count, CAIRN_COUNT(expected));
    for (size_t i = 0; i < below.log_count; i++) {
        ck_assert_int_eq(below.log[i].op, expected[i].op);
        ck_assert_uint_eq(below.log[i].block, expected[i].block);
        ck_assert_uint_eq(below.log[i].count, expected[i].count);
    }
    ck_assert_uint_eq(cairn_blk_overlay_changed(&overlay), 0);
    expect_new(150, 3);
}
END_TEST

/* Whatever fails in it, the overlay reads the same, and the next one does it all. */
START_TEST(commit_can_be_repeated)
{
    struct spy *failing = _i % 2 ? &below : &store;
    write_blocks(0, 140);
    write_blocks(150, 3);
    spy_fail(failing, 31, (uint64_t)_i / 2, 1);
    enum cairn_err err = cairn_blk_overlay_commit(&overlay, NULL);
    spy_fail(failing, 0, 0, 0);
    expect_new(0, 140);
    expect_new(150, 3);
    if (!err) return;
    bool poisoned = below.base.poison != 0;
    ck_assert_int_eq(cairn_blk_overlay_commit(&overlay, NULL), poisoned ? CAIRN_EIO : CAIRN_OK);
    if (poisoned) return;
    ck_assert_mem_eq(below_bytes, data, 140 * 512);
    ck_assert_mem_eq(below_bytes + 153 * 512, first + 153 * 512, (BLOCKS - 153) * 512);
}
END_TEST

/* Again would be in vain: below is poisoned. */
START_TEST(commit_whose_flush_fails_keeps_all)
{
    struct cairn_why why = { 0 };
    ck_ok(cairn_blk_write(&overlay.base, 7, 2, data, NULL));
    spy_fail(&below, 1u << SPY_FLUSH, 0, 1);
    for (int round = 0; round < 2; round++) {
        ck_assert_int_eq(cairn_blk_overlay_commit(&overlay, &why), CAIRN_EIO);
        ck_assert_ptr_null(strstr(why.hint, "commit again"));
        ck_assert_uint_eq(cairn_blk_overlay_changed(&overlay), 2);
        ck_ok(cairn_blk_read(&overlay.base, 7, 2, back, NULL));
        ck_assert_mem_eq(back, data, 1024);
    }
}
END_TEST

START_TEST(discard_shows_below_again)
{
    write_blocks(5, 100);
    ck_ok(cairn_blk_overlay_discard(&overlay, NULL));
    ck_assert_uint_eq(cairn_blk_overlay_changed(&overlay), 0);
    ck_ok(cairn_blk_read(&overlay.base, 0, BLOCKS, back, NULL));
    ck_assert_mem_eq(back, first, BYTES);
    ck_assert_uint_eq(spy_count(&store, CAIRN_BLK_DISCARD), 1);
}
END_TEST

START_TEST(extents_are_of_both)
{
    struct cairn_blk_extent extents[8];
    size_t used;
    memset(below_bytes, 0, BYTES);
    memset(below_bytes + 10 * 512, 1, 10 * 512);
    ck_ok(cairn_blk_zero(&overlay.base, 15, 3, NULL));
    write_blocks(100, 2);
    ck_ok(cairn_blk_extents(&overlay.base, 0, BLOCKS, extents, 8, &used, NULL));
    static const uint64_t starts[] = { 0, 10, 15, 18, 20, 100, 102 };
    ck_assert_uint_eq(used, CAIRN_COUNT(starts));
    for (size_t i = 0; i < used; i++) {
        ck_assert_uint_eq(extents[i].block, starts[i]);
        ck_assert(extents[i].data == (i % 2 == 1));
    }
    ck_ok(cairn_blk_extents(&overlay.base, 12, 100, extents, 1, &used, NULL));
    ck_assert_uint_eq(used, 1);
    ck_assert_uint_eq(extents[0].count, 3);
}
END_TEST

START_TEST(promises_no_durability)
{
    ck_assert_int_eq(overlay.base.info.durability, CAIRN_BLK_DURABLE_NONE);
    ck_assert_int_eq(overlay.base.info.flush, CAIRN_BLK_ABSENT);
    write_blocks(1, 1);
    ck_ok(cairn_blk_flush(&overlay.base, NULL));
    ck_assert_uint_eq(spy_count(&store, SPY_FLUSH), 0);
}
END_TEST

/* A batch of drawn requests; `model` is what reads must give. */
static bool batch(struct tape *tape, uint8_t *model)
{
    struct cairn_blk_req reqs[8] = { 0 };
    struct cairn_blk_seg segs[8];
    size_t count = 1 + tape_pick(tape, 8);
    uint64_t at = tape_u64(tape, 60);
    for (size_t i = 0; i < count; i++) {
        static const enum cairn_blk_op ops[] = { CAIRN_BLK_READ, CAIRN_BLK_WRITE, CAIRN_BLK_ZERO };
        reqs[i].op = ops[tape_pick(tape, 3)];
        reqs[i].block = at;
        reqs[i].count = tape_u64(tape, 20);
        if (reqs[i].count > BLOCKS - at) reqs[i].count = BLOCKS - at;
        segs[i] = (struct cairn_blk_seg){ back + at * 512, reqs[i].count * 512 };
        uint8_t fill = reqs[i].op == CAIRN_BLK_WRITE ? (uint8_t)tape_u64(tape, 255) : 0;
        memset(segs[i].data, fill, segs[i].bytes);
        if (reqs[i].op != CAIRN_BLK_READ) memset(model + at * 512, fill, segs[i].bytes);
        reqs[i].segs = &segs[i];
        reqs[i].seg_count = reqs[i].op != CAIRN_BLK_ZERO;
        if (reqs[i].op == CAIRN_BLK_ZERO) reqs[i].segs = NULL;
        at += reqs[i].count;
    }
    if (cairn_blk_submit(&overlay.base, reqs, count)) return tape_fail(tape, "submit failed");
    for (size_t i = 0; i < count; i++)
        if (reqs[i].op == CAIRN_BLK_READ &&
            memcmp(segs[i].data, model + reqs[i].block * 512, segs[i].bytes))
            return tape_fail(tape, "read at %u differs", (unsigned)reqs[i].block);
    return true;
}

static bool any_requests(struct tape *tape)
{
    static uint8_t model[BYTES];
    bool held = true;
    setup();
    memcpy(model, first, BYTES);
    while (held && tape_more(tape)) {
        held = batch(tape, model);
        if (held && tape_pick(tape, 10) == 9)
            held = !cairn_blk_overlay_commit(&overlay, NULL) && !memcmp(below_bytes, model, BYTES);
    }
    if (!held) return tape_fail(tape, "held not");
    ck_ok(cairn_blk_read(&overlay.base, 0, BLOCKS, back, NULL));
    return !memcmp(back, model, BYTES) || tape_fail(tape, "differs at last");
}

START_TEST(holds_what_was_written)
{
    ck_assert(tape_run("overlay_requests", any_requests, NULL));
}
END_TEST

TCase *tcase_overlay(void)
{
    TCase *tcase = tcase_create("overlay");
    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_add_test(tcase, devices_must_fit);
    tcase_add_test(tcase, below_is_never_written);
    tcase_add_test(tcase, pieces_go_in_two_batches);
    tcase_add_test(tcase, failed_write_changes_nothing);
    tcase_add_test(tcase, commit_writes_in_order_and_flushes);
    tcase_add_loop_test(tcase, commit_can_be_repeated, 0, 12);
    tcase_add_test(tcase, commit_whose_flush_fails_keeps_all);
    tcase_add_test(tcase, discard_shows_below_again);
    tcase_add_test(tcase, extents_are_of_both);
    tcase_add_test(tcase, promises_no_durability);
    tcase_add_test(tcase, holds_what_was_written);
    return tcase;
}
