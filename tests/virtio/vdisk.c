/* SPDX-License-Identifier: ISC */
#include "vdisk.h"
#include <stdio.h>
#include <stdlib.h>

static void *exactly(size_t bytes)
{
    void *memory = calloc(1, bytes);
    if (!memory) abort();
    return memory;
}

void vdisk_free(struct vdisk *vdisk)
{
    model_close(&vdisk->model);
    free(vdisk->dma);
    free(vdisk->mem);
    free(vdisk->disk);
}

enum cairn_err vdisk_open(struct vdisk *vdisk, const struct model_plan *plan, uint64_t bytes,
                          const struct cairn_blk_virtio_options *options, struct cairn_why *why)
{
    size_t mem_bytes = cairn_blk_virtio_mem(options), dma_bytes = cairn_blk_virtio_dma_mem(options);
    vdisk->disk = exactly(bytes);
    vdisk->mem = exactly(mem_bytes);
    vdisk->dma = exactly(dma_bytes);
    struct cairn_virtio *virtio = model_open(&vdisk->model, plan, vdisk->disk, bytes);
    vdisk->model.shared = vdisk->dma;
    vdisk->model.shared_bytes = dma_bytes;
    enum cairn_err err = cairn_blk_virtio_open(&vdisk->dev, virtio, vdisk->mem, mem_bytes,
                                               vdisk->dma, dma_bytes, options, why);
    if (err) vdisk_free(vdisk);
    return err;
}

void vdisk_close(struct vdisk *vdisk)
{
    enum cairn_err err = cairn_blk_close(&vdisk->dev.base, NULL);
    if (err && !vdisk->model.plan.draw) abort();
    vdisk_free(vdisk);
}

void vdisk_open_usual(struct vdisk *vdisk, bool packed, uint32_t block_bytes, uint64_t bytes)
{
    struct model_plan plan = {
        .features = MODEL_FEATURES_DISK | MODEL_F(MODEL_F_MQ) | MODEL_F(MODEL_F_SIZE_MAX) |
                    CAIRN_VIRTIO_F_INDIRECT | CAIRN_VIRTIO_F_EVENT_IDX |
                    (packed ? CAIRN_VIRTIO_F_PACKED : 0),
        .queues = 2,
        .queue_size = 16,
        .block_bytes = block_bytes,
        .seg_max = 3,
        .size_max = 6000,
        .range_sectors_max = 64,
        .pci = packed,
        .answers = MODEL_BY_THREAD,
        .shuffle = true,
    };
    struct cairn_blk_virtio_options options = { .queues = 2, .polls = 20 };
    struct cairn_why why = { 0 };
    if (!vdisk_open(vdisk, &plan, bytes, &options, &why)) return;
    fprintf(stderr, "vdisk: %s\n", why.what);
    abort();
}
