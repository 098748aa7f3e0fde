/* SPDX-License-Identifier: ISC */
#include "units.h"
#include <cairn/def.h>
#include <cairn/text.h>
#include <stdio.h>
#include <string.h>

static char buf[128];
static struct cairn_text text;

static void text_begin(void)
{
    cairn_text_init(&text, buf, sizeof(buf));
}

/* Ours and the C library's answer to one call. */
#define ck_like_libc(...)                                                                          \
    do {                                                                                           \
        char expected[128];                                                                        \
        snprintf(expected, sizeof(expected), __VA_ARGS__);                                         \
        text_begin();                                                                              \
        cairn_text_fmt(&text, __VA_ARGS__);                                                        \
        ck_assert_str_eq(buf, expected);                                                           \
        ck_assert_uint_eq(text.len, strlen(expected));                                             \
        ck_assert(!text.cut);                                                                      \
    } while (0)

START_TEST(integers_are_libcs)
{
    ck_like_libc("%d %i %u", INT32_MIN, INT32_MAX, UINT32_MAX);
    ck_like_libc("%d|%d|%d", 0, -1, 1);
    ck_like_libc("%x %X %x", 0xdeadbeefu, 0xdeadbeefu, 0u);
    ck_like_libc("%ld %lu %lx", -123456789L, 4000000000UL, 0xfeedUL);
    ck_like_libc("%lld %llu", (long long)INT64_MIN, (unsigned long long)UINT64_MAX);
    ck_like_libc("%llx %llX", (unsigned long long)UINT64_MAX, 0xabcdefULL);
    ck_like_libc("%zu %zd %jd %ju", (size_t)-1, (ptrdiff_t)-1, (intmax_t)-5, (uintmax_t)5);
}
END_TEST

START_TEST(widths_are_libcs)
{
    ck_like_libc("[%5d] [%-5d] [%05d]", 42, 42, 42);
    ck_like_libc("[%5d] [%-5d] [%05d]", -42, -42, -42);
    ck_like_libc("[%2d] [%02x] [%08X]", 12345, 0xau, 0xabcu);
    ck_like_libc("[%1u] [%-1u] [%20llu]", 7u, 7u, (unsigned long long)UINT64_MAX);
    ck_like_libc("[%5s] [%-5s] [%2s]", "ab", "ab", "abcdef");
    ck_like_libc("[%3c] [%-3c] [%c]", 'x', 'y', 'z');
}
END_TEST

START_TEST(strings_are_libcs)
{
    static const char unterminated[3] = { 'a', 'b', 'c' };
    ck_like_libc("%s%s", "", "x");
    ck_like_libc("%.*s", 3, unterminated);
    ck_like_libc("[%.2s] [%.0s] [%.9s]", "abc", "abc", "abc");
    ck_like_libc("[%6.2s] [%-6.*s]", "abc", 1, "abc");
    ck_like_libc("[%.*s]", -1, "abc");
    ck_like_libc("100%% %d%%", 5);
}
END_TEST

START_TEST(pointers_and_null)
{
    const char *null = NULL;
    text_begin();
    cairn_text_fmt(&text, "%p %s", (void *)(uintptr_t)0xbeef, null);
    ck_assert_str_eq(buf, "0xbeef (null)");
}
END_TEST

/* Through a pointer that no compiler checks: what a wrong format does must be harmless. */
START_TEST(unknown_conversions_stand_as_they_are)
{
    void (*fmt)(struct cairn_text *, const char *, ...) = cairn_text_fmt;
    static const char *const formats[] = { "%q %d", "%", "%5", "%.3d", "%l", "%llq", "%f" };
    for (size_t i = 0; i < CAIRN_COUNT(formats); i++) {
        text_begin();
        fmt(&text, formats[i], 1, 2);
        ck_assert_str_eq(buf, formats[i]);
    }
}
END_TEST

START_TEST(cut_text_is_a_true_beginning)
{
    for (size_t cap = 1; cap < 20; cap++) {
        memset(buf, '#', sizeof(buf));
        cairn_text_init(&text, buf, cap);
        cairn_text_str(&text, "abcdef");
        cairn_text_fmt(&text, "%08u", 42u);
        cairn_text_char(&text, '!');
        ck_assert_uint_eq(text.len, strlen(buf));
        ck_assert_uint_lt(text.len, cap);
        ck_assert_int_eq(strncmp(buf, "abcdef00000042!", text.len), 0);
        ck_assert(text.cut == (cap < 16));
        ck_assert_int_eq(buf[cap], '#');
    }
}
END_TEST

START_TEST(nothing_is_taken_behind_a_cut)
{
    cairn_text_init(&text, buf, 6);
    cairn_text_escaped(&text, "abc\x01", 4);
    ck_assert_str_eq(buf, "abc");
    ck_assert(text.cut);
    cairn_text_char(&text, 'x');
    ck_assert_str_eq(buf, "abc");
}
END_TEST

START_TEST(no_buffer_at_all)
{
    cairn_text_init(&text, NULL, 0);
    cairn_text_str(&text, "");
    ck_assert(!text.cut);
    cairn_text_fmt(&text, "%d", 1);
    ck_assert(text.cut);
    ck_assert_uint_eq(text.len, 0);
}
END_TEST

START_TEST(u64)
{
    text_begin();
    cairn_text_u64(&text, 0);
    cairn_text_char(&text, ' ');
    cairn_text_u64(&text, UINT64_MAX);
    ck_assert_str_eq(buf, "0 18446744073709551615");
}
END_TEST

static const struct {
    const char *bytes;
    const char *escaped;
} escapes[] = {
    { "plain text.txt", "plain text.txt" },
    { "a\nb\tc\rd", "a\\nb\\tc\\rd" },
    { "back\\slash", "back\\\\slash" },
    { "\x01\x1b[31m\x7f", "\\x01\\x1b[31m\\x7f" },
    { "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80" },
    { "\xc2\xa0", "\xc2\xa0" }, /* U+00A0, the first behind C1 */
    { "\xc2\x80\xc2\x9b\xc2\x9f", "\\xc2\\x80\\xc2\\x9b\\xc2\\x9f" },
    { "\x80\xbf", "\\x80\\xbf" },                   /* continuation alone */
    { "\xc0\xaf\xc1\xbf", "\\xc0\\xaf\\xc1\\xbf" }, /* too long for ASCII */
    { "\xe0\x9f\xbf", "\\xe0\\x9f\\xbf" },          /* too long for two */
    { "\xe0\xa0\x80", "\xe0\xa0\x80" },             /* U+0800 */
    { "\xed\x9f\xbf", "\xed\x9f\xbf" },             /* U+D7FF */
    { "\xed\xa0\x80", "\\xed\\xa0\\x80" },          /* surrogate */
    { "\xf0\x8f\xbf\xbf", "\\xf0\\x8f\\xbf\\xbf" }, /* too long for three */
    { "\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf" },     /* U+10FFFF */
    { "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80" }, /* behind it */
    { "\xf5\x80\x80\x80\xff", "\\xf5\\x80\\x80\\x80\\xff" },
    { "\xe2\x82", "\\xe2\\x82" }, /* ends too early */
    { "\xe2\x82z", "\\xe2\\x82z" },
};

START_TEST(escapes_keep_terminals_safe)
{
    text_begin();
    cairn_text_escaped(&text, escapes[_i].bytes, strlen(escapes[_i].bytes));
    ck_assert_str_eq(buf, escapes[_i].escaped);
}
END_TEST

START_TEST(nul_is_escaped_too)
{
    text_begin();
    cairn_text_escaped(&text, "a\0b", 3);
    ck_assert_str_eq(buf, "a\\x00b");
}
END_TEST

START_TEST(escapes_are_not_cut_in_the_middle)
{
    static const char bytes[] = "\x01\xe2\x82\xac";
    static const size_t whole[] = { 0, 0, 0, 0, 0, 4, 4, 4, 7, 7 };
    for (size_t cap = 1; cap < CAIRN_COUNT(whole); cap++) {
        cairn_text_init(&text, buf, cap);
        cairn_text_escaped(&text, bytes, sizeof(bytes) - 1);
        ck_assert_uint_eq(text.len, whole[cap]);
        ck_assert(text.cut == (cap < 8));
    }
}
END_TEST

TCase *text_units(void)
{
    TCase *tcase = tcase_create("text");
    tcase_add_test(tcase, integers_are_libcs);
    tcase_add_test(tcase, widths_are_libcs);
    tcase_add_test(tcase, strings_are_libcs);
    tcase_add_test(tcase, pointers_and_null);
    tcase_add_test(tcase, unknown_conversions_stand_as_they_are);
    tcase_add_test(tcase, cut_text_is_a_true_beginning);
    tcase_add_test(tcase, nothing_is_taken_behind_a_cut);
    tcase_add_test(tcase, no_buffer_at_all);
    tcase_add_test(tcase, u64);
    tcase_add_loop_test(tcase, escapes_keep_terminals_safe, 0, (int)CAIRN_COUNT(escapes));
    tcase_add_test(tcase, nul_is_escaped_too);
    tcase_add_test(tcase, escapes_are_not_cut_in_the_middle);
    return tcase;
}
