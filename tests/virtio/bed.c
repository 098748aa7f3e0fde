/* SPDX-License-Identifier: ISC */
#include "bed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SPLIT CAIRN_VIRTIO_F_VERSION_1
#define USUAL (SPLIT | CAIRN_VIRTIO_F_INDIRECT | CAIRN_VIRTIO_F_EVENT_IDX)
#define BOUNCE_BYTES (64u << 10)
#define SHARED_AT (16u << 20) /* in the machine's memory; before it is the driver's */

const struct bed_kind bed_kinds[] = {
    { "vhost", BED_VHOST, "", "discard=unmap", 1, 512, USUAL, false, false },
    { "vhost, queues", BED_VHOST, ",num-queues=4,logical-block-size=4096", "discard=unmap", 4, 4096,
      USUAL, false, false },
    { "vhost, read-only", BED_VHOST, ",writable=off", "read-only=on", 1, 512, USUAL, false, true },
    { "pci", BED_PCI, "", "discard=unmap", 1, 512, USUAL, false, false },
    { "pci, polled", BED_PCI, "", "discard=unmap", 1, 512, USUAL, true, false },
    { "pci, plain", BED_PCI, ",event_idx=off,indirect_desc=off", "discard=unmap", 1, 512, SPLIT,
      false, false },
    { "pci, packed", BED_PCI, ",packed=on", "discard=unmap", 1, 512, USUAL | CAIRN_VIRTIO_F_PACKED,
      false, false },
    { "pci, packed, plain", BED_PCI, ",packed=on,event_idx=off,indirect_desc=off", "discard=unmap",
      1, 512, SPLIT | CAIRN_VIRTIO_F_PACKED, false, false },
    { "pci, packed, queues", BED_PCI,
      ",packed=on,num-queues=4,iommu_platform=on,logical_block_size=4096,physical_block_size=4096",
      "discard=unmap", 4, 4096, USUAL | CAIRN_VIRTIO_F_PACKED | CAIRN_VIRTIO_F_ACCESS_PLATFORM,
      false, false },
    { "pci, read-only", BED_PCI, "", "readonly=on", 1, 512, USUAL, false, true },
    { "mmio", BED_MMIO, "", "discard=unmap", 1, 512, USUAL, false, false },
    { "mmio, packed", BED_MMIO, ",packed=on", "discard=unmap", 1, 512,
      USUAL | CAIRN_VIRTIO_F_PACKED, false, false },
    { "mmio, packed, polled", BED_MMIO, ",packed=on,event_idx=off", "discard=unmap", 1, 512,
      SPLIT | CAIRN_VIRTIO_F_PACKED | CAIRN_VIRTIO_F_INDIRECT, true, false },
};
const size_t bed_kind_count = sizeof bed_kinds / sizeof *bed_kinds;

static void must(enum cairn_err err, const struct cairn_why *why)
{
    char text[800];
    if (!err) return;
    cairn_why_text(why, text, sizeof text);
    fprintf(stderr, "bed: %s\n", text);
    abort();
}

void bed_serve(struct server *server, const char *blockdevs, const char *export)
{
    server_start(
        server, "qemu-storage-daemon",
        "%s --export type=vhost-user-blk,id=e,node-name=disk,addr.type=unix,addr.path=%s%s",
        blockdevs, server->socket, export);
}

static void vhost_open(struct bed *bed, const struct bed_kind *kind)
{
    struct cairn_blk_vhost_options options = { .write = !kind->read_only,
                                               .memory_bytes = BED_SHARED_BYTES };
    struct cairn_why why = { 0 };
    char node[256], export[128];
    options.virtio = (struct cairn_blk_virtio_options){ .queues = kind->queues, .polls = 50 };
    snprintf(node, sizeof node, "--blockdev driver=file,filename=%s,node-name=disk,%s",
             bed->server.image, kind->drive);
    snprintf(export, sizeof export, "%s%s", kind->device, kind->read_only ? "" : ",writable=on");
    bed_serve(&bed->server, node, export);
    must(cairn_blk_vhost_open(&bed->vhost, bed->server.socket, &options, &why), &why);
    bed->disk = &bed->vhost.disk;
    bed->shared = cairn_blk_vhost_memory(&bed->vhost, BED_SHARED_BYTES);
}

static void machine_start(struct bed *bed, const struct bed_kind *kind)
{
    bool is_pci = kind->bus == BED_PCI;
    server_start(&bed->server, "qemu-system-x86_64",
                 "-accel tcg -S -nodefaults -display none -m 32M -M %s,memory-backend=ram "
                 "-object memory-backend-file,id=ram,size=32M,share=on,mem-path=%s/ram "
                 "-qtest unix:%s,server=on,wait=off -qtest-log none "
                 "-global virtio-mmio.force-legacy=false "
                 "-drive if=none,id=disk,file=%s,format=raw,%s "
                 "-device %s,drive=disk,serial=CAIRN%s",
                 is_pci ? "pc" : "microvm,ioapic2=off", bed->server.dir, bed->server.socket,
                 bed->server.image, kind->drive,
                 is_pci ? "virtio-blk-pci,addr=4,disable-legacy=on" : "virtio-blk-device",
                 kind->device);
}

static struct cairn_virtio *machine_transport(struct bed *bed, const struct bed_kind *kind)
{
    struct cairn_why why = { 0 };
    char ram[128];
    snprintf(ram, sizeof ram, "%s/ram", bed->server.dir);
    qtest_open(&bed->qtest, bed->server.socket, ram);
    if (kind->polls) qtest_no_wait(&bed->qtest);
    if (kind->bus == BED_PCI) {
        qtest_find_pci(&bed->qtest);
        must(cairn_virtio_pci_open(&bed->transport.pci, &bed->qtest.bus, "pci", &why), &why);
        return &bed->transport.pci.base;
    }
    qtest_find_mmio(&bed->qtest);
    must(cairn_virtio_mmio_open(&bed->transport.mmio, &bed->qtest.bus, "mmio", &why), &why);
    return &bed->transport.mmio.base;
}

static void machine_open(struct bed *bed, const struct bed_kind *kind)
{
    struct cairn_blk_virtio_options options = { .queues = kind->queues,
                                                .polls = 50,
                                                .bounce_bytes = BOUNCE_BYTES };
    struct cairn_why why = { 0 };
    machine_start(bed, kind);
    struct cairn_virtio *virtio = machine_transport(bed, kind);
    size_t mem_bytes = cairn_blk_virtio_mem(&options);
    bed->mem = malloc(mem_bytes);
    must(cairn_blk_virtio_open(&bed->own, virtio, bed->mem, mem_bytes,
                               bed->qtest.ram + QTEST_RAM_LOW, SHARED_AT - QTEST_RAM_LOW, &options,
                               &why),
         &why);
    bed->disk = &bed->own;
    bed->shared = bed->qtest.ram + SHARED_AT;
}

void bed_open(struct bed *bed, const struct bed_kind *kind)
{
    *bed = (struct bed){ .bus = kind->bus };
    server_init(&bed->server, BED_BYTES);
    if (kind->bus == BED_VHOST)
        vhost_open(bed, kind);
    else
        machine_open(bed, kind);
    bed->dev = &bed->disk->base;
}

void bed_close(struct bed *bed)
{
    struct cairn_why why = { 0 };
    must(cairn_blk_close(bed->dev, &why), &why);
    if (bed->bus != BED_VHOST) qtest_close(&bed->qtest);
    free(bed->mem);
    server_end(&bed->server);
    server_remove(&bed->server);
}
