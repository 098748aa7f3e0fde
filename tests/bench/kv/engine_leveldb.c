/* SPDX-License-Identifier: ISC */
/* LevelDB. Of the budget three quarters are the block cache, and an eighth each of the two write
 * buffers that may be full at once. Bloom filters of 10 bits a key. */
#include "engine.h"

#include <leveldb/c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct store {
    leveldb_t *db;
    leveldb_options_t *options;
    leveldb_cache_t *cache;
    leveldb_filterpolicy_t *filter;
    leveldb_readoptions_t *read;
    leveldb_writeoptions_t *write;
};

struct session {
    struct store *store;
    leveldb_writebatch_t *batch;
    bool batching;
};

static const char *level_version(void)
{
    static char text[16];
    snprintf(text, sizeof text, "%d.%d", leveldb_major_version(), leveldb_minor_version());
    return text;
}

static void check(const char *error, const char *what)
{
    must(!error, what, error);
}

static struct store *level_open(const struct settings *settings)
{
    struct store *store = must_alloc(sizeof *store);
    char *error = NULL;
    store->options = leveldb_options_create();
    store->cache = leveldb_cache_create_lru(settings->memory_bytes / 4 * 3);
    store->filter = leveldb_filterpolicy_create_bloom(10);
    leveldb_options_set_create_if_missing(store->options, 1);
    leveldb_options_set_compression(store->options, leveldb_no_compression);
    leveldb_options_set_cache(store->options, store->cache);
    leveldb_options_set_filter_policy(store->options, store->filter);
    leveldb_options_set_write_buffer_size(store->options, settings->memory_bytes / 8);
    store->read = leveldb_readoptions_create();
    store->write = leveldb_writeoptions_create();
    leveldb_writeoptions_set_sync(store->write, settings->durable);
    store->db = leveldb_open(store->options, settings->folder, &error);
    check(error, "leveldb open");
    return store;
}

static void level_close(struct store *store)
{
    leveldb_close(store->db);
    leveldb_writeoptions_destroy(store->write);
    leveldb_readoptions_destroy(store->read);
    leveldb_options_destroy(store->options);
    leveldb_filterpolicy_destroy(store->filter);
    leveldb_cache_destroy(store->cache);
    free(store);
}

static struct session *level_attach(struct store *store)
{
    struct session *session = must_alloc(sizeof *session);
    session->store = store;
    session->batch = leveldb_writebatch_create();
    return session;
}

static void level_detach(struct session *session)
{
    leveldb_writebatch_destroy(session->batch);
    free(session);
}

static void level_begin(struct session *session, bool sorted)
{
    (void)sorted; /* LevelDB has no bulk load */
    session->batching = true;
    leveldb_writebatch_clear(session->batch);
}

static void level_commit(struct session *session)
{
    char *error = NULL;
    leveldb_write(session->store->db, session->store->write, session->batch, &error);
    check(error, "leveldb write");
    session->batching = false;
}

static void level_put(struct session *session, const char *key, const void *value, size_t bytes)
{
    char *error = NULL;
    if (session->batching)
        leveldb_writebatch_put(session->batch, key, KEY_BYTES, value, bytes);
    else
        leveldb_put(session->store->db, session->store->write, key, KEY_BYTES, value, bytes,
                    &error);
    check(error, "leveldb put");
}

static void level_remove(struct session *session, const char *key)
{
    char *error = NULL;
    if (session->batching)
        leveldb_writebatch_delete(session->batch, key, KEY_BYTES);
    else
        leveldb_delete(session->store->db, session->store->write, key, KEY_BYTES, &error);
    check(error, "leveldb delete");
}

static bool level_get(struct session *session, const char *key, uint64_t offset, void *data,
                      size_t bytes)
{
    char *error = NULL;
    size_t size;
    char *value =
        leveldb_get(session->store->db, session->store->read, key, KEY_BYTES, &size, &error);
    check(error, "leveldb get");
    bool found = value && offset + bytes <= size;
    if (found) memcpy(data, value + offset, bytes);
    leveldb_free(value);
    return found;
}

static size_t level_scan(struct session *session, const char *from, size_t count, uint64_t *sum)
{
    leveldb_iterator_t *at = leveldb_create_iterator(session->store->db, session->store->read);
    char *error = NULL;
    size_t seen = 0, bytes;
    for (leveldb_iter_seek(at, from, KEY_BYTES); leveldb_iter_valid(at); leveldb_iter_next(at)) {
        const char *value = leveldb_iter_value(at, &bytes);
        *sum += (uint8_t)value[bytes - 1];
        if (++seen == count) break;
    }
    leveldb_iter_get_error(at, &error);
    check(error, "leveldb scan");
    leveldb_iter_destroy(at);
    return seen;
}

const struct engine engine_leveldb = {
    .name = "leveldb",
    .version = level_version,
    .open = level_open,
    .close = level_close,
    .attach = level_attach,
    .detach = level_detach,
    .begin = level_begin,
    .commit = level_commit,
    .put = level_put,
    .remove = level_remove,
    .get = level_get,
    .scan = level_scan,
    .bulk_batch = 1000,
};
