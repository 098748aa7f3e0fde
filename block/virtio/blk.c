/* SPDX-License-Identifier: ISC */
/* virtio-blk: finding out what the device is, setting its queues up, closing it. */
#include "blk.h"

_Static_assert(offsetof(struct cairn_blk_virtio, base) == 0, "a device embeds its base first");

#define QUEUE_SIZE_MIN 4u
#define QUEUE_SIZE_DEFAULT 128u
#define SEGS_DEFAULT 32u
#define POLLS_DEFAULT 2000u
#define TIMEOUT_DEFAULT_NS UINT64_C(30000000000)
#define BOUNCE_BYTES_MAX (1u << 30)

/* ORDER_PLATFORM is not taken: it is for devices in hardware, which need other barriers than those
 * between processors. RING_RESET is not: a queue that goes wrong takes its device with it. */
#define FEATURES                                                                                   \
    (CAIRN_VIRTIO_F_VERSION_1 | CAIRN_VIRTIO_F_INDIRECT | CAIRN_VIRTIO_F_EVENT_IDX |               \
     CAIRN_VIRTIO_F_ACCESS_PLATFORM | CAIRN_VIRTIO_F_PACKED | CAIRN_VIRTIO_F_IN_ORDER |            \
     CAIRN_VIRTIO_F_NOTIFICATION_DATA | BLK_VIRTIO_F_SIZE_MAX | BLK_VIRTIO_F_SEG_MAX |             \
     BLK_VIRTIO_F_RO | BLK_VIRTIO_F_BLK_SIZE | BLK_VIRTIO_F_FLUSH | BLK_VIRTIO_F_TOPOLOGY |        \
     BLK_VIRTIO_F_CONFIG_WCE | BLK_VIRTIO_F_MQ | BLK_VIRTIO_F_DISCARD |                            \
     BLK_VIRTIO_F_WRITE_ZEROES | BLK_VIRTIO_F_LIFETIME)

static const struct cairn_blk_virtio_options options_none;

/* The options with the defaults put in. Idempotent: open passes its own on to those who count. */
static struct cairn_blk_virtio_options options_whole(const struct cairn_blk_virtio_options *options)
{
    struct cairn_blk_virtio_options whole = options ? *options : options_none;
    if (!whole.queues) whole.queues = 1;
    if (!whole.queue_size) whole.queue_size = QUEUE_SIZE_DEFAULT;
    if (!whole.segs) whole.segs = SEGS_DEFAULT;
    if (!whole.polls) whole.polls = POLLS_DEFAULT;
    if (!whole.timeout_ns) whole.timeout_ns = TIMEOUT_DEFAULT_NS;
    return whole;
}

static enum cairn_err options_check(const struct cairn_blk_virtio_options *options,
                                    struct cairn_why *why)
{
    bool good = options->queues <= CAIRN_BLK_VIRTIO_QUEUES_MAX &&
                cairn_is_pow2(options->queue_size) && options->queue_size >= QUEUE_SIZE_MIN &&
                options->queue_size <= CAIRN_VIRTIO_QUEUE_SIZE_MAX &&
                options->segs <= CAIRN_BLK_VIRTIO_SEGS_MAX &&
                options->bounce_bytes <= BOUNCE_BYTES_MAX;
    if (good) return CAIRN_OK;
    return cairn_why_fail(why, CAIRN_EINVAL,
                          "at most 64 queues of 4 to 32768 descriptors, a power of two, 126 "
                          "segments and 1 GiB to bounce are possible");
}

/* The largest that a queue can become with these options. */
static struct blk_virtq_shape shape_largest(const struct cairn_blk_virtio_options *options)
{
    return (struct blk_virtq_shape){ .size = options->queue_size,
                                     .table_descs = (uint16_t)(options->segs + 2) };
}

static size_t queue_mem(const struct cairn_blk_virtio_options *options)
{
    struct blk_virtq_shape shape = shape_largest(options);
    return blk_virtq_mem(&shape) + shape.size * sizeof(struct blk_virtio_op);
}

static size_t queue_dma_mem(const struct blk_virtq_shape *shape, uint32_t bounce_bytes)
{
    size_t bytes = blk_virtq_dma_mem(shape) + shape->size * BLK_VIRTIO_SLOT_BYTES + bounce_bytes;
    return (size_t)cairn_round_up(bytes, BLK_VIRTQ_ALIGN);
}

size_t cairn_blk_virtio_mem(const struct cairn_blk_virtio_options *options)
{
    struct cairn_blk_virtio_options whole = options_whole(options);
    size_t begun = BLK_VIRTIO_BEGUN_COUNT * sizeof(struct blk_virtio_batch);
    return whole.queues * (sizeof(struct blk_virtio_queue) + queue_mem(&whole)) + begun +
           2 * BLK_VIRTQ_ALIGN;
}

/* A packed ring is smaller than a split one. */
size_t cairn_blk_virtio_dma_mem(const struct cairn_blk_virtio_options *options)
{
    struct cairn_blk_virtio_options whole = options_whole(options);
    struct blk_virtq_shape shape = shape_largest(&whole);
    return whole.queues * queue_dma_mem(&shape, whole.bounce_bytes) + BLK_VIRTQ_ALIGN;
}

/* Bits are added one after the other, since a device may look at each step. */
static void status_add(struct cairn_virtio *virtio, uint32_t bits)
{
    virtio->ops->status_set(virtio, (uint8_t)(virtio->ops->status(virtio) | bits));
}

/* What cannot be worked with is said before the device is told that it was accepted. */
static enum cairn_err offer_check(const struct cairn_virtio *virtio, uint64_t offered,
                                  struct cairn_why *why)
{
    if (virtio->device_id != CAIRN_VIRTIO_ID_BLOCK)
        return cairn_why_fail(why, CAIRN_ENODEV, "a virtio device of kind %lu, not a disk",
                              (unsigned long)virtio->device_id);
    if (!(offered & CAIRN_VIRTIO_F_VERSION_1)) {
        enum cairn_err err = cairn_why_fail(why, CAIRN_ENOTSUP, "a legacy virtio device");
        cairn_why_hint(why, "it must offer virtio 1.0 or later (QEMU: disable-legacy=on)");
        return err;
    }
    if (offered & BLK_VIRTIO_F_ZONED)
        return cairn_why_fail(why, CAIRN_ENOTSUP, "a zoned disk: its zones are not supported");
    return CAIRN_OK;
}

/* Section 3.1.1, steps 1 to 6. */
static enum cairn_err negotiate(struct cairn_virtio *virtio, uint64_t without, uint64_t *offered,
                                struct cairn_why *why)
{
    enum cairn_err err = virtio->ops->reset(virtio, why);
    if (err) return err;
    status_add(virtio, CAIRN_VIRTIO_ACKNOWLEDGE);
    status_add(virtio, CAIRN_VIRTIO_DRIVER);
    *offered = virtio->ops->features(virtio);
    err = offer_check(virtio, *offered, why);
    if (err) return err;
    virtio->taken = *offered & FEATURES & ~(without & ~CAIRN_VIRTIO_F_VERSION_1);
    /* Without FLUSH the mode has to stay what it then is, write-through (section 5.2.5). */
    if (!(virtio->taken & BLK_VIRTIO_F_FLUSH)) virtio->taken &= ~BLK_VIRTIO_F_CONFIG_WCE;
    err = virtio->ops->features_take(virtio, virtio->taken, why);
    if (err) return err;
    status_add(virtio, CAIRN_VIRTIO_FEATURES_OK);
    if (virtio->ops->status(virtio) & CAIRN_VIRTIO_FEATURES_OK) return CAIRN_OK;
    return cairn_why_fail(why, CAIRN_ENOTSUP, "the device refuses the features 0x%llx of 0x%llx",
                          (unsigned long long)virtio->taken, (unsigned long long)*offered);
}

/* The queues to use, and the largest size, a power of two, that all of them can have. */
static enum cairn_err queues_shape(struct cairn_blk_virtio *dev,
                                   const struct blk_virtio_config *config,
                                   const struct cairn_blk_virtio_options *options, uint16_t *size,
                                   struct cairn_why *why)
{
    struct cairn_virtio *virtio = dev->virtio;
    uint16_t offered = virtio->taken & BLK_VIRTIO_F_MQ ? config->num_queues : 1;
    uint16_t wanted = offered < options->queues ? offered : options->queues, most;
    *size = options->queue_size;
    dev->queue_count = 0;
    while (dev->queue_count < wanted &&
           (most = virtio->ops->queue_size_max(virtio, dev->queue_count)) != 0) {
        while (most < *size)
            *size /= 2;
        dev->queue_count++;
    }
    if (!dev->queue_count || *size < QUEUE_SIZE_MIN)
        return cairn_why_fail(why, CAIRN_ENOTSUP, "no queue of %u descriptors", QUEUE_SIZE_MIN);
    return CAIRN_OK;
}

/* Where the device sets no limit, one: that is what such devices can. A chain is never longer than
 * the queue, indirect or not (section 2.7.5.3.1). */
static uint16_t segs_max_of(const struct cairn_virtio *virtio,
                            const struct blk_virtio_config *config, uint16_t wanted, uint16_t size)
{
    uint64_t most = virtio->taken & BLK_VIRTIO_F_SEG_MAX ? config->seg_max : 1;
    return (uint16_t)cairn_min_u64(cairn_max_u64(most, 1), cairn_min_u64(wanted, size - 2u));
}

/* One piece of shared memory, translated once: ring, then slots, then bounce memory. */
static enum cairn_err queue_open(struct cairn_blk_virtio *dev, struct blk_virtio_queue *q,
                                 const struct blk_virtq_shape *shape, uint32_t bounce_bytes,
                                 struct cairn_arena *mem, struct cairn_arena *dma,
                                 struct cairn_why *why)
{
    size_t bytes = queue_dma_mem(shape, bounce_bytes), ring = blk_virtq_dma_mem(shape);
    uint8_t *shared = cairn_arena_take(dma, bytes, BLK_VIRTQ_ALIGN);
    uint64_t address;
    if (!shared || !dev->virtio->ops->dma(dev->virtio, shared, bytes, &address))
        return cairn_why_fail(why, CAIRN_ENOMEM, "the device does not reach the rings' memory");
    size_t bounce = ring + shape->size * BLK_VIRTIO_SLOT_BYTES;
    q->slots = shared + ring;
    q->slots_address = address + ring;
    q->bounce = shared + bounce;
    q->bounce_address = address + bounce;
    q->bounce_bytes = bounce_bytes;
    q->ops = cairn_arena_array(mem, shape->size, sizeof *q->ops, _Alignof(struct blk_virtio_op));
    blk_virtq_init(&q->ring, shape, mem, shared, address);
    struct cairn_virtio_ring where = { .size = shape->size,
                                       .desc = q->ring.desc_address,
                                       .driver = q->ring.driver_address,
                                       .device = q->ring.device_address };
    return dev->virtio->ops->queue_enable(dev->virtio, q->number, &where, why);
}

static enum cairn_err queues_open(struct cairn_blk_virtio *dev,
                                  const struct cairn_blk_virtio_options *options, uint16_t size,
                                  struct cairn_arena *mem, struct cairn_arena *dma,
                                  struct cairn_why *why)
{
    /* Tables only as long as chains get here, which may be less than what memory was counted for.
     */
    struct blk_virtq_shape shape = { .size = size, .features = dev->virtio->taken };
    if (dev->virtio->taken & CAIRN_VIRTIO_F_INDIRECT)
        shape.table_descs = (uint16_t)(dev->segs_max + 2);
    enum cairn_err err = CAIRN_OK;
    for (uint16_t i = 0; i < dev->queue_count && !err; i++) {
        dev->queues[i].number = i;
        err = queue_open(dev, &dev->queues[i], &shape, options->bounce_bytes, mem, dma, why);
    }
    return err;
}

static const struct cairn_blk_ops blk_virtio_ops;

/* All that follows once the features are agreed on. */
static enum cairn_err device_open(struct cairn_blk_virtio *dev,
                                  const struct cairn_blk_virtio_options *options, uint64_t offered,
                                  struct cairn_arena *mem, struct cairn_arena *dma,
                                  struct cairn_why *why)
{
    struct blk_virtio_config config;
    struct cairn_blk_info info;
    uint16_t size = 0;
    enum cairn_err err = blk_virtio_config_load(dev->virtio, &config, why);
    if (!err) err = queues_shape(dev, &config, options, &size, why);
    if (err) return err;
    dev->segs_max = segs_max_of(dev->virtio, &config, options->segs, size);
    err = blk_virtio_config_apply(dev, &config, offered, &info, why);
    if (!err && options->bounce_bytes && options->bounce_bytes < info.block_bytes)
        err = cairn_why_fail(why, CAIRN_EINVAL, "%lu bytes to bounce hold no block of %lu",
                             (unsigned long)options->bounce_bytes, (unsigned long)info.block_bytes);
    if (!err) err = queues_open(dev, options, size, mem, dma, why);
    if (err) return err;
    cairn_blk_init(&dev->base, &blk_virtio_ops, &info, dev->virtio->name, NULL);
    status_add(dev->virtio, CAIRN_VIRTIO_DRIVER_OK);
    return CAIRN_OK;
}

static void locks_init(struct cairn_blk_virtio *dev)
{
    cairn_lock_init(&dev->lock);
    for (uint16_t i = 0; i < dev->queue_count; i++) {
        cairn_lock_init(&dev->queues[i].lock);
        cairn_cond_init(&dev->queues[i].used);
    }
}

static void locks_destroy(struct cairn_blk_virtio *dev)
{
    for (uint16_t i = 0; i < dev->queue_count; i++) {
        cairn_cond_destroy(&dev->queues[i].used);
        cairn_lock_destroy(&dev->queues[i].lock);
    }
    cairn_lock_destroy(&dev->lock);
}

/* What failed may have left queues behind: the device must let go of them first. */
static enum cairn_err open_fail(struct cairn_virtio *virtio, struct cairn_why *why,
                                enum cairn_err err)
{
    if (!blk_virtio_stop(virtio))
        status_add(virtio, CAIRN_VIRTIO_FAILED);
    else if (why && !why->hint[0])
        cairn_why_hint(why, "%s", blk_virtio_unstopped);
    cairn_why_via(why, virtio->name);
    return err;
}

enum cairn_err cairn_blk_virtio_open(struct cairn_blk_virtio *dev, struct cairn_virtio *virtio,
                                     void *mem, size_t mem_bytes, void *dma, size_t dma_bytes,
                                     const struct cairn_blk_virtio_options *options,
                                     struct cairn_why *why)
{
    struct cairn_blk_virtio_options whole = options_whole(options);
    struct cairn_arena own, shared;
    uint64_t offered;
    enum cairn_err err = options_check(&whole, why);
    if (err) return err;
    if (mem_bytes < cairn_blk_virtio_mem(&whole) || dma_bytes < cairn_blk_virtio_dma_mem(&whole))
        return cairn_why_fail(why, CAIRN_ENOMEM, "a virtio disk with these options needs more");
    *dev = (struct cairn_blk_virtio){ .virtio = virtio,
                                      .polls = whole.polls,
                                      .timeout_ns = whole.timeout_ns };
    cairn_arena_init(&own, mem, mem_bytes);
    cairn_arena_init(&shared, dma, dma_bytes);
    dev->queues = cairn_arena_array(&own, whole.queues, sizeof *dev->queues, BLK_VIRTQ_ALIGN);
    dev->begun = cairn_arena_array(&own, BLK_VIRTIO_BEGUN_COUNT, sizeof *dev->begun,
                                   _Alignof(struct blk_virtio_batch));
    err = negotiate(virtio, whole.without, &offered, why);
    if (!err) err = device_open(dev, &whole, offered, &own, &shared, why);
    if (err) return open_fail(virtio, why, err);
    locks_init(dev);
    return CAIRN_OK;
}

/* A change between two readings is a reason to read again, which is what `load` does. */
enum cairn_err cairn_blk_virtio_refresh(struct cairn_blk_virtio *dev, struct cairn_why *why)
{
    struct blk_virtio_config config;
    enum cairn_err err = blk_virtio_usable(dev, "look at the capacity", why);
    if (err) return err;
    __atomic_store_n(&dev->virtio->config_changed, false, __ATOMIC_SEQ_CST);
    err = blk_virtio_config_load(dev->virtio, &config, why);
    if (!err) err = blk_virtio_capacity_check(&config, why);
    if (err) {
        cairn_why_via(why, dev->base.name);
        return err;
    }
    dev->base.info.block_count = blk_virtio_block_count(&config, dev->base.info.block_bytes);
    return CAIRN_OK;
}

static enum cairn_err device_close(struct cairn_blk *base, struct cairn_why *why)
{
    struct cairn_blk_virtio *dev = blk_virtio_of(base);
    enum cairn_err err = dev->virtio->ops->reset(dev->virtio, why);
    if (err) {
        cairn_why_hint(why, "%s", blk_virtio_unstopped);
        cairn_why_via(why, dev->base.name);
    }
    locks_destroy(dev);
    return err;
}

static const struct cairn_blk_ops blk_virtio_ops = {
    .submit = blk_virtio_submit,
    .begin = blk_virtio_begin,
    .finish = blk_virtio_finish,
    .flush = blk_virtio_flush,
    .close = device_close,
};
