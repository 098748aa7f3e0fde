/* SPDX-License-Identifier: ISC */
/* What goes wrong between two steps: a failure, a cut or another thread just there; and volumes
 * that contradict themselves. */
#include "test_volume.h"

#include "rig.h"

#include <fat/codec/boot.h>
#include <fat/volume/table.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

static struct rig rig;

/* ---- steps ----------------------------------------------------------------------------------- */

static void make(enum cairn_fat_type type, uint32_t cluster_bytes)
{
    struct rig_shape shape = { .type = type, .cluster_bytes = cluster_bytes, .on_sim = true };
    rig_make(&rig, &shape);
    ck_assert_int_eq(rig_mount(&rig), CAIRN_OK);
}

static struct cairn_fat_node *file_make(struct cairn_fat_node *dir, const char *name, size_t bytes)
{
    static uint8_t data[65536];
    struct cairn_fat_node *node;
    size_t done;
    memset(data, name[0], bytes);
    ck_assert_int_eq(cairn_fat_create(dir, name, strlen(name), &node, NULL), CAIRN_OK);
    ck_assert_int_eq(cairn_fat_write(node, 0, data, bytes, &done, NULL), CAIRN_OK);
    return node;
}

static struct cairn_fat_node *root_file(const char *name, size_t bytes)
{
    struct cairn_fat_node *root = cairn_fat_root(rig.fs);
    struct cairn_fat_node *node = file_make(root, name, bytes);
    cairn_fat_release(root);
    return node;
}

static uint32_t start_of(struct cairn_fat_node *node)
{
    struct cairn_fat_stat stat;
    ck_assert_int_eq(cairn_fat_stat(node, &stat, NULL), CAIRN_OK);
    return stat.first_cluster;
}

static uint64_t size_of(struct cairn_fat_node *node)
{
    struct cairn_fat_stat stat;
    ck_assert_int_eq(cairn_fat_stat(node, &stat, NULL), CAIRN_OK);
    return stat.size;
}

static void sync_all(void)
{
    ck_assert_int_eq(cairn_fat_sync(rig.fs, NULL), CAIRN_OK);
}

/* All is synced and nothing of it is in memory: every page has to be read. */
static void forget_pages(void)
{
    sync_all();
    fat_cache_forget(rig.fs, 0, rig.geometry.total_sectors);
}

/* The n-th request from now on fails, once. */
static void fail_next(uint64_t n)
{
    sim_fail(&rig.dev.sim, n, 1);
}

static void fail_none(void)
{
    sim_calm(&rig.dev.sim);
}

static void assert_no(enum cairn_fat_severity from)
{
    ck_assert_msg(rig_check(&rig, from), "%s", rig.finding);
}

/* Nothing is wrong but what the error bit says, which is that the device failed once. */
static void assert_only_error(void)
{
    uint32_t top = rig.geometry.type == CAIRN_FAT32 ? 7 : 3, bit = top == 7 ? 0x04 : 0x40;
    rig_sector(&rig, 0)[cairn_fat_boot_state_offset(rig.geometry.type)] &= (uint8_t)~2u;
    for (uint32_t copy = 0; copy < rig.geometry.fat_count; copy++)
        rig_fat(&rig, copy, 0)[top] |= (uint8_t)bit;
    assert_no(CAIRN_FAT_MINOR);
}

/* ---- failures -------------------------------------------------------------------------------- */

START_TEST(a_failed_flush_is_not_forgotten)
{
    make(CAIRN_FAT12, 512);
    cairn_fat_release(root_file("first", 0));
    sync_all();
    cairn_fat_release(root_file("second", 0));
    cairn_blk_sim_fail(&rig.dev.sim, CAIRN_BLK_ON_FLUSH, 1, 1);
    ck_assert_int_ne(cairn_fat_sync(rig.fs, NULL), CAIRN_OK);
    ck_assert_int_ne(cairn_fat_sync(rig.fs, NULL), CAIRN_OK);
    ck_assert_int_ne(rig_unmount(&rig), CAIRN_OK);
    rig_free(&rig);
}
END_TEST

/* A file in a directory of its own, so that its entry's page is nobody else's. */
static struct cairn_fat_node *inner_file(size_t bytes)
{
    struct cairn_fat_node *root = cairn_fat_root(rig.fs), *dir;
    ck_assert_int_eq(cairn_fat_mkdir(root, "dir", 3, &dir, NULL), CAIRN_OK);
    struct cairn_fat_node *file = file_make(dir, "file", bytes);
    cairn_fat_release(dir);
    cairn_fat_release(root);
    return file;
}

START_TEST(a_truncate_that_fails_frees_nothing)
{
    for (uint64_t n = 0; n < 4; n++) {
        make(CAIRN_FAT16, 512);
        struct cairn_fat_node *file = inner_file(3 * 512);
        forget_pages();
        fail_next(n);
        enum cairn_err err = cairn_fat_truncate(file, 0, NULL);
        fail_none();
        ck_assert_uint_eq(size_of(file), err ? 3 * 512 : 0);
        cairn_fat_release(file);
        ck_assert_int_eq(rig_unmount(&rig), CAIRN_OK);
        assert_only_error();
        rig_free(&rig);
    }
}
END_TEST

START_TEST(a_reservation_that_cannot_be_given_back_stays)
{
    for (uint64_t n = 0; n < 4; n++) {
        make(CAIRN_FAT16, 512);
        struct cairn_fat_node *file = inner_file(0);
        ck_assert_int_eq(cairn_fat_allocate(file, 3 * 512, NULL), CAIRN_OK);
        forget_pages();
        fail_next(n);
        cairn_fat_release(file);
        fail_none();
        ck_assert_int_eq(rig_unmount(&rig), CAIRN_OK);
        assert_no(CAIRN_FAT_MAJOR);
        rig_free(&rig);
    }
}
END_TEST

START_TEST(a_write_that_fails_leaves_the_size)
{
    static uint8_t data[8 * 512];
    size_t done;
    bool failed = true;
    for (uint64_t n = 0; failed; n++) {
        make(CAIRN_FAT16, 512);
        struct cairn_fat_node *file = inner_file(100);
        forget_pages();
        fail_next(n);
        failed = cairn_fat_write(file, 5 * 512, data, sizeof data, &done, NULL) != CAIRN_OK;
        fail_none();
        ck_assert_uint_eq(size_of(file), failed ? 100 : 13 * 512);
        cairn_fat_release(file);
        ck_assert_int_eq(rig_unmount(&rig), CAIRN_OK);
        assert_only_error();
        rig_free(&rig);
    }
}
END_TEST

/* A directory never gets a cluster that was not cleared. */
/* A directory whose only cluster is full, and the free one behind it holds what looks like entries.
 */
static struct cairn_fat_node *full_dir(void)
{
    struct cairn_fat_node *root = cairn_fat_root(rig.fs), *dir;
    ck_assert_int_eq(cairn_fat_mkdir(root, "DIR", 3, &dir, NULL), CAIRN_OK);
    struct cairn_fat_node *dirt = file_make(root, "AAAAAAAA.AAA", 20 * 512);
    for (char name[] = "A"; name[0] < 'A' + 14; name[0]++)
        cairn_fat_release(file_make(dir, name, 0));
    ck_assert_int_eq(cairn_fat_truncate(dirt, 0, NULL), CAIRN_OK);
    cairn_fat_release(dirt);
    cairn_fat_release(root);
    forget_pages();
    return dir;
}

START_TEST(a_directory_that_cannot_grow_stays)
{
    bool failed = true;
    for (uint64_t n = 0; failed; n++) {
        struct cairn_fat_node *node;
        make(CAIRN_FAT16, 512);
        struct cairn_fat_node *dir = full_dir();
        fail_next(n);
        failed = cairn_fat_create(dir, "MORE", 4, &node, NULL) != CAIRN_OK;
        fail_none();
        if (!failed) cairn_fat_release(node);
        cairn_fat_release(dir);
        ck_assert_int_eq(rig_unmount(&rig), CAIRN_OK);
        assert_only_error();
        rig_free(&rig);
    }
}
END_TEST

/* Nor does a cut in the next sync show what the cluster held that could not be cleared. fat (1) */
START_TEST(a_cluster_that_is_not_clear_is_not_linked)
{
    for (uint64_t n = 0, cut = 0; n < 8; n += cut == 12, cut = cut % 12 + 1) {
        struct cairn_fat_node *node;
        make(CAIRN_FAT16, 512);
        struct cairn_fat_node *dir = full_dir();
        fail_next(n);
        enum cairn_err err = cairn_fat_create(dir, "MORE", 4, &node, NULL);
        fail_none();
        if (!err) cairn_fat_release(node);
        cairn_fat_release(dir);
        cairn_blk_sim_cut(&rig.dev.sim, 1 + cut);
        err = rig_unmount(&rig);
        sim_restart(&rig.dev.sim, NULL, NULL);
        assert_no(CAIRN_FAT_MAJOR);
        rig_free(&rig);
    }
}
END_TEST

static const struct cairn_blk_ops *ops_below;

static enum cairn_err refuse_writes(struct cairn_blk *dev, struct cairn_blk_req *reqs, size_t count)
{
    return reqs[0].op == CAIRN_BLK_READ ? ops_below->submit(dev, reqs, count) : CAIRN_EIO;
}

/* Dirty pages want to be written before a page is taken for reading; that may fail. */
START_TEST(what_cannot_be_written_can_be_read)
{
    struct rig_shape shape = { .type = CAIRN_FAT16, .cluster_bytes = 4096 };
    uint8_t byte;
    size_t done;
    rig_make(&rig, &shape);
    rig.shape.mem_bytes = cairn_fat_mem_least(&rig.dev.base);
    ck_assert_int_eq(rig_mount(&rig), CAIRN_OK);
    struct cairn_fat_node *file = root_file("file", 1), *other = root_file("other", 65536);
    ck_assert_int_eq(cairn_fat_truncate(file, 100 * 4096, NULL), CAIRN_OK);
    forget_pages();
    const struct fat_cache *cache = &rig.fs->cache;
    for (uint64_t at = 0; cache->dirty_pages <= cache->record_pages + cache->page_count / 4;
         at += 4096)
        ck_assert_int_eq(cairn_fat_write(file, at, "!", 1, &done, NULL), CAIRN_OK);
    struct cairn_blk_ops ops = *rig.dev.base.ops;
    ops_below = rig.dev.base.ops;
    ops.submit = refuse_writes;
    rig.dev.base.ops = &ops;
    ck_assert_int_eq(cairn_fat_read(other, 0, &byte, 1, &done, NULL), CAIRN_OK);
    ck_assert_int_ne(cairn_fat_sync(rig.fs, NULL), CAIRN_OK);
    rig.dev.base.ops = ops_below;
    cairn_fat_release(file);
    cairn_fat_release(other);
    ck_assert_int_eq(rig_unmount(&rig), CAIRN_OK);
    assert_only_error();
    rig_free(&rig);
}
END_TEST

/* ---- order ----------------------------------------------------------------------------------- */

static uint32_t all_but_this(void *ctx, const struct cairn_blk_sim_choice *choice)
{
    return choice->block == *(const uint64_t *)ctx ? 0 : choice->versions;
}

/* Power goes at an event of the sync that cuts a long chain, and the sector of the FAT with its new
 * end is not written: the chain must not lead to clusters that are free. */
START_TEST(a_cut_chain_ends_before_its_rest_is_free)
{
    struct rig_shape shape = { .type = CAIRN_FAT16, .clusters = 1000, .on_sim = true };
    bool cut = true;
    for (uint64_t event = 0; cut; event++) {
        rig_make(&rig, &shape);
        ck_assert_int_eq(rig_mount(&rig), CAIRN_OK);
        struct cairn_fat_node *file = root_file("file", 600 * 512 / 8);
        ck_assert_int_eq(cairn_fat_truncate(file, 600 * 512, NULL), CAIRN_OK);
        sync_all();
        ck_assert_int_eq(cairn_fat_truncate(file, 100 * 512, NULL), CAIRN_OK);
        cairn_blk_sim_cut(&rig.dev.sim, 1 + event);
        cut = cairn_fat_sync(rig.fs, NULL) != CAIRN_OK;
        uint64_t sector = rig.geometry.reserved_sectors;
        sim_restart(&rig.dev.sim, all_but_this, &sector);
        assert_no(CAIRN_FAT_MAJOR);
        rig.fs = NULL;
        rig_free(&rig);
    }
}
END_TEST

/* More directories change than there are pages. */
START_TEST(without_order_memory_is_enough)
{
    struct rig_shape shape = { .type = CAIRN_FAT16, .cluster_bytes = 4096, .clusters = 4200 };
    rig_make(&rig, &shape);
    rig.shape.mem_bytes = cairn_fat_mem_least(&rig.dev.base);
    struct cairn_fat_options options = { .clock = &rig.clock.base, .no_order = true };
    struct cairn_fat_node *root, *dir;
    ck_assert_int_eq(
        cairn_fat_mount(&rig.fs, &rig.dev.base, &options, rig.mem, rig.shape.mem_bytes, &rig.why),
        CAIRN_OK);
    root = cairn_fat_root(rig.fs);
    for (char name[] = "A0"; name[0] <= 'J'; name[0]++) {
        for (name[1] = '0'; name[1] <= '9'; name[1]++) {
            ck_assert_int_eq(cairn_fat_mkdir(root, name, 2, &dir, NULL), CAIRN_OK);
            cairn_fat_release(dir);
        }
    }
    sync_all();
    for (char name[] = "A0"; name[0] <= 'J'; name[0]++) {
        for (name[1] = '0'; name[1] <= '9'; name[1]++) {
            ck_assert_int_eq(cairn_fat_lookup(root, name, 2, &dir, NULL), CAIRN_OK);
            cairn_fat_release(file_make(dir, "FILE", 0));
            cairn_fat_release(dir);
        }
    }
    cairn_fat_release(root);
    ck_assert_int_eq(rig_unmount(&rig), CAIRN_OK);
    assert_no(CAIRN_FAT_MINOR);
    rig_free(&rig);
}
END_TEST

START_TEST(a_device_that_wants_alignment_mounts)
{
    struct rig_shape shape = { .clusters = 20 };
    rig_make(&rig, &shape);
    rig.dev.base.info.mem_align = 512;
    ck_assert_int_eq(rig_mount(&rig), CAIRN_OK);
    struct cairn_fat_node *file = root_file("file", 3000);
    cairn_fat_release(file);
    ck_assert_int_eq(rig_unmount(&rig), CAIRN_OK);
    assert_no(CAIRN_FAT_MINOR);
    rig_free(&rig);
}
END_TEST

/* ---- threads --------------------------------------------------------------------------------- */

#define MEET_BYTES 4096u

/* A device whose first large write waits until another thread had time for its own. */
struct meeting {
    const struct cairn_blk_ops *below;
    struct cairn_blk_ops ops;
    pthread_t thread;
    struct cairn_fat_node *file;
    bool armed;
};
static struct meeting meeting;

static void *ragged_write(void *arg)
{
    static const uint8_t data[10] = "ragged";
    size_t done;
    (void)arg;
    ck_assert_int_eq(cairn_fat_write(meeting.file, 100, data, sizeof data, &done, NULL), CAIRN_OK);
    return NULL;
}

static enum cairn_err meeting_submit(struct cairn_blk *dev, struct cairn_blk_req *reqs,
                                     size_t count)
{
    bool meets = meeting.armed && reqs[0].op == CAIRN_BLK_WRITE && reqs[0].count == 8;
    struct timespec until;
    if (!meets) return meeting.below->submit(dev, reqs, count);
    meeting.armed = false;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += 200 * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_create(&meeting.thread, NULL, ragged_write, NULL);
    bool over = pthread_timedjoin_np(meeting.thread, NULL, &until) == 0;
    if (over) meeting.thread = 0;
    enum cairn_err err = meeting.below->submit(dev, reqs, count);
    sync_all();
    return err;
}

START_TEST(a_ragged_write_does_not_undo_one_beside_it)
{
    static uint8_t data[MEET_BYTES], back[MEET_BYTES];
    struct rig_shape shape = { .type = CAIRN_FAT16, .cluster_bytes = MEET_BYTES };
    size_t done;
    rig_make(&rig, &shape);
    ck_assert_int_eq(rig_mount(&rig), CAIRN_OK);
    meeting.file = root_file("old", MEET_BYTES);
    forget_pages();
    meeting.below = rig.dev.base.ops;
    meeting.ops = *rig.dev.base.ops;
    meeting.ops.submit = meeting_submit;
    rig.dev.base.ops = &meeting.ops;
    meeting.armed = true;
    memset(data, 'n', sizeof data);
    ck_assert_int_eq(cairn_fat_write(meeting.file, 0, data, sizeof data, &done, NULL), CAIRN_OK);
    ck_assert(!meeting.armed);
    if (meeting.thread) pthread_join(meeting.thread, NULL);
    ck_assert_int_eq(cairn_fat_read(meeting.file, 0, back, sizeof back, &done, NULL), CAIRN_OK);
    ck_assert_mem_eq(back, data, 100);
    ck_assert_mem_eq(back + 110, data + 110, sizeof back - 110);
    cairn_fat_release(meeting.file);
    rig_free(&rig);
}
END_TEST

#define APPENDS 400

static void *append(void *arg)
{
    struct cairn_fat_file file;
    uint32_t flags = CAIRN_FAT_OPEN_WRITE | CAIRN_FAT_OPEN_APPEND;
    size_t done;
    (void)arg;
    ck_assert_int_eq(cairn_fat_open(rig.fs, "log", 3, flags, &file, NULL), CAIRN_OK);
    for (uint32_t i = 0; i < APPENDS; i++)
        ck_assert_int_eq(cairn_fat_file_write(&file, "line.", 5, &done, NULL), CAIRN_OK);
    ck_assert_int_eq(cairn_fat_close(&file, NULL), CAIRN_OK);
    return NULL;
}

START_TEST(appends_do_not_meet)
{
    struct rig_shape shape = { .type = CAIRN_FAT16 };
    pthread_t threads[4];
    rig_make(&rig, &shape);
    ck_assert_int_eq(rig_mount(&rig), CAIRN_OK);
    struct cairn_fat_node *file = root_file("log", 0);
    for (size_t i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, append, NULL);
    for (size_t i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    ck_assert_uint_eq(size_of(file), 4 * APPENDS * 5);
    cairn_fat_release(file);
    rig_free(&rig);
}
END_TEST

/* ---- volumes that contradict themselves ------------------------------------------------------ */

START_TEST(a_run_ends_with_the_volume)
{
    static uint8_t back[1536];
    size_t done;
    struct rig_shape shape = { .type = CAIRN_FAT16, .clusters = 65524 };
    rig_make(&rig, &shape);
    uint32_t last = rig.geometry.cluster_count + 1;
    ck_assert_int_eq(rig_mount(&rig), CAIRN_OK);
    rig.fs->space.next = last - 1;
    struct cairn_fat_node *file = root_file("edge", 1024);
    ck_assert_uint_eq(start_of(file), last - 1);
    cairn_fat_release(file);
    ck_assert_int_eq(rig_unmount(&rig), CAIRN_OK);
    for (uint32_t copy = 0; copy < rig.geometry.fat_count; copy++)
        fatent_put(CAIRN_FAT16, rig_fat(&rig, copy, last), last, last + 1);
    cairn_le32_put(rig_root_slot(&rig, 0) + FAT_SLOT_SIZE, sizeof back);
    ck_assert_int_eq(rig_mount(&rig), CAIRN_OK);
    ck_assert_int_eq(cairn_fat_walk(rig.fs, "edge", 4, &file, NULL), CAIRN_OK);
    ck_assert_int_eq(cairn_fat_read(file, 0, back, sizeof back, &done, NULL), CAIRN_ECORRUPT);
    ck_assert_int_eq(cairn_fat_write(file, 1024, back, 512, &done, NULL), CAIRN_ECORRUPT);
    cairn_fat_release(file);
    rig_free(&rig);
}
END_TEST

START_TEST(what_is_free_already_is_not_freed)
{
    struct cairn_fat_usage before, after;
    make(CAIRN_FAT16, 512);
    struct cairn_fat_node *file = root_file("file", 1024);
    uint32_t start = start_of(file);
    cairn_fat_release(file);
    ck_assert_int_eq(rig_unmount(&rig), CAIRN_OK);
    for (uint32_t copy = 0; copy < rig.geometry.fat_count; copy++)
        fatent_put(CAIRN_FAT16, rig_fat(&rig, copy, start + 1), start + 1, FATENT_FREE);
    ck_assert_int_eq(rig_mount(&rig), CAIRN_OK);
    ck_assert_int_eq(cairn_fat_usage(rig.fs, &before, NULL), CAIRN_OK);
    struct cairn_fat_node *root = cairn_fat_root(rig.fs);
    ck_assert_int_eq(cairn_fat_remove(root, "file", 4, NULL), CAIRN_OK);
    ck_assert_int_eq(cairn_fat_usage(rig.fs, &after, NULL), CAIRN_OK);
    ck_assert_uint_eq(after.free_clusters, before.free_clusters + 1);
    cairn_fat_release(root);
    rig_free(&rig);
}
END_TEST

START_TEST(nothing_lies_beyond_what_a_file_can_be)
{
    struct cairn_fat_run run;
    make(CAIRN_FAT12, 512);
    struct cairn_fat_node *file = root_file("file", 600);
    ck_assert_int_eq(cairn_fat_where(file, 600, &run, NULL), CAIRN_OK);
    ck_assert_int_eq(cairn_fat_where(file, 1024, &run, NULL), CAIRN_ENOENT);
    ck_assert_int_eq(cairn_fat_where(file, 1u << 30, &run, NULL), CAIRN_ENOENT);
    ck_assert_int_eq(cairn_fat_where(file, UINT64_C(1) << 41, &run, NULL), CAIRN_ENOENT);
    ck_assert_int_eq(cairn_fat_where(file, UINT64_MAX, &run, NULL), CAIRN_ENOENT);
    cairn_fat_release(file);
    rig_free(&rig);
}
END_TEST

TCase *volume_review_tests(void)
{
    TCase *tests = tcase_create("between two steps");
    tcase_add_test(tests, a_failed_flush_is_not_forgotten);
    tcase_add_test(tests, a_truncate_that_fails_frees_nothing);
    tcase_add_test(tests, a_reservation_that_cannot_be_given_back_stays);
    tcase_add_test(tests, a_write_that_fails_leaves_the_size);
    tcase_add_test(tests, a_directory_that_cannot_grow_stays);
    tcase_add_test(tests, a_cluster_that_is_not_clear_is_not_linked);
    tcase_add_test(tests, what_cannot_be_written_can_be_read);
    tcase_add_test(tests, a_cut_chain_ends_before_its_rest_is_free);
    tcase_add_test(tests, without_order_memory_is_enough);
    tcase_add_test(tests, a_device_that_wants_alignment_mounts);
    tcase_add_test(tests, a_ragged_write_does_not_undo_one_beside_it);
    tcase_add_test(tests, appends_do_not_meet);
    tcase_add_test(tests, a_run_ends_with_the_volume);
    tcase_add_test(tests, what_is_free_already_is_not_freed);
    tcase_add_test(tests, nothing_lies_beyond_what_a_file_can_be);
    return tests;
}
