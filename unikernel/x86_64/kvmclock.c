/* SPDX-License-Identifier: ISC */
/* KVM's paravirtual clock: nanoseconds by the TSC and what the host says of it. */
#include "board.h"

#define LEAF_FEATURES 0x40000001u
#define FEATURE_CLOCK2 (1u << 3)
#define MSR_WALL 0x4B564D00u
#define MSR_TIME 0x4B564D01u

/* struct pvclock_vcpu_time_info; the host writes it, version is odd meanwhile. */
static volatile struct {
    uint32_t version, pad;
    uint64_t tsc, system_ns;
    uint32_t mul;
    int8_t shift;
    uint8_t flags, pads[2];
} time_info __attribute__((aligned(64)));

static volatile struct {
    uint32_t version, seconds, ns;
} wall_info __attribute__((aligned(64)));

bool uk_x86_kvmclock_init(void)
{
    struct x86_cpuid id = x86_cpuid(0x40000000u);
    bool is_kvm = id.b == 0x4B4D564B && id.c == 0x564B4D56 && id.d == 0x4D; /* KVMKVMKVM */
    if (!x86_hypervisor_leaf() || !is_kvm || !(x86_cpuid(LEAF_FEATURES).a & FEATURE_CLOCK2))
        return false;
    x86_msr_write(MSR_TIME, (uintptr_t)&time_info | 1);
    x86_msr_write(MSR_WALL, (uintptr_t)&wall_info);
    return time_info.mul != 0;
}

uint64_t uk_x86_kvmclock_ns(void)
{
    for (;;) {
        uint32_t version = time_info.version;
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
        uint64_t ticks = x86_tsc() - time_info.tsc;
        int8_t shift = time_info.shift;
        ticks = shift < 0 ? ticks >> -shift : ticks << shift;
        uint64_t ns = time_info.system_ns + x86_mul_32(ticks, time_info.mul);
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
        if (!(version & 1) && version == time_info.version) return ns;
    }
}

int64_t uk_x86_kvmclock_boot_wall_ns(void)
{
    return (int64_t)wall_info.seconds * 1000000000 + wall_info.ns;
}
