/* SPDX-License-Identifier: ISC */
/* Faults of others: contents of files, and chains that make no sense. */
#include "test_peer.h"
#include "volume_hand.h"

#include <stdlib.h>

static void size_set(struct cairn_fat_node *file, uint64_t size)
{
    ck_assert_int_eq(cairn_fat_truncate(file, size, &rig.why), CAIRN_OK);
}

static void filled(struct cairn_fat_node *file, size_t bytes)
{
    uint8_t *buf = malloc(bytes + 1);
    size_t done;
    memset(buf, 'x', bytes);
    ck_assert_int_eq(cairn_fat_write(file, 0, buf, bytes, &done, &rig.why), CAIRN_OK);
    free(buf);
}

static void zeros_between(struct cairn_fat_node *file, size_t from, size_t to)
{
    uint8_t *buf = malloc(to + 1);
    size_t done;
    ck_assert_int_eq(cairn_fat_read(file, 0, buf, to, &done, &rig.why), CAIRN_OK);
    ck_assert_uint_eq(done, to);
    for (size_t at = from; at < to; at++)
        ck_assert_msg(buf[at] == 0, "byte %zu is %02x", at, buf[at]);
    free(buf);
}

/* FatFs, CVE-2026-6686: f_lseek behind the end shows what others had in the new clusters. */
START_TEST(growing_shows_nothing_stale)
{
    mounted((struct rig_shape){ .clusters = 40 });
    put_path("old", "x");
    struct cairn_fat_node *file = at("old");
    filled(file, 20 * 512);
    cairn_fat_release(file);
    synced();
    ck_assert_int_eq(erase("old"), CAIRN_OK);
    synced();
    put_path("new", "begin");
    file = at("new");
    size_set(file, 15 * 512 + 100); /* extended */
    zeros_between(file, 5, 15 * 512 + 100);
    size_set(file, 100); /* cut, and over the gap to a place far behind the end */
    put(file, 30 * 512, "end");
    zeros_between(file, 5, 30 * 512);
    cairn_fat_release(file);
    ended();
}
END_TEST

/* go-diskfs#419: files without bytes cannot be read. */
START_TEST(empty_files_can_be_read)
{
    char byte;
    size_t done = 1;
    mounted_plainly();
    ck_assert_int_eq(create("empty"), CAIRN_OK);
    unmounted();
    ck_assert_int_eq(rig_mount(&rig), CAIRN_OK);
    struct cairn_fat_node *file = at("empty");
    ck_assert_uint_eq(stat_of(file).first_cluster, 0);
    ck_assert_int_eq(cairn_fat_read(file, 0, &byte, 1, &done, &rig.why), CAIRN_OK);
    ck_assert_uint_eq(done, 0);
    cairn_fat_release(file);
    ended();
}
END_TEST

/* The pitfall that a position behind the last cluster of a full chain is none: at each size around
 * the edges of clusters, appending goes on where the file ends. */
START_TEST(appending_at_the_edge_of_a_cluster)
{
    struct cairn_fat_file file;
    uint64_t end;
    size_t done;
    char last[4] = "";
    const uint32_t size = 511 + (uint32_t)_i % 3 + 512 * ((uint32_t)_i / 3);
    mounted_plainly();
    put_path("f", "x");
    struct cairn_fat_node *node = at("f");
    filled(node, size);
    cairn_fat_release(node);
    ck_assert_int_eq(cairn_fat_open(rig.fs, "f", 1, CAIRN_FAT_OPEN_WRITE, &file, &rig.why),
                     CAIRN_OK);
    ck_assert_int_eq(cairn_fat_file_seek(&file, 0, CAIRN_FAT_SEEK_END, &end, &rig.why), CAIRN_OK);
    ck_assert_uint_eq(end, size);
    ck_assert_int_eq(cairn_fat_file_write(&file, "end", 3, &done, &rig.why), CAIRN_OK);
    ck_assert_int_eq(cairn_fat_read(file.node, size, last, 3, &done, &rig.why), CAIRN_OK);
    ck_assert_str_eq(last, "end");
    ck_assert_int_eq(cairn_fat_close(&file, &rig.why), CAIRN_OK);
    ended();
}
END_TEST

/* rust-fatfs#85: only FatFs can reserve, and only for an empty file; Linux loses it. */
START_TEST(reserving_for_a_file_with_contents)
{
    mounted_plainly();
    put_path("f", "contents");
    struct cairn_fat_node *file = at("f");
    ck_assert_int_eq(cairn_fat_allocate(file, 20 * 512, &rig.why), CAIRN_OK);
    ck_assert_uint_eq(stat_of(file).allocated, 20 * 512);
    ck_assert_uint_eq(stat_of(file).size, 8);
    assert_holds(file, "contents");
    cairn_fat_release(file);
    ended();
}
END_TEST

/* rust-fatfs and FatFs refuse to rename over a file, so that nobody can replace one safely
 * (coreos/bootupd#454). */
START_TEST(renaming_replaces)
{
    mounted_plainly();
    put_path("grub.cfg", "old");
    put_path("grub.new", "new");
    ck_assert_int_eq(move("grub.new", "/", "grub.cfg"), CAIRN_OK);
    struct cairn_fat_node *file = at("grub.cfg");
    assert_holds(file, "new");
    cairn_fat_release(file);
    ck_assert(!is_there("grub.new"));
    ended();
}
END_TEST

/* rust-fatfs removes the old entry before it writes the new one: a cut leaves neither. At every
 * event of a rename, whatever was not flushed being lost or kept, one of the names is there. */
START_TEST(cut_within_a_rename_leaves_the_file)
{
    uint64_t event = 0;
    for (bool cut = true; cut; event++) {
        mounted((struct rig_shape){ .on_sim = true });
        put_path("old name of it", "contents");
        synced();
        cairn_blk_sim_cut(&rig.dev.sim, 1 + event);
        ck_assert_int_eq(move("old name of it", "/", "new name of it"), CAIRN_OK);
        (void)!cairn_fat_sync(rig.fs, NULL);
        cut = rig.dev.sim.state.is_cut;
        (void)!rig_unmount(&rig);
        if (_i) sim_settle(&rig.dev.sim);
        sim_restart(&rig.dev.sim, NULL, NULL);
        ck_assert_int_eq(rig_mount(&rig), CAIRN_OK);
        struct cairn_fat_node *file =
            at(is_there("new name of it") ? "new name of it" : "old name of it");
        assert_holds(file, "contents");
        cairn_fat_release(file);
        (void)!rig_unmount(&rig);
        rig_free(&rig);
    }
    ck_assert_uint_gt(event, 4);
}
END_TEST

/* ---- chains that make no sense --------------------------------------------------------------- */

static enum cairn_err read_all(const char *path)
{
    static uint8_t buf[64 * 512];
    size_t done;
    struct cairn_fat_node *file = at(path);
    enum cairn_err err = cairn_fat_read(file, 0, buf, sizeof buf, &done, &rig.why);
    cairn_fat_release(file);
    return err;
}

/* rafalh/embedded-fatfs#70 (clusters 0 and 1), espressif/arduino-esp32#5534: a broken chain brings
 * the program down. Each of these is told as corrupt, and the volume goes on. */
START_TEST(broken_chains_are_errors)
{
    static const uint32_t links[] = { 0, 1, 0xFF0, FATENT_BAD };
    mounted_plainly();
    put_path("f", "x");
    struct cairn_fat_node *file = at("f");
    filled(file, 10 * 512);
    uint32_t start = stat_of(file).first_cluster;
    cairn_fat_release(file);
    put_path("g", "well");
    unmounted();
    for (uint32_t copy = 0; copy < 2; copy++)
        fatent_put(CAIRN_FAT12, rig_fat(&rig, copy, start + 4), start + 4,
                   _i < 4 ? links[_i] : start);
    ck_assert_int_eq(rig_mount(&rig), CAIRN_OK);
    ck_assert_int_eq(read_all("f"), CAIRN_ECORRUPT);
    ck_assert_int_eq(read_all("g"), CAIRN_OK);
    ck_assert_int_eq(rig_unmount(&rig), CAIRN_OK);
    rig_free(&rig);
}
END_TEST

/* The same for the cluster where a file starts. */
START_TEST(broken_starts_are_errors)
{
    static const uint16_t starts[] = { 0, 1, 0xFFF, 0x7000 };
    mounted_plainly();
    put_path("f", "x");
    unmounted();
    cairn_le16_put(rig_root_slot(&rig, 0) + FAT_SLOT_START_LOW, starts[_i]);
    ck_assert_int_eq(rig_mount(&rig), CAIRN_OK);
    ck_assert_int_eq(read_all("f"), CAIRN_ECORRUPT);
    ck_assert_int_eq(rig_unmount(&rig), CAIRN_OK);
    rig_free(&rig);
}
END_TEST

/* go-diskfs#261, #130 (seen: the FAT written anew at each write; 7 min 40 s instead of 1 min 40 s):
 * what is written in small pieces costs as many requests as pieces, and few more. */
START_TEST(fat_is_written_late)
{
    static const uint8_t piece[512];
    size_t done;
    mounted((struct rig_shape){ .type = CAIRN_FAT16, .clusters = 1200, .on_sim = true });
    ck_assert_int_eq(create("f"), CAIRN_OK);
    synced();
    uint64_t before = rig.dev.sim.state.requests;
    struct cairn_fat_node *file = at("f");
    for (uint32_t i = 0; i < 1000; i++)
        ck_assert_int_eq(cairn_fat_write(file, i * 512u, piece, 512, &done, &rig.why), CAIRN_OK);
    cairn_fat_release(file);
    synced();
    ck_assert_uint_lt(rig.dev.sim.state.requests - before, 1000 + 100);
    ended();
}
END_TEST

TCase *peer_file_tests(void)
{
    TCase *tests = tcase_create("files");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, growing_shows_nothing_stale);
    tcase_add_test(tests, empty_files_can_be_read);
    tcase_add_loop_test(tests, appending_at_the_edge_of_a_cluster, 0, 9);
    tcase_add_test(tests, reserving_for_a_file_with_contents);
    tcase_add_test(tests, renaming_replaces);
    tcase_add_loop_test(tests, cut_within_a_rename_leaves_the_file, 0, 2);
    tcase_add_loop_test(tests, broken_chains_are_errors, 0, 5);
    tcase_add_loop_test(tests, broken_starts_are_errors, 0, 4);
    tcase_add_test(tests, fat_is_written_late);
    return tests;
}
