/* SPDX-License-Identifier: ISC */
/* The PC inside: ports, special registers, and which part offers what. */
#ifndef CAIRN_UNIKERNEL_X86_64_BOARD_H
#define CAIRN_UNIKERNEL_X86_64_BOARD_H

#include "../machine/machine.h"

/* Vectors: exceptions, then one for each line, then the timer. */
#define UK_X86_VECTOR_LINES 32u
#define UK_X86_VECTOR_TIMER 63u
#define UK_X86_LINE_TIMER (UK_X86_VECTOR_TIMER - UK_X86_VECTOR_LINES)

#define UK_X86_CODE 8u /* segments, in boot.S and traps.c */
#define UK_X86_TASK 24u

static inline void x86_out8(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline void x86_out16(uint16_t port, uint16_t value)
{
    __asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port));
}

static inline void x86_out32(uint16_t port, uint32_t value)
{
    __asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port));
}

static inline uint32_t x86_in32(uint16_t port)
{
    uint32_t value;
    __asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static inline uint8_t x86_in8(uint16_t port)
{
    uint8_t value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static inline uint64_t x86_tsc(void)
{
    uint32_t low, high;
    __asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high) : : "memory");
    return (uint64_t)high << 32 | low;
}

static inline void x86_msr_write(uint32_t msr, uint64_t value)
{
    __asm__ volatile("wrmsr" : : "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)));
}

/* a * b / 2^32, with all bits in between. */
static inline uint64_t x86_mul_32(uint64_t a, uint64_t b)
{
    __extension__ typedef unsigned __int128 wide;
    return (uint64_t)((wide)a * b >> 32);
}

struct x86_cpuid {
    uint32_t a, b, c, d;
};

static inline struct x86_cpuid x86_cpuid(uint32_t leaf)
{
    struct x86_cpuid id;
    __asm__ volatile("cpuid" : "=a"(id.a), "=b"(id.b), "=c"(id.c), "=d"(id.d) : "a"(leaf), "c"(0));
    return id;
}

/* The largest hypervisor leaf, 0 on bare hardware. */
uint32_t x86_hypervisor_leaf(void);

/* console.c */
void uk_x86_console_init(void);

/* traps.c: from here on exceptions are told, on a stack of their own. */
void uk_x86_traps_init(void);

/* paging.c: rights for the image's pages, none for page 0 and below the stacks. */
void uk_x86_paging_protect(void);
/* RAM above 4 GiB, with tables out of that RAM. */
void uk_x86_paging_extend(struct uk_machine *machine);

/* pvh.c: command line and RAM, out of what the boot protocol left. */
void uk_x86_pvh_take(struct uk_machine *machine, uint32_t start_info);

/* pci_ports.c: PCI, where it is. */
void uk_x86_pci_find(struct uk_machine *machine);

/* time.c */
void uk_x86_time_init(void);

/* kvmclock.c: false where the hypervisor has none. */
bool uk_x86_kvmclock_init(void);
uint64_t uk_x86_kvmclock_ns(void);
int64_t uk_x86_kvmclock_boot_wall_ns(void);

/* rtc.c: wall time by the battery's clock, whole seconds; and how fast the TSC runs, or 0. */
int64_t uk_x86_rtc_ns(void);
uint64_t uk_x86_rtc_tsc_hz(void);

/* apic.c: the old interrupt controllers are silenced. */
void uk_x86_pic_silence(void);

/* apic.c */
void uk_x86_apic_init(void);

#endif
