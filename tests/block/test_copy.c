/* SPDX-License-Identifier: ISC */
/* Copies between descriptors: the bytes are right whichever way they went. */
#include "units.h"
#include <cairn/blk_file.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BYTES (300u << 10)

static char *src_path, *dst_path;
static int src, dst;
static uint8_t data[BYTES], back[BYTES];
static uint64_t cloned;
static struct cairn_why why;

static void setup(void)
{
    src_path = temp_path();
    dst_path = temp_path();
    src = open(src_path, O_RDWR);
    dst = open(dst_path, O_RDWR);
    for (size_t i = 0; i < BYTES; i++)
        data[i] = (uint8_t)(i * 31 + i / 4096);
    ck_assert_int_eq(write(src, data, BYTES), BYTES);
    memset(&why, 0, sizeof why);
}

static void teardown(void)
{
    close(src);
    close(dst);
    unlink(src_path);
    unlink(dst_path);
    free(src_path);
    free(dst_path);
}

/* Offsets that agree within a block and that do not, with heads and tails. reflink.sh runs this
 * where blocks can be shared, and says so. */
START_TEST(any_range_arrives)
{
    static const struct {
        uint64_t dst, src, bytes;
    } ranges[] = { { 0, 0, BYTES },    { 4096, 0, 8192 }, { 100, 4196, 20000 },
                   { 7, 0, 70000 },    { 0, 4095, 1 },    { 0, 0, 0 },
                   { 512, 512, 4096 }, { 0, 8192, 4095 }, { 4096, 4096, 4097 } };
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        ck_assert_int_eq(ftruncate(dst, 0), 0);
        ck_ok(
            cairn_fd_copy(dst, ranges[i].dst, src, ranges[i].src, ranges[i].bytes, &cloned, &why));
        ck_assert_uint_le(cloned, ranges[i].bytes);
        if (i == 0 && getenv("CAIRN_TEST_REFLINK")) ck_assert_uint_eq(cloned, BYTES);
        ck_assert_int_eq(pread(dst, back, ranges[i].bytes, (off_t)ranges[i].dst),
                         (int)ranges[i].bytes);
        ck_assert(!memcmp(back, data + ranges[i].src, ranges[i].bytes));
    }
}
END_TEST

START_TEST(short_source_is_stale)
{
    ck_assert_int_eq(cairn_fd_copy(dst, 0, src, 4096, BYTES, &cloned, &why), CAIRN_ESTALE);
    ck_assert_ptr_nonnull(strstr(why.what, "4096 bytes early"));
    ck_assert_int_eq(cairn_fd_copy(dst, UINT64_MAX, src, 0, 1, &cloned, &why), CAIRN_EOVERFLOW);
}
END_TEST

START_TEST(clone_stays_in_the_device)
{
    struct cairn_blk_file dev;
    struct cairn_blk_file_options options = { .write = true };
    ck_assert_int_eq(ftruncate(dst, 64 << 10), 0);
    ck_ok(cairn_blk_file_open(&dev, dst_path, &options, &why));
    ck_assert_int_eq(cairn_blk_file_clone(&dev, 4096, src, 0, 64 << 10, &cloned, &why),
                     CAIRN_ERANGE);
    ck_ok(cairn_blk_file_clone(&dev, 4096, src, 0, 60 << 10, &cloned, &why));
    ck_ok(cairn_blk_read(&dev.base, 8, 120, back, &why));
    ck_assert(!memcmp(back, data, 60 << 10));
    ck_ok(cairn_blk_close(&dev.base, &why));
    ck_ok(cairn_blk_file_open(&dev, dst_path, NULL, &why));
    ck_assert_int_eq(cairn_blk_file_clone(&dev, 0, src, 0, 1, &cloned, &why), CAIRN_EROFS);
    ck_ok(cairn_blk_close(&dev.base, &why));
}
END_TEST

TCase *tcase_copy(void)
{
    TCase *tcase = tcase_create("copy");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, any_range_arrives);
    tcase_add_test(tcase, short_source_is_stale);
    tcase_add_test(tcase, clone_stays_in_the_device);
    return tcase;
}
