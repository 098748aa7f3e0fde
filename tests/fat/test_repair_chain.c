/* SPDX-License-Identifier: ISC */
/* What repair makes of chains: the other copy of the FAT is asked, what two names share becomes
 * two, what nothing names comes back as a tree. */
#include "test_repair.h"

#include <stdlib.h>
#include <string.h>

#include <cairn/bytes.h>
#include <cairn/fat.h>

#include "damage.h"
#include "mending.h"

#define MEM_BYTES (1u << 20)

static const enum cairn_fat_type types[] = { CAIRN_FAT12, CAIRN_FAT16, CAIRN_FAT32 };

/* ---- a repaired volume ----------------------------------------------------------------------- */

struct volume {
    struct sample s;
    struct mending mending;
    struct cairn_blk_mem dev;
    struct cairn_fat *fs;
    void *mem;
};
static struct volume v;

static void volume_mount(void)
{
    struct cairn_fat_options options = { .read_only = true };
    v.mem = malloc(MEM_BYTES);
    ck_assert_int_eq(cairn_blk_mem_open(&v.dev, v.s.bytes, 512, v.s.size / 512, NULL), CAIRN_OK);
    ck_assert_int_eq(cairn_fat_mount(&v.fs, &v.dev.base, &options, v.mem, MEM_BYTES, NULL),
                     CAIRN_OK);
}

/* Repair it, and once more to see that nothing is left; then mount it. */
static void volume_mend(void)
{
    static struct mending again;
    v.mending.bytes = v.s.bytes;
    v.mending.size = v.s.size;
    mending_run(&v.mending);
    ck_assert_msg(v.mending.err == CAIRN_OK && !v.mending.broken, "%s %s\n%s",
                  cairn_err_name(v.mending.err), v.mending.broken ? v.mending.broken : "",
                  v.mending.log);
    again = (struct mending){ .bytes = v.s.bytes, .size = v.s.size, .options = v.mending.options };
    mending_run(&again);
    ck_assert_msg(again.save_count == 0 && again.result.mended == 0, "%s\nagain:\n%s",
                  v.mending.log, again.log);
    mending_end(&again);
    volume_mount();
}

static void volume_make(enum cairn_fat_type type)
{
    v = (struct volume){ .fs = NULL };
    sample_make(&v.s, type);
}

static void volume_end(void)
{
    ck_assert_int_eq(cairn_fat_unmount(v.fs, NULL), CAIRN_OK);
    ck_assert_int_eq(cairn_blk_close(&v.dev.base, NULL), CAIRN_OK);
    free(v.mem);
    mending_end(&v.mending);
    sample_free(&v.s);
}

static uint64_t left(void)
{
    const uint64_t *findings = v.mending.result.after.findings;
    return findings[CAIRN_FAT_MINOR] + findings[CAIRN_FAT_MAJOR];
}

static struct cairn_fat_node *node_at(const char *path)
{
    struct cairn_fat_node *node;
    return cairn_fat_walk(v.fs, path, strlen(path), &node, NULL) ? NULL : node;
}

static bool exists(const char *path)
{
    struct cairn_fat_node *node = node_at(path);
    if (node) cairn_fat_release(node);
    return node != NULL;
}

/* Does the file there hold what `file` did? */
static bool is_at(const char *path, enum sample_file file)
{
    static uint8_t bytes[4097];
    struct cairn_fat_node *node = node_at(path);
    size_t done, want = sample_bytes(&v.s, file);
    if (!node) return false;
    enum cairn_err err = cairn_fat_read(node, 0, bytes, sizeof bytes, &done, NULL);
    cairn_fat_release(node);
    bool whole = !err && done == want;
    for (uint32_t n = 0; n < want && whole; n++)
        whole = bytes[n] == sample_byte(file, n);
    return whole;
}

static void all_are_in_place(void)
{
    for (enum sample_file file = 0; file < SAMPLE_FILES; file++) {
        if (file == SAMPLE_DIR || file == SAMPLE_SUB) continue;
        ck_assert_msg(is_at(sample_path(file), file), "%s\n%s", sample_path(file), v.mending.log);
    }
    ck_assert_msg(left() == 0 && !exists("found"), "%s", v.mending.log);
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
    for (size_t i = 0; i < CAIRN_COUNT(types) * CAIRN_COUNT(values); i++) {
        volume_make(types[i % CAIRN_COUNT(types)]);
        uint32_t start = v.s.files[SAMPLE_B].start;
        entry_put(start + 1, values[i / CAIRN_COUNT(types)]);
        volume_mend();
        all_are_in_place();
        volume_end();
    }
}
END_TEST

START_TEST(the_other_copy_mends_a_loop_and_a_shared_chain)
{
    for (size_t i = 0; i < CAIRN_COUNT(types); i++) {
        volume_make(types[i]);
        entry_put(v.s.files[SAMPLE_B].start + 2, v.s.files[SAMPLE_B].start);
        entry_put(v.s.files[SAMPLE_DEEP].start, v.s.files[SAMPLE_A].start + 1);
        volume_mend();
        all_are_in_place();
        volume_end();
    }
}
END_TEST

START_TEST(a_first_copy_of_zeros_is_made_good)
{
    for (size_t i = 0; i < CAIRN_COUNT(types); i++) {
        volume_make(types[i]);
        for (uint32_t cluster = 2; cluster <= v.s.last; cluster++)
            entry_put(cluster, FATENT_FREE);
        volume_mend();
        all_are_in_place();
        volume_end();
    }
}
END_TEST

/* In every copy: the entry is wrong, but what is in the cluster is not. */
START_TEST(a_directory_in_a_free_cluster_keeps_it)
{
    for (size_t i = 0; i < CAIRN_COUNT(types); i++) {
        volume_make(types[i]);
        sample_link(&v.s, v.s.files[SAMPLE_SUB].start, FATENT_FREE);
        if (types[i] == CAIRN_FAT32) sample_link(&v.s, v.s.geometry.root_cluster, FATENT_FREE);
        sample_fsinfo(&v.s);
        volume_mend();
        all_are_in_place();
        volume_end();
    }
}
END_TEST

/* ---- two names --------------------------------------------------------------------------------
 */

/* A rename that was cut off. */
START_TEST(a_file_under_two_names_becomes_two_files)
{
    for (size_t i = 0; i < CAIRN_COUNT(types); i++) {
        volume_make(types[i]);
        uint8_t *slot = sample_root_end(&v.s);
        memcpy(slot, v.s.files[SAMPLE_DEEP].slot, FAT_SLOT_BYTES);
        memcpy(slot, "NEW     ", 8);
        volume_mend();
        ck_assert_msg(is_at("NEW.TXT", SAMPLE_DEEP) && v.mending.result.copied_clusters == 2, "%s",
                      v.mending.log);
        all_are_in_place();
        volume_end();
    }
}
END_TEST

/* Its ".." tells where a directory belongs, whichever entry is met first. */
START_TEST(a_directory_under_two_names_keeps_the_right_one)
{
    for (uint32_t i = 0; i < 2 * CAIRN_COUNT(types); i++) {
        bool to_root = i & 1;
        volume_make(types[i / 2]);
        uint8_t *slot = sample_root_end(&v.s);
        memcpy(slot, v.s.files[SAMPLE_SUB].slot, FAT_SLOT_BYTES);
        if (to_root) sample_start_put(sample_dir_slot(&v.s, SAMPLE_SUB, 1), 0);
        volume_mend();
        ck_assert_msg(is_at(to_root ? "SUB/DEEP.TXT" : "DIR/SUB/DEEP.TXT", SAMPLE_DEEP), "%s",
                      v.mending.log);
        ck_assert(!exists(to_root ? "DIR/SUB" : "SUB") && !exists("found") && left() == 0);
        volume_end();
    }
}
END_TEST

/* Every cluster but those in use is marked bad. */
START_TEST(without_room_for_a_copy_the_second_file_is_cut)
{
    volume_make(CAIRN_FAT12);
    sample_start_put(v.s.files[SAMPLE_B].slot, v.s.files[SAMPLE_A].start);
    for (uint32_t cluster = v.s.next; cluster <= v.s.last; cluster++)
        sample_link(&v.s, cluster, FATENT_BAD);
    for (uint32_t i = 0; i < 4; i++)
        sample_link(&v.s, v.s.files[SAMPLE_B].start + i, FATENT_BAD);
    volume_mend();
    ck_assert_msg(is_at("A.TXT", SAMPLE_A) && exists("B.BIN") && left() == 0, "%s", v.mending.log);
    ck_assert_ptr_nonnull(strstr(v.mending.log, "bytes"));
    volume_end();
}
END_TEST

/* A file's chain that was led into a directory ends there; bogus directories do not win. */
START_TEST(a_directory_goes_before_a_file_when_it_is_one)
{
    for (size_t i = 0; i < CAIRN_COUNT(types); i++) {
        volume_make(types[i]);
        sample_link(&v.s, v.s.files[SAMPLE_A].start + 1, v.s.files[SAMPLE_DIR].start);
        v.s.files[SAMPLE_EMPTY].slot[FAT_SLOT_ATTR] = CAIRN_FAT_DIRECTORY;
        sample_start_put(v.s.files[SAMPLE_EMPTY].slot, v.s.files[SAMPLE_B].start + 1);
        sample_fsinfo(&v.s);
        volume_mend();
        ck_assert_msg(is_at("DIR/SUB/DEEP.TXT", SAMPLE_DEEP) &&
                          is_at("DIR/INNER.TXT", SAMPLE_INNER),
                      "%s", v.mending.log);
        ck_assert_msg(is_at("B.BIN", SAMPLE_B) && left() == 0, "%s", v.mending.log);
        volume_end();
    }
}
END_TEST

/* ---- orphans ----------------------------------------------------------------------------------
 */

static void tree_is_found(void)
{
    ck_assert_msg(is_at("found/DIR0001/INNER.TXT", SAMPLE_INNER) &&
                      is_at("found/DIR0001/SUB/DEEP.TXT", SAMPLE_DEEP),
                  "%s", v.mending.log);
    ck_assert_msg(!exists("found/DIR0002") && !exists("found/FILE0001") && left() == 0, "%s",
                  v.mending.log);
}

START_TEST(a_lost_tree_comes_back_with_its_names)
{
    for (size_t i = 0; i < CAIRN_COUNT(types); i++) {
        volume_make(types[i]);
        v.s.files[SAMPLE_DIR].slot[0] = FAT_SLOT_FREE;
        volume_mend();
        tree_is_found();
        volume_end();
    }
}
END_TEST

/* The sweep meets the lower one first. */
START_TEST(a_lost_tree_may_have_its_top_behind)
{
    for (size_t i = 0; i < CAIRN_COUNT(types); i++) {
        volume_make(types[i]);
        uint32_t old = v.s.files[SAMPLE_DIR].start, top = sample_chain(&v.s, 1);
        memcpy(sample_cluster(&v.s, top), sample_cluster(&v.s, old), 512);
        sample_start_put(sample_cluster(&v.s, top), top);
        sample_start_put(sample_dir_slot(&v.s, SAMPLE_SUB, 1), top);
        sample_link(&v.s, old, FATENT_FREE);
        v.s.files[SAMPLE_DIR].slot[0] = FAT_SLOT_FREE;
        volume_mend();
        tree_is_found();
        volume_end();
    }
}
END_TEST

/* Each lies in the other. */
START_TEST(lost_directories_in_a_ring_come_back)
{
    for (size_t i = 0; i < CAIRN_COUNT(types); i++) {
        volume_make(types[i]);
        uint8_t *slot = sample_dir_slot(&v.s, SAMPLE_SUB, 3);
        memcpy(slot, v.s.files[SAMPLE_DIR].slot, FAT_SLOT_BYTES);
        v.s.files[SAMPLE_DIR].slot[0] = FAT_SLOT_FREE;
        volume_mend();
        tree_is_found();
        volume_end();
    }
}
END_TEST

START_TEST(orphans_are_freed_when_asked_for)
{
    for (size_t i = 0; i < CAIRN_COUNT(types); i++) {
        volume_make(types[i]);
        uint32_t start = sample_chain(&v.s, 3);
        v.s.files[SAMPLE_DIR].slot[0] = FAT_SLOT_FREE;
        v.mending.options.orphans = CAIRN_FAT_ORPHANS_FREE;
        volume_mend();
        ck_assert_msg(!exists("found") && left() == 0, "%s", v.mending.log);
        const uint32_t gone[] = { start, start + 2, v.s.files[SAMPLE_DEEP].start };
        for (size_t n = 0; n < CAIRN_COUNT(gone); n++)
            ck_assert_uint_eq(fatent_get(types[i], sample_fat(&v.s, 1, gone[n]), gone[n]),
                              FATENT_FREE);
        volume_end();
    }
}
END_TEST

/* found is the name of a file; its directory has another one. */
START_TEST(found_steps_aside)
{
    volume_make(CAIRN_FAT16);
    memcpy(v.s.files[SAMPLE_EMPTY].slot, "FOUND      ", FAT_SHORT_BYTES);
    sample_chain(&v.s, 2);
    volume_mend();
    ck_assert_msg(exists("found.000/FILE0001") && left() == 0, "%s", v.mending.log);
    volume_end();
}
END_TEST

/* More than one found/ holds, with the least memory: written in parts, each of which counts. */
START_TEST(heaps_of_orphans_in_little_memory)
{
    const uint32_t count = 70000 - 2000;
    volume_make(CAIRN_FAT32);
    for (uint32_t i = 0; i < count; i++)
        sample_chain(&v.s, 1);
    sample_fsinfo(&v.s);
    v.mending.changes = 1;
    volume_mend();
    ck_assert_uint_eq(v.mending.result.mended, count + 1);
    ck_assert_uint_gt(v.mending.result.rounds, 3);
    ck_assert_uint_le(v.mending.result.passes, 4);
    ck_assert(exists("found/FILE0001") && exists("found.000/FILE0001") && left() == 0);
    volume_end();
}
END_TEST

/* A plan in too little memory says so; its beginning is right. */
START_TEST(a_plan_tells_when_it_is_not_whole)
{
    volume_make(CAIRN_FAT16);
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
    volume_make(CAIRN_FAT12);
    uint8_t *slot = sample_root_end(&v.s);
    const uint8_t *end = sample_root_slot(&v.s, v.s.geometry.root_entries);
    for (uint32_t i = 0; slot < end; i++, slot += FAT_SLOT_BYTES) {
        memcpy(slot, v.s.files[SAMPLE_EMPTY].slot, FAT_SLOT_BYTES);
        for (uint32_t n = 0, rest = i; n < 8; n++, rest /= 10)
            slot[7 - n] = (uint8_t)('0' + rest % 10);
    }
    sample_chain(&v.s, 2);
    volume_mend();
    ck_assert_msg(left() == 1 && v.mending.result.findings == 1, "%s", v.mending.log);
    volume_end();
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
    volume_make(CAIRN_FAT16);
    sample_chain(&v.s, 3);
    ck_assert_int_eq(cairn_blk_mem_open(&v.dev, v.s.bytes, 512, v.s.size / 512, NULL), CAIRN_OK);
    struct cairn_blk_ops ops = *v.dev.base.ops;
    ops.submit = dead_submit;
    v.dev.base.ops = &ops;
    dead_block = v.s.geometry.root_start;
    size_t bytes = cairn_fat_repair_mem(&v.dev.base, 256, 0);
    void *mem = malloc(bytes);
    ck_assert_int_eq(cairn_fat_repair(&v.dev.base, &options, mem, bytes, &result, NULL), CAIRN_EIO);
    v.dev.base.info.read_only = true;
    ck_assert_int_eq(cairn_fat_repair(&v.dev.base, &options, mem, bytes, &result, NULL),
                     CAIRN_EROFS);
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
    tcase_add_test(tests, a_lost_tree_comes_back_with_its_names);
    tcase_add_test(tests, a_lost_tree_may_have_its_top_behind);
    tcase_add_test(tests, lost_directories_in_a_ring_come_back);
    tcase_add_test(tests, orphans_are_freed_when_asked_for);
    tcase_add_test(tests, found_steps_aside);
    tcase_add_test(tests, heaps_of_orphans_in_little_memory);
    tcase_add_test(tests, a_plan_tells_when_it_is_not_whole);
    tcase_add_test(tests, a_full_root_leaves_orphans);
    tcase_add_test(tests, a_volume_that_cannot_be_read_is_not_written_to);
    return tests;
}
