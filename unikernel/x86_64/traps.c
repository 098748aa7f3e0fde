/* SPDX-License-Identifier: ISC */
/* Segments, the table of vectors, and the report of an exception that nobody expected. */
#include "board.h"

#define VECTORS 64u
#define VECTOR_BYTES 16u /* of a stub in traps.S */
#define PAGE_FAULT 14u
#define DOUBLE_FAULT 8u

/* As traps.S pushes it, from the top. */
struct uk_x86_frame {
    uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rbp, rdi, rsi, rdx, rcx, rbx, rax;
    uint64_t vector, error, rip, cs, rflags, rsp, ss;
};

_Noreturn void uk_x86_trap(const struct uk_x86_frame *frame);
extern uint8_t uk_x86_vectors[], uk_x86_interrupts[];

static const char *const names[] = {
    "division by zero",
    "debug",
    "NMI",
    "breakpoint",
    "overflow",
    "bound",
    "invalid opcode",
    "no coprocessor",
    "double fault",
    "coprocessor segment",
    "invalid task segment",
    "segment not present",
    "stack segment",
    "general protection",
    "page fault",
    "reserved",
    "floating point",
    "alignment",
    "machine check",
    "SIMD floating point",
};

static uint64_t fault_address(void)
{
    uint64_t address;
    __asm__ volatile("movq %%cr2, %0" : "=r"(address));
    return address;
}

static bool in_guard(uint64_t address)
{
    return address - (uintptr_t)uk_stack_guard < 4096;
}

static const char *page_fault_meaning(uint64_t address, uint64_t error)
{
    if (in_guard(address)) return "the stack is used up";
    if (address < 4096) return "a null pointer";
    if (error & 16) return "execution of data";
    if (error & 1) return "write to what is read-only";
    return "no memory there";
}

_Noreturn void uk_x86_trap(const struct uk_x86_frame *frame)
{
    const struct uk_x86_frame *f = frame;
    const char *name = f->vector < CAIRN_COUNT(names) ? names[f->vector] : "reserved";
    uk_say("\nexception %llu (%s), error %llx, at %016llx", (unsigned long long)f->vector, name,
           (unsigned long long)f->error, (unsigned long long)f->rip);
    uint64_t address = fault_address();
    if (f->vector == PAGE_FAULT || (f->vector == DOUBLE_FAULT && in_guard(address)))
        uk_say("address %016llx: %s", (unsigned long long)address,
               page_fault_meaning(address, f->error));
    const uint64_t *all = &frame->r15;
    static const char *const registers[] = { "r15", "r14", "r13", "r12", "r11", "r10", "r9", "r8",
                                             "rbp", "rdi", "rsi", "rdx", "rcx", "rbx", "rax" };
    for (size_t i = 0; i + 2 < CAIRN_COUNT(registers); i += 3)
        uk_say("%-4s%016llx  %-4s%016llx  %-4s%016llx", registers[i], (unsigned long long)all[i],
               registers[i + 1], (unsigned long long)all[i + 1], registers[i + 2],
               (unsigned long long)all[i + 2]);
    uk_die(UK_STATUS_TRAP, "rsp %016llx  flags %llx", (unsigned long long)f->rsp,
           (unsigned long long)f->rflags);
}

/* ---- tables ---------------------------------------------------------------------------------- */

struct table_at {
    uint16_t bytes;
    uint64_t at;
} __attribute__((packed));

/* The 64-bit task segment: only where the stack of exceptions is (interrupt stack 1). */
static uint32_t task[26];
static uint64_t gdt[5] = { 0, 0x00AF9A000000FFFF, 0x00CF92000000FFFF, 0, 0 };
static uint64_t idt[VECTORS][2];

static void task_set(void)
{
    uint64_t at = (uintptr_t)task, top = (uintptr_t)uk_trap_stack_top;
    task[9] = (uint32_t)top; /* IST1, at byte 36 */
    task[10] = (uint32_t)(top >> 32);
    task[25] = sizeof task << 16; /* no I/O map */
    gdt[3] =
        (sizeof task - 1) | (at & 0xFFFFFF) << 16 | UINT64_C(0x89) << 40 | (at >> 24 & 0xFF) << 56;
    gdt[4] = at >> 32;
}

static void vector_set(uint32_t vector, const uint8_t *code, uint32_t stack)
{
    uint64_t at = (uintptr_t)code;
    idt[vector][0] = (at & 0xFFFF) | UK_X86_CODE << 16 | (uint64_t)stack << 32 |
                     UINT64_C(0x8E) << 40 | (at >> 16 & 0xFFFF) << 48;
    idt[vector][1] = at >> 32;
}

void uk_x86_traps_init(void)
{
    task_set();
    for (uint32_t i = 0; i < UK_X86_VECTOR_LINES; i++) {
        vector_set(i, uk_x86_vectors + i * VECTOR_BYTES, 1);
        vector_set(UK_X86_VECTOR_LINES + i, uk_x86_interrupts + i * VECTOR_BYTES, 0);
    }
    struct table_at gdt_at = { sizeof gdt - 1, (uintptr_t)gdt };
    struct table_at idt_at = { sizeof idt - 1, (uintptr_t)idt };
    __asm__ volatile("lgdt %0; ltr %w1; lidt %2"
                     :
                     : "m"(gdt_at), "r"(UK_X86_TASK), "m"(idt_at)
                     : "memory");
}
