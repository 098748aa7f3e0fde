/* SPDX-License-Identifier: ISC */
#include "model.h"
#include <cairn/bytes.h>
#include <stdio.h>
#include <stdlib.h>

static void config_fill(struct model *model)
{
    const struct model_plan *plan = &model->plan;
    uint8_t *config = model->config;
    cairn_le64_put(config, model->sectors);
    cairn_le32_put(config + 8, plan->size_max);
    cairn_le32_put(config + 12, plan->seg_max);
    cairn_le32_put(config + 20, plan->block_bytes);
    config[24] = plan->block_bytes < 4096 ? 3 : 0; /* physical block */
    cairn_le32_put(config + 28, 65536 / plan->block_bytes);
    config[32] = 1; /* write-back */
    cairn_le16_put(config + 34, plan->queues);
    cairn_le32_put(config + 36, plan->range_sectors_max);
    cairn_le32_put(config + 40, 1);
    cairn_le32_put(config + 44, 8);
    cairn_le32_put(config + 48, plan->range_sectors_max);
    cairn_le32_put(config + 52, 1);
    config[56] = 1; /* may unmap */
}

static void plan_fill(struct model_plan *plan)
{
    if (!plan->queues) plan->queues = 1;
    if (!plan->queue_size) plan->queue_size = 128;
    if (!plan->block_bytes) plan->block_bytes = 512;
    if (!plan->seg_max) plan->seg_max = 126;
    if (!plan->size_max) plan->size_max = 65536;
    if (!plan->range_sectors_max) plan->range_sectors_max = 2048;
}

static void *thread_main(void *ctx)
{
    struct model *model = ctx;
    pthread_mutex_lock(&model->lock);
    while (!model->stop) {
        for (int i = 0; i < MODEL_QUEUES_MAX; i++)
            model_run(model, &model->queues[i]);
        pthread_cond_wait(&model->work, &model->lock);
    }
    pthread_mutex_unlock(&model->lock);
    return NULL;
}

void model_init(struct model *model, const struct model_plan *plan, uint8_t *disk, uint64_t bytes)
{
    *model = (struct model){ .plan = *plan, .disk = disk, .sectors = bytes / 512 };
    plan_fill(&model->plan);
    config_fill(model);
    model_bus_init(model);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_mutex_init(&model->lock, NULL);
    pthread_cond_init(&model->work, &attr);
    pthread_cond_init(&model->interrupt, &attr);
    pthread_condattr_destroy(&attr);
    model->has_thread = plan->answers == MODEL_BY_THREAD;
    if (model->has_thread && pthread_create(&model->thread, NULL, thread_main, model)) abort();
}

struct cairn_virtio *model_open(struct model *model, const struct model_plan *plan, uint8_t *disk,
                                uint64_t bytes)
{
    struct cairn_why why = { 0 };
    model_init(model, plan, disk, bytes);
    enum cairn_err err =
        plan->pci ? cairn_virtio_pci_open(&model->transport.pci, &model->bus, "virtio", &why)
                  : cairn_virtio_mmio_open(&model->transport.mmio, &model->bus, "virtio", &why);
    if (!err) return plan->pci ? &model->transport.pci.base : &model->transport.mmio.base;
    fprintf(stderr, "model: %s\n", why.what);
    abort();
}

void model_close(struct model *model)
{
    if (model->has_thread) {
        pthread_mutex_lock(&model->lock);
        model->stop = true;
        pthread_cond_signal(&model->work);
        pthread_mutex_unlock(&model->lock);
        pthread_join(model->thread, NULL);
    }
    pthread_cond_destroy(&model->interrupt);
    pthread_cond_destroy(&model->work);
    pthread_mutex_destroy(&model->lock);
}

uint32_t model_notifies(const struct model *model)
{
    uint32_t notifies = 0;
    for (int i = 0; i < MODEL_QUEUES_MAX; i++)
        notifies += model->queues[i].notifies;
    return notifies;
}

void model_fail(struct model *model, uint64_t sector, uint64_t count, bool flushes)
{
    pthread_mutex_lock(&model->lock);
    model->bad_first = sector;
    model->bad_count = count;
    model->bad_flush = flushes;
    pthread_mutex_unlock(&model->lock);
}

void model_resize(struct model *model, uint64_t sectors)
{
    pthread_mutex_lock(&model->lock);
    model->sectors = sectors;
    cairn_le64_put(model->config, sectors);
    model->generation++;
    model->interrupts |= 2;
    model->raised++;
    pthread_cond_broadcast(&model->interrupt);
    pthread_mutex_unlock(&model->lock);
}
