/* SPDX-License-Identifier: ISC */
/* Virtio devices whose registers are memory: a bus of <cairn/virtio.h> for each slot. */
#ifndef CAIRN_UNIKERNEL_MMIO_H
#define CAIRN_UNIKERNEL_MMIO_H

#include "machine.h"
#include <cairn/virtio.h>

struct uk_mmio_bus {
    struct cairn_virtio_bus base;
    struct uk_range registers;
    uint32_t line; /* or UK_LINE_NONE: then its driver polls */
};

/* line: a free one of the board's, used when the slot has an interrupt. */
void uk_mmio_bus_init(struct uk_mmio_bus *bus, const struct uk_mmio *slot, uint32_t line);

/* Slots that the command line names, as Linux has it: virtio_mmio.device=512@0xfeb00000:5. */
void uk_mmio_by_command_line(struct uk_machine *machine);

#endif
