/* SPDX-License-Identifier: ISC */
#include "units.h"
#include <cairn/clock.h>
#include <string.h>

static const struct {
    uint64_t ns;
    const char *text;
} known[] = {
    { 0, "0 ns" },
    { 830, "830 ns" },
    { 999, "999 ns" },
    { 1000, "1.00 us" },
    { 12437, "12.4 us" },
    { 999999, "999 us" },
    { 12400000, "12.4 ms" },
    { 3214999999, "3.21 s" },
    { 1005000000, "1.00 s" },
    { 1050000000, "1.05 s" },
    { UINT64_C(59999999999), "59.9 s" },
    { UINT64_C(60000000000), "1 min" },
    { UINT64_C(125999999999), "2 min 5 s" },
    { UINT64_C(3599000000000), "59 min 59 s" },
    { UINT64_C(12000000000000), "3 h 20 min" },
    { UINT64_C(86400000000000), "1 d" },
    { UINT64_C(93600000000000), "1 d 2 h" },
    { UINT64_MAX, "213503 d 23 h" },
};

START_TEST(durations_read_well)
{
    char buf[32];
    size_t len = cairn_duration_text(known[_i].ns, buf, sizeof(buf));
    ck_assert_str_eq(buf, known[_i].text);
    ck_assert_uint_eq(len, strlen(buf));
}
END_TEST

START_TEST(durations_are_cut_to_the_buffer)
{
    char buf[4] = "xxx";
    ck_assert_uint_eq(cairn_duration_text(12400000, buf, sizeof(buf)), 3);
    ck_assert_str_eq(buf, "12.");
    ck_assert_uint_eq(cairn_duration_text(12400000, NULL, 0), 0);
}
END_TEST

TCase *duration_units(void)
{
    TCase *tcase = tcase_create("duration");
    tcase_add_loop_test(tcase, durations_read_well, 0, (int)CAIRN_COUNT(known));
    tcase_add_test(tcase, durations_are_cut_to_the_buffer);
    return tcase;
}
