/* SPDX-License-Identifier: ISC */
/* The model's registers: MMIO (virtio 1.3, section 4.2.2) and PCI (section 4.1.4). */
#include "model.h"
#include <cairn/bytes.h>
#include <time.h>

#define BAR 4u
#define BAR_BYTES 0x4000u
#define BAR_ISR 0x1000u
#define BAR_CONFIG 0x2000u
#define BAR_NOTIFY 0x3000u
#define MULTIPLIER 4u

static struct model *model_of(struct cairn_virtio_bus *bus)
{
    return (struct model *)bus;
}

static struct model_queue *selected(struct model *model)
{
    static struct model_queue none;
    bool exists = model->queue_sel < model->plan.queues;
    return exists ? &model->queues[model->queue_sel] : &none;
}

static uint32_t queue_size_max(struct model *model)
{
    if (model_lies(model, 60)) return (uint32_t)model_draw(model, 0xffff);
    return model->queue_sel < model->plan.queues ? model->plan.queue_size : 0;
}

static uint32_t features_half(const struct model *model)
{
    return model->features_sel > 1 ? 0
                                   : (uint32_t)(model->plan.features >> (32 * model->features_sel));
}

static void taken_half(struct model *model, uint32_t value)
{
    if (model->driver_sel > 1) return;
    uint64_t mask = UINT64_C(0xffffffff) << (32 * model->driver_sel);
    model->taken = (model->taken & ~mask) | (uint64_t)value << (32 * model->driver_sel);
}

/* The low or the high half of an address. */
static void half(uint64_t *address, bool high, uint32_t value)
{
    uint64_t mask = high ? UINT64_C(0xffffffff) : ~UINT64_C(0xffffffff);
    *address = (*address & mask) | (uint64_t)value << (high ? 32 : 0);
}

static void reset(struct model *model)
{
    model->status = 0;
    model->taken = 0;
    model->interrupts = 0;
    for (int i = 0; i < MODEL_QUEUES_MAX; i++) {
        uint32_t notifies = model->queues[i].notifies;
        model->queues[i] = (struct model_queue){ .notifies = notifies };
    }
}

static void status_write(struct model *model, uint8_t status)
{
    if (!status && model->unstoppable) return;
    if (!status) {
        reset(model);
        return;
    }
    model_rule(model, (status & model->status) == (model->status & ~CAIRN_VIRTIO_NEEDS_RESET),
               "bits of the status are only added");
    bool refused = (model->taken & ~model->plan.features) || model_lies(model, 60) ||
                   !model_takes(model, CAIRN_VIRTIO_F_VERSION_1);
    if (refused) status &= (uint8_t)~CAIRN_VIRTIO_FEATURES_OK;
    model->status = status;
}

static uint32_t status_read(struct model *model)
{
    if (model_lies(model, 200)) return (uint32_t)model_draw(model, 255);
    return model->status;
}

static void queue_ready(struct model *model, uint32_t value)
{
    struct model_queue *q = selected(model);
    model_rule(model, model->status & CAIRN_VIRTIO_FEATURES_OK, "features come before queues");
    if (q->size > MODEL_QUEUE_SIZE_MAX || !q->size) {
        model_rule(model, false, "queues have a size that was offered");
        return;
    }
    q->ready = value == 1;
    q->avail_lap = q->used_lap = true;
}

static void notified(struct model *model, uint32_t number, uint32_t data)
{
    if (number >= model->plan.queues) {
        model_rule(model, false, "queues that exist are notified");
        return;
    }
    struct model_queue *q = &model->queues[number];
    q->notifies++;
    if (!q->ready) return;
    if (model_takes(model, CAIRN_VIRTIO_F_NOTIFICATION_DATA) &&
        model->plan.answers != MODEL_BY_THREAD)
        model_rule(model, data >> 16 == model_ring_place(model, q), "NOTIFICATION_DATA is right");
    if (model->plan.answers == MODEL_AT_ONCE) model_run(model, q);
    if (model->plan.answers == MODEL_BY_THREAD) pthread_cond_signal(&model->work);
}

static uint32_t config_read(struct model *model, uint64_t offset, uint32_t width)
{
    uint32_t value = 0;
    if (model_lies(model, 100)) model->generation++;
    for (uint32_t i = 0; i < width && offset + i < MODEL_CONFIG_BYTES; i++)
        value |= (uint32_t)model->config[offset + i] << (8 * i);
    return value;
}

/* Only the cache's mode can be written. */
static void config_write(struct model *model, uint64_t offset, uint32_t value)
{
    if (offset == 32) model->config[32] = (uint8_t)value;
}

static uint32_t mmio_read(struct model *model, uint64_t at)
{
    switch (at) {
    case 0x000:
        return 0x74726976;
    case 0x004:
        return 2;
    case 0x008:
        return 2;
    case 0x010:
        return features_half(model);
    case 0x034:
        return queue_size_max(model);
    case 0x044:
        return selected(model)->ready;
    case 0x060:
        return model->interrupts;
    case 0x070:
        return status_read(model);
    case 0x0fc:
        return model->generation;
    default:
        return 0;
    }
}

static void mmio_write(struct model *model, uint64_t at, uint32_t value)
{
    struct model_queue *q = selected(model);
    switch (at) {
    case 0x014:
        model->features_sel = value;
        break;
    case 0x020:
        taken_half(model, value);
        break;
    case 0x024:
        model->driver_sel = value;
        break;
    case 0x030:
        model->queue_sel = value;
        break;
    case 0x038:
        q->size = (uint16_t)value;
        break;
    case 0x044:
        queue_ready(model, value);
        break;
    case 0x050:
        notified(model, value & 0xffff, value);
        break;
    case 0x064:
        model_rule(model, !(value & ~3u), "only interrupts that exist are acknowledged");
        model->interrupts &= ~value;
        break;
    case 0x070:
        status_write(model, (uint8_t)value);
        break;
    case 0x080:
    case 0x084:
        half(&q->desc, at & 4, value);
        break;
    case 0x090:
    case 0x094:
        half(&q->driver, at & 4, value);
        break;
    case 0x0a0:
    case 0x0a4:
        half(&q->device, at & 4, value);
        break;
    default:
        break;
    }
}

static uint32_t common_read(struct model *model, uint64_t at)
{
    switch (at) {
    case 4:
        return features_half(model);
    case 18:
        return model->plan.queues;
    case 20:
        return status_read(model);
    case 21:
        return model->generation & 0xff;
    case 24:
        return queue_size_max(model);
    case 28:
        return selected(model)->ready;
    case 30:
        return model_lies(model, 60) ? (uint32_t)model_draw(model, 0xffff) : model->queue_sel;
    default:
        return 0; /* vector 0 among them */
    }
}

static void common_write(struct model *model, uint64_t at, uint32_t value)
{
    struct model_queue *q = selected(model);
    switch (at) {
    case 0:
        model->features_sel = value;
        break;
    case 8:
        model->driver_sel = value;
        break;
    case 12:
        taken_half(model, value);
        break;
    case 20:
        status_write(model, (uint8_t)value);
        break;
    case 22:
        model->queue_sel = value;
        break;
    case 24:
        q->size = (uint16_t)value;
        break;
    case 28:
        queue_ready(model, value);
        break;
    case 32:
    case 36:
        half(&q->desc, at & 4, value);
        break;
    case 40:
    case 44:
        half(&q->driver, at & 4, value);
        break;
    case 48:
    case 52:
        half(&q->device, at & 4, value);
        break;
    default:
        break;
    }
}

static uint32_t bar_read(struct model *model, uint64_t at, uint32_t width)
{
    if (at >= BAR_CONFIG && at < BAR_NOTIFY) return config_read(model, at - BAR_CONFIG, width);
    if (at < BAR_ISR) return common_read(model, at);
    uint32_t causes = model->interrupts;
    if (at == BAR_ISR) model->interrupts = 0;
    return at == BAR_ISR ? causes : 0;
}

static void bar_write(struct model *model, uint64_t at, uint32_t value)
{
    if (at >= BAR_NOTIFY)
        notified(model, (uint32_t)(at - BAR_NOTIFY) / MULTIPLIER, value);
    else if (at >= BAR_CONFIG)
        config_write(model, at - BAR_CONFIG, value);
    else if (at < BAR_ISR)
        common_write(model, at, value);
}

static uint32_t pci_read(const struct model *model, uint64_t at, uint32_t width)
{
    uint32_t value = 0;
    for (uint32_t i = 0; i < width && at + i < sizeof model->pci_config; i++)
        value |= (uint32_t)model->pci_config[at + i] << (8 * i);
    return value;
}

/* BARs: what the mask leaves; the flags stand below it. */
static void pci_write(struct model *model, uint64_t at, uint32_t width, uint32_t value)
{
    for (uint32_t i = 0; i < width; i++) {
        if (at + i < 0x10 || at + i >= 0x28) continue;
        uint8_t mask = model->bar_mask[at + i - 0x10], *byte = &model->pci_config[at + i];
        *byte = (uint8_t)((*byte & ~mask) | ((value >> (8 * i)) & mask));
    }
}

static uint32_t bus_read(struct cairn_virtio_bus *bus, uint32_t space, uint64_t at, uint32_t width)
{
    struct model *model = model_of(bus);
    uint32_t value;
    pthread_mutex_lock(&model->lock);
    if (space == CAIRN_PCI_CONFIG_SPACE)
        value = pci_read(model, at, width);
    else if (model->plan.pci)
        value = bar_read(model, at, width);
    else
        value = at < 0x100 ? mmio_read(model, at) : config_read(model, at - 0x100, width);
    pthread_mutex_unlock(&model->lock);
    return value;
}

static void bus_write(struct cairn_virtio_bus *bus, uint32_t space, uint64_t at, uint32_t width,
                      uint32_t value)
{
    struct model *model = model_of(bus);
    pthread_mutex_lock(&model->lock);
    if (space == CAIRN_PCI_CONFIG_SPACE)
        pci_write(model, at, width, value);
    else if (model->plan.pci)
        bar_write(model, at, value);
    else if (at < 0x100)
        mmio_write(model, at, value);
    else
        config_write(model, at - 0x100, value);
    pthread_mutex_unlock(&model->lock);
}

static uint64_t bus_space_bytes(struct cairn_virtio_bus *bus, uint32_t space)
{
    if (!model_of(bus)->plan.pci)
        return space == CAIRN_VIRTIO_MMIO_SPACE ? 0x100 + MODEL_CONFIG_BYTES : 0;
    return space == CAIRN_PCI_CONFIG_SPACE ? 256 : space == BAR ? BAR_BYTES : 0;
}

/* One line for all queues, which whoever wakes first acknowledges: the others know by the count. */
static bool wait_for_thread(struct model *model, struct model_queue *q, uint64_t deadline_ns)
{
    struct timespec until = { (time_t)(deadline_ns / 1000000000),
                              (long)(deadline_ns % 1000000000) };
    bool came = true;
    while (came && q->raised_seen == model->raised)
        came = !pthread_cond_timedwait(&model->interrupt, &model->lock, &until);
    q->raised_seen = model->raised;
    return came;
}

/* The device does its work now. Who sleeps without having asked for an interrupt is lost. */
static bool wait_for_work(struct model *model, struct model_queue *q)
{
    uint32_t requests = model->requests, raised = model->raised;
    model_run(model, q);
    bool muted = model->mute_at && model->requests + 1 >= model->mute_at;
    model_rule(model, muted || requests == model->requests || raised != model->raised,
               "who sleeps asks for an interrupt");
    return model->interrupts != 0;
}

static enum cairn_err bus_wait(struct cairn_virtio_bus *bus, uint16_t queue, uint64_t deadline_ns)
{
    struct model *model = model_of(bus);
    struct model_queue *q = &model->queues[queue % MODEL_QUEUES_MAX];
    pthread_mutex_lock(&model->lock);
    bool came = model->plan.answers == MODEL_BY_THREAD ? wait_for_thread(model, q, deadline_ns)
                                                       : wait_for_work(model, q);
    pthread_mutex_unlock(&model->lock);
    return came ? CAIRN_OK : CAIRN_ETIMEDOUT;
}

static bool bus_dma(struct cairn_virtio_bus *bus, const void *mem, size_t bytes, uint64_t *address)
{
    *address = (uint64_t)(uintptr_t)mem + MODEL_ADDRESS_BIAS;
    return model_memory(model_of(bus), *address, bytes) != NULL;
}

static void cap_put(struct model *model, uint32_t at, uint32_t next, uint32_t type, uint32_t offset,
                    uint32_t bytes)
{
    uint8_t *cap = model->pci_config + at;
    cap[0] = 9;
    cap[1] = (uint8_t)next;
    cap[2] = type == 2 ? 20 : 16;
    cap[3] = (uint8_t)type;
    cap[4] = BAR;
    cairn_le32_put(cap + 8, offset);
    cairn_le32_put(cap + 12, bytes);
    if (type == 2) cairn_le32_put(cap + 16, MULTIPLIER);
}

static void pci_init(struct model *model)
{
    uint8_t *config = model->pci_config;
    cairn_le16_put(config, 0x1af4);
    cairn_le16_put(config + 2, 0x1042);
    config[6] = 0x10;
    config[0x10 + 4 * BAR] = 0x0c; /* 64 bits, prefetchable */
    memset(model->bar_mask + 4 * BAR, 0xff, 8);
    cairn_le32_put(model->bar_mask + 4 * BAR, ~(BAR_BYTES - 1));
    config[0x34] = 0x40;
    cap_put(model, 0x40, 0x50, 1, 0, 56);
    cap_put(model, 0x50, 0x60, 3, BAR_ISR, 4);
    cap_put(model, 0x60, 0x70, 4, BAR_CONFIG, MODEL_CONFIG_BYTES);
    cap_put(model, 0x70, 0, 2, BAR_NOTIFY, MODEL_QUEUES_MAX * MULTIPLIER);
}

void model_bus_init(struct model *model)
{
    model->ops = (struct cairn_virtio_bus_ops){ .read = bus_read,
                                                .write = bus_write,
                                                .space_bytes = bus_space_bytes,
                                                .wait = model->plan.no_wait ? NULL : bus_wait,
                                                .dma = bus_dma };
    model->bus.ops = &model->ops;
    if (model->plan.pci) pci_init(model);
}
