/* SPDX-License-Identifier: ISC */
#include "codec.h"

#include <cairn/clock.h>

static int64_t ns_of(int32_t year, uint8_t month, uint8_t day, uint8_t hour, uint8_t second)
{
    struct cairn_date date = {
        .year = year, .month = month, .day = day, .hour = hour, .second = second
    };
    return cairn_date_to_ns(&date);
}

START_TEST(times_survive_to_ten_milliseconds)
{
    uint16_t date, time;
    uint8_t tenths;
    int64_t ns = ns_of(2024, 2, 29, 13, 57) + 987654321;
    fat_time_encode(ns, 0, &date, &time, &tenths);
    ck_assert_uint_eq(date, 44 << 9 | 2 << 5 | 29);
    ck_assert_uint_eq(time, 13 << 11 | 28);
    ck_assert_uint_eq(tenths, 198);
    ck_assert(fat_time_valid(date, time, tenths));
    ck_assert_int_eq(fat_time_decode(date, time, tenths, 0), ns - ns % 10000000);
}
END_TEST

START_TEST(local_time_is_utc_plus_the_offset)
{
    uint16_t date, time;
    uint8_t tenths;
    fat_time_encode(ns_of(2023, 12, 31, 23, 0), 90, &date, &time, &tenths);
    ck_assert_uint_eq(date, 44 << 9 | 1 << 5 | 1);
    ck_assert_uint_eq(time, 30 << 5);
    ck_assert_int_eq(fat_time_decode(date, time, tenths, 90), ns_of(2023, 12, 31, 23, 0));
}
END_TEST

START_TEST(times_out_of_range_are_clamped)
{
    static const int64_t early[] = { INT64_MIN, -1, 0 };
    uint16_t date, time;
    uint8_t tenths;
    for (size_t i = 0; i < CAIRN_COUNT(early); i++) {
        fat_time_encode(early[i], INT32_MIN, &date, &time, &tenths);
        ck_assert_uint_eq(date, 1 << 5 | 1);
        ck_assert_uint_eq(time, 0);
    }
    fat_time_encode(INT64_MAX, INT32_MAX, &date, &time, &tenths);
    ck_assert_uint_eq(date, 127 << 9 | 12 << 5 | 31);
    ck_assert_uint_eq(time, 23 << 11 | 59 << 5 | 29);
    ck_assert(fat_time_valid(date, time, tenths));
}
END_TEST

START_TEST(impossible_times_are_read_as_the_nearest)
{
    ck_assert_int_eq(fat_time_decode(0, 0, 0, 0), ns_of(1980, 1, 1, 0, 0));
    ck_assert_int_eq(fat_time_decode(1 << 9 | 2 << 5 | 31, 0, 0, 0), ns_of(1981, 2, 28, 0, 0));
    ck_assert_int_eq(fat_time_decode(0xFFFF, 0xFFFF, 0xFF, 0), ns_of(2108, 1, 1, 0, 0) - 10000000);
    ck_assert(!fat_time_valid(0, 0, 0));
    ck_assert(!fat_time_valid(120 << 9 | 2 << 5 | 29, 0, 0)); /* 2100 has no leap day */
    ck_assert(fat_time_valid(20 << 9 | 2 << 5 | 29, 0, 0));
    ck_assert(!fat_time_valid(1 << 5 | 1, 30, 0));
    ck_assert(!fat_time_valid(1 << 5 | 1, 0, 200));
}
END_TEST

START_TEST(every_bit_pattern_decodes)
{
    for (uint32_t bits = 0; bits < 0x10000; bits += 3) {
        int64_t ns = fat_time_decode((uint16_t)bits, (uint16_t)(bits * 7), (uint8_t)bits, 0);
        ck_assert_int_ge(ns, ns_of(1980, 1, 1, 0, 0));
        ck_assert_int_lt(ns, ns_of(2108, 1, 1, 0, 0));
    }
}
END_TEST

TCase *codec_time_tests(void)
{
    TCase *tests = tcase_create("times");
    tcase_add_test(tests, times_survive_to_ten_milliseconds);
    tcase_add_test(tests, local_time_is_utc_plus_the_offset);
    tcase_add_test(tests, times_out_of_range_are_clamped);
    tcase_add_test(tests, impossible_times_are_read_as_the_nearest);
    tcase_add_test(tests, every_bit_pattern_decodes);
    return tests;
}
