/* SPDX-License-Identifier: ISC */
/* Volumes that are made to be slow to repair, and what must not be lost where much is shared. */
#include "test_repair.h"

#include <stdlib.h>
#include <string.h>

#include <cairn/blk_mem.h>
#include <cairn/bytes.h>

#include "repaired.h"

static struct repaired v;

/* An empty directory that says so itself, in one more cluster. */
static uint32_t dir_add(uint32_t parent)
{
    uint8_t dots[2 * FAT_SLOT_BYTES];
    struct fat_dirent self = { .attributes = CAIRN_FAT_DIRECTORY, .start = sample_chain(&v.s, 1) };
    fat_dot_slots(dots, &self, parent);
    memcpy(sample_cluster(&v.s, self.start), dots, sizeof dots);
    return self.start;
}

/* An entry at the root's end that no test beside knows. */
static uint8_t *root_add(const char raw[12], uint8_t attributes, uint32_t start, uint32_t size)
{
    uint8_t *slot = sample_root_end(&v.s);
    struct fat_dirent entry = { .attributes = attributes, .start = start, .size = size };
    memcpy(entry.raw, raw, FAT_SHORT_BYTES);
    fat_dirent_encode(&entry, slot);
    return slot;
}

#define TAIL 1024u
#define HEADS 1500u

/* Entries all along the tail, so that nothing ends a walk through it early. */
static void tail_fill(uint32_t tail)
{
    uint8_t slot[FAT_SLOT_BYTES];
    struct fat_dirent entry = { .raw = "X          ", .attributes = CAIRN_FAT_ARCHIVE };
    fat_dirent_encode(&entry, slot);
    for (uint32_t i = 0; i < TAIL * 512 / FAT_SLOT_BYTES; i++)
        memcpy(sample_cluster(&v.s, tail) + (size_t)i * FAT_SLOT_BYTES, slot, sizeof slot);
}

START_TEST(lost_directories_share_a_tail_that_is_read_once)
{
    repaired_make(&v, CAIRN_FAT32);
    uint32_t tail = sample_chain(&v.s, TAIL);
    tail_fill(tail);
    for (uint32_t n = 0; n < HEADS; n++) {
        uint32_t head = dir_add(0);
        memcpy(sample_cluster(&v.s, head) + 64, sample_cluster(&v.s, tail), 512 - 64);
        sample_link(&v.s, head, tail);
    }
    v.mending.options.plan_only = true;
    v.mending.bytes = v.s.bytes;
    v.mending.size = v.s.size;
    mending_run(&v.mending);
    ck_assert_int_eq(v.mending.err, CAIRN_OK);
    ck_assert_uint_lt(v.mending.requests, 2 * v.s.size / 512);
    repaired_end(&v);
}
END_TEST

/* Each entry of the copy in force leads back by one cluster; the other copy is right. */
START_TEST(thousands_of_loops_in_one_chain_take_no_time)
{
    const uint32_t clusters = 60000;
    repaired_make(&v, CAIRN_FAT32);
    uint32_t start = sample_chain(&v.s, clusters);
    for (uint32_t i = start + 1; i < start + clusters - 1; i++)
        fatent_put(CAIRN_FAT32, sample_fat(&v.s, 0, i), i, i - 1);
    root_add("LOOPS      ", CAIRN_FAT_ARCHIVE, start, clusters * 512);
    repaired_mend(&v);
    ck_assert_uint_eq(repaired_left(&v), 0);
    ck_assert_uint_eq(fatent_get(CAIRN_FAT32, sample_fat(&v.s, 1, start + 100), 0), start + 101);
    repaired_end(&v);
}
END_TEST

/* More than is free, says the size; but what it shares is short. */
START_TEST(a_copy_is_made_of_what_there_is)
{
    for (size_t i = 0; i < MEND_TYPES; i++) {
        repaired_make(&v, mend_types[i]);
        root_add("LIAR       ", CAIRN_FAT_ARCHIVE, v.s.files[SAMPLE_A].start, 0xF0000000);
        repaired_mend(&v);
        ck_assert_msg(mend_is_at(&v.s, "LIAR", SAMPLE_A) && mend_is_at(&v.s, "A.TXT", SAMPLE_A),
                      "%s", v.mending.log);
        repaired_end(&v);
    }
}
END_TEST

/* A file's last entry leads into the middle of a lost chain. */
START_TEST(what_a_long_file_gives_back_may_be_a_lost_chains)
{
    for (size_t i = 0; i < MEND_TYPES; i++) {
        repaired_make(&v, mend_types[i]);
        struct sample_entry *file = &v.s.files[SAMPLE_B];
        sample_link(&v.s, v.s.files[SAMPLE_A].start + 2, file->start + 1);
        file->slot[0] = FAT_SLOT_FREE;
        repaired_mend(&v);
        ck_assert_uint_eq(repaired_left(&v), 0);
        ck_assert_msg(mend_is_at(&v.s, "A.TXT", SAMPLE_A), "%s", v.mending.log);
        uint8_t *slot = sample_cluster(&v.s, v.s.next) + 2 * FAT_SLOT_BYTES;
        ck_assert_uint_eq(cairn_le32(slot + FAT_SLOT_SIZE), 4 * v.s.geometry.cluster_bytes);
        repaired_end(&v);
    }
}
END_TEST

/* ".." leads to a directory that was removed; its cluster still names what was moved. */
START_TEST(a_removed_directory_owns_nothing)
{
    for (size_t i = 0; i < MEND_TYPES; i++) {
        repaired_make(&v, mend_types[i]);
        uint32_t gone = dir_add(0);
        memcpy(sample_cluster(&v.s, gone) + 64, v.s.files[SAMPLE_SUB].slot, FAT_SLOT_BYTES);
        sample_start_put(sample_dir_slot(&v.s, SAMPLE_SUB, 1), gone);
        sample_link(&v.s, gone, FATENT_FREE);
        sample_fsinfo(&v.s);
        repaired_mend(&v);
        ck_assert_msg(mend_is_at(&v.s, "DIR/SUB/DEEP.TXT", SAMPLE_DEEP), "%s", v.mending.log);
        ck_assert_msg(!mend_exists(&v.s, "found"), "%s", v.mending.log);
        repaired_end(&v);
    }
}
END_TEST

#define LEAPS 600000u
#define LEAP 233333u /* no divisor of it */

/* Most of it lies behind the device's end, as a cut image's does. */
START_TEST(a_chain_that_leaps_about_is_followed_in_time)
{
    static struct mending mending;
    static uint8_t scratch[65536], slot[FAT_SLOT_BYTES];
    const struct cairn_fat_format_options options = { .type = CAIRN_FAT32,
                                                      .cluster_bytes = 512,
                                                      .fat_count = 1 };
    const size_t blocks = 2 * LEAPS;
    struct cairn_fat_geometry geometry;
    struct cairn_blk_mem dev;
    uint8_t *bytes = calloc(blocks, 512);
    ck_assert_int_eq(cairn_blk_mem_open(&dev, bytes, 512, blocks, NULL), CAIRN_OK);
    ck_assert_int_eq(
        cairn_fat_format(&dev.base, &options, scratch, sizeof scratch, &geometry, NULL), CAIRN_OK);
    ck_assert_int_eq(cairn_blk_close(&dev.base, NULL), CAIRN_OK);
    uint8_t *fat = bytes + (size_t)geometry.reserved_sectors * 512;
    for (uint32_t i = 1, at = 0; i < LEAPS; i++, at = (at + LEAP) % LEAPS)
        cairn_le32_put(fat + (size_t)(at + 3) * 4, (at + LEAP) % LEAPS + 3);
    struct fat_dirent entry = { .raw = "LEAPS      ", .start = 3, .size = UINT32_MAX };
    fat_dirent_encode(&entry, slot);
    memcpy(bytes + (size_t)geometry.data_start * 512, slot, sizeof slot);
    mending.bytes = bytes;
    mending.size = ((size_t)geometry.data_start + 1000) * 512;
    mending.options.plan_only = true;
    mending_run(&mending);
    ck_assert_int_eq(mending.err, CAIRN_OK);
    mending_end(&mending);
    free(bytes);
}
END_TEST

#define LEVELS 50000u

/* Every level takes a little of check's memory. */
START_TEST(memory_is_divided_as_asked)
{
    const struct sample_shape shape = { .type = CAIRN_FAT32, .levels = LEVELS };
    const struct cairn_fat_repair_options options = { .plan_only = true, .changes = 1u << 20 };
    struct cairn_fat_repair_result result;
    struct cairn_blk_mem dev;
    struct sample s;
    sample_make_shape(&s, &shape);
    ck_assert_int_eq(cairn_blk_mem_open(&dev, s.bytes, 512, s.size / 512, NULL), CAIRN_OK);
    size_t bytes = cairn_fat_repair_mem(&dev.base, 1u << 20, options.changes);
    void *mem = malloc(bytes);
    ck_assert_int_eq(cairn_fat_repair(&dev.base, &options, mem, bytes, &result, NULL), CAIRN_OK);
    ck_assert_uint_gt(result.before.directories, LEVELS);
    free(mem);
    ck_assert_int_eq(cairn_blk_close(&dev.base, NULL), CAIRN_OK);
    sample_free(&s);
}
END_TEST

TCase *repair_bounds_tests(void)
{
    TCase *tests = tcase_create("bounds");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, lost_directories_share_a_tail_that_is_read_once);
    tcase_add_test(tests, thousands_of_loops_in_one_chain_take_no_time);
    tcase_add_test(tests, a_copy_is_made_of_what_there_is);
    tcase_add_test(tests, what_a_long_file_gives_back_may_be_a_lost_chains);
    tcase_add_test(tests, a_removed_directory_owns_nothing);
    tcase_add_test(tests, a_chain_that_leaps_about_is_followed_in_time);
    tcase_add_test(tests, memory_is_divided_as_asked);
    return tests;
}
