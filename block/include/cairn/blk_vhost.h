/* SPDX-License-Identifier: ISC */
/*
 * A disk that another process of this host serves by vhost-user, as qemu-storage-daemon and SPDK
 * do: virtio-blk (<cairn/blk_virtio.h>) whose rings lie in memory that both share, told of work by
 * a pipe and of answers by an eventfd, set up over a Unix socket. Hosted only.
 *
 * Requests whose memory is from cairn_blk_vhost_memory go to the server as they are; others are
 * copied through shared memory. The server is trusted with the data of requests and with nothing
 * else. When it closes the socket, breaks the rules or does not answer in time, what it had not
 * answered fails, and so does every later call: nothing is connected anew, as writes may have been
 * lost with it.
 */
#ifndef CAIRN_BLK_VHOST_H
#define CAIRN_BLK_VHOST_H

#include <cairn/blk_virtio.h>

CAIRN_BEGIN

/* Zeros are good values. */
struct cairn_blk_vhost_options {
    bool write;          /* else read-only */
    uint32_t connect_ms; /* how long the server may take for one answer at first; 0: 10 s */
    uint32_t stall_ms;   /* how long no request may be answered while we wait; 0: 60 s */
    size_t memory_bytes; /* for cairn_blk_vhost_memory */
    struct cairn_blk_virtio_options virtio; /* timeout_ns is not used; bounce_bytes 0: 4 MiB */
};

struct cairn_blk_vhost {
    struct cairn_blk_virtio disk; /* disk.base is the device */
    struct cairn_blk_ops ops;     /* the driver's, but for close */
    const struct cairn_blk_ops *driver;
    struct blk_vhost *link; /* the socket, the shared memory, the queues; allocated */
    char label[128];        /* the socket's path, or its end, for explanations */
};

/* Connect to the server at path, with or without "vhost-user:" in front. Block size, capabilities
 * and read-only are the server's. A server has one client at a time.
 *   CAIRN_ENOENT    no such socket              CAIRN_EROFS   write, but it is read-only
 *   CAIRN_ETIMEDOUT no answer in time            CAIRN_EIO     refused, or no vhost-user server
 *   CAIRN_ENAMETOOLONG path                      CAIRN_ENOTSUP the server cannot what is needed
 *   CAIRN_ECORRUPT, CAIRN_EINVAL, CAIRN_ENOMEM   as cairn_blk_virtio_open */
CAIRN_API enum cairn_err cairn_blk_vhost_open(struct cairn_blk_vhost *dev, const char *path,
                                              const struct cairn_blk_vhost_options *options,
                                              struct cairn_why *why) CAIRN_MUST_USE;

/* Part of the memory_bytes that open was told, aligned to 4096, zeros at first; NULL: no longer so
 * many are left. It is never given back singly and is gone when the device is closed. When the
 * server is lost or did not answer in time, it may still write to what it was to read into. */
CAIRN_API void *cairn_blk_vhost_memory(struct cairn_blk_vhost *dev, size_t bytes);

/* How often the server was told that there is work: at most once a batch that fits the queue. */
CAIRN_API uint64_t cairn_blk_vhost_kicks(const struct cairn_blk_vhost *dev);

CAIRN_END

#endif
