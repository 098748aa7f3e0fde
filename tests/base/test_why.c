/* SPDX-License-Identifier: ISC */
#include "units.h"
#include <cairn/why.h>
#include <string.h>

static struct cairn_why why;
static char buf[512];

static void ck_why(const char *expected)
{
    size_t len = cairn_why_text(&why, buf, sizeof(buf));
    ck_assert_str_eq(buf, expected);
    ck_assert_uint_eq(len, strlen(expected));
}

START_TEST(whole_form)
{
    ck_assert_int_eq(cairn_why_fail(&why, CAIRN_ENOSPC, "write"), CAIRN_ENOSPC);
    cairn_why_via(&why, "disk.img");
    cairn_why_via(&why, "partition 2");
    cairn_why_via(&why, "cow");
    cairn_why_block(&why, 4096);
    cairn_why_path(&why, "dir/a.txt!", 9);
    cairn_why_hint(&why, "%s", "delete something");
    ck_why(
        "dir/a.txt: write block 4096 via cow/partition 2/disk.img: No space left "
        "(delete something)");
}
END_TEST

START_TEST(place_is_no_part_of_a_detail)
{
    ck_assert(cairn_why_fail(&why, CAIRN_EIO, "read: %s", "no power"));
    ck_why("read: no power: Input/output error");
    cairn_why_via(&why, "sim");
    ck_why("read: no power, via sim: Input/output error");
    cairn_why_block(&why, 7);
    ck_why("read: no power, block 7 via sim: Input/output error");
}
END_TEST

START_TEST(empty_parts_are_left_out)
{
    ck_assert(cairn_why_fail(&why, CAIRN_EIO, "%s", ""));
    ck_why("Input/output error");
    cairn_why_block(&why, 0);
    ck_why("block 0: Input/output error");
    cairn_why_via(&why, "mem");
    ck_why("block 0 via mem: Input/output error");
    cairn_why_block(&why, CAIRN_WHY_NONE);
    ck_why("via mem: Input/output error");
    cairn_why_path(&why, "x", 1);
    ck_why("x: via mem: Input/output error");
    ck_assert(cairn_why_fail(&why, CAIRN_ECORRUPT, "FAT entry %u is %u", 7u, 1u));
    ck_why("FAT entry 7 is 1: Corrupt data");
}
END_TEST

START_TEST(zeroed_is_as_good_as_cleared)
{
    memset(&why, 0, sizeof(why));
    ck_why("No error");
    cairn_why_clear(&why);
    ck_why("No error");
}
END_TEST

START_TEST(failing_again_starts_anew)
{
    ck_assert(cairn_why_fail(&why, CAIRN_EIO, "read"));
    cairn_why_block(&why, 3);
    cairn_why_os(&why, 5);
    cairn_why_path(&why, "p", 1);
    cairn_why_via(&why, "v");
    cairn_why_hint(&why, "h");
    ck_assert_int_eq(why.os, 5);
    ck_assert(cairn_why_fail(&why, CAIRN_EINVAL, "open"));
    ck_why("open: Invalid argument");
    ck_assert_int_eq(why.os, 0);
}
END_TEST

START_TEST(new_explanation_may_quote_the_old)
{
    ck_assert(cairn_why_fail(&why, CAIRN_EIO, "read"));
    ck_assert(cairn_why_fail(&why, CAIRN_EIO, "mount: %s", why.what));
    ck_why("mount: read: Input/output error");
}
END_TEST

START_TEST(nobody_to_tell)
{
    ck_assert_int_eq(cairn_why_fail(NULL, CAIRN_EIO, "read"), CAIRN_EIO);
    cairn_why_clear(NULL);
    cairn_why_block(NULL, 1);
    cairn_why_os(NULL, 1);
    cairn_why_path(NULL, "p", 1);
    cairn_why_via(NULL, "v");
    cairn_why_hint(NULL, "h");
}
END_TEST

START_TEST(names_are_escaped)
{
    ck_assert(cairn_why_fail(&why, CAIRN_ENOENT, "open \"%s\"", "\x1b[2J"));
    cairn_why_path(&why, "a\nb", 3);
    cairn_why_via(&why, "x\x07");
    cairn_why_hint(&why, "%s", "\t");
    ck_why("a\\nb: open \"\\x1b[2J\" via x\\x07: Not found (\\t)");
}
END_TEST

START_TEST(long_path_keeps_its_end)
{
    char path[400];
    memset(path, 'd', sizeof(path));
    memcpy(path + sizeof(path) - 6, "/a.txt", 6);
    ck_assert(cairn_why_fail(&why, CAIRN_ENOENT, "open"));
    cairn_why_path(&why, path, sizeof(path));
    ck_assert_uint_eq(strlen(why.path), CAIRN_WHY_TEXT_BYTES - 1);
    ck_assert_int_eq(strncmp(why.path, "...d", 4), 0);
    ck_assert_str_eq(why.path + strlen(why.path) - 6, "/a.txt");
    cairn_why_path(&why, path, CAIRN_WHY_TEXT_BYTES - 1);
    ck_assert_int_eq(why.path[0], 'd');
}
END_TEST

START_TEST(via_keeps_the_lowest_layers)
{
    char layer[CAIRN_WHY_VIA_BYTES + 10];
    ck_assert(cairn_why_fail(&why, CAIRN_EIO, "read"));
    cairn_why_via(&why, "disk.img");
    memset(layer, 'l', sizeof(layer));
    layer[CAIRN_WHY_VIA_BYTES - 1 - 9 + 1] = '\0'; /* one byte too long for "layer/disk.img" */
    cairn_why_via(&why, layer);
    ck_assert_str_eq(why.via, "disk.img");
    layer[CAIRN_WHY_VIA_BYTES - 1 - 9] = '\0';
    cairn_why_via(&why, layer);
    ck_assert_uint_eq(strlen(why.via), CAIRN_WHY_VIA_BYTES - 1);
    ck_assert_str_eq(why.via + strlen(why.via) - 9, "/disk.img");
}
END_TEST

START_TEST(long_texts_are_cut)
{
    char longer[1000];
    memset(longer, 'w', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    ck_assert(cairn_why_fail(&why, CAIRN_EIO, "%s", longer));
    cairn_why_via(&why, longer);
    cairn_why_hint(&why, "%s", longer);
    ck_assert_uint_eq(strlen(why.what), CAIRN_WHY_TEXT_BYTES - 1);
    ck_assert_uint_eq(strlen(why.via), CAIRN_WHY_VIA_BYTES - 1);
    ck_assert_uint_eq(strlen(why.hint), CAIRN_WHY_TEXT_BYTES - 1);
    ck_assert_uint_eq(cairn_why_text(&why, buf, 10), 9);
    ck_assert_str_eq(buf, "wwwwwwwww");
}
END_TEST

TCase *why_units(void)
{
    TCase *tcase = tcase_create("why");
    tcase_add_test(tcase, whole_form);
    tcase_add_test(tcase, place_is_no_part_of_a_detail);
    tcase_add_test(tcase, empty_parts_are_left_out);
    tcase_add_test(tcase, zeroed_is_as_good_as_cleared);
    tcase_add_test(tcase, failing_again_starts_anew);
    tcase_add_test(tcase, new_explanation_may_quote_the_old);
    tcase_add_test(tcase, nobody_to_tell);
    tcase_add_test(tcase, names_are_escaped);
    tcase_add_test(tcase, long_path_keeps_its_end);
    tcase_add_test(tcase, via_keeps_the_lowest_layers);
    tcase_add_test(tcase, long_texts_are_cut);
    return tcase;
}
