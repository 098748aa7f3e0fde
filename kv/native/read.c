/* SPDX-License-Identifier: ISC */
/* Overlays and tree as one ordered map, as of a commit. */
#include <cairn/bytes.h>

#include "store.h"

/* ---- readers -------------------------------------------------------------------------------- */

static void read_newest(struct kvn_reader *reader, struct kvn_store *store)
{
    *reader = (struct kvn_reader){ .store = store,
                                   .tree = store->tree,
                                   .number = store->staged,
                                   .root_id = store->root_committed,
                                   .generation = store->super.generation };
}

static void see_staged(struct kvn_reader *reader)
{
    reader->number++;
    reader->root_id = reader->store->root_id;
}

static enum cairn_err read_view(struct kvn_reader *reader, const struct cairn_kv *kv,
                                struct cairn_why *why)
{
    const struct kvn_view_state *view = (const void *)kv->state;
    *reader = view->as;
    if (!reader->number || reader->generation >= reader->store->oldest) return CAIRN_OK;
    enum cairn_err err = cairn_why_fail(why, CAIRN_ESTALE, "the view lags too far behind");
    cairn_why_hint(why, "open a new one, or read from a snapshot, which never lags");
    return err;
}

/* A snapshot's pages need no counting: nobody reuses them. */
static void reader_enter(struct kvn_reader *reader)
{
    reader->counted = reader->number != 0;
    if (reader->counted) reader->store->readers[reader->generation % KVN_READER_SLOTS]++;
}

enum cairn_err kvn_reader_open(struct kvn_reader *reader, struct cairn_kv *kv,
                               struct cairn_why *why)
{
    struct kvn_store *store = kvn_store_of(kv);
    enum cairn_err err = CAIRN_OK;
    cairn_lock_take(&store->lock);
    if (kv->state[0] == KVN_VIEW)
        err = read_view(reader, kv, why);
    else
        read_newest(reader, store);
    if (kv->state[0] == KVN_BATCH && !store->bulk.is_open) see_staged(reader);
    if (err)
        cairn_lock_drop(&store->lock);
    else
        reader_enter(reader);
    return err;
}

/* What was before the newest tree may have nobody who reads it any more. */
static void readers_left(struct kvn_store *store)
{
    cairn_cond_broadcast(&store->changed);
    if (store->checkpoint.written) kvn_step_due(store);
}

void kvn_reader_leave(struct kvn_reader *reader)
{
    struct kvn_store *store = reader->store;
    if (!reader->counted) return;
    uint32_t *count = &store->readers[reader->generation % KVN_READER_SLOTS];
    if (--*count == 0 && reader->generation != store->super.generation) readers_left(store);
    reader->counted = false;
}

void kvn_reader_close(struct kvn_reader *reader)
{
    kvn_reader_leave(reader);
    cairn_lock_drop(&reader->store->lock);
}

void kvn_reader_of_writer(struct kvn_reader *reader, struct kvn_store *store)
{
    read_newest(reader, store);
    see_staged(reader);
    reader->is_writer = true;
    reader_enter(reader);
}

/* ---- one record ----------------------------------------------------------------------------- */

/* The newest version that the reader sees, in the overlays. */
static const struct kvn_version *find_version(const struct kvn_reader *reader, struct kvn_slice key)
{
    const struct kvn_store *store = reader->store;
    if (!reader->number) return NULL;
    const struct kvn_version *version =
        kvn_overlay_find(&store->overlay[store->active], key, reader->number);
    if (version) return version;
    return kvn_overlay_find(&store->overlay[!store->active], key, reader->number);
}

enum cairn_err kvn_find(struct kvn_reader *reader, struct kvn_slice key, struct kvn_found *found,
                        struct cairn_why *why)
{
    const struct kvn_version *version = find_version(reader, key);
    *found = (struct kvn_found){ .is = false };
    if (version && version->removed) return CAIRN_OK;
    bool in_bulk = reader->is_writer && kvn_bulk_find(&reader->store->bulk, key, &found->bytes);
    if (version) {
        found->bytes = (struct kvn_slice){ version->record, version->bytes };
    } else if (!in_bulk) {
        enum cairn_err err = kvn_tree_find(&reader->tree, key, &found->frame, &found->bytes, why);
        if (err || !found->frame) return err;
    }
    found->is = true;
    return kvn_record_decode(&found->record, found->bytes, reader->store->super.page_bytes, why);
}

void kvn_found_close(struct kvn_found *found)
{
    if (found->frame) kvn_pool_put(found->frame);
    found->frame = NULL;
}

/* ---- walks ---------------------------------------------------------------------------------- */

static struct kvn_slice walk_key(const struct kvn_walk *walk)
{
    return (struct kvn_slice){ walk->key, walk->key_bytes };
}

/* The first entry behind where the walk stands (or at it) in the overlays; of two equal keys, the
 * active one's. */
static const struct kvn_entry *next_entry(struct kvn_walk *walk, bool behind,
                                          const struct kvn_version **version)
{
    const struct kvn_reader *reader = walk->reader;
    const struct kvn_store *store = reader->store;
    if (!reader->number) return NULL;
    const struct kvn_entry *entry = kvn_overlay_seek(&walk->active, &store->overlay[store->active],
                                                     walk_key(walk), behind, reader->number);
    const struct kvn_entry *frozen = kvn_overlay_seek(
        &walk->frozen, &store->overlay[!store->active], walk_key(walk), behind, reader->number);
    bool older =
        frozen && (!entry || kvn_slice_compare(kvn_entry_key(frozen), kvn_entry_key(entry)) < 0);
    *version = older ? walk->frozen.version : walk->active.version;
    return older ? frozen : entry;
}

static void stand_at(struct kvn_walk *walk, const uint8_t *key, uint32_t bytes,
                     struct kvn_slice record)
{
    if (key != walk->key) memcpy(walk->key, key, bytes);
    walk->key_bytes = bytes;
    walk->record = record;
}

/* Go to the lower of the overlays' next entry and the tree's, which the cursor is at; what is
 * removed is passed by. */
static enum cairn_err settle(struct kvn_walk *walk, bool behind, struct cairn_why *why)
{
    for (;; behind = true) {
        uint8_t key[KVN_KEY_MAX];
        const struct kvn_version *version = NULL;
        const struct kvn_entry *entry = next_entry(walk, behind, &version);
        uint32_t bytes = walk->cursor.end ? 0 : kvn_cursor_key(&walk->cursor, key);
        walk->end = !entry && walk->cursor.end;
        if (walk->end) return CAIRN_OK;
        int order = !entry ? 1
                    : walk->cursor.end
                        ? -1
                        : kvn_slice_compare(kvn_entry_key(entry), (struct kvn_slice){ key, bytes });
        if (order > 0) {
            stand_at(walk, key, bytes, kvn_cursor_record(&walk->cursor));
            return CAIRN_OK;
        }
        stand_at(walk, entry->key, entry->bytes,
                 (struct kvn_slice){ version->record, version->bytes });
        if (!version->removed) return CAIRN_OK;
        if (order == 0) {
            enum cairn_err err = kvn_cursor_next(&walk->cursor, why);
            if (err) return err;
        }
    }
}

/* Is the cursor at the key where the walk stands? */
static bool cursor_is_here(const struct kvn_walk *walk)
{
    uint8_t key[KVN_KEY_MAX];
    if (walk->cursor.end) return false;
    uint32_t bytes = kvn_cursor_key(&walk->cursor, key);
    return kvn_slice_compare((struct kvn_slice){ key, bytes }, walk_key(walk)) == 0;
}

enum cairn_err kvn_walk_seek(struct kvn_walk *walk, struct kvn_reader *reader, struct kvn_slice key,
                             bool behind, struct cairn_why *why)
{
    walk->reader = reader;
    walk->active.entry = walk->frozen.entry = NULL;
    memmove(walk->key, key.data, key.bytes);
    walk->key_bytes = key.bytes;
    enum cairn_err err = kvn_cursor_seek(&walk->cursor, &reader->tree, walk_key(walk), why);
    if (!err && behind && cursor_is_here(walk)) err = kvn_cursor_next(&walk->cursor, why);
    return err ? err : settle(walk, behind, why);
}

enum cairn_err kvn_walk_next(struct kvn_walk *walk, struct cairn_why *why)
{
    if (cursor_is_here(walk)) {
        enum cairn_err err = kvn_cursor_next(&walk->cursor, why);
        if (err) return err;
    }
    return settle(walk, true, why);
}

void kvn_walk_close(struct kvn_walk *walk)
{
    kvn_cursor_close(&walk->cursor);
}
