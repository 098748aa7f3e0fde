/* SPDX-License-Identifier: ISC */
/* The NBD device against nbdkit: what it learns, what it does, and how it fails. */
#include "test_nbd.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const memory[] = { "memory", "16M", NULL };
static struct nbd_server server;

static void nbd_open(struct cairn_blk_nbd *dev, const struct cairn_blk_nbd_options *options)
{
    struct cairn_why why = { 0 };
    enum cairn_err err = cairn_blk_nbd_open(dev, server.uri, options, &why);
    ck_assert_msg(!err, "%s", why.what);
}

static void nbd_done(struct cairn_blk_nbd *dev)
{
    ck_ok(cairn_blk_close(&dev->base, NULL));
    nbd_server_stop(&server);
}

static const struct cairn_blk_nbd_options writing = { .write = true };

static char *pattern(size_t bytes, unsigned seed)
{
    char *data = malloc(bytes);
    for (size_t i = 0; i < bytes; i++)
        data[i] = (char)(seed + i * 7 + i / 512);
    return data;
}

START_TEST(info_is_the_servers)
{
    struct cairn_blk_nbd dev;
    const char *const args[] = { "--filter=blocksize-policy",
                                 "memory",
                                 "16M",
                                 "blocksize-minimum=4K",
                                 "blocksize-preferred=64K",
                                 "blocksize-maximum=128K",
                                 "blocksize-error-policy=error",
                                 NULL };
    nbd_server_start(&server, args);
    nbd_open(&dev, &writing);
    const struct cairn_blk_info *info = cairn_blk_info(&dev.base);
    ck_assert_uint_eq(info->block_bytes, 4096);
    ck_assert_uint_eq(info->block_count, 4096);
    ck_assert_uint_eq(info->preferred_bytes, 65536);
    ck_assert_int_eq(info->extents, CAIRN_BLK_NATIVE);
    ck_assert_int_eq(info->zero, CAIRN_BLK_NATIVE);
    char *data = pattern(1 << 20, 3), *back = calloc(1, 1 << 20);
    ck_ok(cairn_blk_write(&dev.base, 17, 256, data, NULL)); /* larger than the maximum */
    ck_ok(cairn_blk_read(&dev.base, 17, 256, back, NULL));
    ck_assert_mem_eq(data, back, 1 << 20);
    free(data);
    free(back);
    nbd_done(&dev);
}
END_TEST

START_TEST(a_smaller_block_than_the_servers_is_refused)
{
    struct cairn_blk_nbd dev;
    struct cairn_why why = { 0 };
    const char *const args[] = { "--filter=blocksize-policy", "memory", "16M",
                                 "blocksize-minimum=4K", NULL };
    struct cairn_blk_nbd_options options = { .block_bytes = 512 };
    nbd_server_start(&server, args);
    ck_assert_int_eq(cairn_blk_nbd_open(&dev, server.uri, &options, &why), CAIRN_EINVAL);
    ck_assert_str_eq(why.path, server.uri);
    nbd_server_stop(&server);
}
END_TEST

START_TEST(a_read_only_export_is_read_only)
{
    struct cairn_blk_nbd dev;
    struct cairn_why why = { 0 };
    const char *const args[] = { "-r", "memory", "16M", NULL };
    nbd_server_start(&server, args);
    ck_assert_int_eq(cairn_blk_nbd_open(&dev, server.uri, &writing, &why), CAIRN_EROFS);
    nbd_open(&dev, NULL);
    ck_assert(cairn_blk_info(&dev.base)->read_only);
    nbd_done(&dev);
}
END_TEST

/* Requests of three segments each, in steps of 8 blocks. */
enum { BATCH = 1000 };
struct batch {
    struct cairn_blk_req reqs[BATCH];
    struct cairn_blk_seg segs[BATCH][3];
};

static struct batch *batch_of(enum cairn_blk_op op, char *data)
{
    struct batch *batch = calloc(1, sizeof *batch);
    for (uint32_t i = 0; i < BATCH; i++) {
        char *at = data + i * 2048;
        batch->segs[i][0] = (struct cairn_blk_seg){ at, 512 };
        batch->segs[i][1] = (struct cairn_blk_seg){ at + 512, 0 };
        batch->segs[i][2] = (struct cairn_blk_seg){ at + 512, 1536 };
        batch->reqs[i] = (struct cairn_blk_req){
            .op = op, .block = 8 * i, .count = 4, .segs = batch->segs[i], .seg_count = 3
        };
    }
    return batch;
}

START_TEST(batches_overlap_and_finish_in_any_order)
{
    struct cairn_blk_nbd dev;
    struct cairn_blk_nbd_options options = { .write = true, .connections = (uint32_t)_i };
    nbd_server_start(&server, memory);
    nbd_open(&dev, &options);
    char *data = pattern(BATCH * 2048, 9), *back = calloc(BATCH, 2048), *more = calloc(BATCH, 2048);
    struct batch *write = batch_of(CAIRN_BLK_WRITE, data), *read = batch_of(CAIRN_BLK_READ, back);
    struct batch *again = batch_of(CAIRN_BLK_READ, more);
    ck_ok(cairn_blk_submit(&dev.base, write->reqs, BATCH));
    ck_ok(cairn_blk_begin(&dev.base, read->reqs, BATCH));
    ck_ok(cairn_blk_begin(&dev.base, again->reqs, BATCH));
    ck_ok(cairn_blk_finish(&dev.base, read->reqs, BATCH));
    ck_ok(cairn_blk_finish(&dev.base, again->reqs, BATCH));
    ck_assert_mem_eq(data, back, BATCH * 2048);
    ck_assert_mem_eq(data, more, BATCH * 2048);
    free(data);
    free(back);
    free(more);
    free(write);
    free(read);
    free(again);
    nbd_done(&dev);
}
END_TEST

/* Each thread writes and reads a part of its own. */
struct worker {
    struct cairn_blk *dev;
    uint64_t first;
    bool held;
};

static void *work(void *arg)
{
    struct worker *worker = arg;
    char *data = pattern(65536, (unsigned)worker->first), *back = malloc(65536);
    worker->held = true;
    for (int i = 0; worker->held && i < 50; i++) {
        data[i] = (char)~data[i];
        worker->held = !cairn_blk_write(worker->dev, worker->first, 128, data, NULL) &&
                       !cairn_blk_flush(worker->dev, NULL) &&
                       !cairn_blk_read(worker->dev, worker->first, 128, back, NULL) &&
                       !memcmp(data, back, 65536);
    }
    free(data);
    free(back);
    return NULL;
}

START_TEST(threads_share_it)
{
    enum { THREADS = 6 };
    pthread_t ids[THREADS];
    struct worker workers[THREADS];
    struct cairn_blk_nbd dev;
    struct cairn_blk_nbd_options options = { .write = true, .connections = (uint32_t)_i };
    nbd_server_start(&server, memory);
    nbd_open(&dev, &options);
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){ .dev = &dev.base, .first = (uint64_t)i * 1000 };
        ck_assert_int_eq(pthread_create(&ids[i], NULL, work, &workers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(ids[i], NULL);
        ck_assert(workers[i].held);
    }
    nbd_done(&dev);
}
END_TEST

START_TEST(extents_tell_holes_from_data)
{
    struct cairn_blk_nbd dev;
    struct cairn_blk_extent extents[8];
    size_t used = 0;
    char *data = pattern(65536, 1);
    nbd_server_start(&server, memory);
    nbd_open(&dev, &writing);
    ck_ok(cairn_blk_write(&dev.base, 1024, 128, data, NULL));
    ck_ok(cairn_blk_extents(&dev.base, 0, 32768, extents, 8, &used, NULL));
    ck_assert_uint_eq(used, 3);
    ck_assert(!extents[0].data && extents[1].data && !extents[2].data);
    ck_assert_uint_eq(extents[1].block, 1024);
    ck_assert_uint_eq(extents[1].count, 128);
    ck_ok(cairn_blk_zero(&dev.base, 1024, 128, NULL));
    ck_ok(cairn_blk_extents(&dev.base, 0, 32768, extents, 8, &used, NULL));
    ck_assert_uint_eq(used, 1);
    ck_assert(!extents[0].data);
    free(data);
    nbd_done(&dev);
}
END_TEST

/* A second connection goes to whoever has the address by then. */
START_TEST(another_disk_is_no_second_connection)
{
    struct cairn_blk_nbd dev;
    struct nbd_server another;
    char path[] = "/tmp/cairn-nbdlink-XXXXXX", uri[256];
    const char *const smaller[] = { "memory", "8M", NULL };
    char *data = pattern(512, 1), *back = calloc(1, 512);
    struct cairn_blk_seg seg = { data, 512 };
    struct cairn_blk_req req = { .op = CAIRN_BLK_WRITE, .count = 1, .segs = &seg, .seg_count = 1 };
    close(mkstemp(path));
    unlink(path);
    snprintf(uri, sizeof uri, "nbd+unix:///?socket=%s", path);
    nbd_server_start(&server, memory);
    ck_assert_int_eq(symlink(server.socket, path), 0);
    ck_ok(cairn_blk_nbd_open(&dev, uri, &writing, NULL));
    nbd_server_start(&another, smaller);
    unlink(path);
    ck_assert_int_eq(symlink(another.socket, path), 0);
    ck_ok(cairn_blk_begin(&dev.base, &req, 1));
    ck_ok(cairn_blk_write(&dev.base, 1, 1, data, NULL)); /* with the first one busy */
    ck_ok(cairn_blk_finish(&dev.base, &req, 1));
    ck_ok(cairn_blk_read(&dev.base, 1, 1, back, NULL));
    ck_assert_mem_eq(data, back, 512);
    unlink(path);
    free(data);
    free(back);
    nbd_server_stop(&another);
    nbd_done(&dev);
}
END_TEST

/* What the server's own log says of a write with FUA and of a zero that keeps its space. It serves
 * both at once, so either may be the first in its log. */
START_TEST(flags_arrive)
{
    struct cairn_blk_nbd dev;
    char log[] = "/tmp/cairn-nbdlog-XXXXXX", logfile[64], text[8192] = "";
    close(mkstemp(log));
    snprintf(logfile, sizeof logfile, "logfile=%s", log);
    const char *const args[] = { "--filter=log", "memory", "16M", logfile, NULL };
    nbd_server_start(&server, args);
    nbd_open(&dev, &writing);
    char *data = pattern(512, 1);
    struct cairn_blk_seg seg = { data, 512 };
    struct cairn_blk_req reqs[2] = {
        { .op = CAIRN_BLK_WRITE, .flags = CAIRN_BLK_FUA, .count = 1, .segs = &seg, .seg_count = 1 },
        { .op = CAIRN_BLK_ZERO, .flags = CAIRN_BLK_NO_UNMAP, .block = 8, .count = 8 },
    };
    ck_ok(cairn_blk_submit(&dev.base, reqs, 2));
    nbd_done(&dev);
    FILE *file = fopen(log, "r");
    ck_assert_uint_gt(fread(text, 1, sizeof text - 1, file), 0);
    fclose(file);
    unlink(log);
    ck_assert_ptr_nonnull(strstr(text, " offset=0x0 count=0x200 fua=1"));
    ck_assert_ptr_nonnull(strstr(text, "offset=0x1000 count=0x1000 trim=0"));
    free(data);
}
END_TEST

START_TEST(a_servers_error_is_the_requests)
{
    struct cairn_blk_nbd dev;
    struct cairn_why why = { 0 };
    char text[512];
    const char *const args[] = { "--filter=error",         "memory", "16M", "error-pwrite=ENOSPC",
                                 "error-pwrite-rate=100%", NULL };
    nbd_server_start(&server, args);
    nbd_open(&dev, &writing);
    char *data = pattern(1 << 20, 1);
    struct cairn_blk_seg seg = { data, 1 << 20 };
    struct cairn_blk_req reqs[2] = {
        { .op = CAIRN_BLK_WRITE, .block = 64, .count = 2048, .segs = &seg, .seg_count = 1 },
        { .op = CAIRN_BLK_READ, .block = 4096, .count = 2048, .segs = &seg, .seg_count = 1 },
    };
    reqs[0].why = reqs[1].why = &why;
    ck_assert_int_eq(cairn_blk_submit(&dev.base, reqs, 2), CAIRN_ENOSPC);
    ck_assert_int_eq(reqs[0].status, CAIRN_ENOSPC);
    ck_ok(reqs[1].status);
    cairn_why_text(&why, text, sizeof text);
    ck_assert_ptr_nonnull(strstr(text, "write block 64 via nbd+unix:"));
    free(data);
    nbd_done(&dev);
}
END_TEST

/* The server may have met there, and told, that it lost what it had taken before: a flush that
 * succeeds afterwards would hide that. */
START_TEST(a_durable_write_that_fails_poisons)
{
    struct cairn_blk_nbd dev;
    const char *const args[] = { "--filter=error",         "memory", "16M", "error-pwrite=EIO",
                                 "error-pwrite-rate=100%", NULL };
    char *data = pattern(512, 1);
    struct cairn_blk_seg seg = { data, 512 };
    struct cairn_blk_req req = { .op = CAIRN_BLK_WRITE, .count = 1, .segs = &seg, .seg_count = 1 };
    nbd_server_start(&server, args);
    nbd_open(&dev, &writing);
    ck_assert_int_eq(cairn_blk_submit(&dev.base, &req, 1), CAIRN_EIO);
    ck_ok(cairn_blk_flush(&dev.base, NULL));
    req.flags = CAIRN_BLK_FUA;
    ck_assert_int_eq(cairn_blk_submit(&dev.base, &req, 1), CAIRN_EIO);
    ck_assert_int_eq(cairn_blk_flush(&dev.base, NULL), CAIRN_EIO);
    free(data);
    nbd_done(&dev);
}
END_TEST

TCase *tcase_nbd(void)
{
    TCase *tcase = tcase_create("nbd");
    tcase_add_test(tcase, info_is_the_servers);
    tcase_add_test(tcase, a_smaller_block_than_the_servers_is_refused);
    tcase_add_test(tcase, a_read_only_export_is_read_only);
    tcase_add_loop_test(tcase, batches_overlap_and_finish_in_any_order, 1, 4);
    tcase_add_loop_test(tcase, threads_share_it, 1, 4);
    tcase_add_test(tcase, extents_tell_holes_from_data);
    tcase_add_test(tcase, another_disk_is_no_second_connection);
    tcase_add_test(tcase, flags_arrive);
    tcase_add_test(tcase, a_servers_error_is_the_requests);
    tcase_add_test(tcase, a_durable_write_that_fails_poisons);
    return tcase;
}
