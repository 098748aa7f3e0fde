/* SPDX-License-Identifier: ISC */
/* Who changes: one at a time, with room in memory, log and device before it begins. */
#include <cairn/bytes.h>

#include "store.h"

/* Of a checkpoint, what one change does, and as much again for each that was staged: so it ends
 * before an eighth of what it brings into the tree has come anew. */
#define STEP_ENTRIES 32u
#define STEP_PACE 8u

/* ---- room ----------------------------------------------------------------------------------- */

/* Too little memory or log for a batch of what is promised (cairn_kv_native_mem_least): a
 * checkpoint must end first. */
static bool is_tight(const struct kvn_store *store)
{
    const struct kvn_pool *pool = &store->pool;
    const struct kvn_log *log = &store->log;
    uint64_t promised = 2 * (log->bytes / 32) + 4 * (uint64_t)log->unit;
    uint64_t least = cairn_max_u64(promised, log->bytes / 8);
    return pool->taken + pool->take_max / 8 + 4 + kvn_overlay_spare(pool) > pool->take_max ||
           kvn_log_room(log) < store->pending_bytes * 2 + least;
}

static enum cairn_err one_checkpoint(struct kvn_store *store, struct cairn_why *why)
{
    enum cairn_err err = kvn_checkpoint_finish(store, why);
    if (!err) err = kvn_checkpoint_begin(store, true, why);
    return err ? err : kvn_checkpoint_finish(store, why);
}

/* Freed pages come back a few generations later: let those pass, once for what there is. */
static enum cairn_err reclaim_pages(struct kvn_store *store, uint64_t pages, struct cairn_why *why)
{
    if (!kvn_room_check(store, pages, false, NULL)) return CAIRN_OK;
    if (store->tried == store->super.generation && !store->overlay[store->active].entries)
        return CAIRN_OK;
    for (uint32_t i = 0; i < store->space.keep + 2; i++) {
        enum cairn_err err = one_checkpoint(store, why);
        if (err) return err;
        if (!kvn_room_check(store, pages, false, NULL)) break;
    }
    store->tried = store->super.generation;
    return CAIRN_OK;
}

static enum cairn_err keep_pace(struct kvn_store *store, struct cairn_why *why)
{
    uint64_t versions = store->overlay[store->active].versions;
    uint64_t more = versions > store->paced ? versions - store->paced : versions;
    store->paced = versions;
    return kvn_checkpoint_step(store, STEP_ENTRIES + (uint32_t)(more * STEP_PACE), why);
}

static enum cairn_err make_room(struct kvn_store *store, uint64_t pages, struct cairn_why *why)
{
    enum cairn_err err = CAIRN_OK;
    if (!store->options.stepped) err = keep_pace(store, why);
    if (!err) err = kvn_checkpoint_begin(store, false, why);
    if (!err && is_tight(store)) err = kvn_checkpoint_finish(store, why);
    if (!err && is_tight(store)) err = one_checkpoint(store, why);
    return err ? err : reclaim_pages(store, pages, why);
}

/* ---- sets ----------------------------------------------------------------------------------- */

void kvn_change_save(struct kvn_change_set *set)
{
    const struct kvn_store *store = set->store;
    set->mark = store->overlay[store->active].last_staged;
    set->next_id = store->next_id;
    set->root_id = store->root_id;
}

static enum cairn_err become_writer(struct kvn_store *store, struct cairn_why *why)
{
    cairn_lock_take(&store->lock);
    uint64_t me = cairn_thread_number();
    if (store->writer && store->writer_thread == me) {
        enum cairn_err err = cairn_why_fail(why, CAIRN_EBUSY, "a batch is open");
        cairn_why_hint(why, "change things through the batch, or end it first");
        return err;
    }
    while (store->writer)
        cairn_cond_wait(&store->writer_left, &store->lock);
    enum cairn_err err = kvn_store_refuses(store, why);
    if (err) return err;
    store->writer = true;
    store->writer_thread = me;
    return CAIRN_OK;
}

static void writer_end(struct kvn_store *store)
{
    store->writer = false;
    if (store->graves) kvn_step_due(store);
    cairn_cond_broadcast(&store->writer_left);
}

static void set_begin(struct kvn_change_set *set, struct kvn_store *store)
{
    *set = (struct kvn_change_set){ .what = KVN_BATCH,
                                    .store = store,
                                    .number = store->staged + 1,
                                    .time_ns = cairn_clock_wall_now(store->clock) };
    kvn_change_save(set);
}

enum cairn_err kvn_change_begin_bare(struct kvn_change_set *set, struct kvn_store *store,
                                     uint64_t pages, struct cairn_why *why)
{
    enum cairn_err err = become_writer(store, why);
    if (!err) {
        err = make_room(store, pages, why);
        if (err) writer_end(store);
    }
    if (err) {
        cairn_lock_drop(&store->lock);
        return err;
    }
    set_begin(set, store);
    return CAIRN_OK;
}

/* So many entries that the checkpoint of their removal has room, too. */
static uint32_t reclaim_entries(const struct kvn_store *store)
{
    uint64_t fit = kvn_space_room(&store->space) / (4 * kvn_path_pages(store));
    return (uint32_t)cairn_max_u64(1, cairn_min_u64(fit, STEP_ENTRIES));
}

/* A part of it, a commit of its own, brought into the tree where room or log would not do for
 * another one. */
static enum cairn_err reclaim_part(struct kvn_change_set *set, uint64_t pages,
                                   struct cairn_why *why)
{
    struct kvn_store *store = set->store;
    enum cairn_err err = kvn_reclaim(set, reclaim_entries(store), why);
    if (err) return err;
    kvn_change_publish(set);
    err = kvn_checkpoint_finish(store, why);
    if (!err && (is_tight(store) || kvn_room_check(store, kvn_path_pages(store), true, NULL)))
        err = one_checkpoint(store, why);
    if (!err && !store->graves) err = reclaim_pages(store, pages, why);
    if (!err) err = kvn_checkpoint_begin(store, false, why);
    set_begin(set, store); /* also after an error: what was published is not taken back */
    return err;
}

/* Pages that so many entries less may have written anew: each may leave a note. */
static uint64_t reclaim_pages_needed(const struct kvn_store *store, uint32_t entries)
{
    return 2 * entries * kvn_path_pages(store);
}

/* What removed dictionaries leave to do: some of it, or, where room is short, as much as it takes.
 */
static enum cairn_err reclaim_some(struct kvn_change_set *set, uint64_t pages,
                                   struct cairn_why *why)
{
    struct kvn_store *store = set->store;
    for (;;) {
        uint32_t entries = reclaim_entries(store);
        uint64_t wants = pages + reclaim_pages_needed(store, entries);
        if (!store->graves) return CAIRN_OK;
        if (!kvn_room_check(store, wants, false, NULL)) return kvn_reclaim(set, entries, why);
        enum cairn_err err = reclaim_part(set, pages, why);
        if (err) return err;
    }
}

enum cairn_err kvn_change_begin(struct kvn_change_set *set, struct kvn_store *store, uint64_t pages,
                                struct cairn_why *why)
{
    enum cairn_err err = kvn_change_begin_bare(set, store, pages, why);
    if (err) return err;
    err = reclaim_some(set, pages, why);
    if (!err) return CAIRN_OK;
    if (kvn_change_undo(set, NULL)) err = store->failed;
    kvn_change_end(set);
    cairn_lock_drop(&store->lock);
    return err;
}

void kvn_change_publish(struct kvn_change_set *set)
{
    struct kvn_store *store = set->store;
    const struct kvn_version *last = store->overlay[store->active].last_staged;
    if (last && last->number == set->number && store->staged < set->number) {
        store->staged = set->number;
        store->root_committed = store->root_id;
        store->commits++;
    }
}

void kvn_change_end(struct kvn_change_set *set)
{
    kvn_change_publish(set);
    writer_end(set->store);
}

/* ---- staging -------------------------------------------------------------------------------- */

static enum cairn_err log_will_hold(const struct kvn_store *store, uint32_t bytes,
                                    struct cairn_why *why)
{
    uint64_t need = 2 * (store->pending_bytes + bytes) + 4 * (uint64_t)store->log.unit;
    if (need <= kvn_log_room(&store->log)) return CAIRN_OK;
    enum cairn_err err = cairn_why_fail(why, CAIRN_ENOMEM, "the batch has outgrown the log");
    cairn_why_hint(why, "commit it in parts, or make the store with a larger log");
    return err;
}

enum cairn_err kvn_stage(struct kvn_change_set *set, struct kvn_slice key,
                         const struct kvn_record *record, struct cairn_why *why)
{
    struct kvn_store *store = set->store;
    struct kvn_slice bytes = { store->record_mem, 0 };
    if (record) bytes.bytes = kvn_record_encode(store->record_mem, record);
    struct kvn_change change = { record ? KVN_PUT : KVN_DELETE, key, bytes };
    bool is_bulk = store->bulk.is_open;
    if (is_bulk && record && kvn_is_value(record)) return kvn_bulk_stage(set, key, bytes, why);
    enum cairn_err err = is_bulk ? CAIRN_OK : log_will_hold(store, kvn_change_bytes(&change), why);
    if (err) return err;
    err = kvn_overlay_put(&store->overlay[store->active], key, record ? &bytes : NULL, set->number,
                          why);
    if (err == CAIRN_ENOMEM)
        cairn_why_hint(why, "commit the batch in parts, or open the store with more memory");
    if (!err) store->pending_bytes += kvn_change_bytes(&change);
    return err;
}

/* ---- taking back ---------------------------------------------------------------------------- */

static bool has_chunk(const struct kvn_store *store, struct kvn_slice bytes,
                      struct kvn_chunk *chunk)
{
    bool is;
    return !kvn_record_chunk(bytes, store->super.page_bytes, chunk, &is, NULL) && is;
}

/* Free what this version allocated. What its chunk has of older generations was not its own. */
static enum cairn_err forget_pages(struct kvn_store *store, const struct kvn_version *version,
                                   struct cairn_why *why)
{
    struct kvn_chunk chunk;
    struct kvn_chunk before;
    const struct kvn_version *older = version->older;
    bool kept = older && !older->removed &&
                has_chunk(store, (struct kvn_slice){ older->record, older->bytes }, &before);
    if (version->removed ||
        !has_chunk(store, (struct kvn_slice){ version->record, version->bytes }, &chunk))
        return CAIRN_OK;
    return kvn_chunk_free_but(&store->values, &chunk, kept ? &before : NULL,
                              store->values.generation, why);
}

enum cairn_err kvn_change_undo(struct kvn_change_set *set, struct cairn_why *why)
{
    struct kvn_store *store = set->store;
    struct kvn_overlay *active = &store->overlay[store->active];
    const struct kvn_version *version = set->mark ? set->mark->staged : active->first_staged;
    enum cairn_err err = CAIRN_OK;
    for (; version && !err; version = version->staged) {
        store->pending_bytes -= KVN_CHANGE_HEAD_BYTES + version->entry->bytes + version->bytes;
        err = forget_pages(store, version, why);
    }
    kvn_overlay_undo(active, set->mark);
    store->next_id = set->next_id;
    store->root_id = set->root_id;
    store->graves = true;
    if (err) store->failed = err;
    return err;
}
