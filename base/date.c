/* SPDX-License-Identifier: ISC */
/*
 * Dates are counted from 1 March of year 0: the leap day is then the last of its year, and months
 * repeat in groups of five of 153 days, so that neither needs a table.
 */
#include <cairn/clock.h>

#define SECONDS_PER_DAY INT64_C(86400)
#define DAYS_PER_YEAR 365
#define DAYS_PER_4_YEARS (4 * DAYS_PER_YEAR + 1)
#define DAYS_PER_CENTURY (25 * DAYS_PER_4_YEARS - 1)
#define DAYS_PER_4_CENTURIES (4 * DAYS_PER_CENTURY + 1)
#define DAYS_BEFORE_1970 719468 /* from 0000-03-01 */

static int32_t min_i32(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

/* days since 0000-03-01, not negative, to year, month, day. */
static void date_from_days(struct cairn_date *date, int32_t days)
{
    int32_t year = days / DAYS_PER_4_CENTURIES * 400;
    days %= DAYS_PER_4_CENTURIES;
    /* The last century of four and the last year of four are a day longer than the division knows.
     */
    int32_t centuries = min_i32(days / DAYS_PER_CENTURY, 3);
    days -= centuries * DAYS_PER_CENTURY;
    int32_t fours = days / DAYS_PER_4_YEARS;
    days -= fours * DAYS_PER_4_YEARS;
    int32_t years = min_i32(days / DAYS_PER_YEAR, 3);
    days -= years * DAYS_PER_YEAR;
    year += centuries * 100 + fours * 4 + years;

    int32_t month = (5 * days + 2) / 153; /* 0 is March */
    date->day = (uint8_t)(days - (153 * month + 2) / 5 + 1);
    date->month = (uint8_t)(month < 10 ? month + 3 : month - 9);
    date->year = month < 10 ? year : year + 1;
}

/* The inverse. */
static int32_t date_to_days(const struct cairn_date *date)
{
    int32_t year = date->month > 2 ? date->year : date->year - 1;
    int32_t month = date->month > 2 ? date->month - 3 : date->month + 9;
    return year * DAYS_PER_YEAR + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 +
           date->day - 1;
}

void cairn_date_from_ns(struct cairn_date *date, int64_t ns)
{
    int64_t seconds = ns / CAIRN_NS_PER_SEC - (ns % CAIRN_NS_PER_SEC < 0);
    int64_t days = seconds / SECONDS_PER_DAY - (seconds % SECONDS_PER_DAY < 0);
    int32_t rest = (int32_t)(seconds - days * SECONDS_PER_DAY);
    date_from_days(date, (int32_t)days + DAYS_BEFORE_1970);
    date->hour = (uint8_t)(rest / 3600);
    date->minute = (uint8_t)(rest / 60 % 60);
    date->second = (uint8_t)(rest % 60);
    /* Not ns - seconds * CAIRN_NS_PER_SEC: the product of the earliest second does not fit. */
    int64_t part = ns % CAIRN_NS_PER_SEC;
    date->ns = (uint32_t)(part < 0 ? part + CAIRN_NS_PER_SEC : part);
}

int64_t cairn_date_to_ns(const struct cairn_date *date)
{
    int64_t days = date_to_days(date) - DAYS_BEFORE_1970;
    int64_t seconds = days * SECONDS_PER_DAY + date->hour * 3600 + date->minute * 60 + date->second;
    int64_t part = date->ns;
    if (seconds < 0) { /* both of one sign, so that only the sum can leave the range */
        seconds += 1;
        part -= CAIRN_NS_PER_SEC;
    }
    if (seconds > INT64_MAX / CAIRN_NS_PER_SEC) return INT64_MAX;
    if (seconds < INT64_MIN / CAIRN_NS_PER_SEC) return INT64_MIN;
    int64_t ns;
    if (__builtin_add_overflow(seconds * CAIRN_NS_PER_SEC, part, &ns))
        return part < 0 ? INT64_MIN : INT64_MAX;
    return ns;
}
