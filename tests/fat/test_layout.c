/* SPDX-License-Identifier: ISC */
/* Resize, defragment and trim: the same files before and after, on every kind of volume. */
#include "test_layout.h"
#include "layout_rig.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static const struct layout_shape shapes[] = {
    { CAIRN_FAT12, 512, 512, 2, 300, 40, 3000, false, 0, 0 },
    { CAIRN_FAT12, 512, 2048, 1, 400, 10, 2000, false, 0, 0 },
    { CAIRN_FAT12, 4096, 4096, 2, 300, 60, 1000, false, 0, 0 },
    { CAIRN_FAT16, 512, 512, 2, 4200, 600, 30000, false, 0, 0 },
    { CAIRN_FAT16, 1024, 2048, 1, 4500, 100, 3000, false, 0, 0 },
    { CAIRN_FAT32, 512, 512, 2, 600, 100, 3000, false, 0, 0 },
    { CAIRN_FAT32, 512, 1024, 1, 600, 100, 3000, false, 0, 0 },
    { CAIRN_FAT32, 2048, 4096, 2, 400, 30, 2000, false, 0, 0 },
    { CAIRN_FAT32, 512, 4096, 2, 66000, 64000, 9000, false, 0, 0 },
};

static struct layout_rig rig;

static void holds(enum layout_state state)
{
    ck_assert_msg(layout_holds(&rig, &rig.disk.dev.base), "%s", rig.what);
    ck_assert_msg(layout_checks(&rig, &rig.disk.dev.base, state), "%s", rig.what);
}

static void made(int shape, uint32_t seed)
{
    layout_make(&rig, &shapes[shape], seed);
    holds(LAYOUT_CLEAN);
}

static void well(enum cairn_err err)
{
    char text[512];
    cairn_why_text(&rig.disk.why, text, sizeof text);
    ck_assert_msg(!err, "%s", text);
}

/* The volume's geometry, as it is on the device. */
static struct cairn_fat_geometry geometry(void)
{
    struct cairn_fat_layout_options options = { .plan_only = true };
    struct cairn_fat_layout_result result;
    well(cairn_fat_resize(&rig.disk.dev.base, rig.volume_bytes, &options, rig.disk.mem,
                          rig.disk.shape.mem_bytes, &result, &rig.disk.why));
    return result.before;
}

START_TEST(shrinks_to_the_least)
{
    struct cairn_fat_layout_result result;
    made(_i, 11);
    struct cairn_fat_layout_options plan = { .plan_only = true };
    well(cairn_fat_resize(&rig.disk.dev.base, rig.volume_bytes, &plan, rig.disk.mem,
                          rig.disk.shape.mem_bytes, &result, &rig.disk.why));
    uint64_t least = result.least_bytes;
    ck_assert_uint_le(least, rig.volume_bytes);
    enum cairn_err err =
        layout_resize(&rig, &rig.disk.dev.base, least - rig.disk.geometry.cluster_bytes, &result);
    ck_assert(err == CAIRN_ENOSPC || err == CAIRN_EINVAL);
    holds(LAYOUT_CLEAN);
    well(layout_resize(&rig, &rig.disk.dev.base, least, &result));
    memset(rig.disk.bytes + least, 0xA5,
           rig.disk.dev_bytes - least); /* what is cut off is not needed */
    holds(LAYOUT_CLEAN);
    ck_assert_uint_eq((uint64_t)geometry().total_sectors * rig.shape.sector_bytes, least);
    ck_assert(rig.disk.geometry.cluster_count < 65525 || rig_fsck(&rig.disk));
    layout_free(&rig);
}
END_TEST

/* By one cluster, by a tenth, to all of the device; the FAT must grow where it is full. */
START_TEST(grows)
{
    struct cairn_fat_layout_result result;
    made(_i, 12);
    uint32_t before = rig.disk.geometry.cluster_count;
    uint64_t sizes[] = { rig.volume_bytes + rig.shape.cluster_bytes,
                         rig.volume_bytes + rig.volume_bytes / 10, rig.disk.dev_bytes };
    for (size_t i = 0; i < 3; i++) {
        memset(rig.disk.bytes + rig.volume_bytes, 0x5A, rig.disk.dev_bytes - rig.volume_bytes);
        enum cairn_err err = layout_resize(&rig, &rig.disk.dev.base, sizes[i], &result);
        well(err);
        holds(LAYOUT_CLEAN);
        struct cairn_fat_geometry is = geometry();
        ck_assert_uint_ge(is.cluster_count, before);
        ck_assert_uint_eq(is.total_sectors, result.after.total_sectors);
        ck_assert_uint_le((uint64_t)is.total_sectors * is.sector_bytes, sizes[i]);
        ck_assert_uint_eq((uint64_t)is.data_start * is.sector_bytes % is.cluster_bytes,
                          (uint64_t)rig.disk.geometry.data_start * is.sector_bytes %
                              is.cluster_bytes);
        before = is.cluster_count;
        rig.volume_bytes = (size_t)is.total_sectors * is.sector_bytes;
    }
    ck_assert_uint_gt(before, rig.disk.geometry.cluster_count + rig.shape.room_clusters / 2);
    ck_assert(rig.shape.type == CAIRN_FAT32 || rig_fsck(&rig.disk));
    layout_free(&rig);
}
END_TEST

/* And back again. */
START_TEST(grows_and_shrinks)
{
    struct cairn_fat_layout_result result;
    made(_i, 13);
    well(layout_resize(&rig, &rig.disk.dev.base, rig.disk.dev_bytes, &result));
    holds(LAYOUT_CLEAN);
    well(layout_defrag(&rig, &rig.disk.dev.base, true, &result));
    well(layout_resize(&rig, &rig.disk.dev.base, rig.volume_bytes + rig.shape.cluster_bytes * 200,
                       &result));
    well(layout_resize(&rig, &rig.disk.dev.base, rig.disk.dev_bytes, &result));
    holds(LAYOUT_CLEAN);
    layout_free(&rig);
}
END_TEST

static bool free_is_one_run(void)
{
    struct cairn_fat_layout_result result;
    enum cairn_err err = layout_resize(&rig, &rig.disk.dev.base, rig.volume_bytes, &result);
    return !err && result.moved_clusters == 0;
}

START_TEST(defragments)
{
    struct cairn_fat_layout_result result;
    made(_i, 14);
    well(layout_defrag(&rig, &rig.disk.dev.base, false, &result));
    holds(LAYOUT_CLEAN);
    ck_assert_uint_gt(result.pieces_before, result.chains);
    ck_assert_uint_eq(result.pieces_after, result.chains);
    uint64_t moved = result.moved_clusters;
    well(layout_defrag(&rig, &rig.disk.dev.base, false, &result));
    ck_assert_uint_eq(result.moved_clusters, 0); /* nothing is left to do */
    ck_assert_uint_gt(moved, 0);
    well(layout_defrag(&rig, &rig.disk.dev.base, true, &result));
    holds(LAYOUT_CLEAN);
    ck_assert_uint_eq(result.pieces_after, result.chains);
    ck_assert(free_is_one_run());
    layout_free(&rig);
}
END_TEST

/* One free cluster is enough, and no cluster moves more than twice. */
START_TEST(packs_a_full_volume)
{
    struct layout_shape full = shapes[_i];
    struct cairn_fat_layout_result result;
    full.free_clusters = 1;
    if (full.clusters > 60000) full.clusters = 0;
    if (!full.clusters) return;
    layout_make(&rig, &full, 15);
    holds(LAYOUT_CLEAN);
    well(layout_defrag(&rig, &rig.disk.dev.base, true, &result));
    holds(LAYOUT_CLEAN);
    ck_assert_uint_eq(result.pieces_after, result.chains);
    ck_assert_uint_le(result.moved_clusters, 3ull * rig.disk.geometry.cluster_count);
    layout_free(&rig);
}
END_TEST

static const struct cairn_blk_ops *uncounted;
static uint64_t flushes;

static enum cairn_err counting_flush(struct cairn_blk *dev, struct cairn_why *why)
{
    flushes++;
    return uncounted->flush ? uncounted->flush(dev, why) : CAIRN_OK;
}

/* Where each cluster has to be moved for itself: one flush behind its copy, one behind the link. */
START_TEST(packs_with_two_flushes_a_cluster)
{
    struct layout_shape full = { CAIRN_FAT16, 512, 512, 2, 4200, 1, 0, false, 0, 0 };
    struct cairn_fat_layout_result result;
    layout_make(&rig, &full, 17);
    uncounted = rig.disk.dev.base.ops;
    struct cairn_blk_ops ops = *uncounted;
    ops.flush = counting_flush;
    rig.disk.dev.base.ops = &ops;
    rig.disk.dev.base.info.flush = CAIRN_BLK_NATIVE;
    flushes = 0;
    well(layout_defrag(&rig, &rig.disk.dev.base, true, &result));
    ck_assert_uint_gt(result.moved_clusters, 4000);
    ck_assert_uint_le(flushes, 2 * result.moved_clusters + 500); /* directories: ".." */
    holds(LAYOUT_CLEAN);
    layout_free(&rig);
}
END_TEST

START_TEST(trims)
{
    struct cairn_fat *fs;
    uint64_t bytes;
    struct cairn_fat_usage usage;
    made(_i, 16);
    well(cairn_fat_mount(&fs, &rig.disk.dev.base, NULL, rig.disk.mem, rig.disk.shape.mem_bytes,
                         &rig.disk.why));
    well(cairn_fat_usage(fs, &usage, &rig.disk.why));
    well(cairn_fat_trim(fs, &bytes, &rig.disk.why));
    ck_assert_uint_eq(bytes, usage.free_clusters * usage.cluster_bytes);
    well(cairn_fat_unmount(fs, &rig.disk.why));
    holds(LAYOUT_CLEAN);
    layout_free(&rig);
}
END_TEST

/* A device that knows what takes room: all of it, or what was not discarded. */
struct knowing {
    const struct cairn_blk_ops *real;
    bool refuses, discarded;
};
static struct knowing knowing;

static enum cairn_err knowing_submit(struct cairn_blk *dev, struct cairn_blk_req *reqs,
                                     size_t count)
{
    if (reqs->op != CAIRN_BLK_DISCARD) return knowing.real->submit(dev, reqs, count);
    knowing.discarded = !knowing.refuses;
    return CAIRN_OK;
}

static enum cairn_err knowing_extents(struct cairn_blk *dev, uint64_t block, uint64_t count,
                                      struct cairn_blk_extent *extents, size_t cap, size_t *used,
                                      struct cairn_why *why)
{
    (void)dev, (void)cap, (void)why;
    *extents = (struct cairn_blk_extent){ block, count, !knowing.discarded };
    *used = 1;
    return CAIRN_OK;
}

/* What the host refuses to take back is not counted. */
START_TEST(trims_what_is_taken)
{
    struct cairn_fat *fs;
    uint64_t bytes;
    made(0, 16);
    knowing = (struct knowing){ .real = rig.disk.dev.base.ops, .refuses = _i };
    struct cairn_blk_ops ops = *knowing.real;
    ops.submit = knowing_submit;
    ops.begin = ops.finish = NULL;
    ops.extents = knowing_extents;
    rig.disk.dev.base.ops = &ops;
    rig.disk.dev.base.info.extents = CAIRN_BLK_NATIVE;
    well(cairn_fat_mount(&fs, &rig.disk.dev.base, NULL, rig.disk.mem, rig.disk.shape.mem_bytes,
                         &rig.disk.why));
    well(cairn_fat_trim(fs, &bytes, &rig.disk.why));
    ck_assert_int_eq(bytes > 0, !knowing.refuses);
    well(cairn_fat_unmount(fs, &rig.disk.why));
    layout_free(&rig);
}
END_TEST

/* Any sizes and orders, one after the other. */
static void any_step(uint32_t *state, uint64_t least)
{
    struct cairn_fat_layout_result result;
    *state = *state * 1664525u + 1013904223u;
    uint32_t what = *state >> 28;
    if (what < 4) {
        enum cairn_err err = layout_defrag(&rig, &rig.disk.dev.base, what < 2, &result);
        ck_assert(!err || err == CAIRN_ENOSPC);
        return;
    }
    uint64_t bytes = least + (*state >> 4) % (rig.disk.dev_bytes - least + 1);
    enum cairn_err err = layout_resize(&rig, &rig.disk.dev.base, bytes, &result);
    ck_assert_msg(!err || err == CAIRN_ENOSPC, "%s: %s", cairn_err_name(err), rig.disk.why.what);
    if (err) return;
    rig.volume_bytes = (size_t)result.after.total_sectors * result.after.sector_bytes;
    memset(rig.disk.bytes + rig.volume_bytes, 0xA5, rig.disk.dev_bytes - rig.volume_bytes);
}

START_TEST(bears_any_order)
{
    const char *runs = getenv("CAIRN_RUNS");
    uint32_t count = runs ? (uint32_t)atoi(runs) / 500 : 2;
    for (uint32_t seed = 100; seed < 100 + (count ? count : 1); seed++) {
        struct cairn_fat_layout_result result;
        struct cairn_fat_layout_options plan = { .plan_only = true };
        uint32_t state = seed * 77;
        made(_i, seed);
        for (uint32_t i = 0; i < 8; i++) {
            well(cairn_fat_resize(&rig.disk.dev.base, 0, &plan, rig.disk.mem,
                                  rig.disk.shape.mem_bytes, &result, &rig.disk.why));
            any_step(&state, result.least_bytes);
            if (!layout_holds(&rig, &rig.disk.dev.base) ||
                !layout_checks(&rig, &rig.disk.dev.base, LAYOUT_CLEAN))
                ck_abort_msg("seed %u, step %u: %s", seed, i, rig.what);
        }
        layout_free(&rig);
    }
}
END_TEST

Suite *layout_suite(void)
{
    int count = (int)CAIRN_COUNT(shapes);
    Suite *suite = suite_create("layout");
    TCase *tc = tcase_create("resize");
    tcase_set_timeout(tc, 120);
    tcase_add_loop_test(tc, shrinks_to_the_least, 0, count);
    tcase_add_loop_test(tc, grows, 0, count);
    tcase_add_loop_test(tc, grows_and_shrinks, 0, count);
    suite_add_tcase(suite, tc);
    tc = tcase_create("defrag");
    tcase_set_timeout(tc, getenv("CAIRN_RUNS") ? 3600 : 120);
    tcase_add_loop_test(tc, defragments, 0, count);
    tcase_add_loop_test(tc, packs_a_full_volume, 0, count);
    tcase_add_test(tc, packs_with_two_flushes_a_cluster);
    tcase_add_loop_test(tc, trims, 0, count);
    tcase_add_loop_test(tc, trims_what_is_taken, 0, 2);
    tcase_add_loop_test(tc, bears_any_order, 0, count);
    suite_add_tcase(suite, tc);
    return suite;
}
