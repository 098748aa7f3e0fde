/* SPDX-License-Identifier: ISC */
/*
 * A virtio-blk device over memory, behind MMIO or PCI registers: written from the specification
 * alone, it shares nothing with the driver. It offers more than QEMU does (IN_ORDER, LIFETIME,
 * NOTIFICATION_DATA, every mix of ring features), holds the driver to the rules, and lies when it
 * is told to: then it aborts on nothing, and every choice it makes comes from `draw`.
 */
#ifndef CAIRN_TESTS_VIRTIO_MODEL_H
#define CAIRN_TESTS_VIRTIO_MODEL_H

#include <cairn/virtio.h>
#include <pthread.h>

#define MODEL_QUEUES_MAX 4
#define MODEL_QUEUE_SIZE_MAX 256
#define MODEL_CONFIG_BYTES 96
#define MODEL_SEEN_MAX 512
#define MODEL_ADDRESS_BIAS UINT64_C(0x10000000000) /* the device sees memory elsewhere */

/* Features of virtio-blk, by number. */
enum {
    MODEL_F_SIZE_MAX = 1,
    MODEL_F_SEG_MAX = 2,
    MODEL_F_RO = 5,
    MODEL_F_BLK_SIZE = 6,
    MODEL_F_FLUSH = 9,
    MODEL_F_TOPOLOGY = 10,
    MODEL_F_CONFIG_WCE = 11,
    MODEL_F_MQ = 12,
    MODEL_F_DISCARD = 13,
    MODEL_F_WRITE_ZEROES = 14,
    MODEL_F_LIFETIME = 15,
    MODEL_F_ZONED = 17
};
#define MODEL_F(bit) (UINT64_C(1) << (bit))
/* All of virtio-blk's that a usual disk has. */
#define MODEL_FEATURES_DISK                                                                        \
    (MODEL_F(MODEL_F_SEG_MAX) | MODEL_F(MODEL_F_BLK_SIZE) | MODEL_F(MODEL_F_FLUSH) |               \
     MODEL_F(MODEL_F_TOPOLOGY) | MODEL_F(MODEL_F_CONFIG_WCE) | MODEL_F(MODEL_F_DISCARD) |          \
     MODEL_F(MODEL_F_WRITE_ZEROES) | MODEL_F(MODEL_F_LIFETIME) | CAIRN_VIRTIO_F_VERSION_1 |        \
     CAIRN_VIRTIO_F_ACCESS_PLATFORM)

/* When a request that was announced is done. */
enum model_answers {
    MODEL_AT_ONCE,  /* in the notification */
    MODEL_ON_WAIT,  /* when the driver sleeps */
    MODEL_BY_THREAD /* by a thread of the device's */
};

struct model_plan {
    uint64_t features;
    uint16_t queues, queue_size; /* 0: 1 and 128 */
    uint32_t block_bytes;        /* 0: 512 */
    uint32_t seg_max, size_max;  /* 0: 126, 65536 */
    uint32_t range_sectors_max;  /* of discards and zeroes; 0: 2048 */
    bool pci;                    /* else MMIO */
    bool no_wait;                /* the bus has no interrupts */
    enum model_answers answers;
    bool shuffle;      /* use chains in another order than they came, or in groups */
    const void *reach; /* the only memory that the device reaches; NULL: all */
    size_t reach_bytes;
    uint64_t (*draw)(void *ctx, uint64_t max); /* 0 to max; NULL: the device is honest */
    void *ctx;
};

struct model_queue {
    bool ready;
    uint16_t size;
    uint64_t desc, driver, device;
    uint16_t avail, used; /* counts of a split ring, places in a packed one */
    bool avail_lap, used_lap;
    uint32_t notifies, raised_seen;
};

struct model {
    struct cairn_virtio_bus bus; /* first */
    union {
        struct cairn_virtio_mmio mmio;
        struct cairn_virtio_pci pci;
    } transport;
    struct cairn_virtio_bus_ops ops;
    struct model_plan plan;
    uint8_t *disk;
    uint64_t sectors;
    uint8_t config[MODEL_CONFIG_BYTES];
    uint32_t generation;
    uint8_t pci_config[256];
    uint8_t bar_mask[24];

    uint8_t status;
    uint64_t taken;
    uint32_t features_sel, driver_sel, queue_sel, interrupts;
    struct model_queue queues[MODEL_QUEUES_MAX];
    uint64_t random;

    uint8_t *shared; /* memory with the rings, which a lying device scribbles over */
    size_t shared_bytes;
    struct {
        const void *data;
        uint32_t bytes;
    } seen[MODEL_SEEN_MAX]; /* data segments of requests, as the driver gave them */
    uint32_t seen_count, requests, flushes, raised;
    uint32_t fail_at; /* the request with this number, from 1, gets fail_status */
    uint8_t fail_status;
    bool fail_silent;              /* no status is written for it */
    int32_t fail_length;           /* added to what it says to have written */
    uint32_t mute_at;              /* and from this one on none is answered */
    uint64_t lose_sector;          /* requests from it on are never answered; 0: none */
    uint64_t bad_first, bad_count; /* what touches these sectors gets S_IOERR */
    bool bad_flush;                /* and every flush */
    bool unstoppable;              /* no reset is ever complete */

    pthread_mutex_t lock;
    pthread_cond_t work, interrupt;
    pthread_t thread;
    bool has_thread, stop;
};

/* A device with this disk. Returns its transport, opened. Aborts when that fails. */
struct cairn_virtio *model_open(struct model *model, const struct model_plan *plan, uint8_t *disk,
                                uint64_t bytes);
/* The same without the transport, for tests of that. */
void model_init(struct model *model, const struct model_plan *plan, uint8_t *disk, uint64_t bytes);
void model_close(struct model *model);

uint32_t model_notifies(const struct model *model);
/* Another capacity, and an interrupt that tells of it. */
void model_resize(struct model *model, uint64_t sectors);
/* From now on what touches these sectors fails, and where `flushes` every flush. */
void model_fail(struct model *model, uint64_t sector, uint64_t count, bool flushes);

/* model_bus.c */
void model_bus_init(struct model *model);

/* model_ring.c: chains, with the model's lock held. */

struct model_seg {
    uint8_t *data;
    uint32_t bytes;
    bool writable;
};
struct model_chain {
    struct model_seg segs[2 * MODEL_QUEUE_SIZE_MAX];
    uint16_t count;
    uint16_t id, descs;
};
bool model_ring_take(struct model *model, struct model_queue *q, struct model_chain *chain);
/* `chains` chains of `descs` descriptors are used, the last of them this one. */
void model_ring_give(struct model *model, struct model_queue *q, uint32_t id, uint32_t bytes,
                     uint16_t chains, uint16_t descs);
/* Ask to be notified of the next chain. */
void model_ring_ask(struct model *model, struct model_queue *q);
/* What NOTIFICATION_DATA must say now. */
uint16_t model_ring_place(struct model *model, struct model_queue *q);

/* model_blk.c */

/* Do a request; the bytes that were written into the chain. */
uint32_t model_request(struct model *model, const struct model_chain *chain);
/* Do all that is in a queue. */
void model_run(struct model *model, struct model_queue *q);

/* A rule of the driver's. A lying device has itself to blame. Returns held. */
bool model_rule(const struct model *model, bool held, const char *rule);
/* Does a lying device lie now? Once in so many draws. */
bool model_lies(struct model *model, uint64_t once_in);
uint64_t model_draw(struct model *model, uint64_t max);
/* Memory at a device's address; NULL: out of reach. */
uint8_t *model_memory(const struct model *model, uint64_t address, uint64_t bytes);

static inline bool model_takes(const struct model *model, uint64_t feature)
{
    return model->taken & feature;
}

#endif
