/* SPDX-License-Identifier: ISC */
/*
 * What a store is after opening: the newest superblock that is whole and whose root is, and behind
 * it the log. Replaying looks at the log three times: how far it goes; which pages its values have,
 * so that nothing else takes them; and its changes, into the overlay. When memory does not hold
 * them all, a checkpoint takes those that are there, and replaying goes on; behind a cut it goes on
 * there, too.
 */
#include "recover.h"

#include <cairn/bytes.h>

/* ---- superblocks ---------------------------------------------------------------------------- */

/* What a search has found so far. */
struct search {
    struct kvn_store *store;
    uint8_t *page;
    struct kvn_super *best; /* below `below` */
    uint64_t below;
    bool found, newer_format;
    enum cairn_err err; /* of the first block, when nothing is found */
    struct cairn_why first_why;
};

static enum cairn_err slot_read(struct search *search, uint64_t byte, struct cairn_why *why)
{
    struct cairn_blk *dev = search->store->dev;
    uint32_t block = cairn_blk_info(dev)->block_bytes;
    uint64_t count = block < KVN_SUPER_BYTES ? KVN_SUPER_BYTES / block : 1;
    if (byte + count * block > cairn_blk_bytes(dev)) return CAIRN_ERANGE;
    return cairn_blk_read(dev, byte / block, count, search->page, why);
}

/* The slot at this byte of the device, of a store with such pages. A block that cannot be read is
 * no superblock. */
static void slot_look(struct search *search, uint64_t byte, uint32_t page_bytes)
{
    struct kvn_super super = { .generation = 0 };
    struct cairn_why why;
    cairn_why_clear(&why);
    enum cairn_err err = slot_read(search, byte, &why);
    if (!err) err = kvn_super_decode(&super, search->page, &why);
    if (err && byte == 0) {
        search->err = err;
        search->first_why = why;
    }
    if (err == CAIRN_ENOTSUP) search->newer_format = true;
    if (err || super.page_bytes != page_bytes || super.generation >= search->below) return;
    if (search->found && super.generation <= search->best->generation) return;
    *search->best = super;
    search->found = true;
}

static void ring_look(struct search *search, uint64_t first_page, uint32_t page_bytes)
{
    for (uint64_t i = 0; i < KVN_RING; i++)
        slot_look(search, (first_page + i) * page_bytes, page_bytes);
}

static enum cairn_err nothing_found(const struct search *search, struct cairn_why *why)
{
    if (why) *why = search->first_why;
    if (search->err == CAIRN_EINVAL || !search->err)
        return cairn_why_fail(why, CAIRN_EINVAL, "this is no key-value store");
    return search->err;
}

enum cairn_err kvn_super_find(struct kvn_store *store, uint64_t below, struct kvn_super *super,
                              struct cairn_why *why)
{
    struct search search = {
        .store = store, .page = store->super_page, .best = super, .below = below
    };
    uint64_t bytes = cairn_blk_bytes(store->dev);
    uint32_t least = cairn_blk_info(store->dev)->block_bytes;
    least = least < KVN_PAGE_LEAST ? KVN_PAGE_LEAST : least;
    for (uint32_t page = least; page <= KVN_PAGE_MOST && !search.found; page *= 2)
        ring_look(&search, 0, page);
    for (uint32_t page = least; page <= KVN_PAGE_MOST; page *= 2) {
        uint64_t pages = search.found ? super->pages : bytes / page;
        if (search.found && super->page_bytes != page) continue;
        if (pages >= KVN_RING) ring_look(&search, pages - KVN_RING, page);
    }
    if (search.newer_format) return cairn_why_fail(why, CAIRN_ENOTSUP, "a store of a newer format");
    if (!search.found) return nothing_found(&search, why);
    if (super->pages > bytes / super->page_bytes)
        return cairn_why_fail(
            why, CAIRN_ERANGE, "the store has %llu pages, the device only %llu: it was cut short",
            (unsigned long long)super->pages, (unsigned long long)(bytes / super->page_bytes));
    return CAIRN_OK;
}

enum cairn_err kvn_root_check(struct kvn_store *store, const struct kvn_super *super,
                              struct cairn_why *why)
{
    struct kvn_frame *frame;
    if (!super->root.page) return CAIRN_OK;
    enum cairn_err err =
        kvn_pool_get(&store->pool, &super->root, (uint8_t)(super->depth - 1), &frame, why);
    if (!err) kvn_pool_put(frame);
    return err;
}

/* ---- the log's end -------------------------------------------------------------------------- */

/* What a pass over the log does with each change. */
typedef enum cairn_err pass_fn(struct kvn_store *store, struct kvn_replay *replay,
                               const struct kvn_change *change, void *of, struct cairn_why *why);

static enum cairn_err pass_record(struct kvn_store *store, struct kvn_replay *replay, pass_fn *fn,
                                  void *of, struct cairn_why *why)
{
    for (;;) {
        struct kvn_change change;
        bool more;
        enum cairn_err err = kvn_replay_change(replay, &change, &more, why);
        if (err || !more) return err;
        err = fn(store, replay, &change, of, why);
        if (err) return err;
    }
}

static enum cairn_err pass(struct kvn_store *store, uint64_t end_seq, pass_fn *fn, void *of,
                           struct cairn_why *why)
{
    struct kvn_replay replay;
    kvn_replay_begin(&replay, &store->log);
    for (;;) {
        bool more;
        enum cairn_err err = kvn_replay_next(&replay, end_seq, &more, why);
        if (err || !more) return err;
        err = pass_record(store, &replay, fn, of, why);
        if (err) return err;
    }
}

/* The chunk that a change puts, if it puts one. */
static enum cairn_err chunk_put(struct kvn_store *store, const struct kvn_change *change,
                                struct kvn_chunk *chunk, bool *is, struct cairn_why *why)
{
    *is = false;
    if (change->kind != KVN_PUT) return CAIRN_OK;
    return kvn_record_chunk(change->value, store->super.page_bytes, chunk, is, why);
}

/* Records that nobody vouches for: the first whose values are not there, and where its batch began.
 */
struct vouch {
    uint64_t durable_seq;
    uint64_t batch_seq; /* the first record of the batch at hand */
    uint64_t end_seq;   /* in front of what is not whole; UINT64_MAX: all is */
    uint64_t last_seq;
};

static enum cairn_err vouch_for(struct kvn_store *store, struct kvn_replay *replay,
                                const struct kvn_change *change, void *of, struct cairn_why *why)
{
    struct vouch *vouch = of;
    uint64_t seq = replay->head.seq;
    struct kvn_chunk chunk;
    bool is;
    bool whole = true;
    if (seq <= vouch->durable_seq || vouch->end_seq != UINT64_MAX) return CAIRN_OK;
    enum cairn_err err = chunk_put(store, change, &chunk, &is, why);
    if (!err && is)
        err = kvn_chunk_verify(&store->values, &chunk, store->super.generation, store->chunk_mem,
                               &whole, why);
    if (!whole) vouch->end_seq = seq;
    return err;
}

/* Back to the beginning of the batch that record `seq` is of. */
static enum cairn_err batch_begin(struct kvn_store *store, uint64_t seq, uint64_t *begin,
                                  struct cairn_why *why)
{
    struct kvn_replay replay;
    kvn_replay_begin(&replay, &store->log);
    *begin = store->log.start_seq;
    for (;;) {
        bool more;
        enum cairn_err err = kvn_replay_next(&replay, seq, &more, why);
        if (err || !more) return err;
        if (!(replay.head.flags & KVN_LOG_MORE)) *begin = replay.head.seq + 1;
    }
}

static enum cairn_err find_end(struct kvn_store *store, uint64_t *end_seq, struct cairn_why *why)
{
    struct vouch vouch = { .end_seq = UINT64_MAX };
    enum cairn_err err = kvn_replay_find_end(&store->log, end_seq, &vouch.durable_seq, why);
    if (store->log.accepts) vouch.durable_seq = store->log.start_seq - 1; /* nobody vouches */
    if (!err && vouch.durable_seq + 1 < *end_seq)
        err = pass(store, *end_seq, vouch_for, &vouch, why);
    if (err || vouch.end_seq == UINT64_MAX) return err;
    store->log.dropped = true;
    return batch_begin(store, vouch.end_seq, end_seq, why);
}

/* ---- its changes ---------------------------------------------------------------------------- */

static enum cairn_err mark(struct kvn_store *store, struct kvn_replay *replay,
                           const struct kvn_change *change, void *of, struct cairn_why *why)
{
    struct kvn_chunk chunk;
    bool is;
    (void)replay;
    (void)of;
    enum cairn_err err = chunk_put(store, change, &chunk, &is, why);
    if (err || !is) return err;
    for (uint32_t i = 0; i < chunk.runs; i++)
        if (chunk.run[i].birth > store->values.generation)
            store->values.generation = chunk.run[i].birth;
    return kvn_chunk_mark(&store->values, &chunk, store->super.generation, why);
}

/* Ids that the log gave. */
static void note_id(struct kvn_store *store, const struct kvn_change *change)
{
    struct kvn_record record;
    if (change->kind != KVN_PUT ||
        kvn_record_decode(&record, change->value, store->super.page_bytes, NULL))
        return;
    bool has_id = record.kind == KVN_DICTIONARY || record.kind == KVN_LARGE;
    if (has_id && record.id >= store->next_id) store->next_id = record.id + 1;
}

/* A snapshot that goes is in the log only until the checkpoint that frees its pages: without that,
 * it stays. */
static bool is_of_snapshot(const struct kvn_change *change)
{
    uint8_t prefix[KVN_KEY_MAX];
    uint32_t bytes = kvn_key_make(prefix, KVN_ID_SNAPSHOTS, NULL, 0);
    return change->kind == KVN_DELETE && change->key.bytes > bytes &&
           memcmp(change->key.data, prefix, bytes) == 0;
}

/* A snapshot of a state that opening passed by: its tree's pages are free in the older one, and the
 * next change may take them. */
static bool is_passed_snapshot(const struct kvn_store *store, const struct kvn_change *change)
{
    struct kvn_record record;
    return store->fell_back && !store->kv.info.read_only && change->kind == KVN_PUT &&
           !kvn_record_decode(&record, change->value, store->super.page_bytes, NULL) &&
           record.kind == KVN_SNAPSHOT && record.generation > store->super.generation;
}

static enum cairn_err snapshot_lost(const struct kvn_store *store, struct cairn_why *why)
{
    enum cairn_err err = cairn_why_fail(
        why, CAIRN_ECORRUPT, "the root of generation %llu is damaged, and a snapshot keeps it",
        (unsigned long long)store->passed_generation);
    cairn_why_hint(why, "open the store read-only, and copy it");
    return err;
}

static enum cairn_err apply(struct kvn_store *store, const struct kvn_change *change,
                            struct cairn_why *why)
{
    struct kvn_overlay *active = &store->overlay[store->active];
    if (is_of_snapshot(change)) return CAIRN_OK;
    if (is_passed_snapshot(store, change))
        return store->log.accepts ? CAIRN_OK : snapshot_lost(store, why);
    enum cairn_err err = kvn_overlay_put(
        active, change->key, change->kind == KVN_PUT ? &change->value : NULL, store->staged, why);
    if (err) return err;
    store->log_behind = active->last_staged;
    store->replayed++;
    note_id(store, change);
    return CAIRN_OK;
}

/* The overlay is full: a checkpoint of what is there, after which the record at hand is the log's
 * first, but for the changes that it has had `done`. */
static enum cairn_err unload(struct kvn_store *store, const struct kvn_replay *before,
                             uint32_t done, struct cairn_why *why)
{
    if (store->kv.info.read_only || !store->overlay[store->active].entries) {
        enum cairn_err err =
            cairn_why_fail(why, CAIRN_ENOMEM, "the log has more than memory holds");
        cairn_why_hint(why, "open the store with more memory");
        return err;
    }
    store->log.position = before->position;
    store->log.seq = before->seq;
    store->log.chain = before->chain;
    enum cairn_err err = kvn_checkpoint_begin(store, true, why);
    store->checkpoint.super.log_skip = done;
    return err ? err : kvn_checkpoint_finish(store, why);
}

/* `before` is where the record begins. */
static enum cairn_err apply_record(struct kvn_store *store, const struct kvn_replay *before,
                                   struct kvn_replay *replay, struct cairn_why *why)
{
    for (;;) {
        struct kvn_change change;
        bool more;
        uint32_t at = replay->at;
        enum cairn_err err = kvn_replay_change(replay, &change, &more, why);
        if (err || !more) return err;
        err = apply(store, &change, why);
        if (err == CAIRN_ENOMEM) {
            err = unload(store, before, --replay->done, why);
            replay->at = at;
            replay->window_bytes = 0;
        }
        if (err) return err;
    }
}

static enum cairn_err apply_all(struct kvn_store *store, uint64_t end_seq, struct cairn_why *why)
{
    struct kvn_replay replay;
    kvn_replay_begin(&replay, &store->log);
    for (;;) {
        struct kvn_replay before = replay;
        bool more;
        enum cairn_err err = kvn_replay_next(&replay, end_seq, &more, why);
        if (err || !more) return err;
        err = apply_record(store, &before, &replay, why);
        if (err) return err;
        if (!(replay.head.flags & KVN_LOG_MORE)) store->staged++;
    }
}

enum cairn_err kvn_log_replay(struct kvn_store *store, struct cairn_why *why)
{
    uint64_t end_seq;
    enum cairn_err err = find_end(store, &end_seq, why);
    if (!err && !store->kv.info.read_only) err = pass(store, end_seq, mark, NULL, why);
    if (!err) err = apply_all(store, end_seq, why);
    store->logged = store->staged;
    store->durable = store->staged;
    return err;
}
