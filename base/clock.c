/* SPDX-License-Identifier: ISC */
#include <cairn/clock.h>
#include <cairn/platform.h>
#include <cairn/text.h>

static uint64_t platform_mono_now(struct cairn_clock_mono *clock)
{
    (void)clock;
    return cairn_platform_mono_ns();
}

static void platform_sleep(struct cairn_clock_mono *clock, uint64_t duration_ns)
{
    (void)clock;
    cairn_platform_sleep_ns(duration_ns);
}

static int64_t platform_wall_now(struct cairn_clock_wall *clock)
{
    (void)clock;
    return cairn_platform_wall_ns();
}

struct cairn_clock_mono *cairn_clock_mono_platform(void)
{
    static struct cairn_clock_mono clock = { platform_mono_now, platform_sleep };
    return &clock;
}

struct cairn_clock_wall *cairn_clock_wall_platform(void)
{
    static struct cairn_clock_wall clock = { platform_wall_now };
    return &clock;
}

_Static_assert(offsetof(struct cairn_clock_mono_fixed, base) == 0, "base first");
_Static_assert(offsetof(struct cairn_clock_wall_fixed, base) == 0, "base first");

static uint64_t fixed_mono_now(struct cairn_clock_mono *clock)
{
    return ((struct cairn_clock_mono_fixed *)clock)->ns;
}

static void fixed_sleep(struct cairn_clock_mono *clock, uint64_t duration_ns)
{
    ((struct cairn_clock_mono_fixed *)clock)->ns += duration_ns;
}

static int64_t fixed_wall_now(struct cairn_clock_wall *clock)
{
    return ((struct cairn_clock_wall_fixed *)clock)->ns;
}

void cairn_clock_wall_fixed_init(struct cairn_clock_wall_fixed *clock, int64_t ns)
{
    clock->base.now_ns = fixed_wall_now;
    clock->ns = ns;
}

void cairn_clock_mono_fixed_init(struct cairn_clock_mono_fixed *clock, uint64_t ns)
{
    clock->base.now_ns = fixed_mono_now;
    clock->base.sleep_ns = fixed_sleep;
    clock->ns = ns;
}
