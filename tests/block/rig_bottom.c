/* SPDX-License-Identifier: ISC */
/* What a stack stands on. */
#include "nbd_server.h"
#include "rig.h"
#include "virtio/server.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* How each kind of file is opened; shm is one in memory. */
static const struct file_kind {
    const char *name;
    enum cairn_blk_file_io io;
    enum cairn_blk_file_direct direct;
} file_kinds[] = {
    { "file", CAIRN_BLK_IO_PREAD, CAIRN_BLK_DIRECT_OFF },
    { "shm", CAIRN_BLK_IO_PREAD, CAIRN_BLK_DIRECT_OFF },
    { "uring", CAIRN_BLK_IO_URING, CAIRN_BLK_DIRECT_OFF },
    { "direct", CAIRN_BLK_IO_AUTO, CAIRN_BLK_DIRECT_TRY },
    { "direct_pread", CAIRN_BLK_IO_PREAD, CAIRN_BLK_DIRECT_TRY },
};

static const struct file_kind *file_kind(const char *name)
{
    for (size_t i = 0; i < sizeof file_kinds / sizeof *file_kinds; i++)
        if (!strcmp(name, file_kinds[i].name)) return &file_kinds[i];
    fprintf(stderr, "rig: no device is called %s\n", name);
    abort();
}

static void open_file(struct rig *rig, const char *name, uint32_t block_bytes)
{
    struct cairn_why why = { 0 };
    struct cairn_blk_file_options options = { .block_bytes = block_bytes, .write = true };
    const char *tmp = getenv("TMPDIR");
    const char *dir = !strcmp(name, "shm") ? "/dev/shm" : tmp ? tmp : "/tmp";
    options.io = file_kind(name)->io;
    options.direct = file_kind(name)->direct;
    options.queue_depth = 4; /* so that batches are longer */
    char path[256];
    snprintf(path, sizeof path, "%s/cairn-rig-XXXXXX", dir);
    int fd = mkstemp(path);
    if (fd < 0 || ftruncate(fd, RIG_BYTES)) abort();
    rig_must(cairn_blk_file_open(&rig->bottom.file, path, &options, &why), &why);
    unlink(path);
    close(fd);
    rig->dev = &rig->bottom.file.base;
}

static void open_mem(struct rig *rig, uint32_t block_bytes)
{
    struct cairn_why why = { 0 };
    rig->memory = rig_zeros(RIG_BYTES);
    rig_must(cairn_blk_mem_open(&rig->bottom.mem, rig->memory, block_bytes, RIG_BYTES / block_bytes,
                                &why),
             &why);
    rig->dev = &rig->bottom.mem.base;
}

static void open_sim(struct rig *rig, uint32_t block_bytes)
{
    rig->memory = rig_zeros(RIG_BYTES);
    rig->sim = &rig->on_bottom;
    rig->log =
        sim_open(rig->sim, &rig->bottom.mem, rig->memory, block_bytes, RIG_BYTES / block_bytes);
    rig->dev = &rig->sim->base;
}

static void open_vdisk(struct rig *rig, bool packed, uint32_t block_bytes)
{
    rig->vdisk = rig_zeros(sizeof *rig->vdisk);
    vdisk_open_usual(rig->vdisk, packed, block_bytes, RIG_BYTES);
    rig->dev = &rig->vdisk->dev.base;
}

/* All stacks share a server, so what the one before left is zeroed. */
static void open_nbd(struct rig *rig, uint32_t block_bytes)
{
    struct cairn_why why = { 0 };
    struct cairn_blk_nbd_options options = { .block_bytes = block_bytes, .write = true };
    const char *uri = nbd_server_shared(RIG_BYTES)->uri;
    rig_must(cairn_blk_nbd_open(&rig->bottom.nbd, uri, &options, &why), &why);
    rig->dev = &rig->bottom.nbd.base;
    rig_must(cairn_blk_zero(rig->dev, 0, rig->dev->info.block_count, &why), &why);
}

#define RBD_NAME "CAIRN_RIG_RBD"

/* What the stack before left is cut off: what comes again is zeros. */
static void open_rbd(struct rig *rig, uint32_t block_bytes)
{
    struct cairn_why why = { 0 };
    struct cairn_blk_rbd_options options = { .block_bytes = block_bytes, .write = true };
    rig_must(cairn_blk_rbd_open(&rig->bottom.rbd, getenv(RBD_NAME), &options, &why), &why);
    rig->dev = &rig->bottom.rbd.base;
    rig_must(cairn_blk_resize(rig->dev, 0, &why), &why);
    rig_must(cairn_blk_resize(rig->dev, RIG_BYTES / block_bytes, &why), &why);
}

/* One server for all, as of NBD, and one client at a time. */
static void open_vhost(struct rig *rig)
{
    struct cairn_why why = { 0 };
    struct cairn_blk_vhost_options options = { .write = true };
    options.virtio.queues = 2;
    const char *socket = server_shared(RIG_BYTES)->socket;
    rig_must(cairn_blk_vhost_open(&rig->bottom.vhost, socket, &options, &why), &why);
    rig->dev = &rig->bottom.vhost.disk.base;
    rig_must(cairn_blk_zero(rig->dev, 0, rig->dev->info.block_count, &why), &why);
}

const char *rig_lacks(const char *stack)
{
    if (strstr(stack, "vhost") && !server_program_is_here("qemu-storage-daemon"))
        return "qemu-storage-daemon is not installed";
    if (strstr(stack, "rbd") && !getenv(RBD_NAME))
        return RBD_NAME " names no image of a cluster; tests/steps/ceph.sh has one";
    if (!strstr(stack, "nbd")) return NULL;
    if (!cairn_blk_nbd_version()) return "this build has no libnbd";
    return nbd_server_is_here() ? NULL : "nbdkit is not installed";
}

void rig_open_bottom(struct rig *rig, const char *name, uint32_t block_bytes)
{
    if (!strcmp(name, "mem")) {
        open_mem(rig, block_bytes);
    } else if (!strcmp(name, "sim")) {
        open_sim(rig, block_bytes);
    } else if (!strcmp(name, "strict")) {
        rig->memory = rig_zeros(RIG_BYTES);
        strict_open(&rig->bottom.strict, rig->memory, block_bytes, RIG_BYTES / block_bytes);
        rig->strict = &rig->bottom.strict;
        rig->dev = &rig->strict->base;
    } else if (!strcmp(name, "nbd")) {
        open_nbd(rig, block_bytes);
    } else if (!strcmp(name, "rbd")) {
        open_rbd(rig, block_bytes);
    } else if (!strcmp(name, "vhost")) {
        open_vhost(rig);
    } else if (!strncmp(name, "virtio-", 7)) {
        open_vdisk(rig, !strcmp(name, "virtio-packed"), block_bytes);
    } else {
        open_file(rig, name, block_bytes);
    }
}
