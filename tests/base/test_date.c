/* SPDX-License-Identifier: ISC */
/* Dates against the C library's, which is asked in seconds: its time_t may be any width. */
#include "units.h"
#include <cairn/clock.h>
#include <time.h>

static bool date_is(const struct cairn_date *date, const struct tm *tm, uint32_t ns)
{
    return date->year == tm->tm_year + 1900 && date->month == tm->tm_mon + 1 &&
           date->day == tm->tm_mday && date->hour == tm->tm_hour && date->minute == tm->tm_min &&
           date->second == tm->tm_sec && date->ns == ns;
}

static bool time_is_libcs(int64_t seconds)
{
    const uint32_t part = 123456789;
    struct cairn_date date;
    struct tm tm;
    time_t time = (time_t)seconds;
    cairn_date_from_ns(&date, seconds * CAIRN_NS_PER_SEC + part);
    return gmtime_r(&time, &tm) && date_is(&date, &tm, part) &&
           cairn_date_to_ns(&date) == (int64_t)timegm(&tm) * CAIRN_NS_PER_SEC + part;
}

/* As far back and as far ahead as both reach, in steps that come by every part of a day and a year.
 */
START_TEST(dates_are_those_of_libc)
{
    const int64_t step = 86400 * 3 + 3671;
    int64_t last = sizeof(time_t) < 8 ? INT32_MAX : INT64_MAX / CAIRN_NS_PER_SEC;
    for (int64_t s = -last; s < last - step; s += step)
        if (!time_is_libcs(s)) ck_abort_msg("%lld", (long long)s);
}
END_TEST

START_TEST(every_day_of_four_centuries_round_trips)
{
    for (int64_t day = -80000; day < 66100; day++) {
        struct cairn_date date;
        int64_t ns = day * 86400 * CAIRN_NS_PER_SEC;
        cairn_date_from_ns(&date, ns);
        if (cairn_date_to_ns(&date) != ns) ck_abort_msg("day %lld", (long long)day);
    }
}
END_TEST

START_TEST(known_dates)
{
    static const struct {
        int64_t ns;
        struct cairn_date date;
    } known[] = {
        { 0, { 1970, 1, 1, 0, 0, 0, 0 } },
        { -1, { 1969, 12, 31, 23, 59, 59, 999999999 } },
        { INT64_C(951782400000000000), { 2000, 2, 29, 0, 0, 0, 0 } },
        { INT64_C(4107542399000000000), { 2100, 2, 28, 23, 59, 59, 0 } },
        { INT64_C(4107542400000000000), { 2100, 3, 1, 0, 0, 0, 0 } },
        { INT64_C(315532800000000000), { 1980, 1, 1, 0, 0, 0, 0 } },
        { INT64_C(4354819198000000000), { 2107, 12, 31, 23, 59, 58, 0 } },
        { INT64_MAX, { 2262, 4, 11, 23, 47, 16, 854775807 } },
        { INT64_MIN, { 1677, 9, 21, 0, 12, 43, 145224192 } },
    };
    for (size_t i = 0; i < CAIRN_COUNT(known); i++) {
        struct cairn_date date;
        const struct cairn_date *want = &known[i].date;
        cairn_date_from_ns(&date, known[i].ns);
        ck_assert(date.year == want->year && date.month == want->month && date.day == want->day);
        ck_assert(date.hour == want->hour && date.minute == want->minute);
        ck_assert(date.second == want->second && date.ns == want->ns);
        ck_assert_int_eq(cairn_date_to_ns(want), known[i].ns);
    }
}
END_TEST

START_TEST(dates_beyond_64_bits_are_the_nearest_time)
{
    struct cairn_date late = { 2262, 4, 11, 23, 47, 16, 854775808 };
    struct cairn_date early = { 1677, 9, 21, 0, 12, 43, 145224191 };
    ck_assert_int_eq(cairn_date_to_ns(&late), INT64_MAX);
    ck_assert_int_eq(cairn_date_to_ns(&early), INT64_MIN);
    late.year = 9999;
    early.year = 1601;
    ck_assert_int_eq(cairn_date_to_ns(&late), INT64_MAX);
    ck_assert_int_eq(cairn_date_to_ns(&early), INT64_MIN);
}
END_TEST

START_TEST(fixed_wall_clock_stands_still)
{
    struct cairn_clock_wall_fixed clock;
    cairn_clock_wall_fixed_init(&clock, -5);
    ck_assert_int_eq(cairn_clock_wall_now(&clock.base), -5);
    ck_assert_int_eq(cairn_clock_wall_now(&clock.base), -5);
    clock.ns = 7;
    ck_assert_int_eq(cairn_clock_wall_now(&clock.base), 7);
}
END_TEST

START_TEST(fixed_mono_clock_moves_by_sleeping)
{
    struct cairn_clock_mono_fixed clock;
    cairn_clock_mono_fixed_init(&clock, 100);
    ck_assert_uint_eq(cairn_clock_mono_now(&clock.base), 100);
    cairn_clock_sleep(&clock.base, 50);
    ck_assert_uint_eq(cairn_clock_mono_now(&clock.base), 150);
}
END_TEST

TCase *date_units(void)
{
    TCase *tcase = tcase_create("date");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, dates_are_those_of_libc);
    tcase_add_test(tcase, every_day_of_four_centuries_round_trips);
    tcase_add_test(tcase, known_dates);
    tcase_add_test(tcase, dates_beyond_64_bits_are_the_nearest_time);
    tcase_add_test(tcase, fixed_wall_clock_stands_still);
    tcase_add_test(tcase, fixed_mono_clock_moves_by_sleeping);
    return tcase;
}
