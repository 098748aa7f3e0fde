/* SPDX-License-Identifier: ISC */
/* Virtio over PCI (virtio 1.3, section 4.1), the modern interface only. */
#include "bus.h"

_Static_assert(offsetof(struct cairn_virtio_pci, base) == 0, "a transport embeds its base first");

enum { /* common configuration, section 4.1.4.3 */
       COMMON_DEVICE_FEATURES_SEL = 0,
       COMMON_DEVICE_FEATURES = 4,
       COMMON_DRIVER_FEATURES_SEL = 8,
       COMMON_DRIVER_FEATURES = 12,
       COMMON_CONFIG_VECTOR = 16,
       COMMON_STATUS = 20,
       COMMON_GENERATION = 21,
       COMMON_QUEUE_SEL = 22,
       COMMON_QUEUE_SIZE = 24,
       COMMON_QUEUE_VECTOR = 26,
       COMMON_QUEUE_ENABLE = 28,
       COMMON_QUEUE_NOTIFY_OFF = 30,
       COMMON_QUEUE_DESC = 32,
       COMMON_QUEUE_DRIVER = 40,
       COMMON_QUEUE_DEVICE = 48
};

#define VECTOR_NONE 0xffffu

static struct cairn_virtio_pci *pci_of(struct cairn_virtio *virtio)
{
    return (struct cairn_virtio_pci *)virtio;
}

static uint32_t common_read(const struct cairn_virtio_pci *pci, uint32_t reg, uint32_t width)
{
    return pci->bus->ops->read(pci->bus, pci->common.bar, pci->common.offset + reg, width);
}

static void common_write(const struct cairn_virtio_pci *pci, uint32_t reg, uint32_t width,
                         uint32_t value)
{
    pci->bus->ops->write(pci->bus, pci->common.bar, pci->common.offset + reg, width, value);
}

/* In halves: a bus need not have 64-bit accesses (section 4.1.3.1). */
static void common_write64(const struct cairn_virtio_pci *pci, uint32_t reg, uint64_t value)
{
    common_write(pci, reg, 4, (uint32_t)value);
    common_write(pci, reg + 4, 4, (uint32_t)(value >> 32));
}

/* A device that was unplugged reads as all ones, which is a wish for a reset too. */
static uint8_t pci_status(struct cairn_virtio *virtio)
{
    return (uint8_t)common_read(pci_of(virtio), COMMON_STATUS, 1);
}

static void pci_status_set(struct cairn_virtio *virtio, uint8_t status)
{
    common_write(pci_of(virtio), COMMON_STATUS, 1, status);
}

static enum cairn_err pci_reset(struct cairn_virtio *virtio, struct cairn_why *why)
{
    common_write(pci_of(virtio), COMMON_STATUS, 1, 0);
    return blk_virtio_reset_wait(virtio, why);
}

static uint64_t pci_features(struct cairn_virtio *virtio)
{
    const struct cairn_virtio_pci *pci = pci_of(virtio);
    common_write(pci, COMMON_DEVICE_FEATURES_SEL, 4, 1);
    uint64_t high = common_read(pci, COMMON_DEVICE_FEATURES, 4);
    common_write(pci, COMMON_DEVICE_FEATURES_SEL, 4, 0);
    return high << 32 | common_read(pci, COMMON_DEVICE_FEATURES, 4);
}

/* The device looks at the whole when FEATURES_OK is set, so nothing can fail here. */
static enum cairn_err pci_features_take(struct cairn_virtio *virtio, uint64_t features,
                                        struct cairn_why *why)
{
    (void)why;
    const struct cairn_virtio_pci *pci = pci_of(virtio);
    common_write(pci, COMMON_DRIVER_FEATURES_SEL, 4, 1);
    common_write(pci, COMMON_DRIVER_FEATURES, 4, (uint32_t)(features >> 32));
    common_write(pci, COMMON_DRIVER_FEATURES_SEL, 4, 0);
    common_write(pci, COMMON_DRIVER_FEATURES, 4, (uint32_t)features);
    return CAIRN_OK;
}

static enum cairn_err config_check(const struct cairn_virtio_pci *pci, uint32_t offset,
                                   uint32_t bytes, struct cairn_why *why)
{
    if (cairn_range_fits(offset, bytes, pci->device.bytes)) return CAIRN_OK;
    return cairn_why_fail(why, CAIRN_ECORRUPT, "the device's configuration ends before byte %lu",
                          (unsigned long)offset + bytes);
}

static enum cairn_err pci_config_read(struct cairn_virtio *virtio, uint32_t offset, void *data,
                                      uint32_t bytes, struct cairn_why *why)
{
    const struct cairn_virtio_pci *pci = pci_of(virtio);
    enum cairn_err err = config_check(pci, offset, bytes, why);
    if (err) return err;
    blk_virtio_bus_read(pci->bus, pci->device.bar, pci->device.offset + offset, data, bytes);
    return CAIRN_OK;
}

static enum cairn_err pci_config_write(struct cairn_virtio *virtio, uint32_t offset,
                                       const void *data, uint32_t bytes, struct cairn_why *why)
{
    const struct cairn_virtio_pci *pci = pci_of(virtio);
    enum cairn_err err = config_check(pci, offset, bytes, why);
    if (err) return err;
    blk_virtio_bus_write(pci->bus, pci->device.bar, pci->device.offset + offset, data, bytes);
    return CAIRN_OK;
}

static uint32_t pci_generation(struct cairn_virtio *virtio)
{
    return common_read(pci_of(virtio), COMMON_GENERATION, 1);
}

static uint16_t pci_queue_size_max(struct cairn_virtio *virtio, uint16_t queue)
{
    const struct cairn_virtio_pci *pci = pci_of(virtio);
    if (queue >= CAIRN_VIRTIO_PCI_QUEUES_MAX) return 0;
    common_write(pci, COMMON_QUEUE_SEL, 2, queue);
    uint32_t most = common_read(pci, COMMON_QUEUE_SIZE, 2);
    return (uint16_t)cairn_min_u64(most, CAIRN_VIRTIO_QUEUE_SIZE_MAX);
}

/* Where the selected queue is notified, kept because selecting is not for several threads. */
static enum cairn_err notify_find(struct cairn_virtio_pci *pci, uint16_t queue,
                                  struct cairn_why *why)
{
    uint64_t offset = (uint64_t)common_read(pci, COMMON_QUEUE_NOTIFY_OFF, 2);
    offset *= pci->notify_multiplier;
    uint32_t width = pci->base.taken & CAIRN_VIRTIO_F_NOTIFICATION_DATA ? 4 : 2;
    bool is_aligned = !((pci->notify.offset + offset) & (width - 1));
    if (!cairn_range_fits(offset, width, pci->notify.bytes) || !is_aligned)
        return cairn_why_fail(why, CAIRN_ECORRUPT, "queue %u is notified outside the device",
                              queue);
    pci->notify_offset[queue] = pci->notify.offset + offset;
    return CAIRN_OK;
}

/* A device that is short of vectors says so by not keeping the number (section 4.1.5.1.2). */
static enum cairn_err vector_set(const struct cairn_virtio_pci *pci, uint16_t queue,
                                 struct cairn_why *why)
{
    common_write(pci, COMMON_QUEUE_VECTOR, 2, pci->msix ? 0 : VECTOR_NONE);
    if (!pci->msix || common_read(pci, COMMON_QUEUE_VECTOR, 2) == 0) return CAIRN_OK;
    return cairn_why_fail(why, CAIRN_EIO, "the device has no vector for queue %u", queue);
}

static enum cairn_err pci_queue_enable(struct cairn_virtio *virtio, uint16_t queue,
                                       const struct cairn_virtio_ring *ring, struct cairn_why *why)
{
    struct cairn_virtio_pci *pci = pci_of(virtio);
    common_write(pci, COMMON_CONFIG_VECTOR, 2, VECTOR_NONE);
    common_write(pci, COMMON_QUEUE_SEL, 2, queue);
    enum cairn_err err = notify_find(pci, queue, why);
    if (!err) err = vector_set(pci, queue, why);
    if (err) return err;
    common_write(pci, COMMON_QUEUE_SIZE, 2, ring->size);
    common_write64(pci, COMMON_QUEUE_DESC, ring->desc);
    common_write64(pci, COMMON_QUEUE_DRIVER, ring->driver);
    common_write64(pci, COMMON_QUEUE_DEVICE, ring->device);
    common_write(pci, COMMON_QUEUE_ENABLE, 2, 1);
    return CAIRN_OK;
}

static void pci_notify(struct cairn_virtio *virtio, uint16_t queue, uint32_t data)
{
    const struct cairn_virtio_pci *pci = pci_of(virtio);
    uint32_t width = virtio->taken & CAIRN_VIRTIO_F_NOTIFICATION_DATA ? 4 : 2;
    pci->bus->ops->write(pci->bus, pci->notify.bar, pci->notify_offset[queue], width, data);
}

/* Reading the ISR byte lowers INTx; with MSI-X it is left alone. */
static enum cairn_err pci_wait(struct cairn_virtio *virtio, uint16_t queue, uint64_t deadline_ns)
{
    const struct cairn_virtio_pci *pci = pci_of(virtio);
    enum cairn_err err = pci->bus->ops->wait(pci->bus, queue, deadline_ns);
    if (!pci->msix)
        blk_virtio_interrupt(virtio,
                             pci->bus->ops->read(pci->bus, pci->isr.bar, pci->isr.offset, 1));
    return err;
}

static bool pci_dma(struct cairn_virtio *virtio, const void *mem, size_t bytes, uint64_t *address)
{
    struct cairn_virtio_bus *bus = pci_of(virtio)->bus;
    return bus->ops->dma(bus, mem, bytes, address);
}

static const struct cairn_virtio_ops pci_ops = {
    .status = pci_status,
    .status_set = pci_status_set,
    .reset = pci_reset,
    .features = pci_features,
    .features_take = pci_features_take,
    .config_read = pci_config_read,
    .config_write = pci_config_write,
    .generation = pci_generation,
    .queue_size_max = pci_queue_size_max,
    .queue_enable = pci_queue_enable,
    .notify = pci_notify,
    .dma = pci_dma,
    .wait = pci_wait,
};

enum cairn_err cairn_virtio_pci_open(struct cairn_virtio_pci *pci, struct cairn_virtio_bus *bus,
                                     const char *name, struct cairn_why *why)
{
    *pci = (struct cairn_virtio_pci){ .bus = bus };
    enum cairn_err err = blk_virtio_pci_find(pci, why);
    if (err) {
        cairn_why_via(why, name);
        return err;
    }
    pci->ops = pci_ops;
    if (!bus->ops->wait) pci->ops.wait = NULL;
    pci->base.ops = &pci->ops;
    pci->base.name = name;
    return CAIRN_OK;
}
