/* SPDX-License-Identifier: ISC */
/* The store behind the interface: each change is a batch of one, or part of one that is open. */
#include <cairn/bytes.h>

#include "edit.h"
#include "get.h"
#include "snapshot.h"

/* ---- changes -------------------------------------------------------------------------------- */

static struct kvn_change_set *set_of(struct cairn_kv *kv)
{
    return (struct kvn_change_set *)(void *)kv->state;
}

/* A sorted batch only adds. */
static enum cairn_err bulk_refuses(const struct kvn_store *store, kvn_edit_fn *fn,
                                   const struct kvn_edit *edit, struct cairn_why *why)
{
    const struct kvn_bulk *bulk = &store->bulk;
    if (!bulk->is_open) return CAIRN_OK;
    if (bulk->failed) return cairn_why_fail(why, bulk->failed, "the batch failed before");
    bool adds = fn == kvn_edit_set || fn == kvn_edit_write || fn == kvn_edit_make;
    if ((adds && !(edit->flags & CAIRN_KV_REPLACE_DICTIONARY)) || fn == kvn_edit_time)
        return CAIRN_OK;
    return cairn_why_fail(why, CAIRN_EINVAL, "a sorted batch only sets, writes and makes");
}

/* Within a batch: a change that fails leaves the batch as it was. */
static enum cairn_err change_in_batch(struct kvn_change_set *batch, kvn_edit_fn *fn,
                                      const struct kvn_edit *edit, struct cairn_why *why)
{
    struct kvn_store *store = batch->store;
    struct kvn_change_set here = *batch;
    cairn_lock_take(&store->lock);
    kvn_change_save(&here);
    if (!store->bulk.is_open) here.time_ns = cairn_clock_wall_now(store->clock);
    uint64_t changes = store->bulk.changes;
    enum cairn_err err = kvn_store_refuses(store, why);
    if (!err) err = bulk_refuses(store, fn, edit, why);
    if (!err) err = fn(&here, edit, why);
    if (err && store->bulk.is_open && changes != store->bulk.changes) store->bulk.failed = err;
    if (err && kvn_change_undo(&here, NULL)) err = store->failed;
    cairn_lock_drop(&store->lock);
    return err;
}

/* The lock is held on the way in, and dropped. */
static enum cairn_err finish_change(struct kvn_change_set *set, bool later, struct cairn_why *why)
{
    struct kvn_store *store = set->store;
    enum cairn_err err = CAIRN_OK;
    kvn_change_end(set);
    if (!later)
        err =
            kvn_commit_wait(store, set->number < store->staged ? set->number : store->staged, why);
    else if (store->pending_bytes > store->log.buffer_bytes / 2)
        err = kvn_log_all(store, why);
    cairn_lock_drop(&store->lock);
    return err;
}

/* Pages that a change may take for its value. */
static uint64_t pages_of(const struct kvn_store *store, const struct kvn_edit *edit)
{
    uint64_t bytes = edit->bytes > edit->size ? edit->bytes : edit->size;
    return bytes <= store->inline_max ? 0 : bytes / store->super.page_bytes + 2;
}

static enum cairn_err change_alone(struct kvn_store *store, kvn_edit_fn *fn,
                                   const struct kvn_edit *edit, struct cairn_why *why)
{
    struct kvn_change_set set;
    enum cairn_err err = kvn_change_begin(&set, store, pages_of(store, edit), why);
    if (err) return err;
    err = fn(&set, edit, why);
    if (!err) return finish_change(&set, store->options.lazy, why);
    if (kvn_change_undo(&set, NULL)) err = store->failed;
    kvn_change_end(&set);
    cairn_lock_drop(&store->lock);
    return err;
}

static enum cairn_err change(struct cairn_kv *kv, kvn_edit_fn *fn, const struct kvn_edit *edit,
                             struct cairn_why *why)
{
    return kv->state[0] == KVN_BATCH ? change_in_batch(set_of(kv), fn, edit, why)
                                     : change_alone(kvn_store_of(kv), fn, edit, why);
}

static enum cairn_err op_set(struct cairn_kv *kv, struct cairn_kv_key key, const void *data,
                             size_t bytes, uint32_t flags, struct cairn_why *why)
{
    struct kvn_edit edit = { .key = key, .data = data, .bytes = bytes, .flags = flags };
    return change(kv, kvn_edit_set, &edit, why);
}

static enum cairn_err op_write(struct cairn_kv *kv, struct cairn_kv_key key, uint64_t offset,
                               const void *data, size_t bytes, struct cairn_why *why)
{
    struct kvn_edit edit = { .key = key, .data = data, .bytes = bytes, .offset = offset };
    return change(kv, kvn_edit_write, &edit, why);
}

static enum cairn_err op_allocate(struct cairn_kv *kv, struct cairn_kv_key key, uint64_t size,
                                  struct cairn_why *why)
{
    struct kvn_edit edit = { .key = key, .size = size };
    return change(kv, kvn_edit_allocate, &edit, why);
}

static enum cairn_err op_make(struct cairn_kv *kv, struct cairn_kv_key key, struct cairn_why *why)
{
    struct kvn_edit edit = { .key = key };
    return change(kv, kvn_edit_make, &edit, why);
}

static enum cairn_err op_remove(struct cairn_kv *kv, struct cairn_kv_key key, struct cairn_why *why)
{
    struct kvn_edit edit = { .key = key };
    return change(kv, kvn_edit_remove, &edit, why);
}

static enum cairn_err op_rename(struct cairn_kv *kv, struct cairn_kv_key from,
                                struct cairn_kv_key to, uint32_t flags, struct cairn_why *why)
{
    struct kvn_edit edit = { .key = from, .to = to, .flags = flags };
    return change(kv, kvn_edit_rename, &edit, why);
}

static enum cairn_err op_time_set(struct cairn_kv *kv, struct cairn_kv_key key, int64_t modified_ns,
                                  struct cairn_why *why)
{
    struct kvn_edit edit = { .key = key, .time_ns = modified_ns };
    return change(kv, kvn_edit_time, &edit, why);
}

static enum cairn_err op_sync(struct cairn_kv *kv, struct cairn_why *why)
{
    struct kvn_store *store = kvn_store_of(kv);
    if (kv->info.read_only) return CAIRN_OK;
    cairn_lock_take(&store->lock);
    enum cairn_err err = kvn_commit_wait(store, store->staged, why);
    cairn_lock_drop(&store->lock);
    return err;
}

/* ---- batches -------------------------------------------------------------------------------- */

static void inner_make(struct cairn_kv *inner, struct cairn_kv *kv)
{
    *inner = *kv;
    memset(inner->state, 0, sizeof inner->state);
}

static enum cairn_err op_batch_begin(struct cairn_kv *kv, uint32_t flags, struct cairn_kv *inner,
                                     struct cairn_why *why)
{
    struct kvn_store *store = kvn_store_of(kv);
    struct kvn_change_set set;
    enum cairn_err err = kvn_change_begin(&set, store, 0, why);
    if (err) return err;
    if (flags & CAIRN_KV_SORTED) err = kvn_bulk_begin(&set, why);
    if (err) {
        kvn_change_end(&set);
        cairn_lock_drop(&store->lock);
        return err;
    }
    inner_make(inner, kv);
    memcpy(inner->state, &set, sizeof set);
    cairn_lock_drop(&store->lock);
    return CAIRN_OK;
}

static enum cairn_err op_commit(struct cairn_kv *inner, uint32_t flags, struct cairn_why *why)
{
    struct kvn_store *store = kvn_store_of(inner);
    cairn_lock_take(&store->lock);
    if (!store->bulk.is_open)
        return finish_change(set_of(inner), (flags & CAIRN_KV_LATER) != 0, why);
    enum cairn_err err = kvn_bulk_commit(set_of(inner), why);
    kvn_change_end(set_of(inner));
    cairn_lock_drop(&store->lock);
    return err;
}

static void op_abort(struct cairn_kv *inner)
{
    struct kvn_store *store = kvn_store_of(inner);
    struct kvn_change_set *set = set_of(inner);
    cairn_lock_take(&store->lock);
    if (store->bulk.is_open)
        kvn_bulk_abort(set);
    else if (kvn_change_undo(set, NULL))
        store->failed = CAIRN_EIO;
    kvn_change_end(set);
    cairn_lock_drop(&store->lock);
}

/* ---- views ---------------------------------------------------------------------------------- */

static enum cairn_err op_view_open(struct cairn_kv *kv, struct cairn_kv_key snapshot,
                                   struct cairn_kv *inner, struct cairn_why *why)
{
    struct kvn_view_state state = { .what = KVN_VIEW };
    enum cairn_err err = kvn_reader_open(&state.as, kv, why);
    if (err) return err;
    if (snapshot.bytes) err = kvn_snapshot_find(&state.as, snapshot, why);
    inner_make(inner, kv);
    inner->info.read_only = true;
    kvn_reader_close(&state.as);
    state.as.counted = false;
    memcpy(inner->state, &state, sizeof state);
    return err;
}

static void op_view_close(struct cairn_kv *inner)
{
    kvn_snapshot_close(inner);
}

const struct cairn_kv_ops kvn_ops = {
    .stat = kvn_stat,
    .get = kvn_get,
    .list = kvn_list,
    .set = op_set,
    .write = op_write,
    .allocate = op_allocate,
    .make = op_make,
    .remove = op_remove,
    .rename = op_rename,
    .time_set = op_time_set,
    .sync = op_sync,
    .batch_begin = op_batch_begin,
    .commit = op_commit,
    .abort = op_abort,
    .view_open = op_view_open,
    .view_close = op_view_close,
    .snapshot_make = kvn_snapshot_make,
    .snapshot_remove = kvn_snapshot_remove,
    .snapshot_list = kvn_snapshot_list,
    .close = kvn_close,
};
