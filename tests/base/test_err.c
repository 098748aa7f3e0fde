/* SPDX-License-Identifier: ISC */
#include "units.h"
#include <cairn/bytes.h>
#include <cairn/err.h>
#include <string.h>

static const struct {
    enum cairn_err err;
    const char *name;
} all[] = {
    { CAIRN_OK, "OK" },
    { CAIRN_EPERM, "EPERM" },
    { CAIRN_ENOENT, "ENOENT" },
    { CAIRN_EIO, "EIO" },
    { CAIRN_EBADF, "EBADF" },
    { CAIRN_EAGAIN, "EAGAIN" },
    { CAIRN_ENOMEM, "ENOMEM" },
    { CAIRN_EACCES, "EACCES" },
    { CAIRN_EBUSY, "EBUSY" },
    { CAIRN_EEXIST, "EEXIST" },
    { CAIRN_EXDEV, "EXDEV" },
    { CAIRN_ENODEV, "ENODEV" },
    { CAIRN_ENOTDIR, "ENOTDIR" },
    { CAIRN_EISDIR, "EISDIR" },
    { CAIRN_EINVAL, "EINVAL" },
    { CAIRN_ENFILE, "ENFILE" },
    { CAIRN_EFBIG, "EFBIG" },
    { CAIRN_ENOSPC, "ENOSPC" },
    { CAIRN_EROFS, "EROFS" },
    { CAIRN_EPIPE, "EPIPE" },
    { CAIRN_ERANGE, "ERANGE" },
    { CAIRN_ENAMETOOLONG, "ENAMETOOLONG" },
    { CAIRN_ENOTEMPTY, "ENOTEMPTY" },
    { CAIRN_ELOOP, "ELOOP" },
    { CAIRN_EOVERFLOW, "EOVERFLOW" },
    { CAIRN_EILSEQ, "EILSEQ" },
    { CAIRN_ENOTSUP, "ENOTSUP" },
    { CAIRN_ETIMEDOUT, "ETIMEDOUT" },
    { CAIRN_ESTALE, "ESTALE" },
    { CAIRN_ECORRUPT, "ECORRUPT" },
    { CAIRN_ECANCELED, "ECANCELED" },
};

START_TEST(every_error_has_its_name_and_a_text)
{
    ck_assert_str_eq(cairn_err_name(all[_i].err), all[_i].name);
    const char *text = cairn_err_text(all[_i].err);
    ck_assert(strlen(text) > 3);
    ck_assert_str_ne(text, "Unknown error");
}
END_TEST

/* No value between that is not in the list above answers to a name. */
START_TEST(other_values_are_unknown)
{
    size_t named = 0;
    for (int value = -200; value <= 200; value++)
        if (strcmp(cairn_err_name((enum cairn_err)value), "E?") != 0) named++;
    ck_assert_uint_eq(named, CAIRN_COUNT(all));
    ck_assert_str_eq(cairn_err_text((enum cairn_err) - 4), "Unknown error");
}
END_TEST

START_TEST(strings)
{
    ck_assert_uint_eq(cairn_str_len(""), 0);
    ck_assert_uint_eq(cairn_str_len("abc"), 3);
    ck_assert(cairn_str_equal("", "") && cairn_str_equal("ab", "ab"));
    ck_assert(!cairn_str_equal("ab", "abc") && !cairn_str_equal("abc", "ab"));
    ck_assert(!cairn_str_equal("ab", "ac") && !cairn_str_equal("", "a"));
}
END_TEST

START_TEST(numbers_at_their_limits)
{
    static const uint8_t bytes[] = { 0x81, 0x92, 0xa3, 0xb4, 0xc5, 0xd6, 0xe7, 0xf8 };
    uint8_t put[8];
    ck_assert_uint_eq(cairn_le16(bytes), 0x9281u);
    ck_assert_uint_eq(cairn_le32(bytes), 0xb4a39281u);
    ck_assert_uint_eq(cairn_le64(bytes), UINT64_C(0xf8e7d6c5b4a39281));
    cairn_le64_put(put, UINT64_C(0xf8e7d6c5b4a39281));
    ck_assert_mem_eq(put, bytes, 8);
    ck_assert(cairn_range_fits(0, UINT64_MAX, UINT64_MAX));
    ck_assert(!cairn_range_fits(1, UINT64_MAX, UINT64_MAX));
    ck_assert(!cairn_range_fits(UINT64_MAX, 1, 10));
    ck_assert_uint_eq(cairn_round_up(UINT64_MAX - 1, 2), UINT64_MAX - 1);
    ck_assert_uint_eq(cairn_div_up(UINT64_MAX, 2), UINT64_C(1) << 63);
    ck_assert_uint_eq(cairn_log2(UINT64_C(1) << 63), 63);
    ck_assert(!cairn_is_pow2(0) && cairn_is_pow2(1) && !cairn_is_pow2(6));
}
END_TEST

TCase *err_units(void)
{
    TCase *tcase = tcase_create("err and bytes");
    tcase_add_loop_test(tcase, every_error_has_its_name_and_a_text, 0, (int)CAIRN_COUNT(all));
    tcase_add_test(tcase, other_values_are_unknown);
    tcase_add_test(tcase, strings);
    tcase_add_test(tcase, numbers_at_their_limits);
    return tcase;
}
