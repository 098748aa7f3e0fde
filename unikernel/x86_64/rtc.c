/* SPDX-License-Identifier: ISC */
/* The clock with the battery (MC146818), in UTC; read twice, as it may be in the middle of a step.
 */
#include "board.h"
#include <cairn/clock.h>

#define SECOND 0u
#define MINUTE 2u
#define HOUR 4u
#define DAY 7u
#define MONTH 8u
#define YEAR 9u
#define STATUS_A 10u
#define STATUS_B 11u
#define STATUS_C 12u
#define UPDATING 0x80u
#define BINARY 0x04u
#define HOURS_24 0x02u
#define PM 0x80u
#define PERIODIC 0x40u /* in status B: interrupts; in C: a period has ended */
#define RATE_1024_HZ 0x26u
#define PERIODS 5u
#define TRIES 100000u

static uint8_t cmos(uint8_t at)
{
    x86_out8(0x70, at);
    return x86_in8(0x71);
}

struct reading {
    uint8_t second, minute, hour, day, month, year;
};

static struct reading reading_take(void)
{
    for (uint32_t i = 0; i < TRIES && (cmos(STATUS_A) & UPDATING); i++)
        continue;
    return (struct reading){ cmos(SECOND), cmos(MINUTE), cmos(HOUR),
                             cmos(DAY),    cmos(MONTH),  cmos(YEAR) };
}

static uint8_t plain(uint8_t value, bool is_binary)
{
    return is_binary ? value : (uint8_t)((value >> 4) * 10 + (value & 15));
}

static uint8_t hour_of(uint8_t hour, uint8_t format)
{
    uint8_t value = plain(hour & (uint8_t)~PM, format & BINARY);
    if (format & HOURS_24) return value;
    return (uint8_t)(value % 12 + (hour & PM ? 12 : 0));
}

int64_t uk_x86_rtc_ns(void)
{
    struct reading now = reading_take(), before;
    for (uint32_t i = 0; i < 3; i++) {
        before = now;
        now = reading_take();
        if (memcmp(&now, &before, sizeof now) == 0) break;
    }
    uint8_t format = cmos(STATUS_B);
    bool is_binary = format & BINARY;
    struct cairn_date date = { .year = 2000 + plain(now.year, is_binary),
                               .month = plain(now.month, is_binary),
                               .day = plain(now.day, is_binary),
                               .hour = hour_of(now.hour, format),
                               .minute = plain(now.minute, is_binary),
                               .second = plain(now.second, is_binary) };
    bool valid = date.month - 1u < 12 && date.day - 1u < 31 && date.hour < 24 && date.minute < 60 &&
                 date.second < 60;
    return valid ? cairn_date_to_ns(&date) : 0;
}

/* The next end of a period, by the TSC; 0: none comes. */
static uint64_t period_end(void)
{
    for (uint32_t i = 0; i < TRIES; i++)
        if (cmos(STATUS_C) & PERIODIC) return x86_tsc();
    return 0;
}

static void cmos_write(uint8_t at, uint8_t value)
{
    x86_out8(0x70, at);
    x86_out8(0x71, value);
}

/* The clock only counts periods when they would interrupt; nobody listens to that line. */
uint64_t uk_x86_rtc_tsc_hz(void)
{
    uint8_t before_a = cmos(STATUS_A), before_b = cmos(STATUS_B);
    cmos_write(STATUS_A, RATE_1024_HZ);
    cmos_write(STATUS_B, before_b | PERIODIC);
    (void)period_end();
    uint64_t first = period_end(), last = first;
    for (uint32_t i = 0; i < PERIODS && last; i++)
        last = period_end();
    cmos_write(STATUS_B, before_b);
    cmos_write(STATUS_A, before_a);
    return last ? (last - first) * 1024 / PERIODS : 0;
}
