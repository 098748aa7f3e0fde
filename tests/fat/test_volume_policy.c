/* SPDX-License-Identifier: ISC */
/* When the volume syncs of itself, when it calls itself dirty, clean or faulty, and what it does
 * with a volume that does. Numbers of invariants are those of fat/README.md. */
#include "test_volume.h"
#include "volume_hand.h"

#include <fat/volume/volume.h>

static struct cairn_clock_mono_fixed timer;

#define SECOND ((uint64_t)CAIRN_NS_PER_SEC)

static void mounted_as(struct rig_shape shape, struct cairn_fat_options options)
{
    rig_make(&rig, &shape);
    cairn_clock_mono_fixed_init(&timer, 0);
    options.timer = &timer.base;
    ck_assert_int_eq(rig_mount_as(&rig, options), CAIRN_OK);
}

static uint64_t flushes(void)
{
    return rig.fs->flushes;
}

static bool is_pending(void)
{
    return rig.fs->cache.dirty_head || rig.fs->cache.frees || rig.fs->unflushed;
}

/* The two bits on the device: 1 dirty, 2 error; in the boot sector, and as FAT[1] has them. */
static uint32_t boot_state(void)
{
    return rig_sector(&rig, 0)[cairn_fat_boot_state_offset(rig.geometry.type)];
}

static uint32_t table_state(void)
{
    uint32_t top = rig.geometry.type == CAIRN_FAT32 ? (uint32_t)rig_fat(&rig, 0, 0)[7] << 4
                                                    : rig_fat(&rig, 0, 0)[3];
    return (top & 0x80 ? 0 : 1) | (top & 0x40 ? 0 : 2);
}

static void tick(uint64_t later_ns)
{
    timer.ns += later_ns;
    ck_assert_int_eq(cairn_fat_tick(rig.fs, &rig.why), CAIRN_OK);
}

/* ---- policies of syncing --------------------------------------------------------------------- */

/* Each flush has its stage: data and chains, entries, removals, frees. */
START_TEST(at_once_is_at_once)
{
    mounted_as((struct rig_shape){ .type = CAIRN_FAT16 },
               (struct cairn_fat_options){ .sync = CAIRN_FAT_SYNC_AT_ONCE });
    ck_assert_int_eq(create("f"), CAIRN_OK);
    ck_assert_uint_eq(flushes(), 2); /* the dirty bit, the entry */
    struct cairn_fat_node *file = at("f");
    put(file, 0, "x");
    ck_assert_uint_eq(flushes(), 4); /* data and chain, the entry */
    put(file, 0, "y");
    ck_assert_uint_eq(flushes(), 5); /* data */
    cairn_fat_release(file);
    ck_assert_uint_eq(flushes(), 5);
    ck_assert_int_eq(erase("f"), CAIRN_OK);
    ck_assert_uint_eq(flushes(), 7); /* the removal, the clusters */
    ck_assert_int_eq(create("f"), CAIRN_OK);
    file = at("f");
    ck_assert_int_eq(cairn_fat_allocate(file, 5000, &rig.why), CAIRN_OK);
    cairn_fat_release(file);
    ck_assert(!is_pending());
    ended();
}
END_TEST

START_TEST(a_close_syncs_what_was_written)
{
    struct cairn_fat_file file;
    size_t done;
    mounted_as((struct rig_shape){ .type = CAIRN_FAT16 },
               (struct cairn_fat_options){ .sync = CAIRN_FAT_SYNC_ON_CLOSE });
    uint32_t flags = CAIRN_FAT_OPEN_WRITE | CAIRN_FAT_OPEN_CREATE;
    ck_assert_int_eq(cairn_fat_open(rig.fs, "f", 1, flags, &file, NULL), CAIRN_OK);
    ck_assert_int_eq(cairn_fat_file_write(&file, "x", 1, &done, NULL), CAIRN_OK);
    ck_assert(is_pending());
    ck_assert_int_eq(cairn_fat_close(&file, &rig.why), CAIRN_OK);
    ck_assert(!is_pending());
    ck_assert_uint_eq(flushes(), 3);
    ck_assert_int_eq(make_dir("d"), CAIRN_OK);
    ck_assert_int_eq(cairn_fat_open(rig.fs, "f", 1, 0, &file, NULL), CAIRN_OK);
    ck_assert_int_eq(cairn_fat_close(&file, &rig.why), CAIRN_OK);
    ck_assert(is_pending());
    ended();
}
END_TEST

START_TEST(a_close_that_cannot_sync_says_so)
{
    struct cairn_fat_file file;
    mounted_as((struct rig_shape){ .on_sim = true },
               (struct cairn_fat_options){ .sync = CAIRN_FAT_SYNC_ON_CLOSE });
    uint32_t flags = CAIRN_FAT_OPEN_WRITE | CAIRN_FAT_OPEN_CREATE;
    ck_assert_int_eq(cairn_fat_open(rig.fs, "f", 1, flags, &file, NULL), CAIRN_OK);
    sim_fail(&rig.dev.sim, 0, 1);
    ck_assert_int_eq(cairn_fat_close(&file, &rig.why), CAIRN_EIO);
    ck_assert_ptr_null(file.node);
    ck_assert_int_eq(cairn_fat_sync(rig.fs, &rig.why), CAIRN_OK);
    ck_assert_int_eq(rig_unmount(&rig), CAIRN_OK);
    rig_free(&rig);
}
END_TEST

/* The file is there, but its durability is not, and nobody holds it. */
START_TEST(a_create_that_cannot_sync_holds_nothing)
{
    struct cairn_fat_node *dir, *node;
    mounted_as((struct rig_shape){ .on_sim = true },
               (struct cairn_fat_options){ .sync = CAIRN_FAT_SYNC_AT_ONCE });
    ck_assert_int_eq(create("first"), CAIRN_OK);
    dir = root();
    sim_fail(&rig.dev.sim, 0, 1);
    ck_assert_int_eq(cairn_fat_create(dir, "f", 1, &node, &rig.why), CAIRN_EIO);
    ck_assert_ptr_null(node);
    cairn_fat_release(dir);
    ck_assert(is_there("f"));
    ck_assert_int_eq(rig_unmount(&rig), CAIRN_OK);
    rig_free(&rig);
}
END_TEST

/* ---- bounds: fat (14)
 * ---------------------------------------------------------------------------------- */

START_TEST(bytes_are_bounded)
{
    static uint8_t data[4096];
    size_t done;
    mounted_as((struct rig_shape){ .type = CAIRN_FAT16, .cluster_bytes = 4096 },
               (struct cairn_fat_options){ .dirty_bytes_max = 10 * 4096 });
    ck_assert_int_eq(create("f"), CAIRN_OK);
    struct cairn_fat_node *file = at("f");
    for (uint64_t i = 0; i < 100; i++) {
        ck_assert_int_eq(cairn_fat_write(file, i * 4096, data, 4096, &done, NULL), CAIRN_OK);
        uint64_t dirty = rig.fs->policy.unflushed_bytes + rig.fs->cache.dirty_pages * 4096u;
        ck_assert_uint_le(dirty, (10 + 3) * 4096); /* a write: its data, the FAT, the entry */
    }
    ck_assert_uint_ge(rig.fs->syncs, 10);
    ck_assert_uint_le(rig.fs->syncs, 15);
    cairn_fat_release(file);
    ended();
}
END_TEST

START_TEST(age_is_bounded)
{
    mounted_as((struct rig_shape){ 0 },
               (struct cairn_fat_options){ .dirty_age_max_ns = 30 * SECOND });
    tick(100 * SECOND);
    ck_assert_int_eq(create("a"), CAIRN_OK);
    timer.ns += 20 * SECOND;
    ck_assert_int_eq(create("b"), CAIRN_OK);
    timer.ns += 9 * SECOND;
    ck_assert_int_eq(create("c"), CAIRN_OK);
    ck_assert_uint_eq(rig.fs->syncs, 0);
    timer.ns += 1 * SECOND; /* a is 30 s old */
    ck_assert_int_eq(create("d"), CAIRN_OK);
    ck_assert_uint_eq(rig.fs->syncs, 1);
    timer.ns += 30 * SECOND;
    ck_assert_int_eq(cairn_fat_tick(rig.fs, NULL), CAIRN_OK);
    ck_assert_uint_eq(rig.fs->syncs, 2);
    ended();
}
END_TEST

/* A sync in the middle of a call makes no change younger than it is that comes after it. */
START_TEST(age_counts_on_through_a_drain)
{
    mounted_as((struct rig_shape){ 0 }, (struct cairn_fat_options){ .dirty_age_max_ns = SECOND });
    ck_assert_int_eq(create("f"), CAIRN_OK);
    synced();
    ck_assert_int_eq(erase("f"), CAIRN_OK);
    uint64_t drains = rig.fs->drains;
    ck_assert_int_eq(create("f"), CAIRN_OK); /* waits for the removal: fat (3) */
    ck_assert_uint_eq(rig.fs->drains, drains + 1);
    timer.ns += SECOND;
    ck_assert_int_eq(cairn_fat_tick(rig.fs, NULL), CAIRN_OK);
    ck_assert(!is_pending());
    ended();
}
END_TEST

START_TEST(nothing_is_written_unasked)
{
    mounted_as((struct rig_shape){ 0 }, (struct cairn_fat_options){ .sync = 0 });
    for (char name[] = "a"; name[0] <= 'z'; name[0]++) {
        ck_assert_int_eq(create(name), CAIRN_OK);
        timer.ns += 3600 * SECOND;
    }
    ck_assert_uint_eq(flushes(), 1); /* the dirty bit's */
    ended();
}
END_TEST

/* ---- idle: fat (7), fat (11) ----------------------------------------------------------------- */

START_TEST(an_idle_volume_is_clean)
{
    struct cairn_fat_fsinfo info;
    mounted_as((struct rig_shape){ .type = CAIRN_FAT32, .clusters = 100 },
               (struct cairn_fat_options){ .idle_ns = 5 * SECOND });
    put_path("f", "x");
    tick(0);
    tick(4 * SECOND);
    ck_assert(boot_state() == 1 && table_state() == 1);
    tick(1 * SECOND);
    ck_assert(boot_state() == 0 && table_state() == 0 && !is_pending());
    cairn_fat_fsinfo_decode(rig_sector(&rig, rig.geometry.fsinfo_sector), &info);
    ck_assert_uint_eq(info.free_clusters, 99);
    ck_assert_msg(rig_check(&rig, CAIRN_FAT_MINOR), "%s", rig.finding);
    uint64_t before = flushes();
    tick(100 * SECOND);
    ck_assert_uint_eq(flushes(), before); /* it is done once */
    ck_assert_int_eq(create("g"), CAIRN_OK);
    ck_assert(boot_state() == 1 && table_state() == 1);
    ended();
}
END_TEST

START_TEST(a_changing_volume_is_not_idle)
{
    mounted_as((struct rig_shape){ 0 }, (struct cairn_fat_options){ .idle_ns = 5 * SECOND });
    for (char name[] = "a"; name[0] <= 'z'; name[0]++) {
        ck_assert_int_eq(create(name), CAIRN_OK);
        tick(4 * SECOND);
    }
    ck_assert_uint_eq(boot_state(), 1);
    ended();
}
END_TEST

/* Between two steps of a call, its clusters may be chained and its size not stored. */
START_TEST(a_call_under_way_is_not_idle)
{
    mounted_as((struct rig_shape){ 0 }, (struct cairn_fat_options){ .idle_ns = SECOND });
    ck_assert_int_eq(create("f"), CAIRN_OK);
    tick(0);
    rig.fs->io = 1;
    tick(SECOND);
    ck_assert_uint_eq(boot_state(), 1);
    rig.fs->io = 0;
    tick(0);
    ck_assert_uint_eq(boot_state(), 0);
    ended();
}
END_TEST

/* A cut would leak what no entry accounts for: the volume is not clean then. */
START_TEST(loose_clusters_are_not_clean)
{
    mounted_as((struct rig_shape){ 0 }, (struct cairn_fat_options){ .idle_ns = SECOND });
    put_path("f", "x");
    struct cairn_fat_node *file = at("f");
    if (_i)
        ck_assert_int_eq(cairn_fat_allocate(file, 5000, NULL), CAIRN_OK);
    else
        ck_assert_int_eq(erase("f"), CAIRN_OK);
    tick(0);
    tick(SECOND);
    ck_assert_uint_eq(boot_state(), 1);
    cairn_fat_release(file);
    tick(0);
    tick(SECOND);
    ck_assert_uint_eq(boot_state(), 0);
    ended();
}
END_TEST

/* The bit that could not be cleared wholly is set again before the next change. */
START_TEST(a_failed_clearing_is_not_relied_on)
{
    mounted_as((struct rig_shape){ .type = CAIRN_FAT16, .on_sim = true },
               (struct cairn_fat_options){ .idle_ns = SECOND });
    ck_assert_int_eq(create("f"), CAIRN_OK);
    synced();
    tick(0);
    timer.ns += SECOND;
    sim_fail(&rig.dev.sim, (uint64_t)_i, 1);
    enum cairn_err err = cairn_fat_tick(rig.fs, &rig.why);
    sim_calm(&rig.dev.sim);
    ck_assert_int_eq(create("g"), CAIRN_OK);
    ck_assert((boot_state() & 1) && (table_state() & 1));
    ck_assert_int_eq(rig_unmount(&rig), CAIRN_OK);
    ck_assert_uint_eq(boot_state(), err ? 2 : 0);
    rig_free(&rig);
}
END_TEST

/* A bit that was on its way when the device failed goes at unmount, though no change was made. */
START_TEST(a_failed_setting_leaves_no_dirt)
{
    enum cairn_err err = CAIRN_EIO;
    for (uint64_t request = 0; err; request++) {
        mounted_as((struct rig_shape){ .type = CAIRN_FAT16, .on_sim = true },
                   (struct cairn_fat_options){ .sync = 0 });
        sim_fail(&rig.dev.sim, request, 1);
        err = create("f");
        sim_calm(&rig.dev.sim);
        ck_assert_int_eq(rig_unmount(&rig), CAIRN_OK);
        ck_assert_uint_eq(boot_state(), err ? 2 : 0);
        ck_assert_uint_eq(table_state(), err ? 2 : 0);
        rig_free(&rig);
    }
}
END_TEST

/* And one that was on its way off, with no change behind it. */
START_TEST(a_failed_clearing_is_made_up_for)
{
    mounted_as((struct rig_shape){ .type = CAIRN_FAT16, .on_sim = true },
               (struct cairn_fat_options){ .idle_ns = SECOND });
    ck_assert_int_eq(create("f"), CAIRN_OK);
    synced();
    tick(0);
    timer.ns += SECOND;
    sim_fail(&rig.dev.sim, (uint64_t)_i, 1);
    enum cairn_err err = cairn_fat_tick(rig.fs, &rig.why);
    sim_calm(&rig.dev.sim);
    ck_assert_int_eq(rig_unmount(&rig), CAIRN_OK);
    ck_assert(boot_state() == (err ? 2 : 0) && table_state() == boot_state());
    rig_free(&rig);
}
END_TEST

/* Whatever of it reaches the device: a volume that is not as it was says that it is dirty. */
START_TEST(the_dirty_bit_is_there_before_the_change)
{
    struct rig_shape shape = { .type = _i ? CAIRN_FAT16 : CAIRN_FAT12, .on_sim = true };
    static uint8_t original[1u << 22], boot[4096];
    bool ended = false;
    for (uint64_t event = 0; !ended; event++) {
        mounted_as(shape, (struct cairn_fat_options){ .idle_ns = SECOND });
        ck_assert_uint_le(rig.dev_bytes, sizeof original);
        ck_assert_int_eq(create("first"), CAIRN_OK);
        tick(0);
        tick(SECOND);
        memcpy(original, rig.bytes, rig.dev_bytes);
        cairn_blk_sim_cut(&rig.dev.sim, 1 + event);
        if (create("second") == CAIRN_OK) (void)!cairn_fat_sync(rig.fs, NULL);
        ended = !rig.dev.sim.state.is_cut;
        if (event % 2 == 0) sim_settle(&rig.dev.sim);
        sim_restart(&rig.dev.sim, NULL, NULL);
        const uint8_t *left = rig.bytes;
        memcpy(boot, left, rig.geometry.sector_bytes);
        bool is_dirty = boot[cairn_fat_boot_state_offset(rig.geometry.type)] & 1;
        size_t past = (size_t)rig.geometry.reserved_sectors * 512 + 512; /* FAT[1] is before it */
        ck_assert(is_dirty || memcmp(left + past, original + past, rig.dev_bytes - past) == 0);
        enum cairn_err ignored = rig_unmount(&rig);
        (void)ignored;
        rig_free(&rig);
    }
}
END_TEST

/* ---- dirty volumes: fat (12) ----------------------------------------------------------------- */

enum mark { BY_BOOT, BY_TABLE };

static void make_dirty(enum cairn_fat_type type, enum mark mark)
{
    rig_make(&rig, &(struct rig_shape){ .type = type });
    uint32_t top = type == CAIRN_FAT32 ? 7 : 3, bit = type == CAIRN_FAT32 ? 0x08 : 0x80;
    if (mark == BY_BOOT)
        rig_sector(&rig, 0)[cairn_fat_boot_state_offset(type)] |= 1;
    else
        rig_fat(&rig, 0, 0)[top] &= (uint8_t)~bit;
}

static const struct {
    enum cairn_fat_type type;
    enum mark mark;
} dirts[] = { { CAIRN_FAT12, BY_BOOT },
              { CAIRN_FAT16, BY_BOOT },
              { CAIRN_FAT16, BY_TABLE },
              { CAIRN_FAT32, BY_BOOT },
              { CAIRN_FAT32, BY_TABLE } };

START_TEST(a_dirty_volume_is_refused)
{
    make_dirty(dirts[_i].type, dirts[_i].mark);
    ck_assert_int_eq(rig_mount_as(&rig, (struct cairn_fat_options){ .sync = 0 }), CAIRN_ECORRUPT);
    ck_assert_ptr_null(rig.fs);
    ck_assert_ptr_nonnull(strstr(rig.why.hint, "--repair"));
    ck_assert_int_eq(rig_mount_as(&rig, (struct cairn_fat_options){ .read_only = true }), CAIRN_OK);
    ck_assert_uint_eq(cairn_fat_geometry(rig.fs)->state & 1, 1);
    rig_free(&rig);
}
END_TEST

START_TEST(a_dirty_volume_can_be_read)
{
    struct cairn_fat_options options = { .on_dirty = CAIRN_FAT_DIRTY_READ_ONLY };
    make_dirty(dirts[_i].type, dirts[_i].mark);
    ck_assert_int_eq(rig_mount_as(&rig, options), CAIRN_OK);
    ck_assert(cairn_fat_is_read_only(rig.fs));
    ck_assert_int_eq(create("f"), CAIRN_EROFS);
    rig_free(&rig);
}
END_TEST

/* It is written to when that is asked for, and nobody but check clears the bit. */
START_TEST(a_dirty_volume_stays_dirty)
{
    struct cairn_fat_options options = { .on_dirty = CAIRN_FAT_DIRTY_WRITE,
                                         .idle_ns = SECOND,
                                         .timer = &timer.base };
    make_dirty(dirts[_i].type, dirts[_i].mark);
    cairn_clock_mono_fixed_init(&timer, 0);
    ck_assert_int_eq(rig_mount_as(&rig, options), CAIRN_OK);
    ck_assert_int_eq(create("f"), CAIRN_OK);
    tick(0);
    tick(SECOND);
    uint64_t before = flushes();
    tick(SECOND);
    ck_assert_uint_eq(flushes(), before);
    ck_assert_int_eq(rig_unmount(&rig), CAIRN_OK);
    ck_assert_uint_eq(boot_state(), 1);
    if (dirts[_i].type != CAIRN_FAT12) ck_assert_uint_eq(table_state(), 1);
    rig_free(&rig);
}
END_TEST

START_TEST(a_clean_volume_is_left_alone_by_the_policy)
{
    mounted_as((struct rig_shape){ 0 },
               (struct cairn_fat_options){ .on_dirty = CAIRN_FAT_DIRTY_READ_ONLY });
    ck_assert(!cairn_fat_is_read_only(rig.fs));
    ended();
}
END_TEST

/* ---- what is left behind --------------------------------------------------------------------- */

/* Clusters that cannot be given back, since their entry cannot be read, are for check to find. */
START_TEST(a_leak_keeps_the_volume_dirty)
{
    mounted_as((struct rig_shape){ .type = CAIRN_FAT16, .on_sim = true },
               (struct cairn_fat_options){ .sync = 0 });
    put_path("f", "x");
    struct cairn_fat_node *file = at("f");
    ck_assert_int_eq(cairn_fat_allocate(file, 5000, NULL), CAIRN_OK);
    synced();
    fat_cache_forget(rig.fs, 0, rig.geometry.total_sectors);
    sim_fail(&rig.dev.sim, 0, 2); /* of reading ahead, and of reading */
    cairn_fat_release(file);
    ck_assert_int_eq(rig_unmount(&rig), CAIRN_OK);
    ck_assert((boot_state() & 1) && (table_state() & 1));
    ck_assert(!rig_check(&rig, CAIRN_FAT_MINOR));
    rig_free(&rig);
}
END_TEST

START_TEST(an_open_file_at_unmount_keeps_it_dirty)
{
    mounted_as((struct rig_shape){ 0 }, (struct cairn_fat_options){ .sync = 0 });
    put_path("f", "x");
    struct cairn_fat_node *file = at("f");
    ck_assert_int_eq(erase("f"), CAIRN_OK);
    ck_assert_int_eq(rig_unmount(&rig), CAIRN_OK);
    ck_assert_uint_eq(boot_state(), 1);
    (void)file;
    rig_free(&rig);
}
END_TEST

/* The device failed once with metadata, and then did what it was told: all is whole, and the error
 * bit tells the next one who looks. fat (13) */
START_TEST(an_error_is_marked)
{
    struct rig_shape shape = { .type = _i ? CAIRN_FAT32 : CAIRN_FAT16, .on_sim = true };
    mounted_as(shape, (struct cairn_fat_options){ .sync = 0 });
    ck_assert_int_eq(create("f"), CAIRN_OK);
    sim_fail(&rig.dev.sim, 0, 1);
    ck_assert_int_eq(cairn_fat_sync(rig.fs, NULL), CAIRN_EIO);
    sim_calm(&rig.dev.sim);
    ck_assert_int_eq(rig_unmount(&rig), CAIRN_OK);
    ck_assert(boot_state() == 2 && table_state() == 2);
    ck_assert_int_eq(rig_mount_as(&rig, (struct cairn_fat_options){ .sync = 0 }), CAIRN_OK);
    ck_assert_uint_eq(cairn_fat_geometry(rig.fs)->state, 2);
    ck_assert_int_eq(create("g"), CAIRN_OK);
    ck_assert_int_eq(rig_unmount(&rig), CAIRN_OK);
    ck_assert(boot_state() == 2 && table_state() == 2);
    rig_free(&rig);
}
END_TEST

/* Also where nothing was changed; but not on a volume that is not to be written to. */
START_TEST(an_error_of_reading_is_marked)
{
    mounted_as((struct rig_shape){ .type = CAIRN_FAT16, .on_sim = true },
               (struct cairn_fat_options){ .read_only = _i });
    sim_fail(&rig.dev.sim, 0, 2); /* of reading ahead, and of reading */
    ck_assert(!is_there("f"));
    sim_calm(&rig.dev.sim);
    ck_assert_int_eq(rig_unmount(&rig), CAIRN_OK);
    ck_assert(boot_state() == (_i ? 0 : 2) && table_state() == boot_state());
    rig_free(&rig);
}
END_TEST

/* What cannot be written at unmount leaves the volume dirty and, where that can be written, the
 * error bit. */
START_TEST(a_failed_unmount_is_marked)
{
    mounted_as((struct rig_shape){ .type = CAIRN_FAT16, .on_sim = true },
               (struct cairn_fat_options){ .sync = 0 });
    ck_assert_int_eq(create("f"), CAIRN_OK);
    sim_fail(&rig.dev.sim, 0, 1);
    ck_assert_int_eq(rig_unmount(&rig), CAIRN_EIO);
    ck_assert(boot_state() == 3 && table_state() == 3);
    rig_free(&rig);
}
END_TEST

TCase *volume_policy_tests(void)
{
    int dirt_count = (int)CAIRN_COUNT(dirts);
    TCase *tests = tcase_create("policy");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, at_once_is_at_once);
    tcase_add_test(tests, a_close_syncs_what_was_written);
    tcase_add_test(tests, a_close_that_cannot_sync_says_so);
    tcase_add_test(tests, a_create_that_cannot_sync_holds_nothing);
    tcase_add_test(tests, bytes_are_bounded);
    tcase_add_test(tests, age_is_bounded);
    tcase_add_test(tests, age_counts_on_through_a_drain);
    tcase_add_test(tests, nothing_is_written_unasked);
    tcase_add_test(tests, an_idle_volume_is_clean);
    tcase_add_test(tests, a_changing_volume_is_not_idle);
    tcase_add_test(tests, a_call_under_way_is_not_idle);
    tcase_add_loop_test(tests, loose_clusters_are_not_clean, 0, 2);
    tcase_add_loop_test(tests, a_failed_clearing_is_not_relied_on, 0, 4);
    tcase_add_test(tests, a_failed_setting_leaves_no_dirt);
    tcase_add_loop_test(tests, a_failed_clearing_is_made_up_for, 0, 4);
    tcase_add_loop_test(tests, the_dirty_bit_is_there_before_the_change, 0, 2);
    tcase_add_loop_test(tests, a_dirty_volume_is_refused, 0, dirt_count);
    tcase_add_loop_test(tests, a_dirty_volume_can_be_read, 0, dirt_count);
    tcase_add_loop_test(tests, a_dirty_volume_stays_dirty, 0, dirt_count);
    tcase_add_test(tests, a_clean_volume_is_left_alone_by_the_policy);
    tcase_add_test(tests, a_leak_keeps_the_volume_dirty);
    tcase_add_test(tests, an_open_file_at_unmount_keeps_it_dirty);
    tcase_add_loop_test(tests, an_error_is_marked, 0, 2);
    tcase_add_loop_test(tests, an_error_of_reading_is_marked, 0, 2);
    tcase_add_test(tests, a_failed_unmount_is_marked);
    return tests;
}
