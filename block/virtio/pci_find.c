/* SPDX-License-Identifier: ISC */
/* What a PCI function says of itself: whether it is virtio, its structures, its BARs. */
#include "bus.h"

enum { /* PCI configuration space, type 0 */
       PCI_VENDOR_ID = 0x00,
       PCI_DEVICE_ID = 0x02,
       PCI_STATUS = 0x06,
       PCI_BAR = 0x10,
       PCI_SUBSYSTEM_ID = 0x2e,
       PCI_CAPABILITIES = 0x34
};

#define PCI_STATUS_CAPABILITIES 0x10u
#define PCI_HEADER_BYTES 64u
#define PCI_CONFIG_BYTES 256u
#define PCI_CAPABILITIES_MAX ((PCI_CONFIG_BYTES - PCI_HEADER_BYTES) / 4)
#define PCI_CAP_VENDOR 0x09u

#define VIRTIO_VENDOR 0x1af4u
#define VIRTIO_DEVICE_LEGACY 0x1000u
#define VIRTIO_DEVICE_MODERN 0x1040u
#define VIRTIO_DEVICE_END 0x1080u

enum { CAP_COMMON = 1, CAP_NOTIFY = 2, CAP_ISR = 3, CAP_DEVICE = 4 }; /* section 4.1.4 */
#define CAP_BYTES 16u
#define CAP_NOTIFY_BYTES 20u
#define CAP_TYPE 3u
#define CAP_BAR 4u
#define CAP_OFFSET 8u
#define CAP_LENGTH 12u
#define CAP_MULTIPLIER 16u

#define COMMON_BYTES 56u

#define BAR_COUNT 6u
#define BAR_IO 1u
#define BAR_64 4u
#define BAR_TYPE 6u
#define BAR_PREFETCHABLE 8u

static uint32_t config_read(struct cairn_virtio_bus *bus, uint32_t at, uint32_t width)
{
    return bus->ops->read(bus, CAIRN_PCI_CONFIG_SPACE, at, width);
}

/* The kind of virtio device; 0: none. */
static uint32_t device_kind(struct cairn_virtio_bus *bus)
{
    if (bus->ops->space_bytes(bus, CAIRN_PCI_CONFIG_SPACE) < PCI_CONFIG_BYTES) return 0;
    if (config_read(bus, PCI_VENDOR_ID, 2) != VIRTIO_VENDOR) return 0;
    uint32_t id = config_read(bus, PCI_DEVICE_ID, 2);
    if (id >= VIRTIO_DEVICE_MODERN && id < VIRTIO_DEVICE_END) return id - VIRTIO_DEVICE_MODERN;
    return id >= VIRTIO_DEVICE_LEGACY && id < VIRTIO_DEVICE_MODERN
               ? config_read(bus, PCI_SUBSYSTEM_ID, 2)
               : 0;
}

static struct cairn_virtio_pci_window *window_of(struct cairn_virtio_pci *pci, uint32_t type)
{
    switch (type) {
    case CAP_COMMON:
        return &pci->common;
    case CAP_NOTIFY:
        return &pci->notify;
    case CAP_ISR:
        return &pci->isr;
    case CAP_DEVICE:
        return &pci->device;
    default:
        return NULL;
    }
}

/* What the offset of a structure is a multiple of (sections 4.1.4.3 to 4.1.4.6); where 32 bits are
 * written to notify is seen when that was agreed on. */
static uint32_t align_of(uint32_t type)
{
    if (type == CAP_ISR) return 1;
    return type == CAP_NOTIFY ? 2 : 4;
}

/* One capability of virtio's. Of each type the first whose BAR can be reached counts (section
 * 4.1.4.1). */
static enum cairn_err cap_take(struct cairn_virtio_pci *pci, uint32_t cap, struct cairn_why *why)
{
    struct cairn_virtio_bus *bus = pci->bus;
    uint32_t type = config_read(bus, cap + CAP_TYPE, 1);
    struct cairn_virtio_pci_window *window = window_of(pci, type), found;
    uint32_t need = type == CAP_NOTIFY ? CAP_NOTIFY_BYTES : CAP_BYTES;
    if (!window || window->bytes) return CAIRN_OK;
    if (cap + need > PCI_CONFIG_BYTES || config_read(bus, cap + 2, 1) < need)
        return cairn_why_fail(why, CAIRN_ECORRUPT, "a virtio capability is cut short");
    found.bar = config_read(bus, cap + CAP_BAR, 1);
    found.offset = config_read(bus, cap + CAP_OFFSET, 4);
    found.bytes = config_read(bus, cap + CAP_LENGTH, 4);
    if (found.bar >= BAR_COUNT) return CAIRN_OK; /* reserved values are to be passed over */
    uint64_t bar_bytes = bus->ops->space_bytes(bus, found.bar);
    if (!bar_bytes) return CAIRN_OK;
    if (!cairn_range_fits(found.offset, found.bytes, bar_bytes) ||
        found.offset & (align_of(type) - 1))
        return cairn_why_fail(why, CAIRN_ECORRUPT, "a virtio structure lies outside its BAR %lu",
                              (unsigned long)found.bar);
    *window = found;
    if (type == CAP_NOTIFY) pci->notify_multiplier = config_read(bus, cap + CAP_MULTIPLIER, 4);
    return CAIRN_OK;
}

/* A list without a loop has no more entries than there is room for. The low two bits of a pointer
 * are reserved; one into the header ends the list, as 0 does. */
static enum cairn_err caps_walk(struct cairn_virtio_pci *pci, struct cairn_why *why)
{
    struct cairn_virtio_bus *bus = pci->bus;
    if (!(config_read(bus, PCI_STATUS, 2) & PCI_STATUS_CAPABILITIES)) return CAIRN_OK;
    uint32_t cap = config_read(bus, PCI_CAPABILITIES, 1) & ~3u;
    for (uint32_t i = 0; cap >= PCI_HEADER_BYTES; i++) {
        if (i == PCI_CAPABILITIES_MAX)
            return cairn_why_fail(why, CAIRN_ECORRUPT, "the PCI capabilities loop");
        enum cairn_err err = CAIRN_OK;
        if (config_read(bus, cap, 1) == PCI_CAP_VENDOR) err = cap_take(pci, cap, why);
        if (err) return err;
        cap = config_read(bus, cap + 1, 1) & ~3u;
    }
    return CAIRN_OK;
}

/* The device's own configuration may be missing: not every kind has one. */
static enum cairn_err windows_check(const struct cairn_virtio_pci *pci, struct cairn_why *why)
{
    if (!pci->common.bytes) {
        enum cairn_err err = cairn_why_fail(why, CAIRN_ENOTSUP, "a legacy virtio device");
        cairn_why_hint(why, "it must be a modern one (QEMU: disable-legacy=on), its BARs mapped");
        return err;
    }
    if (pci->common.bytes < COMMON_BYTES || !pci->notify.bytes || !pci->isr.bytes)
        return cairn_why_fail(why, CAIRN_ECORRUPT, "virtio structures are missing or too short");
    if (pci->notify_multiplier & 1)
        return cairn_why_fail(why, CAIRN_ECORRUPT, "an odd notification multiplier");
    return CAIRN_OK;
}

enum cairn_err blk_virtio_pci_find(struct cairn_virtio_pci *pci, struct cairn_why *why)
{
    pci->base.device_id = device_kind(pci->bus);
    if (!pci->base.device_id)
        return cairn_why_fail(why, CAIRN_ENODEV, "not a virtio device on PCI");
    enum cairn_err err = caps_walk(pci, why);
    return err ? err : windows_check(pci, why);
}

static uint32_t bar_offset(uint32_t bar)
{
    return PCI_BAR + 4 * bar;
}

static void config_write32(struct cairn_virtio_bus *bus, uint32_t at, uint32_t value)
{
    bus->ops->write(bus, CAIRN_PCI_CONFIG_SPACE, at, 4, value);
}

/* The bits that can be set, which tell the size. */
static uint32_t bar_mask(struct cairn_virtio_bus *bus, uint32_t bar)
{
    uint32_t was = config_read(bus, bar_offset(bar), 4);
    config_write32(bus, bar_offset(bar), UINT32_MAX);
    uint32_t mask = config_read(bus, bar_offset(bar), 4);
    config_write32(bus, bar_offset(bar), was);
    return mask;
}

static bool bar_is_64(struct cairn_virtio_bus *bus, uint32_t bar)
{
    uint32_t value = config_read(bus, bar_offset(bar), 4);
    return !(value & BAR_IO) && (value & BAR_TYPE) == BAR_64 && bar + 1 < BAR_COUNT;
}

static bool bar_is_upper_half(struct cairn_virtio_bus *bus, uint32_t bar)
{
    uint32_t at = 0;
    while (at < bar)
        at += bar_is_64(bus, at) ? 2 : 1;
    return at != bar;
}

void cairn_pci_bar_read(struct cairn_virtio_bus *bus, uint32_t bar, struct cairn_pci_bar *out)
{
    *out = (struct cairn_pci_bar){ .bytes = 0 };
    if (bar >= BAR_COUNT || bar_is_upper_half(bus, bar)) return;
    uint32_t low = config_read(bus, bar_offset(bar), 4), mask_low = bar_mask(bus, bar);
    out->is_io = low & BAR_IO;
    out->is_64 = bar_is_64(bus, bar);
    out->is_prefetchable = !out->is_io && (low & BAR_PREFETCHABLE);
    uint32_t flags = out->is_io ? 3u : 15u;
    uint64_t mask = mask_low & ~flags;
    out->address = low & ~flags;
    if (out->is_64) {
        mask |= (uint64_t)bar_mask(bus, bar + 1) << 32;
        out->address |= (uint64_t)config_read(bus, bar_offset(bar + 1), 4) << 32;
    }
    out->bytes = mask & (~mask + 1); /* the lowest: upper bits of I/O may be fixed at 0 */
}

void cairn_pci_bar_write(struct cairn_virtio_bus *bus, uint32_t bar,
                         const struct cairn_pci_bar *what, uint64_t address)
{
    config_write32(bus, bar_offset(bar), (uint32_t)address);
    if (what->is_64) config_write32(bus, bar_offset(bar + 1), (uint32_t)(address >> 32));
}
