/* SPDX-License-Identifier: ISC */
/* Every request and every flush of a script fails in turn, once or from there on; and every amount
 * of memory from the least upwards. */
#include "test_volume.h"

#include "rig.h"
#include "script.h"

#include <stdlib.h>
#include <string.h>

static const struct script_step steps[] = {
    { SCRIPT_WRITE, "kept.txt", 5000, NULL },
    { SCRIPT_WRITE, "a file with a long name", 1300, NULL },
    { SCRIPT_MKDIR, "dir", 0, NULL },
    { SCRIPT_SYNC, NULL, 0, NULL },
    { SCRIPT_WRITE, "dir/first inner file", 900, NULL },
    { SCRIPT_WRITE, "dir/second inner file", 9000, NULL },
    { SCRIPT_RESERVE, "dir/first inner file", 8000, NULL },
    { SCRIPT_RENAME, "a file with a long name", 0, "dir/moved" },
    { SCRIPT_CUT, "dir/second inner file", 2500, NULL },
    { SCRIPT_WRITE, "dir/second inner file", 3000, NULL },
    { SCRIPT_LABEL, "FAULTY", 0, NULL },
    { SCRIPT_MKDIR, "dir/sub", 0, NULL },
    { SCRIPT_SYNC, NULL, 0, NULL },
    { SCRIPT_RENAME, "dir/sub", 0, "sub" },
    { SCRIPT_RENAME, "dir/moved", 0, "dir/first inner file" },
    { SCRIPT_REMOVE, "dir/second inner file", 0, NULL },
    { SCRIPT_WRITE, "dir/second inner file", 700, NULL },
    { SCRIPT_END, NULL, 0, NULL },
};

static struct rig rig;
static struct script script;

/* What is on the device afterwards is sound, and all that was synced is there. */
static void assert_sound(const char *when, uint64_t number)
{
    const char *path = NULL;
    sim_restart(&rig.dev.sim, NULL, NULL);
    enum cairn_fat_severity from = script.renamed ? CAIRN_FAT_MAJOR + 1 : CAIRN_FAT_MAJOR;
    ck_assert_msg(rig_check(&rig, from), "%s %u: %s", when, (unsigned)number, rig.finding);
    ck_assert_msg(rig_mount(&rig) == CAIRN_OK, "%s %u: does not mount", when, (unsigned)number);
    ck_assert_msg(script_survives(&script, rig.fs, &path), "%s %u: %s was synced and is not whole",
                  when, (unsigned)number, path);
    ck_assert_int_eq(rig_unmount(&rig), CAIRN_OK);
}

/* Run the script until the nth of what `on` says, from 1, fails; what failed must have been told.
 * true: there were not so many. */
static bool run_under(const struct rig_shape *shape, uint32_t on, uint64_t nth, uint64_t times)
{
    memset(&script, 0, sizeof script);
    rig_make(&rig, shape);
    cairn_blk_sim_fail(&rig.dev.sim, on, nth, times);
    enum cairn_err err = rig_mount(&rig);
    if (!err) err = script_run(&script, rig.fs, steps, &rig.why);
    enum cairn_err unmounted = rig.fs ? rig_unmount(&rig) : CAIRN_OK;
    bool happened = rig.dev.sim.state.hits[0] != 0;
    if (err || unmounted) ck_assert(happened);
    return !happened;
}

static void fail_each(enum cairn_fat_type type, uint64_t times)
{
    struct rig_shape shape = { .type = type, .clusters = 90, .on_sim = true };
    bool ended = false;
    for (uint64_t nth = 1; !ended; nth++) {
        ended = run_under(&shape, CAIRN_BLK_ON_REQUEST, nth, times);
        assert_sound("request", nth);
        rig_free(&rig);
    }
}

START_TEST(a_request_fails)
{
    fail_each(_i ? CAIRN_FAT16 : CAIRN_FAT12, 1);
}
END_TEST

START_TEST(all_requests_fail_from_here)
{
    fail_each(_i ? CAIRN_FAT16 : CAIRN_FAT12, 0);
}
END_TEST

START_TEST(a_flush_fails)
{
    struct rig_shape shape = { .clusters = 90, .on_sim = true };
    bool ended = false;
    for (uint64_t nth = 1; !ended; nth++) {
        ended = run_under(&shape, CAIRN_BLK_ON_FLUSH, nth, 1);
        assert_sound("flush", nth);
        rig_free(&rig);
    }
}
END_TEST

/* The operation that failed can be tried again, and the volume ends sound and clean. fat (9) */
START_TEST(a_volume_goes_on_after_an_error)
{
    for (uint64_t nth = 2; nth < 60; nth++) {
        memset(&script, 0, sizeof script);
        rig_make(&rig, &(struct rig_shape){ .clusters = 90, .on_sim = true });
        ck_assert_int_eq(rig_mount(&rig), CAIRN_OK);
        sim_fail(&rig.dev.sim, nth, 1);
        (void)!script_run(&script, rig.fs, steps, NULL);
        sim_calm(&rig.dev.sim);
        static const struct script_step more[] = { { SCRIPT_WRITE, "more", 3000, NULL },
                                                   { SCRIPT_SYNC, NULL, 0, NULL },
                                                   { SCRIPT_END, NULL, 0, NULL } };
        ck_assert_int_eq(script_run(&script, rig.fs, more, &rig.why), CAIRN_OK);
        ck_assert_int_eq(rig_unmount(&rig), CAIRN_OK);
        ck_assert_msg(rig_check(&rig, CAIRN_FAT_MAJOR), "request %u: %s", (unsigned)nth,
                      rig.finding);
        assert_sound("after request", nth);
        rig_free(&rig);
    }
}
END_TEST

/* fat (8) */
START_TEST(every_amount_of_memory_does)
{
    rig_make(&rig, &(struct rig_shape){ .cluster_bytes = _i ? 8192 : 512 });
    size_t least = cairn_fat_mem_least(&rig.dev.base);
    rig_free(&rig);
    for (size_t bytes = least; bytes < least + (1u << 20); bytes += 70001) {
        memset(&script, 0, sizeof script);
        rig_make(&rig, &(struct rig_shape){ .cluster_bytes = _i ? 8192 : 512, .mem_bytes = bytes });
        ck_assert_int_eq(rig_mount(&rig), CAIRN_OK);
        ck_assert_int_eq(script_run(&script, rig.fs, steps, &rig.why), CAIRN_OK);
        ck_assert_int_eq(rig_unmount(&rig), CAIRN_OK);
        ck_assert_msg(rig_check(&rig, CAIRN_FAT_MINOR), "%s", rig.finding);
        rig_free(&rig);
    }
}
END_TEST

START_TEST(too_little_memory_is_said_so)
{
    rig_make(&rig, &(struct rig_shape){ .cluster_bytes = 4096 });
    size_t least = cairn_fat_mem_least(&rig.dev.base);
    for (size_t bytes = 0; bytes < least; bytes += 4999) {
        struct cairn_fat *fs;
        void *mem = malloc(bytes + 1); /* the sanitizer sees what goes beyond */
        enum cairn_err err = cairn_fat_mount(&fs, &rig.dev.base, NULL, mem, bytes, &rig.why);
        if (err)
            ck_assert_int_eq(err, CAIRN_ENOMEM);
        else
            ck_assert_int_eq(cairn_fat_unmount(fs, NULL), CAIRN_OK);
        free(mem);
    }
    rig_free(&rig);
}
END_TEST

TCase *volume_fault_tests(void)
{
    TCase *tests = tcase_create("faults");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, a_request_fails, 0, 2);
    tcase_add_loop_test(tests, all_requests_fail_from_here, 0, 2);
    tcase_add_test(tests, a_flush_fails);
    tcase_add_test(tests, a_volume_goes_on_after_an_error);
    tcase_add_loop_test(tests, every_amount_of_memory_does, 0, 2);
    tcase_add_test(tests, too_little_memory_is_said_so);
    return tests;
}
