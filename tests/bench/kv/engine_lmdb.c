/* SPDX-License-Identifier: ISC */
/* LMDB. Its memory is the page cache: the budget cannot bound it. Without durability MDB_NOSYNC; a
 * bulk load is MDB_APPEND in one transaction. */
#include "engine.h"

#include <lmdb.h>
#include <stdlib.h>
#include <string.h>

#define MAP_BYTES ((size_t)32 << 30)

struct store {
    MDB_env *env;
    MDB_dbi dbi;
};

struct session {
    struct store *store;
    MDB_txn *reader, *writer;
    bool sorted;
};

static const char *lmdb_version(void)
{
    return MDB_VERSION_STRING;
}

static void check(int rc, const char *what)
{
    must(rc == 0, what, mdb_strerror(rc));
}

static struct store *lmdb_open(const struct settings *settings)
{
    struct store *store = must_alloc(sizeof *store);
    MDB_txn *txn;
    check(mdb_env_create(&store->env), "lmdb create");
    check(mdb_env_set_mapsize(store->env, MAP_BYTES), "lmdb map size");
    check(mdb_env_open(store->env, settings->folder, settings->durable ? 0 : MDB_NOSYNC, 0644),
          "lmdb open");
    check(mdb_txn_begin(store->env, NULL, 0, &txn), "lmdb begin");
    check(mdb_dbi_open(txn, NULL, 0, &store->dbi), "lmdb dbi");
    check(mdb_txn_commit(txn), "lmdb commit");
    return store;
}

static void lmdb_close(struct store *store)
{
    mdb_env_close(store->env);
    free(store);
}

/* A reader's transaction is kept and renewed for each read, LMDB's quickest way to what is new. */
static struct session *lmdb_attach(struct store *store)
{
    struct session *session = must_alloc(sizeof *session);
    session->store = store;
    check(mdb_txn_begin(store->env, NULL, MDB_RDONLY, &session->reader), "lmdb begin");
    mdb_txn_reset(session->reader);
    return session;
}

static void lmdb_detach(struct session *session)
{
    mdb_txn_abort(session->reader);
    free(session);
}

static void lmdb_begin(struct session *session, bool sorted)
{
    session->sorted = sorted;
    check(mdb_txn_begin(session->store->env, NULL, 0, &session->writer), "lmdb begin");
}

static void lmdb_commit(struct session *session)
{
    check(mdb_txn_commit(session->writer), "lmdb commit");
    session->writer = NULL;
    session->sorted = false;
}

static MDB_val key_of(const char *key)
{
    return (MDB_val){ .mv_size = KEY_BYTES, .mv_data = (void *)(uintptr_t)key };
}

static void lmdb_put(struct session *session, const char *key, const void *value, size_t bytes)
{
    MDB_val name = key_of(key), data = { .mv_size = bytes, .mv_data = (void *)(uintptr_t)value };
    bool alone = !session->writer;
    if (alone) lmdb_begin(session, false);
    check(mdb_put(session->writer, session->store->dbi, &name, &data,
                  session->sorted ? MDB_APPEND : 0),
          "lmdb put");
    if (alone) lmdb_commit(session);
}

static void lmdb_remove(struct session *session, const char *key)
{
    MDB_val name = key_of(key);
    bool alone = !session->writer;
    if (alone) lmdb_begin(session, false);
    check(mdb_del(session->writer, session->store->dbi, &name, NULL), "lmdb del");
    if (alone) lmdb_commit(session);
}

static bool lmdb_get(struct session *session, const char *key, uint64_t offset, void *data,
                     size_t bytes)
{
    MDB_val name = key_of(key), value;
    check(mdb_txn_renew(session->reader), "lmdb renew");
    int rc = mdb_get(session->reader, session->store->dbi, &name, &value);
    must(rc == 0 || rc == MDB_NOTFOUND, "lmdb get", mdb_strerror(rc));
    bool found = rc == 0 && offset + bytes <= value.mv_size;
    if (found) memcpy(data, (const char *)value.mv_data + offset, bytes);
    mdb_txn_reset(session->reader);
    return found;
}

static size_t lmdb_scan(struct session *session, const char *from, size_t count, uint64_t *sum)
{
    MDB_val name = key_of(from), value;
    MDB_cursor *cursor;
    size_t seen = 0;
    check(mdb_txn_renew(session->reader), "lmdb renew");
    check(mdb_cursor_open(session->reader, session->store->dbi, &cursor), "lmdb cursor");
    int rc = mdb_cursor_get(cursor, &name, &value, MDB_SET_RANGE);
    while (rc == 0) {
        *sum += *((const uint8_t *)value.mv_data + value.mv_size - 1);
        if (++seen == count) break;
        rc = mdb_cursor_get(cursor, &name, &value, MDB_NEXT);
    }
    must(rc == 0 || rc == MDB_NOTFOUND, "lmdb cursor", mdb_strerror(rc));
    mdb_cursor_close(cursor);
    mdb_txn_reset(session->reader);
    return seen;
}

const struct engine engine_lmdb = {
    .name = "lmdb",
    .version = lmdb_version,
    .open = lmdb_open,
    .close = lmdb_close,
    .attach = lmdb_attach,
    .detach = lmdb_detach,
    .begin = lmdb_begin,
    .commit = lmdb_commit,
    .put = lmdb_put,
    .remove = lmdb_remove,
    .get = lmdb_get,
    .scan = lmdb_scan,
};
