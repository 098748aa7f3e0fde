/* SPDX-License-Identifier: ISC */
/* PCI's configuration space by the PC's two ports (PCI 3.0, section 3.2.2.3.2). */
#include "board.h"

#define ADDRESS 0xCF8u
#define DATA 0xCFCu
#define ENABLE 0x80000000u

static void choose(uint32_t function, uint32_t offset)
{
    x86_out32(ADDRESS, ENABLE | function << 8 | (offset & 0xFC));
}

static uint32_t ports_read(const struct uk_pci *pci, uint32_t function, uint32_t offset)
{
    (void)pci;
    choose(function, offset);
    return x86_in32(DATA);
}

static void ports_write(const struct uk_pci *pci, uint32_t function, uint32_t offset,
                        uint32_t value)
{
    (void)pci;
    choose(function, offset);
    x86_out32(DATA, value);
}

/* The address port keeps what is written to it only where there is such a bridge. BARs are placed
 * by the firmware. */
void uk_x86_pci_find(struct uk_machine *machine)
{
    choose(0, 0);
    if (x86_in32(ADDRESS) != ENABLE) return;
    machine->pci = (struct uk_pci){ .read = ports_read, .write = ports_write };
}
