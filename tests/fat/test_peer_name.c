/* SPDX-License-Identifier: ISC */
/* Faults of others: names. */
#include "test_peer.h"
#include "volume_hand.h"

static void again(void)
{
    unmounted();
    ck_assert_int_eq(rig_mount(&rig), CAIRN_OK);
}

/* hxyulin/hadris#97, its suite on rust-fatfs and others: the same name in another case is made. */
START_TEST(names_in_another_case_are_the_same)
{
    mounted_plainly();
    ck_assert_int_eq(create("Read Me.txt"), CAIRN_OK);
    ck_assert_int_eq(create("READ ME.TXT"), CAIRN_EEXIST);
    ck_assert_int_eq(make_dir("read me.txt"), CAIRN_EEXIST);
    ck_assert_int_eq(create("readme~1.txt"), CAIRN_EEXIST); /* its alias */
    ended();
}
END_TEST

/* hxyulin/hadris#101: a rename that changes only the case is refused, or removes the file. */
START_TEST(case_alone_can_be_changed)
{
    mounted_plainly();
    put_path("notes.txt", "kept");
    ck_assert_int_eq(move("notes.txt", "/", "Notes.TXT"), CAIRN_OK);
    again();
    ck_assert_str_eq(entry_of(0).name, "Notes.TXT");
    struct cairn_fat_node *file = at("notes.txt");
    assert_holds(file, "kept");
    cairn_fat_release(file);
    ended();
}
END_TEST

/* mtools (seen: a:b.txt is stored as b.txt, with status 0): what cannot be stored is refused. */
START_TEST(what_cannot_be_stored_is_refused)
{
    static const char *const names[] = { "a:b.txt", "what?.txt", "a|b",    "a\"b", "<a>", "a*b",
                                         "a\\b",    "tab\there", "dots..", "end ", " . " };
    mounted_plainly();
    for (size_t i = 0; i < CAIRN_COUNT(names); i++)
        ck_assert_msg(create(names[i]) == CAIRN_EINVAL, "%s", names[i]);
    ended();
}
END_TEST

/* mtools (seen: U+1F600 is stored as 0xF600), go-diskfs, rust-fatfs, rust-embedded-community/
 * embedded-sdmmc-rs#12: characters beyond 16 bits. */
START_TEST(characters_beyond_16_bits_are_two_units)
{
    mounted_plainly();
    put_path("\xF0\x9F\x98\x80", "smile");
    again();
    ck_assert_str_eq(entry_of(0).name, "\xF0\x9F\x98\x80");
    const uint8_t *slot = rig_root_slot(&rig, 0);
    ck_assert_uint_eq(cairn_le16(slot + 1), 0xD83D);
    ck_assert_uint_eq(cairn_le16(slot + 3), 0xDE00);
    ended();
}
END_TEST

/* A half of such a character alone (seen with images that mtools wrote) is no name, but no reason
 * to lose the file either: it has its alias. */
START_TEST(half_a_character_does_not_hide_a_file)
{
    mounted_plainly();
    put_path("a name of two slots", "kept");
    put_path("behind", "also");
    ck_assert_int_eq(rig_unmount(&rig), CAIRN_OK);
    cairn_le16_put(rig_root_slot(&rig, 1) + 1, 0xDE00);
    ck_assert_int_eq(rig_mount(&rig), CAIRN_OK);
    ck_assert_str_eq(entry_of(0).alias, "ANAMEO~1");
    struct cairn_fat_node *file = at("ANAMEO~1");
    assert_holds(file, "kept");
    cairn_fat_release(file);
    ck_assert(is_there("behind"));
    ck_assert_int_eq(rig_unmount(&rig), CAIRN_OK);
    rig_free(&rig);
}
END_TEST

/* mtools 4.0.49's notes (getsolus/packages#6668), and the pitfall of counting bytes: 255 units of
 * three bytes each in UTF-8 are a name, 256 of one byte are not. */
START_TEST(names_are_measured_in_units)
{
    char name[3 * 256 + 1] = "";
    mounted_plainly();
    for (uint32_t i = 0; i < 255; i++)
        memcpy(name + (size_t)3 * i, "\xE6\x97\xA5", 4);
    ck_assert_int_eq(create(name), CAIRN_OK);
    ck_assert(is_there(name));
    memset(name, 'x', 256);
    name[256] = 0;
    ck_assert_int_eq(create(name), CAIRN_ENAMETOOLONG);
    name[255] = 0;
    ck_assert_int_eq(create(name), CAIRN_OK);
    ended();
}
END_TEST

/* rust-fatfs folds by Unicode's full rules, by which these two are one name. Microsoft's table is
 * one to one. */
START_TEST(sharp_s_is_not_two)
{
    mounted_plainly();
    put_path("STRASSE", "two");
    put_path(
        "stra\xC3\x9F"
        "e",
        "one");
    struct cairn_fat_node *file = at("strasse");
    assert_holds(file, "two");
    cairn_fat_release(file);
    ended();
}
END_TEST

/* The same letter, composed and not, are two names: nothing is normalised. */
START_TEST(names_are_not_normalised)
{
    mounted_plainly();
    put_path("\xC3\xA9", "composed");
    put_path("e\xCC\x81", "not");
    ck_assert(is_there("\xC3\x89"));
    again();
    ck_assert(is_there("\xC3\xA9") && is_there("e\xCC\x81"));
    ended();
}
END_TEST

/* A name whose first byte is 0xE5 on the disk looks removed, if it is not written as 0x05. */
START_TEST(first_byte_e5_is_written_as_05)
{
    rig_make(&rig, &(struct rig_shape){ .clusters = 40 });
    uint8_t *slot = rig_root_slot(&rig, 0);
    memcpy(slot,
           "\x05"
           "BC     TXT",
           11);
    slot[FAT_SLOT_ATTR] = CAIRN_FAT_ARCHIVE;
    cairn_le16_put(slot + FAT_SLOT_MODIFIED + 2, 33); /* 1980-01-01 */
    ck_assert_int_eq(rig_mount(&rig), CAIRN_OK);
    ck_assert_str_eq(entry_of(0).alias,
                     "\xCF\x83"
                     "BC.TXT"); /* sigma is 0xE5 in code page 437 */
    ck_assert(
        is_there("\xCF\x83"
                 "bc.txt"));
    ended();
}
END_TEST

/* FatFs: FR_DENIED after 99 tries of a numeric tail. mtools tries them one by one: 31 s for 1,000
 * files that begin alike. */
START_TEST(many_names_that_begin_alike)
{
    char name[48];
    mounted((struct rig_shape){
        .type = CAIRN_FAT16, .clusters = 1000, .cluster_bytes = 4096, .mem_bytes = 8u << 20 });
    ck_assert_int_eq(make_dir("d"), CAIRN_OK);
    struct cairn_fat_node *dir = at("d"), *node;
    for (unsigned i = 0; i < 3000; i++) {
        snprintf(name, sizeof name, "the file with number %u", i);
        ck_assert_int_eq(cairn_fat_create(dir, name, strlen(name), &node, &rig.why), CAIRN_OK);
        cairn_fat_release(node);
    }
    cairn_fat_release(dir);
    ck_assert(is_there("d/THE~3000"));
    ended();
}
END_TEST

/* apache/nuttx#19731: names of which nothing fits an 8.3 name got blank aliases, so that two names
 * opened one file. */
START_TEST(no_alias_is_blank_and_no_two_are_equal)
{
    mounted_plainly();
    put_path("\xE6\x97\xA5", "sun");
    put_path("\xE6\x9C\x88", "moon");
    put_path("...three", "dots");
    for (uint32_t n = 0; n < 3; n++) {
        ck_assert(entry_of(n).alias[0] && entry_of(n).alias[0] != ' ');
        ck_assert(n == 0 || strcmp(entry_of(n).alias, entry_of(n - 1).alias) != 0);
    }
    struct cairn_fat_node *file = at("\xE6\x9C\x88");
    assert_holds(file, "moon");
    cairn_fat_release(file);
    ended();
}
END_TEST

/* hxyulin/hadris#31: the label is listed as a file. */
START_TEST(label_is_no_file)
{
    mounted_plainly();
    ck_assert_int_eq(cairn_fat_label_set(rig.fs, "BACKUP", 6, &rig.why), CAIRN_OK);
    ck_assert(!is_there("BACKUP"));
    put_path("backup", "a file");
    ck_assert_str_eq(entry_of(0).name, "backup");
    ck_assert_int_eq(erase("BACKUP"), CAIRN_OK);
    char label[CAIRN_FAT_ALIAS_BYTES];
    ck_assert_int_eq(cairn_fat_label(rig.fs, label, &rig.why), CAIRN_OK);
    ck_assert_str_eq(label, "BACKUP");
    ended();
}
END_TEST

/* apache/nuttx#6545: long slots whose start cluster is not 0 were taken for files. */
START_TEST(long_slots_are_known_by_their_attributes)
{
    mounted_plainly();
    put_path("a name of two slots", "kept");
    ck_assert_int_eq(rig_unmount(&rig), CAIRN_OK);
    for (uint32_t n = 0; n < 2; n++)
        cairn_le16_put(rig_root_slot(&rig, n) + FAT_SLOT_START_LOW, 7);
    ck_assert_int_eq(rig_mount(&rig), CAIRN_OK);
    ck_assert_str_eq(entry_of(0).name, "a name of two slots");
    ck_assert_int_eq(erase("a name of two slots"), CAIRN_OK);
    ended();
}
END_TEST

/* apache/nuttx#18697: of the slots that Linux makes for one name, half were removed. */
START_TEST(all_slots_of_a_name_go_with_it)
{
    mounted_plainly();
    put_path("a name that takes four slots in all, I say", "x");
    put_path("next", "y");
    synced();
    ck_assert_int_eq(erase("ANAMET~1"), CAIRN_OK);
    synced();
    for (uint32_t n = 0; n < 5; n++)
        ck_assert_uint_eq(*rig_root_slot(&rig, n), FAT_SLOT_FREE);
    ck_assert_mem_eq(rig_root_slot(&rig, 5), "NEXT    ", 8);
    ended();
}
END_TEST

TCase *peer_name_tests(void)
{
    TCase *tests = tcase_create("names");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, names_in_another_case_are_the_same);
    tcase_add_test(tests, case_alone_can_be_changed);
    tcase_add_test(tests, what_cannot_be_stored_is_refused);
    tcase_add_test(tests, characters_beyond_16_bits_are_two_units);
    tcase_add_test(tests, half_a_character_does_not_hide_a_file);
    tcase_add_test(tests, names_are_measured_in_units);
    tcase_add_test(tests, sharp_s_is_not_two);
    tcase_add_test(tests, names_are_not_normalised);
    tcase_add_test(tests, first_byte_e5_is_written_as_05);
    tcase_add_test(tests, many_names_that_begin_alike);
    tcase_add_test(tests, no_alias_is_blank_and_no_two_are_equal);
    tcase_add_test(tests, label_is_no_file);
    tcase_add_test(tests, long_slots_are_known_by_their_attributes);
    tcase_add_test(tests, all_slots_of_a_name_go_with_it);
    return tests;
}
