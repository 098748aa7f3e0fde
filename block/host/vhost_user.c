/* SPDX-License-Identifier: ISC */
/*
 * What the virtio driver asks of a transport, over vhost-user. There are no registers: the device's
 * status is kept here, and rings start and stop one by one.
 */
#include "vhost_user.h"

#include <cairn/bytes.h>
#include <cairn/clock.h>
#include <cairn/err_posix.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/uio.h>
#include <unistd.h>

_Static_assert(offsetof(struct blk_vhost, base) == 0, "a transport embeds its base first");

#define QUEUE_SIZE_MAX 1024u    /* of libvhost-user, on which most servers stand */
#define PACKED_BASE 0x80008000u /* both places are 0, in an odd lap */

/* Addresses are not translated, and an eventfd carries no data. */
#define FEATURES_NOT_HERE                                                                          \
    (CAIRN_VIRTIO_F_ACCESS_PLATFORM | CAIRN_VIRTIO_F_NOTIFICATION_DATA |                           \
     CAIRN_VIRTIO_F_NOTIF_CONFIG_DATA | CAIRN_VIRTIO_F_RING_RESET | BLK_VHOST_F_PROTOCOL)

static struct blk_vhost *link_of(struct cairn_virtio *virtio)
{
    return (struct blk_vhost *)virtio;
}

static uint8_t vhost_status(struct cairn_virtio *virtio)
{
    struct blk_vhost *link = link_of(virtio);
    if (blk_vhost_link_is_lost(link)) return CAIRN_VIRTIO_NEEDS_RESET;
    return __atomic_load_n(&link->status, __ATOMIC_RELAXED);
}

static void vhost_status_set(struct cairn_virtio *virtio, uint8_t status)
{
    __atomic_store_n(&link_of(virtio)->status, status, __ATOMIC_RELAXED);
}

/* A ring that is asked where it is stops. */
static enum cairn_err queue_stop(struct blk_vhost *link, uint16_t queue, struct cairn_why *why)
{
    struct blk_vhost_msg msg;
    if (!link->queues[queue].is_running) return CAIRN_OK;
    blk_vhost_msg_vring(&msg, BLK_VHOST_GET_VRING_BASE, queue, 0);
    enum cairn_err err = blk_vhost_ask(link, &msg, why);
    if (!err) link->queues[queue].is_running = false;
    return err;
}

static enum cairn_err vhost_reset(struct cairn_virtio *virtio, struct cairn_why *why)
{
    enum cairn_err err = CAIRN_OK;
    for (uint16_t i = 0; i < CAIRN_BLK_VIRTIO_QUEUES_MAX && !err; i++)
        err = queue_stop(link_of(virtio), i, why);
    vhost_status_set(virtio, 0);
    return err;
}

static uint64_t vhost_features(struct cairn_virtio *virtio)
{
    return link_of(virtio)->offered & ~FEATURES_NOT_HERE;
}

static enum cairn_err vhost_features_take(struct cairn_virtio *virtio, uint64_t features,
                                          struct cairn_why *why)
{
    struct blk_vhost *link = link_of(virtio);
    struct blk_vhost_msg msg;
    blk_vhost_msg_u64(&msg, BLK_VHOST_SET_FEATURES, features | BLK_VHOST_F_PROTOCOL);
    enum cairn_err err = blk_vhost_tell(link, &msg, -1, why);
    if (err) return err;
    blk_vhost_msg_memory(&msg, (uintptr_t)link->memory, link->memory_bytes);
    return blk_vhost_tell(link, &msg, link->memory_fd, why);
}

/* From the beginning always: libvhost-user answers so whatever is asked. */
static enum cairn_err vhost_config_read(struct cairn_virtio *virtio, uint32_t offset, void *data,
                                        uint32_t bytes, struct cairn_why *why)
{
    struct blk_vhost_msg msg;
    if (!cairn_range_fits(offset, bytes, BLK_VHOST_CONFIG_BYTES_MAX))
        return cairn_why_fail(why, CAIRN_EINVAL, "configuration beyond byte %u",
                              BLK_VHOST_CONFIG_BYTES_MAX);
    blk_vhost_msg_config(&msg, BLK_VHOST_GET_CONFIG, 0, NULL, offset + bytes);
    enum cairn_err err = blk_vhost_ask(link_of(virtio), &msg, why);
    if (err) return err;
    const uint8_t *found = blk_vhost_msg_config_get(&msg, offset, bytes);
    if (!found)
        return cairn_why_fail(why, CAIRN_ECORRUPT,
                              "the server's configuration ends before byte %lu",
                              (unsigned long)offset + bytes);
    memcpy(data, found, bytes);
    return CAIRN_OK;
}

static enum cairn_err vhost_config_write(struct cairn_virtio *virtio, uint32_t offset,
                                         const void *data, uint32_t bytes, struct cairn_why *why)
{
    struct blk_vhost_msg msg;
    if (bytes > BLK_VHOST_CONFIG_BYTES_MAX)
        return cairn_why_fail(why, CAIRN_EINVAL, "more configuration than there is");
    blk_vhost_msg_config(&msg, BLK_VHOST_SET_CONFIG, offset, data, bytes);
    return blk_vhost_tell(link_of(virtio), &msg, -1, why);
}

/* Each field comes whole in a message of its own, and none depends on another. */
static uint32_t vhost_generation(struct cairn_virtio *virtio)
{
    (void)virtio;
    return 0;
}

static uint16_t vhost_queue_size_max(struct cairn_virtio *virtio, uint16_t queue)
{
    return queue < link_of(virtio)->queues_max ? QUEUE_SIZE_MAX : 0;
}

/* A kick is a pipe: an eventfd would have its flags in common with the server's, which could fill
 * it and have us wait. With both ends kept, writing never meets a pipe without a reader. */
static bool fds_make(struct blk_vhost_queue *q)
{
    int ends[2];
    if (q->call < 0) q->call = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (q->call < 0) return false;
    if (q->kick >= 0) return true;
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK)) return false;
    q->kicked = ends[0];
    q->kick = ends[1];
    return true;
}

static enum cairn_err vring_tell(struct blk_vhost *link, uint32_t request, uint16_t queue,
                                 uint32_t number, struct cairn_why *why)
{
    struct blk_vhost_msg msg;
    blk_vhost_msg_vring(&msg, request, queue, number);
    return blk_vhost_tell(link, &msg, -1, why);
}

static enum cairn_err vring_fd_tell(struct blk_vhost *link, uint32_t request, uint16_t queue,
                                    int fd, struct cairn_why *why)
{
    struct blk_vhost_msg msg;
    blk_vhost_msg_u64(&msg, request, queue);
    return blk_vhost_tell(link, &msg, fd, why);
}

/* The ring starts when its kick is there; then it may touch memory, whatever comes of the rest. */
static enum cairn_err vring_start(struct blk_vhost *link, uint16_t queue, struct cairn_why *why)
{
    struct blk_vhost_queue *q = &link->queues[queue];
    enum cairn_err err = vring_fd_tell(link, BLK_VHOST_SET_VRING_CALL, queue, q->call, why);
    if (err) return err;
    q->is_running = true;
    err = vring_fd_tell(link, BLK_VHOST_SET_VRING_KICK, queue, q->kicked, why);
    return err ? err : vring_tell(link, BLK_VHOST_SET_VRING_ENABLE, queue, 1, why);
}

static enum cairn_err vhost_queue_enable(struct cairn_virtio *virtio, uint16_t queue,
                                         const struct cairn_virtio_ring *ring,
                                         struct cairn_why *why)
{
    struct blk_vhost *link = link_of(virtio);
    struct blk_vhost_queue *q = &link->queues[queue];
    struct blk_vhost_msg msg;
    if (!fds_make(q))
        return cairn_why_fail(why, cairn_err_from_errno(errno), "make a pipe and an eventfd");
    enum cairn_err err = vring_tell(link, BLK_VHOST_SET_VRING_NUM, queue, ring->size, why);
    uint32_t base = virtio->taken & CAIRN_VIRTIO_F_PACKED ? PACKED_BASE : 0;
    if (!err) err = vring_tell(link, BLK_VHOST_SET_VRING_BASE, queue, base, why);
    if (err) return err;
    blk_vhost_msg_vring_addr(&msg, queue, ring);
    err = blk_vhost_tell(link, &msg, -1, why);
    return err ? err : vring_start(link, queue, why);
}

/* Who has not read a whole pipe yet has been told. */
static void vhost_notify(struct cairn_virtio *virtio, uint16_t queue, uint32_t data)
{
    (void)data;
    struct blk_vhost *link = link_of(virtio);
    __atomic_fetch_add(&link->kicks, 1, __ATOMIC_RELAXED);
    uint64_t one = 1; /* as an eventfd would have it */
    ssize_t told = write(link->queues[queue].kick, &one, sizeof one);
    (void)told;
}

static struct timespec time_left(uint64_t deadline_ns)
{
    uint64_t now = cairn_clock_mono_now(cairn_clock_mono_platform());
    uint64_t left = deadline_ns > now ? deadline_ns - now : 0;
    return (struct timespec){ .tv_sec = (time_t)(left / (uint64_t)CAIRN_NS_PER_SEC),
                              .tv_nsec = (long)(left % (uint64_t)CAIRN_NS_PER_SEC) };
}

/* The server may have cleared O_NONBLOCK, and read what was there: kernels that can (5.10) do not
 * wait even then. */
static void call_clear(int fd)
{
    eventfd_t count;
    struct iovec part = { &count, sizeof count };
    if (preadv2(fd, &part, 1, -1, RWF_NOWAIT) < 0 && errno == EOPNOTSUPP)
        (void)eventfd_read(fd, &count);
}

static enum cairn_err vhost_wait(struct cairn_virtio *virtio, uint16_t queue, uint64_t deadline_ns)
{
    struct blk_vhost *link = link_of(virtio);
    struct pollfd fds[] = { { .fd = link->queues[queue].call, .events = POLLIN },
                            { .fd = link->socket, .events = POLLRDHUP } };
    struct timespec left = time_left(deadline_ns);
    int ready = ppoll(fds, CAIRN_COUNT(fds), &left, NULL);
    if (ready == 0) return CAIRN_ETIMEDOUT;
    if (ready < 0) return errno == EINTR ? CAIRN_OK : CAIRN_EIO;
    if (fds[0].revents) call_clear(fds[0].fd);
    if (!fds[1].revents) return CAIRN_OK;
    blk_vhost_link_lose(link);
    return CAIRN_EIO;
}

static bool vhost_dma(struct cairn_virtio *virtio, const void *mem, size_t bytes, uint64_t *address)
{
    const struct blk_vhost *link = link_of(virtio);
    *address = (uintptr_t)mem;
    return *address >= (uintptr_t)link->memory &&
           cairn_range_fits(*address - (uintptr_t)link->memory, bytes, link->memory_bytes);
}

static const struct cairn_virtio_ops vhost_ops = {
    .status = vhost_status,
    .status_set = vhost_status_set,
    .reset = vhost_reset,
    .features = vhost_features,
    .features_take = vhost_features_take,
    .config_read = vhost_config_read,
    .config_write = vhost_config_write,
    .generation = vhost_generation,
    .queue_size_max = vhost_queue_size_max,
    .queue_enable = vhost_queue_enable,
    .notify = vhost_notify,
    .wait = vhost_wait,
    .dma = vhost_dma,
};

static enum cairn_err needs(uint64_t offered, uint64_t feature, const char *what,
                            struct cairn_why *why)
{
    if (offered & feature) return CAIRN_OK;
    return cairn_why_fail(why, CAIRN_ENOTSUP, "the vhost-user server does not offer %s", what);
}

static enum cairn_err protocol_agree(struct blk_vhost *link, uint64_t *taken, struct cairn_why *why)
{
    uint64_t offered = 0;
    struct blk_vhost_msg msg;
    enum cairn_err err = needs(link->offered, BLK_VHOST_F_PROTOCOL, "features of its own", why);
    if (!err) err = blk_vhost_ask_u64(link, BLK_VHOST_GET_PROTOCOL_FEATURES, &offered, why);
    if (!err) err = needs(offered, BLK_VHOST_PROTOCOL_F_CONFIG, "its configuration", why);
    if (err) return err;
    *taken = offered & (BLK_VHOST_PROTOCOL_F_MQ | BLK_VHOST_PROTOCOL_F_REPLY_ACK |
                        BLK_VHOST_PROTOCOL_F_CONFIG);
    blk_vhost_msg_u64(&msg, BLK_VHOST_SET_PROTOCOL_FEATURES, *taken);
    err = blk_vhost_tell(link, &msg, -1, why);
    link->acked = *taken & BLK_VHOST_PROTOCOL_F_REPLY_ACK;
    return err;
}

enum cairn_err blk_vhost_start(struct blk_vhost *link, struct cairn_why *why)
{
    struct blk_vhost_msg msg;
    uint64_t taken = 0, queues = 1;
    link->base.ops = &vhost_ops;
    link->base.device_id = CAIRN_VIRTIO_ID_BLOCK;
    blk_vhost_msg_empty(&msg, BLK_VHOST_SET_OWNER);
    enum cairn_err err = blk_vhost_tell(link, &msg, -1, why);
    if (!err) err = blk_vhost_ask_u64(link, BLK_VHOST_GET_FEATURES, &link->offered, why);
    if (!err) err = protocol_agree(link, &taken, why);
    if (!err && taken & BLK_VHOST_PROTOCOL_F_MQ)
        err = blk_vhost_ask_u64(link, BLK_VHOST_GET_QUEUE_NUM, &queues, why);
    link->queues_max = (uint16_t)cairn_min_u64(queues, CAIRN_BLK_VIRTIO_QUEUES_MAX);
    return err;
}
