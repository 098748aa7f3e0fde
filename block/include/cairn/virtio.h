/* SPDX-License-Identifier: ISC */
/*
 * Virtio transports: how a driver reaches a device's registers, and how the two tell each other
 * that there is work. PCI and MMIO are here, over a bus of the caller's, because each unikernel
 * and each test bed reaches its bus in its own way; a transport of another kind (vhost-user) fills
 * the same table itself. Virtio 1.3; devices before 1.0 are refused.
 *
 * A transport only carries: which features are taken, where rings lie and what is in them is the
 * driver's affair (<cairn/blk_virtio.h>).
 */
#ifndef CAIRN_VIRTIO_H
#define CAIRN_VIRTIO_H

#include <cairn/why.h>

CAIRN_BEGIN

/* Device status, section 2.1. */
#define CAIRN_VIRTIO_ACKNOWLEDGE 0x01u
#define CAIRN_VIRTIO_DRIVER 0x02u
#define CAIRN_VIRTIO_DRIVER_OK 0x04u
#define CAIRN_VIRTIO_FEATURES_OK 0x08u
#define CAIRN_VIRTIO_NEEDS_RESET 0x40u
#define CAIRN_VIRTIO_FAILED 0x80u

/* Features that are no device's own, section 6. */
#define CAIRN_VIRTIO_F(bit) (UINT64_C(1) << (bit))
#define CAIRN_VIRTIO_F_INDIRECT CAIRN_VIRTIO_F(28)
#define CAIRN_VIRTIO_F_EVENT_IDX CAIRN_VIRTIO_F(29)
#define CAIRN_VIRTIO_F_VERSION_1 CAIRN_VIRTIO_F(32)
#define CAIRN_VIRTIO_F_ACCESS_PLATFORM CAIRN_VIRTIO_F(33)
#define CAIRN_VIRTIO_F_PACKED CAIRN_VIRTIO_F(34)
#define CAIRN_VIRTIO_F_IN_ORDER CAIRN_VIRTIO_F(35)
#define CAIRN_VIRTIO_F_ORDER_PLATFORM CAIRN_VIRTIO_F(36)
#define CAIRN_VIRTIO_F_NOTIFICATION_DATA CAIRN_VIRTIO_F(38)
#define CAIRN_VIRTIO_F_NOTIF_CONFIG_DATA CAIRN_VIRTIO_F(39)
#define CAIRN_VIRTIO_F_RING_RESET CAIRN_VIRTIO_F(40)

#define CAIRN_VIRTIO_ID_BLOCK 2u

#define CAIRN_VIRTIO_QUEUE_SIZE_MAX 32768u

/* Where a queue lies: addresses as the device sees them (dma). A split ring's descriptor table,
 * available and used ring; a packed ring's descriptors, driver's and device's event structure. */
struct cairn_virtio_ring {
    uint16_t size; /* descriptors */
    uint64_t desc, driver, device;
};

struct cairn_virtio;

/* Called by one thread at a time, but for notify, wait, dma, status and generation, which are
 * called from several, wait by one thread a queue. None of them may trust the device. */
struct cairn_virtio_ops {
    /* Device status. A device that is gone says CAIRN_VIRTIO_NEEDS_RESET. */
    uint8_t (*status)(struct cairn_virtio *virtio);
    /* Any bits but none at all: bits are added, as section 3.1 lists them. */
    void (*status_set)(struct cairn_virtio *virtio, uint8_t status);
    /* Stop the device and forget all queues. When it returns CAIRN_OK the device touches no memory
     * any more. CAIRN_ETIMEDOUT, or why it is out of reach. */
    enum cairn_err (*reset)(struct cairn_virtio *virtio, struct cairn_why *why) CAIRN_MUST_USE;
    /* What the device offers. */
    uint64_t (*features)(struct cairn_virtio *virtio);
    /* What the driver takes, before FEATURES_OK; it is in virtio->taken by then. */
    enum cairn_err (*features_take)(struct cairn_virtio *virtio, uint64_t features,
                                    struct cairn_why *why) CAIRN_MUST_USE;
    /* Bytes of the device's own configuration, by the widest accesses that fit the fields: 8 as two
     * of 4. Bytes that the device does not have are an error or read as zero. The driver compares
     * generations around what must fit together. */
    enum cairn_err (*config_read)(struct cairn_virtio *virtio, uint32_t offset, void *data,
                                  uint32_t bytes, struct cairn_why *why) CAIRN_MUST_USE;
    enum cairn_err (*config_write)(struct cairn_virtio *virtio, uint32_t offset, const void *data,
                                   uint32_t bytes, struct cairn_why *why) CAIRN_MUST_USE;
    uint32_t (*generation)(struct cairn_virtio *virtio);
    /* The most descriptors that a queue can have; 0: there is no such queue. */
    uint16_t (*queue_size_max)(struct cairn_virtio *virtio, uint16_t queue);
    /* Tell the device where a queue lies, and make it ready. Before DRIVER_OK. */
    enum cairn_err (*queue_enable)(struct cairn_virtio *virtio, uint16_t queue,
                                   const struct cairn_virtio_ring *ring,
                                   struct cairn_why *why) CAIRN_MUST_USE;
    /* There is work in the queue. data: the queue, and with NOTIFICATION_DATA taken its place in
     * the upper 16 bits (section 4.1.5.2.1): to be written as 32 bits then, else as 16. */
    void (*notify)(struct cairn_virtio *virtio, uint16_t queue, uint32_t data);
    /* Sleep until the device may have used something of the queue, or changed its configuration
     * (then config_changed is set), or its status; acknowledges the interrupt. deadline_ns is of
     * the monotonic clock. Spurious returns are fine. CAIRN_ETIMEDOUT: the deadline has come;
     * another error: nothing will come any more. NULL: there are no interrupts, the driver polls.
     */
    enum cairn_err (*wait)(struct cairn_virtio *virtio, uint16_t queue,
                           uint64_t deadline_ns) CAIRN_MUST_USE;
    /* The address by which the device reaches mem, all of the bytes in a row; false: it cannot, so
     * the driver copies (bounces). */
    bool (*dma)(struct cairn_virtio *virtio, const void *mem, size_t bytes, uint64_t *address);
};

/* The base of every transport, its first member. */
struct cairn_virtio {
    const struct cairn_virtio_ops *ops;
    const char *name;    /* for explanations: "virtio0", a path; outlives the transport */
    uint32_t device_id;  /* CAIRN_VIRTIO_ID_BLOCK ... */
    uint64_t taken;      /* features that the driver took; set by the driver */
    bool config_changed; /* set by the transport, cleared by the driver; atomic */
};

/* A bus: registers of one device, in up to seven spaces. Values are the host's; the bus makes them
 * little-endian on the wire. A width is 1, 2 or 4 bytes, at a multiple of it. A write comes after
 * all that the caller has written to memory before it, also where processors need a barrier for
 * that. */
struct cairn_virtio_bus;
struct cairn_virtio_bus_ops {
    uint32_t (*read)(struct cairn_virtio_bus *bus, uint32_t space, uint64_t offset, uint32_t width);
    void (*write)(struct cairn_virtio_bus *bus, uint32_t space, uint64_t offset, uint32_t width,
                  uint32_t value);
    /* Bytes that can be reached in a space; 0: it is not there. Nothing beyond is asked for. */
    uint64_t (*space_bytes)(struct cairn_virtio_bus *bus, uint32_t space);
    /* As struct cairn_virtio_ops has them, but that wait acknowledges nothing; wait may be NULL.
     * Where queues share an interrupt, and threads wait for several of them, one that came since
     * the last wait for a queue ends the next wait for it at once: another waiter may have
     * acknowledged it. */
    enum cairn_err (*wait)(struct cairn_virtio_bus *bus, uint16_t queue,
                           uint64_t deadline_ns) CAIRN_MUST_USE;
    bool (*dma)(struct cairn_virtio_bus *bus, const void *mem, size_t bytes, uint64_t *address);
};
struct cairn_virtio_bus {
    const struct cairn_virtio_bus_ops *ops; /* the first member of the caller's own */
};

#define CAIRN_VIRTIO_MMIO_SPACE 0u /* where an MMIO device's registers are */
#define CAIRN_PCI_CONFIG_SPACE 6u  /* of one PCI function; spaces 0 to 5 are its BARs, mapped */

/* MMIO, section 4.2. */
struct cairn_virtio_mmio {
    struct cairn_virtio base;
    struct cairn_virtio_ops ops; /* wait only where the bus can */
    struct cairn_virtio_bus *bus;
    uint64_t config_bytes;
};
/* bus stays the caller's and outlives the transport; so does name. The device is not touched but
 * for its identity.
 *   CAIRN_ENODEV   no virtio device, or a slot without one
 *   CAIRN_ENOTSUP  a version other than 2; the hint says how QEMU is told to have it */
CAIRN_API enum cairn_err cairn_virtio_mmio_open(struct cairn_virtio_mmio *mmio,
                                                struct cairn_virtio_bus *bus, const char *name,
                                                struct cairn_why *why) CAIRN_MUST_USE;

#define CAIRN_VIRTIO_PCI_QUEUES_MAX 64u

/* A structure of a PCI device: bytes of a BAR. */
struct cairn_virtio_pci_window {
    uint32_t bar;
    uint32_t bytes; /* 0: absent */
    uint64_t offset;
};

/* Modern PCI, section 4.1. Where the bus does not wait for interrupts the driver polls. */
struct cairn_virtio_pci {
    struct cairn_virtio base;
    struct cairn_virtio_ops ops; /* wait only where the bus can */
    struct cairn_virtio_bus *bus;
    struct cairn_virtio_pci_window common, notify, isr, device;
    uint32_t notify_multiplier;
    /* Set by the caller between this open and the driver's: the platform has set up MSI-X, whose
     * vector 0 all queues share. Changes of the configuration then go unnoticed. */
    bool msix;
    uint64_t notify_offset[CAIRN_VIRTIO_PCI_QUEUES_MAX]; /* in the BAR of notify, by queue */
};
/* The platform has assigned and mapped the BARs, and enabled memory access and bus mastering.
 *   CAIRN_ENODEV   not a virtio device
 *   CAIRN_ENOTSUP  a legacy one only
 *   CAIRN_ECORRUPT capabilities that loop, are missing or point outside their BAR */
CAIRN_API enum cairn_err cairn_virtio_pci_open(struct cairn_virtio_pci *pci,
                                               struct cairn_virtio_bus *bus, const char *name,
                                               struct cairn_why *why) CAIRN_MUST_USE;

/* For platforms: what a base address register is. Sizing writes to it and puts it back, so decoding
 * must be off (command register bits 0 and 1). */
struct cairn_pci_bar {
    uint64_t address, bytes; /* bytes 0: none, or the upper half of the one before */
    bool is_io, is_64, is_prefetchable;
};
CAIRN_API void cairn_pci_bar_read(struct cairn_virtio_bus *bus, uint32_t bar,
                                  struct cairn_pci_bar *out);
/* Assign an address to a BAR that is not absent. */
CAIRN_API void cairn_pci_bar_write(struct cairn_virtio_bus *bus, uint32_t bar,
                                   const struct cairn_pci_bar *what, uint64_t address);

CAIRN_END

#endif
