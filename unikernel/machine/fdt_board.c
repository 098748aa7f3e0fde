/* SPDX-License-Identifier: ISC */
/* What the nodes of a device tree are to this machine. */
#include "fdt.h"

#include "pci.h"

#define INTERRUPT_BYTES 12u /* type, number, flags (Arm's GIC binding) */
#define SHARED_FIRST 32u
#define OWN_FIRST 16u
#define NUMBERS 1020u
#define VIRTUAL_TIMER 2u /* of a timer's interrupts: secure, physical, virtual, hypervisor */
#define PCI_RANGE_BYTES 28u
#define PCI_KIND 0x03000000u
#define PCI_MEMORY_32 0x02000000u

struct found {
    const struct uk_fdt *fdt;
    const struct uk_fdt_node *node;
    struct uk_machine *machine;
    struct uk_board *board;
};

static uint32_t be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* As the controller numbers it; UK_LINE_NONE: the node has not so many. */
static uint32_t interrupt(const struct found *found, uint32_t index)
{
    struct uk_fdt_value value = uk_fdt_property(found->fdt, found->node, "interrupts");
    if (!cairn_range_fits((uint64_t)index * INTERRUPT_BYTES, INTERRUPT_BYTES, value.bytes))
        return UK_LINE_NONE;
    const uint8_t *at = value.at + (uint64_t)index * INTERRUPT_BYTES;
    uint32_t which = be32(at + 4);
    if (which >= NUMBERS - SHARED_FIRST) return UK_LINE_NONE;
    return which + (be32(at) == 0 ? SHARED_FIRST : OWN_FIRST);
}

static void range_take(const struct found *found, uint32_t index, struct uk_range *range)
{
    if (!range->bytes && !uk_fdt_reg(found->fdt, found->node, index, range))
        *range = (struct uk_range){ 0, 0 };
}

static void memory_take(const struct found *found)
{
    struct uk_range ram;
    for (uint32_t i = 0; uk_fdt_reg(found->fdt, found->node, i, &ram); i++)
        uk_ram_add(found->machine, ram.at, ram.bytes);
}

static void slot_take(const struct found *found)
{
    struct uk_machine *machine = found->machine;
    struct uk_mmio slot = { .source = interrupt(found, 0) };
    range_take(found, 0, &slot.registers);
    if (slot.registers.bytes && machine->mmio_count < UK_MMIO_MAX)
        machine->mmio[machine->mmio_count++] = slot;
}

/* Of what the host bridge passes on, the memory below 4 GiB that has one address on both sides. */
static void pci_take(const struct found *found)
{
    struct uk_pci *pci = &found->machine->pci;
    range_take(found, 0, &pci->ecam);
    if (!pci->ecam.bytes) return;
    *pci = (struct uk_pci){ uk_pci_ecam_read, uk_pci_ecam_write, pci->ecam, { 0, 0 } };
    struct uk_fdt_value ranges = uk_fdt_property(found->fdt, found->node, "ranges");
    for (uint32_t i = 0; i + PCI_RANGE_BYTES <= ranges.bytes; i += PCI_RANGE_BYTES) {
        const uint8_t *at = ranges.at + i;
        if ((be32(at) & PCI_KIND) != PCI_MEMORY_32 || be32(at + 4) || be32(at + 12)) continue;
        if (be32(at + 8) == be32(at + 16) && !be32(at + 20))
            pci->window = (struct uk_range){ be32(at + 8), be32(at + 24) };
    }
}

static void gic_take(const struct found *found, uint32_t version)
{
    struct uk_board *board = found->board;
    if (board->gic) return;
    board->gic = version;
    range_take(found, 0, &board->distributor);
    range_take(found, 1, &board->processor);
}

static bool is(const struct found *found, const char *compatible)
{
    return uk_fdt_is(found->fdt, found->node, compatible);
}

static void device_take(const struct found *found)
{
    struct uk_board *board = found->board;
    if (is(found, "virtio,mmio")) slot_take(found);
    if (is(found, "pci-host-ecam-generic") && !found->machine->pci.read) pci_take(found);
    if (is(found, "arm,pl011")) range_take(found, 0, &board->uart);
    if (is(found, "arm,pl031")) range_take(found, 0, &board->rtc);
    if (is(found, "arm,cortex-a15-gic") || is(found, "arm,gic-400")) gic_take(found, 2);
    if (is(found, "arm,gic-v3")) gic_take(found, 3);
    if (is(found, "arm,gic-v2m-frame")) range_take(found, 0, &board->messages);
    if (is(found, "arm,armv8-timer")) board->timer = interrupt(found, VIRTUAL_TIMER);
    const char *method = uk_fdt_text(found->fdt, found->node, "method");
    if (is(found, "arm,psci-0.2") && method) board->psci_smc = cairn_str_equal(method, "smc");
}

void uk_board_by_fdt(const struct uk_fdt *fdt, struct uk_machine *machine, struct uk_board *board)
{
    struct uk_fdt_node node = uk_fdt_walk_begin();
    struct found found = { fdt, &node, machine, board };
    *board = (struct uk_board){ .timer = UK_LINE_NONE };
    while (uk_fdt_walk_next(fdt, &node)) {
        const char *type = uk_fdt_text(fdt, &node, "device_type");
        const char *line = uk_fdt_text(fdt, &node, "bootargs");
        if (node.depth == 1 && type && cairn_str_equal(type, "memory")) memory_take(&found);
        if (node.depth == 1 && line && cairn_str_equal(node.name, "chosen"))
            uk_command_line_set(machine, line);
        if (node.depth == 1 || node.depth == 2) device_take(&found);
    }
}
