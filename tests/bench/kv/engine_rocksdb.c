/* SPDX-License-Identifier: ISC */
/* RocksDB. The budget is divided as LevelDB's. A bulk load writes a table file and ingests it. */
#include "engine.h"

#include <rocksdb/c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct store {
    rocksdb_t *db;
    rocksdb_options_t *options;
    rocksdb_block_based_table_options_t *table;
    rocksdb_cache_t *cache;
    rocksdb_readoptions_t *read;
    rocksdb_writeoptions_t *write;
    char bulk_path[4096];
};

struct session {
    struct store *store;
    rocksdb_writebatch_t *batch;
    rocksdb_sstfilewriter_t *bulk; /* while a bulk load goes on */
    bool batching;
};

static const char *rocks_version(void)
{
    return BENCH_ROCKSDB;
}

static void check(const char *error, const char *what)
{
    must(!error, what, error);
}

static void options_make(struct store *store, const struct settings *settings)
{
    store->options = rocksdb_options_create();
    store->table = rocksdb_block_based_options_create();
    store->cache = rocksdb_cache_create_lru(settings->memory_bytes / 4 * 3);
    rocksdb_block_based_options_set_block_cache(store->table, store->cache);
    rocksdb_block_based_options_set_cache_index_and_filter_blocks(store->table, 1);
    rocksdb_block_based_options_set_filter_policy(store->table,
                                                  rocksdb_filterpolicy_create_bloom_full(10));
    rocksdb_options_set_block_based_table_factory(store->options, store->table);
    rocksdb_options_set_create_if_missing(store->options, 1);
    rocksdb_options_set_compression(store->options, rocksdb_no_compression);
    rocksdb_options_set_write_buffer_size(store->options, settings->memory_bytes / 8);
    rocksdb_options_set_max_write_buffer_number(store->options, 2);
    rocksdb_options_increase_parallelism(store->options, 2);
}

static struct store *rocks_open(const struct settings *settings)
{
    struct store *store = must_alloc(sizeof *store);
    char *error = NULL;
    options_make(store, settings);
    snprintf(store->bulk_path, sizeof store->bulk_path, "%s/bulk.sst", settings->folder);
    store->read = rocksdb_readoptions_create();
    store->write = rocksdb_writeoptions_create();
    rocksdb_writeoptions_set_sync(store->write, settings->durable);
    store->db = rocksdb_open(store->options, settings->folder, &error);
    check(error, "rocksdb open");
    return store;
}

static void rocks_close(struct store *store)
{
    rocksdb_close(store->db);
    rocksdb_writeoptions_destroy(store->write);
    rocksdb_readoptions_destroy(store->read);
    rocksdb_options_destroy(store->options);
    rocksdb_block_based_options_destroy(store->table);
    rocksdb_cache_destroy(store->cache);
    free(store);
}

static struct session *rocks_attach(struct store *store)
{
    struct session *session = must_alloc(sizeof *session);
    session->store = store;
    session->batch = rocksdb_writebatch_create();
    return session;
}

static void rocks_detach(struct session *session)
{
    rocksdb_writebatch_destroy(session->batch);
    free(session);
}

static void bulk_begin(struct session *session)
{
    char *error = NULL;
    rocksdb_envoptions_t *env = rocksdb_envoptions_create();
    session->bulk = rocksdb_sstfilewriter_create(env, session->store->options);
    rocksdb_envoptions_destroy(env);
    rocksdb_sstfilewriter_open(session->bulk, session->store->bulk_path, &error);
    check(error, "rocksdb bulk begin");
}

static void bulk_end(struct session *session)
{
    char *error = NULL;
    const char *path = session->store->bulk_path;
    rocksdb_ingestexternalfileoptions_t *how = rocksdb_ingestexternalfileoptions_create();
    rocksdb_ingestexternalfileoptions_set_move_files(how, 1);
    rocksdb_sstfilewriter_finish(session->bulk, &error);
    check(error, "rocksdb bulk end");
    rocksdb_sstfilewriter_destroy(session->bulk);
    session->bulk = NULL;
    rocksdb_ingest_external_file(session->store->db, &path, 1, how, &error);
    check(error, "rocksdb ingest");
    rocksdb_ingestexternalfileoptions_destroy(how);
}

static void rocks_begin(struct session *session, bool sorted)
{
    session->batching = true;
    rocksdb_writebatch_clear(session->batch);
    if (sorted) bulk_begin(session);
}

static void rocks_commit(struct session *session)
{
    char *error = NULL;
    if (session->bulk)
        bulk_end(session);
    else
        rocksdb_write(session->store->db, session->store->write, session->batch, &error);
    check(error, "rocksdb write");
    session->batching = false;
}

static void rocks_put(struct session *session, const char *key, const void *value, size_t bytes)
{
    char *error = NULL;
    if (session->bulk)
        rocksdb_sstfilewriter_put(session->bulk, key, KEY_BYTES, value, bytes, &error);
    else if (session->batching)
        rocksdb_writebatch_put(session->batch, key, KEY_BYTES, value, bytes);
    else
        rocksdb_put(session->store->db, session->store->write, key, KEY_BYTES, value, bytes,
                    &error);
    check(error, "rocksdb put");
}

static void rocks_remove(struct session *session, const char *key)
{
    char *error = NULL;
    if (session->batching)
        rocksdb_writebatch_delete(session->batch, key, KEY_BYTES);
    else
        rocksdb_delete(session->store->db, session->store->write, key, KEY_BYTES, &error);
    check(error, "rocksdb delete");
}

static bool rocks_get(struct session *session, const char *key, uint64_t offset, void *data,
                      size_t bytes)
{
    char *error = NULL;
    size_t size = 0;
    rocksdb_pinnableslice_t *pin =
        rocksdb_get_pinned(session->store->db, session->store->read, key, KEY_BYTES, &error);
    check(error, "rocksdb get");
    const char *value = rocksdb_pinnableslice_value(pin, &size);
    bool found = value && offset + bytes <= size;
    if (found) memcpy(data, value + offset, bytes);
    rocksdb_pinnableslice_destroy(pin);
    return found;
}

static size_t rocks_scan(struct session *session, const char *from, size_t count, uint64_t *sum)
{
    rocksdb_iterator_t *at = rocksdb_create_iterator(session->store->db, session->store->read);
    char *error = NULL;
    size_t seen = 0, bytes;
    for (rocksdb_iter_seek(at, from, KEY_BYTES); rocksdb_iter_valid(at); rocksdb_iter_next(at)) {
        const char *value = rocksdb_iter_value(at, &bytes);
        *sum += (uint8_t)value[bytes - 1];
        if (++seen == count) break;
    }
    rocksdb_iter_get_error(at, &error);
    check(error, "rocksdb scan");
    rocksdb_iter_destroy(at);
    return seen;
}

const struct engine engine_rocksdb = {
    .name = "rocksdb",
    .version = rocks_version,
    .open = rocks_open,
    .close = rocks_close,
    .attach = rocks_attach,
    .detach = rocks_detach,
    .begin = rocks_begin,
    .commit = rocks_commit,
    .put = rocks_put,
    .remove = rocks_remove,
    .get = rocks_get,
    .scan = rocks_scan,
};
