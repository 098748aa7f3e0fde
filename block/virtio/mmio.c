/* SPDX-License-Identifier: ISC */
/* Virtio over MMIO (virtio 1.3, section 4.2), version 2 of its registers. */
#include "bus.h"

_Static_assert(offsetof(struct cairn_virtio_mmio, base) == 0, "a transport embeds its base first");

#define MAGIC 0x74726976u /* "virt" */
#define VERSION 2u

enum {
    REG_MAGIC = 0x000,
    REG_VERSION = 0x004,
    REG_DEVICE_ID = 0x008,
    REG_DEVICE_FEATURES = 0x010,
    REG_DEVICE_FEATURES_SEL = 0x014,
    REG_DRIVER_FEATURES = 0x020,
    REG_DRIVER_FEATURES_SEL = 0x024,
    REG_QUEUE_SEL = 0x030,
    REG_QUEUE_SIZE_MAX = 0x034,
    REG_QUEUE_SIZE = 0x038,
    REG_QUEUE_READY = 0x044,
    REG_QUEUE_NOTIFY = 0x050,
    REG_INTERRUPT_STATUS = 0x060,
    REG_INTERRUPT_ACK = 0x064,
    REG_STATUS = 0x070,
    REG_QUEUE_DESC = 0x080,
    REG_QUEUE_DRIVER = 0x090,
    REG_QUEUE_DEVICE = 0x0a0,
    REG_CONFIG_GENERATION = 0x0fc,
    REG_CONFIG = 0x100
};

static struct cairn_virtio_bus *bus_of(struct cairn_virtio *virtio)
{
    return ((struct cairn_virtio_mmio *)virtio)->bus;
}

static uint32_t reg_read(struct cairn_virtio_bus *bus, uint32_t reg)
{
    return bus->ops->read(bus, CAIRN_VIRTIO_MMIO_SPACE, reg, 4);
}

static void reg_write(struct cairn_virtio_bus *bus, uint32_t reg, uint32_t value)
{
    bus->ops->write(bus, CAIRN_VIRTIO_MMIO_SPACE, reg, 4, value);
}

/* Registers are 32 bits wide, also those of addresses (section 4.2.2.2). */
static void reg_write64(struct cairn_virtio_bus *bus, uint32_t reg, uint64_t value)
{
    reg_write(bus, reg, (uint32_t)value);
    reg_write(bus, reg + 4, (uint32_t)(value >> 32));
}

static uint8_t mmio_status(struct cairn_virtio *virtio)
{
    return (uint8_t)reg_read(bus_of(virtio), REG_STATUS);
}

static void mmio_status_set(struct cairn_virtio *virtio, uint8_t status)
{
    reg_write(bus_of(virtio), REG_STATUS, status);
}

static enum cairn_err mmio_reset(struct cairn_virtio *virtio, struct cairn_why *why)
{
    reg_write(bus_of(virtio), REG_STATUS, 0);
    return blk_virtio_reset_wait(virtio, why);
}

static uint64_t mmio_features(struct cairn_virtio *virtio)
{
    struct cairn_virtio_bus *bus = bus_of(virtio);
    reg_write(bus, REG_DEVICE_FEATURES_SEL, 1);
    uint64_t high = reg_read(bus, REG_DEVICE_FEATURES);
    reg_write(bus, REG_DEVICE_FEATURES_SEL, 0);
    return high << 32 | reg_read(bus, REG_DEVICE_FEATURES);
}

/* The device looks at the whole when FEATURES_OK is set, so nothing can fail here. */
static enum cairn_err mmio_features_take(struct cairn_virtio *virtio, uint64_t features,
                                         struct cairn_why *why)
{
    (void)why;
    struct cairn_virtio_bus *bus = bus_of(virtio);
    reg_write(bus, REG_DRIVER_FEATURES_SEL, 1);
    reg_write(bus, REG_DRIVER_FEATURES, (uint32_t)(features >> 32));
    reg_write(bus, REG_DRIVER_FEATURES_SEL, 0);
    reg_write(bus, REG_DRIVER_FEATURES, (uint32_t)features);
    return CAIRN_OK;
}

/* How much configuration there is only the size of the register space tells. */
static enum cairn_err config_check(struct cairn_virtio *virtio, uint32_t offset, uint32_t bytes,
                                   struct cairn_why *why)
{
    const struct cairn_virtio_mmio *mmio = (const struct cairn_virtio_mmio *)virtio;
    if (cairn_range_fits(offset, bytes, mmio->config_bytes)) return CAIRN_OK;
    return cairn_why_fail(why, CAIRN_ECORRUPT, "the device's configuration ends before byte %lu",
                          (unsigned long)offset + bytes);
}

static enum cairn_err mmio_config_read(struct cairn_virtio *virtio, uint32_t offset, void *data,
                                       uint32_t bytes, struct cairn_why *why)
{
    enum cairn_err err = config_check(virtio, offset, bytes, why);
    if (err) return err;
    blk_virtio_bus_read(bus_of(virtio), CAIRN_VIRTIO_MMIO_SPACE, REG_CONFIG + (uint64_t)offset,
                        data, bytes);
    return CAIRN_OK;
}

static enum cairn_err mmio_config_write(struct cairn_virtio *virtio, uint32_t offset,
                                        const void *data, uint32_t bytes, struct cairn_why *why)
{
    enum cairn_err err = config_check(virtio, offset, bytes, why);
    if (err) return err;
    blk_virtio_bus_write(bus_of(virtio), CAIRN_VIRTIO_MMIO_SPACE, REG_CONFIG + (uint64_t)offset,
                         data, bytes);
    return CAIRN_OK;
}

static uint32_t mmio_generation(struct cairn_virtio *virtio)
{
    return reg_read(bus_of(virtio), REG_CONFIG_GENERATION);
}

static uint16_t mmio_queue_size_max(struct cairn_virtio *virtio, uint16_t queue)
{
    struct cairn_virtio_bus *bus = bus_of(virtio);
    reg_write(bus, REG_QUEUE_SEL, queue);
    uint32_t most = reg_read(bus, REG_QUEUE_SIZE_MAX);
    return (uint16_t)cairn_min_u64(most, CAIRN_VIRTIO_QUEUE_SIZE_MAX);
}

static enum cairn_err mmio_queue_enable(struct cairn_virtio *virtio, uint16_t queue,
                                        const struct cairn_virtio_ring *ring, struct cairn_why *why)
{
    struct cairn_virtio_bus *bus = bus_of(virtio);
    reg_write(bus, REG_QUEUE_SEL, queue);
    /* A ring that moves under a device is one that it scribbles over. */
    if (reg_read(bus, REG_QUEUE_READY))
        return cairn_why_fail(why, CAIRN_EIO, "queue %u is in use after a reset", queue);
    reg_write(bus, REG_QUEUE_SIZE, ring->size);
    reg_write64(bus, REG_QUEUE_DESC, ring->desc);
    reg_write64(bus, REG_QUEUE_DRIVER, ring->driver);
    reg_write64(bus, REG_QUEUE_DEVICE, ring->device);
    reg_write(bus, REG_QUEUE_READY, 1);
    if (reg_read(bus, REG_QUEUE_READY) == 1) return CAIRN_OK;
    return cairn_why_fail(why, CAIRN_EIO, "the device does not take queue %u", queue);
}

/* The queue, or with NOTIFICATION_DATA its place too: one register, of one width, takes both. */
static void mmio_notify(struct cairn_virtio *virtio, uint16_t queue, uint32_t data)
{
    (void)queue;
    reg_write(bus_of(virtio), REG_QUEUE_NOTIFY, data);
}

/* Causes are acknowledged also when the wait ended otherwise: one may have come since. */
static enum cairn_err mmio_wait(struct cairn_virtio *virtio, uint16_t queue, uint64_t deadline_ns)
{
    struct cairn_virtio_bus *bus = bus_of(virtio);
    enum cairn_err err = bus->ops->wait(bus, queue, deadline_ns);
    uint32_t causes = reg_read(bus, REG_INTERRUPT_STATUS) & BLK_VIRTIO_INTERRUPTS;
    if (causes) reg_write(bus, REG_INTERRUPT_ACK, causes);
    blk_virtio_interrupt(virtio, causes);
    return err;
}

static bool mmio_dma(struct cairn_virtio *virtio, const void *mem, size_t bytes, uint64_t *address)
{
    struct cairn_virtio_bus *bus = bus_of(virtio);
    return bus->ops->dma(bus, mem, bytes, address);
}

static const struct cairn_virtio_ops mmio_ops = {
    .status = mmio_status,
    .status_set = mmio_status_set,
    .reset = mmio_reset,
    .features = mmio_features,
    .features_take = mmio_features_take,
    .config_read = mmio_config_read,
    .config_write = mmio_config_write,
    .generation = mmio_generation,
    .queue_size_max = mmio_queue_size_max,
    .queue_enable = mmio_queue_enable,
    .notify = mmio_notify,
    .dma = mmio_dma,
    .wait = mmio_wait,
};

static enum cairn_err version_check(uint32_t version, struct cairn_why *why)
{
    if (version == VERSION) return CAIRN_OK;
    enum cairn_err err =
        cairn_why_fail(why, CAIRN_ENOTSUP, "virtio-mmio of version %lu", (unsigned long)version);
    cairn_why_hint(why, "version 2 is needed (QEMU: -global virtio-mmio.force-legacy=false)");
    return err;
}

enum cairn_err cairn_virtio_mmio_open(struct cairn_virtio_mmio *mmio, struct cairn_virtio_bus *bus,
                                      const char *name, struct cairn_why *why)
{
    uint64_t bytes = bus->ops->space_bytes(bus, CAIRN_VIRTIO_MMIO_SPACE);
    enum cairn_err err = CAIRN_OK;
    uint32_t device_id = 0;
    if (bytes < REG_CONFIG || reg_read(bus, REG_MAGIC) != MAGIC)
        err = cairn_why_fail(why, CAIRN_ENODEV, "no virtio-mmio device");
    if (!err) err = version_check(reg_read(bus, REG_VERSION), why);
    if (!err) device_id = reg_read(bus, REG_DEVICE_ID);
    if (!err && !device_id)
        err = cairn_why_fail(why, CAIRN_ENODEV, "a virtio-mmio slot without a device");
    if (err) {
        cairn_why_via(why, name);
        return err;
    }
    *mmio = (struct cairn_virtio_mmio){ .bus = bus, .config_bytes = bytes - REG_CONFIG };
    mmio->ops = mmio_ops;
    if (!bus->ops->wait) mmio->ops.wait = NULL;
    mmio->base.ops = &mmio->ops;
    mmio->base.name = name;
    mmio->base.device_id = device_id;
    return CAIRN_OK;
}
