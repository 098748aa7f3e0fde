/* SPDX-License-Identifier: ISC */
/* What resize and defragment refuse, what stops them halfway, and what is in their way. */
#include "layout_rig.h"
#include "test_layout.h"

#include <cairn/fat_repair.h>
#include <fat/codec/boot.h>
#include <fat/codec/dirent.h>
#include <fat/codec/fatent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct layout_shape plain = { CAIRN_FAT12, 512, 512, 2, 300, 60, 600, false, 0, 0 };
static const struct layout_shape plain_32 = {
    CAIRN_FAT32, 512, 1024, 2, 300, 60, 600, false, 0, 0
};
static const struct layout_shape on_sim = { CAIRN_FAT12, 512, 512, 2, 120, 40, 600, true, 0, 0 };

static struct layout_rig rig;

static void fat_put(uint32_t cluster, uint32_t value)
{
    for (uint32_t copy = 0; copy < rig.disk.geometry.fat_count; copy++)
        fatent_put(rig.disk.geometry.type, rig_fat(&rig.disk, copy, cluster), cluster, value);
}

/* The n-th free cluster from the end. */
static uint32_t free_cluster(uint32_t n)
{
    for (uint32_t c = rig.disk.geometry.cluster_count + 1; c >= 2; c--)
        if (rig_fat_get(&rig.disk, c) == FATENT_FREE && n-- == 0) return c;
    abort();
}

static void state_set(uint8_t bits)
{
    uint8_t *state = &rig.disk.bytes[cairn_fat_boot_state_offset(rig.disk.geometry.type)];
    *state = (uint8_t)(*state | bits);
}

static enum cairn_err defrag(void)
{
    struct cairn_fat_layout_result result;
    return layout_defrag(&rig, &rig.disk.dev.base, true, &result);
}

/* It fails so, and nothing was written. */
static void refused(enum cairn_err wanted)
{
    struct cairn_fat_layout_result result;
    uint8_t *before = malloc(rig.disk.dev_bytes);
    memcpy(before, rig.disk.bytes, rig.disk.dev_bytes);
    ck_assert_int_eq(defrag(), wanted);
    ck_assert_int_eq(layout_resize(&rig, &rig.disk.dev.base, rig.disk.dev_bytes, &result), wanted);
    ck_assert_int_eq(memcmp(before, rig.disk.bytes, rig.disk.dev_bytes), 0);
    free(before);
}

/* ---- refused --------------------------------------------------------------------------------- */

/* They may be someone's lost file, unless the volume says that a cut of such work left them. */
START_TEST(lost_clusters_are_freed_only_behind_a_cut)
{
    struct cairn_fat_layout_result result;
    layout_make(&rig, _i ? &plain_32 : &plain, 1);
    fat_put(free_cluster(3), FATENT_END);
    state_set(FAT_BOOT_MOVING); /* says nothing of a volume that was unmounted */
    refused(CAIRN_ECORRUPT);
    state_set(FAT_BOOT_DIRTY);
    ck_assert_int_eq(layout_defrag(&rig, &rig.disk.dev.base, false, &result), CAIRN_OK);
    ck_assert_uint_eq(result.freed_clusters, 1);
    ck_assert(layout_holds(&rig, &rig.disk.dev.base));
    ck_assert_msg(layout_checks(&rig, &rig.disk.dev.base, LAYOUT_CLEAN), "%s", rig.what);
    layout_free(&rig);
}
END_TEST

START_TEST(lost_clusters_of_another_cut_are_freed_only_when_told)
{
    struct cairn_fat_layout_result result;
    struct cairn_fat_layout_options dirty = { .dirty = true };
    layout_make(&rig, _i ? &plain_32 : &plain, 1);
    fat_put(free_cluster(3), FATENT_END);
    ck_assert_int_eq(cairn_fat_defrag(&rig.disk.dev.base, &dirty, rig.disk.mem,
                                      rig.disk.shape.mem_bytes, &result, NULL),
                     CAIRN_ECORRUPT);
    state_set(FAT_BOOT_DIRTY);
    refused(CAIRN_ECORRUPT);
    ck_assert(strstr(rig.disk.why.hint, "cairn check --repair"));
    ck_assert(strstr(rig.disk.why.hint, "--dirty"));
    ck_assert_int_eq(cairn_fat_defrag(&rig.disk.dev.base, &dirty, rig.disk.mem,
                                      rig.disk.shape.mem_bytes, &result, NULL),
                     CAIRN_OK);
    ck_assert_uint_eq(result.freed_clusters, 1);
    ck_assert(layout_holds(&rig, &rig.disk.dev.base));
    ck_assert_msg(layout_checks(&rig, &rig.disk.dev.base, LAYOUT_DIRTY), "%s", rig.what);
    ck_assert(!layout_checks(&rig, &rig.disk.dev.base, LAYOUT_CLEAN));
    layout_free(&rig);
}
END_TEST

/* Whatever writes to the volume next leaves lost clusters of its own. */
START_TEST(other_changes_forget_the_cut)
{
    struct cairn_fat *fs;
    struct cairn_fat_options options = { .on_dirty = CAIRN_FAT_DIRTY_WRITE };
    layout_make(&rig, _i ? &plain_32 : &plain, 4);
    state_set(FAT_BOOT_DIRTY | FAT_BOOT_MOVING);
    fat_put(free_cluster(3), FATENT_END);
    ck_assert(!cairn_fat_mount(&fs, &rig.disk.dev.base, &options, rig.disk.mem,
                               rig.disk.shape.mem_bytes, NULL));
    ck_assert(!cairn_fat_label_set(fs, "NEW", 3, NULL));
    ck_assert(!cairn_fat_unmount(fs, NULL));
    refused(CAIRN_ECORRUPT);
    layout_free(&rig);
}
END_TEST

/* Repair has ended it in its own way. */
START_TEST(repair_forgets_the_cut)
{
    struct cairn_fat_repair_options options = { .now_ns = 0 };
    struct cairn_fat_repair_result result;
    layout_make(&rig, _i ? &plain_32 : &plain, 5);
    state_set(FAT_BOOT_DIRTY | FAT_BOOT_MOVING);
    fat_put(free_cluster(3), FATENT_END);
    ck_assert(!cairn_fat_repair(&rig.disk.dev.base, &options, rig.disk.mem,
                                rig.disk.shape.mem_bytes, &result, NULL));
    ck_assert_uint_eq(rig.disk.bytes[cairn_fat_boot_state_offset(rig.disk.geometry.type)], 0);
    layout_free(&rig);
}
END_TEST

/* The last cluster of some file in the root of a FAT12. */
static uint32_t file_end(void)
{
    const uint8_t *slot =
        rig.disk.bytes + (size_t)rig.disk.geometry.root_start * rig.disk.geometry.sector_bytes;
    while (slot[FAT_SLOT_ATTR] & (CAIRN_FAT_DIRECTORY | CAIRN_FAT_VOLUME) ||
           slot[0] == FAT_SLOT_FREE || !cairn_le16(slot + FAT_SLOT_START_LOW))
        slot += FAT_SLOT_BYTES;
    uint32_t end = cairn_le16(slot + FAT_SLOT_START_LOW);
    while (rig_fat_get(&rig.disk, end) != FATENT_END)
        end = rig_fat_get(&rig.disk, end);
    return end;
}

/* What the survey sees and leaves alone is left to repair, and so is the mark. */
START_TEST(a_size_that_does_not_fit_keeps_the_mark)
{
    struct cairn_fat_layout_result result;
    layout_make(&rig, &plain, 10);
    uint32_t more = free_cluster(0);
    fat_put(file_end(), more);
    fat_put(more, FATENT_END);
    state_set(FAT_BOOT_DIRTY | FAT_BOOT_MOVING);
    ck_assert_int_eq(layout_defrag(&rig, &rig.disk.dev.base, false, &result), CAIRN_OK);
    ck_assert(layout_holds(&rig, &rig.disk.dev.base));
    ck_assert(rig.disk.bytes[cairn_fat_boot_state_offset(CAIRN_FAT12)] & FAT_BOOT_DIRTY);
    layout_free(&rig);
}
END_TEST

START_TEST(refuses_chains_that_are_broken_or_shared)
{
    for (uint32_t way = 0; way < 3; way++) {
        layout_make(&rig, &plain, 2);
        uint32_t from = 2, others = 0;
        while (!others) { /* a cluster that leads on, and the one behind it */
            uint32_t next = rig_fat_get(&rig.disk, from);
            if (next >= 2 && next <= rig.disk.geometry.cluster_count + 1)
                others = next;
            else
                from++;
        }
        uint32_t bad[] = { free_cluster(0), from, rig.disk.geometry.cluster_count + 9 };
        fat_put(from, bad[way]); /* into a free one, to itself, out of the volume */
        refused(CAIRN_ECORRUPT);
        state_set(FAT_BOOT_DIRTY);
        refused(CAIRN_ECORRUPT);
        layout_free(&rig);
    }
}
END_TEST

START_TEST(says_the_limits)
{
    struct cairn_fat_layout_result result;
    layout_make(&rig, &plain, 3);
    ck_assert_int_eq(layout_resize(&rig, &rig.disk.dev.base, 100, &result), CAIRN_EINVAL);
    ck_assert(strstr(rig.disk.why.what, "1 to 4084"));
    ck_assert_int_eq(layout_resize(&rig, &rig.disk.dev.base, 3u << 20, &result), CAIRN_EFBIG);
    ck_assert_int_eq(layout_resize(&rig, &rig.disk.dev.base, rig.disk.dev_bytes + 512, &result),
                     CAIRN_ENOSPC);
    ck_assert(strstr(rig.disk.why.what, "the device has only"));
    ck_assert_int_eq(cairn_fat_resize(&rig.disk.dev.base, rig.disk.dev_bytes, NULL, rig.disk.mem,
                                      100000, &result, NULL),
                     CAIRN_ENOMEM);
    ck_assert(layout_checks(&rig, &rig.disk.dev.base, LAYOUT_CLEAN));
    layout_free(&rig);
}
END_TEST

/* ---- stopped --------------------------------------------------------------------------------- */

struct stop {
    uint32_t after;
};

static bool stop_now(void *ctx, uint64_t done, uint64_t total)
{
    struct stop *stop = ctx;
    ck_assert_uint_le(done, total);
    return stop->after-- > 0;
}

/* What was begun is finished: the volume is clean, and not a cluster is lost. */
START_TEST(stops_when_told)
{
    enum cairn_err err = CAIRN_ECANCELED;
    for (uint32_t after = 0; err; after++) {
        struct stop stop = { after };
        struct cairn_fat_layout_options options = { .pack = true,
                                                    .progress = stop_now,
                                                    .ctx = &stop };
        struct cairn_fat_layout_result result;
        layout_make(&rig, &plain, 4);
        err = cairn_fat_defrag(&rig.disk.dev.base, &options, rig.disk.mem, rig.disk.shape.mem_bytes,
                               &result, &rig.disk.why);
        ck_assert(!err || err == CAIRN_ECANCELED);
        ck_assert_msg(layout_holds(&rig, &rig.disk.dev.base), "%s", rig.what);
        ck_assert_msg(layout_checks(&rig, &rig.disk.dev.base, LAYOUT_CLEAN), "%s", rig.what);
        layout_free(&rig);
    }
}
END_TEST

/* As the boot sector on the device says. */
static uint32_t total_sectors(void)
{
    struct cairn_fat_geometry geo;
    bool is_signed;
    ck_assert(!cairn_fat_boot_decode(rig.disk.bytes, &geo, &is_signed, NULL));
    return geo.total_sectors;
}

/* Each request fails, once or from then on; nothing is lost, and the next run ends well. */
START_TEST(bears_every_failing_request)
{
    bool failed = true;
    for (uint64_t at = 0; failed; at++) {
        struct cairn_fat_layout_result result;
        layout_make(&rig, &on_sim, 5);
        sim_live_until(&rig.disk.dev.sim, SIM_NEVER);
        sim_fail(&rig.disk.dev.sim, at, at % 2);
        enum cairn_err err =
            _i ? layout_defrag(&rig, &rig.disk.dev.base, true, &result)
               : layout_resize(&rig, &rig.disk.dev.base, rig.disk.dev_bytes, &result);
        failed = rig.disk.dev.sim.state.requests > at;
        ck_assert(failed || !err);
        bool mounted = result.before.total_sectors > 0;
        ck_assert(!mounted || result.after.total_sectors >= total_sectors());
        sim_live_until(&rig.disk.dev.sim, SIM_NEVER);
        ck_assert_msg(layout_holds(&rig, &rig.disk.dev.base), "request %d: %s", (int)at, rig.what);
        ck_assert_msg(layout_checks(&rig, &rig.disk.dev.base, LAYOUT_AFTER_CUT), "request %d: %s",
                      (int)at, rig.what);
        err = _i ? layout_defrag(&rig, &rig.disk.dev.base, true, &result)
                 : layout_resize(&rig, &rig.disk.dev.base, rig.disk.dev_bytes, &result);
        ck_assert_msg(!err, "request %d, again: %s", (int)at, rig.disk.why.what);
        ck_assert_msg(layout_holds(&rig, &rig.disk.dev.base), "request %d: %s", (int)at, rig.what);
        layout_free(&rig);
    }
}
END_TEST

/* ---- in the way ------------------------------------------------------------------------------ */

START_TEST(bad_clusters_stay)
{
    struct cairn_fat_layout_result result;
    uint32_t bad[8];
    layout_make(&rig, &plain_32, 6);
    for (uint32_t i = 0; i < 8; i++) {
        bad[i] = free_cluster(i * 4);
        fat_put(bad[i], FATENT_BAD);
    }
    state_set(FAT_BOOT_DIRTY); /* FSInfo is not true any more */
    ck_assert_int_eq(layout_defrag(&rig, &rig.disk.dev.base, true, &result), CAIRN_OK);
    for (uint32_t i = 0; i < 8; i++)
        ck_assert_uint_eq(rig_fat_get(&rig.disk, bad[i]), FATENT_BAD);
    ck_assert_uint_le(result.pieces_after, result.chains + 8);
    ck_assert_msg(layout_holds(&rig, &rig.disk.dev.base), "%s", rig.what);
    ck_assert_msg(layout_checks(&rig, &rig.disk.dev.base, LAYOUT_DIRTY), "%s", rig.what);
    layout_free(&rig);
}
END_TEST

/* Whatever stood in the FAT behind the last cluster. */
START_TEST(entries_that_come_into_use_are_free)
{
    struct cairn_fat_layout_result result;
    layout_make(&rig, _i ? &plain_32 : &plain, 9);
    const struct cairn_fat_geometry *geo = &rig.disk.geometry;
    uint32_t end = geo->fat_sectors * geo->sector_bytes * 8 / geo->type;
    ck_assert_uint_gt(end, geo->cluster_count + 2);
    for (uint32_t c = geo->cluster_count + 2; c < end; c++)
        fat_put(c, c % 3 ? FATENT_END : 2);
    uint64_t bytes = layout_bytes(&rig, end - 2);
    ck_assert_int_eq(layout_resize(&rig, &rig.disk.dev.base, bytes, &result), CAIRN_OK);
    ck_assert_uint_eq(result.after.fat_sectors, geo->fat_sectors);
    ck_assert_uint_eq(result.after.cluster_count, end - 2);
    ck_assert_msg(layout_checks(&rig, &rig.disk.dev.base, LAYOUT_CLEAN), "%s", rig.what);
    layout_free(&rig);
}
END_TEST

static uint64_t dir_clusters(const char *path, bool fill)
{
    struct cairn_fat *fs;
    struct cairn_fat_node *dir, *node;
    struct cairn_fat_stat stat;
    struct cairn_fat_options options = { .on_dirty = CAIRN_FAT_DIRTY_WRITE };
    char name[32];
    ck_assert(!cairn_fat_mount(&fs, &rig.disk.dev.base, &options, rig.disk.mem,
                               rig.disk.shape.mem_bytes, NULL));
    if (fill) {
        dir = cairn_fat_root(fs);
        ck_assert(!cairn_fat_mkdir(dir, path, strlen(path), &node, NULL));
        cairn_fat_release(node);
        cairn_fat_release(dir);
    }
    ck_assert(!cairn_fat_walk(fs, path, strlen(path), &dir, NULL));
    for (uint32_t i = 0; fill && i < 100; i++) {
        snprintf(name, sizeof name, "f%u", i);
        ck_assert(!cairn_fat_create(dir, name, strlen(name), &node, NULL));
        cairn_fat_release(node);
    }
    for (uint32_t i = 0; fill && i < 100; i++) {
        snprintf(name, sizeof name, "f%u", i);
        if (i % 10) ck_assert(!cairn_fat_remove(dir, name, strlen(name), NULL));
    }
    ck_assert(!cairn_fat_stat(dir, &stat, NULL));
    cairn_fat_release(dir);
    ck_assert(!cairn_fat_unmount(fs, NULL));
    return stat.allocated / rig.disk.geometry.cluster_bytes;
}

START_TEST(squeezes_directories)
{
    struct cairn_fat_layout_result result;
    layout_make(&rig, _i ? &plain_32 : &plain, 7);
    ck_assert_uint_ge(dir_clusters("many", true), 4);
    ck_assert_int_eq(layout_defrag(&rig, &rig.disk.dev.base, false, &result), CAIRN_OK);
    ck_assert_uint_ge(result.directories_shrunk, 1);
    ck_assert_uint_le(dir_clusters("many", false), 2);
    ck_assert(layout_holds(&rig, &rig.disk.dev.base));
    layout_free(&rig);
}
END_TEST

START_TEST(mirroring_is_on_afterwards)
{
    struct cairn_fat_layout_result result;
    layout_make(&rig, &plain_32, 8);
    struct cairn_fat_geometry geo = rig.disk.geometry;
    geo.active_only = true;
    geo.active_fat = 1;
    cairn_fat_boot_reshape(&geo, rig.disk.bytes);
    memset(rig_fat(&rig.disk, 0, 0), 0,
           (size_t)geo.fat_sectors * geo.sector_bytes); /* not in force */
    ck_assert_int_eq(layout_resize(&rig, &rig.disk.dev.base, 0, &result), CAIRN_OK);
    ck_assert(!result.after.active_only);
    ck_assert_int_eq(memcmp(rig_fat(&rig.disk, 0, 0), rig_fat(&rig.disk, 1, 0),
                            geo.fat_sectors * geo.sector_bytes),
                     0);
    ck_assert_msg(layout_holds(&rig, &rig.disk.dev.base), "%s", rig.what);
    ck_assert_msg(layout_checks(&rig, &rig.disk.dev.base, LAYOUT_CLEAN), "%s", rig.what);
    layout_free(&rig);
}
END_TEST

Suite *layout_faults_suite(void)
{
    Suite *suite = suite_create("layout, faults");
    TCase *tc = tcase_create("faults");
    tcase_set_timeout(tc, 120);
    tcase_add_loop_test(tc, lost_clusters_are_freed_only_behind_a_cut, 0, 2);
    tcase_add_loop_test(tc, lost_clusters_of_another_cut_are_freed_only_when_told, 0, 2);
    tcase_add_loop_test(tc, other_changes_forget_the_cut, 0, 2);
    tcase_add_loop_test(tc, repair_forgets_the_cut, 0, 2);
    tcase_add_test(tc, a_size_that_does_not_fit_keeps_the_mark);
    tcase_add_test(tc, refuses_chains_that_are_broken_or_shared);
    tcase_add_test(tc, says_the_limits);
    tcase_add_test(tc, stops_when_told);
    tcase_add_loop_test(tc, bears_every_failing_request, 0, 2);
    tcase_add_test(tc, bad_clusters_stay);
    tcase_add_loop_test(tc, entries_that_come_into_use_are_free, 0, 2);
    tcase_add_loop_test(tc, squeezes_directories, 0, 2);
    tcase_add_test(tc, mirroring_is_on_afterwards);
    suite_add_tcase(suite, tc);
    return suite;
}
