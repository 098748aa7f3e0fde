/* SPDX-License-Identifier: ISC */
/* The functions there are, and one function as a bus. */
#include "pci.h"

#include <cairn/platform.h>

#define VENDOR_VIRTIO 0x1AF4u
#define COMMAND 0x04u
#define COMMAND_MEMORY_MASTER 0x0006u
#define COMMAND_DECODE 0x0003u
#define COMMAND_NO_LINE 0x0400u
#define HEADER 0x0Cu
#define HEADER_BRIDGE (1u << 16)
#define HEADER_MANY (1u << 23)
#define BRIDGE_BUSES 0x18u

/* ---- configuration space --------------------------------------------------------------------- */

uint32_t uk_pci_ecam_read(const struct uk_pci *pci, uint32_t function, uint32_t offset)
{
    uint64_t at = ((uint64_t)function << 12) + offset;
    if (at + 4 > pci->ecam.bytes) return UINT32_MAX;
    return *(volatile uint32_t *)(uintptr_t)(pci->ecam.at + at);
}

void uk_pci_ecam_write(const struct uk_pci *pci, uint32_t function, uint32_t offset, uint32_t value)
{
    uint64_t at = ((uint64_t)function << 12) + offset;
    if (at + 4 <= pci->ecam.bytes) *(volatile uint32_t *)(uintptr_t)(pci->ecam.at + at) = value;
}

static uint32_t config_read(struct uk_pci_bus *bus, uint32_t offset, uint32_t width)
{
    uint32_t value = bus->pci->read(bus->pci, bus->function, offset & ~3u) >> (offset & 3) * 8;
    return width == 4 ? value : value & ((1u << width * 8) - 1);
}

static void config_write(struct uk_pci_bus *bus, uint32_t offset, uint32_t width, uint32_t value)
{
    if (width < 4) {
        uint32_t shift = (offset & 3) * 8, mask = ((1u << width * 8) - 1) << shift;
        uint32_t whole = bus->pci->read(bus->pci, bus->function, offset & ~3u);
        value = (whole & ~mask) | (value << shift & mask);
    }
    bus->pci->write(bus->pci, bus->function, offset & ~3u, value);
}

/* ---- the bus --------------------------------------------------------------------------------- */

static struct uk_pci_bus *bus_of(struct cairn_virtio_bus *base)
{
    return (struct uk_pci_bus *)base;
}

static uint32_t pci_read(struct cairn_virtio_bus *base, uint32_t space, uint64_t offset,
                         uint32_t width)
{
    if (space == CAIRN_PCI_CONFIG_SPACE) return config_read(bus_of(base), (uint32_t)offset, width);
    return uk_register_read(bus_of(base)->bars[space].at + offset, width);
}

static void pci_write(struct cairn_virtio_bus *base, uint32_t space, uint64_t offset,
                      uint32_t width, uint32_t value)
{
    if (space == CAIRN_PCI_CONFIG_SPACE)
        config_write(bus_of(base), (uint32_t)offset, width, value);
    else
        uk_register_write(bus_of(base)->bars[space].at + offset, width, value);
}

static uint64_t pci_bytes(struct cairn_virtio_bus *base, uint32_t space)
{
    if (space == CAIRN_PCI_CONFIG_SPACE) return 256;
    return space < UK_PCI_BARS ? bus_of(base)->bars[space].bytes : 0;
}

static enum cairn_err pci_wait(struct cairn_virtio_bus *base, uint16_t queue, uint64_t deadline_ns)
{
    (void)queue;
    return uk_line_wait(bus_of(base)->line, deadline_ns) ? CAIRN_OK : CAIRN_ETIMEDOUT;
}

static bool pci_dma(struct cairn_virtio_bus *base, const void *mem, size_t bytes, uint64_t *address)
{
    (void)base;
    *address = cairn_platform_dma_address(mem, bytes);
    return true;
}

static const struct cairn_virtio_bus_ops bus_ops = { pci_read, pci_write, pci_bytes, pci_wait,
                                                     pci_dma };

/* ---- places ---------------------------------------------------------------------------------- */

/* Where nobody has placed a BAR it goes to the next free place of the window. */
static bool bar_place(struct uk_pci_walk *walk, struct uk_pci_bus *bus, uint32_t bar)
{
    struct cairn_pci_bar what;
    cairn_pci_bar_read(&bus->base, bar, &what);
    if (!what.bytes || what.is_io) return true;
    if (!what.address) {
        uint64_t at = cairn_round_up(walk->free_at, what.bytes);
        const struct uk_range *window = &walk->pci->window;
        if (!cairn_range_fits(at - window->at, what.bytes, window->bytes)) return false;
        cairn_pci_bar_write(&bus->base, bar, &what, at);
        what.address = at;
        walk->free_at = at + what.bytes;
    }
    if (!uk_map_device(what.address, what.bytes)) return false;
    bus->bars[bar] = (struct uk_range){ what.address, what.bytes };
    return true;
}

static bool function_set_up(struct uk_pci_walk *walk, struct uk_pci_bus *bus)
{
    uint32_t command = config_read(bus, COMMAND, 2);
    config_write(bus, COMMAND, 2, command & ~COMMAND_DECODE);
    for (uint32_t bar = 0; bar < UK_PCI_BARS; bar++)
        if (!bar_place(walk, bus, bar)) return false;
    config_write(bus, COMMAND, 2, command | COMMAND_MEMORY_MASTER | COMMAND_NO_LINE);
    return true;
}

/* ---- the walk -------------------------------------------------------------------------------- */

struct uk_pci_walk uk_pci_walk_begin(const struct uk_machine *machine)
{
    return (struct uk_pci_walk){ .pci = &machine->pci,
                                 .buses = { machine->pci.read ? 1 : 0 },
                                 .free_at = machine->pci.window.at };
}

/* The bus that the walk is at, the next one when it has ended; false: there is none. */
static bool bus_next(struct uk_pci_walk *walk)
{
    for (uint32_t bus = walk->function >> 8; bus < 256; bus++) {
        if (walk->buses[bus / 64] >> bus % 64 & 1) {
            if (bus != walk->function >> 8) walk->function = bus << 8;
            return true;
        }
    }
    return false;
}

static void bridge_note(struct uk_pci_walk *walk, uint32_t function)
{
    uint32_t below = walk->pci->read(walk->pci, function, BRIDGE_BUSES) >> 8 & 255;
    if (below > function >> 8) walk->buses[below / 64] |= UINT64_C(1) << below % 64;
}

/* Go on to the next function, past those that a device says it has not. */
static void step(struct uk_pci_walk *walk, bool has_many)
{
    walk->function += (walk->function & 7) || has_many ? 1 : 8;
}

bool uk_pci_walk_next(struct uk_pci_walk *walk, struct uk_pci_bus *bus)
{
    while (bus_next(walk)) {
        uint32_t function = walk->function;
        uint32_t id = walk->pci->read(walk->pci, function, 0);
        uint32_t header = id == UINT32_MAX ? 0 : walk->pci->read(walk->pci, function, HEADER);
        step(walk, header & HEADER_MANY);
        if (id == UINT32_MAX) continue;
        if (header & HEADER_BRIDGE) bridge_note(walk, function);
        if ((id & 0xFFFF) != VENDOR_VIRTIO) continue;
        *bus = (struct uk_pci_bus){
            .base = { &bus_ops }, .pci = walk->pci, .function = function, .line = UK_LINE_NONE
        };
        if (function_set_up(walk, bus)) return true;
        uk_say("pci %x: there is no room for its registers", function);
    }
    return false;
}
