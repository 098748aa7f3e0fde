/* SPDX-License-Identifier: ISC */
/* The machine's virtio disks, found once and told apart by their serial numbers. */
#ifndef CAIRN_UNIKERNEL_DISKS_H
#define CAIRN_UNIKERNEL_DISKS_H

#include "mmio.h"
#include "pci.h"
#include <cairn/arena.h>
#include <cairn/blk_virtio.h>

#define UK_DISKS_MAX 16u

struct uk_disk {
    struct cairn_blk_virtio blk;
    union {
        struct cairn_virtio_mmio mmio;
        struct cairn_virtio_pci pci;
    } virtio;
    union {
        struct uk_mmio_bus mmio;
        struct uk_pci_bus pci;
    } bus;
    char name[8];
    char serial[CAIRN_BLK_VIRTIO_SERIAL_BYTES + 1]; /* empty: it has none */
    bool taken;
};

struct uk_disks {
    struct uk_disk *disks; /* UK_DISKS_MAX */
    size_t count;
    uint32_t lines; /* of the board that are in use */
};

/* All of the machine; one that does not answer as it should is told of on the console, and left. */
bool uk_disks_find(struct uk_disks *disks, const struct uk_machine *machine,
                   struct cairn_arena *arena);

/* The disk with this serial number; else the first that has none and is not taken. CAIRN_ENODEV:
 * the why names those there are. */
enum cairn_err uk_disks_take(struct uk_disks *disks, const char *name, struct cairn_blk **blk,
                             struct cairn_why *why) CAIRN_MUST_USE;

#endif
