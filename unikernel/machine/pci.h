/* SPDX-License-Identifier: ISC */
/* PCI functions as buses of <cairn/virtio.h>: found, placed, and heard by a message. */
#ifndef CAIRN_UNIKERNEL_PCI_H
#define CAIRN_UNIKERNEL_PCI_H

#include "machine.h"
#include <cairn/virtio.h>

#define UK_PCI_BARS 6u

struct uk_pci_bus {
    struct cairn_virtio_bus base;
    const struct uk_pci *pci;
    uint32_t function;
    uint32_t line; /* or UK_LINE_NONE */
    struct uk_range bars[UK_PCI_BARS];
};

/* All functions of bus 0 and of the buses that a firmware has numbered behind bridges. */
struct uk_pci_walk {
    const struct uk_pci *pci;
    uint64_t buses[4]; /* bits: still to be looked at */
    uint32_t function; /* the next one */
    uint64_t free_at;  /* in the window */
};
struct uk_pci_walk uk_pci_walk_begin(const struct uk_machine *machine);
/* The next virtio function, its BARs placed and reachable, its memory and mastering enabled. */
bool uk_pci_walk_next(struct uk_pci_walk *walk, struct uk_pci_bus *bus);

/* Let vector 0 of MSI-X raise the line; false: the function or the board has no messages, and the
 * driver has to poll. */
bool uk_pci_message(struct uk_pci_bus *bus, uint32_t line);

/* For boards whose configuration space is memory (pci->ecam). */
uint32_t uk_pci_ecam_read(const struct uk_pci *pci, uint32_t function, uint32_t offset);
void uk_pci_ecam_write(const struct uk_pci *pci, uint32_t function, uint32_t offset,
                       uint32_t value);

#endif
