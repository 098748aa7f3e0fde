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

TCase *repair_review_tests(void)
{
    TCase *tests = tcase_create("review");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, an_end_mark_in_fat_1_costs_nothing_in_the_boot_sector);
    return tests;
}
