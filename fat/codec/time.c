/* SPDX-License-Identifier: ISC */
/* DOS dates and times. fatgen103, "Date and Time Formats". */
#include "dirent.h"

#include <cairn/clock.h>

#define YEAR_FIRST 1980
#define YEAR_LAST 2107
#define NS_PER_MIN (60 * CAIRN_NS_PER_SEC)
#define DAY_MIN 1440
#define TENTHS_MAX 199u

static uint8_t days_in(uint32_t year, uint32_t month)
{
    static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    /* 2100 is the one century of the format's years that has no leap day. */
    return month == 2 && year % 4 == 0 && year != 2100 ? 29 : days[month - 1];
}

/* 64 bits of nanoseconds end in 2262: near their ends the sum would wrap. */
static int64_t shifted(int64_t ns, int64_t offset_min)
{
    int64_t by = offset_min * NS_PER_MIN;
    if (by > 0 && ns > INT64_MAX - by) return INT64_MAX;
    if (by < 0 && ns < INT64_MIN - by) return INT64_MIN;
    return ns + by;
}

/* No place is further from UTC than a day. */
static int64_t offset_clamped(int32_t offset_min)
{
    return offset_min > DAY_MIN ? DAY_MIN : offset_min < -DAY_MIN ? -DAY_MIN : offset_min;
}

static void clamp_date(struct cairn_date *date)
{
    static const struct cairn_date first = { .year = YEAR_FIRST, .month = 1, .day = 1 };
    static const struct cairn_date last = {
        .year = YEAR_LAST, .month = 12, .day = 31, .hour = 23, .minute = 59, .second = 58
    };
    if (date->year < YEAR_FIRST) *date = first;
    if (date->year > YEAR_LAST) *date = last;
}

void fat_time_encode(int64_t ns, int32_t offset_min, uint16_t *date, uint16_t *time,
                     uint8_t *tenths)
{
    struct cairn_date d;
    cairn_date_from_ns(&d, shifted(ns, offset_clamped(offset_min)));
    clamp_date(&d);
    *date = (uint16_t)((uint32_t)(d.year - YEAR_FIRST) << 9 | (uint32_t)d.month << 5 | d.day);
    *time = (uint16_t)((uint32_t)d.hour << 11 | (uint32_t)d.minute << 5 | d.second / 2u);
    *tenths = (uint8_t)(d.second % 2u * 100 + d.ns / 10000000u);
}

static uint32_t clamp(uint32_t value, uint32_t least, uint32_t most)
{
    return value < least ? least : value > most ? most : value;
}

int64_t fat_time_decode(uint16_t date, uint16_t time, uint8_t tenths, int32_t offset_min)
{
    uint32_t year = YEAR_FIRST + (date >> 9), month = clamp(date >> 5 & 15u, 1, 12);
    uint32_t ten_ms = (uint32_t)clamp(tenths, 0, TENTHS_MAX);
    struct cairn_date d = { .year = (int32_t)year, .month = (uint8_t)month };
    d.day = (uint8_t)clamp(date & 31u, 1, days_in(year, month));
    d.hour = (uint8_t)clamp(time >> 11, 0, 23);
    d.minute = (uint8_t)clamp(time >> 5 & 63u, 0, 59);
    d.second = (uint8_t)(clamp(time & 31u, 0, 29) * 2 + ten_ms / 100);
    d.ns = ten_ms % 100 * 10000000u;
    return shifted(cairn_date_to_ns(&d), -offset_clamped(offset_min));
}

bool fat_time_valid(uint16_t date, uint16_t time, uint8_t tenths)
{
    uint32_t month = date >> 5 & 15u, day = date & 31u;
    if (month < 1 || month > 12 || day < 1) return false;
    if (day > days_in(YEAR_FIRST + (date >> 9), month)) return false;
    return time >> 11 < 24 && (time >> 5 & 63) < 60 && (time & 31) < 30 && tenths <= TENTHS_MAX;
}
