/* SPDX-License-Identifier: ISC */
/* From the boot code to the machine: what a PC has to have done before anything else works. */
#include "board.h"

_Noreturn void uk_x86_start(uint32_t start_info);

static struct uk_machine machine;

_Noreturn void uk_x86_start(uint32_t start_info)
{
    uk_x86_console_init();
    uk_x86_traps_init();
    uk_x86_pvh_take(&machine, start_info);
    uk_x86_paging_protect();
    uk_x86_paging_extend(&machine);
    uk_x86_pci_find(&machine);
    uk_x86_pic_silence();
    uk_x86_time_init();
    uk_x86_apic_init();
    uk_run(&machine);
}

/* QEMU's isa-debug-exit gives 2 * status + 1 to who started it; ACPI's S5 by the registers of q35
 * and PIIX, and the reset of the keyboard's controller, are for where it is not there. */
_Noreturn void uk_power_off(uint32_t status)
{
    x86_out8(0x501, (uint8_t)status);
    x86_out16(0x604, 0x2000);
    x86_out16(0xB004, 0x2000);
    x86_out8(0x64, 0xFE);
    for (;;)
        __asm__ volatile("cli; hlt");
}
