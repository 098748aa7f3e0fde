/* SPDX-License-Identifier: ISC */
#include "snapshot.h"

#include <cairn/bytes.h>

#include "get.h"
#include "prune.h"

/* ---- finding -------------------------------------------------------------------------------- */

static struct kvn_slice snapshot_key(uint8_t key[KVN_KEY_MAX], struct cairn_kv_key name)
{
    return (struct kvn_slice){ key, kvn_key_make(key, KVN_ID_SNAPSHOTS, name.path,
                                                 (uint32_t)name.bytes) };
}

/* The snapshot's record; *is false: there is none. */
static enum cairn_err find_record(struct kvn_reader *reader, struct cairn_kv_key name,
                                  struct kvn_record *record, bool *is, struct cairn_why *why)
{
    uint8_t key[KVN_KEY_MAX];
    struct kvn_found found;
    enum cairn_err err = kvn_find(reader, snapshot_key(key, name), &found, why);
    *is = !err && found.is;
    if (*is) *record = found.record;
    if (*is && record->kind != KVN_SNAPSHOT)
        err = cairn_why_fail(why, CAIRN_ECORRUPT, "a snapshot's record is none");
    kvn_found_close(&found);
    return err;
}

static enum cairn_err no_snapshot(struct cairn_kv_key name, struct cairn_why *why)
{
    enum cairn_err err = cairn_why_fail(why, CAIRN_ENOENT, "there is no such snapshot");
    cairn_why_path(why, name.path, name.bytes);
    return err;
}

/* ---- opening -------------------------------------------------------------------------------- */

static struct kvn_open_snapshot *open_slot(struct kvn_store *store, uint64_t generation)
{
    struct kvn_open_snapshot *unused = NULL;
    for (uint32_t i = 0; i < KVN_SNAPSHOTS_OPEN; i++) {
        struct kvn_open_snapshot *slot = &store->open_snapshots[i];
        if (slot->count && slot->generation == generation) return slot;
        if (!slot->count) unused = slot;
    }
    if (unused) unused->generation = generation;
    return unused;
}

static enum cairn_err root_of_tree(struct kvn_reader *reader, struct cairn_why *why)
{
    uint8_t key[KVN_KEY_MAX];
    struct kvn_found found;
    uint32_t bytes = kvn_key_make(key, KVN_ID_ROOT, "", 0);
    enum cairn_err err = kvn_find(reader, (struct kvn_slice){ key, bytes }, &found, why);
    reader->root_id = !err && found.is ? found.record.id : KVN_ROOT_ID_FIRST;
    kvn_found_close(&found);
    return err;
}

enum cairn_err kvn_snapshot_find(struct kvn_reader *reader, struct cairn_kv_key name,
                                 struct cairn_why *why)
{
    struct kvn_record record = { .generation = 0 };
    bool is;
    enum cairn_err err = find_record(reader, name, &record, &is, why);
    if (!err && !is) err = no_snapshot(name, why);
    if (err) return err;
    struct kvn_open_snapshot *slot = open_slot(reader->store, record.generation);
    if (!slot) return cairn_why_fail(why, CAIRN_ENFILE, "too many snapshots are open");
    slot->count++;
    kvn_reader_leave(reader);
    reader->tree.root = record.root;
    reader->tree.depth = record.depth;
    reader->number = 0;
    reader->generation = record.generation;
    err = root_of_tree(reader, why);
    if (err) slot->count--;
    return err;
}

void kvn_snapshot_close(struct cairn_kv *view)
{
    const struct kvn_view_state *state = (const void *)view->state;
    struct kvn_store *store = kvn_store_of(view);
    if (state->as.number) return;
    cairn_lock_take(&store->lock);
    struct kvn_open_snapshot *slot = open_slot(store, state->as.generation);
    if (slot && slot->count) slot->count--;
    cairn_lock_drop(&store->lock);
}

/* ---- all of them ---------------------------------------------------------------------------- */

/* The generations that snapshots keep, beside one of them: the next older and newer (and its tree).
 */
struct neighbours {
    uint64_t newest; /* of all */
    uint64_t older;  /* 0: none */
    struct kvn_record newer;
    bool has_newer;
};

static void note(struct neighbours *near, const struct kvn_record *record, uint64_t generation)
{
    uint64_t other = record->generation;
    if (other > near->newest) near->newest = other;
    if (other < generation && other > near->older) near->older = other;
    if (other <= generation || (near->has_newer && other >= near->newer.generation)) return;
    near->newer = *record;
    near->has_newer = true;
}

static enum cairn_err look_around(struct kvn_reader *reader, uint64_t generation,
                                  struct neighbours *near, struct cairn_why *why)
{
    struct kvn_walk walk = { .end = false };
    uint8_t key[KVN_KEY_MAX];
    uint8_t prefix[KVN_ID_BYTES];
    *near = (struct neighbours){ .newest = 0 };
    kvn_key_make(prefix, KVN_ID_SNAPSHOTS, NULL, 0);
    struct kvn_slice from = { key, kvn_key_make(key, KVN_ID_SNAPSHOTS, NULL, 0) };
    enum cairn_err err = kvn_walk_seek(&walk, reader, from, false, why);
    while (!err && !walk.end && memcmp(walk.key, prefix, sizeof prefix) == 0) {
        struct kvn_record record;
        err = kvn_record_decode(&record, walk.record, reader->store->super.page_bytes, why);
        if (!err && record.kind == KVN_SNAPSHOT) note(near, &record, generation);
        if (!err) err = kvn_walk_next(&walk, why);
    }
    kvn_walk_close(&walk);
    return err;
}

enum cairn_err kvn_snapshots_load(struct kvn_store *store, struct cairn_why *why)
{
    struct kvn_reader reader;
    struct neighbours near;
    kvn_reader_of_writer(&reader, store);
    enum cairn_err err = look_around(&reader, 0, &near, why);
    if (near.newest > store->values.snapshot_generation)
        store->values.snapshot_generation = near.newest;
    kvn_reader_leave(&reader);
    return err;
}

enum cairn_err kvn_snapshot_list(struct cairn_kv *kv, struct cairn_kv_key from, bool behind,
                                 void *mem, size_t mem_bytes, size_t *count, bool *end,
                                 struct cairn_why *why)
{
    struct kvn_reader reader;
    *count = 0;
    *end = false;
    enum cairn_err err = kvn_reader_open(&reader, kv, why);
    if (err) return err;
    err = kvn_list_id(&reader, KVN_ID_SNAPSHOTS, from, behind, 0, mem, mem_bytes, count, end, why);
    kvn_reader_close(&reader);
    return err;
}

/* ---- making --------------------------------------------------------------------------------- */

/* The writer, with nothing in overlays: all that is committed is in the tree. */
static enum cairn_err begin_at_rest(struct kvn_change_set *set, struct kvn_store *store,
                                    struct cairn_why *why)
{
    enum cairn_err err = kvn_change_begin_bare(set, store, 0, why);
    if (err) return err;
    err = kvn_checkpoint_finish(store, why);
    if (!err) err = kvn_checkpoint_begin(store, true, why);
    if (!err) err = kvn_checkpoint_finish(store, why);
    kvn_change_save(set);
    if (!err) return CAIRN_OK;
    kvn_change_end(set);
    cairn_lock_drop(&store->lock);
    return err;
}

static enum cairn_err end_durably(struct kvn_change_set *set, enum cairn_err err,
                                  struct cairn_why *why)
{
    struct kvn_store *store = set->store;
    if (err && kvn_change_undo(set, NULL)) err = store->failed;
    kvn_change_end(set);
    if (!err) err = kvn_commit_wait(store, store->staged, why);
    cairn_lock_drop(&store->lock);
    return err;
}

static enum cairn_err stage_snapshot(struct kvn_change_set *set, struct cairn_kv_key name,
                                     struct cairn_why *why)
{
    struct kvn_store *store = set->store;
    uint8_t key[KVN_KEY_MAX];
    struct kvn_record record = { .kind = KVN_SNAPSHOT,
                                 .time_ns = set->time_ns,
                                 .generation = store->super.generation,
                                 .root = store->super.root,
                                 .depth = store->super.depth,
                                 .entries = store->super.entries };
    enum cairn_err err = kvn_stage(set, snapshot_key(key, name), &record, why);
    if (!err) store->values.snapshot_generation = record.generation;
    return err;
}

enum cairn_err kvn_snapshot_make(struct cairn_kv *kv, struct cairn_kv_key name,
                                 struct cairn_why *why)
{
    struct kvn_change_set set;
    struct kvn_reader reader;
    struct kvn_record record;
    bool is = false;
    enum cairn_err err = begin_at_rest(&set, kvn_store_of(kv), why);
    if (err) return err;
    kvn_reader_of_writer(&reader, set.store);
    err = find_record(&reader, name, &record, &is, why);
    kvn_reader_leave(&reader);
    if (!err && is) err = cairn_why_fail(why, CAIRN_EEXIST, "there is a snapshot of this name");
    if (!err) err = stage_snapshot(&set, name, why);
    return end_durably(&set, err, why);
}

/* ---- removing ------------------------------------------------------------------------------- */

static bool is_open(const struct kvn_store *store, uint64_t generation)
{
    for (uint32_t i = 0; i < KVN_SNAPSHOTS_OPEN; i++)
        if (store->open_snapshots[i].count && store->open_snapshots[i].generation == generation)
            return true;
    return false;
}

/* Free what only this snapshot has, and forget it, both in one checkpoint. */
static enum cairn_err remove_now(struct kvn_change_set *set, struct cairn_kv_key name,
                                 struct cairn_why *why)
{
    struct kvn_store *store = set->store;
    struct kvn_reader reader;
    struct kvn_record record = { .generation = 0 };
    struct neighbours near = { .newest = 0 };
    uint8_t key[KVN_KEY_MAX];
    bool is = false;
    kvn_reader_of_writer(&reader, store);
    enum cairn_err err = find_record(&reader, name, &record, &is, why);
    if (!err && !is) err = no_snapshot(name, why);
    if (!err && is_open(store, record.generation))
        err = cairn_why_fail(why, CAIRN_EBUSY, "the snapshot is open");
    if (!err) err = look_around(&reader, record.generation, &near, why);
    kvn_reader_leave(&reader);
    if (err) return err;
    struct kvn_tree tree = { &store->pool, record.root, record.depth };
    struct kvn_tree next = { &store->pool, near.newer.root, near.newer.depth };
    struct kvn_prune prune = { .store = store,
                               .tree = &tree,
                               .next = near.has_newer ? &next : &store->tree,
                               .older = near.older };
    err = kvn_stage(set, snapshot_key(key, name), NULL, why);
    if (err) return err;
    uint64_t newest = near.newest == record.generation ? near.older : near.newest;
    store->values.snapshot_generation = near.older;
    err = kvn_prune(&prune, why);
    store->values.snapshot_generation = newest;
    if (err) store->failed = err; /* what is freed so far must not be written down */
    return err;
}

enum cairn_err kvn_snapshot_remove(struct cairn_kv *kv, struct cairn_kv_key name,
                                   struct cairn_why *why)
{
    struct kvn_change_set set;
    struct kvn_store *store = kvn_store_of(kv);
    enum cairn_err err = begin_at_rest(&set, store, why);
    if (err) return err;
    err = remove_now(&set, name, why);
    if (err && kvn_change_undo(&set, NULL)) err = store->failed;
    /* The log must not have the removal without the checkpoint that frees its pages: recover.c
     * leaves out one that it meets. */
    kvn_change_publish(&set);
    if (!err) err = kvn_checkpoint_begin(store, true, why);
    if (!err) err = kvn_checkpoint_finish(store, why);
    kvn_change_end(&set);
    cairn_lock_drop(&store->lock);
    return err;
}
