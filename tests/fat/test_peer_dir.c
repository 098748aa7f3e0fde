/* SPDX-License-Identifier: ISC */
/* Faults of others: directories. */
#include "test_peer.h"
#include "volume_hand.h"

/* The cluster that slot n of the directory at path points to. */
static uint32_t start_in(const char *path, uint32_t n)
{
    struct cairn_fat_node *dir = at(path);
    const uint8_t *slot = rig_cluster(&rig, stat_of(dir).first_cluster) + (size_t)n * 32;
    cairn_fat_release(dir);
    return cairn_le16(slot + FAT_SLOT_START_LOW) | (uint32_t)cairn_le16(slot + FAT_SLOT_START_HIGH)
                                                       << 16;
}

/* FatFs (seen: the subtree is lost; AgonPlatform/agon-mos#192 works around it), hxyulin/hadris#97:
 * a directory goes into itself, or below. */
START_TEST(directory_does_not_go_into_itself)
{
    mounted_plainly();
    ck_assert_int_eq(make_dir("a"), CAIRN_OK);
    ck_assert_int_eq(make_dir("b"), CAIRN_OK);
    ck_assert_int_eq(move("b", "a", "b"), CAIRN_OK);
    ck_assert_int_eq(move("a", "a", "x"), CAIRN_EINVAL);
    ck_assert_int_eq(move("a", "a/b", "x"), CAIRN_EINVAL);
    ck_assert(is_there("a/b"));
    ended();
}
END_TEST

/* rafalh/rust-fatfs#119, eclipse-threadx/filex#98: ".." of a moved directory still leads to where
 * it was. In the root's children it is 0, on a FAT32, too. */
START_TEST(dotdot_follows_a_move)
{
    mounted((struct rig_shape){ .type = CAIRN_FAT32 });
    ck_assert_int_eq(make_dir("a"), CAIRN_OK);
    ck_assert_int_eq(make_dir("moved"), CAIRN_OK);
    ck_assert_int_eq(move("moved", "a", "moved"), CAIRN_OK);
    synced();
    struct cairn_fat_node *a = at("a");
    ck_assert_uint_eq(start_in("a/moved", 1), stat_of(a).first_cluster);
    struct cairn_fat_node *dir = root();
    ck_assert_int_eq(cairn_fat_rename(a, "moved", 5, dir, "back", 4, 0, &rig.why), CAIRN_OK);
    cairn_fat_release(dir);
    cairn_fat_release(a);
    synced();
    ck_assert_uint_eq(start_in("back", 1), 0);
    ended();
}
END_TEST

/* rafalh/rust-fatfs#64: on a card from a Mac, mkdir made files. */
START_TEST(mkdir_makes_a_directory)
{
    mounted((struct rig_shape){ .type = CAIRN_FAT32 });
    ck_assert_int_eq(make_dir("Fresh"), CAIRN_OK);
    synced();
    struct cairn_fat_node *dir = at("fresh");
    ck_assert(stat_of(dir).is_directory);
    const uint8_t *slots = rig_cluster(&rig, stat_of(dir).first_cluster);
    ck_assert_mem_eq(slots, ".          \x10", 12);
    ck_assert_mem_eq(slots + 32, "..         \x10", 12);
    cairn_fat_release(dir);
    ended();
}
END_TEST

static void clusters_soil(void)
{
    for (uint32_t cluster = 3; cluster < 2 + rig.shape.clusters; cluster++)
        memset(rig_cluster(&rig, cluster), 'A', rig.geometry.cluster_bytes);
}

static void many_created(struct cairn_fat_node *dir, uint32_t count)
{
    char name[40];
    struct cairn_fat_node *node;
    for (uint32_t i = 0; i < count; i++) {
        snprintf(name, sizeof name, "file of a growing one, %u", (unsigned)i);
        ck_assert_int_eq(cairn_fat_create(dir, name, strlen(name), &node, &rig.why), CAIRN_OK);
        put(node, 0, name);
        cairn_fat_release(node);
    }
}

static void many_are_there(struct cairn_fat_node *dir, uint32_t count)
{
    struct cairn_fat_entry entry = { .next = 0 };
    for (uint32_t i = 0; i < count; i++) {
        ck_assert_int_eq(cairn_fat_list(dir, entry.next, &entry, &rig.why), CAIRN_OK);
        ck_assert_uint_eq(entry.stat.size, strlen(entry.name));
    }
    ck_assert_int_eq(cairn_fat_list(dir, entry.next, &entry, &rig.why), CAIRN_ENOENT);
}

/* rafalh/embedded-fatfs#64 (clusters that a directory grows by, the root above all, are not
 * zeroed), rafalh/rust-fatfs#42 (files of no bytes where a directory grows). */
START_TEST(growing_directories_are_clean)
{
    mounted((struct rig_shape){ .type = _i ? CAIRN_FAT32 : CAIRN_FAT16, .clusters = 300 });
    clusters_soil();
    ck_assert_int_eq(make_dir("d"), CAIRN_OK);
    struct cairn_fat_node *dir = _i ? root() : at("d");
    if (_i) ck_assert_int_eq(erase("d"), CAIRN_OK);
    many_created(dir, 60);
    cairn_fat_release(dir);
    unmounted();
    ck_assert_int_eq(rig_mount(&rig), CAIRN_OK);
    dir = _i ? root() : at("d");
    many_are_there(dir, 60);
    cairn_fat_release(dir);
    ended();
}
END_TEST

#define FULL 65536u /* slots of the largest directory */

/* A directory of 2 MiB, every slot of it a file, but "." and "..". */
static void full_directory(void)
{
    ck_assert_int_eq(make_dir("d"), CAIRN_OK);
    struct cairn_fat_node *dir = at("d");
    uint32_t start = stat_of(dir).first_cluster, count = FULL * 32 / rig.geometry.cluster_bytes;
    cairn_fat_release(dir);
    unmounted();
    for (uint32_t i = 0; i < count; i++)
        for (uint32_t copy = 0; copy < 2; copy++)
            fatent_put(rig.geometry.type, rig_fat(&rig, copy, start + i), start + i,
                       i + 1 < count ? start + i + 1 : FATENT_END);
    for (uint32_t i = 2; i < FULL; i++) {
        uint8_t *slot = rig_cluster(&rig, start) + (size_t)i * 32;
        char name[16];
        memset(slot, 0, 32);
        snprintf(name, sizeof name, "F%07u   ", (unsigned)i);
        memcpy(slot, name, 11);
        slot[FAT_SLOT_ATTR] = CAIRN_FAT_ARCHIVE;
        cairn_le16_put(slot + FAT_SLOT_MODIFIED + 2, 33); /* 1980-01-01 */
    }
}

/* ARMmbed/mbed-os#5780: in a directory of 65,534 files, readdir never ends. One more is refused. */
START_TEST(listing_a_full_directory_ends)
{
    struct cairn_fat_entry entry = { .next = 0 };
    struct cairn_fat_node *node;
    uint32_t listed = 0;
    mounted((struct rig_shape){
        .type = CAIRN_FAT16, .cluster_bytes = 8192, .clusters = 300, .mem_bytes = 8u << 20 });
    full_directory();
    ck_assert_int_eq(rig_mount(&rig), CAIRN_OK);
    struct cairn_fat_node *dir = at("d");
    while (listed <= FULL && !cairn_fat_list(dir, entry.next, &entry, &rig.why))
        listed++;
    ck_assert_uint_eq(listed, FULL - 2);
    ck_assert_str_eq(entry.name, "F0065535");
    ck_assert_int_eq(cairn_fat_create(dir, "more", 4, &node, &rig.why), CAIRN_ENOSPC);
    cairn_fat_release(dir);
    ck_assert_int_eq(rig_unmount(&rig), CAIRN_OK);
    rig_free(&rig);
}
END_TEST

/* espressif/esp-idf#4547: opening took 1 ms among few files and 110 ms among 2,000. */
START_TEST(finding_does_not_slow_down)
{
    mounted((struct rig_shape){
        .type = CAIRN_FAT16, .clusters = 4000, .mem_bytes = 4u << 20, .on_sim = true });
    ck_assert_int_eq(make_dir("d"), CAIRN_OK);
    struct cairn_fat_node *dir = at("d"), *node;
    many_created(dir, 2000);
    uint64_t before = rig.dev.sim.state.requests;
    ck_assert_int_eq(cairn_fat_lookup(dir, "file of a growing one, 1999", 27, &node, &rig.why),
                     CAIRN_OK);
    cairn_fat_release(node);
    ck_assert_int_eq(cairn_fat_lookup(dir, "not there", 9, &node, &rig.why), CAIRN_ENOENT);
    ck_assert_uint_le(rig.dev.sim.state.requests - before, 1);
    cairn_fat_release(dir);
    ck_assert_int_eq(rig_unmount(&rig), CAIRN_OK);
    rig_free(&rig);
}
END_TEST

/* Entries that are a label, in a directory or in the root, are neither files nor names in use. */
START_TEST(volume_entries_are_passed_over)
{
    mounted_plainly();
    ck_assert_int_eq(make_dir("d"), CAIRN_OK);
    struct cairn_fat_node *dir = at("d"), *node;
    uint8_t *slot = rig_cluster(&rig, stat_of(dir).first_cluster) + 64;
    cairn_fat_release(dir);
    ck_assert_int_eq(rig_unmount(&rig), CAIRN_OK);
    fat_label_slot(slot, (const uint8_t *)"NAME       ", 0, 0);
    ck_assert_int_eq(rig_mount(&rig), CAIRN_OK);
    dir = at("d");
    ck_assert_int_eq(cairn_fat_lookup(dir, "NAME", 4, &node, &rig.why), CAIRN_ENOENT);
    ck_assert_int_eq(cairn_fat_create(dir, "NAME", 4, &node, &rig.why), CAIRN_OK);
    cairn_fat_release(node);
    struct cairn_fat_entry entry = { .next = 0 };
    ck_assert_int_eq(cairn_fat_list(dir, 0, &entry, &rig.why), CAIRN_OK);
    ck_assert_int_eq(cairn_fat_list(dir, entry.next, &entry, &rig.why), CAIRN_ENOENT);
    cairn_fat_release(dir);
    ck_assert_int_eq(rig_unmount(&rig), CAIRN_OK);
    rig_free(&rig);
}
END_TEST

TCase *peer_dir_tests(void)
{
    TCase *tests = tcase_create("directories");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, directory_does_not_go_into_itself);
    tcase_add_test(tests, dotdot_follows_a_move);
    tcase_add_test(tests, mkdir_makes_a_directory);
    tcase_add_loop_test(tests, growing_directories_are_clean, 0, 2);
    tcase_add_test(tests, listing_a_full_directory_ends);
    tcase_add_test(tests, finding_does_not_slow_down);
    tcase_add_test(tests, volume_entries_are_passed_over);
    return tests;
}
