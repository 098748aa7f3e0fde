/* SPDX-License-Identifier: ISC */
/*
 * Interrupts: the processor's own controller (local APIC) with its timer, and the board's (I/O
 * APIC) for lines. This file is compiled without vector registers, which interrupts do not save.
 */
#include "board.h"
#include <cairn/platform.h>

#define LOCAL UINT64_C(0xFEE00000)
#define LOCAL_ID 0x20u
#define LOCAL_EOI 0xB0u
#define LOCAL_SPURIOUS 0xF0u
#define LOCAL_TIMER 0x320u
#define LOCAL_TIMER_START 0x380u
#define LOCAL_TIMER_LEFT 0x390u
#define LOCAL_TIMER_DIVIDE 0x3E0u
#define LOCAL_ON 0x100u
#define DIVIDE_BY_16 3u
#define BOARD UINT64_C(0xFEC00000) /* I/O APIC; the second of microvm lies behind it */
#define BOARD_LINES 24u
#define BOARD_STEP UINT64_C(0x10000)
#define MASKED 0x10000u
#define LEVEL 0x8000u
#define SPURIOUS_VECTOR 0xFFu
#define MEASURED_NS 1000000u
#define LONGEST_NS UINT64_C(10000000000) /* one sleep; who waits longer sleeps again */

void uk_x86_interrupt(uint64_t line);

static uint32_t sources[UK_LINES]; /* of the board, or UK_LINE_NONE */
static volatile bool raised[UK_LINES];
static uint64_t timer_hz;

static volatile uint32_t *local(uint32_t at)
{
    return (volatile uint32_t *)(uintptr_t)(LOCAL + at);
}

static void board_write(uint32_t source, uint32_t which, uint32_t value)
{
    volatile uint32_t *window =
        (volatile uint32_t *)(uintptr_t)(BOARD + source / BOARD_LINES * BOARD_STEP);
    window[0] = 0x10 + source % BOARD_LINES * 2 + which;
    window[4] = value;
}

static void line_hear(uint32_t line, bool hear)
{
    if (sources[line] == UK_LINE_NONE) return;
    uint32_t vector = UK_X86_VECTOR_LINES + line;
    board_write(sources[line], 0, vector | LEVEL | (hear ? 0 : MASKED));
}

void uk_x86_interrupt(uint64_t line)
{
    line_hear((uint32_t)line, false);
    raised[line] = true;
    *local(LOCAL_EOI) = 0;
}

void uk_line_open(uint32_t line, uint32_t source)
{
    sources[line] = source;
    if (source != UK_LINE_NONE) board_write(source, 1, *local(LOCAL_ID) & 0xFF000000u);
}

bool uk_line_message(uint32_t line, uint64_t *address, uint32_t *data)
{
    sources[line] = UK_LINE_NONE;
    *address = LOCAL | (uint64_t)(*local(LOCAL_ID) >> 24) << 12;
    *data = UK_X86_VECTOR_LINES + line;
    return true;
}

void uk_x86_pic_silence(void)
{
    x86_out8(0x21, 0xFF);
    x86_out8(0xA1, 0xFF);
}

/* The timer's speed is measured against the clock. */
void uk_x86_apic_init(void)
{
    for (uint32_t i = 0; i < UK_LINES; i++)
        sources[i] = UK_LINE_NONE;
    *local(LOCAL_SPURIOUS) = LOCAL_ON | SPURIOUS_VECTOR;
    *local(LOCAL_TIMER) = MASKED;
    *local(LOCAL_TIMER_DIVIDE) = DIVIDE_BY_16;
    *local(LOCAL_TIMER_START) = UINT32_MAX;
    uint64_t start = cairn_platform_mono_ns(), now;
    do {
        now = cairn_platform_mono_ns();
    } while (now - start < MEASURED_NS);
    timer_hz = (uint64_t)(UINT32_MAX - *local(LOCAL_TIMER_LEFT)) * 1000000000 / (now - start);
    *local(LOCAL_TIMER_START) = 0;
}

static void timer_set(uint64_t ns)
{
    uint64_t ticks = cairn_min_u64(ns, LONGEST_NS) * timer_hz / 1000000000;
    *local(LOCAL_TIMER) = UK_X86_VECTOR_TIMER;
    *local(LOCAL_TIMER_START) = (uint32_t)cairn_min_u64(cairn_max_u64(ticks, 1), UINT32_MAX);
}

/* The flag is looked at with interrupts off; sti lets them in only behind the hlt. */
bool uk_line_wait(uint32_t line, uint64_t deadline_ns)
{
    bool mine = false;
    uint64_t now;
    if (line != UK_LINE_NONE) line_hear(line, true);
    while (!mine && (now = cairn_platform_mono_ns()) < deadline_ns) {
        __asm__ volatile("cli" : : : "memory");
        if (line == UK_LINE_NONE || !raised[line]) {
            timer_set((deadline_ns - now) - (deadline_ns - now) / 16); /* and the rest again */
            __asm__ volatile("sti; hlt" : : : "memory");
        }
        __asm__ volatile("sti; nop; cli" : : : "memory");
        mine = line != UK_LINE_NONE && raised[line];
        if (mine) raised[line] = false;
    }
    __asm__ volatile("cli" : : : "memory");
    return mine;
}
