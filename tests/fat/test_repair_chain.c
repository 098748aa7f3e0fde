/* SPDX-License-Identifier: ISC */
/* What repair makes of chains: the other copy of the FAT is asked, what two names share becomes
 * two, what nothing names comes back as a tree. */
#include "test_repair.h"

#include <stdlib.h>
#include <string.h>

#include <cairn/bytes.h>

#include "repaired.h"

static struct repaired v;

static void all_are_in_place(void)
{
    for (enum sample_file file = 0; file < SAMPLE_FILES; file++) {
        if (file == SAMPLE_DIR || file == SAMPLE_SUB) continue;
        ck_assert_msg(mend_is_at(&v.s, sample_path(file), file), "%s\n%s", sample_path(file),
                      v.mending.log);
    }
    ck_assert_msg(repaired_left(&v) == 0 && !mend_exists(&v.s, "found"), "%s", v.mending.log);
}

/* ---- the other copy ---------------------------------------------------------------------------
 */

/* One entry, in the copy in force alone. */
static void entry_put(uint32_t cluster, uint32_t value)
{
    fatent_put(v.s.geometry.type, sample_fat(&v.s, 0, cluster), cluster, value);
}

START_TEST(the_other_copy_mends_a_broken_chain)
{
    const uint32_t values[] = { FATENT_FREE, FATENT_BAD, 1, 0xFF0, FATENT_END };
    for (size_t i = 0; i < MEND_TYPES * CAIRN_COUNT(values); i++) {
        repaired_make(&v, mend_types[i % MEND_TYPES]);
        uint32_t start = v.s.files[SAMPLE_B].start;
        entry_put(start + 1, values[i / MEND_TYPES]);
        repaired_mend(&v);
        all_are_in_place();
        repaired_end(&v);
    }
}
END_TEST

START_TEST(the_other_copy_mends_a_loop_and_a_shared_chain)
{
    for (size_t i = 0; i < MEND_TYPES; i++) {
        repaired_make(&v, mend_types[i]);
        entry_put(v.s.files[SAMPLE_B].start + 2, v.s.files[SAMPLE_B].start);
        entry_put(v.s.files[SAMPLE_DEEP].start, v.s.files[SAMPLE_A].start + 1);
        repaired_mend(&v);
        all_are_in_place();
        repaired_end(&v);
    }
}
END_TEST

START_TEST(a_first_copy_of_zeros_is_made_good)
{
    for (size_t i = 0; i < MEND_TYPES; i++) {
        repaired_make(&v, mend_types[i]);
        for (uint32_t cluster = 2; cluster <= v.s.last; cluster++)
            entry_put(cluster, FATENT_FREE);
        repaired_mend(&v);
        all_are_in_place();
        repaired_end(&v);
    }
}
END_TEST

/* In every copy: the entry is wrong, but what is in the cluster is not. */
START_TEST(a_directory_in_a_free_cluster_keeps_it)
{
    for (size_t i = 0; i < MEND_TYPES; i++) {
        repaired_make(&v, mend_types[i]);
        sample_link(&v.s, v.s.files[SAMPLE_SUB].start, FATENT_FREE);
        if (mend_types[i] == CAIRN_FAT32) sample_link(&v.s, v.s.geometry.root_cluster, FATENT_FREE);
        sample_fsinfo(&v.s);
        repaired_mend(&v);
        all_are_in_place();
        repaired_end(&v);
    }
}
END_TEST

/* ---- two names --------------------------------------------------------------------------------
 */

/* A rename that was cut off. */
START_TEST(a_file_under_two_names_becomes_two_files)
{
    for (size_t i = 0; i < MEND_TYPES; i++) {
        repaired_make(&v, mend_types[i]);
        uint8_t *slot = sample_root_end(&v.s);
        memcpy(slot, v.s.files[SAMPLE_DEEP].slot, FAT_SLOT_BYTES);
        memcpy(slot, "NEW     ", 8);
        repaired_mend(&v);
        ck_assert_msg(mend_is_at(&v.s, "NEW.TXT", SAMPLE_DEEP) &&
                          v.mending.result.copied_clusters == 2,
                      "%s", v.mending.log);
        all_are_in_place();
        repaired_end(&v);
    }
}
END_TEST

/* Its ".." tells where a directory belongs, whichever entry is met first. */
START_TEST(a_directory_under_two_names_keeps_the_right_one)
{
    for (uint32_t i = 0; i < 2 * MEND_TYPES; i++) {
        bool to_root = i & 1;
        repaired_make(&v, mend_types[i / 2]);
        uint8_t *slot = sample_root_end(&v.s);
        memcpy(slot, v.s.files[SAMPLE_SUB].slot, FAT_SLOT_BYTES);
        if (to_root) sample_start_put(sample_dir_slot(&v.s, SAMPLE_SUB, 1), 0);
        repaired_mend(&v);
        ck_assert_msg(mend_is_at(&v.s, to_root ? "SUB/DEEP.TXT" : "DIR/SUB/DEEP.TXT", SAMPLE_DEEP),
                      "%s", v.mending.log);
        ck_assert(!mend_exists(&v.s, to_root ? "DIR/SUB" : "SUB") && !mend_exists(&v.s, "found") &&
                  repaired_left(&v) == 0);
        repaired_end(&v);
    }
}
END_TEST

/* Every cluster but those in use is marked bad. */
START_TEST(without_room_for_a_copy_the_second_file_is_cut)
{
    repaired_make(&v, CAIRN_FAT12);
    sample_start_put(v.s.files[SAMPLE_B].slot, v.s.files[SAMPLE_A].start);
    for (uint32_t cluster = v.s.next; cluster <= v.s.last; cluster++)
        sample_link(&v.s, cluster, FATENT_BAD);
    for (uint32_t i = 0; i < 4; i++)
        sample_link(&v.s, v.s.files[SAMPLE_B].start + i, FATENT_BAD);
    repaired_mend(&v);
    ck_assert_msg(mend_is_at(&v.s, "A.TXT", SAMPLE_A) && mend_exists(&v.s, "B.BIN") &&
                      repaired_left(&v) == 0,
                  "%s", v.mending.log);
    ck_assert_ptr_nonnull(strstr(v.mending.log, "bytes"));
    repaired_end(&v);
}
END_TEST

/* A file's chain that was led into a directory ends there; bogus directories do not win. */
START_TEST(a_directory_goes_before_a_file_when_it_is_one)
{
    for (size_t i = 0; i < MEND_TYPES; i++) {
        repaired_make(&v, mend_types[i]);
        sample_link(&v.s, v.s.files[SAMPLE_A].start + 1, v.s.files[SAMPLE_DIR].start);
        v.s.files[SAMPLE_EMPTY].slot[FAT_SLOT_ATTR] = CAIRN_FAT_DIRECTORY;
        sample_start_put(v.s.files[SAMPLE_EMPTY].slot, v.s.files[SAMPLE_B].start + 1);
        sample_fsinfo(&v.s);
        repaired_mend(&v);
        ck_assert_msg(mend_is_at(&v.s, "DIR/SUB/DEEP.TXT", SAMPLE_DEEP) &&
                          mend_is_at(&v.s, "DIR/INNER.TXT", SAMPLE_INNER),
                      "%s", v.mending.log);
        ck_assert_msg(mend_is_at(&v.s, "B.BIN", SAMPLE_B) && repaired_left(&v) == 0, "%s",
                      v.mending.log);
        repaired_end(&v);
    }
}
END_TEST

/* ---- all there is -----------------------------------------------------------------------------
 */

/* Each fault of the table: check, fsck.fat and a second run are content. Without a backup no boot
 * sector is made up. */
START_TEST(each_damage_mends)
{
    static struct mending mending;
    const struct damage *damage = &damages[_i];
    for (size_t i = 0; i < MEND_TYPES; i++) {
        struct sample s;
        if (damage->fault == CAIRN_FAT_FAULT_BOOT || !damage_fits(damage, mend_types[i])) continue;
        sample_make(&s, mend_types[i]);
        damage_plant(damage, &s);
        mend_volume(&s, &mending);
        mending_end(&mending);
        sample_free(&s);
    }
}
END_TEST

/* ---- the device -------------------------------------------------------------------------------
 */

static uint64_t dead_block;

static enum cairn_err dead_submit(struct cairn_blk *dev, struct cairn_blk_req *reqs, size_t count)
{
    const struct cairn_blk_mem *mem = (const struct cairn_blk_mem *)(const void *)dev;
    enum cairn_err err = CAIRN_OK;
    for (size_t i = 0; i < count; i++) {
        ck_assert_int_eq(reqs[i].op, CAIRN_BLK_READ);
        if (dead_block - reqs[i].block < reqs[i].count)
            err = reqs[i].status = CAIRN_EIO;
        else
            memcpy(reqs[i].segs[0].data, mem->bytes + reqs[i].block * 512, reqs[i].count * 512);
    }
    return err;
}

/* What cannot be read may hold what would be thrown away. */
START_TEST(a_volume_that_cannot_be_read_is_not_written_to)
{
    struct cairn_fat_repair_result result;
    struct cairn_fat_repair_options options = { .plan_only = false };
    struct cairn_blk_mem dev;
    repaired_make(&v, CAIRN_FAT16);
    sample_chain(&v.s, 3);
    ck_assert_int_eq(cairn_blk_mem_open(&dev, v.s.bytes, 512, v.s.size / 512, NULL), CAIRN_OK);
    struct cairn_blk_ops ops = *dev.base.ops;
    ops.submit = dead_submit;
    dev.base.ops = &ops;
    dead_block = v.s.geometry.root_start;
    size_t bytes = cairn_fat_repair_mem(&dev.base, 256, 0);
    void *mem = malloc(bytes);
    ck_assert_int_eq(cairn_fat_repair(&dev.base, &options, mem, bytes, &result, NULL), CAIRN_EIO);
    dev.base.info.read_only = true;
    ck_assert_int_eq(cairn_fat_repair(&dev.base, &options, mem, bytes, &result, NULL), CAIRN_EROFS);
    free(mem);
    sample_free(&v.s);
}
END_TEST

TCase *repair_chain_tests(void)
{
    TCase *tests = tcase_create("chain");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, the_other_copy_mends_a_broken_chain);
    tcase_add_test(tests, the_other_copy_mends_a_loop_and_a_shared_chain);
    tcase_add_test(tests, a_first_copy_of_zeros_is_made_good);
    tcase_add_test(tests, a_directory_in_a_free_cluster_keeps_it);
    tcase_add_test(tests, a_file_under_two_names_becomes_two_files);
    tcase_add_test(tests, a_directory_under_two_names_keeps_the_right_one);
    tcase_add_test(tests, without_room_for_a_copy_the_second_file_is_cut);
    tcase_add_test(tests, a_directory_goes_before_a_file_when_it_is_one);
    tcase_add_test(tests, a_volume_that_cannot_be_read_is_not_written_to);
    return tests;
}

/* Emulated machines, which are slow, go without: test-fat-damage mends each one there, too. */
TCase *repair_each_tests(void)
{
    TCase *tests = tcase_create("each");
    tcase_set_timeout(tests, 120);
    tcase_set_tags(tests, "thorough");
    tcase_add_loop_test(tests, each_damage_mends, 0, (int)damage_count);
    return tests;
}
