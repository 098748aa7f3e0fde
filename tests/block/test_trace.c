/* SPDX-License-Identifier: ISC */
/* What is logged, and made again of a log. */
#include "tape/tape.h"
#include "units.h"
#include <cairn/blk_mem.h>
#include <cairn/blk_trace.h>
#include <cairn/bytes.h>
#include <stdlib.h>

#define BLOCKS 64u
#define LOG_BLOCKS 512u

static uint8_t disk[BLOCKS * 512], log_bytes[LOG_BLOCKS * 512], again[BLOCKS * 512];
static uint8_t data[BLOCKS * 512], sector[512], buf[(64u << 10) + 4096];
static struct cairn_blk_mem mem, log_mem, again_mem;
static struct cairn_blk_trace trace;
static struct cairn_blk_trace_options options;
static struct cairn_blk_replay replay;
static struct cairn_blk_replay_entry entry;

static void open_trace(uint64_t log_blocks)
{
    memset(disk, 0, sizeof disk);
    memset(log_bytes, 0xEE, sizeof log_bytes);
    memset(again, 0, sizeof again);
    ck_ok(cairn_blk_mem_open(&mem, disk, 512, BLOCKS, NULL));
    ck_ok(cairn_blk_mem_open(&log_mem, log_bytes, 512, log_blocks, NULL));
    ck_ok(cairn_blk_mem_open(&again_mem, again, 512, BLOCKS, NULL));
    ck_ok(cairn_blk_trace_open(&trace, &mem.base, &log_mem.base, &options, sector, sizeof sector,
                               NULL));
}

static void setup(void)
{
    options = (struct cairn_blk_trace_options){ 0 };
}

static enum cairn_err write_all(uint64_t block, uint64_t count, char fill)
{
    memset(data, fill, sizeof data);
    return cairn_blk_write(&trace.base, block, count, data, NULL);
}

static void open_replay(void)
{
    ck_ok(cairn_blk_replay_open(&replay, &log_mem.base, buf, sizeof buf, NULL));
}

static enum cairn_err until(struct cairn_blk_replay_stop stop)
{
    return cairn_blk_replay_until(&replay, &again_mem.base, &stop, &entry, NULL);
}

/* The bytes of the format, by its documentation. */
START_TEST(the_format_is_what_it_is)
{
    open_trace(LOG_BLOCKS);
    ck_ok(write_all(5, 2, 'x'));
    ck_ok(cairn_blk_discard(&trace.base, 9, 3, NULL));
    ck_ok(cairn_blk_trace_mark(&trace, "here", NULL));
    ck_ok(cairn_blk_flush(&trace.base, NULL));
    ck_assert_uint_eq(cairn_le64(log_bytes), UINT64_C(0x6A736677736872));
    ck_assert_uint_eq(cairn_le64(log_bytes + 8), 1);
    ck_assert_uint_eq(cairn_le64(log_bytes + 16), 4);
    ck_assert_uint_eq(cairn_le32(log_bytes + 24), 512);
    const uint64_t wanted[][5] = { { 1, 5, 2, 0, 0 },
                                   { 4, 9, 3, CAIRN_BLK_LOG_DISCARD, 0 },
                                   { 5, 0, 0, CAIRN_BLK_LOG_MARK, 4 },
                                   { 6, 0, 0, CAIRN_BLK_LOG_FLUSH, 0 } };
    for (size_t i = 0; i < 4; i++)
        for (size_t n = 0; n < 4; n++)
            ck_assert_uint_eq(cairn_le64(log_bytes + wanted[i][0] * 512 + n * 8), wanted[i][n + 1]);
    ck_assert(memcmp(log_bytes + 5 * 512 + 32, "here", 5) == 0);
    ck_assert_int_eq(log_bytes[2 * 512], 'x');
    ck_assert_int_eq(log_bytes[4 * 512 - 1], 'x');
}
END_TEST

START_TEST(replay_stops_where_it_is_told)
{
    open_trace(LOG_BLOCKS);
    ck_ok(write_all(0, 1, 'a'));
    ck_ok(cairn_blk_flush(&trace.base, NULL));
    ck_ok(write_all(0, 1, 'b'));
    ck_ok(cairn_blk_trace_mark(&trace, "between", NULL));
    ck_ok(write_all(0, 1, 'c'));
    ck_ok(cairn_blk_close(&trace.base, NULL));
    open_replay();
    ck_assert_uint_eq(replay.entries, 5);
    ck_ok(until((struct cairn_blk_replay_stop){ .flags = CAIRN_BLK_LOG_FLUSH }));
    ck_assert_int_eq(again[0], 'a');
    ck_ok(until((struct cairn_blk_replay_stop){ .mark = "between" }));
    ck_assert_int_eq(again[0], 'b');
    ck_assert_uint_eq(entry.number, 3);
    ck_assert_int_eq(until((struct cairn_blk_replay_stop){ 0 }), CAIRN_ENOENT);
    ck_assert_int_eq(again[0], 'c');
    cairn_blk_replay_rewind(&replay);
    ck_ok(until((struct cairn_blk_replay_stop){ .count = 1 }));
    ck_assert_int_eq(again[0], 'a');
    ck_assert_int_eq(until((struct cairn_blk_replay_stop){ .mark = "nowhere" }), CAIRN_ENOENT);
}
END_TEST

START_TEST(a_full_log_refuses_or_stops)
{
    struct cairn_why why = { 0 };
    open_trace(4);
    ck_ok(write_all(0, 1, 'a'));
    ck_assert_int_eq(cairn_blk_write(&trace.base, 1, 1, data, &why), CAIRN_ENOSPC);
    ck_assert_str_ne(why.hint, "");
    ck_assert_int_eq(disk[512], 0);
    ck_ok(cairn_blk_read(&trace.base, 0, 1, data, NULL));
    ck_assert_int_eq(cairn_blk_trace_mark(&trace, "m", NULL), CAIRN_OK);
    ck_assert_int_eq(cairn_blk_flush(&trace.base, &why), CAIRN_ENOSPC);
    options.stop_when_full = true;
    open_trace(4);
    cairn_why_clear(&why);
    ck_ok(write_all(0, 1, 'a'));
    ck_ok(cairn_blk_write(&trace.base, 1, 1, data, &why));
    ck_ok(cairn_blk_discard(&trace.base, 2, 1, NULL));
    ck_ok(cairn_blk_flush(&trace.base, &why));
    ck_assert_int_eq(why.err, CAIRN_OK);
    ck_assert_uint_eq(trace.missed, 3);
    ck_assert_uint_eq(trace.entries, 1);
    ck_assert_int_eq(disk[512], 'a');
}
END_TEST

START_TEST(reads_are_marks_when_wanted)
{
    options.reads = true;
    open_trace(LOG_BLOCKS);
    ck_ok(cairn_blk_read(&trace.base, 7, 2, data, NULL));
    ck_ok(cairn_blk_close(&trace.base, NULL));
    open_replay();
    ck_ok(cairn_blk_replay_next(&replay, &entry, NULL));
    ck_assert_uint_eq(entry.flags, CAIRN_BLK_LOG_MARK);
    ck_assert_str_eq(entry.name, "read 7+2");
}
END_TEST

START_TEST(opening_says_what_is_wrong)
{
    struct cairn_blk_mem large;
    open_trace(LOG_BLOCKS);
    ck_ok(cairn_blk_mem_open(&large, data, 4096, 8, NULL));
    ck_assert_int_eq(
        cairn_blk_trace_open(&trace, &large.base, &log_mem.base, NULL, sector, sizeof sector, NULL),
        CAIRN_EINVAL);
    ck_assert_int_eq(
        cairn_blk_trace_open(&trace, &mem.base, &log_mem.base, NULL, sector, 511, NULL),
        CAIRN_ENOMEM);
    ck_assert_int_eq(cairn_blk_replay_open(&replay, &mem.base, buf, sizeof buf, NULL),
                     CAIRN_ECORRUPT);
    ck_assert_int_eq(cairn_blk_replay_open(&replay, &log_mem.base, buf, 100, NULL), CAIRN_ENOMEM);
    char name[200];
    memset(name, 'n', sizeof name);
    name[199] = '\0';
    ck_assert_int_eq(cairn_blk_trace_mark(&trace, name, NULL), CAIRN_ENAMETOOLONG);
}
END_TEST

/* Any byte of the log may be anything. */
START_TEST(a_crafted_log_is_refused)
{
    static const struct {
        size_t at;
        uint64_t value;
        enum cairn_err err;
    } crafted[] = {
        { 512, UINT64_MAX, CAIRN_ECORRUPT },     { 512 + 8, UINT64_MAX / 512, CAIRN_ECORRUPT },
        { 512 + 8, LOG_BLOCKS, CAIRN_ECORRUPT }, { 512 + 16, 1u << 20, CAIRN_ECORRUPT },
        { 512, BLOCKS, CAIRN_ERANGE },           { 512 + 8, BLOCKS + 1, CAIRN_ERANGE },
        { 4 * 512 + 24, 481, CAIRN_ECORRUPT },   { 4 * 512 + 8, 1, CAIRN_ECORRUPT },
        { 4 * 512 + 16, 0, CAIRN_ECORRUPT },     { 16, UINT64_MAX, CAIRN_ECORRUPT },
    };
    for (size_t i = 0; i < CAIRN_COUNT(crafted); i++) {
        struct cairn_why why = { 0 };
        open_trace(LOG_BLOCKS);
        ck_ok(write_all(1, 2, 'x'));
        ck_ok(cairn_blk_trace_mark(&trace, "m", NULL));
        memset(log_bytes + 5 * 512, 0, 512);
        cairn_le64_put(log_bytes + crafted[i].at, crafted[i].value);
        open_replay();
        const struct cairn_blk_replay_stop end = { 0 };
        ck_assert_int_eq(cairn_blk_replay_until(&replay, &again_mem.base, &end, &entry, &why),
                         crafted[i].err);
        ck_assert_str_ne(why.what, "");
    }
}
END_TEST

/* Where a flush without data says that it is, does not matter, also to a device of larger blocks.
 */
START_TEST(a_flush_is_nowhere)
{
    open_trace(LOG_BLOCKS);
    ck_ok(cairn_blk_flush(&trace.base, NULL));
    cairn_le64_put(log_bytes + 512, 3);
    ck_ok(cairn_blk_mem_open(&again_mem, again, 4096, sizeof again / 4096, NULL));
    open_replay();
    ck_ok(until((struct cairn_blk_replay_stop){ .flags = CAIRN_BLK_LOG_FLUSH }));
    ck_assert_uint_eq(entry.at, 0);
}
END_TEST

static void draw_request(struct tape *tape, struct cairn_blk_req *req, struct cairn_blk_seg *segs)
{
    *req = (struct cairn_blk_req){ .op = (enum cairn_blk_op)tape_u64(tape, 3), .segs = segs };
    req->block = tape_u64(tape, BLOCKS - 1);
    req->count = tape_u64(tape, 8);
    if (req->count > BLOCKS - req->block) req->count = BLOCKS - req->block;
    if (req->op > CAIRN_BLK_WRITE) return;
    if (req->op == CAIRN_BLK_WRITE && tape_bool(tape)) req->flags = CAIRN_BLK_FUA;
    for (uint64_t i = 0; i < req->count; i++) /* each block a segment, from the last to the first */
        segs[req->seg_count++] = (struct cairn_blk_seg){ data + (req->count - 1 - i) * 512, 512 };
}

/* What was done, done again, is the same device, at the end and at each flush. */
static bool replay_is_exact(struct tape *tape)
{
    struct cairn_blk_seg segs[8];
    struct cairn_blk_req req;
    uint8_t *states = calloc(64, sizeof disk);
    uint32_t flushes = 0;
    options = (struct cairn_blk_trace_options){ .stop_when_full = true };
    open_trace(LOG_BLOCKS);
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 7 + i / 512);
    while (tape_more(tape) && flushes < 63 && !trace.is_stopped) {
        draw_request(tape, &req, segs);
        data[0]++;
        if (cairn_blk_submit(&trace.base, &req, 1)) return tape_fail(tape, "a request failed");
        if (tape_pick(tape, 4) || trace.is_stopped) continue;
        if (cairn_blk_flush(&trace.base, NULL)) return tape_fail(tape, "a flush failed");
        if (!trace.is_stopped) memcpy(states + flushes++ * sizeof disk, disk, sizeof disk);
    }
    if (cairn_blk_close(&trace.base, NULL)) return tape_fail(tape, "close");
    open_replay();
    bool same = true;
    for (uint32_t i = 0; same && i < flushes; i++)
        same = !until((struct cairn_blk_replay_stop){ .flags = CAIRN_BLK_LOG_FLUSH }) &&
               memcmp(again, states + i * sizeof disk, sizeof disk) == 0;
    if (same && !trace.is_stopped)
        same = until((struct cairn_blk_replay_stop){ 0 }) == CAIRN_ENOENT &&
               memcmp(again, disk, sizeof disk) == 0;
    free(states);
    return same || tape_fail(tape, "another device came of the log");
}

START_TEST(what_is_replayed_is_what_was_done)
{
    ck_assert(tape_run("trace", replay_is_exact, &(struct tape_options){ .runs = 300 }));
}
END_TEST

TCase *tcase_trace(void)
{
    TCase *tcase = tcase_create("trace");
    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_add_test(tcase, the_format_is_what_it_is);
    tcase_add_test(tcase, replay_stops_where_it_is_told);
    tcase_add_test(tcase, a_full_log_refuses_or_stops);
    tcase_add_test(tcase, reads_are_marks_when_wanted);
    tcase_add_test(tcase, opening_says_what_is_wrong);
    tcase_add_test(tcase, a_crafted_log_is_refused);
    tcase_add_test(tcase, a_flush_is_nowhere);
    tcase_add_test(tcase, what_is_replayed_is_what_was_done);
    return tcase;
}
