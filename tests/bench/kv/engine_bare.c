/* SPDX-License-Identifier: ISC */
/*
 * No store but its limit: a commit appends its bytes to a file in sectors, and flushes. Each
 * session has a file of its own. As "bare-beside" another thread writes, for each commit, what
 * Cairn wrote beside its log in the same workload: the latency that a store with a checkpoint can
 * have.
 */
#include "engine.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define SECTOR 512u
#define FILE_BYTES (UINT64_C(64) << 20)         /* then from the beginning again, as a log does */
#define BURST_BYTES (UINT64_C(64) << 10)        /* of the thread beside, in one call */
#define BESIDE_FLUSH_BYTES (UINT64_C(16) << 20) /* and so much between its flushes */

struct store {
    struct settings settings;
    pthread_t beside;
    _Atomic uint64_t commits;
    atomic_bool over;
    atomic_uint files;
};

struct session {
    struct store *store;
    int fd;
    uint64_t at, pending;
    char *bytes;
    size_t room;
    bool batching;
};

static const char *bare_version(void)
{
    return "write + fdatasync";
}

static int file_make(const struct store *store, unsigned number)
{
    char path[4200];
    snprintf(path, sizeof path, "%s/%u.bare", store->settings.folder, number);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    must(fd >= 0 && posix_fallocate(fd, 0, (off_t)FILE_BYTES) == 0, "bare file", path);
    return fd;
}

static void must_write(int fd, const void *data, size_t bytes, uint64_t at)
{
    must(pwrite(fd, data, bytes, (off_t)(at % FILE_BYTES)) == (ssize_t)bytes, "bare write", NULL);
}

static void *beside_run(void *of)
{
    struct store *store = of;
    char *burst = must_alloc(BURST_BYTES);
    int fd = file_make(store, 0);
    uint64_t done = 0;
    while (!store->over) {
        if (store->commits * store->settings.beside_bytes < done + BURST_BYTES) {
            usleep(200);
            continue;
        }
        must_write(fd, burst, BURST_BYTES, done);
        done += BURST_BYTES;
        if (done % BESIDE_FLUSH_BYTES == 0) must(fdatasync(fd) == 0, "bare flush", NULL);
    }
    free(burst);
    close(fd);
    return NULL;
}

static struct store *bare_open(const struct settings *settings)
{
    struct store *store = must_alloc(sizeof *store);
    store->settings = *settings;
    return store;
}

static struct store *beside_open(const struct settings *settings)
{
    struct store *store = bare_open(settings);
    must(pthread_create(&store->beside, NULL, beside_run, store) == 0, "thread", NULL);
    return store;
}

static void bare_close(struct store *store)
{
    free(store);
}

static void beside_close(struct store *store)
{
    store->over = true;
    pthread_join(store->beside, NULL);
    free(store);
}

static struct session *bare_attach(struct store *store)
{
    struct session *session = must_alloc(sizeof *session);
    session->store = store;
    session->fd = file_make(store, 1 + store->files++);
    session->room = BURST_BYTES * 4;
    session->bytes = must_alloc(session->room);
    return session;
}

static void bare_detach(struct session *session)
{
    close(session->fd);
    free(session->bytes);
    free(session);
}

static void bare_begin(struct session *session, bool sorted)
{
    (void)sorted;
    session->batching = true;
}

static void bare_commit(struct session *session)
{
    uint64_t bytes = (session->pending + SECTOR - 1) / SECTOR * SECTOR;
    must(bytes <= session->room, "bare", "a batch larger than its buffer");
    if (session->at % FILE_BYTES + bytes > FILE_BYTES) session->at = 0;
    must_write(session->fd, session->bytes, bytes, session->at);
    must(fdatasync(session->fd) == 0, "bare flush", NULL);
    session->at += bytes;
    session->pending = 0;
    session->batching = false;
    session->store->commits++;
}

static void bare_put(struct session *session, const char *key, const void *value, size_t bytes)
{
    (void)key, (void)value;
    session->pending += KEY_BYTES + bytes;
    if (!session->batching) bare_commit(session);
}

static bool bare_get(struct session *session, const char *key, uint64_t offset, void *data,
                     size_t bytes)
{
    (void)session, (void)key, (void)offset, (void)data, (void)bytes;
    return false;
}

const struct engine engine_bare = {
    .name = "bare",
    .version = bare_version,
    .open = bare_open,
    .close = bare_close,
    .attach = bare_attach,
    .detach = bare_detach,
    .begin = bare_begin,
    .commit = bare_commit,
    .put = bare_put,
    .get = bare_get,
    .durable_only = true,
};

const struct engine engine_bare_beside = {
    .name = "bare-beside",
    .version = bare_version,
    .open = beside_open,
    .close = beside_close,
    .attach = bare_attach,
    .detach = bare_detach,
    .begin = bare_begin,
    .commit = bare_commit,
    .put = bare_put,
    .get = bare_get,
    .durable_only = true,
};
