/* SPDX-License-Identifier: ISC */
/* MSI-X (PCI 3.0, section 6.8.2): vector 0 raises a line of the board. */
#include "pci.h"

#define STATUS 0x06u
#define STATUS_CAPABILITIES 0x10u
#define CAPABILITIES 0x34u
#define CAPABILITY_MSIX 0x11u
#define CAPABILITIES_MAX 48u
#define CONTROL_ENABLE 0x8000u
#define CONTROL_MASK_ALL 0x4000u
#define ENTRY_BYTES 16u

static uint32_t config(struct uk_pci_bus *bus, uint32_t offset, uint32_t width)
{
    return bus->base.ops->read(&bus->base, CAIRN_PCI_CONFIG_SPACE, offset, width);
}

/* Where MSI-X stands in the configuration; 0: nowhere. */
static uint32_t msix_find(struct uk_pci_bus *bus)
{
    if (!(config(bus, STATUS, 2) & STATUS_CAPABILITIES)) return 0;
    uint32_t at = config(bus, CAPABILITIES, 1) & ~3u;
    for (uint32_t i = 0; i < CAPABILITIES_MAX && at >= 0x40; i++) {
        if (config(bus, at, 1) == CAPABILITY_MSIX) return at;
        at = config(bus, at + 1, 1) & ~3u;
    }
    return 0;
}

bool uk_pci_message(struct uk_pci_bus *bus, uint32_t line)
{
    uint32_t at = msix_find(bus), data;
    uint64_t address;
    if (!at || line == UK_LINE_NONE) return false;
    uint32_t table = config(bus, at + 4, 4), bar = table & 7, offset = table & ~7u;
    if (bar >= UK_PCI_BARS || !cairn_range_fits(offset, ENTRY_BYTES, bus->bars[bar].bytes))
        return false;
    if (!uk_line_message(line, &address, &data)) return false;
    const struct cairn_virtio_bus_ops *ops = bus->base.ops;
    ops->write(&bus->base, bar, offset, 4, (uint32_t)address);
    ops->write(&bus->base, bar, offset + 4, 4, (uint32_t)(address >> 32));
    ops->write(&bus->base, bar, offset + 8, 4, data);
    ops->write(&bus->base, bar, offset + 12, 4, 0);
    uint32_t control = config(bus, at + 2, 2);
    ops->write(&bus->base, CAIRN_PCI_CONFIG_SPACE, at + 2, 2,
               (control & ~CONTROL_MASK_ALL) | CONTROL_ENABLE);
    bus->line = line;
    return true;
}
