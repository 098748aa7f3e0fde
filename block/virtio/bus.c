/* SPDX-License-Identifier: ISC */
/* What the transports over a bus share. */
#include "bus.h"
#include <cairn/clock.h>

#define RESET_TRIES 2000
#define RESET_STEP_NS UINT64_C(500000) /* a second in all */

static uint32_t width_of(uint64_t offset, uint32_t bytes)
{
    if (bytes >= 4 && !(offset & 3)) return 4;
    return bytes >= 2 && !(offset & 1) ? 2 : 1;
}

void blk_virtio_bus_read(struct cairn_virtio_bus *bus, uint32_t space, uint64_t offset,
                         uint8_t *data, uint32_t bytes)
{
    while (bytes) {
        uint32_t width = width_of(offset, bytes);
        uint32_t value = bus->ops->read(bus, space, offset, width);
        for (uint32_t i = 0; i < width; i++)
            *data++ = (uint8_t)(value >> (8 * i));
        offset += width;
        bytes -= width;
    }
}

void blk_virtio_bus_write(struct cairn_virtio_bus *bus, uint32_t space, uint64_t offset,
                          const uint8_t *data, uint32_t bytes)
{
    while (bytes) {
        uint32_t width = width_of(offset, bytes), value = 0;
        for (uint32_t i = 0; i < width; i++)
            value |= (uint32_t)*data++ << (8 * i);
        bus->ops->write(bus, space, offset, width, value);
        offset += width;
        bytes -= width;
    }
}

/* A reset may have to wait for I/O of the device's own; most are done at the first look. */
enum cairn_err blk_virtio_reset_wait(struct cairn_virtio *virtio, struct cairn_why *why)
{
    for (int i = 0; i < RESET_TRIES; i++) {
        if (virtio->ops->status(virtio) == 0) return CAIRN_OK;
        cairn_clock_sleep(cairn_clock_mono_platform(), RESET_STEP_NS);
    }
    return cairn_why_fail(why, CAIRN_ETIMEDOUT, "the device does not complete its reset");
}

void blk_virtio_interrupt(struct cairn_virtio *virtio, uint32_t causes)
{
    if (causes & BLK_VIRTIO_INTERRUPT_CONFIG)
        __atomic_store_n(&virtio->config_changed, true, __ATOMIC_SEQ_CST);
}
