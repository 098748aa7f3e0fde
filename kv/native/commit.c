/* SPDX-License-Identifier: ISC */
/*
 * Commits to the log. Whoever waits for one and finds nobody logging writes what all have staged,
 * in as few records as it takes, and flushes once; the others wait for that.
 */
#include "store.h"

enum cairn_err kvn_store_refuses(const struct kvn_store *store, struct cairn_why *why)
{
    if (store->kv.info.read_only)
        return cairn_why_fail(why, CAIRN_EROFS, "the store was opened for reading only");
    if (!store->failed) return CAIRN_OK;
    enum cairn_err err =
        cairn_why_fail(why, store->failed, "an earlier change could not be made durable");
    cairn_why_hint(why, "open the store anew: it then has what did become durable");
    return err;
}

enum cairn_err kvn_device_flush(struct kvn_store *store, struct cairn_why *why)
{
    cairn_lock_drop(&store->lock);
    enum cairn_err err = cairn_blk_flush(store->dev, why);
    cairn_lock_take(&store->lock);
    store->flushes++;
    return err;
}

/* The first version that is staged, complete, and not in the log. */
static struct kvn_version *next_unlogged(const struct kvn_store *store)
{
    struct kvn_version *version =
        store->log_behind ? store->log_behind->staged : store->overlay[store->active].first_staged;
    return version && version->number <= store->staged ? version : NULL;
}

static struct kvn_change change_of(const struct kvn_version *version)
{
    return (struct kvn_change){
        .kind = version->removed ? KVN_DELETE : KVN_PUT,
        .key = { version->entry->key, version->entry->bytes },
        .value = { version->record, version->bytes },
    };
}

/* As much as the buffer takes; *more: the last commit in it goes on. */
static void fill(struct kvn_store *store, bool *more)
{
    struct kvn_version *version = next_unlogged(store);
    uint64_t number = store->logged;
    kvn_log_begin(&store->log);
    while (version) {
        struct kvn_change change = change_of(version);
        if (!kvn_log_add(&store->log, &change)) break;
        store->pending_bytes -= kvn_change_bytes(&change);
        number = version->number;
        store->log_behind = version;
        version = next_unlogged(store);
    }
    *more = version && version->number == number;
    store->logged = *more ? number - 1 : number;
}

/* Write all that is staged into the log; logging is the caller's. */
static enum cairn_err write_staged(struct kvn_store *store, struct cairn_why *why)
{
    while (next_unlogged(store)) {
        bool more;
        fill(store, &more);
        enum cairn_err err = kvn_log_close(&store->log, more, why);
        if (err) return err;
        cairn_lock_drop(&store->lock);
        err = kvn_log_write(&store->log, why);
        cairn_lock_take(&store->lock);
        if (err) return err;
        kvn_log_written(&store->log);
    }
    return CAIRN_OK;
}

static void logging_end(struct kvn_store *store, enum cairn_err err)
{
    if (err && !store->failed) store->failed = err;
    store->logging = false;
    cairn_cond_broadcast(&store->log_left);
}

static enum cairn_err logging_begin(struct kvn_store *store, struct cairn_why *why)
{
    while (store->logging)
        cairn_cond_wait(&store->log_left, &store->lock);
    enum cairn_err err = kvn_store_refuses(store, why);
    if (!err) store->logging = true;
    return err;
}

enum cairn_err kvn_log_all(struct kvn_store *store, struct cairn_why *why)
{
    enum cairn_err err = logging_begin(store, why);
    if (err) return err;
    err = write_staged(store, why);
    logging_end(store, err);
    return err;
}

/* Log and flush for all who wait. */
static enum cairn_err lead(struct kvn_store *store, struct cairn_why *why)
{
    enum cairn_err err = write_staged(store, why);
    uint64_t number = store->logged;
    uint64_t seq = store->log.seq - 1;
    if (!err) err = kvn_device_flush(store, why);
    if (!err && store->durable < number) store->durable = number;
    if (!err) store->log.durable_seq = seq;
    logging_end(store, err);
    return err;
}

enum cairn_err kvn_log_vouch(struct kvn_store *store, struct cairn_why *why)
{
    enum cairn_err err = kvn_device_flush(store, why);
    if (err) return err;
    kvn_log_begin(&store->log);
    err = kvn_log_close(&store->log, false, why);
    if (!err) err = kvn_log_write(&store->log, why);
    if (err) return err;
    kvn_log_written(&store->log);
    err = kvn_device_flush(store, why);
    if (!err) store->log.durable_seq = store->log.seq - 1;
    return err;
}

enum cairn_err kvn_commit_wait(struct kvn_store *store, uint64_t number, struct cairn_why *why)
{
    while (store->durable < number) {
        enum cairn_err err = kvn_store_refuses(store, why);
        if (err) return err;
        if (store->logging) {
            cairn_cond_wait(&store->log_left, &store->lock);
            continue;
        }
        store->logging = true;
        err = lead(store, why);
        if (err) return err;
    }
    return CAIRN_OK;
}
