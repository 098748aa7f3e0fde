/* SPDX-License-Identifier: ISC */
/* Files as devices: opening, locking, and files that change under us. */
#include "units.h"
#include <cairn/blk_file.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct cairn_blk_file_options writing = { .write = true };
static struct cairn_blk_file dev, other;
static struct cairn_why why;
static char *path;

static void setup(void)
{
    path = temp_path();
    memset(&why, 0, sizeof why);
}

static void teardown(void)
{
    unlink(path);
    free(path);
}

/* A path that holds something else is refused at once, also one that blocks whoever opens it. */
START_TEST(what_is_no_image_is_refused)
{
    ck_assert_int_eq(cairn_blk_file_open(&dev, "/tmp", &writing, &why), CAIRN_EISDIR);
    ck_assert_int_eq(cairn_blk_file_open(&dev, "/dev/zero", &writing, &why), CAIRN_ENOTSUP);
    ck_assert_ptr_nonnull(strstr(why.what, "character device"));
    unlink(path);
    ck_assert_int_eq(cairn_blk_file_open(&dev, path, NULL, &why), CAIRN_ENOENT);
    ck_assert_str_eq(why.path, path);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    ck_assert_int_eq(cairn_blk_file_open(&dev, path, NULL, &why), CAIRN_ENOTSUP);
    ck_assert_ptr_nonnull(strstr(why.what, "FIFO"));
}
END_TEST

START_TEST(create_makes_a_new_file_only)
{
    struct cairn_blk_file_options options = { .write = true, .create = true, .create_bytes = 8192 };
    ck_assert_int_eq(cairn_blk_file_open(&dev, path, &options, &why), CAIRN_EEXIST);
    unlink(path);
    ck_ok(cairn_blk_file_open(&dev, path, &options, &why));
    ck_assert_uint_eq(dev.base.info.block_count, 16);
    ck_ok(cairn_blk_close(&dev.base, &why));
    options.write = false;
    ck_assert_int_eq(cairn_blk_file_open(&dev, path, &options, &why), CAIRN_EINVAL);
}
END_TEST

START_TEST(failed_creation_leaves_no_file)
{
    struct cairn_blk_file_options options = { .write = true, .create = true };
    options.create_bytes = (uint64_t)INT64_MAX;
    unlink(path);
    ck_assert_int_ne(cairn_blk_file_open(&dev, path, &options, &why), CAIRN_OK);
    ck_assert_int_ne(access(path, F_OK), 0);
}
END_TEST

/* Readers share, a writer is alone; both inside one process and between two. */
START_TEST(writer_is_alone)
{
    ck_ok(cairn_blk_file_open(&dev, path, NULL, &why));
    ck_ok(cairn_blk_file_open(&other, path, NULL, &why));
    ck_ok(cairn_blk_close(&other.base, &why));
    ck_assert_int_eq(cairn_blk_file_open(&other, path, &writing, &why), CAIRN_EBUSY);
    ck_assert_str_ne(why.hint, "");
    ck_ok(cairn_blk_close(&dev.base, &why));
    ck_ok(cairn_blk_file_open(&dev, path, &writing, &why));
    pid_t child = fork();
    if (child == 0) _exit(cairn_blk_file_open(&other, path, NULL, NULL) == CAIRN_EBUSY ? 0 : 1);
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    ck_ok(cairn_blk_close(&dev.base, &why));
    ck_ok(cairn_blk_file_open(&other, path, NULL, &why));
    ck_ok(cairn_blk_close(&other.base, &why));
}
END_TEST

START_TEST(waiting_gets_the_lock)
{
    struct cairn_blk_file_options patient = { .write = true, .lock_wait_ms = 20000 };
    int ready[2];
    ck_assert_int_eq(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0) {
        if (cairn_blk_file_open(&dev, path, &writing, NULL)) _exit(1);
        ck_assert_int_eq(write(ready[1], "r", 1), 1);
        usleep(100000);
        _exit(0);
    }
    char byte;
    ck_assert_int_eq(read(ready[0], &byte, 1), 1);
    ck_ok(cairn_blk_file_open(&other, path, &patient, &why));
    ck_ok(cairn_blk_close(&other.base, &why));
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
}
END_TEST

/* Another program truncates the file: what is gone fails, in a merged call too, the rest is read.
 */
START_TEST(shorter_file_is_an_error_not_zeros)
{
    static uint8_t data[4][512];
    struct cairn_blk_seg segs[4];
    struct cairn_blk_req reqs[4];
    ck_assert_int_eq(truncate(path, 8 * 512), 0);
    ck_ok(cairn_blk_file_open(&dev, path, NULL, &why));
    ck_assert_int_eq(truncate(path, 2 * 512 + 100), 0);
    for (size_t i = 0; i < 4; i++) {
        segs[i] = (struct cairn_blk_seg){ data[i], 512 };
        reqs[i] = (struct cairn_blk_req){ .block = i, .count = 1, .segs = &segs[i], .why = &why };
        reqs[i].seg_count = 1;
    }
    ck_assert_int_eq(cairn_blk_submit(&dev.base, reqs, 4), CAIRN_EIO);
    ck_ok(reqs[0].status);
    ck_ok(reqs[1].status);
    ck_assert_int_eq(reqs[2].status, CAIRN_EIO);
    ck_assert_int_eq(reqs[3].status, CAIRN_EIO);
    ck_assert_uint_eq(why.block, 2);
    ck_assert_ptr_nonnull(strstr(why.what, "shorter"));

    struct cairn_blk_extent extents[4];
    size_t used;
    ck_ok(cairn_blk_extents(&dev.base, 0, 2, extents, 4, &used, &why));
    ck_assert_int_eq(cairn_blk_extents(&dev.base, 0, 8, extents, 4, &used, &why), CAIRN_EIO);
    ck_assert_ptr_nonnull(strstr(why.what, "shorter"));
    ck_ok(cairn_blk_close(&dev.base, &why));
}
END_TEST

/* Bytes behind the last whole block are not part of the device, also when it grows over them. */
START_TEST(tail_does_not_come_back)
{
    uint8_t data[512], zeros[512] = { 0 };
    int fd = open(path, O_WRONLY);
    memset(data, 'x', sizeof data);
    ck_assert_int_eq(write(fd, data, 512), 512);
    ck_assert_int_eq(write(fd, data, 300), 300);
    close(fd);
    ck_ok(cairn_blk_file_open(&dev, path, &writing, &why));
    ck_assert_uint_eq(dev.base.info.block_count, 1);
    ck_ok(cairn_blk_resize(&dev.base, 2, &why));
    ck_ok(cairn_blk_read(&dev.base, 1, 1, data, &why));
    ck_assert_mem_eq(data, zeros, 512);
    ck_ok(cairn_blk_close(&dev.base, &why));
}
END_TEST

/* More segments than one call takes, in requests that follow each other. */
START_TEST(long_batches_are_whole)
{
    enum { COUNT = 700 };
    static uint8_t data[COUNT][2][512], back[COUNT * 2 * 512];
    static struct cairn_blk_seg segs[COUNT][2];
    static struct cairn_blk_req reqs[COUNT];
    ck_assert_int_eq(truncate(path, sizeof back), 0);
    ck_ok(cairn_blk_file_open(&dev, path, &writing, &why));
    for (size_t i = 0; i < COUNT; i++) {
        memset(data[i], (int)(i * 7 % 251), sizeof data[i]);
        segs[i][0] = (struct cairn_blk_seg){ data[i][0], 512 };
        segs[i][1] = (struct cairn_blk_seg){ data[i][1], 512 };
        reqs[i] = (struct cairn_blk_req){ .op = CAIRN_BLK_WRITE, .block = 2 * i, .count = 2 };
        reqs[i].segs = segs[i];
        reqs[i].seg_count = 2;
    }
    ck_ok(cairn_blk_submit(&dev.base, reqs, COUNT));
    ck_ok(cairn_blk_read(&dev.base, 0, (uint64_t)COUNT * 2, back, &why));
    ck_assert_mem_eq(back, data, sizeof back);
    ck_ok(cairn_blk_close(&dev.base, &why));
}
END_TEST

TCase *tcase_file(void)
{
    TCase *tcase = tcase_create("file");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, what_is_no_image_is_refused);
    tcase_add_test(tcase, create_makes_a_new_file_only);
    tcase_add_test(tcase, failed_creation_leaves_no_file);
    tcase_add_test(tcase, writer_is_alone);
    tcase_add_test(tcase, waiting_gets_the_lock);
    tcase_add_test(tcase, shorter_file_is_an_error_not_zeros);
    tcase_add_test(tcase, tail_does_not_come_back);
    tcase_add_test(tcase, long_batches_are_whole);
    return tcase;
}
