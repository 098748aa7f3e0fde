/* SPDX-License-Identifier: ISC */
#include "disks.h"

static uint32_t line_free(struct uk_disks *disks)
{
    return disks->lines < UK_LINES - 1 ? disks->lines : UK_LINE_NONE; /* the last is the timer's */
}

static void disk_failed(const struct uk_disk *disk, const struct cairn_why *why)
{
    char text[512];
    cairn_why_text(why, text, sizeof text);
    uk_say("%s: %s", disk->name, text);
}

/* The driver, over a transport that is open. */
static bool disk_open(struct uk_disk *disk, struct cairn_virtio *virtio, struct cairn_arena *arena)
{
    struct cairn_why why = { 0 };
    size_t mem_bytes = cairn_blk_virtio_mem(NULL), dma_bytes = cairn_blk_virtio_dma_mem(NULL);
    void *mem = cairn_arena_take(arena, mem_bytes, 64);
    void *dma = cairn_arena_take(arena, dma_bytes, 4096);
    enum cairn_err err =
        mem && dma
            ? cairn_blk_virtio_open(&disk->blk, virtio, mem, mem_bytes, dma, dma_bytes, NULL, &why)
            : cairn_why_fail(&why, CAIRN_ENOMEM, "memory for the driver's rings");
    if (err) {
        disk_failed(disk, &why);
        return false;
    }
    if (cairn_blk_virtio_serial(&disk->blk, disk->serial, &why)) disk->serial[0] = '\0';
    return true;
}

static struct uk_disk *disk_next(struct uk_disks *disks, const char *bus)
{
    if (disks->count == UK_DISKS_MAX) return NULL;
    struct uk_disk *disk = &disks->disks[disks->count];
    struct cairn_text name;
    cairn_text_init(&name, disk->name, sizeof disk->name);
    cairn_text_fmt(&name, "%s%zu", bus, disks->count);
    return disk;
}

static void mmio_find(struct uk_disks *disks, const struct uk_mmio *slot, struct cairn_arena *arena)
{
    struct uk_disk *disk = disk_next(disks, "mmio");
    if (!disk) return;
    struct cairn_why why = { 0 };
    uint32_t line = line_free(disks);
    uk_mmio_bus_init(&disk->bus.mmio, slot, line);
    enum cairn_err err =
        cairn_virtio_mmio_open(&disk->virtio.mmio, &disk->bus.mmio.base, disk->name, &why);
    if (err == CAIRN_ENODEV || (!err && disk->virtio.mmio.base.device_id != CAIRN_VIRTIO_ID_BLOCK))
        return;
    if (err) disk_failed(disk, &why);
    if (err || !disk_open(disk, &disk->virtio.mmio.base, arena)) return;
    disks->lines += disk->bus.mmio.line != UK_LINE_NONE;
    disks->count++;
}

static void pci_find(struct uk_disks *disks, struct uk_pci_bus *bus, struct cairn_arena *arena)
{
    struct uk_disk *disk = disk_next(disks, "pci");
    if (!disk) return;
    struct cairn_why why = { 0 };
    disk->bus.pci = *bus;
    enum cairn_err err =
        cairn_virtio_pci_open(&disk->virtio.pci, &disk->bus.pci.base, disk->name, &why);
    if (err == CAIRN_ENODEV || (!err && disk->virtio.pci.base.device_id != CAIRN_VIRTIO_ID_BLOCK))
        return;
    if (err) {
        disk_failed(disk, &why);
        return;
    }
    disk->virtio.pci.msix = uk_pci_message(&disk->bus.pci, line_free(disks));
    if (!disk->virtio.pci.msix) disk->virtio.pci.ops.wait = NULL;
    if (!disk_open(disk, &disk->virtio.pci.base, arena)) return;
    disks->lines += disk->virtio.pci.msix;
    disks->count++;
}

bool uk_disks_find(struct uk_disks *disks, const struct uk_machine *machine,
                   struct cairn_arena *arena)
{
    *disks = (struct uk_disks){ .disks = cairn_arena_array(arena, UK_DISKS_MAX,
                                                           sizeof *disks->disks, 64) };
    if (!disks->disks) return false;
    for (size_t i = 0; i < machine->mmio_count; i++)
        mmio_find(disks, &machine->mmio[i], arena);
    struct uk_pci_walk walk = uk_pci_walk_begin(machine);
    struct uk_pci_bus bus;
    while (uk_pci_walk_next(&walk, &bus))
        pci_find(disks, &bus, arena);
    return true;
}

/* ---- by name --------------------------------------------------------------------------------- */

static struct uk_disk *disk_of(struct uk_disks *disks, const char *serial)
{
    for (size_t i = 0; i < disks->count; i++)
        if (!disks->disks[i].taken && cairn_str_equal(disks->disks[i].serial, serial))
            return &disks->disks[i];
    return NULL;
}

static void hint_disks(const struct uk_disks *disks, struct cairn_why *why)
{
    char line[256];
    struct cairn_text text;
    cairn_text_init(&text, line, sizeof line);
    for (size_t i = 0; i < disks->count; i++) {
        cairn_text_str(&text, i ? ", " : "");
        cairn_text_escaped(&text, disks->disks[i].serial, cairn_str_len(disks->disks[i].serial));
    }
    if (disks->count)
        cairn_why_hint(why, "the machine's disks have the serial numbers: %s", line);
    else
        cairn_why_hint(why, "the machine has no virtio disk");
}

enum cairn_err uk_disks_take(struct uk_disks *disks, const char *name, struct cairn_blk **blk,
                             struct cairn_why *why)
{
    struct uk_disk *disk = disk_of(disks, name);
    if (!disk) disk = disk_of(disks, "");
    if (!disk) {
        enum cairn_err err = cairn_why_fail(why, CAIRN_ENODEV, "no disk has this name");
        hint_disks(disks, why);
        return err;
    }
    disk->taken = true;
    *blk = &disk->blk.base;
    return CAIRN_OK;
}
