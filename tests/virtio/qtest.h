/* SPDX-License-Identifier: ISC */
/*
 * The bus of a machine of QEMU's whose processor stands still: its registers over the text protocol
 * of qtest (QEMU's docs/devel/testing/qtest.rst), its memory mapped from a file that both share,
 * its interrupts as lines that come in between. So the driver runs in this process against the
 * devices that QEMU has for real guests.
 */
#ifndef CAIRN_TESTS_VIRTIO_QTEST_H
#define CAIRN_TESTS_VIRTIO_QTEST_H

#include <cairn/virtio.h>
#include <pthread.h>

#define QTEST_RAM_BYTES (32u << 20)
#define QTEST_RAM_LOW (1u << 20) /* below there are holes */

struct qtest {
    struct cairn_virtio_bus bus; /* first */
    struct cairn_virtio_bus_ops ops;
    int fd;
    pthread_mutex_t lock;
    char input[512];
    size_t input_bytes;
    uint64_t high;   /* interrupt lines that are up, by number */
    uint32_t raised; /* how often one went up */
    uint8_t *ram;
    bool is_pci;
    uint64_t mmio;                  /* where the device's registers are */
    uint64_t bars[6], bar_bytes[6]; /* and those of a PCI function */
};

/* Connect, and map the file of memory. Aborts when it cannot. */
void qtest_open(struct qtest *qtest, const char *socket, const char *ram);
void qtest_close(struct qtest *qtest);

/* Then the bus is that of the PCI function at slot 4 of the machine `pc`, its BARs assigned. */
void qtest_find_pci(struct qtest *qtest);
/* Or of the first device in a slot of `microvm`. */
void qtest_find_mmio(struct qtest *qtest);
/* Without interrupts: the driver polls. */
void qtest_no_wait(struct qtest *qtest);

#endif
