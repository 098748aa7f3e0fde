/* SPDX-License-Identifier: ISC */
/*
 * Writers, readers, views, lists and snapshots of one store at once, while its own thread brings
 * changes into the tree, over a device that is slow at times. Each writer counts: it sets all of
 * its keys to the next number, in one batch. So whoever reads sees one number in all of them, in a
 * view or a snapshot, and never a lower one than before, in the store itself.
 */
#include <cairn/blk_mem.h>
#include <cairn/kv_host.h>
#include <check.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WRITERS 3u
#define KEYS 4u
#define COUNT 250u /* numbers of each writer */
#define DEVICE_BYTES (24u << 20)
#define FILLER_BYTES 700u
#define LARGE_BYTES 9000u

struct shared {
    struct cairn_kv *kv;
    atomic_uint writing;       /* writers that are not done */
    atomic_uint done[WRITERS]; /* numbers acknowledged */
};

struct part {
    struct shared *shared;
    unsigned number;
};

/* ---- a device that dawdles ------------------------------------------------------------------ */

struct slow {
    atomic_uint calls;
};

static void dawdle(struct slow *slow)
{
    unsigned call = atomic_fetch_add(&slow->calls, 1) * 2654435761u;
    if (call >> 30 == 0) usleep(call >> 16 & 511);
}

static struct cairn_blk_mem disk;
static struct cairn_blk_ops slow_ops;
static struct slow slow;

static enum cairn_err slow_flush(struct cairn_blk *blk, struct cairn_why *why)
{
    dawdle(&slow);
    return disk.base.ops->flush(blk, why);
}

/* The memory device itself, but for its flush. */
static void slow_open(void *bytes)
{
    ck_assert_int_eq(cairn_blk_mem_open(&disk, bytes, 512, DEVICE_BYTES / 512, NULL), CAIRN_OK);
}

/* ---- threads -------------------------------------------------------------------------------- */

static struct cairn_kv_key key_of(char text[32], unsigned writer, unsigned key)
{
    snprintf(text, 32, "w%u/k%u", writer, key);
    return cairn_kv_key(text);
}

static unsigned number_of(struct cairn_kv *kv, unsigned writer, unsigned key)
{
    char text[32];
    unsigned number = 0;
    size_t done;
    struct cairn_why why = { 0 };
    enum cairn_err err =
        cairn_kv_get(kv, key_of(text, writer, key), 0, &number, sizeof number, &done, &why);
    if (err == CAIRN_ESTALE) return UINT32_MAX;
    ck_assert_msg(err == CAIRN_OK || err == CAIRN_ENOENT, "%s: %s", text, why.what);
    return number;
}

static void write_number(struct shared *shared, unsigned writer, unsigned number)
{
    static const uint8_t zeros[LARGE_BYTES];
    uint8_t value[LARGE_BYTES];
    struct cairn_kv_batch batch;
    struct cairn_why why = { 0 };
    char text[32];
    memcpy(value, zeros, sizeof value);
    memcpy(value, &number, sizeof number);
    enum cairn_err err = cairn_kv_batch_begin(&batch, shared->kv, 0, &why);
    ck_assert_msg(!err, "begin: %s", why.what);
    for (unsigned key = 0; key < KEYS; key++) {
        size_t bytes = key == 0 && number % 8 == 0 ? LARGE_BYTES : FILLER_BYTES;
        err = cairn_kv_set(&batch.kv, key_of(text, writer, key), value, bytes, 0, &why);
        ck_assert_msg(!err, "set: %s", why.what);
    }
    bool later = number % 4 == 1;
    err = cairn_kv_commit(&batch, later ? CAIRN_KV_LATER : 0, &why);
    ck_assert_msg(!err, "commit: %s", why.what);
}

/* What is removed is reclaimed by and by, in the background. */
static void write_rubbish(struct shared *shared, unsigned writer, unsigned number)
{
    char text[64];
    struct cairn_why why = { 0 };
    snprintf(text, sizeof text, "rubbish%u/%u", writer, number);
    enum cairn_err err = cairn_kv_set(shared->kv, cairn_kv_key(text), text, sizeof text, 0, &why);
    snprintf(text, sizeof text, "rubbish%u", writer);
    if (!err && number % 16 == 0) err = cairn_kv_remove(shared->kv, cairn_kv_key(text), &why);
    ck_assert_msg(!err, "rubbish: %s", why.what);
}

static void *writer_run(void *of)
{
    const struct part *part = of;
    for (unsigned number = 1; number <= COUNT; number++) {
        write_number(part->shared, part->number, number);
        part->shared->done[part->number] = number;
        write_rubbish(part->shared, part->number, number);
    }
    part->shared->writing--;
    return NULL;
}

/* What was acknowledged before is there, and nothing goes back. */
static void *reader_run(void *of)
{
    const struct part *part = of;
    struct shared *shared = part->shared;
    unsigned seen[WRITERS][KEYS] = { { 0 } };
    for (unsigned turn = 0; shared->writing; turn++) {
        unsigned writer = turn % WRITERS, key = turn / WRITERS % KEYS;
        unsigned least = shared->done[writer];
        unsigned number = number_of(shared->kv, writer, key);
        ck_assert_uint_ge(number, least);
        ck_assert_uint_ge(number, seen[writer][key]);
        seen[writer][key] = number;
    }
    return NULL;
}

/* One moment: every writer's keys have one number. */
static void moment_check(struct cairn_kv *kv)
{
    for (unsigned writer = 0; writer < WRITERS; writer++) {
        unsigned first = number_of(kv, writer, 0);
        for (unsigned key = 1; key < KEYS && first != UINT32_MAX; key++) {
            unsigned number = number_of(kv, writer, key);
            if (number == UINT32_MAX) return;
            ck_assert_uint_eq(number, first);
        }
    }
}

static void list_check(struct cairn_kv *kv)
{
    uint64_t mem[512];
    struct cairn_kv_list list;
    const struct cairn_kv_entry *entry;
    unsigned count = 0;
    enum cairn_err err = cairn_kv_list_begin(&list, kv, cairn_kv_key("w0"), cairn_kv_key(""),
                                             CAIRN_KV_VALUES, mem, sizeof mem, NULL);
    while (!err) {
        err = cairn_kv_list_next(&list, &entry, NULL);
        if (err || !entry) break;
        count++;
    }
    ck_assert(err == CAIRN_ENOENT || err == CAIRN_ESTALE || (!err && count == KEYS));
}

static void *view_run(void *of)
{
    const struct part *part = of;
    struct cairn_kv_view view;
    while (part->shared->writing) {
        ck_assert_int_eq(cairn_kv_view_open(&view, part->shared->kv, NULL), CAIRN_OK);
        moment_check(&view.kv);
        list_check(&view.kv);
        cairn_kv_view_close(&view);
        list_check(part->shared->kv);
    }
    return NULL;
}

static void *snapshot_run(void *of)
{
    const struct part *part = of;
    struct cairn_kv *kv = part->shared->kv;
    struct cairn_kv_key name = cairn_kv_key("moment");
    struct cairn_kv_view view;
    while (part->shared->writing) {
        struct cairn_why why = { 0 };
        enum cairn_err err = cairn_kv_snapshot_make(kv, name, &why);
        if (!err) err = cairn_kv_snapshot_open(&view, kv, name, &why);
        ck_assert_msg(!err, "snapshot: %s", why.what);
        moment_check(&view.kv);
        cairn_kv_view_close(&view);
        err = cairn_kv_snapshot_remove(kv, name, &why);
        ck_assert_msg(!err, "snapshot: %s", why.what);
        usleep(3000);
    }
    return NULL;
}

/* ---- tests ---------------------------------------------------------------------------------- */

static struct cairn_kv *store_open(size_t mem_bytes)
{
    struct cairn_kv_host_options options = { .mem_bytes = mem_bytes };
    struct cairn_kv *kv;
    struct cairn_why why = { 0 };
    enum cairn_err err = cairn_kv_host_open(&kv, &disk.base, &options, &why);
    ck_assert_msg(!err, "open: %s", why.what);
    return kv;
}

static void all_at_once(size_t mem_bytes)
{
    static void *(*const runs[])(void *) = { writer_run, writer_run, writer_run,  reader_run,
                                             reader_run, view_run,   snapshot_run };
    enum { THREADS = sizeof runs / sizeof *runs };
    struct shared shared = { .kv = store_open(mem_bytes), .writing = WRITERS };
    struct part parts[THREADS];
    pthread_t threads[THREADS];
    for (unsigned i = 0; i < THREADS; i++) {
        parts[i] = (struct part){ &shared, i };
        ck_assert_int_eq(pthread_create(&threads[i], NULL, runs[i], &parts[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    ck_assert_int_eq(cairn_kv_close(shared.kv, NULL), CAIRN_OK);
    shared.kv = store_open(mem_bytes);
    for (unsigned writer = 0; writer < WRITERS; writer++)
        for (unsigned key = 0; key < KEYS; key++)
            ck_assert_uint_eq(number_of(shared.kv, writer, key), COUNT);
    ck_assert_int_eq(cairn_kv_close(shared.kv, NULL), CAIRN_OK);
}

static void disk_make(uint8_t *bytes)
{
    static uint64_t mem[8192];
    struct cairn_kv_native_format_options shape = { .log_bytes = 512u << 10 };
    slow_open(bytes);
    slow_ops = *disk.base.ops;
    slow_ops.flush = slow_flush;
    disk.base.ops = &slow_ops;
    ck_assert_int_eq(cairn_kv_native_format(&disk.base, &shape, mem, sizeof mem, NULL), CAIRN_OK);
}

START_TEST(ample)
{
    uint8_t *bytes = calloc(1, DEVICE_BYTES);
    disk_make(bytes);
    all_at_once(8u << 20);
    free(bytes);
}
END_TEST

START_TEST(tight)
{
    uint8_t *bytes = calloc(1, DEVICE_BYTES);
    disk_make(bytes);
    all_at_once(1u << 20);
    free(bytes);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("kv-threads");
    TCase *tcase = tcase_create("threads");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, ample);
    tcase_add_test(tcase, tight);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
