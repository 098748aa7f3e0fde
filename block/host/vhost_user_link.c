/* SPDX-License-Identifier: ISC */
/* The connection to a vhost-user server: its socket, and the memory that both see. */
#include "vhost_user.h"

#include <cairn/bytes.h>
#include <cairn/err_posix.h>
#include <cairn/log.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define PAGE_BYTES 4096u

static const struct cairn_log_source log_vhost = { "block.vhost", CAIRN_LOG_WARNING };

static void fd_close(int fd)
{
    if (fd >= 0) (void)close(fd);
}

struct blk_vhost *blk_vhost_link_make(const char *name)
{
    struct blk_vhost *link = calloc(1, sizeof *link);
    if (!link) return NULL;
    link->base.name = name;
    link->socket = link->memory_fd = -1;
    for (size_t i = 0; i < CAIRN_COUNT(link->queues); i++)
        link->queues[i] = (struct blk_vhost_queue){ .kick = -1, .kicked = -1, .call = -1 };
    cairn_lock_init(&link->lock);
    return link;
}

void blk_vhost_link_free(struct blk_vhost *link)
{
    fd_close(link->socket);
    for (size_t i = 0; i < CAIRN_COUNT(link->queues); i++) {
        fd_close(link->queues[i].kick);
        fd_close(link->queues[i].kicked);
        fd_close(link->queues[i].call);
    }
    if (link->memory) (void)munmap(link->memory, link->memory_bytes);
    fd_close(link->memory_fd);
    cairn_lock_destroy(&link->lock);
    free(link->mem);
    free(link);
}

static enum cairn_err os_fail(struct cairn_why *why, const char *what)
{
    int os = errno;
    enum cairn_err err = cairn_why_fail(why, cairn_err_from_errno(os), "%s", what);
    cairn_why_os(why, os);
    return err;
}

/* What the kernel says of sockets, in our words. */
static enum cairn_err connect_fail(struct cairn_why *why, int os)
{
    static const char silent[] = "the server has a client already, or hangs";
    static const char absent[] =
        "start the server first: qemu-storage-daemon --export "
        "type=vhost-user-blk,id=...,node-name=...,addr.type=unix,"
        "addr.path=PATH";
    enum cairn_err err = cairn_err_from_errno(os);
    if (os == EAGAIN) err = CAIRN_ETIMEDOUT;
    if (os == ECONNREFUSED) err = CAIRN_EIO;
    err = cairn_why_fail(why, err, "connect%s",
                         os == ECONNREFUSED ? ": nobody listens at this socket" : "");
    cairn_why_os(why, os);
    cairn_why_hint(why, "%s", os == EAGAIN ? silent : absent);
    return err;
}

enum cairn_err blk_vhost_link_connect(struct blk_vhost *link, const char *path, uint32_t ms,
                                      struct cairn_why *why)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    struct timeval limit = { .tv_sec = (time_t)(ms / 1000),
                             .tv_usec = (suseconds_t)(ms % 1000 * 1000) };
    size_t len = strlen(path);
    if (len >= sizeof address.sun_path)
        return cairn_why_fail(why, CAIRN_ENAMETOOLONG, "a socket's path has at most %lu bytes",
                              (unsigned long)sizeof address.sun_path - 1);
    memcpy(address.sun_path, path, len + 1);
    link->socket = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (link->socket < 0 ||
        setsockopt(link->socket, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) ||
        setsockopt(link->socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit))
        return os_fail(why, "make a socket");
    if (connect(link->socket, (const struct sockaddr *)&address, sizeof address))
        return connect_fail(why, errno);
    return CAIRN_OK;
}

/* Sealed, because a server that made it smaller would have us killed when we look at it. */
enum cairn_err blk_vhost_link_memory(struct blk_vhost *link, size_t bytes, struct cairn_why *why)
{
    bytes = (size_t)cairn_round_up(bytes, PAGE_BYTES);
    if (bytes > PTRDIFF_MAX)
        return cairn_why_fail(why, CAIRN_EOVERFLOW, "share %llu bytes of memory",
                              (unsigned long long)bytes);
    link->memory_fd = memfd_create("cairn-vhost-user", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (link->memory_fd < 0 || ftruncate(link->memory_fd, (off_t)bytes) ||
        fcntl(link->memory_fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
        return os_fail(why, "make memory to share");
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, link->memory_fd, 0);
    if (memory == MAP_FAILED) return os_fail(why, "map memory to share");
    link->memory = memory;
    link->memory_bytes = bytes;
    return CAIRN_OK;
}

bool blk_vhost_link_is_lost(const struct blk_vhost *link)
{
    return __atomic_load_n(&link->lost, __ATOMIC_ACQUIRE);
}

void blk_vhost_link_lose(struct blk_vhost *link)
{
    if (__atomic_exchange_n(&link->lost, true, __ATOMIC_ACQ_REL)) return;
    cairn_log(&log_vhost, CAIRN_LOG_WARNING, "%s: the connection is lost", link->base.name);
    (void)shutdown(link->socket, SHUT_RDWR);
}

/* Messages are far smaller than a socket's buffer, so one is sent whole or not at all. */
static bool msg_send(const struct blk_vhost *link, struct blk_vhost_msg *msg, int fd, bool acked)
{
    uint8_t head[BLK_VHOST_HEAD_BYTES];
    union {
        struct cmsghdr head;
        char bytes[CMSG_SPACE(sizeof fd)];
    } passed = { .bytes = { 0 } };
    struct iovec parts[] = { { head, sizeof head }, { msg->payload, msg->bytes } };
    struct msghdr whole = { .msg_iov = parts, .msg_iovlen = CAIRN_COUNT(parts) };
    blk_vhost_head_put(head, msg, acked);
    if (fd >= 0) {
        whole.msg_control = &passed;
        whole.msg_controllen = sizeof passed;
        passed.head.cmsg_len = CMSG_LEN(sizeof fd);
        passed.head.cmsg_level = SOL_SOCKET;
        passed.head.cmsg_type = SCM_RIGHTS;
        memcpy(CMSG_DATA(&passed.head), &fd, sizeof fd);
    }
    ssize_t sent;
    do
        sent = sendmsg(link->socket, &whole, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent == (ssize_t)(sizeof head + msg->bytes);
}

/* All of the bytes. errno is 0 when the server closed the socket. Descriptors that come with them
 * are dropped by the kernel. */
static bool bytes_get(const struct blk_vhost *link, uint8_t *bytes, size_t count)
{
    while (count) {
        ssize_t got = recv(link->socket, bytes, count, MSG_WAITALL);
        if (got < 0 && errno == EINTR) continue;
        if (got == 0) errno = 0;
        if (got <= 0) return false;
        bytes += got;
        count -= (size_t)got;
    }
    return true;
}

static bool answer_get(const struct blk_vhost *link, struct blk_vhost_msg *msg)
{
    uint8_t head[BLK_VHOST_HEAD_BYTES];
    if (!bytes_get(link, head, sizeof head)) return false;
    errno = EPROTO;
    return blk_vhost_head_get(head, msg) && bytes_get(link, msg->payload, msg->bytes);
}

static enum cairn_err talk_fail(uint32_t request, struct cairn_why *why)
{
    int os = errno;
    const char *what = "the socket fails";
    enum cairn_err err = CAIRN_EIO;
    if (os == 0 || os == EPIPE || os == ECONNRESET) what = "the server closed the socket";
    if (os == EPROTO) what = "what came is no answer of a vhost-user server";
    if (os == EAGAIN) {
        what = "the server does not answer";
        err = CAIRN_ETIMEDOUT;
    }
    (void)cairn_why_fail(why, err, "%s (vhost-user message %lu)", what, (unsigned long)request);
    cairn_why_os(why, os);
    if (os == EAGAIN)
        cairn_why_hint(why, "a server has one client at a time: is there another one?");
    else
        cairn_why_hint(why, "see the server's own messages");
    return err;
}

/* Send, and when something is to come back make msg that. */
static enum cairn_err talk(struct blk_vhost *link, struct blk_vhost_msg *msg, int fd, bool acked,
                           bool answered, struct cairn_why *why)
{
    uint32_t request = msg->request;
    enum cairn_err err = CAIRN_OK;
    cairn_lock_take(&link->lock);
    if (blk_vhost_link_is_lost(link))
        err = cairn_why_fail(why, CAIRN_EIO, "the connection to the server is lost");
    else if (!msg_send(link, msg, fd, acked) || (answered && !answer_get(link, msg)))
        err = talk_fail(request, why);
    cairn_lock_drop(&link->lock);
    if (err) blk_vhost_link_lose(link);
    return err;
}

enum cairn_err blk_vhost_tell(struct blk_vhost *link, struct blk_vhost_msg *msg, int fd,
                              struct cairn_why *why)
{
    uint32_t request = msg->request;
    uint64_t refused = 0;
    enum cairn_err err = talk(link, msg, fd, link->acked, link->acked, why);
    if (err || !link->acked) return err;
    if (blk_vhost_msg_u64_get(msg, &refused) && !refused) return CAIRN_OK;
    return cairn_why_fail(why, CAIRN_EIO, "the server refuses vhost-user message %lu",
                          (unsigned long)request);
}

enum cairn_err blk_vhost_ask(struct blk_vhost *link, struct blk_vhost_msg *msg,
                             struct cairn_why *why)
{
    return talk(link, msg, -1, false, true, why);
}

enum cairn_err blk_vhost_ask_u64(struct blk_vhost *link, uint32_t request, uint64_t *value,
                                 struct cairn_why *why)
{
    struct blk_vhost_msg msg;
    blk_vhost_msg_empty(&msg, request);
    enum cairn_err err = blk_vhost_ask(link, &msg, why);
    if (err || blk_vhost_msg_u64_get(&msg, value)) return err;
    return cairn_why_fail(why, CAIRN_EIO, "no number answers vhost-user message %lu",
                          (unsigned long)request);
}
