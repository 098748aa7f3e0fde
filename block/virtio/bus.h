/* SPDX-License-Identifier: ISC */
/* What the transports over a bus share. */
#ifndef CAIRN_BLOCK_VIRTIO_BUS_H
#define CAIRN_BLOCK_VIRTIO_BUS_H

#include <cairn/bytes.h>
#include <cairn/virtio.h>

/* Interrupt causes, the same in the ISR byte of PCI and the register of MMIO. */
#define BLK_VIRTIO_INTERRUPT_CONFIG 2u
#define BLK_VIRTIO_INTERRUPTS 3u /* all that there are */

/* bytes at offset, by accesses as wide as place and length allow. */
void blk_virtio_bus_read(struct cairn_virtio_bus *bus, uint32_t space, uint64_t offset,
                         uint8_t *data, uint32_t bytes);
void blk_virtio_bus_write(struct cairn_virtio_bus *bus, uint32_t space, uint64_t offset,
                          const uint8_t *data, uint32_t bytes);

/* After 0 was written to the status: wait until the device has come to rest. */
enum cairn_err blk_virtio_reset_wait(struct cairn_virtio *virtio,
                                     struct cairn_why *why) CAIRN_MUST_USE;

/* Interrupts of these causes have come. */
void blk_virtio_interrupt(struct cairn_virtio *virtio, uint32_t causes);

/* pci_find.c: the device's kind and structures; all lie in BARs that the bus reaches. */
enum cairn_err blk_virtio_pci_find(struct cairn_virtio_pci *pci,
                                   struct cairn_why *why) CAIRN_MUST_USE;

#endif
