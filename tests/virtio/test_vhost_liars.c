/* SPDX-License-Identifier: ISC */
/* What a vhost-user server of our own says, and gets for it: opening it fails in time, and why. */
#include "test_beds.h"

#include <cairn/blk_vhost.h>
#include <cairn/bytes.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define GET_FEATURES 1u
#define GET_PROTOCOL_FEATURES 15u
#define GET_QUEUE_NUM 17u
#define GET_CONFIG 24u
#define SET_VRING_BASE 10u
#define GET_VRING_BASE 11u
#define SET_VRING_KICK 12u
#define FLAG_NEED_REPLY 8u

#define FEATURES (CAIRN_VIRTIO_F_VERSION_1 | CAIRN_VIRTIO_F(30))
#define PROTOCOL (CAIRN_VIRTIO_F(3) | CAIRN_VIRTIO_F(9))
#define NEVER 0u

/* An answer, all of whose parts can be wrong. */
struct liar_plan {
    const char *name;
    uint32_t lie_at; /* the request that gets the lie; NEVER: none */
    enum { SILENCE, HANG_UP, NOISE, OTHER_REQUEST, OTHER_VERSION, TOO_LONG, TOO_SHORT, REFUSE } lie;
    uint64_t features, protocol;
    uint64_t sectors;
    enum cairn_err err;
    const char *what; /* in the explanation */
};

static const struct liar_plan plans[] = {
    { "honest", NEVER, SILENCE, FEATURES, PROTOCOL, 2048, CAIRN_OK, "" },
    { "silent", GET_FEATURES, SILENCE, FEATURES, PROTOCOL, 2048, CAIRN_ETIMEDOUT, "not answer" },
    { "gone", GET_FEATURES, HANG_UP, FEATURES, PROTOCOL, 2048, CAIRN_EIO, "closed" },
    { "noise", GET_FEATURES, NOISE, FEATURES, PROTOCOL, 2048, CAIRN_EIO, "no answer of" },
    { "other", GET_CONFIG, OTHER_REQUEST, FEATURES, PROTOCOL, 2048, CAIRN_EIO, "no answer of" },
    { "version", GET_CONFIG, OTHER_VERSION, FEATURES, PROTOCOL, 2048, CAIRN_EIO, "no answer of" },
    { "long", GET_CONFIG, TOO_LONG, FEATURES, PROTOCOL, 2048, CAIRN_EIO, "no answer of" },
    { "short", GET_CONFIG, TOO_SHORT, FEATURES, PROTOCOL, 2048, CAIRN_ECORRUPT, "ends before" },
    { "no number", GET_FEATURES, TOO_SHORT, FEATURES, PROTOCOL, 2048, CAIRN_EIO, "no number" },
    { "refuses", 2, REFUSE, FEATURES, PROTOCOL, 2048, CAIRN_EIO, "refuses" },
    { "refuses memory", 5, REFUSE, FEATURES, PROTOCOL, 2048, CAIRN_EIO, "refuses" },
    { "stops at a ring", 12, HANG_UP, FEATURES, PROTOCOL, 2048, CAIRN_EIO, "closed" },
    { "legacy", NEVER, SILENCE, CAIRN_VIRTIO_F(30), PROTOCOL, 2048, CAIRN_ENOTSUP, "legacy" },
    { "old", NEVER, SILENCE, CAIRN_VIRTIO_F_VERSION_1, PROTOCOL, 2048, CAIRN_ENOTSUP,
      "of its own" },
    { "no config", NEVER, SILENCE, FEATURES, 8, 2048, CAIRN_ENOTSUP, "configuration" },
    { "unacked", NEVER, SILENCE, FEATURES, CAIRN_VIRTIO_F(9), 2048, CAIRN_OK, "" },
    { "huge", NEVER, SILENCE, FEATURES, PROTOCOL, UINT64_MAX, CAIRN_ECORRUPT, "too large" },
};

struct liar {
    const struct liar_plan *plan;
    int listener;
    char dir[64], path[96];
    uint32_t base; /* what a ring was told to begin with */
    bool stuffs;   /* what it is kicked by */
    pthread_t thread;
};

/* A head, and a descriptor that came with it; -1: none. */
static bool get_head(int fd, uint32_t head[3], int *passed)
{
    union {
        struct cmsghdr head;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec part = { head, 3 * sizeof *head };
    struct msghdr whole = { .msg_iov = &part, .msg_iovlen = 1 };
    whole.msg_control = &control;
    whole.msg_controllen = sizeof control;
    *passed = -1;
    if (recvmsg(fd, &whole, MSG_WAITALL) != (ssize_t)part.iov_len) return false;
    struct cmsghdr *came = CMSG_FIRSTHDR(&whole);
    if (came) memcpy(passed, CMSG_DATA(came), sizeof *passed);
    return true;
}

static bool get(int fd, void *bytes, size_t count)
{
    return count == 0 || recv(fd, bytes, count, MSG_WAITALL) == (ssize_t)count;
}

static void put(int fd, uint32_t request, uint32_t flags, const void *payload, uint32_t bytes)
{
    uint8_t whole[512];
    uint32_t head[3] = { request, flags, bytes };
    memcpy(whole, head, sizeof head);
    memcpy(whole + sizeof head, payload, bytes);
    send(fd, whole, sizeof head + bytes, MSG_NOSIGNAL);
}

/* The payload of an honest answer, in place of the request's; its length, 0 for none. */
static uint32_t answer(const struct liar_plan *plan, const uint32_t head[3], uint8_t *payload)
{
    uint64_t number = 0;
    switch (head[0]) {
    case GET_FEATURES:
        number = plan->features;
        break;
    case GET_PROTOCOL_FEATURES:
        number = plan->protocol;
        break;
    case GET_CONFIG:
        cairn_le64_put(payload + 12, plan->sectors);
        return head[2];
    case GET_VRING_BASE:
        return head[2];
    default:
        if (!(head[1] & FLAG_NEED_REPLY)) return 0;
    }
    memcpy(payload, &number, sizeof number);
    return sizeof number;
}

/* Who writes to it is to wait for ever: it is full, and no longer says so. */
static void stuff(int fd)
{
    uint64_t most = UINT64_MAX - 1;
    int flags = fcntl(fd, F_GETFL);
    for (int i = 0; i < 100000 && write(fd, &most, sizeof most) > 0; i++)
        continue;
    (void)fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
}

/* False: the liar has had enough. */
static bool lie(const struct liar_plan *plan, int fd, const uint32_t head[3], uint8_t *payload)
{
    static const char noise[] = "HTTP/1.0 400 Bad Request\r\n\r\nno disks are served here";
    uint32_t bytes = answer(plan, head, payload);
    uint64_t no = 1;
    char byte;
    switch (plan->lie) {
    case SILENCE:
        return recv(fd, &byte, 1, 0) > 0 && false;
    case HANG_UP:
        return false;
    case NOISE:
        send(fd, noise, sizeof noise, MSG_NOSIGNAL);
        break;
    case OTHER_REQUEST:
        put(fd, head[0] + 1, 5, payload, bytes);
        break;
    case OTHER_VERSION:
        put(fd, head[0], 6, payload, bytes);
        break;
    case TOO_LONG:
        put(fd, head[0], 5, payload, 500);
        break;
    case TOO_SHORT:
        put(fd, head[0], 5, payload, bytes / 2);
        break;
    case REFUSE:
        put(fd, head[0], 5, &no, sizeof no);
        break;
    }
    return true;
}

static void talk(struct liar *liar, int fd)
{
    const struct liar_plan *plan = liar->plan;
    uint32_t head[3];
    uint8_t payload[512] = { 0 };
    int passed;
    while (get_head(fd, head, &passed) && head[2] <= sizeof payload && get(fd, payload, head[2])) {
        if (head[0] == SET_VRING_KICK && liar->stuffs) stuff(passed);
        if (passed >= 0) close(passed);
        if (head[0] == plan->lie_at) {
            if (!lie(plan, fd, head, payload)) return;
            continue;
        }
        if (head[0] == SET_VRING_BASE) memcpy(&liar->base, payload + 4, sizeof liar->base);
        uint32_t bytes = answer(plan, head, payload);
        if (bytes) put(fd, head[0], 5, payload, bytes);
    }
}

static void *liar_run(void *arg)
{
    struct liar *liar = arg;
    int fd = accept(liar->listener, NULL, NULL);
    if (fd < 0) return NULL;
    talk(liar, fd);
    close(fd);
    return NULL;
}

static void liar_start(struct liar *liar, const struct liar_plan *plan)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    *liar = (struct liar){ .plan = plan, .dir = "/tmp/cairn-liar-XXXXXX" };
    ck_assert_ptr_nonnull(mkdtemp(liar->dir));
    snprintf(liar->path, sizeof liar->path, "%s/socket", liar->dir);
    memcpy(address.sun_path, liar->path, sizeof liar->path);
    liar->listener = socket(AF_UNIX, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(liar->listener, (struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_eq(listen(liar->listener, 1), 0);
    ck_assert_int_eq(pthread_create(&liar->thread, NULL, liar_run, liar), 0);
}

static void liar_stop(struct liar *liar)
{
    shutdown(liar->listener, SHUT_RDWR);
    pthread_join(liar->thread, NULL);
    close(liar->listener);
    unlink(liar->path);
    rmdir(liar->dir);
}

static enum cairn_err try_open(const char *path, char text[800])
{
    struct cairn_blk_vhost dev;
    struct cairn_blk_vhost_options brief = { .connect_ms = 200, .stall_ms = 200 };
    struct cairn_why why = { 0 };
    enum cairn_err err = cairn_blk_vhost_open(&dev, path, &brief, &why);
    if (!err) ck_ok(cairn_blk_close(&dev.disk.base, NULL));
    cairn_why_text(&why, text, 800);
    if (err) ck_assert_msg(strstr(text, path) != NULL, "%s", text);
    return err;
}

START_TEST(a_lie_is_refused)
{
    const struct liar_plan *plan = &plans[_i];
    struct liar liar;
    char text[800];
    liar_start(&liar, plan);
    enum cairn_err err = try_open(liar.path, text);
    ck_assert_msg(err == plan->err && strstr(text, plan->what), "%s: %s: %s", plan->name,
                  cairn_err_name(err), text);
    liar_stop(&liar);
}
END_TEST

/* Both of a packed ring's laps are odd at first, and are told with its places; a split ring has
 * none. */
START_TEST(a_ring_begins_where_its_kind_does)
{
    static const struct liar_plan kinds[] = {
        { "split", NEVER, SILENCE, FEATURES, PROTOCOL, 2048, CAIRN_OK, "" },
        { "packed", NEVER, SILENCE, FEATURES | CAIRN_VIRTIO_F_PACKED, PROTOCOL, 2048, CAIRN_OK,
          "" }
    };
    struct liar liar;
    char text[800];
    liar_start(&liar, &kinds[_i]);
    liar.base = 1;
    ck_ok(try_open(liar.path, text));
    liar_stop(&liar);
    ck_assert_uint_eq(liar.base, _i ? 0x80008000 : 0);
}
END_TEST

/* A server that does not say that it stopped a ring has not, however often it is asked. */
START_TEST(what_was_not_stopped_stays_so)
{
    static const struct liar_plan plan = { "goes on", GET_VRING_BASE, HANG_UP,  FEATURES,
                                           PROTOCOL,  2048,           CAIRN_OK, "" };
    struct cairn_blk_vhost dev;
    struct cairn_blk_vhost_options brief = { .connect_ms = 200, .stall_ms = 200 };
    struct liar liar;
    uint8_t sector[512];
    liar_start(&liar, &plan);
    ck_ok(cairn_blk_vhost_open(&dev, liar.path, &brief, NULL));
    ck_assert_int_eq(cairn_blk_read(&dev.disk.base, 0, 1, sector, NULL), CAIRN_ETIMEDOUT);
    ck_assert_int_eq(cairn_blk_close(&dev.disk.base, NULL), CAIRN_EIO);
    liar_stop(&liar);
}
END_TEST

/* Descriptors of one file share their flags: the driver's side of a kick is a file of its own. */
START_TEST(a_kick_never_blocks)
{
    struct cairn_blk_vhost dev;
    struct cairn_blk_vhost_options brief = { .connect_ms = 200, .stall_ms = 200 };
    struct liar liar;
    uint8_t sector[512];
    liar_start(&liar, &plans[0]);
    liar.stuffs = true;
    ck_ok(cairn_blk_vhost_open(&dev, liar.path, &brief, NULL));
    ck_assert_int_eq(cairn_blk_read(&dev.disk.base, 0, 1, sector, NULL), CAIRN_ETIMEDOUT);
    ck_ok(cairn_blk_close(&dev.disk.base, NULL));
    liar_stop(&liar);
}
END_TEST

START_TEST(paths_that_lead_nowhere)
{
    char text[800], path[] = "/tmp/cairn-file-XXXXXX", longest[200];
    ck_assert_int_eq(try_open("/nonexistent/socket", text), CAIRN_ENOENT);
    ck_assert_ptr_nonnull(strstr(text, "qemu-storage-daemon"));
    close(mkstemp(path));
    ck_assert_int_eq(try_open(path, text), CAIRN_EIO);
    ck_assert_ptr_nonnull(strstr(text, "nobody listens"));
    unlink(path);
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    ck_assert_int_eq(try_open(longest, text), CAIRN_ENAMETOOLONG);
}
END_TEST

TCase *tcase_vhost_liars(void)
{
    TCase *tcase = tcase_create("liars");
    tcase_add_loop_test(tcase, a_lie_is_refused, 0, sizeof plans / sizeof *plans);
    tcase_add_loop_test(tcase, a_ring_begins_where_its_kind_does, 0, 2);
    tcase_add_test(tcase, what_was_not_stopped_stays_so);
    tcase_add_test(tcase, a_kick_never_blocks);
    tcase_add_test(tcase, paths_that_lead_nowhere);
    return tcase;
}
