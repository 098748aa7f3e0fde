/* SPDX-License-Identifier: ISC */
/*
 * virtio-blk (virtio 1.3, section 5.2) as a BLOCK device, over any transport (<cairn/virtio.h>).
 *
 * A batch goes to the device whole and is announced once; data move between the device and the
 * caller's memory without a copy where the transport reaches that memory. The device is trusted
 * with the data of requests and with nothing else. A request whose status says that it failed, or
 * does not exist, or of which less was written than asked for, fails alone. A device that uses what
 * it was not given, says that it wrote more than there was room for, or does not answer in time, is
 * reset: all requests then fail, and it has to be opened anew. Of one that does not even complete a
 * reset nobody can say whether it still writes to memory it was given: the hint of each error and a
 * log line tell of it, and closing it fails.
 */
#ifndef CAIRN_BLK_VIRTIO_H
#define CAIRN_BLK_VIRTIO_H

#include <cairn/blk.h>
#include <cairn/sync.h>
#include <cairn/virtio.h>

CAIRN_BEGIN

#define CAIRN_BLK_VIRTIO_QUEUES_MAX 64u
#define CAIRN_BLK_VIRTIO_SEGS_MAX 126u
#define CAIRN_BLK_VIRTIO_SERIAL_BYTES 20u

/* 0 is a default everywhere. The device may offer less. */
struct cairn_blk_virtio_options {
    uint16_t queues;       /* most queues to use; default 1, so many as threads are good */
    uint16_t queue_size;   /* most descriptors a queue, a power of two; default 128 */
    uint16_t segs;         /* most segments a request of the device; default 32 */
    uint32_t bounce_bytes; /* a queue, for memory that the device cannot reach; default none */
    uint32_t polls;        /* looks at the ring before it sleeps; default 2000 */
    uint64_t timeout_ns;   /* without any answer to a batch; default 30 s */
    uint64_t without;      /* features not to take even if offered */
};

struct blk_virtio_queue;
struct blk_virtio_batch;

struct cairn_blk_virtio {
    struct cairn_blk base;
    struct cairn_virtio *virtio;
    struct blk_virtio_queue *queues;
    uint16_t queue_count;
    uint16_t segs_max;          /* data descriptors a request of the device */
    uint32_t seg_bytes_max;     /* a descriptor */
    uint64_t discard_bytes_max; /* of one request of the device */
    uint64_t zero_bytes_max;
    bool may_unmap; /* zeroing may give space back */
    uint32_t polls;
    uint64_t timeout_ns;
    uint32_t next_queue;                   /* atomic */
    struct cairn_lock lock;                /* guards begun, and broken's change */
    struct blk_virtio_batch *begun;        /* batches between begin and finish */
    const char *broken_text, *broken_hint; /* set before broken */
    int32_t broken; /* an enum cairn_err: why the device was given up; atomic */
};

/* Bytes of private memory, which the device never sees, and of memory for rings and headers, which
 * the transport must be able to give the device an address for, each with these options. */
CAIRN_API size_t cairn_blk_virtio_mem(const struct cairn_blk_virtio_options *options);
CAIRN_API size_t cairn_blk_virtio_dma_mem(const struct cairn_blk_virtio_options *options);

/* Reset and initialise the device, and take what it offers. Both memories, the transport, and its
 * name stay the caller's and outlive the device. options may be NULL.
 *   CAIRN_ENODEV   not a block device
 *   CAIRN_ENOTSUP  a legacy or a zoned device, or one that refuses the features
 *   CAIRN_EINVAL   options out of range
 *   CAIRN_ENOMEM   memory too small, or out of the device's reach
 *   CAIRN_ECORRUPT configuration that contradicts itself
 *   CAIRN_EIO ...  what the transport says */
CAIRN_API enum cairn_err cairn_blk_virtio_open(struct cairn_blk_virtio *dev,
                                               struct cairn_virtio *virtio, void *mem,
                                               size_t mem_bytes, void *dma, size_t dma_bytes,
                                               const struct cairn_blk_virtio_options *options,
                                               struct cairn_why *why) CAIRN_MUST_USE;

/* The device's serial number: up to 20 bytes and a NUL. CAIRN_ENOTSUP. */
CAIRN_API enum cairn_err cairn_blk_virtio_serial(struct cairn_blk_virtio *dev,
                                                 char serial[CAIRN_BLK_VIRTIO_SERIAL_BYTES + 1],
                                                 struct cairn_why *why) CAIRN_MUST_USE;

/* Wear, as eMMC tells it (section 5.2.6): 0 is unknown, 1 to 10 tenths of the life used, 11 beyond.
 * CAIRN_ENOTSUP: the device does not offer LIFETIME. */
struct cairn_blk_virtio_lifetime {
    uint16_t pre_eol; /* 1 normal, 2 80% of the reserve used, 3 90% */
    uint16_t slc, mlc;
};
CAIRN_API enum cairn_err cairn_blk_virtio_lifetime(struct cairn_blk_virtio *dev,
                                                   struct cairn_blk_virtio_lifetime *lifetime,
                                                   struct cairn_why *why) CAIRN_MUST_USE;

/* Make the device's write cache write-back or write-through. Turning it off flushes: what was
 * written before is durable then too. CAIRN_ENOTSUP: the device does not offer CONFIG_WCE;
 * CAIRN_EIO: it does not do it. */
CAIRN_API enum cairn_err cairn_blk_virtio_cache_set(struct cairn_blk_virtio *dev, bool write_back,
                                                    struct cairn_why *why) CAIRN_MUST_USE;

/* Look at the capacity again, as after an interrupt that told of a change (cheap without one). With
 * no request in flight and of the top of a stack, as cairn_blk_resize. A device that shrank below
 * what was promised fails the requests beyond its end by itself. */
CAIRN_API enum cairn_err cairn_blk_virtio_refresh(struct cairn_blk_virtio *dev,
                                                  struct cairn_why *why) CAIRN_MUST_USE;

CAIRN_END

#endif
