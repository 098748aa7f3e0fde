/* SPDX-License-Identifier: ISC */
/*
 * A machine as its boot code found it, and what a board (x86_64/, aarch64/) offers the rest.
 *
 * One processor, one thread, all memory mapped one to one. Interrupts do nothing but raise the flag
 * of their line; who waits for a line sleeps until its flag is up.
 */
#ifndef CAIRN_UNIKERNEL_MACHINE_H
#define CAIRN_UNIKERNEL_MACHINE_H

#include <cairn/bytes.h>
#include <cairn/text.h>

#define UK_RAM_MAX 64u
#define UK_MMIO_MAX 64u
#define UK_COMMAND_LINE_BYTES 2048u
#define UK_LINES 32u
#define UK_LINE_NONE UINT32_MAX

/* How the machine ends when not by what cairn_main returns. */
#define UK_STATUS_NOT_STARTED 126u
#define UK_STATUS_TRAP 127u

struct uk_range {
    uint64_t at, bytes;
};

/* Registers of a virtio device, or of a slot without one. */
struct uk_mmio {
    struct uk_range registers;
    uint32_t source; /* the board's number of its interrupt, or UK_LINE_NONE */
};

/* PCI: how its configuration space is reached, and where BARs that nobody has placed may lie. A
 * function is bus << 8 | device << 3 | function; 32 bits at a time. */
struct uk_pci {
    uint32_t (*read)(const struct uk_pci *pci, uint32_t function,
                     uint32_t offset); /* NULL: no PCI */
    void (*write)(const struct uk_pci *pci, uint32_t function, uint32_t offset, uint32_t value);
    struct uk_range ecam; /* of uk_pci_ecam_read and _write: all of the space as memory */
    struct uk_range window;
};

struct uk_machine {
    char command_line[UK_COMMAND_LINE_BYTES];
    struct uk_range ram[UK_RAM_MAX];
    size_t ram_count;
    struct uk_mmio mmio[UK_MMIO_MAX];
    size_t mmio_count;
    struct uk_pci pci;
};

/* Where the image ends and what the linker script draws; uk_image to uk_rodata is code. */
extern uint8_t uk_image[], uk_rodata[], uk_data[], uk_image_end[];
extern uint8_t uk_stack_guard[], uk_stack_top[], uk_trap_guard[], uk_trap_stack_top[];

/* What was written to memory before comes before what is written to a device behind it, and what is
 * read of a device before what is read of memory then. */
static inline void uk_barrier(void)
{
#if defined(__aarch64__)
    __asm__ volatile("dsb sy" : : : "memory");
#else
    __asm__ volatile("" : : : "memory");
#endif
}

/* 8, 16 or 32 bits of a device's registers, with barriers. */
uint32_t uk_register_read(uint64_t address, uint32_t width);
void uk_register_write(uint64_t address, uint32_t width, uint32_t value);

/* ---- what a board offers ---------------------------------------------------------------------
 * Besides platform.h's cairn_platform_mono_ns, _wall_ns and _console_write. */

/* End the machine with a status of 0 to 127, where there is somebody to tell it to. */
_Noreturn void uk_power_off(uint32_t status);

/* Let the line hear an interrupt: one that stays on until the device is told (and is then masked
 * until the next wait). The line's number is the caller's choice below UK_LINES. */
void uk_line_open(uint32_t line, uint32_t source);
/* Let the line hear a message: what a device has to write where. False: the board has none. */
bool uk_line_message(uint32_t line, uint64_t *address, uint32_t *data) CAIRN_MUST_USE;
/* Make registers reachable that may not be mapped yet. */
bool uk_map_device(uint64_t at, uint64_t bytes) CAIRN_MUST_USE;

/* Sleep until the line's flag is up, and take it down; false: the deadline has come. A line that is
 * UK_LINE_NONE only sleeps. */
bool uk_line_wait(uint32_t line, uint64_t deadline_ns);

/* ---- what the rest offers a board ------------------------------------------------------------ */

/* The machine stands: find its devices, run the application, power off. */
_Noreturn void uk_run(struct uk_machine *machine);

/* RAM of the machine; a range that does not fit any more is left out. */
void uk_ram_add(struct uk_machine *machine, uint64_t at, uint64_t bytes);
/* The largest piece of RAM that is not below `from`. */
struct uk_range uk_ram_largest(const struct uk_machine *machine, uint64_t from);
void uk_command_line_set(struct uk_machine *machine, const char *line);

/* A line to the console, as printf. */
void uk_say(const char *fmt, ...) CAIRN_PRINTF(1, 2);
/* The same, then the end with this status. */
_Noreturn void uk_die(uint32_t status, const char *fmt, ...) CAIRN_PRINTF(2, 3);

#endif
