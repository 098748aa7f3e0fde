/* SPDX-License-Identifier: ISC */
/* SQLite, "sqlite" with a write-ahead log, "sqlite-journal" with a rollback journal, its default.
 * synchronous is FULL where commits are durable, else NORMAL (with the log: a flush at checkpoints)
 * or OFF (the journal). The budget is the page caches of all connections together. Writers take
 * turns by a lock of ours, which is kinder to SQLite than its own waiting. Values that a leaf of a
 * table without row numbers would put aside, a page for each, are in a table with them. */
#include "engine.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct store {
    struct settings settings;
    char path[4096];
    pthread_mutex_t turn;
    bool journal;
};

enum statement { PUT, REMOVE, GET, SCAN, BEGIN, COMMIT, ROW, STATEMENTS };

static const char *const texts[STATEMENTS] = {
    [PUT] = "REPLACE INTO kv VALUES(?1, ?2)",
    [REMOVE] = "DELETE FROM kv WHERE k = ?1",
    [GET] = "SELECT v FROM kv WHERE k = ?1",
    [SCAN] = "SELECT k, v FROM kv WHERE k >= ?1 ORDER BY k LIMIT ?2",
    [BEGIN] = "BEGIN IMMEDIATE",
    [COMMIT] = "COMMIT",
    [ROW] = "SELECT rowid FROM kv WHERE k = ?1",
};

struct session {
    struct store *store;
    sqlite3 *db;
    sqlite3_stmt *statements[STATEMENTS];
    bool batching;
};

/* Has the table row numbers? Parts of values are reached by them. */
static bool has_rows(const struct store *store)
{
    return store->settings.value_bytes >= 500;
}

static void run(sqlite3 *db, const char *sql)
{
    must(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK, sql, sqlite3_errmsg(db));
}

static const char *synchronous(const struct store *store)
{
    if (store->settings.durable) return "FULL";
    return store->journal ? "OFF" : "NORMAL";
}

static sqlite3 *connect_to(struct store *store)
{
    const struct settings *settings = &store->settings;
    sqlite3 *db;
    char sql[256];
    must(sqlite3_open(store->path, &db) == SQLITE_OK, "sqlite open", store->path);
    sqlite3_busy_timeout(db, 60000);
    run(db, store->journal ? "PRAGMA journal_mode = DELETE" : "PRAGMA journal_mode = WAL");
    snprintf(sql, sizeof sql, "PRAGMA cache_size = -%zu; PRAGMA synchronous = %s",
             settings->memory_bytes / 1024 / settings->threads, synchronous(store));
    run(db, sql);
    snprintf(sql, sizeof sql, "CREATE TABLE IF NOT EXISTS kv(k BLOB PRIMARY KEY, v BLOB)%s",
             has_rows(store) ? "" : " WITHOUT ROWID");
    run(db, sql);
    return db;
}

static struct store *store_open(const struct settings *settings, bool journal)
{
    struct store *store = must_alloc(sizeof *store);
    store->settings = *settings;
    store->journal = journal;
    snprintf(store->path, sizeof store->path, "%s/kv.sqlite", settings->folder);
    pthread_mutex_init(&store->turn, NULL);
    sqlite3_close(connect_to(store));
    return store;
}

static struct store *sqlite_open(const struct settings *settings)
{
    return store_open(settings, false);
}

static struct store *journal_open(const struct settings *settings)
{
    return store_open(settings, true);
}

static void sqlite_close(struct store *store)
{
    pthread_mutex_destroy(&store->turn);
    free(store);
}

static struct session *sqlite_attach(struct store *store)
{
    struct session *session = must_alloc(sizeof *session);
    session->store = store;
    session->db = connect_to(store);
    for (int i = 0; i < STATEMENTS; i++) {
        if (i == ROW && !has_rows(store)) continue;
        must(sqlite3_prepare_v3(session->db, texts[i], -1, SQLITE_PREPARE_PERSISTENT,
                                &session->statements[i], NULL) == SQLITE_OK,
             texts[i], sqlite3_errmsg(session->db));
    }
    return session;
}

static void sqlite_detach(struct session *session)
{
    for (int i = 0; i < STATEMENTS; i++)
        sqlite3_finalize(session->statements[i]);
    sqlite3_close(session->db);
    free(session);
}

/* A statement with its key bound. */
static sqlite3_stmt *with_key(struct session *session, enum statement which, const char *key)
{
    sqlite3_stmt *statement = session->statements[which];
    sqlite3_bind_blob(statement, 1, key, KEY_BYTES, SQLITE_STATIC);
    return statement;
}

static void finish(struct session *session, enum statement which)
{
    sqlite3_stmt *statement = session->statements[which];
    must(sqlite3_step(statement) == SQLITE_DONE, texts[which], sqlite3_errmsg(session->db));
    sqlite3_reset(statement);
}

static void sqlite_begin(struct session *session, bool sorted)
{
    (void)sorted; /* rows in order are SQLite's quick case as they are */
    pthread_mutex_lock(&session->store->turn);
    finish(session, BEGIN);
    session->batching = true;
}

static void sqlite_commit(struct session *session)
{
    finish(session, COMMIT);
    session->batching = false;
    pthread_mutex_unlock(&session->store->turn);
}

static void change(struct session *session, enum statement which)
{
    if (!session->batching) pthread_mutex_lock(&session->store->turn);
    finish(session, which);
    if (!session->batching) pthread_mutex_unlock(&session->store->turn);
}

static void sqlite_put(struct session *session, const char *key, const void *value, size_t bytes)
{
    sqlite3_bind_blob64(with_key(session, PUT, key), 2, value, bytes, SQLITE_STATIC);
    change(session, PUT);
}

static void sqlite_remove(struct session *session, const char *key)
{
    with_key(session, REMOVE, key);
    change(session, REMOVE);
}

/* The value's part through a handle on it; gives false when there is no such row. */
static sqlite3_blob *blob_open(struct session *session, const char *key, bool write)
{
    sqlite3_stmt *statement = with_key(session, ROW, key);
    sqlite3_blob *blob = NULL;
    if (sqlite3_step(statement) == SQLITE_ROW)
        must(sqlite3_blob_open(session->db, "main", "kv", "v", sqlite3_column_int64(statement, 0),
                               write, &blob) == SQLITE_OK,
             "sqlite blob", sqlite3_errmsg(session->db));
    sqlite3_reset(statement);
    return blob;
}

static bool large_get(struct session *session, const char *key, uint64_t offset, void *data,
                      size_t bytes)
{
    sqlite3_blob *blob = blob_open(session, key, false);
    bool found = blob && offset + bytes <= (uint64_t)sqlite3_blob_bytes(blob);
    if (found)
        must(sqlite3_blob_read(blob, data, (int)bytes, (int)offset) == SQLITE_OK, "sqlite blob",
             sqlite3_errmsg(session->db));
    sqlite3_blob_close(blob);
    return found;
}

static bool sqlite_get(struct session *session, const char *key, uint64_t offset, void *data,
                       size_t bytes)
{
    if (session->store->settings.value_bytes >= 65536)
        return large_get(session, key, offset, data, bytes);
    sqlite3_stmt *statement = with_key(session, GET, key);
    int rc = sqlite3_step(statement);
    must(rc == SQLITE_ROW || rc == SQLITE_DONE, "sqlite get", sqlite3_errmsg(session->db));
    bool found = rc == SQLITE_ROW && offset + bytes <= (uint64_t)sqlite3_column_bytes(statement, 0);
    if (found) memcpy(data, (const char *)sqlite3_column_blob(statement, 0) + offset, bytes);
    sqlite3_reset(statement);
    return found;
}

static size_t sqlite_scan(struct session *session, const char *from, size_t count, uint64_t *sum)
{
    sqlite3_stmt *statement = with_key(session, SCAN, from);
    size_t seen = 0;
    int rc;
    sqlite3_bind_int64(statement, 2, (sqlite3_int64)count);
    while ((rc = sqlite3_step(statement)) == SQLITE_ROW) {
        const uint8_t *value = sqlite3_column_blob(statement, 1);
        *sum += value[sqlite3_column_bytes(statement, 1) - 1];
        seen++;
    }
    must(rc == SQLITE_DONE, "sqlite scan", sqlite3_errmsg(session->db));
    sqlite3_reset(statement);
    return seen;
}

static void sqlite_write_at(struct session *session, const char *key, uint64_t offset,
                            const void *data, size_t bytes)
{
    sqlite_begin(session, false);
    sqlite3_blob *blob = blob_open(session, key, true);
    must(blob && sqlite3_blob_write(blob, data, (int)bytes, (int)offset) == SQLITE_OK,
         "sqlite blob", sqlite3_errmsg(session->db));
    sqlite3_blob_close(blob);
    sqlite_commit(session);
}

const struct engine engine_sqlite = {
    .name = "sqlite",
    .version = sqlite3_libversion,
    .open = sqlite_open,
    .close = sqlite_close,
    .attach = sqlite_attach,
    .detach = sqlite_detach,
    .begin = sqlite_begin,
    .commit = sqlite_commit,
    .put = sqlite_put,
    .remove = sqlite_remove,
    .get = sqlite_get,
    .scan = sqlite_scan,
    .write_at = sqlite_write_at,
};

const struct engine engine_sqlite_journal = {
    .name = "sqlite-journal",
    .version = sqlite3_libversion,
    .open = journal_open,
    .close = sqlite_close,
    .attach = sqlite_attach,
    .detach = sqlite_detach,
    .begin = sqlite_begin,
    .commit = sqlite_commit,
    .put = sqlite_put,
    .remove = sqlite_remove,
    .get = sqlite_get,
    .scan = sqlite_scan,
    .write_at = sqlite_write_at,
};
