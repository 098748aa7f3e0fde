/* SPDX-License-Identifier: ISC */
/* The framework on properties with planted failures, whose smallest tape is known. */
#include "tape.h"
#include <check.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static struct tape_found found;

static void ck_smallest(const uint8_t *bytes, size_t len)
{
    ck_assert_uint_eq(found.len, len);
    ck_assert_mem_eq(found.bytes, bytes, len);
}

/* A list of numbers below 10000; says that none is 300 or more. */
static bool none_is_large(struct tape *tape)
{
    while (tape_more(tape)) {
        uint64_t number = tape_u64(tape, 9999);
        tape_note(tape, "number %u", (unsigned)number);
        if (number >= 300) return tape_fail(tape, "%u is large", (unsigned)number);
    }
    return true;
}

START_TEST(failure_shrinks_to_one_element)
{
    tape_search(none_is_large, NULL, &found);
    ck_assert_int_eq(found.outcome, TAPE_FAILED);
    ck_smallest((const uint8_t[]){ 1, 2 }, 2); /* 512: a low byte of zero is not on the tape */
}
END_TEST

/* The tape is full of bytes, so that the number cannot lose its low one. */
static bool number_is_low(struct tape *tape)
{
    uint64_t number = tape_u64(tape, UINT32_MAX);
    return number < 300 || !tape_bool(tape);
}

START_TEST(number_shrinks_to_its_least)
{
    tape_search(number_is_low, NULL, &found);
    ck_assert_int_eq(found.outcome, TAPE_FAILED);
    ck_smallest((const uint8_t[]){ 0, 0, 0x01, 0x2c, 1 }, 5);
}
END_TEST

/* Operations of different length on a counter; aborts when it is at 5 or more on a check. */
static bool counter_is_low(struct tape *tape)
{
    uint8_t skipped[3];
    unsigned counter = 0;
    while (tape_more(tape)) {
        size_t op = tape_pick(tape, 3);
        if (op == 0) tape_bytes(tape, skipped, sizeof(skipped));
        if (op == 1) counter++;
        if (op == 2 && counter >= 5) abort();
    }
    return true;
}

START_TEST(crash_shrinks_to_what_caused_it)
{
    static const uint8_t smallest[] = { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2 };
    tape_search(counter_is_low, NULL, &found);
    ck_assert_int_eq(found.outcome, TAPE_CRASHED);
    ck_smallest(smallest, sizeof(smallest));
}
END_TEST

static bool ends(struct tape *tape)
{
    if (tape_bool(tape))
        for (;;)
            pause();
    return true;
}

START_TEST(hang_is_found)
{
    struct tape_options options = { .timeout_s = 1, .shrink_s = 3 };
    tape_search(ends, &options, &found);
    ck_assert_int_eq(found.outcome, TAPE_HUNG);
    ck_smallest((const uint8_t[]){ 1 }, 1);
}
END_TEST

static bool holds(struct tape *tape)
{
    return tape_u64(tape, 99) < 100;
}

START_TEST(what_holds_is_not_reported)
{
    tape_search(holds, NULL, &found);
    ck_assert_int_eq(found.outcome, TAPE_HELD);
    ck_assert(tape_run("holds", holds, NULL));
}
END_TEST

/* Replays of one seed must fail on the same run; another seed is another walk. */
START_TEST(seed_decides)
{
    struct tape_options options = { .seed = 7, .bytes_max = 8 };
    static struct tape_found again;
    tape_search(none_is_large, &options, &found);
    tape_search(none_is_large, &options, &again);
    ck_assert_int_eq(found.outcome, TAPE_FAILED);
    ck_assert_uint_eq(found.run, again.run);
    ck_assert_uint_eq(found.tries, again.tries);
}
END_TEST

static bool draws_plainest(struct tape *tape)
{
    uint8_t bytes[4] = { 9, 9, 9, 9 };
    tape_bytes(tape, bytes, sizeof(bytes));
    return !tape_more(tape) && !tape_bool(tape) && tape_u64(tape, UINT64_MAX) == 0 &&
           tape_pick(tape, 1) == 0 && bytes[0] == 0 && bytes[3] == 0;
}

START_TEST(empty_tape_is_zeros)
{
    ck_assert(tape_replay(draws_plainest, NULL, 0));
}
END_TEST

static bool draws_high_byte_first(struct tape *tape)
{
    return tape_u64(tape, 0xffff) == 0x0102 && tape_u64(tape, 255) == 3 && tape_u64(tape, 0) == 0 &&
           tape_u64(tape, UINT64_MAX) == UINT64_C(0x0405060708090a0b);
}

START_TEST(numbers_take_the_bytes_they_need)
{
    static const uint8_t bytes[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 };
    ck_assert(tape_replay(draws_high_byte_first, bytes, sizeof(bytes)));
}
END_TEST

START_TEST(environment_replays_and_overrides)
{
    setenv("CAIRN_TAPE", "large:01012C", 1);
    ck_assert(!tape_run("large", none_is_large, NULL));
    setenv("CAIRN_TAPE", "large:01012b", 1);
    ck_assert(tape_run("large", none_is_large, NULL));
    setenv("CAIRN_TAPE", "other:00", 1);
    setenv("CAIRN_RUNS", "1", 1);
    setenv("CAIRN_SEED", "3", 1);
    ck_assert(tape_run("ends", holds, NULL));
}
END_TEST

START_TEST(main_replays_hex_and_refuses_the_rest)
{
    static const struct tape_case cases[] = { { "large", none_is_large } };
    char program[] = "p", name[] = "large", bad[] = "01012c", good[] = "01012b", odd[] = "010";
    ck_assert_int_eq(tape_main(3, (char *[]){ program, name, bad, NULL }, cases, 1), 1);
    ck_assert_int_eq(tape_main(3, (char *[]){ program, name, good, NULL }, cases, 1), 0);
    ck_assert_int_eq(tape_main(3, (char *[]){ program, name, odd, NULL }, cases, 1), 2);
    ck_assert_int_eq(tape_main(3, (char *[]){ program, bad, good, NULL }, cases, 1), 2);
    ck_assert_int_eq(tape_main(2, (char *[]){ program, name, NULL }, cases, 1), 2);
}
END_TEST

START_TEST(fuzz_target_aborts_on_failure)
{
    static const uint8_t bytes[] = { 1, 1, 0x2c };
    (void)tape_fuzz_one(none_is_large, bytes, sizeof(bytes));
}
END_TEST

START_TEST(fuzz_target_returns_zero)
{
    ck_assert_int_eq(tape_fuzz_one(none_is_large, NULL, 0), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tape");
    TCase *tcase = tcase_create("tape");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, failure_shrinks_to_one_element);
    tcase_add_test(tcase, number_shrinks_to_its_least);
    tcase_add_test(tcase, crash_shrinks_to_what_caused_it);
    tcase_add_test(tcase, hang_is_found);
    tcase_add_test(tcase, what_holds_is_not_reported);
    tcase_add_test(tcase, seed_decides);
    tcase_add_test(tcase, empty_tape_is_zeros);
    tcase_add_test(tcase, numbers_take_the_bytes_they_need);
    tcase_add_test(tcase, environment_replays_and_overrides);
    tcase_add_test(tcase, main_replays_hex_and_refuses_the_rest);
    tcase_add_test_raise_signal(tcase, fuzz_target_aborts_on_failure, SIGABRT);
    tcase_add_test(tcase, fuzz_target_returns_zero);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
