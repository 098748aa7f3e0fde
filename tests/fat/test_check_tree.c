/* SPDX-License-Identifier: ISC */
/* Shapes of trees: healthy ones, deep ones, and ones made to keep a naive walker busy for ever. */
#include "test_check.h"

#include <stdio.h>

static uint8_t *slot_of(const struct sample *s, uint32_t cluster, uint32_t n)
{
    return sample_cluster(s, cluster) + n * FAT_SLOT_BYTES;
}

/* A new directory of one cluster that lies in nothing yet. */
static uint32_t dir_make(struct sample *s, uint32_t parent)
{
    uint32_t start = sample_chain(s, 1);
    struct fat_dirent self = { .start = start };
    fat_dot_slots(slot_of(s, start, 0), &self, parent);
    return start;
}

static void dir_enter(uint8_t *slot, const char *raw, uint32_t start)
{
    struct fat_dirent entry = { .attributes = CAIRN_FAT_DIRECTORY, .start = start };
    memcpy(entry.raw, raw, FAT_SHORT_BYTES);
    fat_dirent_encode(&entry, slot);
}

START_TEST(healthy_volumes_have_no_findings)
{
    struct sample s;
    struct gathered out = { 0 };
    sample_make(&s, check_types[_i]);
    check_sample(&out, &s, NULL);
    ck_assert_int_eq(out.err, CAIRN_OK);
    ck_assert_msg(out.total == 0, "%s", out.log);
    ck_assert_uint_eq(out.result.files, 7);
    ck_assert_uint_eq(out.result.directories, 2);
    ck_assert_uint_eq(out.result.fragmented_files, 0);
    ck_assert_uint_eq(out.result.clusters, s.geometry.cluster_count);
    ck_assert_uint_eq(out.result.used_clusters, s.next - 2);
    ck_assert_uint_eq(out.result.used_clusters + out.result.free_clusters, out.result.clusters);
    sample_free(&s);
}
END_TEST

START_TEST(fragments_are_counted)
{
    struct sample s;
    struct gathered out = { 0 };
    sample_make(&s, CAIRN_FAT16);
    uint32_t b = s.files[SAMPLE_B].start, far = sample_chain(&s, 1);
    sample_link(&s, b + 2, far);
    sample_link(&s, b + 3, FATENT_FREE);
    check_sample(&out, &s, NULL);
    ck_assert_msg(out.total == 0, "%s", out.log);
    ck_assert_uint_eq(out.result.fragmented_files, 1);
    sample_free(&s);
}
END_TEST

/* 2000 directories inside one another, of 8-character names: paths are cut, nothing overflows. */
START_TEST(deep_trees_are_walked)
{
    struct sample s;
    struct gathered out = { .watched = CAIRN_FAT_FAULT_DIR_DOT };
    sample_make(&s, CAIRN_FAT16);
    uint32_t parent = 0, dir = 0;
    uint8_t *slot = sample_root_end(&s);
    for (uint32_t i = 0; i < 2000; i++, slot = slot_of(&s, dir, 2), parent = dir) {
        char raw[FAT_SHORT_BYTES + 1];
        snprintf(raw, sizeof raw, "D%07u   ", i);
        dir = dir_make(&s, parent);
        dir_enter(slot, raw, dir);
    }
    slot_of(&s, dir, 0)[0] = FAT_SLOT_FREE;
    check_sample(&out, &s, NULL);
    ck_assert_int_eq(out.err, CAIRN_OK);
    ck_assert_msg(out.total == 1 && out.counts[CAIRN_FAT_FAULT_DIR_DOT] == 1, "%s", out.log);
    ck_assert_uint_eq(out.result.directories, 2002);
    ck_assert_ptr_nonnull(strstr(out.path, "/D0000001/"));
    ck_assert_ptr_nonnull(strstr(out.path, "..."));
    ck_assert_uint_lt(strlen(out.path), CAIRN_FAT_CHECK_PATH_BYTES);
    sample_free(&s);
}
END_TEST

/* Each directory names the next one twice: 2^60 paths, but each is entered once. */
START_TEST(doubled_directories_are_entered_once)
{
    struct sample s;
    struct gathered out = { 0 };
    sample_make(&s, CAIRN_FAT16);
    uint32_t parent = 0, dir = 0;
    uint8_t *slot = sample_root_end(&s);
    for (uint32_t i = 0; i < 60; i++, slot = slot_of(&s, dir, 2), parent = dir) {
        dir = dir_make(&s, parent);
        dir_enter(slot, "LEFT       ", dir);
        dir_enter(slot + FAT_SLOT_BYTES, "RIGHT      ", dir);
    }
    check_sample(&out, &s, NULL);
    ck_assert_int_eq(out.err, CAIRN_OK);
    ck_assert_uint_eq(out.counts[CAIRN_FAT_FAULT_CHAIN_SHARED], 60);
    ck_assert_uint_eq(out.total, 60);
    ck_assert_uint_eq(out.result.directories, 62);
    sample_free(&s);
}
END_TEST

/* A file took a directory's cluster first: what lies in it is still found. */
START_TEST(a_file_does_not_hide_a_directory)
{
    struct sample s;
    struct gathered out = { .watched = CAIRN_FAT_FAULT_CHAIN_SHARED };
    sample_make(&s, CAIRN_FAT32);
    damage_plant(damage_find("chain-shared-file-dir"), &s);
    check_sample(&out, &s, NULL);
    ck_assert_str_eq(out.path, "/DIR");
    ck_assert_uint_eq(out.result.files, 7);
    ck_assert_uint_eq(out.result.directories, 2);
    ck_assert_uint_eq(out.result.orphan_clusters, 0);
    sample_free(&s);
}
END_TEST

/* Only the FAT in force counts, when mirroring is off. */
START_TEST(active_fat_is_honoured)
{
    struct sample s;
    struct gathered out = { 0 };
    sample_make(&s, CAIRN_FAT32);
    for (uint32_t sector = 0; sector <= s.geometry.backup_boot; sector += s.geometry.backup_boot)
        cairn_le16_put(sample_sector(&s, sector) + 40, 0x81);
    memset(sample_fat(&s, 0, 0), 0xFF, 4096);
    check_sample(&out, &s, NULL);
    ck_assert_msg(out.total == 0, "%s", out.log);
    ck_assert_uint_eq(out.result.files, 7);
    sample_free(&s);
}
END_TEST

START_TEST(a_report_that_says_stop_ends_it)
{
    struct sample s;
    struct gathered out = { .stop_after = 1 };
    sample_make(&s, CAIRN_FAT16);
    damage_plant(damage_find("dir-start"), &s);
    damage_plant(damage_find("dirty"), &s);
    check_sample(&out, &s, NULL);
    ck_assert_int_eq(out.err, CAIRN_ECANCELED);
    ck_assert_uint_eq(out.total, 1);
    sample_free(&s);
}
END_TEST

TCase *check_tree_tests(void)
{
    TCase *tests = tcase_create("tree");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, healthy_volumes_have_no_findings, 0, 3);
    tcase_add_test(tests, fragments_are_counted);
    tcase_add_test(tests, deep_trees_are_walked);
    tcase_add_test(tests, doubled_directories_are_entered_once);
    tcase_add_test(tests, a_file_does_not_hide_a_directory);
    tcase_add_test(tests, active_fat_is_honoured);
    tcase_add_test(tests, a_report_that_says_stop_ends_it);
    return tests;
}
