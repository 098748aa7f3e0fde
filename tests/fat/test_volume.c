/* SPDX-License-Identifier: ISC */
/* Units of the volume: nodes, contents, what the volume says of itself. */
#include "test_volume.h"
#include "volume_hand.h"

/* ---- nodes ----------------------------------------------------------------------------------- */

/* fat (10) */
START_TEST(a_node_outlives_its_name)
{
    mounted_plainly();
    uint64_t before = free_clusters();
    put_path("file", "contents");
    struct cairn_fat_node *file = at("file");
    ck_assert_int_eq(move("file", "/", "other"), CAIRN_OK);
    put(file, 8, ", more");
    ck_assert_int_eq(erase("other"), CAIRN_OK);
    synced();
    assert_holds(file, "contents, more");
    put(file, 0, "C");
    assert_holds(file, "Contents, more");
    ck_assert_uint_eq(free_clusters(), before - 1);
    cairn_fat_release(file);
    ck_assert_uint_eq(free_clusters(), before);
    ended();
}
END_TEST

START_TEST(a_removed_directory_takes_nothing)
{
    struct cairn_fat_node *node;
    mounted_plainly();
    ck_assert_int_eq(make_dir("dir"), CAIRN_OK);
    struct cairn_fat_node *dir = at("dir");
    ck_assert_int_eq(erase("dir"), CAIRN_OK);
    ck_assert_int_eq(cairn_fat_create(dir, "x", 1, &node, NULL), CAIRN_ENOENT);
    ck_assert_int_eq(cairn_fat_lookup(dir, "..", 2, &node, NULL), CAIRN_ENOENT);
    cairn_fat_release(dir);
    ended();
}
END_TEST

START_TEST(a_moved_directory_has_its_parent)
{
    mounted_plainly();
    ck_assert_int_eq(make_dir("a"), CAIRN_OK);
    ck_assert_int_eq(make_dir("b"), CAIRN_OK);
    struct cairn_fat_node *a = at("a"), *b = at("b");
    uint32_t a_start = stat_of(a).first_cluster, b_start = stat_of(b).first_cluster;
    ck_assert_int_eq(move("b", "a", "b"), CAIRN_OK);
    synced();
    ck_assert_uint_eq(cairn_le16(rig_cluster(&rig, b_start) + 32 + FAT_SLOT_START_LOW), a_start);
    struct cairn_fat_node *dir = root();
    ck_assert_int_eq(cairn_fat_rename(a, "b", 1, dir, "b", 1, 0, &rig.why), CAIRN_OK);
    synced();
    ck_assert_uint_eq(cairn_le16(rig_cluster(&rig, b_start) + 32 + FAT_SLOT_START_LOW), 0);
    cairn_fat_release(dir);
    cairn_fat_release(a);
    cairn_fat_release(b);
    ended();
}
END_TEST

START_TEST(a_directory_does_not_move_below_itself)
{
    mounted_plainly();
    ck_assert_int_eq(make_dir("a"), CAIRN_OK);
    struct cairn_fat_node *a = at("a"), *sub;
    ck_assert_int_eq(cairn_fat_mkdir(a, "sub", 3, &sub, NULL), CAIRN_OK);
    ck_assert_int_eq(move("a", "a", "x"), CAIRN_EINVAL);
    ck_assert_int_eq(move("a", "a/sub", "x"), CAIRN_EINVAL);
    ck_assert(is_there("a/sub"));
    cairn_fat_release(sub);
    cairn_fat_release(a);
    ended();
}
END_TEST

/* ---- contents -------------------------------------------------------------------------------- */

START_TEST(a_gap_is_zeros)
{
    static uint8_t buf[8192];
    size_t done;
    mounted((struct rig_shape){ .cluster_bytes = 2048 });
    memset(rig_cluster(&rig, 2), 0xAA, 40 * 2048);
    put_path("f", "begin");
    struct cairn_fat_node *file = at("f");
    put(file, 7000, "end");
    ck_assert_int_eq(cairn_fat_read(file, 0, buf, sizeof buf, &done, NULL), CAIRN_OK);
    ck_assert_uint_eq(done, 7003);
    for (size_t i = 5; i < 7000; i++)
        ck_assert_msg(buf[i] == 0, "byte %zu is %u", i, buf[i]);
    cairn_fat_release(file);
    ended();
}
END_TEST

START_TEST(a_reservation_ends_with_its_node)
{
    mounted_plainly();
    uint64_t before = free_clusters();
    put_path("f", "x");
    struct cairn_fat_node *file = at("f");
    ck_assert_int_eq(cairn_fat_allocate(file, 10 * 512, NULL), CAIRN_OK);
    ck_assert_uint_eq(stat_of(file).size, 1);
    ck_assert_uint_eq(stat_of(file).allocated, 10 * 512);
    ck_assert_uint_eq(free_clusters(), before - 10);
    ck_assert_int_eq(cairn_fat_allocate(file, 100000000, NULL), CAIRN_ENOSPC);
    ck_assert_uint_eq(free_clusters(), before - 10);
    cairn_fat_release(file);
    ck_assert_uint_eq(free_clusters(), before - 1);
    ended();
}
END_TEST

START_TEST(what_is_cut_can_grow_again)
{
    static char big[3000];
    memset(big, 'b', sizeof big - 1);
    mounted_plainly();
    put_path("f", big);
    struct cairn_fat_node *file = at("f");
    ck_assert_int_eq(cairn_fat_truncate(file, 600, NULL), CAIRN_OK);
    cairn_fat_release(file); /* forgotten, while the FAT still shows six clusters */
    file = at("f");
    put(file, 600, big);
    cairn_fat_release(file);
    unmounted();
    ck_assert_int_eq(rig_mount(&rig), CAIRN_OK);
    file = at("f");
    ck_assert_uint_eq(stat_of(file).size, 600 + sizeof big - 1);
    cairn_fat_release(file);
    ended();
}
END_TEST

START_TEST(a_full_volume_can_be_cut)
{
    mounted((struct rig_shape){ .clusters = 12 });
    uint64_t all = free_clusters() * 512;
    ck_assert_int_eq(create("f"), CAIRN_OK);
    struct cairn_fat_node *file = at("f");
    ck_assert_int_eq(cairn_fat_truncate(file, all + 1, NULL), CAIRN_ENOSPC);
    ck_assert_uint_eq(free_clusters() * 512, all);
    ck_assert_int_eq(cairn_fat_truncate(file, all, NULL), CAIRN_OK);
    ck_assert_int_eq(cairn_fat_truncate(file, all, NULL), CAIRN_OK);
    ck_assert_uint_eq(free_clusters(), 0);
    ck_assert_int_eq(cairn_fat_truncate(file, 1, NULL), CAIRN_OK);
    ck_assert_uint_eq(free_clusters() * 512, all - 512);
    cairn_fat_release(file);
    ended();
}
END_TEST

/* ---- the volume ------------------------------------------------------------------------------ */

static bool boot_dirty(void)
{
    return rig_sector(&rig, 0)[cairn_fat_boot_state_offset(rig.geometry.type)] & 1;
}

/* FAT[1]'s bit is set when the volume is clean. */
static bool table_dirty(void)
{
    const uint8_t *fat = rig_fat(&rig, 0, 0);
    return rig.geometry.type == CAIRN_FAT32 ? !(fat[7] & 0x08) : !(fat[3] & 0x80);
}

/* fat (7) */
START_TEST(the_dirty_bit_comes_and_goes)
{
    mounted((struct rig_shape){ .type = _i ? CAIRN_FAT32 : CAIRN_FAT16 });
    ck_assert(!boot_dirty() && !table_dirty());
    ck_assert_int_eq(create("f"), CAIRN_OK);
    ck_assert(boot_dirty() && table_dirty());
    synced();
    ck_assert(boot_dirty() && table_dirty());
    unmounted();
    ck_assert(!boot_dirty() && !table_dirty());
    rig_free(&rig);
}
END_TEST

START_TEST(fsinfo_counts)
{
    struct cairn_fat_fsinfo info;
    mounted((struct rig_shape){ .type = CAIRN_FAT32, .clusters = 100 });
    put_path("f", "x");
    ck_assert_int_eq(make_dir("d"), CAIRN_OK);
    uint64_t free = free_clusters();
    ck_assert_uint_eq(free, 98);
    unmounted();
    cairn_fat_fsinfo_decode(rig_sector(&rig, rig.geometry.fsinfo_sector), &info);
    ck_assert_uint_eq(info.free_clusters, free);
    rig_free(&rig);
}
END_TEST

/* Mirroring off, copy 1 the live one: copy 0 is left alone. */
START_TEST(only_the_active_fat_is_written)
{
    rig_make(&rig, &(struct rig_shape){ .type = CAIRN_FAT32 });
    cairn_le16_put(rig_sector(&rig, 0) + 40, 0x81);
    fatent_put(CAIRN_FAT32, rig_fat(&rig, 0, 3), 3, FATENT_BAD);
    ck_assert_int_eq(rig_mount(&rig), CAIRN_OK);
    put_path("f", "x");
    ck_assert_int_eq(rig_unmount(&rig), CAIRN_OK);
    ck_assert_uint_eq(rig_fat_get(&rig, 3), FATENT_BAD);
    ck_assert_uint_eq(fatent_get(CAIRN_FAT32, rig_fat(&rig, 1, 3), 3), FATENT_END);
    rig_free(&rig);
}
END_TEST

START_TEST(reserved_bits_of_a_fat32_entry_stay)
{
    rig_make(&rig, &(struct rig_shape){ .type = CAIRN_FAT32 });
    for (uint32_t copy = 0; copy < 2; copy++)
        rig_fat(&rig, copy, 3)[3] = 0xA0;
    ck_assert_int_eq(rig_mount(&rig), CAIRN_OK);
    put_path("f", "x");
    synced();
    ck_assert_uint_eq(cairn_le32(rig_fat(&rig, 0, 3)), 0xAFFFFFFF);
    ck_assert_int_eq(erase("f"), CAIRN_OK);
    ck_assert_int_eq(rig_unmount(&rig), CAIRN_OK);
    ck_assert_uint_eq(cairn_le32(rig_fat(&rig, 1, 3)), 0xA0000000);
    rig_free(&rig);
}
END_TEST

START_TEST(a_label_is_in_both_places)
{
    char label[CAIRN_FAT_ALIAS_BYTES];
    mounted_plainly();
    ck_assert_int_eq(cairn_fat_label_set(rig.fs, "Cairn", 5, &rig.why), CAIRN_OK);
    synced();
    ck_assert_mem_eq(rig_root_slot(&rig, 0), "CAIRN      \x08", 12);
    ck_assert_mem_eq(rig_sector(&rig, 0) + cairn_fat_boot_label_offset(CAIRN_FAT12), "CAIRN      ",
                     11);
    ck_assert_int_eq(cairn_fat_label_set(rig.fs, "", 0, &rig.why), CAIRN_OK);
    ck_assert_int_eq(cairn_fat_label(rig.fs, label, &rig.why), CAIRN_OK);
    ck_assert_str_eq(label, "");
    ended();
}
END_TEST

/* fat/README.md, 3 */
START_TEST(two_labels_are_never_on_the_disk)
{
    struct cairn_fat_usage before, after;
    mounted_plainly();
    ck_assert_int_eq(cairn_fat_label_set(rig.fs, "old", 3, &rig.why), CAIRN_OK);
    synced();
    ck_assert_int_eq(cairn_fat_usage(rig.fs, &before, NULL), CAIRN_OK);
    ck_assert_int_eq(cairn_fat_label_set(rig.fs, "", 0, &rig.why), CAIRN_OK);
    ck_assert_int_eq(cairn_fat_usage(rig.fs, &after, NULL), CAIRN_OK);
    ck_assert_uint_eq(after.drains, before.drains);
    ck_assert_int_eq(cairn_fat_label_set(rig.fs, "new", 3, &rig.why), CAIRN_OK);
    ck_assert_int_eq(cairn_fat_usage(rig.fs, &after, NULL), CAIRN_OK);
    ck_assert_uint_eq(after.drains, before.drains + 1);
    ended();
}
END_TEST

START_TEST(an_old_boot_program_gets_no_label)
{
    char label[CAIRN_FAT_ALIAS_BYTES];
    rig_make(&rig, &(struct rig_shape){ 0 });
    uint8_t *boot = rig_sector(&rig, 0) + cairn_fat_boot_label_offset(CAIRN_FAT12);
    boot[-5] = 0;
    memset(boot, 0x90, CAIRN_FAT_LABEL_BYTES);
    ck_assert_int_eq(rig_mount(&rig), CAIRN_OK);
    ck_assert_int_eq(cairn_fat_label_set(rig.fs, "cairn", 5, &rig.why), CAIRN_OK);
    ck_assert_int_eq(cairn_fat_label(rig.fs, label, &rig.why), CAIRN_OK);
    ck_assert_str_eq(label, "CAIRN");
    synced();
    for (uint32_t i = 0; i < CAIRN_FAT_LABEL_BYTES; i++)
        ck_assert_uint_eq(boot[i], 0x90);
    ended();
}
END_TEST

/* \u00D5 is 0xE5 there, which as the first byte of a slot would remove it. */
START_TEST(a_label_is_in_the_code_page_of_the_volume)
{
    char label[CAIRN_FAT_ALIAS_BYTES];
    rig_make(&rig, &(struct rig_shape){ 0 });
    ck_assert_int_eq(rig_mount_as(&rig, (struct cairn_fat_options){ .codepage = CAIRN_FAT_CP850 }),
                     CAIRN_OK);
    ck_assert_int_eq(cairn_fat_label_set(rig.fs, "\u00F51", 3, &rig.why), CAIRN_OK);
    ck_assert_int_eq(cairn_fat_label(rig.fs, label, &rig.why), CAIRN_OK);
    ck_assert_str_eq(label, "\u00D51");
    synced();
    ck_assert_mem_eq(rig_root_slot(&rig, 0),
                     "\x05"
                     "1         \x08",
                     12);
    ended();
}
END_TEST

START_TEST(a_read_only_volume_is_left_alone)
{
    struct cairn_fat_options options = { .read_only = true };
    mounted_plainly();
    put_path("f", "x");
    unmounted();
    ck_assert_int_eq(
        cairn_fat_mount(&rig.fs, &rig.dev.base, &options, rig.mem, rig.shape.mem_bytes, &rig.why),
        CAIRN_OK);
    ck_assert(cairn_fat_is_read_only(rig.fs));
    struct cairn_fat_node *file = at("f");
    assert_holds(file, "x");
    ck_assert_int_eq(cairn_fat_truncate(file, 0, NULL), CAIRN_EROFS);
    ck_assert_int_eq(create("g"), CAIRN_EROFS);
    ck_assert_int_eq(erase("f"), CAIRN_EROFS);
    cairn_fat_release(file);
    ended();
}
END_TEST

/* Many directories and few nodes: what was learnt of one is forgotten, but not its removals.
 * fat (2) */
START_TEST(removals_outlive_their_directory_node)
{
    char name[32];
    mounted((struct rig_shape){ .clusters = 600, .root_entries = 512 });
    ck_assert_int_eq(make_dir("first"), CAIRN_OK);
    struct cairn_fat_node *dir = at("first"), *node;
    ck_assert_int_eq(cairn_fat_create(dir, "victim", 6, &node, NULL), CAIRN_OK);
    cairn_fat_release(node);
    synced();
    ck_assert_int_eq(cairn_fat_remove(dir, "victim", 6, NULL), CAIRN_OK);
    cairn_fat_release(dir);
    for (unsigned i = 0; i < 200; i++) {
        snprintf(name, sizeof name, "dir%u", i);
        ck_assert_int_eq(make_dir(name), CAIRN_OK);
    }
    struct cairn_fat_usage before, after;
    ck_assert_int_eq(cairn_fat_usage(rig.fs, &before, NULL), CAIRN_OK);
    dir = at("first");
    ck_assert_int_eq(cairn_fat_create(dir, "victim", 6, &node, NULL), CAIRN_OK);
    cairn_fat_release(node);
    cairn_fat_release(dir);
    ck_assert_int_eq(cairn_fat_usage(rig.fs, &after, NULL), CAIRN_OK);
    ck_assert(before.syncs > 1 || after.drains == before.drains + 1);
    ended();
}
END_TEST

TCase *volume_tests(void)
{
    TCase *tests = tcase_create("volume");
    tcase_add_test(tests, a_node_outlives_its_name);
    tcase_add_test(tests, a_removed_directory_takes_nothing);
    tcase_add_test(tests, a_moved_directory_has_its_parent);
    tcase_add_test(tests, a_directory_does_not_move_below_itself);
    tcase_add_test(tests, a_gap_is_zeros);
    tcase_add_test(tests, a_reservation_ends_with_its_node);
    tcase_add_test(tests, what_is_cut_can_grow_again);
    tcase_add_test(tests, a_full_volume_can_be_cut);
    tcase_add_loop_test(tests, the_dirty_bit_comes_and_goes, 0, 2);
    tcase_add_test(tests, fsinfo_counts);
    tcase_add_test(tests, only_the_active_fat_is_written);
    tcase_add_test(tests, reserved_bits_of_a_fat32_entry_stay);
    tcase_add_test(tests, a_label_is_in_both_places);
    tcase_add_test(tests, two_labels_are_never_on_the_disk);
    tcase_add_test(tests, an_old_boot_program_gets_no_label);
    tcase_add_test(tests, a_label_is_in_the_code_page_of_the_volume);
    tcase_add_test(tests, a_read_only_volume_is_left_alone);
    tcase_add_test(tests, removals_outlive_their_directory_node);
    return tests;
}
