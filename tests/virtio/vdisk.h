/* SPDX-License-Identifier: ISC */
/* The driver over the model: a disk of zeros in memory that is exactly as large as it says. */
#ifndef CAIRN_TESTS_VIRTIO_VDISK_H
#define CAIRN_TESTS_VIRTIO_VDISK_H

#include "model.h"
#include <cairn/blk_virtio.h>

struct vdisk {
    struct cairn_blk_virtio dev;
    struct model model;
    uint8_t *disk, *mem, *dma;
};

/* options may be NULL. When it fails nothing is left. */
enum cairn_err vdisk_open(struct vdisk *vdisk, const struct model_plan *plan, uint64_t bytes,
                          const struct cairn_blk_virtio_options *options, struct cairn_why *why);
void vdisk_close(struct vdisk *vdisk);
/* What is left when the device was closed. */
void vdisk_free(struct vdisk *vdisk);

/* Every feature but those of the ring; packed over PCI or split over MMIO, with two queues, a
 * thread that answers in any order, and a ring that a large batch does not fit. */
void vdisk_open_usual(struct vdisk *vdisk, bool packed, uint32_t block_bytes, uint64_t bytes);

#endif
