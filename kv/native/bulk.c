/* SPDX-License-Identifier: ISC */
#include "bulk.h"

#include <cairn/bytes.h>

#include "space.h"
#include "store.h"

/* ---- begin ---------------------------------------------------------------------------------- */

enum cairn_err kvn_bulk_begin(struct kvn_change_set *set, struct cairn_why *why)
{
    struct kvn_store *store = set->store;
    struct kvn_bulk *bulk = &store->bulk;
    kvn_change_publish(set);
    enum cairn_err err = kvn_checkpoint_all(store, why);
    if (err) return err;
    set->number = store->staged + 1;
    kvn_change_save(set);
    kvn_merge_job_fill(store, &bulk->job, store->values.generation);
    bulk->job.is_load = true;
    err = kvn_merge_begin(&bulk->merge, &bulk->job, store->merge_mem, store->merge_levels,
                          store->run_pages, why);
    if (err) return err;
    bulk->is_open = true;
    bulk->failed = CAIRN_OK;
    bulk->changes = 0;
    bulk->key_bytes = bulk->record_bytes = 0;
    return CAIRN_OK;
}

/* ---- values --------------------------------------------------------------------------------- */

static struct kvn_slice last_key(const struct kvn_bulk *bulk)
{
    return (struct kvn_slice){ bulk->key, bulk->key_bytes };
}

static struct kvn_slice last_record(const struct kvn_bulk *bulk)
{
    return (struct kvn_slice){ bulk->record, bulk->record_bytes };
}

static enum cairn_err merge_last(struct kvn_bulk *bulk, struct cairn_why *why)
{
    struct kvn_slice record = last_record(bulk);
    if (!record.bytes) return CAIRN_OK;
    bulk->record_bytes = 0;
    bulk->failed = kvn_merge_put(bulk->merge, last_key(bulk), &record, why);
    return bulk->failed;
}

static enum cairn_err disorder(struct cairn_why *why)
{
    enum cairn_err err = cairn_why_fail(why, CAIRN_EINVAL, "a sorted batch's keys ascend");
    cairn_why_hint(why, "sort them by dictionary and name, or use a batch that is not sorted");
    return err;
}

enum cairn_err kvn_bulk_stage(struct kvn_change_set *set, struct kvn_slice key,
                              struct kvn_slice record, struct cairn_why *why)
{
    struct kvn_store *store = set->store;
    struct kvn_bulk *bulk = &store->bulk;
    int order = bulk->key_bytes ? kvn_slice_compare(key, last_key(bulk)) : 1;
    if (order < 0 || (order == 0 && !bulk->record_bytes)) return disorder(why);
    enum cairn_err err = order == 0 ? kvn_record_superseded(store, last_record(bulk), &record,
                                                            store->values.generation, why)
                                    : merge_last(bulk, why);
    if (err) return err;
    memcpy(bulk->key, key.data, key.bytes);
    memcpy(bulk->record, record.data, record.bytes);
    bulk->key_bytes = key.bytes;
    bulk->record_bytes = record.bytes;
    bulk->changes++;
    return CAIRN_OK;
}

enum cairn_err kvn_bulk_may_make(const struct kvn_bulk *bulk, struct kvn_slice key,
                                 struct cairn_why *why)
{
    bool is_behind =
        !bulk->is_open || !bulk->key_bytes || kvn_slice_compare(key, last_key(bulk)) > 0;
    return is_behind ? CAIRN_OK : disorder(why);
}

bool kvn_bulk_find(const struct kvn_bulk *bulk, struct kvn_slice key, struct kvn_slice *record)
{
    if (!bulk->is_open || !bulk->record_bytes || kvn_slice_compare(key, last_key(bulk)) != 0)
        return false;
    *record = last_record(bulk);
    return true;
}

/* ---- end ------------------------------------------------------------------------------------ */

void kvn_bulk_abort(struct kvn_change_set *set)
{
    struct kvn_store *store = set->store;
    struct kvn_bulk *bulk = &store->bulk;
    kvn_merge_abort(bulk->merge);
    if (kvn_change_undo(set, NULL)) store->failed = CAIRN_EIO;
    store->pending_bytes = 0;
    kvn_space_forget(&store->space, &store->super);
    store->values.pages = store->super.data_pages;
    bulk->is_open = false;
}

/* What is in the overlay is merged into the new tree, and never logged. A number of the log is left
 * out instead: an older state with the log behind it is not this one, and shows that (store.h, 7).
 */
static enum cairn_err seal(struct kvn_change_set *set, struct cairn_why *why)
{
    struct kvn_store *store = set->store;
    store->log_behind = store->overlay[store->active].last_staged;
    store->pending_bytes = 0;
    store->log.seq++;
    enum cairn_err err = kvn_checkpoint_begin(store, true, why);
    store->bulk.is_open = false;
    if (!err) err = kvn_checkpoint_finish(store, why);
    if (err) return err;
    store->staged = store->logged = store->durable = set->number;
    store->root_committed = store->root_id;
    store->commits++;
    return CAIRN_OK;
}

enum cairn_err kvn_bulk_commit(struct kvn_change_set *set, struct cairn_why *why)
{
    struct kvn_bulk *bulk = &set->store->bulk;
    enum cairn_err err = bulk->failed;
    if (err) (void)cairn_why_fail(why, err, "the batch failed before");
    if (!err) err = merge_last(bulk, why);
    if (!err) err = kvn_merge_end(bulk->merge, why);
    set->store->pages_written += bulk->job.pages_written;
    if (!err) return seal(set, why);
    kvn_bulk_abort(set);
    return err;
}
