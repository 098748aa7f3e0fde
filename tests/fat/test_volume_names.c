/* SPDX-License-Identifier: ISC */
/* Units of the volume: names and directories. */
#include "test_volume.h"
#include "volume_hand.h"

/* ---- names ----------------------------------------------------------------------------------- */

START_TEST(a_change_of_case_is_a_change)
{
    mounted_plainly();
    put_path("a long name", "x");
    ck_assert_int_eq(move("a long name", "/", "A Long Name"), CAIRN_OK);
    ck_assert_str_eq(entry_of(0).name, "A Long Name");
    put_path("lower.txt", "y");
    ck_assert_int_eq(move("lower.txt", "/", "LOWER.txt"), CAIRN_OK);
    ck_assert_str_eq(entry_of(1).name, "LOWER.txt");
    ck_assert_str_eq(entry_of(1).alias, "LOWER.TXT");
    struct cairn_fat_node *dir = root();
    ck_assert_int_eq(cairn_fat_list(dir, entry_of(1).next, &(struct cairn_fat_entry){ 0 }, NULL),
                     CAIRN_ENOENT);
    cairn_fat_release(dir);
    ended();
}
END_TEST

START_TEST(case_bits_save_the_long_name)
{
    mounted_plainly();
    put_path("lower.TXT", "x");
    synced();
    const uint8_t *slot = rig_root_slot(&rig, 0);
    ck_assert_mem_eq(slot, "LOWER   TXT", 11);
    ck_assert_uint_eq(slot[FAT_SLOT_CASE], FAT_CASE_BASE);
    ended();
}
END_TEST

START_TEST(a_replaced_name_is_one_name)
{
    mounted_plainly();
    put_path("source", "new");
    put_path("Target Name", "old contents");
    ck_assert_int_eq(move("source", "/", "target name"), CAIRN_OK);
    ck_assert(!is_there("source"));
    ck_assert_str_eq(entry_of(0).name, "Target Name");
    struct cairn_fat_node *file = at("Target Name");
    assert_holds(file, "new");
    cairn_fat_release(file);
    ended();
}
END_TEST

START_TEST(aliases_are_numbered)
{
    char name[40];
    mounted((struct rig_shape){ .clusters = 400, .root_entries = 512 });
    for (unsigned i = 0; i < 120; i++) {
        snprintf(name, sizeof name, "a family of names %u.text", i);
        ck_assert_int_eq(create(name), CAIRN_OK);
    }
    ck_assert_str_eq(entry_of(0).alias, "AFAMIL~1.TEX");
    ck_assert_str_eq(entry_of(8).alias, "AFAMIL~9.TEX");
    ck_assert_str_eq(entry_of(9).alias, "AFAMI~10.TEX");
    ck_assert_str_eq(entry_of(99).alias, "AFAM~100.TEX");
    ck_assert(is_there("afam~120.tex"));
    ck_assert_int_eq(create("AFAM~120.TEX"), CAIRN_EEXIST);
    ended();
}
END_TEST

START_TEST(an_entry_tells_how_it_is_spelled)
{
    struct cairn_fat_entry entry;
    mounted_plainly();
    put_path("A long Name", "12345");
    struct cairn_fat_node *dir = root();
    ck_assert_int_eq(cairn_fat_find(dir, "a LONG name", 11, &entry, NULL), CAIRN_OK);
    ck_assert_str_eq(entry.name, "A long Name");
    ck_assert_uint_eq(entry.stat.size, 5);
    ck_assert_int_eq(cairn_fat_find(dir, "alongn~1", 8, &entry, NULL), CAIRN_OK);
    ck_assert_str_eq(entry.name, "A long Name");
    ck_assert_int_eq(cairn_fat_find(dir, "..", 2, &entry, NULL), CAIRN_ENOENT);
    cairn_fat_release(dir);
    ended();
}
END_TEST

START_TEST(a_first_byte_of_e5_is_escaped)
{
    mounted_plainly();
    put_path("\xCE\xA3", "x"); /* capital sigma: 0xE4 in code page 437 */
    put_path("\xCF\x83", "x"); /* sigma: 0xE5; its capital is the first */
    unmounted();
    ck_assert_int_eq(rig_mount(&rig), CAIRN_OK);
    ck_assert(is_there("\xCF\x83"));
    for (uint32_t i = 0; i < 4; i++)
        ck_assert_uint_ne(*rig_root_slot(&rig, i), FAT_SLOT_FREE);
    ended();
}
END_TEST

START_TEST(names_are_refused)
{
    char name[CAIRN_FAT_NAME_UNITS + 2];
    memset(name, 'n', sizeof name);
    mounted_plainly();
    name[sizeof name - 1] = 0;
    ck_assert_int_eq(create(name), CAIRN_ENAMETOOLONG);
    name[sizeof name - 2] = 0;
    ck_assert_int_eq(create(name), CAIRN_OK);
    ck_assert(is_there(name));
    ck_assert_int_eq(create("dot."), CAIRN_EINVAL);
    ck_assert_int_eq(create("space "), CAIRN_EINVAL);
    ck_assert_int_eq(create(".."), CAIRN_EINVAL);
    ck_assert_int_eq(create("a*b"), CAIRN_EINVAL);
    ck_assert_ptr_nonnull(strstr(rig.why.what, "'*'"));
    ck_assert_str_eq(rig.why.path, "a*b");
    ck_assert_int_eq(create("\xC3"), CAIRN_EILSEQ);
    ck_assert_int_eq(create("\xED\xA0\x80"), CAIRN_EINVAL); /* half a pair: check would complain */
    ck_assert_int_eq(erase(".."), CAIRN_EBUSY);
    ended();
}
END_TEST

/* ---- directories ----------------------------------------------------------------------------- */

START_TEST(a_fixed_root_is_full)
{
    char name[16];
    mounted((struct rig_shape){ .type = CAIRN_FAT16, .root_entries = 16 });
    for (unsigned i = 0; i < 16; i++) {
        snprintf(name, sizeof name, "F%u", i);
        ck_assert_int_eq(create(name), CAIRN_OK);
    }
    ck_assert_int_eq(create("MORE"), CAIRN_ENOSPC);
    ck_assert_ptr_nonnull(strstr(rig.why.what, "16 entries"));
    ck_assert_int_eq(erase("F3"), CAIRN_OK);
    ck_assert_int_eq(create("MORE"), CAIRN_OK);
    ended();
}
END_TEST

START_TEST(a_directory_grows)
{
    char name[64];
    mounted((struct rig_shape){ .clusters = 150 });
    ck_assert_int_eq(make_dir("d"), CAIRN_OK);
    struct cairn_fat_node *dir = at("d"), *node;
    for (unsigned i = 0; i < 100; i++) { /* slots: 2 a file, so over every edge */
        snprintf(name, sizeof name, "%*u.long", 1 + (int)(i % 20), i);
        ck_assert_int_eq(cairn_fat_create(dir, name, strlen(name), &node, &rig.why), CAIRN_OK);
        cairn_fat_release(node);
    }
    ck_assert_uint_ge(stat_of(dir).allocated, 100 * 2 * 32);
    cairn_fat_release(dir);
    ended();
}
END_TEST

START_TEST(a_cursor_survives_changes)
{
    struct cairn_fat_entry entry;
    mounted_plainly();
    ck_assert_int_eq(create("one of the long names"), CAIRN_OK);
    ck_assert_int_eq(create("TWO"), CAIRN_OK);
    ck_assert_int_eq(create("THREE"), CAIRN_OK);
    ck_assert_int_eq(create("FOUR"), CAIRN_OK);
    uint64_t behind_two = entry_of(1).next;
    ck_assert_int_eq(erase("TWO"), CAIRN_OK);
    ck_assert_int_eq(erase("THREE"), CAIRN_OK);
    synced();
    ck_assert_int_eq(create("over the cursor"), CAIRN_OK); /* slots of TWO and THREE, and one */
    struct cairn_fat_node *dir = root();
    for (uint64_t cursor = behind_two; !cairn_fat_list(dir, cursor, &entry, NULL);
         cursor = entry.next)
        ck_assert(!strcmp(entry.name, "FOUR") || !strcmp(entry.name, "over the cursor"));
    cairn_fat_release(dir);
    ended();
}
END_TEST

TCase *volume_name_tests(void)
{
    TCase *tests = tcase_create("names");
    tcase_add_test(tests, a_change_of_case_is_a_change);
    tcase_add_test(tests, case_bits_save_the_long_name);
    tcase_add_test(tests, a_replaced_name_is_one_name);
    tcase_add_test(tests, aliases_are_numbered);
    tcase_add_test(tests, an_entry_tells_how_it_is_spelled);
    tcase_add_test(tests, a_first_byte_of_e5_is_escaped);
    tcase_add_test(tests, names_are_refused);
    tcase_add_test(tests, a_fixed_root_is_full);
    tcase_add_test(tests, a_directory_grows);
    tcase_add_test(tests, a_cursor_survives_changes);
    return tests;
}
