/* SPDX-License-Identifier: ISC */
/* What an NBD device says of servers that are not there, are none, go away, or stand still. */
#include "test_nbd.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static struct nbd_server server;
static const struct cairn_blk_nbd_options brief = { .write = true,
                                                    .connect_ms = 300,
                                                    .stall_ms = 300 };

static enum cairn_err try_open(const char *uri, char text[512])
{
    struct cairn_blk_nbd dev;
    struct cairn_why why = { 0 };
    enum cairn_err err = cairn_blk_nbd_open(&dev, uri, &brief, &why);
    cairn_why_text(&why, text, 512);
    ck_assert_ptr_nonnull(strstr(text, uri));
    ck_assert_msg(why.hint[0] != '\0', "%s", text);
    return err;
}

START_TEST(names_that_lead_nowhere)
{
    char text[512];
    ck_assert_int_eq(try_open("nbd+unix:///?socket=/nonexistent", text), CAIRN_ENOENT);
    ck_assert_int_eq(try_open("nbd://127.0.0.1:1/", text), CAIRN_EIO);
    ck_assert_ptr_nonnull(strstr(text, "refused"));
    ck_assert_int_eq(try_open("nbd+unix:///export", text), CAIRN_EINVAL);
    ck_assert_int_eq(try_open("nbd:nonsense", text), CAIRN_EINVAL);
}
END_TEST

START_TEST(no_such_export)
{
    char text[512], uri[256];
    const char *const args[] = { "--filter=exportname",    "memory", "1M", "exportname=there",
                                 "exportname-strict=true", NULL };
    nbd_server_start(&server, args);
    snprintf(uri, sizeof uri, "nbd+unix:///elsewhere?socket=%s", server.socket);
    ck_assert_int_eq(try_open(uri, text), CAIRN_ENOENT);
    ck_assert_msg(strstr(text, "no such export") != NULL, "%s", text);
    nbd_server_stop(&server);
}
END_TEST

START_TEST(keys_that_are_wanted)
{
    struct cairn_blk_nbd dev;
    char text[512], keys[] = "/tmp/cairn-psk-XXXXXX", argument[64], uri[256];
    FILE *file = fdopen(mkstemp(keys), "w");
    fprintf(file, "alice:00112233445566778899aabbccddeeff\n");
    fclose(file);
    snprintf(argument, sizeof argument, "--tls-psk=%s", keys);
    const char *const args[] = { "--tls=require", argument, "memory", "1M", NULL };
    nbd_server_start(&server, args);
    ck_assert_int_ne(try_open(server.uri, text), CAIRN_OK);
    ck_assert_ptr_nonnull(strstr(text, "nbds://"));

    struct cairn_blk_nbd_options options = { .tls_psk_file = keys };
    snprintf(uri, sizeof uri, "nbds+unix://alice@/?socket=%s", server.socket);
    ck_assert_int_eq(cairn_blk_nbd_open(&dev, uri, &options, NULL), CAIRN_OK);
    ck_ok(cairn_blk_close(&dev.base, NULL));
    snprintf(uri, sizeof uri, "nbds+unix://mallory@/?socket=%s&tls-psk-file=%s", server.socket,
             keys);
    ck_assert_int_ne(try_open(uri, text), CAIRN_OK);
    nbd_server_stop(&server);
    unlink(keys);
}
END_TEST

/* A server of our own that has one thing to say. */
struct liar {
    int listener;
    char dir[64], path[96], uri[160];
    pthread_t thread;
    void (*talk)(int fd);
};

static void *liar_run(void *arg)
{
    struct liar *liar = arg;
    int fd = accept(liar->listener, NULL, NULL);
    if (fd < 0) return NULL;
    liar->talk(fd);
    close(fd);
    return NULL;
}

static void liar_start(struct liar *liar, void (*talk)(int fd))
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    signal(SIGPIPE, SIG_IGN);
    liar->talk = talk;
    snprintf(liar->dir, sizeof liar->dir, "/tmp/cairn-liar-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(liar->dir));
    snprintf(liar->path, sizeof liar->path, "%s/socket", liar->dir);
    snprintf(liar->uri, sizeof liar->uri, "nbd+unix:///?socket=%s", liar->path);
    snprintf(address.sun_path, sizeof address.sun_path, "%s", liar->path);
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

static void put(int fd, const void *bytes, size_t count)
{
    ck_assert_int_eq(write(fd, bytes, count), (ssize_t)count);
}

static void talk_web(int fd)
{
    static const char page[] = "HTTP/1.0 400 Bad Request\r\n\r\n no disks are served here\r\n";
    put(fd, page, sizeof page);
    usleep(50000);
}

static void talk_silence(int fd)
{
    char byte;
    while (read(fd, &byte, 1) > 0)
        ;
}

START_TEST(what_is_no_nbd_server)
{
    struct liar liar;
    char text[512];
    liar_start(&liar, talk_web);
    ck_assert_int_ne(try_open(liar.uri, text), CAIRN_OK);
    liar_stop(&liar);
    liar_start(&liar, talk_silence);
    ck_assert_int_eq(try_open(liar.uri, text), CAIRN_ETIMEDOUT);
    liar_stop(&liar);
}
END_TEST

/* The handshake of old: 16 MiB to read and write, and flush. */
static void greet(int fd)
{
    uint8_t hello[152] = "NBDMAGIC\x00\x00\x42\x02\x81\x86\x12\x53";
    hello[20] = 1;     /* the size: 1 << 24 */
    hello[27] = 1 | 4; /* flags */
    put(fd, hello, sizeof hello);
}

static void hear(int fd)
{
    uint8_t request[28];
    ck_assert_int_eq(recv(fd, request, sizeof request, MSG_WAITALL), sizeof request);
}

/* Half an answer, and gone. */
static void talk_half(int fd)
{
    greet(fd);
    hear(fd);
    put(fd, "\x67\x44\x66\x98", 4);
}

static void talk_nonsense(int fd)
{
    greet(fd);
    hear(fd);
    put(fd, "moonlight sonata", 16);
    talk_silence(fd);
}

static void talk_no_more(int fd)
{
    greet(fd);
    talk_silence(fd);
}

static const struct {
    void (*talk)(int fd);
    enum cairn_err err;
    const char *text;
} lies[] = {
    { talk_half, CAIRN_EIO, "the server closed the connection" },
    { talk_nonsense, CAIRN_EIO, "the connection failed" },
    { talk_no_more, CAIRN_ETIMEDOUT, "not answered for too long" },
};

/* Every request that had no answer fails, and from then on all do at once. */
static void fails_for_good(struct cairn_blk *dev, enum cairn_err expected,
                           const char *expected_text)
{
    enum { COUNT = 200 };
    static char data[COUNT][4096];
    struct cairn_blk_req reqs[COUNT];
    struct cairn_blk_seg segs[COUNT];
    struct cairn_why why = { 0 };
    char text[512];
    for (uint64_t i = 0; i < COUNT; i++) {
        segs[i] = (struct cairn_blk_seg){ data[i], 4096 };
        reqs[i] = (struct cairn_blk_req){ .op = i % 2 ? CAIRN_BLK_WRITE : CAIRN_BLK_READ,
                                          .block = 8 * i,
                                          .count = 8,
                                          .segs = &segs[i],
                                          .seg_count = 1,
                                          .why = &why };
    }
    ck_assert_int_eq(cairn_blk_submit(dev, reqs, COUNT), expected);
    for (int i = 0; i < COUNT; i++)
        ck_assert_int_ne(reqs[i].status, CAIRN_OK);
    cairn_why_text(&why, text, sizeof text);
    ck_assert_msg(strstr(text, expected_text) != NULL, "%s", text);
    ck_assert_str_ne(why.hint, "");
    ck_assert_int_eq(cairn_blk_submit(dev, reqs, COUNT), CAIRN_EIO);
    ck_assert_str_ne(why.hint, "");
    ck_assert_int_eq(cairn_blk_begin(dev, reqs, COUNT), CAIRN_EIO);
    ck_assert_int_eq(cairn_blk_flush(dev, &why), CAIRN_EIO);
    ck_assert_msg(strstr(why.what, expected_text) != NULL, "%s", why.what);
}

START_TEST(servers_that_break_off)
{
    struct liar liar;
    struct cairn_blk_nbd dev;
    liar_start(&liar, lies[_i].talk);
    ck_ok(cairn_blk_nbd_open(&dev, liar.uri, &brief, NULL));
    fails_for_good(&dev.base, lies[_i].err, lies[_i].text);
    ck_ok(cairn_blk_close(&dev.base, NULL));
    liar_stop(&liar);
}
END_TEST

/* The handshake of today: the same disk, and structured replies. */
static void option_answer(int fd, const uint8_t option[4], uint8_t type, const void *data,
                          uint8_t bytes)
{
    static const uint8_t magic[8] = "\x00\x03\xe8\x89\x04\x55\x65\xa9";
    const uint8_t rest[8] = { 0, 0, 0, type, 0, 0, 0, bytes };
    put(fd, magic, sizeof magic);
    put(fd, option, 4);
    put(fd, rest, sizeof rest);
    if (bytes) put(fd, data, bytes);
}

static void greet_today(int fd)
{
    enum { ACK = 1, INFO = 3, GO = 7 };
    static const uint8_t info[12] = { [6] = 1, [11] = 1 | 4 };
    uint8_t option[16] = { 0 }, data[256];
    put(fd, "NBDMAGICIHAVEOPT\x00\x03", 18);
    ck_assert_int_eq(recv(fd, data, 4, MSG_WAITALL), 4);
    while (option[11] != GO) {
        ck_assert_int_eq(recv(fd, option, sizeof option, MSG_WAITALL), sizeof option);
        if (option[15]) ck_assert_int_eq(recv(fd, data, option[15], MSG_WAITALL), option[15]);
        if (option[11] == GO) option_answer(fd, option + 8, INFO, info, sizeof info);
        option_answer(fd, option + 8, ACK, NULL, 0);
    }
}

/* All is well, says the last chunk of an answer, the first of which are missing. */
static void talk_gap(int fd)
{
    uint8_t request[28], done[20] = { 0x66, 0x8e, 0x33, 0xef, 0, 1 };
    greet_today(fd);
    while (recv(fd, request, sizeof request, MSG_WAITALL) == sizeof request && request[7] == 0) {
        memcpy(done + 8, request + 8, 8);
        put(fd, done, sizeof done);
    }
}

START_TEST(a_read_without_its_data_fails)
{
    struct liar liar;
    struct cairn_blk_nbd dev;
    struct cairn_why why = { 0 };
    char data[4096];
    liar_start(&liar, talk_gap);
    ck_ok(cairn_blk_nbd_open(&dev, liar.uri, &brief, NULL));
    ck_assert_int_eq(cairn_blk_read(&dev.base, 0, 8, data, &why), CAIRN_EIO);
    ck_assert_msg(strstr(why.what, "without all of the data") != NULL, "%s", why.what);
    ck_ok(cairn_blk_close(&dev.base, NULL));
    liar_stop(&liar);
}
END_TEST

START_TEST(a_server_that_is_killed_in_mid_batch)
{
    struct cairn_blk_nbd dev;
    char *data = calloc(1, 1 << 20);
    struct cairn_blk_seg seg = { data, 1 << 20 };
    struct cairn_why why = { 0 };
    struct cairn_blk_req req = {
        .op = CAIRN_BLK_READ, .count = 2048, .segs = &seg, .seg_count = 1, .why = &why
    };
    const char *const args[] = { "--filter=delay", "memory", "16M", "rdelay=10", NULL };
    nbd_server_start(&server, args);
    ck_ok(cairn_blk_nbd_open(&dev, server.uri, NULL, NULL));
    ck_ok(cairn_blk_begin(&dev.base, &req, 1));
    nbd_server_kill(&server);
    ck_assert_int_eq(cairn_blk_finish(&dev.base, &req, 1), CAIRN_EIO);
    ck_assert_ptr_nonnull(strstr(why.what, "the server closed the connection"));
    ck_ok(cairn_blk_close(&dev.base, NULL));
    nbd_server_stop(&server);
    free(data);
}
END_TEST

TCase *tcase_nbd_lost(void)
{
    TCase *tcase = tcase_create("nbd lost");
    tcase_add_test(tcase, names_that_lead_nowhere);
    tcase_add_test(tcase, no_such_export);
    tcase_add_test(tcase, keys_that_are_wanted);
    tcase_add_test(tcase, what_is_no_nbd_server);
    tcase_add_loop_test(tcase, servers_that_break_off, 0, 3);
    tcase_add_test(tcase, a_read_without_its_data_fails);
    tcase_add_test(tcase, a_server_that_is_killed_in_mid_batch);
    return tcase;
}
