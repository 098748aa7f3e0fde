/* SPDX-License-Identifier: ISC */
/*
 * The files of an extraction, by a few threads. (1) A worker takes the next span of files, many
 * small ones or one large; it keeps the folder it is in open on both sides. (2) The lock guards
 * next, err, why and running; nothing else is shared but two atomics. (3) The caller's functions
 * run in the calling thread only, which waits meanwhile.
 */
#include "extract.h"
#include "list.h"
#include "os.h"
#include "outfile.h"

#include <cairn/bytes.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SPAN_FILES 32u
#define SPAN_BYTES (4u << 20)
#define THREADS_MAX 8u
#define TICK_NS (50 * 1000 * 1000L)

struct pool {
    struct cairn_image *image;
    const char *path;
    int root;
    const struct img_jobs *jobs;
    const struct cairn_image_copy_options *options;
    atomic_bool stop;
    atomic_uint_least64_t done_bytes;
    pthread_mutex_t lock;
    pthread_cond_t idle;
    size_t next; /* file */
    unsigned int running;
    enum cairn_err err;
    struct cairn_why *why;
};

struct worker {
    struct pool *pool;
    pthread_t thread;
    uint8_t *buf;
    size_t dir; /* that is open; SIZE_MAX: none */
    int dir_fd;
    struct cairn_fat_node *dir_node;
};

static bool piece_done(void *ctx, uint64_t bytes)
{
    struct pool *pool = ctx;
    atomic_fetch_add(&pool->done_bytes, bytes);
    return !atomic_load(&pool->stop);
}

/* ---- one worker ---------------------------------------------------------------------------- */

static void dir_close(struct worker *worker)
{
    if (worker->dir == SIZE_MAX) return;
    (void)close(worker->dir_fd);
    cairn_fat_release(worker->dir_node);
    worker->dir = SIZE_MAX;
}

static enum cairn_err dir_open(struct worker *worker, size_t dir, struct cairn_why *why)
{
    if (worker->dir == dir) return CAIRN_OK;
    dir_close(worker);
    struct pool *pool = worker->pool;
    const char *below = pool->jobs->dirs[dir].path;
    char path[8300];
    int len = snprintf(path, sizeof path, "%s/%s", pool->path, below);
    enum cairn_err err =
        cairn_fat_walk(cairn_image_fat(pool->image), path, (size_t)len, &worker->dir_node, why);
    if (err) return err;
    worker->dir_fd = img_beneath_open(pool->root, below);
    if (worker->dir_fd < 0) {
        err = img_os_fail(why, below, "open the folder");
        cairn_fat_release(worker->dir_node);
        return err;
    }
    worker->dir = dir;
    return CAIRN_OK;
}

static enum cairn_err node_extract(struct worker *worker, struct cairn_fat_node *node,
                                   const struct img_job_file *file, struct cairn_why *why)
{
    struct pool *pool = worker->pool;
    struct img_outfile out;
    enum cairn_err err =
        img_outfile_open(&out, worker->dir_fd, file->name, file->read_only ? 0444 : 0666,
                         pool->options->no_replace, why);
    if (err) return err;
    err = img_file_copy_out(pool->image, node, file->size, out.fd, worker->buf, piece_done, pool,
                            why);
    if (!err) return img_outfile_commit(&out, file->modified_ns, why);
    img_outfile_abort(&out);
    return err;
}

static enum cairn_err file_extract(struct worker *worker, const struct img_job_file *file,
                                   struct cairn_why *why)
{
    enum cairn_err err = dir_open(worker, file->dir, why);
    if (err) return err;
    struct cairn_fat_node *node;
    err = img_entry_open(worker->dir_node, file->name, file->first_cluster, &node, why);
    if (err) return err;
    err = node_extract(worker, node, file, why);
    cairn_fat_release(node);
    return err;
}

/* Only the first failure counts; the others follow from stopping. */
static void failure_keep(struct pool *pool, enum cairn_err err, const struct cairn_why *why,
                         const struct img_job_file *file)
{
    pthread_mutex_lock(&pool->lock);
    if (!pool->err) {
        const char *below = pool->jobs->dirs[file->dir].path;
        char path[8300];
        int len = snprintf(path, sizeof path, "%s%s%s", below, below[0] ? "/" : "", file->name);
        pool->err = err;
        if (pool->why) *pool->why = *why;
        cairn_why_path(pool->why, path, (size_t)len);
    }
    pthread_mutex_unlock(&pool->lock);
    atomic_store(&pool->stop, true);
}

/* The files [*first, *end); false: there are no more. */
static bool span_take(struct pool *pool, size_t *first, size_t *end)
{
    uint64_t bytes = 0;
    pthread_mutex_lock(&pool->lock);
    *first = pool->next;
    while (pool->next < pool->jobs->file_count && pool->next - *first < SPAN_FILES &&
           bytes < SPAN_BYTES)
        bytes += pool->jobs->files[pool->next++].size;
    *end = pool->next;
    pthread_mutex_unlock(&pool->lock);
    return *first < *end;
}

static void span_extract(struct worker *worker, size_t first, size_t end)
{
    struct pool *pool = worker->pool;
    for (size_t i = first; i < end && !atomic_load(&pool->stop); i++) {
        struct cairn_why why = { 0 };
        enum cairn_err err = file_extract(worker, &pool->jobs->files[i], &why);
        if (err) failure_keep(pool, err, &why, &pool->jobs->files[i]);
    }
}

static void *worker_run(void *ctx)
{
    struct worker *worker = ctx;
    struct pool *pool = worker->pool;
    size_t first, end;
    while (!atomic_load(&pool->stop) && span_take(pool, &first, &end))
        span_extract(worker, first, end);
    dir_close(worker);
    pthread_mutex_lock(&pool->lock);
    pool->running--;
    pthread_cond_signal(&pool->idle);
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

/* ---- all of them --------------------------------------------------------------------------- */

static unsigned int thread_count(const struct pool *pool)
{
    unsigned int wanted = pool->options->threads;
    if (wanted == 0)
        wanted = (unsigned int)cairn_max_u64((uint64_t)sysconf(_SC_NPROCESSORS_ONLN), 1);
    uint64_t spans = pool->jobs->file_count / SPAN_FILES + pool->jobs->bytes / SPAN_BYTES + 1;
    uint64_t useful = cairn_min_u64(spans, pool->jobs->file_count);
    return (unsigned int)cairn_min_u64(cairn_min_u64(wanted, useful), THREADS_MAX);
}

static unsigned int workers_start(struct pool *pool, struct worker *workers, unsigned int count)
{
    unsigned int started = 0;
    while (started < count) {
        struct worker *worker = &workers[started];
        *worker = (struct worker){ .pool = pool, .dir = SIZE_MAX };
        worker->buf = malloc(IMG_COPY_BYTES);
        pool->running++;
        if (worker->buf && pthread_create(&worker->thread, NULL, worker_run, worker) == 0) {
            started++;
            continue;
        }
        free(worker->buf);
        pool->running--;
        break;
    }
    return started;
}

/* Tell progress now and then until all workers are through. */
static void workers_watch(struct pool *pool)
{
    const struct cairn_image_copy_options *options = pool->options;
    pthread_mutex_lock(&pool->lock);
    while (pool->running > 0) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += TICK_NS;
        if (until.tv_nsec >= 1000000000L) {
            until.tv_nsec -= 1000000000L;
            until.tv_sec++;
        }
        (void)pthread_cond_timedwait(&pool->idle, &pool->lock, &until);
        if (!options->progress) continue;
        pthread_mutex_unlock(&pool->lock);
        bool go_on =
            options->progress(options->ctx, atomic_load(&pool->done_bytes), pool->jobs->bytes);
        if (!go_on) atomic_store(&pool->stop, true);
        pthread_mutex_lock(&pool->lock);
    }
    pthread_mutex_unlock(&pool->lock);
}

static enum cairn_err pool_run(struct pool *pool)
{
    struct worker workers[THREADS_MAX];
    pthread_mutex_lock(&pool->lock);
    unsigned int count = workers_start(pool, workers, thread_count(pool));
    pthread_mutex_unlock(&pool->lock);
    workers_watch(pool);
    for (unsigned int i = 0; i < count; i++) {
        (void)pthread_join(workers[i].thread, NULL);
        free(workers[i].buf);
    }
    if (count == 0) return cairn_why_fail(pool->why, CAIRN_ENOMEM, "start a thread");
    if (pool->err) return pool->err;
    return atomic_load(&pool->stop) ? cairn_why_fail(pool->why, CAIRN_ECANCELED, "extract")
                                    : CAIRN_OK;
}

enum cairn_err img_files_extract(struct cairn_image *image, const char *path, int root,
                                 const struct img_jobs *jobs,
                                 const struct cairn_image_copy_options *options,
                                 struct cairn_why *why)
{
    struct pool pool = {
        .image = image, .path = path, .root = root, .jobs = jobs, .options = options, .why = why
    };
    if (jobs->file_count == 0) return CAIRN_OK;
    (void)pthread_mutex_init(&pool.lock, NULL);
    (void)pthread_cond_init(&pool.idle, NULL);
    enum cairn_err err = pool_run(&pool);
    (void)pthread_cond_destroy(&pool.idle);
    (void)pthread_mutex_destroy(&pool.lock);
    return err;
}
