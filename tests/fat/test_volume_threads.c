/* SPDX-License-Identifier: ISC */
/* Several threads on one volume. What each has written is what it reads, whatever the others do. */
#include "test_volume.h"

#include "rig.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#define THREADS 4
#define ROUNDS 60u
#define CHUNK 5000u

static struct rig rig;
static atomic_bool stopping;

struct worker {
    pthread_t thread;
    unsigned number;
    const char *path;  /* of a file that all share; NULL: one of its own */
    const char *wrong; /* what it met; NULL: nothing */
};

static void open_file(struct worker *worker, struct cairn_fat_file *file)
{
    char path[32];
    snprintf(path, sizeof path, "file of thread %u", worker->number);
    const char *which = worker->path ? worker->path : path;
    uint32_t flags = CAIRN_FAT_OPEN_WRITE | CAIRN_FAT_OPEN_CREATE;
    enum cairn_err err = cairn_fat_open(rig.fs, which, strlen(which), flags, file, NULL);
    if (err) worker->wrong = "open";
}

/* Write a chunk at offset and read it back. */
static void chunk_move(struct worker *worker, struct cairn_fat_file *file, uint64_t offset,
                       uint32_t round)
{
    uint8_t bytes[CHUNK], back[CHUNK];
    size_t done;
    memset(bytes, (int)(worker->number * 61 + round + 1), sizeof bytes);
    if (cairn_fat_write(file->node, offset, bytes, sizeof bytes, &done, NULL))
        worker->wrong = "write";
    if (cairn_fat_read(file->node, offset, back, sizeof back, &done, NULL) || done != sizeof back)
        worker->wrong = "read";
    else if (memcmp(bytes, back, sizeof back) != 0)
        worker->wrong = "other bytes";
}

/* Its own file, at places that overlap from round to round. */
static void *rewrite(void *arg)
{
    struct worker *worker = arg;
    struct cairn_fat_file file;
    open_file(worker, &file);
    for (uint32_t round = 0; round < ROUNDS && !worker->wrong; round++)
        chunk_move(worker, &file, round * 1777u % 40000u, round);
    if (cairn_fat_close(&file, NULL)) worker->wrong = "close";
    return NULL;
}

/* One file that all extend, each at places of its own. */
static void *extend(void *arg)
{
    struct worker *worker = arg;
    struct cairn_fat_file file;
    open_file(worker, &file);
    for (uint32_t round = 0; round < ROUNDS && !worker->wrong; round++)
        chunk_move(worker, &file, (uint64_t)(round * THREADS + worker->number) * CHUNK, round);
    if (cairn_fat_close(&file, NULL)) worker->wrong = "close";
    return NULL;
}

/* Names come and go, and syncs happen. */
static void *churn(void *arg)
{
    struct worker *worker = arg;
    struct cairn_fat_node *dir = cairn_fat_root(rig.fs), *node;
    while (!stopping && !worker->wrong) {
        enum cairn_err err = cairn_fat_create(dir, "come and go", 11, &node, NULL);
        if (!err) cairn_fat_release(node);
        if (!err) err = cairn_fat_rename(dir, "come and go", 11, dir, "went", 4, 0, NULL);
        if (!err) err = cairn_fat_sync(rig.fs, NULL);
        if (!err) err = cairn_fat_remove(dir, "went", 4, NULL);
        if (err) worker->wrong = cairn_err_name(err);
    }
    cairn_fat_release(dir);
    return NULL;
}

/* The volume is called clean whenever nothing changed between two ticks. */
static void *tick(void *arg)
{
    struct worker *worker = arg;
    while (!stopping && !worker->wrong) {
        enum cairn_err err = cairn_fat_tick(rig.fs, NULL);
        if (err) worker->wrong = cairn_err_name(err);
    }
    return NULL;
}

/* The file's size goes up and down under its readers. */
static void *resize(void *arg)
{
    struct worker *worker = arg;
    struct cairn_fat_file file;
    open_file(worker, &file);
    for (uint32_t round = 0; round < 4 * ROUNDS && !worker->wrong; round++)
        if (cairn_fat_truncate(file.node, round % 2 ? 100 : 30000, NULL))
            worker->wrong = "truncate";
    if (cairn_fat_close(&file, NULL)) worker->wrong = "close";
    return NULL;
}

static void *read_all(void *arg)
{
    struct worker *worker = arg;
    struct cairn_fat_file file;
    static _Thread_local uint8_t buf[40000];
    size_t done;
    open_file(worker, &file);
    while (!stopping && !worker->wrong) {
        enum cairn_err err = cairn_fat_read(file.node, 3, buf, sizeof buf, &done, NULL);
        if (err) worker->wrong = cairn_err_name(err);
    }
    if (cairn_fat_close(&file, NULL)) worker->wrong = "close";
    return NULL;
}

/* Run `run` in all threads but the last, which does `last` until the others are through. */
static void run_threads(uint32_t cluster_bytes, void *(*run)(void *), void *(*last)(void *),
                        const char *shared)
{
    struct worker workers[THREADS];
    rig_make(&rig, &(struct rig_shape){
                       .type = CAIRN_FAT16, .clusters = 4000, .cluster_bytes = cluster_bytes });
    ck_assert_int_eq(rig_mount_as(&rig, (struct cairn_fat_options){ .idle_ns = 1 }), CAIRN_OK);
    stopping = false;
    for (unsigned i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){ .number = i, .path = shared };
        ck_assert(
            !pthread_create(&workers[i].thread, NULL, i == THREADS - 1 ? last : run, &workers[i]));
    }
    for (unsigned i = 0; i < THREADS; i++) {
        if (i == THREADS - 1) stopping = true;
        ck_assert(!pthread_join(workers[i].thread, NULL));
    }
    for (unsigned i = 0; i < THREADS; i++)
        ck_assert_msg(!workers[i].wrong, "thread %u: %s", i, workers[i].wrong);
    ck_assert_int_eq(rig_unmount(&rig), CAIRN_OK);
    ck_assert_msg(rig_check(&rig, CAIRN_FAT_MINOR), "%s", rig.finding);
    rig_free(&rig);
}

static const uint32_t cluster_sizes[] = { 512, 4096, 16384 };

START_TEST(files_of_their_own)
{
    run_threads(cluster_sizes[_i], rewrite, churn, NULL);
}
END_TEST

START_TEST(one_file_that_all_extend)
{
    run_threads(cluster_sizes[_i], extend, churn, "shared");
}
END_TEST

START_TEST(readers_beside_a_truncate)
{
    run_threads(cluster_sizes[_i], resize, read_all, "shared");
}
END_TEST

START_TEST(ticks_beside_writers)
{
    run_threads(cluster_sizes[_i], rewrite, tick, NULL);
}
END_TEST

TCase *volume_thread_tests(void)
{
    TCase *tests = tcase_create("threads");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, files_of_their_own, 0, 3);
    tcase_add_loop_test(tests, one_file_that_all_extend, 0, 3);
    tcase_add_loop_test(tests, readers_beside_a_truncate, 0, 3);
    tcase_add_loop_test(tests, ticks_beside_writers, 0, 3);
    return tests;
}
