/* SPDX-License-Identifier: ISC */
/*
 * Two clocks, as MirageOS has them: a monotonic one for durations and a wall clock for dates.
 * Nanoseconds in 64 bits. The wall clock counts from 1970-01-01T00:00:00Z and may be negative.
 */
#ifndef CAIRN_CLOCK_H
#define CAIRN_CLOCK_H

#include <cairn/def.h>

CAIRN_BEGIN

#define CAIRN_NS_PER_SEC INT64_C(1000000000)
#define CAIRN_NS_PER_MS INT64_C(1000000)

struct cairn_clock_mono {
    uint64_t (*now_ns)(struct cairn_clock_mono *clock);
    void (*sleep_ns)(struct cairn_clock_mono *clock, uint64_t duration_ns);
};

struct cairn_clock_wall {
    int64_t (*now_ns)(struct cairn_clock_wall *clock);
};

static inline uint64_t cairn_clock_mono_now(struct cairn_clock_mono *clock)
{
    return clock->now_ns(clock);
}

static inline int64_t cairn_clock_wall_now(struct cairn_clock_wall *clock)
{
    return clock->now_ns(clock);
}

static inline void cairn_clock_sleep(struct cairn_clock_mono *clock, uint64_t duration_ns)
{
    clock->sleep_ns(clock, duration_ns);
}

/* The platform's clocks (platform.h); one of each, shared, never closed. */
CAIRN_API struct cairn_clock_mono *cairn_clock_mono_platform(void);
CAIRN_API struct cairn_clock_wall *cairn_clock_wall_platform(void);

/* Clocks that stand still until told otherwise: for reproducible images and for tests. */
struct cairn_clock_wall_fixed {
    struct cairn_clock_wall base;
    int64_t ns;
};
struct cairn_clock_mono_fixed {
    struct cairn_clock_mono base;
    uint64_t ns; /* sleeping adds to it */
};
CAIRN_API void cairn_clock_wall_fixed_init(struct cairn_clock_wall_fixed *clock, int64_t ns);
CAIRN_API void cairn_clock_mono_fixed_init(struct cairn_clock_mono_fixed *clock, uint64_t ns);

/* A date of the proleptic Gregorian calendar in UTC. */
struct cairn_date {
    int32_t year;  /* 1601 to 9999 */
    uint8_t month; /* 1 to 12 */
    uint8_t day;   /* 1 to 31 */
    uint8_t hour, minute, second;
    uint32_t ns;
};
/* Any 64-bit time to a date, and a valid date to a time: the nearest one where 64 bits of
 * nanoseconds do not reach (before 1677-09-21, after 2262-04-11). */
CAIRN_API void cairn_date_from_ns(struct cairn_date *date, int64_t ns);
CAIRN_API int64_t cairn_date_to_ns(const struct cairn_date *date);

/* A duration for people: "830 ns", "12.4 ms", "3.21 s", "2 min 5 s", "3 h 20 min", "1 d". Cut,
 * not rounded. Returns the length. */
CAIRN_API size_t cairn_duration_text(uint64_t ns, char *buf, size_t cap);

CAIRN_END

#endif
