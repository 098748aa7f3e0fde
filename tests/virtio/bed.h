/* SPDX-License-Identifier: ISC */
/* The driver over devices of QEMU's: one bed for each way to reach them and each kind of ring. */
#ifndef CAIRN_TESTS_VIRTIO_BED_H
#define CAIRN_TESTS_VIRTIO_BED_H

#include "qtest.h"
#include "server.h"
#include <cairn/blk_vhost.h>

#define BED_BYTES (4u << 20)
#define BED_SHARED_BYTES (4u << 20)

enum bed_bus { BED_VHOST, BED_PCI, BED_MMIO };

struct bed_kind {
    const char *name;
    enum bed_bus bus;
    const char *device; /* options of the device or the export */
    const char *drive;  /* and of what is below it */
    uint16_t queues;    /* 0: 1 */
    uint32_t block_bytes;
    uint64_t takes; /* features that are to be taken */
    bool polls;     /* never sleeps until an interrupt */
    bool read_only;
};

extern const struct bed_kind bed_kinds[];
extern const size_t bed_kind_count;

struct bed {
    struct server server;
    struct qtest qtest;
    union {
        struct cairn_virtio_pci pci;
        struct cairn_virtio_mmio mmio;
    } transport;
    struct cairn_blk_virtio own;
    struct cairn_blk_vhost vhost;
    struct cairn_blk_virtio *disk; /* one of the two */
    struct cairn_blk *dev;
    void *mem;
    uint8_t *shared; /* BED_SHARED_BYTES that the device reaches */
    enum bed_bus bus;
};

/* Start what the kind needs, over an image of zeros, and open the device. Aborts when that fails.
 */
void bed_open(struct bed *bed, const struct bed_kind *kind);
void bed_close(struct bed *bed);

/* The storage daemon with this export, of node `disk`, over block devices as its command line has
 * them: "%s" in those is the image, and in its folder are "writes" and others. */
void bed_serve(struct server *server, const char *blockdevs, const char *export);

#endif
