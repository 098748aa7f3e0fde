/* SPDX-License-Identifier: ISC */
/*
 * A virtio transport over vhost-user: the connection and its shared memory (vhost_user_link.c), and
 * what the driver asks of it (vhost_user.c). vhost_user_disk.c puts the driver on it.
 * Private to block/host.
 *
 * `lock` guards the socket, over one message and its answer. Kicks and calls live as long as the
 * link, as other threads may notify and wait while one resets. `lost`, `status` and `kicks` are
 * atomics.
 */
#ifndef CAIRN_BLOCK_HOST_VHOST_USER_H
#define CAIRN_BLOCK_HOST_VHOST_USER_H

#include "vhost_user_msg.h"
#include <cairn/arena.h>
#include <cairn/blk_vhost.h>

struct blk_vhost_queue {
    int kick, kicked; /* a pipe: our end and the server's; -1: none */
    int call;         /* an eventfd */
    bool is_running;
};

struct blk_vhost {
    struct cairn_virtio base;
    struct cairn_lock lock;
    int socket, memory_fd; /* -1: none */
    bool lost;             /* the server is gone, or broke the rules */
    bool acked;            /* it says whether it did what it was told */
    uint8_t status;
    uint16_t queues_max;
    uint64_t offered;
    uint64_t kicks;
    uint8_t *memory; /* shared */
    size_t memory_bytes;
    struct cairn_arena spare; /* what of it is the caller's */
    void *mem;                /* the driver's own */
    struct blk_vhost_queue queues[CAIRN_BLK_VIRTIO_QUEUES_MAX];
};

/* vhost_user_link.c */

/* NULL: there is no memory for it. */
struct blk_vhost *blk_vhost_link_make(const char *name);
/* Also of one that is half made. */
void blk_vhost_link_free(struct blk_vhost *link);
/* The server has ms for this, and for each answer from now on. */
enum cairn_err blk_vhost_link_connect(struct blk_vhost *link, const char *path, uint32_t ms,
                                      struct cairn_why *why) CAIRN_MUST_USE;
enum cairn_err blk_vhost_link_memory(struct blk_vhost *link, size_t bytes,
                                     struct cairn_why *why) CAIRN_MUST_USE;
/* The server is of no use any more; wakes who waits for it. */
void blk_vhost_link_lose(struct blk_vhost *link);
bool blk_vhost_link_is_lost(const struct blk_vhost *link);
/* Send a message, with a descriptor unless it is -1. tell: the server may have refused it, if it
 * says such things. ask: msg becomes the answer. */
enum cairn_err blk_vhost_tell(struct blk_vhost *link, struct blk_vhost_msg *msg, int fd,
                              struct cairn_why *why) CAIRN_MUST_USE;
enum cairn_err blk_vhost_ask(struct blk_vhost *link, struct blk_vhost_msg *msg,
                             struct cairn_why *why) CAIRN_MUST_USE;
enum cairn_err blk_vhost_ask_u64(struct blk_vhost *link, uint32_t request, uint64_t *value,
                                 struct cairn_why *why) CAIRN_MUST_USE;

/* vhost_user.c */

/* Agree on the protocol; link->base is a transport then. */
enum cairn_err blk_vhost_start(struct blk_vhost *link, struct cairn_why *why) CAIRN_MUST_USE;

#endif
