/* SPDX-License-Identifier: ISC */
/* Directories that are damaged in ways that the table of damages has not: what is in them is kept.
 */
#include "test_repair.h"

#include <stdio.h>
#include <string.h>

#include <cairn/bytes.h>

#include "mend_rig.h"

static void slots_swap(uint8_t *a, uint8_t *b)
{
    uint8_t keep[FAT_SLOT_BYTES];
    memcpy(keep, a, sizeof keep);
    memcpy(a, b, sizeof keep);
    memcpy(b, keep, sizeof keep);
}

START_TEST(dots_change_places)
{
    struct sample s;
    sample_make(&s, CAIRN_FAT16);
    slots_swap(sample_dir_slot(&s, SAMPLE_SUB, 0), sample_dir_slot(&s, SAMPLE_SUB, 1));
    mend_keeps(&s, "DIR/SUB/DEEP.TXT", SAMPLE_DEEP);
    sample_free(&s);
}
END_TEST

/* Where they lead is known. */
START_TEST(dots_with_damaged_attributes_are_dots_again)
{
    for (size_t i = 0; i < MEND_TYPES; i++) {
        struct sample s;
        sample_make(&s, mend_types[i]);
        sample_dir_slot(&s, SAMPLE_SUB, 0)[FAT_SLOT_ATTR] = CAIRN_FAT_ARCHIVE;
        sample_dir_slot(&s, SAMPLE_SUB, 1)[FAT_SLOT_ATTR] |= CAIRN_FAT_VOLUME;
        sample_dir_slot(&s, SAMPLE_DIR, 1)[FAT_SLOT_ATTR] = 0;
        sample_dir_slot(&s, SAMPLE_DIR, 0)[FAT_SLOT_CASE] = FAT_CASE_NO_SHORT;
        mend_keeps(&s, "DIR/SUB/DEEP.TXT", SAMPLE_DEEP);
        ck_assert(!mend_exists(&s, "DIR/SUB/DOT"));
        ck_assert(!mend_exists(&s, "DIR/DOTDOT"));
        sample_free(&s);
    }
}
END_TEST

/* Put the slots of the file with the long name where the dots of DIR are. */
static void long_to_dots(struct sample *s)
{
    uint8_t *set = s->files[SAMPLE_LONG].slot - 2 * FAT_SLOT_BYTES;
    memcpy(sample_dir_slot(s, SAMPLE_DIR, 4), sample_dir_slot(s, SAMPLE_DIR, 2), FAT_SLOT_BYTES);
    memcpy(sample_dir_slot(s, SAMPLE_DIR, 0), set, 3 * FAT_SLOT_BYTES);
    memset(set, FAT_SLOT_FREE, 3 * FAT_SLOT_BYTES);
}

START_TEST(what_is_in_the_place_of_dots_moves_with_its_name)
{
    struct sample s;
    sample_make(&s, CAIRN_FAT12);
    long_to_dots(&s);
    mend_keeps(&s, "DIR/first long name.txt", SAMPLE_LONG);
    ck_assert(mend_is_at(&s, "DIR/INNER.TXT", SAMPLE_INNER));
    ck_assert(mend_is_at(&s, "DIR/SUB/DEEP.TXT", SAMPLE_DEEP));
    sample_free(&s);
}
END_TEST

/* Every slot behind is in use by empty files. */
START_TEST(a_full_directory_grows_for_its_dots)
{
    for (size_t i = 0; i < MEND_TYPES; i++) {
        struct sample s;
        sample_make(&s, mend_types[i]);
        long_to_dots(&s);
        for (uint32_t n = 5; n < 16; n++) {
            uint8_t *slot = sample_dir_slot(&s, SAMPLE_DIR, n);
            memcpy(slot, s.files[SAMPLE_EMPTY].slot, FAT_SLOT_BYTES);
            slot[0] = (uint8_t)('A' + n);
        }
        mend_keeps(&s, "DIR/first long name.txt", SAMPLE_LONG);
        ck_assert(mend_is_at(&s, "DIR/SUB/DEEP.TXT", SAMPLE_DEEP));
        ck_assert(mend_exists(&s, "DIR/PMPTY.TXT"));
        sample_free(&s);
    }
}
END_TEST

START_TEST(a_file_that_says_directory_is_a_file_again)
{
    struct sample s;
    sample_make(&s, CAIRN_FAT32);
    s.files[SAMPLE_B].slot[FAT_SLOT_ATTR] = CAIRN_FAT_DIRECTORY;
    mend_keeps(&s, "B.BIN", SAMPLE_B);
    sample_free(&s);
}
END_TEST

START_TEST(a_directory_that_is_none_becomes_a_file)
{
    static struct mending mending;
    struct sample s;
    struct mend_mounted m;
    struct cairn_fat_node *node;
    char bytes[32];
    size_t done;
    sample_make(&s, CAIRN_FAT16);
    damage_plant(damage_find("dir-garbage"), &s);
    mend_volume(&s, &mending);
    mend_mount(&m, &s);
    ck_assert_int_eq(cairn_fat_walk(m.fs, "DIR/SUB", 7, &node, NULL), CAIRN_OK);
    ck_assert_int_eq(cairn_fat_read(node, 0, bytes, 10, &done, NULL), CAIRN_OK);
    ck_assert_mem_eq(bytes, "alle tiere", 10);
    cairn_fat_release(node);
    mend_unmount(&m);
    mending_end(&mending);
    sample_free(&s);
}
END_TEST

/* One cluster of text in a directory that is one. */
START_TEST(nonsense_in_a_directory_is_kept_elsewhere)
{
    static struct mending mending;
    struct sample s;
    sample_make(&s, CAIRN_FAT32);
    uint32_t more = sample_chain(&s, 1);
    sample_link(&s, s.files[SAMPLE_DIR].start, more);
    memset(sample_dir_slot(&s, SAMPLE_DIR, 4), FAT_SLOT_FREE, 12 * FAT_SLOT_BYTES);
    memset(sample_cluster(&s, more), 'e', 512);
    sample_fsinfo(&s);
    mend_volume(&s, &mending);
    ck_assert_msg(mend_is_at(&s, "DIR/SUB/DEEP.TXT", SAMPLE_DEEP), "%s", mending.log);
    ck_assert_msg(mend_exists(&s, "found/FILE0001"), "%s", mending.log);
    mending_end(&mending);
    sample_free(&s);
}
END_TEST

/* The first byte of an entry in the middle became 0. */
START_TEST(what_a_false_end_mark_hides_comes_back)
{
    for (size_t i = 0; i < MEND_TYPES; i++) {
        struct sample s;
        sample_make(&s, mend_types[i]);
        s.files[SAMPLE_EMPTY].slot[0] = FAT_SLOT_END;
        mend_keeps(&s, "first long name.txt", SAMPLE_LONG);
        ck_assert(mend_is_at(&s, "DIR/SUB/DEEP.TXT", SAMPLE_DEEP));
        ck_assert(!mend_exists(&s, "found"));
        sample_free(&s);
    }
}
END_TEST

/* Entries behind the end mark whose clusters are another's, or nobody's. */
START_TEST(leftovers_behind_the_end_mark_stay_away)
{
    struct sample s;
    sample_make(&s, CAIRN_FAT16);
    uint8_t *slot = sample_dir_slot(&s, SAMPLE_DIR, 5);
    memcpy(slot, s.files[SAMPLE_A].slot, FAT_SLOT_BYTES);
    memcpy(slot + FAT_SLOT_BYTES, s.files[SAMPLE_B].slot, FAT_SLOT_BYTES);
    sample_start_put(slot + FAT_SLOT_BYTES, s.last);
    mend_keeps(&s, "A.TXT", SAMPLE_A);
    ck_assert(!mend_exists(&s, "DIR/A.TXT"));
    ck_assert(!mend_exists(&s, "DIR/B.BIN"));
    sample_free(&s);
}
END_TEST

TCase *repair_dirs_tests(void)
{
    TCase *tests = tcase_create("directories");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, dots_change_places);
    tcase_add_test(tests, dots_with_damaged_attributes_are_dots_again);
    tcase_add_test(tests, what_is_in_the_place_of_dots_moves_with_its_name);
    tcase_add_test(tests, a_full_directory_grows_for_its_dots);
    tcase_add_test(tests, a_file_that_says_directory_is_a_file_again);
    tcase_add_test(tests, a_directory_that_is_none_becomes_a_file);
    tcase_add_test(tests, nonsense_in_a_directory_is_kept_elsewhere);
    tcase_add_test(tests, what_a_false_end_mark_hides_comes_back);
    tcase_add_test(tests, leftovers_behind_the_end_mark_stay_away);
    return tests;
}
