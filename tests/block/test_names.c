/* SPDX-License-Identifier: ISC */
/* Devices by name, sizes and GUIDs as text. */
#include "units.h"
#include <cairn/blk_open.h>
#include <cairn/part.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

START_TEST(sizes_are_read_exactly)
{
    static const struct {
        const char *text;
        uint64_t bytes;
    } good[] = { { "0", 0 },
                 { "512", 512 },
                 { "64K", 65536 },
                 { "64k", 65536 },
                 { "1.5M", 1572864 },
                 { "2G", UINT64_C(2) << 30 },
                 { "1T", UINT64_C(1) << 40 },
                 { "0.5K", 512 },
                 { "18446744073709551615", UINT64_MAX } };
    static const char *const bad[] = { "",     "K",   "-1",  "1.", ".5M",  "1.5",
                                       "0.3K", "1KB", "1 K", "1P", "0x10", "1.1234567T" };
    uint64_t bytes;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        ck_ok(cairn_size_parse(good[i].text, &bytes));
        ck_assert_uint_eq(bytes, good[i].bytes);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_int_eq(cairn_size_parse(bad[i], &bytes), CAIRN_EINVAL);
    ck_assert_int_eq(cairn_size_parse("18446744073709551616", &bytes), CAIRN_EOVERFLOW);
    ck_assert_int_eq(cairn_size_parse("18446744073709551615K", &bytes), CAIRN_EOVERFLOW);
}
END_TEST

START_TEST(memory_is_opened_by_size)
{
    struct cairn_blk_any any;
    struct cairn_blk_file_options options = { .write = true };
    struct cairn_why why = { 0 };
    uint8_t block[512];
    ck_ok(cairn_blk_open(&any, "mem:64M", &options, &why));
    ck_assert_uint_eq(cairn_blk_bytes(any.dev), 64 << 20);
    ck_ok(cairn_blk_read(any.dev, 131071, 1, block, &why));
    ck_ok(cairn_blk_write(any.dev, 131071, 1, block, &why));
    ck_ok(cairn_blk_any_close(&any, &why));
    ck_assert_int_eq(cairn_blk_open(&any, "mem:", &options, &why), CAIRN_EINVAL);
    ck_assert_int_eq(cairn_blk_open(&any, "mem:0", &options, &why), CAIRN_EINVAL);
    ck_assert_int_eq(cairn_blk_open(&any, "mem:1000", &options, &why), CAIRN_EINVAL);
    ck_assert_str_ne(why.hint, "");
    ck_ok(cairn_blk_open(&any, "mem:1M", NULL, &why));
    ck_assert_int_eq(cairn_blk_write(any.dev, 0, 1, block, &why), CAIRN_EROFS);
    ck_ok(cairn_blk_any_close(&any, &why));
}
END_TEST

START_TEST(dot_slash_is_always_a_file)
{
    struct cairn_blk_any any;
    struct cairn_blk_file_options options = { .write = true, .create = true, .create_bytes = 1024 };
    char *dir = temp_path();
    unlink(dir);
    ck_assert_ptr_nonnull(mkdtemp(strcpy(dir, "/tmp/cairn-unit-XXXXXX")));
    ck_assert_int_eq(chdir(dir), 0);
    ck_ok(cairn_blk_open(&any, "./mem:1M", &options, NULL));
    ck_assert_uint_eq(any.dev->info.block_count, 2);
    ck_ok(cairn_blk_any_close(&any, NULL));
    ck_assert_int_eq(unlink("mem:1M"), 0);
    ck_assert_int_eq(rmdir(dir), 0);
    free(dir);
}
END_TEST

START_TEST(schemes_say_how_a_file_is_opened)
{
    static const struct {
        const char *scheme;
        bool direct, by_ring;
    } files[] = { { "", false, false },
                  { "file:", false, false },
                  { "direct:", true, true },
                  { "uring:", false, true } };
    struct cairn_blk_any any;
    struct cairn_why why = { 0 };
    char *path = temp_path(), name[300];
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf(name, sizeof name, "%s%s", files[i].scheme, path);
        ck_assert_str_eq(cairn_blk_file_path(name), path);
        ck_assert_uint_eq(cairn_blk_scheme_bytes(name), strlen(files[i].scheme));
        enum cairn_err err = cairn_blk_open(&any, name, NULL, &why);
        if (err == CAIRN_ENOTSUP && files[i].direct) continue; /* not in this file system */
        ck_ok(err);
        ck_assert(any.is_file);
        ck_assert(any.is.file.direct == files[i].direct);
        bool has_ring = files[i].by_ring && cairn_blk_uring_version();
        ck_assert_int_eq(any.is.file.io, has_ring ? CAIRN_BLK_IO_URING : CAIRN_BLK_IO_PREAD);
        ck_ok(cairn_blk_any_close(&any, &why));
    }
    unlink(path);
    free(path);
}
END_TEST

START_TEST(what_is_no_file_has_no_path)
{
    static const char *const names[] = { "mem:64M",        "nbd://host/x",
                                         "nbds://host/x",  "nbd+unix:///?socket=/x",
                                         "rbd:pool/image", "vhost-user:/run/x" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        ck_assert_ptr_null(cairn_blk_file_path(names[i]));
        ck_assert_uint_eq(cairn_blk_scheme_bytes(names[i]),
                          (size_t)(strchr(names[i], ':') + 1 - names[i]));
    }
    ck_assert_uint_eq(cairn_blk_scheme_bytes("./mem:64M"), 0);
    ck_assert_uint_eq(cairn_blk_scheme_bytes("memory:1"), 0);
    ck_assert_str_eq(cairn_blk_file_path("./mem:64M"), "./mem:64M");
}
END_TEST

START_TEST(guids_go_both_ways)
{
    static const char text[] = "C12A7328-F81F-11D2-BA4B-00A0C93EC93B";
    static const uint8_t bytes[16] = { 0x28, 0x73, 0x2A, 0xC1, 0x1F, 0xF8, 0xD2, 0x11,
                                       0xBA, 0x4B, 0x00, 0xA0, 0xC9, 0x3E, 0xC9, 0x3B };
    uint8_t guid[16];
    char out[37];
    ck_assert(cairn_guid_parse(text, guid));
    ck_assert_mem_eq(guid, bytes, 16);
    cairn_guid_text(bytes, out);
    ck_assert_str_eq(out, text);
    ck_assert(cairn_guid_parse("c12a7328-f81f-11d2-ba4b-00a0c93ec93b", guid));
    ck_assert(!cairn_guid_parse("", guid));
    ck_assert(!cairn_guid_parse("C12A7328-F81F-11D2-BA4B-00A0C93EC93", guid));
    ck_assert(!cairn_guid_parse("C12A7328-F81F-11D2-BA4B-00A0C93EC93BX", guid));
    ck_assert(!cairn_guid_parse("C12A7328xF81F-11D2-BA4B-00A0C93EC93B", guid));
    ck_assert(!cairn_guid_parse("G12A7328-F81F-11D2-BA4B-00A0C93EC93B", guid));
}
END_TEST

TCase *tcase_names(void)
{
    TCase *tcase = tcase_create("names");
    tcase_add_test(tcase, sizes_are_read_exactly);
    tcase_add_test(tcase, memory_is_opened_by_size);
    tcase_add_test(tcase, dot_slash_is_always_a_file);
    tcase_add_test(tcase, schemes_say_how_a_file_is_opened);
    tcase_add_test(tcase, what_is_no_file_has_no_path);
    tcase_add_test(tcase, guids_go_both_ways);
    return tcase;
}
