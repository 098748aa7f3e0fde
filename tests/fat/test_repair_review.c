/* SPDX-License-Identifier: ISC */
/* What a repair did to volumes that it should not have touched so. */
#include "test_repair.h"

#include <string.h>

#include <cairn/bytes.h>

#include "repaired.h"

static struct repaired v;

/* FAT[1] holds the state of FAT16 and FAT32 only. */
START_TEST(an_end_mark_in_fat_1_costs_nothing_in_the_boot_sector)
{
    for (size_t i = 0; i < MEND_TYPES; i++) {
        uint8_t boot[512];
        repaired_make(&v, mend_types[i]);
        sample_link(&v.s, 1, 0);
        memcpy(boot, v.s.bytes, sizeof boot);
        repaired_mend(&v);
        ck_assert_uint_eq(repaired_left(&v), 0);
        ck_assert_mem_eq(boot, v.s.bytes, sizeof boot);
        repaired_end(&v);
    }
}
END_TEST

/* The FAT in force calls free what another one knows: entries that lead there still make sense. */
START_TEST(names_behind_an_end_mark_are_judged_by_all_fats)
{
    for (size_t i = 0; i < MEND_TYPES; i++) {
        repaired_make(&v, mend_types[i]);
        v.s.files[SAMPLE_A].slot[0] = FAT_SLOT_END;
        memset(sample_fat(&v.s, 0, 0), 0, 512);
        repaired_mend(&v);
        ck_assert_msg(mend_is_at(&v.s, "B.BIN", SAMPLE_B) &&
                          mend_is_at(&v.s, "DIR/SUB/DEEP.TXT", SAMPLE_DEEP),
                      "%s", v.mending.log);
        repaired_end(&v);
    }
}
END_TEST

/* A volume that its device cuts off, and that no repair can make shorter: its state stays. */
START_TEST(a_plan_counts_what_a_repair_writes)
{
    repaired_make(&v, CAIRN_FAT16);
    v.s.size = (v.s.geometry.data_start + 2000u) * 512;
    v.s.files[SAMPLE_A].slot[0] = FAT_SLOT_FREE;
    v.mending.options.plan_only = true;
    v.mending.bytes = v.s.bytes;
    v.mending.size = v.s.size;
    mending_run(&v.mending);
    uint64_t planned = v.mending.result.sectors;
    v.mending.options.plan_only = false;
    repaired_mend(&v);
    ck_assert_uint_eq(v.mending.result.sectors, planned);
    ck_assert_uint_gt(repaired_left(&v), 0);
    repaired_end(&v);
}
END_TEST

/* As other systems leave what they were writing: clusters, and not yet a size. */
START_TEST(clusters_behind_the_end_are_kept_as_lost_ones)
{
    for (size_t i = 0; i < MEND_TYPES; i++) {
        repaired_make(&v, mend_types[i]);
        cairn_le32_put(v.s.files[SAMPLE_A].slot + FAT_SLOT_SIZE, 0);
        repaired_mend(&v);
        ck_assert_uint_eq(repaired_left(&v), 0);
        ck_assert_msg(mend_is_at(&v.s, "found/FILE0001", SAMPLE_A), "%s", v.mending.log);
        repaired_end(&v);
    }
}
END_TEST

/* One entry of the FAT is wrong: a directory goes on in a file that the walk meets later. Behind
 * its end mark, or, as its cluster is full, without one. */
START_TEST(a_directory_gives_back_what_is_a_files)
{
    for (size_t i = 0; i < 2 * MEND_TYPES; i++) {
        repaired_make(&v, mend_types[i / 2]);
        uint32_t dir = v.s.files[SAMPLE_DIR].start;
        for (uint32_t slot = 4; i % 2 && slot < 512 / FAT_SLOT_BYTES; slot++)
            *sample_dir_slot(&v.s, SAMPLE_DIR, slot) = FAT_SLOT_FREE;
        sample_link(&v.s, dir, v.s.files[SAMPLE_DEEP].start);
        repaired_mend(&v);
        ck_assert_uint_eq(repaired_left(&v), 0);
        ck_assert_msg(mend_is_at(&v.s, "DIR/SUB/DEEP.TXT", SAMPLE_DEEP), "%s", v.mending.log);
        ck_assert_msg(!mend_exists(&v.s, "found"), "%s", v.mending.log);
        repaired_end(&v);
    }
}
END_TEST

/* No cluster is free for found/. */
START_TEST(orphans_of_a_full_volume_come_to_the_root)
{
    for (size_t i = 0; i < MEND_TYPES; i++) {
        repaired_make(&v, mend_types[i]);
        for (uint32_t cluster = v.s.next; cluster <= v.s.last; cluster++)
            sample_link(&v.s, cluster, FATENT_BAD);
        v.s.files[SAMPLE_A].slot[0] = v.s.files[SAMPLE_DIR].slot[0] = FAT_SLOT_FREE;
        sample_fsinfo(&v.s);
        repaired_mend(&v);
        ck_assert_msg(repaired_left(&v) == 0, "%s", v.mending.log);
        ck_assert_msg(mend_is_at(&v.s, "FILE0001", SAMPLE_A) &&
                          mend_is_at(&v.s, "DIR0001/SUB/DEEP.TXT", SAMPLE_DEEP),
                      "%s", v.mending.log);
        repaired_end(&v);
    }
}
END_TEST

/* Its type would change, were it made to end with its device; what lies behind that is not given up
 * then. */
START_TEST(a_device_that_is_cut_off_can_be_made_larger_again)
{
    uint8_t slot[FAT_SLOT_BYTES];
    repaired_make(&v, CAIRN_FAT16);
    struct sample_entry *file = &v.s.files[SAMPLE_A];
    size_t whole = v.s.size;
    sample_link(&v.s, file->start + 1, 3000);
    sample_link(&v.s, 3000, FATENT_END);
    memcpy(sample_cluster(&v.s, 3000), sample_cluster(&v.s, file->start + 2), 512);
    memcpy(slot, file->slot, sizeof slot);
    v.s.size = (v.s.geometry.data_start + 2000u) * 512;
    repaired_mend(&v);
    ck_assert_uint_eq(repaired_left(&v), 3); /* size, chain-outside, and therefore dirty */
    ck_assert_mem_eq(file->slot, slot, sizeof slot);
    v.s.size = whole;
    mending_end(&v.mending);
    repaired_mend(&v);
    ck_assert_uint_eq(repaired_left(&v), 0);
    ck_assert(mend_is_at(&v.s, "A.TXT", SAMPLE_A));
    repaired_end(&v);
}
END_TEST

/* ---- a boot sector that is wrong ------------------------------------------------------------- */

static void sectors_a_fat(uint8_t *boot)
{
    cairn_le16_put(boot + 22, (uint16_t)(cairn_le16(boot + 22) + 3));
}

static void reserved(uint8_t *boot)
{
    cairn_le16_put(boot + 14, (uint16_t)(cairn_le16(boot + 14) + 1));
}

static void one_fat(uint8_t *boot)
{
    boot[16] = 1;
}

static void three_fats(uint8_t *boot)
{
    boot[16] = 3;
}

/* So that its clusters make it the other type. */
static void sectors(uint8_t *boot)
{
    uint32_t total = cairn_le16(boot + 19);
    cairn_le16_put(boot + 19, (uint16_t)(total > 5000 ? 3000 : 0));
    cairn_le32_put(boot + 32, total > 5000 ? 0 : 20000);
}

/* Whoever mends by it destroys what is not broken. */
START_TEST(a_boot_sector_that_is_wrong_is_no_base_for_a_repair)
{
    static void (*const spoil[])(uint8_t *) = { sectors_a_fat, reserved, one_fat, three_fats,
                                                sectors };
    for (size_t i = 0; i < 2 * CAIRN_COUNT(spoil); i++) {
        repaired_make(&v, mend_types[i % 2]);
        spoil[i / 2](v.s.bytes);
        v.mending.bytes = v.s.bytes;
        v.mending.size = v.s.size;
        mending_run(&v.mending);
        ck_assert_msg(v.mending.err == CAIRN_EINVAL && v.mending.save_count == 0, "%u: %s\n%s",
                      (uint32_t)i, cairn_err_name(v.mending.err), v.mending.log);
        ck_assert_msg(strstr(v.mending.log, "boot-doubt"), "%s", v.mending.log);
        ck_assert_msg(strstr(v.mending.why.hint, "writes nothing"), "%s", v.mending.why.hint);
        repaired_end(&v);
    }
}
END_TEST

/* Its backup has more clusters than it, and so takes more memory. */
START_TEST(a_backup_that_fits_finds_the_memory_it_takes)
{
    repaired_make(&v, CAIRN_FAT32);
    uint8_t *backup = sample_sector(&v.s, v.s.geometry.backup_boot);
    cairn_le32_put(v.s.bytes + 32, 40000);
    v.s.bytes[14]++;
    repaired_mend(&v);
    ck_assert_uint_eq(repaired_left(&v), 0);
    ck_assert_mem_eq(v.s.bytes, backup, 512);
    repaired_end(&v);
}
END_TEST

/* The copies of a FAT, and all directories, may begin in damage without that. */
START_TEST(what_is_only_damaged_is_not_doubted)
{
    for (size_t i = 0; i < MEND_TYPES; i++) {
        repaired_make(&v, mend_types[i]);
        memset(sample_fat(&v.s, 0, 0), 0, 3);
        memset(sample_fat(&v.s, 1, 0), 0x55, 3);
        memset(sample_cluster(&v.s, v.s.files[SAMPLE_DIR].start), 0xB7, 512);
        repaired_mend(&v);
        ck_assert_uint_eq(repaired_left(&v), 0);
        repaired_end(&v);
    }
}
END_TEST

TCase *repair_review_tests(void)
{
    TCase *tests = tcase_create("review");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, an_end_mark_in_fat_1_costs_nothing_in_the_boot_sector);
    tcase_add_test(tests, names_behind_an_end_mark_are_judged_by_all_fats);
    tcase_add_test(tests, a_plan_counts_what_a_repair_writes);
    tcase_add_test(tests, clusters_behind_the_end_are_kept_as_lost_ones);
    tcase_add_test(tests, a_directory_gives_back_what_is_a_files);
    tcase_add_test(tests, orphans_of_a_full_volume_come_to_the_root);
    tcase_add_test(tests, a_device_that_is_cut_off_can_be_made_larger_again);
    tcase_add_test(tests, a_boot_sector_that_is_wrong_is_no_base_for_a_repair);
    tcase_add_test(tests, a_backup_that_fits_finds_the_memory_it_takes);
    tcase_add_test(tests, what_is_only_damaged_is_not_doubted);
    return tests;
}
