/* SPDX-License-Identifier: ISC */
/* Rights of pages. boot.S has mapped the first 4 GiB in pages of 2 MiB, all writable. */
#include "board.h"

#define PRESENT UINT64_C(1)
#define WRITE UINT64_C(2)
#define LARGE UINT64_C(0x80)
#define NO_EXECUTE (UINT64_C(1) << 63)
#define ADDRESS UINT64_C(0x000FFFFFFFFFF000)
#define PAGE UINT64_C(4096)
#define LARGE_PAGE (UINT64_C(2) << 20)
#define GIB (UINT64_C(1) << 30)
#define FINE 4u /* large pages with fine tables: page 0, and an image of at most 6 MiB at 2 MiB */

extern uint64_t uk_x86_pml4[512], uk_x86_pd[4 * 512];
static uint64_t fine[FINE * 512] __attribute__((aligned(4096)));

static void range_set(uint64_t from, uint64_t to, uint64_t rights)
{
    for (uint64_t at = from; at < to; at += PAGE)
        fine[at / PAGE] = rights ? at | rights : 0;
}

static void flush_all(void)
{
    __asm__ volatile("movq %0, %%cr3" : : "r"((uintptr_t)uk_x86_pml4) : "memory");
}

void uk_x86_paging_protect(void)
{
    uint64_t data = PRESENT | WRITE | NO_EXECUTE;
    if ((uintptr_t)uk_image_end > FINE * LARGE_PAGE)
        uk_die(UK_STATUS_NOT_STARTED, "the image is larger than 6 MiB");
    range_set(PAGE, FINE * LARGE_PAGE, data);
    range_set((uintptr_t)uk_image, (uintptr_t)uk_rodata, PRESENT);
    range_set((uintptr_t)uk_rodata, (uintptr_t)uk_data, PRESENT | NO_EXECUTE);
    range_set((uintptr_t)uk_stack_guard, (uintptr_t)uk_stack_guard + PAGE, 0);
    range_set((uintptr_t)uk_trap_guard, (uintptr_t)uk_trap_guard + PAGE, 0);
    for (uint64_t i = 0; i < 4 * 512; i++)
        uk_x86_pd[i] =
            i < FINE ? (uintptr_t)&fine[i * 512] | PRESENT | WRITE : uk_x86_pd[i] | NO_EXECUTE;
    flush_all();
}

/* ---- above 4 GiB ----------------------------------------------------------------------------- */

/* A zeroed page off the end of the range. */
static uint64_t *table_take(struct uk_range *ram)
{
    ram->bytes -= PAGE;
    uint64_t *table = (uint64_t *)(uintptr_t)(ram->at + ram->bytes);
    return table;
}

static uint64_t *table_below(uint64_t *entry, struct uk_range *tables)
{
    if (!*entry) {
        uint64_t *table = table_take(tables);
        memset(table, 0, PAGE);
        *entry = (uintptr_t)table | PRESENT | WRITE;
    }
    return (uint64_t *)(uintptr_t)(*entry & ADDRESS);
}

/* In pages of 2 MiB; a GiB takes a table. */
static bool range_map(const struct uk_range *what, struct uk_range *tables)
{
    for (uint64_t at = what->at & -LARGE_PAGE; at < what->at + what->bytes; at += LARGE_PAGE) {
        if (tables->bytes < 2 * PAGE || at >> 47) return false;
        uint64_t *pdpt = table_below(&uk_x86_pml4[at >> 39 & 511], tables);
        uint64_t *pd = table_below(&pdpt[at >> 30 & 511], tables);
        pd[at >> 21 & 511] = at | PRESENT | WRITE | LARGE | NO_EXECUTE;
    }
    return true;
}

/* Registers beyond 4 GiB: two tables for each GiB of them, of a few that are kept for this. */
bool uk_map_device(uint64_t at, uint64_t bytes)
{
    static uint8_t kept[8 * PAGE] __attribute__((aligned(PAGE)));
    static struct uk_range tables;
    if (at + bytes <= 4 * GIB) return true;
    if (!tables.at) tables = (struct uk_range){ (uintptr_t)kept, sizeof kept };
    struct uk_range registers = { at, bytes };
    bool mapped = range_map(&registers, &tables);
    flush_all();
    return mapped;
}

void uk_x86_paging_extend(struct uk_machine *machine)
{
    struct uk_range *tables = NULL;
    for (size_t i = 0; i < machine->ram_count; i++) {
        struct uk_range *ram = &machine->ram[i];
        if (ram->at + ram->bytes <= 4 * GIB && ram->at >= LARGE_PAGE &&
            (!tables || ram->bytes > tables->bytes))
            tables = ram;
    }
    for (size_t i = 0; i < machine->ram_count; i++) {
        struct uk_range *ram = &machine->ram[i];
        if (ram->at >= 4 * GIB && (!tables || !range_map(ram, tables))) ram->bytes = 0;
    }
    flush_all();
}
