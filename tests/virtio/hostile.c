/* SPDX-License-Identifier: ISC */
#include "hostile.h"
#include "vdisk.h"
#include <stdlib.h>
#include <string.h>

#define BYTES (64u << 10)
#define BATCH 8
#define REQ_BYTES_MAX 16384u
#define GUARD 0xa7

/* A batch whose memory is freed as soon as it is done: whoever touches it later is found. */
struct batch {
    struct cairn_blk_req reqs[BATCH];
    struct cairn_blk_seg segs[BATCH][2];
    struct cairn_why whys[BATCH];
    uint8_t *memory[BATCH];
    size_t count;
};

static uint64_t draw(void *ctx, uint64_t max)
{
    return tape_u64(ctx, max);
}

static struct model_plan draw_plan(struct tape *tape)
{
    struct model_plan plan = { .features = CAIRN_VIRTIO_F_VERSION_1, .draw = draw, .ctx = tape };
    plan.features |= tape_bool(tape) ? tape_u64(tape, UINT64_MAX) : MODEL_FEATURES_DISK;
    if (tape_bool(tape)) plan.features &= ~MODEL_F(MODEL_F_ZONED);
    if (tape_bool(tape)) plan.features ^= CAIRN_VIRTIO_F_PACKED;
    if (tape_bool(tape)) plan.features ^= CAIRN_VIRTIO_F_INDIRECT;
    if (tape_bool(tape)) plan.features ^= CAIRN_VIRTIO_F_IN_ORDER;
    if (tape_bool(tape)) plan.features ^= CAIRN_VIRTIO_F_EVENT_IDX;
    if (tape_bool(tape)) plan.features ^= MODEL_F(MODEL_F_MQ);
    plan.pci = tape_bool(tape);
    plan.queues = 1 + (uint16_t)tape_u64(tape, MODEL_QUEUES_MAX - 1);
    plan.queue_size = (uint16_t)(1 + tape_u64(tape, 40));
    plan.block_bytes = 512u << tape_pick(tape, 4);
    plan.seg_max = (uint32_t)tape_u64(tape, 5);
    plan.answers = tape_bool(tape) ? MODEL_ON_WAIT : MODEL_AT_ONCE;
    plan.shuffle = tape_bool(tape);
    return plan;
}

static void draw_request(struct batch *batch, const struct cairn_blk_info *info, struct tape *tape)
{
    size_t at = batch->count++;
    struct cairn_blk_req *req = &batch->reqs[at];
    uint64_t most = REQ_BYTES_MAX / info->block_bytes;
    *req = (struct cairn_blk_req){ .op = (enum cairn_blk_op)tape_pick(tape, 4) };
    req->block = tape_u64(tape, info->block_count);
    req->count = tape_u64(tape, most);
    req->why = &batch->whys[at];
    batch->whys[at] = (struct cairn_why){ .err = CAIRN_OK };
    size_t bytes = (size_t)req->count * info->block_bytes;
    batch->memory[at] = malloc(bytes + 1);
    memset(batch->memory[at], GUARD, bytes + 1);
    if (req->op > CAIRN_BLK_WRITE) return;
    size_t first = (size_t)tape_u64(tape, req->count) * info->block_bytes;
    batch->segs[at][0] = (struct cairn_blk_seg){ batch->memory[at], first };
    batch->segs[at][1] = (struct cairn_blk_seg){ batch->memory[at] + first, bytes - first };
    req->segs = batch->segs[at];
    req->seg_count = 2;
}

static bool judge(const struct batch *batch, const struct cairn_blk_info *info, struct tape *tape,
                  enum cairn_err err)
{
    bool failed = false;
    for (size_t i = 0; i < batch->count; i++) {
        const struct cairn_blk_req *req = &batch->reqs[i];
        failed = failed || req->status;
        bool silent = req->status && req->status != CAIRN_ECANCELED && !req->why->what[0];
        if (silent) return tape_fail(tape, "request %zu does not say why", i);
        if (batch->memory[i][req->count * info->block_bytes] != GUARD)
            return tape_fail(tape, "request %zu was written beyond its end", i);
    }
    return failed == !!err || tape_fail(tape, "the batch and its requests disagree");
}

static bool do_batch(struct vdisk *vdisk, struct tape *tape)
{
    struct cairn_blk *dev = &vdisk->dev.base;
    struct batch batch = { .count = 0 };
    while (batch.count < BATCH && tape_more(tape))
        draw_request(&batch, &dev->info, tape);
    enum cairn_err err;
    if (tape_bool(tape)) {
        err = cairn_blk_begin(dev, batch.reqs, batch.count);
        if (!err) err = cairn_blk_finish(dev, batch.reqs, batch.count);
    } else {
        err = cairn_blk_submit(dev, batch.reqs, batch.count);
    }
    bool held = judge(&batch, &dev->info, tape, err);
    for (size_t i = 0; i < batch.count; i++)
        free(batch.memory[i]);
    return held;
}

static bool do_question(struct vdisk *vdisk, struct tape *tape)
{
    char serial[CAIRN_BLK_VIRTIO_SERIAL_BYTES + 1] = "";
    struct cairn_blk_virtio_lifetime life;
    struct cairn_why why = { 0 };
    enum cairn_err err = CAIRN_OK;
    switch (tape_pick(tape, 5)) {
    case 0:
        err = cairn_blk_flush(&vdisk->dev.base, &why);
        break;
    case 1:
        err = cairn_blk_virtio_serial(&vdisk->dev, serial, &why);
        break;
    case 2:
        err = cairn_blk_virtio_lifetime(&vdisk->dev, &life, &why);
        break;
    case 3:
        err = cairn_blk_virtio_refresh(&vdisk->dev, &why);
        break;
    default:
        err = cairn_blk_virtio_cache_set(&vdisk->dev, tape_bool(tape), &why);
        break;
    }
    return !err || why.what[0] || tape_fail(tape, "a question does not say why it failed");
}

/* A lying configuration is drawn once the model has filled in an honest one. */
static void draw_config(struct model *model, struct tape *tape)
{
    while (tape_more(tape))
        model->config[tape_pick(tape, MODEL_CONFIG_BYTES)] = (uint8_t)tape_u64(tape, 255);
    while (model->plan.pci && tape_more(tape))
        model->pci_config[tape_pick(tape, 256)] = (uint8_t)tape_u64(tape, 255);
}

static enum cairn_err open_lying(struct vdisk *vdisk, const struct model_plan *plan,
                                 const struct cairn_blk_virtio_options *options, size_t mem_bytes,
                                 size_t dma_bytes, struct cairn_why *why)
{
    struct model *model = &vdisk->model;
    struct cairn_virtio *virtio =
        plan->pci ? &model->transport.pci.base : &model->transport.mmio.base;
    draw_config(model, plan->ctx);
    enum cairn_err err =
        plan->pci ? cairn_virtio_pci_open(&model->transport.pci, &model->bus, "virtio", why)
                  : cairn_virtio_mmio_open(&model->transport.mmio, &model->bus, "virtio", why);
    if (err) return err;
    struct cairn_pci_bar bar;
    for (uint32_t i = 0; plan->pci && i < 6; i++)
        cairn_pci_bar_read(&model->bus, i, &bar);
    return cairn_blk_virtio_open(&vdisk->dev, virtio, vdisk->mem, mem_bytes, vdisk->dma, dma_bytes,
                                 options, why);
}

/* All that the device reaches, so that what it finds scribbled is no address of others'; requests'
 * memory is bounced where that is drawn, and else reached too: then nothing is scribbled. */
bool virtio_survives(struct tape *tape)
{
    static struct vdisk vdisk;
    struct cairn_why why = { 0 };
    struct model_plan plan = draw_plan(tape);
    struct cairn_blk_virtio_options options = {
        .queues = 2, .queue_size = 16, .segs = 4, .polls = 1, .timeout_ns = 1, .bounce_bytes = 8192
    };
    size_t mem_bytes = cairn_blk_virtio_mem(&options);
    size_t dma_bytes = cairn_blk_virtio_dma_mem(&options);
    bool scribbles = tape_bool(tape), held = true;
    vdisk.disk = calloc(1, BYTES);
    vdisk.mem = malloc(mem_bytes);
    vdisk.dma = malloc(dma_bytes);
    if (scribbles) {
        plan.reach = vdisk.dma;
        plan.reach_bytes = dma_bytes;
    }
    model_init(&vdisk.model, &plan, vdisk.disk, BYTES);
    if (scribbles) {
        vdisk.model.shared = vdisk.dma;
        vdisk.model.shared_bytes = dma_bytes;
    }
    enum cairn_err err = open_lying(&vdisk, &plan, &options, mem_bytes, dma_bytes, &why);
    if (err && !why.what[0]) held = tape_fail(tape, "open does not say why it failed");
    for (int i = 0; !err && held && i < 20 && tape_more(tape); i++)
        held = tape_bool(tape) ? do_question(&vdisk, tape) : do_batch(&vdisk, tape);
    if (!err && cairn_blk_close(&vdisk.dev.base, &why) && !why.what[0])
        held = tape_fail(tape, "close does not say why it failed");
    model_close(&vdisk.model);
    free(vdisk.dma);
    free(vdisk.mem);
    free(vdisk.disk);
    return held;
}
