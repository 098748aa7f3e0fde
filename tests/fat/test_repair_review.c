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

TCase *repair_review_tests(void)
{
    TCase *tests = tcase_create("review");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, an_end_mark_in_fat_1_costs_nothing_in_the_boot_sector);
    tcase_add_test(tests, names_behind_an_end_mark_are_judged_by_all_fats);
    tcase_add_test(tests, a_plan_counts_what_a_repair_writes);
    return tests;
}
