/* SPDX-License-Identifier: ISC */
/*
 * Time by the TSC. How fast it runs the hypervisor says, or the interval timer shows, or the
 * battery's clock.
 */
#include "board.h"
#include <cairn/clock.h>
#include <cairn/platform.h>

#define PIT_HZ 1193182u
#define PIT_TICKS 5966u /* 5 ms */
#define LEAF_TSC_KHZ 0x40000010u
#define PATIENCE 10000000u

static bool by_kvm;
static uint64_t tsc_hz = 1000000000, tsc_start;
static uint64_t ns_mul = UINT64_C(1) << 32; /* nanoseconds a tick, times 2^32 */
static int64_t wall_start_ns;

uint32_t x86_hypervisor_leaf(void)
{
    return x86_cpuid(1).c >> 31 ? x86_cpuid(0x40000000u).a : 0;
}

static uint64_t hz_by_hypervisor(void)
{
    return x86_hypervisor_leaf() >= LEAF_TSC_KHZ ? (uint64_t)x86_cpuid(LEAF_TSC_KHZ).a * 1000 : 0;
}

/* Channel 2 counts down once; bit 5 of port 0x61 is its output. */
static uint64_t hz_by_pit(void)
{
    x86_out8(0x61, (uint8_t)((x86_in8(0x61) & ~2u) | 1u));
    x86_out8(0x43, 0xB0);
    x86_out8(0x42, PIT_TICKS & 0xFF);
    x86_out8(0x42, PIT_TICKS >> 8);
    uint64_t start = x86_tsc();
    if (x86_in8(0x61) & 0x20) return 0; /* there is no timer */
    for (uint32_t i = 0; !(x86_in8(0x61) & 0x20); i++)
        if (i == PATIENCE) return 0;
    return (x86_tsc() - start) * PIT_HZ / PIT_TICKS;
}

void uk_x86_time_init(void)
{
    by_kvm = uk_x86_kvmclock_init();
    uint64_t hz = hz_by_hypervisor();
    if (!hz) hz = hz_by_pit();
    if (!hz) hz = uk_x86_rtc_tsc_hz();
    if (hz) tsc_hz = hz;
    if (!hz && !by_kvm) uk_say("no clock tells how fast the processor's runs: 1 GHz is assumed");
    ns_mul = (((uint64_t)CAIRN_NS_PER_SEC << 32) + tsc_hz / 2) / tsc_hz;
    tsc_start = x86_tsc();
    wall_start_ns = by_kvm ? uk_x86_kvmclock_boot_wall_ns() : uk_x86_rtc_ns();
}

uint64_t cairn_platform_mono_ns(void)
{
    if (by_kvm) return uk_x86_kvmclock_ns();
    return x86_mul_32(x86_tsc() - tsc_start, ns_mul);
}

int64_t cairn_platform_wall_ns(void)
{
    return wall_start_ns + (int64_t)cairn_platform_mono_ns();
}
