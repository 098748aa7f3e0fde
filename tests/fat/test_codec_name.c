/* SPDX-License-Identifier: ISC */
#include "codec.h"

#include <iconv.h>
#include <stdio.h>

#include <tape/tape.h>

static enum cairn_err parse(const char *bytes, size_t len)
{
    struct fat_name name;
    return fat_name_from_utf8(&name, bytes, len);
}

START_TEST(takes_every_length_of_utf8)
{
    struct fat_name name = name_of("a\u00FC\u20AC\U0001F600");
    static const uint16_t units[] = { 'a', 0xFC, 0x20AC, 0xD83D, 0xDE00 };
    ck_assert_uint_eq(name.len, 5);
    ck_assert_mem_eq(name.units, units, sizeof units);
    assert_shows(&name, "a\u00FC\u20AC\U0001F600");
}
END_TEST

START_TEST(refuses_malformed_utf8)
{
    static const char *const bad[] = {
        "\x80",     "\xC3",         "\xC0\x80",         "\xC1\xBF",         "\xE0\x9F\xBF",
        "\xE2\x82", "\xE2\x28\xA1", "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80",
        "\xFF",     "a\xBF"
    };
    for (size_t i = 0; i < CAIRN_COUNT(bad); i++)
        ck_assert_int_eq(parse(bad[i], strlen(bad[i])), CAIRN_EILSEQ);
    ck_assert_int_eq(parse("", 0), CAIRN_ENOENT);
}
END_TEST

START_TEST(takes_lone_surrogates_but_no_pairs_of_them)
{
    struct fat_name name = { .len = 4, .units = { 0xDC00, 'x', 0xD800, 0xD800 } };
    assert_shows(&name, "\xED\xB0\x80x\xED\xA0\x80\xED\xA0\x80");
    struct fat_name back = name_of("\xED\xB0\x80x\xED\xA0\x80\xED\xA0\x80");
    ck_assert(fat_name_same(&name, &back));
    ck_assert_int_eq(parse("\xED\xA0\xBD\xED\xB8\x80", 6), CAIRN_EILSEQ);
}
END_TEST

START_TEST(counts_units_not_bytes)
{
    char text[255 * 4 + 1];
    for (size_t i = 0; i < 255; i++)
        memcpy(text + i * 3, "\u20AC", 3);
    ck_assert_int_eq(parse(text, 255 * 3), CAIRN_OK);
    text[255 * 3] = 'x';
    ck_assert_int_eq(parse(text, 255 * 3 + 1), CAIRN_ENAMETOOLONG);
    for (size_t i = 0; i < 128; i++)
        memcpy(text + i * 4, "\U0001F600", 4);
    ck_assert_int_eq(parse(text, 127 * 4), CAIRN_OK);
    ck_assert_int_eq(parse(text, 128 * 4), CAIRN_ENAMETOOLONG);
}
END_TEST

static bool name_survives_utf8(struct tape *tape)
{
    struct fat_name name = { .len = 0 }, back;
    static const uint16_t from[] = { 0x20, 0x80, 0x800, 0xD7F0, 0xDBF0, 0xDFF0, 0xFFE0 };
    while (name.len < FAT_NAME_UNITS && tape_more(tape))
        name.units[name.len++] = (uint16_t)(from[tape_pick(tape, 7)] + tape_u64(tape, 31));
    char text[CAIRN_FAT_NAME_BYTES];
    size_t len = fat_name_to_utf8(&name, text);
    if (name.len == 0) return len == 0 || tape_fail(tape, "empty name has %zu bytes", len);
    enum cairn_err err = fat_name_from_utf8(&back, text, len);
    if (err || !fat_name_same(&name, &back)) return tape_fail(tape, "%s differs", text);
    return true;
}

START_TEST(every_name_on_disk_can_be_named)
{
    ck_assert(tape_run("name_survives_utf8", name_survives_utf8, NULL));
}
END_TEST

static enum cairn_err check(const char *utf8, uint32_t *bad)
{
    struct fat_name name = name_of(utf8);
    return fat_name_check(&name, bad);
}

START_TEST(refuses_what_fat_may_not_store)
{
    static const struct {
        const char *name;
        uint32_t bad;
    } cases[] = { { "a\"b", 1 }, { "a*", 1 },    { "/", 0 },     { "a:b", 1 },
                  { "ab<", 2 },  { ">", 0 },     { "?", 0 },     { "\\", 0 },
                  { "|", 0 },    { "a\x1F", 1 }, { "a\x01", 1 }, { ".", 0 },
                  { "..", 1 },   { "a.", 1 },    { "a ", 1 },    { " ", 0 } };
    uint32_t bad;
    for (size_t i = 0; i < CAIRN_COUNT(cases); i++) {
        ck_assert_int_eq(check(cases[i].name, &bad), CAIRN_EINVAL);
        ck_assert_uint_eq(bad, cases[i].bad);
    }
}
END_TEST

START_TEST(allows_what_windows_only_dislikes)
{
    static const char *const good[] = { "CON", ".profile", " a", "a+b,c;d=e[f]", "\x7F", "..a" };
    uint32_t bad;
    for (size_t i = 0; i < CAIRN_COUNT(good); i++)
        ck_assert_int_eq(check(good[i], &bad), CAIRN_OK);
}
END_TEST

START_TEST(upcase_is_one_to_one_and_reversible)
{
    static bool taken[0x10000];
    for (uint32_t unit = 0; unit < 0x10000; unit++) {
        uint16_t upper = fat_upcase((uint16_t)unit);
        ck_assert_uint_eq(fat_upcase(upper), upper);
        if (upper == unit) continue;
        ck_assert_uint_eq(fat_downcase(upper), unit);
        ck_assert(!taken[upper]);
        taken[upper] = true;
    }
}
END_TEST

START_TEST(upcase_keeps_apart_what_windows_does)
{
    static const uint16_t alone[] = { 0x131, 0x17F, 0xDF, 0xB5, 0x3C2, 0x1C5, 0xD83D, 0xDE00, '[' };
    for (size_t i = 0; i < CAIRN_COUNT(alone); i++)
        ck_assert_uint_eq(fat_upcase(alone[i]), alone[i]);
    static const uint16_t pairs[][2] = { { 'a', 'A' },       { 'z', 'Z' },       { 0xE0, 0xC0 },
                                         { 0xFF, 0x178 },    { 0x3C3, 0x3A3 },   { 0x44F, 0x42F },
                                         { 0x17E, 0x17D },   { 0x1F80, 0x1F88 }, { 0xFF5A, 0xFF3A },
                                         { 0x1D79, 0xA77D }, { 0x2D00, 0x10A0 }, { 0x1C6, 0x1C4 } };
    for (size_t i = 0; i < CAIRN_COUNT(pairs); i++)
        ck_assert_uint_eq(fat_upcase(pairs[i][0]), pairs[i][1]);
}
END_TEST

START_TEST(names_compare_without_case)
{
    struct fat_name a = name_of("Gr\u00FC\u00DFe.Txt"), b = name_of("GR\u00DC\u00DFE.TXT");
    struct fat_name c = name_of("GR\u00DCSSE.TXT"), d = name_of("u\u0308"), e = name_of("\u00FC");
    ck_assert(fat_name_equal(&a, &b));
    ck_assert(!fat_name_same(&a, &b));
    ck_assert_uint_eq(fat_name_hash(&a), fat_name_hash(&b));
    ck_assert(!fat_name_equal(&a, &c));
    ck_assert(!fat_name_equal(&d, &e)); /* never normalised */
}
END_TEST

START_TEST(code_pages_are_one_to_one)
{
    uint32_t pages = 0;
    for (uint32_t page = 1; page < 2000; page++) {
        if (!cairn_fat_codepage_known(page)) continue;
        pages++;
        for (uint32_t byte = 1; byte < 256; byte++) {
            uint16_t unit = fat_codepage_unit((enum cairn_fat_codepage)page, (uint8_t)byte);
            ck_assert_uint_ne(unit, 0);
            ck_assert_uint_eq(fat_codepage_byte((enum cairn_fat_codepage)page, unit), byte);
        }
    }
    ck_assert_uint_eq(pages, 20);
    ck_assert(!cairn_fat_codepage_known(932));
}
END_TEST

START_TEST(code_pages_differ)
{
    ck_assert_uint_eq(fat_codepage_unit(CAIRN_FAT_CP437, 0xE1), 0xDF);
    ck_assert_uint_eq(fat_codepage_unit(CAIRN_FAT_CP850, 0xD5), 0x131);
    ck_assert_uint_eq(fat_codepage_unit(CAIRN_FAT_CP852, 0xE5), 0x148);
    ck_assert_uint_eq(fat_codepage_unit(CAIRN_FAT_CP866, 0xE5), 0x445);
    ck_assert_uint_eq(fat_codepage_unit(CAIRN_FAT_CP1252, 0x80), 0x20AC);
    ck_assert_uint_eq(fat_codepage_byte(CAIRN_FAT_CP437, 0x20AC), 0);
}
END_TEST

/* iconv knows the same pages. What it lacks is a control or private character here; bytes that
 * glibc gives to Hebrew points and marks, Microsoft's page 1255 has too. */
START_TEST(code_pages_are_iconvs)
{
    uint32_t compared = 0;
    for (uint32_t page = 1; page < 2000; page++) {
        char name[16];
        if (!cairn_fat_codepage_known(page)) continue;
        snprintf(name, sizeof name, "CP%u", page);
        iconv_t to = iconv_open("UTF-16LE", name);
        if (to == (iconv_t)-1) continue;
        for (uint32_t byte = 0x80; byte < 256; byte++) {
            char in[] = { (char)byte, ' ' }, *from = in;
            uint8_t out[8], *at = out;
            size_t left = sizeof in, room = sizeof out;
            uint16_t unit = fat_codepage_unit((enum cairn_fat_codepage)page, (uint8_t)byte);
            bool has = iconv(to, &from, &left, (char **)&at, &room) != (size_t)-1;
            uint16_t wanted =
                has ? cairn_le16(out) : (uint16_t)(byte < 0xA0 ? byte : 0xF700 + byte);
            ck_assert_msg(unit == wanted, "page %u, byte %02X: U+%04X, not U+%04X", page, byte,
                          unit, wanted);
            iconv(to, NULL, NULL, NULL, NULL);
            compared++;
        }
        iconv_close(to);
    }
    printf("code pages: %u bytes compared with iconv\n", compared);
}
END_TEST

/* Lengths and first letters that could make up for one another. */
START_TEST(hashes_of_like_names_differ)
{
    static struct fat_name a, b;
    for (uint32_t len = 1; len < 255; len++)
        for (uint16_t first = 'B'; first <= 'P'; first++) {
            for (uint32_t i = 0; i < 255; i++)
                a.units[i] = b.units[i] = '0';
            a.len = (uint16_t)len;
            b.len = (uint16_t)(len + 1);
            a.units[0] = 'A';
            b.units[0] = first;
            ck_assert_uint_ne(fat_name_hash64(&a), fat_name_hash64(&b));
        }
}
END_TEST

/* FILE0000, FILE0001, ... spread over a table that is less than half full. */
START_TEST(hashes_of_numbered_names_spread)
{
    static uint8_t taken[16384];
    uint32_t worst = 0;
    for (uint32_t i = 0; i < 8000; i++) {
        struct fat_name name = { .units = { 'F', 'I', 'L', 'E' }, .len = 8 };
        for (uint32_t n = 0, rest = i; n < 4; n++, rest /= 10)
            name.units[7 - n] = (uint16_t)('0' + rest % 10);
        uint64_t at = fat_name_hash64(&name) >> 2;
        uint32_t probes = 0;
        while (taken[(at + probes) % sizeof taken])
            probes++;
        taken[(at + probes) % sizeof taken] = 1;
        if (probes > worst) worst = probes;
    }
    ck_assert_uint_lt(worst, 64);
}
END_TEST

TCase *codec_name_tests(void)
{
    TCase *tests = tcase_create("names");
    tcase_add_test(tests, takes_every_length_of_utf8);
    tcase_add_test(tests, refuses_malformed_utf8);
    tcase_add_test(tests, takes_lone_surrogates_but_no_pairs_of_them);
    tcase_add_test(tests, counts_units_not_bytes);
    tcase_add_test(tests, every_name_on_disk_can_be_named);
    tcase_add_test(tests, refuses_what_fat_may_not_store);
    tcase_add_test(tests, allows_what_windows_only_dislikes);
    tcase_add_test(tests, upcase_is_one_to_one_and_reversible);
    tcase_add_test(tests, upcase_keeps_apart_what_windows_does);
    tcase_add_test(tests, names_compare_without_case);
    tcase_add_test(tests, hashes_of_like_names_differ);
    tcase_add_test(tests, hashes_of_numbered_names_spread);
    tcase_add_test(tests, code_pages_are_one_to_one);
    tcase_add_test(tests, code_pages_are_iconvs);
    tcase_add_test(tests, code_pages_differ);
    return tests;
}
