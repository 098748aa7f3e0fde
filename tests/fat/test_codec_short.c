/* SPDX-License-Identifier: ISC */
#include "codec.h"

static struct fat_short basis_of(const char *utf8, enum cairn_fat_codepage page)
{
    struct fat_name name = name_of(utf8);
    struct fat_short out;
    fat_short_basis(&name, page, &out);
    return out;
}

static void assert_raw(const uint8_t *raw, const char *expected)
{
    ck_assert_msg(memcmp(raw, expected, FAT_SHORT_BYTES) == 0, "%.11s is not %s", (const char *)raw,
                  expected);
}

START_TEST(an_exact_name_needs_no_long_slots)
{
    static const struct {
        const char *name, *raw;
        uint8_t case_bits;
    } cases[] = { { "A", "A          ", 0 },
                  { "README.TXT", "README  TXT", 0 },
                  { "readme.txt", "README  TXT", FAT_CASE_BASE | FAT_CASE_EXT },
                  { "README.txt", "README  TXT", FAT_CASE_EXT },
                  { "readme.TXT", "README  TXT", FAT_CASE_BASE },
                  { "1~2-$#.{}", "1~2-$#  {} ", 0 },
                  { "12345678.123", "12345678123", 0 } };
    for (size_t i = 0; i < CAIRN_COUNT(cases); i++) {
        struct fat_short s = basis_of(cases[i].name, CAIRN_FAT_CP437);
        struct fat_name shown;
        assert_raw(s.raw, cases[i].raw);
        ck_assert(s.exact && !s.lossy);
        ck_assert_uint_eq(s.case_bits, cases[i].case_bits);
        fat_short_to_name(s.raw, s.case_bits, CAIRN_FAT_CP437, &shown);
        assert_shows(&shown, cases[i].name);
    }
}
END_TEST

START_TEST(other_names_get_a_basis)
{
    static const struct {
        const char *name, *raw;
        bool lossy;
    } cases[] = { { "Readme.txt", "README  TXT", false },
                  { "readme.Txt", "README  TXT", false },
                  { "\u00FC.txt", "\x9A       TXT", false },
                  { "\u00DC.TXT", "\x9A       TXT", false },
                  { "a.b.c", "AB      C  ", true },
                  { ".profile", "PROFILE    ", true },
                  { "..a.b", "A       B  ", true },
                  { "a b.c d", "AB      CD ", true },
                  { " x", "X          ", true },
                  { "a+b.=c", "A_B     _C ", true },
                  { "123456789.html", "12345678HTM", true },
                  { "\u20AC", "_          ", true },
                  { "\U0001F600", "__         ", true },
                  { ".", "_          ", true },
                  { "a.", "A          ", true } };
    for (size_t i = 0; i < CAIRN_COUNT(cases); i++) {
        struct fat_short s = basis_of(cases[i].name, CAIRN_FAT_CP437);
        assert_raw(s.raw, cases[i].raw);
        ck_assert(!s.exact && s.case_bits == 0);
        ck_assert_msg(s.lossy == cases[i].lossy, "%s", cases[i].name);
        ck_assert(fat_short_valid(s.raw));
    }
}
END_TEST

START_TEST(the_removed_mark_is_stored_as_05)
{
    struct fat_short s = basis_of("\u00D5a", CAIRN_FAT_CP850); /* 0xE5 there */
    struct fat_name shown;
    assert_raw(s.raw,
               "\x05"
               "A         ");
    ck_assert(fat_short_valid(s.raw));
    fat_short_to_name(s.raw, FAT_CASE_BASE, CAIRN_FAT_CP850, &shown);
    assert_shows(&shown, "\u00F5a");
}
END_TEST

START_TEST(invalid_raw_names_are_seen)
{
    static const char *const bad[] = { "           ",    "        TXT",    " A         ",
                                       "A B        ",    "a          ",    "A\x05         ",
                                       "\xE5          ", "A*         ",    "A       T T",
                                       "A       t  ",    "A\x1F         ", "A.         " };
    for (size_t i = 0; i < CAIRN_COUNT(bad); i++) {
        ck_assert_msg(!fat_short_valid((const uint8_t *)bad[i]), "%s", bad[i]);
    }
    ck_assert(!fat_short_valid((const uint8_t *)"\0          "));
    ck_assert(!fat_short_valid((const uint8_t *)"A\x7F         "));
    ck_assert(fat_short_valid((const uint8_t *)"\x05          "));
}
END_TEST

START_TEST(tails_fit_and_parse_back)
{
    static const struct {
        const char *basis;
        uint32_t number;
        const char *raw;
        uint32_t prefix_len;
    } cases[] = {
        { "AB      C  ", 1, "AB~1    C  ", 2 },      { "ABCDEFGHC  ", 1, "ABCDEF~1C  ", 6 },
        { "ABCDEFGHTXT", 10, "ABCDE~10TXT", 5 },     { "ABCDEFGHTXT", 999999, "A~999999TXT", 1 },
        { "A       TXT", 999999, "A~999999TXT", 1 }, { "ABCDE~1 TXT", 2, "ABCDE~~2TXT", 6 }
    };
    for (size_t i = 0; i < CAIRN_COUNT(cases); i++) {
        uint8_t raw[FAT_SHORT_BYTES];
        uint32_t number, prefix_len;
        fat_short_tail((const uint8_t *)cases[i].basis, cases[i].number, raw);
        assert_raw(raw, cases[i].raw);
        ck_assert(fat_short_tail_parse(raw, &number, &prefix_len));
        ck_assert_uint_eq(number, cases[i].number);
        ck_assert_uint_eq(prefix_len, cases[i].prefix_len);
    }
}
END_TEST

START_TEST(what_is_no_tail_is_not_parsed)
{
    static const char *const plain[] = { "ABC     TXT", "ABC~    TXT", "ABC~01  TXT", "12345678TXT",
                                         "~1234567TXT", "A~1B    TXT", "        ~1 " };
    uint32_t number, prefix_len;
    for (size_t i = 0; i < CAIRN_COUNT(plain); i++)
        ck_assert(!fat_short_tail_parse((const uint8_t *)plain[i], &number, &prefix_len));
}
END_TEST

static enum cairn_err label(const char *utf8, char out[CAIRN_FAT_LABEL_BYTES + 1])
{
    struct cairn_why why = { .err = CAIRN_OK };
    enum cairn_err err = cairn_fat_label_encode(utf8, strlen(utf8), out, &why);
    ck_assert_int_eq(why.err, err);
    ck_assert(err == CAIRN_OK || why.hint[0]);
    return err;
}

START_TEST(labels_are_upper_case_of_437)
{
    char out[CAIRN_FAT_LABEL_BYTES + 1];
    ck_assert_int_eq(label("Gr\u00FCn 1 ", out), CAIRN_OK);
    ck_assert_str_eq(out, "GR\x9AN 1");
    ck_assert_int_eq(label("", out), CAIRN_OK);
    ck_assert_str_eq(out, "");
    ck_assert_int_eq(label("ABCDEFGHIJK", out), CAIRN_OK);
    ck_assert_int_eq(label("ABCDEFGHIJKL", out), CAIRN_ENAMETOOLONG);
    static const char *const bad[] = {
        " A", "   ", "A.B", "A\x01", "\u20AC", "A\xFF", "A/", "A\""
    };
    for (size_t i = 0; i < CAIRN_COUNT(bad); i++)
        ck_assert_int_eq(label(bad[i], out), CAIRN_EILSEQ);
}
END_TEST

TCase *codec_short_tests(void)
{
    TCase *tests = tcase_create("8.3 names and labels");
    tcase_add_test(tests, an_exact_name_needs_no_long_slots);
    tcase_add_test(tests, other_names_get_a_basis);
    tcase_add_test(tests, the_removed_mark_is_stored_as_05);
    tcase_add_test(tests, invalid_raw_names_are_seen);
    tcase_add_test(tests, tails_fit_and_parse_back);
    tcase_add_test(tests, what_is_no_tail_is_not_parsed);
    tcase_add_test(tests, labels_are_upper_case_of_437);
    return tests;
}
