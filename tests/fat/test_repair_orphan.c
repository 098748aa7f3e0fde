/* SPDX-License-Identifier: ISC */
/* What nothing names comes back as a tree, in as little memory as there is. */
#include "test_repair.h"

#include <string.h>

#include <cairn/bytes.h>

#include "repaired.h"

static struct repaired v;

static void tree_is_found(void)
{
    ck_assert_msg(mend_is_at(&v.s, "found/DIR0001/INNER.TXT", SAMPLE_INNER) &&
                      mend_is_at(&v.s, "found/DIR0001/SUB/DEEP.TXT", SAMPLE_DEEP),
                  "%s", v.mending.log);
    ck_assert_msg(!mend_exists(&v.s, "found/DIR0002") && !mend_exists(&v.s, "found/FILE0001") &&
                      repaired_left(&v) == 0,
                  "%s", v.mending.log);
}

START_TEST(a_lost_tree_comes_back_with_its_names)
{
    for (size_t i = 0; i < MEND_TYPES; i++) {
        repaired_make(&v, mend_types[i]);
        v.s.files[SAMPLE_DIR].slot[0] = FAT_SLOT_FREE;
        repaired_mend(&v);
        tree_is_found();
        repaired_end(&v);
    }
}
END_TEST

/* The sweep meets the lower one first. */
START_TEST(a_lost_tree_may_have_its_top_behind)
{
    for (size_t i = 0; i < MEND_TYPES; i++) {
        repaired_make(&v, mend_types[i]);
        uint32_t old = v.s.files[SAMPLE_DIR].start, top = sample_chain(&v.s, 1);
        memcpy(sample_cluster(&v.s, top), sample_cluster(&v.s, old), 512);
        sample_start_put(sample_cluster(&v.s, top), top);
        sample_start_put(sample_dir_slot(&v.s, SAMPLE_SUB, 1), top);
        sample_link(&v.s, old, FATENT_FREE);
        v.s.files[SAMPLE_DIR].slot[0] = FAT_SLOT_FREE;
        repaired_mend(&v);
        tree_is_found();
        repaired_end(&v);
    }
}
END_TEST

/* Each lies in the other. */
START_TEST(lost_directories_in_a_ring_come_back)
{
    for (size_t i = 0; i < MEND_TYPES; i++) {
        repaired_make(&v, mend_types[i]);
        uint8_t *slot = sample_dir_slot(&v.s, SAMPLE_SUB, 3);
        memcpy(slot, v.s.files[SAMPLE_DIR].slot, FAT_SLOT_BYTES);
        v.s.files[SAMPLE_DIR].slot[0] = FAT_SLOT_FREE;
        repaired_mend(&v);
        tree_is_found();
        repaired_end(&v);
    }
}
END_TEST

START_TEST(orphans_are_freed_when_asked_for)
{
    for (size_t i = 0; i < MEND_TYPES; i++) {
        repaired_make(&v, mend_types[i]);
        uint32_t start = sample_chain(&v.s, 3);
        v.s.files[SAMPLE_DIR].slot[0] = FAT_SLOT_FREE;
        v.mending.options.orphans = CAIRN_FAT_ORPHANS_FREE;
        repaired_mend(&v);
        ck_assert_msg(!mend_exists(&v.s, "found") && repaired_left(&v) == 0, "%s", v.mending.log);
        const uint32_t gone[] = { start, start + 2, v.s.files[SAMPLE_DEEP].start };
        for (size_t n = 0; n < CAIRN_COUNT(gone); n++)
            ck_assert_uint_eq(fatent_get(mend_types[i], sample_fat(&v.s, 1, gone[n]), gone[n]),
                              FATENT_FREE);
        repaired_end(&v);
    }
}
END_TEST

/* found is the name of a file; its directory has another one. */
START_TEST(found_steps_aside)
{
    repaired_make(&v, CAIRN_FAT16);
    memcpy(v.s.files[SAMPLE_EMPTY].slot, "FOUND      ", FAT_SHORT_BYTES);
    sample_chain(&v.s, 2);
    repaired_mend(&v);
    ck_assert_msg(mend_exists(&v.s, "found.000/FILE0001") && repaired_left(&v) == 0, "%s",
                  v.mending.log);
    repaired_end(&v);
}
END_TEST

/* More than one found/ holds, with the least memory: written in parts, each of which counts. */
START_TEST(heaps_of_orphans_in_little_memory)
{
    const uint32_t count = 70000 - 2000;
    repaired_make(&v, CAIRN_FAT32);
    for (uint32_t i = 0; i < count; i++)
        sample_chain(&v.s, 1);
    sample_fsinfo(&v.s);
    v.mending.changes = 1;
    repaired_mend(&v);
    ck_assert_uint_eq(v.mending.result.mended, count + 1);
    ck_assert_uint_gt(v.mending.result.rounds, 3);
    ck_assert_uint_le(v.mending.result.passes, 4);
    ck_assert(mend_exists(&v.s, "found/FILE0001") && mend_exists(&v.s, "found.000/FILE0001") &&
              repaired_left(&v) == 0);
    repaired_end(&v);
}
END_TEST

/* A plan in too little memory says so; its beginning is right. */
START_TEST(a_plan_tells_when_it_is_not_whole)
{
    repaired_make(&v, CAIRN_FAT16);
    for (uint32_t i = 0; i < 10000; i++)
        sample_chain(&v.s, 1);
    v.mending.bytes = v.s.bytes;
    v.mending.size = v.s.size;
    v.mending.changes = 1;
    v.mending.options.plan_only = true;
    mending_run(&v.mending);
    ck_assert_int_eq(v.mending.err, CAIRN_OK);
    ck_assert(!v.mending.result.whole && v.mending.result.mended > 100 && !v.mending.broken);
    v.mending.changes = 4u << 20;
    mending_run(&v.mending);
    ck_assert(v.mending.result.whole && v.mending.result.mended == 10000 && !v.mending.broken);
    mending_end(&v.mending);
    sample_free(&v.s);
}
END_TEST

/* Nothing can be put into a root directory that is full: the orphan stays, and is told of. */
START_TEST(a_full_root_leaves_orphans)
{
    repaired_make(&v, CAIRN_FAT12);
    uint8_t *slot = sample_root_end(&v.s);
    const uint8_t *end = sample_root_slot(&v.s, v.s.geometry.root_entries);
    for (uint32_t i = 0; slot < end; i++, slot += FAT_SLOT_BYTES) {
        memcpy(slot, v.s.files[SAMPLE_EMPTY].slot, FAT_SLOT_BYTES);
        for (uint32_t n = 0, rest = i; n < 8; n++, rest /= 10)
            slot[7 - n] = (uint8_t)('0' + rest % 10);
    }
    sample_chain(&v.s, 2);
    repaired_mend(&v);
    ck_assert_msg(repaired_left(&v) == 1 && v.mending.result.findings == 1, "%s", v.mending.log);
    repaired_end(&v);
}
END_TEST

TCase *repair_orphan_tests(void)
{
    TCase *tests = tcase_create("orphan");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, a_lost_tree_comes_back_with_its_names);
    tcase_add_test(tests, a_lost_tree_may_have_its_top_behind);
    tcase_add_test(tests, lost_directories_in_a_ring_come_back);
    tcase_add_test(tests, orphans_are_freed_when_asked_for);
    tcase_add_test(tests, found_steps_aside);
    tcase_add_test(tests, heaps_of_orphans_in_little_memory);
    tcase_add_test(tests, a_plan_tells_when_it_is_not_whole);
    tcase_add_test(tests, a_full_root_leaves_orphans);
    return tests;
}
