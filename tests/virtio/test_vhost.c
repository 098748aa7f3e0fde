/* SPDX-License-Identifier: ISC */
/* A disk over vhost-user and what may become of its server: errors below it, its end, its silence.
 */
#include "bed.h"
#include "test_beds.h"

#include <cairn/blk_mem.h>
#include <cairn/blk_open.h>
#include <cairn/blk_trace.h>
#include <cairn/clock.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define BATCH 64
#define BLOCKS 8 /* of a request */
#define BAD_SECTOR 100
#define SECTOR_BYTES 512

static struct server server;
static struct cairn_blk_vhost dev;
static struct cairn_blk_req reqs[BATCH];
static struct cairn_blk_seg segs[BATCH];
static uint8_t heap[BATCH * BLOCKS * SECTOR_BYTES];
static const struct cairn_blk_vhost_options brief = {
    .write = true, .connect_ms = 300, .stall_ms = 300, .memory_bytes = sizeof heap
};

/* A plain image, or with the words of a command line between it and the export. */
static void serve(const char *file, const char *above, const char *export)
{
    char nodes[512];
    server_init(&server, BED_BYTES);
    snprintf(nodes, sizeof nodes, "--blockdev driver=file,filename=%s,node-name=%s,discard=unmap%s",
             server.image, file, above);
    bed_serve(&server, nodes, export);
}

static void open_brief(void)
{
    struct cairn_why why = { 0 };
    enum cairn_err err = cairn_blk_vhost_open(&dev, server.socket, &brief, &why);
    ck_assert_msg(!err, "%s", why.what);
}

/* Requests one behind the other, with data at `data`. */
static void batch_fill(enum cairn_blk_op op, uint8_t *data, struct cairn_why *why)
{
    for (size_t i = 0; i < BATCH; i++) {
        segs[i] = (struct cairn_blk_seg){ data + i * BLOCKS * SECTOR_BYTES, BLOCKS * SECTOR_BYTES };
        reqs[i] = (struct cairn_blk_req){ .op = op, .block = i * BLOCKS, .count = BLOCKS };
        reqs[i].segs = &segs[i];
        reqs[i].seg_count = 1;
        reqs[i].why = why;
    }
}

static void end(void)
{
    enum cairn_err err = cairn_blk_close(&dev.disk.base, NULL);
    (void)err;
    server_remove(&server);
}

START_TEST(a_batch_is_one_kick)
{
    serve("disk", "", ",writable=on");
    open_brief();
    uint8_t *shared = cairn_blk_vhost_memory(&dev, sizeof heap);
    ck_assert_ptr_nonnull(shared);
    ck_assert_ptr_null(cairn_blk_vhost_memory(&dev, 1));
    for (int i = 0; i < 2; i++) {
        batch_fill(CAIRN_BLK_WRITE, i ? shared : heap, NULL);
        uint64_t before = cairn_blk_vhost_kicks(&dev);
        ck_ok(cairn_blk_submit(&dev.disk.base, reqs, BATCH));
        ck_assert_uint_eq(cairn_blk_vhost_kicks(&dev), before + 1);
    }
    ck_ok(cairn_blk_close(&dev.disk.base, NULL));
    open_brief(); /* the server takes the next one */
    end();
}
END_TEST

START_TEST(a_name_opens_it)
{
    struct cairn_blk_any any;
    struct cairn_blk_file_options write = { .write = true };
    struct cairn_why why = { 0 };
    char name[128];
    serve("disk", "", "");
    snprintf(name, sizeof name, "vhost-user:%s", server.socket);
    ck_ok(cairn_blk_open(&any, name, NULL, NULL));
    ck_assert(any.dev->info.read_only);
    ck_ok(cairn_blk_read(any.dev, 1, 2, heap, NULL));
    ck_ok(cairn_blk_any_close(&any, NULL));
    ck_assert_int_eq(cairn_blk_open(&any, name, &write, &why), CAIRN_EROFS);
    ck_assert_str_eq(why.path, server.socket);
    server_remove(&server);
}
END_TEST

/* One of a batch meets a bad sector: that one fails and says which block it was. */
START_TEST(an_error_is_one_requests)
{
    struct cairn_why why = { 0 };
    serve("file",
          " --blockdev driver=blkdebug,node-name=disk,image=file,inject-error.0.event=none,"
          "inject-error.0.iotype=read,inject-error.0.sector=100,inject-error.0.errno=5",
          ",writable=on");
    open_brief();
    batch_fill(CAIRN_BLK_READ, heap, &why);
    ck_assert_int_eq(cairn_blk_submit(&dev.disk.base, reqs, BATCH), CAIRN_EIO);
    for (size_t i = 0; i < BATCH; i++)
        ck_assert_int_eq(reqs[i].status, i == BAD_SECTOR / BLOCKS ? CAIRN_EIO : CAIRN_OK);
    ck_assert_uint_eq(why.block, BAD_SECTOR - BAD_SECTOR % BLOCKS);
    ck_assert_str_eq(why.via, server.socket);
    batch_fill(CAIRN_BLK_WRITE, heap, NULL);
    ck_ok(cairn_blk_submit(&dev.disk.base, reqs, BATCH));
    end();
}
END_TEST

START_TEST(a_flush_that_fails_poisons)
{
    serve("file",
          " --blockdev driver=blkdebug,node-name=disk,image=file,inject-error.0.event=none,"
          "inject-error.0.iotype=flush,inject-error.0.once=on",
          ",writable=on");
    open_brief();
    ck_ok(cairn_blk_write(&dev.disk.base, 1, 1, heap, NULL));
    ck_assert_int_eq(cairn_blk_flush(&dev.disk.base, NULL), CAIRN_EIO);
    ck_assert_int_eq(cairn_blk_flush(&dev.disk.base, NULL), CAIRN_EIO);
    ck_assert_int_eq(cairn_blk_write(&dev.disk.base, 1, 1, heap, NULL), CAIRN_EIO);
    ck_ok(cairn_blk_read(&dev.disk.base, 1, 1, heap, NULL));
    end();
}
END_TEST

/* A device over a file's contents, in memory. */
static uint8_t *mem_of_file(struct cairn_blk_mem *mem, const char *path)
{
    int fd = open(path, O_RDONLY);
    size_t bytes = (size_t)lseek(fd, 0, SEEK_END);
    uint8_t *data = calloc(1, bytes);
    ck_assert_int_eq(pread(fd, data, bytes, 0), (ssize_t)bytes);
    close(fd);
    ck_ok(cairn_blk_mem_open(mem, data, SECTOR_BYTES, bytes / SECTOR_BYTES, NULL));
    return data;
}

static void write_this_and_that(void)
{
    struct cairn_blk *disk = &dev.disk.base;
    for (size_t i = 0; i < sizeof heap; i++)
        heap[i] = (uint8_t)(i * 31 >> 7);
    batch_fill(CAIRN_BLK_WRITE, heap, NULL);
    ck_ok(cairn_blk_submit(disk, reqs, BATCH));
    ck_ok(cairn_blk_flush(disk, NULL));
    ck_ok(cairn_blk_write(disk, 3, 70, heap, NULL));
    ck_ok(cairn_blk_discard(disk, 16, 8, NULL));
    ck_ok(cairn_blk_zero(disk, 200, 30, NULL));
    ck_ok(cairn_blk_write(disk, 8000, 1, heap, NULL));
    ck_ok(cairn_blk_flush(disk, NULL));
}

/* What the server logged, done again, is what it has. */
static void log_is_the_image(const char *log_path)
{
    static uint8_t again[BED_BYTES];
    struct cairn_blk_mem log, image, copy;
    struct cairn_blk_replay replay;
    struct cairn_blk_replay_entry entry;
    uint8_t *log_data = mem_of_file(&log, log_path);
    uint8_t *image_data = mem_of_file(&image, server.image);
    void *mem = malloc(cairn_blk_replay_mem());
    ck_ok(cairn_blk_mem_open(&copy, again, SECTOR_BYTES, BED_BYTES / SECTOR_BYTES, NULL));
    ck_ok(cairn_blk_replay_open(&replay, &log.base, mem, cairn_blk_replay_mem(), NULL));
    struct cairn_blk_replay_stop all = { .count = 0 };
    ck_assert_int_eq(cairn_blk_replay_until(&replay, &copy.base, &all, &entry, NULL), CAIRN_ENOENT);
    ck_assert_uint_ge(replay.entries, BATCH / 2);
    ck_assert_mem_eq(again, image_data, BED_BYTES);
    free(mem);
    free(log_data);
    free(image_data);
}

START_TEST(its_log_is_what_was_written)
{
    char above[512], log_path[128];
    server_init(&server, BED_BYTES);
    snprintf(log_path, sizeof log_path, "%s/writes", server.dir);
    snprintf(above, sizeof above,
             "--blockdev driver=file,filename=%s,node-name=file,discard=unmap "
             "--blockdev driver=file,filename=%s,node-name=log "
             "--blockdev driver=blklogwrites,node-name=disk,file=file,log=log,log-sector-size=512",
             server.image, log_path);
    close(open(log_path, O_CREAT | O_WRONLY, 0600));
    bed_serve(&server, above, ",writable=on");
    open_brief();
    write_this_and_that();
    ck_ok(cairn_blk_close(&dev.disk.base, NULL));
    server_end(&server);
    log_is_the_image(log_path);
    server_remove(&server);
}
END_TEST

static uint64_t ms_now(void)
{
    return cairn_clock_mono_now(cairn_clock_mono_platform()) / (uint64_t)CAIRN_NS_PER_MS;
}

static void all_failed(enum cairn_err err)
{
    for (size_t i = 0; i < BATCH; i++)
        ck_assert_int_eq(reqs[i].status, err);
    ck_assert_int_eq(cairn_blk_read(&dev.disk.base, 0, 1, heap, NULL), err);
    ck_assert_int_eq(cairn_blk_flush(&dev.disk.base, NULL), err);
}

START_TEST(a_server_that_ends_in_mid_batch)
{
    struct cairn_why why = { 0 };
    serve("disk", "", ",writable=on");
    open_brief();
    batch_fill(CAIRN_BLK_WRITE, heap, &why);
    server_pause(&server, true);
    ck_ok(cairn_blk_begin(&dev.disk.base, reqs, BATCH));
    server_kill(&server);
    uint64_t start = ms_now();
    ck_assert_int_eq(cairn_blk_finish(&dev.disk.base, reqs, BATCH), CAIRN_EIO);
    ck_assert_uint_lt(ms_now() - start, 250); /* it was noticed, not waited out */
    ck_assert_msg(why.hint[0], "%s", why.what);
    all_failed(CAIRN_EIO);
    end();
}
END_TEST

START_TEST(a_server_that_falls_silent)
{
    serve("disk", "", ",writable=on");
    open_brief();
    batch_fill(CAIRN_BLK_WRITE, heap, NULL);
    server_pause(&server, true);
    uint64_t start = ms_now();
    ck_assert_int_eq(cairn_blk_submit(&dev.disk.base, reqs, BATCH), CAIRN_ETIMEDOUT);
    ck_assert_uint_ge(ms_now() - start, 300);
    ck_assert_uint_lt(ms_now() - start, 3000);
    all_failed(CAIRN_ETIMEDOUT);
    server_pause(&server, false);
    end();
}
END_TEST

START_TEST(a_server_that_has_a_client)
{
    struct cairn_blk_vhost other;
    struct cairn_why why = { 0 };
    serve("disk", "", ",writable=on");
    open_brief();
    ck_assert_int_eq(cairn_blk_vhost_open(&other, server.socket, &brief, &why), CAIRN_ETIMEDOUT);
    ck_assert_msg(strstr(why.hint, "one client") != NULL, "%s", why.hint);
    ck_ok(cairn_blk_write(&dev.disk.base, 0, 1, heap, NULL));
    end();
}
END_TEST

TCase *tcase_vhost(void)
{
    TCase *tcase = tcase_create("vhost");
    tcase_add_test(tcase, a_batch_is_one_kick);
    tcase_add_test(tcase, a_name_opens_it);
    tcase_add_test(tcase, an_error_is_one_requests);
    tcase_add_test(tcase, a_flush_that_fails_poisons);
    tcase_add_test(tcase, its_log_is_what_was_written);
    tcase_add_test(tcase, a_server_that_ends_in_mid_batch);
    tcase_add_test(tcase, a_server_that_falls_silent);
    tcase_add_test(tcase, a_server_that_has_a_client);
    return tcase;
}
