/* SPDX-License-Identifier: ISC */
/*
 * Bringing an overlay into the tree. The writer freezes it; anybody steps; whoever merges the last
 * entry writes the superblock. Between the merge and the superblock everything is flushed, and
 * again behind it.
 *
 * The frozen overlay stays for readers that began before the new tree was there (they are counted
 * by generation); only then can another checkpoint begin.
 */
#include <cairn/bytes.h>

#include "node.h"
#include "store.h"

/* ---- when ----------------------------------------------------------------------------------- */

/* Early enough that what comes while it is under way still fits: where changes step it themselves,
 * and none outruns it, at three quarters of memory or log, else at a half. */
bool kvn_checkpoint_due(const struct kvn_store *store)
{
    const struct kvn_overlay *active = &store->overlay[store->active];
    uint64_t logged = store->log.position - store->log.start + store->pending_bytes;
    uint32_t quarters = store->options.stepped ? 2 : 3;
    return active->pages > store->pool.take_max / 4 * quarters ||
           logged > store->log.bytes / 4 * quarters;
}

/* New entries take half-filled pages, and those, in the pages above, a key each. */
static uint64_t pages_fresh(const struct kvn_store *store, const struct kvn_overlay *overlay)
{
    uint64_t bytes = overlay->record_bytes + overlay->key_bytes +
                     overlay->entries * (KVN_SLOT_BYTES + KVN_ENTRY_HEAD_BYTES);
    uint64_t leaves = bytes / (store->super.page_bytes / 2);
    return leaves + leaves / 4 + store->tree.depth + 2;
}

/* Pages that a checkpoint of this overlay may have to allocate: each entry another path of the
 * tree and one beside it, but not more than the tree then has; and new ones. */
static uint64_t pages_needed(const struct kvn_store *store, const struct kvn_overlay *overlay,
                             uint64_t tree_pages)
{
    uint64_t paths = overlay->entries * kvn_path_pages(store);
    return cairn_min_u64(paths, tree_pages) + pages_fresh(store, overlay);
}

enum cairn_err kvn_room_check(const struct kvn_store *store, uint64_t pages, bool removing,
                              struct cairn_why *why)
{
    const struct kvn_overlay *active = &store->overlay[store->active];
    const struct kvn_overlay *frozen = &store->overlay[!store->active];
    uint64_t tree_pages = store->super.tree_pages;
    uint64_t kept = cairn_min_u64(store->super.pages / 64 + 16, store->super.pages / 8);
    uint64_t reserve = removing ? 0 : kept;
    uint64_t need = pages + reserve + pages_needed(store, frozen, tree_pages) +
                    pages_needed(store, active, tree_pages + pages_fresh(store, frozen));
    if (kvn_space_room(&store->space) >= need) return CAIRN_OK;
    enum cairn_err err = cairn_why_fail(why, CAIRN_ENOSPC, "the store is full");
    cairn_why_hint(why, "remove something, or make the device larger and grow the store");
    return err;
}

/* ---- beginning ------------------------------------------------------------------------------ */

enum cairn_err kvn_record_superseded(struct kvn_store *store, struct kvn_slice older,
                                     const struct kvn_slice *newer, uint64_t born,
                                     struct cairn_why *why)
{
    struct kvn_chunk had;
    struct kvn_chunk has;
    bool had_chunk;
    bool has_chunk = false;
    uint32_t page = store->super.page_bytes;
    enum cairn_err err = kvn_record_chunk(older, page, &had, &had_chunk, why);
    if (err || !had_chunk) return err;
    if (newer) err = kvn_record_chunk(*newer, page, &has, &has_chunk, why);
    if (err) return err;
    return kvn_chunk_free_but(&store->values, &had, has_chunk ? &has : NULL, born, why);
}

/* Pages go from version to version: what the first one has not of the tree's record's, then what
 * the second has not of the first one's. Each page goes once. */
static enum cairn_err record_gone(void *of, struct kvn_slice key, struct kvn_slice record,
                                  const struct kvn_slice *replaced_by, struct cairn_why *why)
{
    struct kvn_store *store = of;
    const struct kvn_version *first = store->checkpoint.first;
    struct kvn_slice bytes = { first ? first->record : NULL, first ? first->bytes : 0 };
    (void)key;
    if (first) replaced_by = first->removed ? NULL : &bytes;
    return kvn_record_superseded(store, record, replaced_by, 0, why);
}

void kvn_merge_job_fill(struct kvn_store *store, struct kvn_merge_job *job, uint64_t generation)
{
    *job = (struct kvn_merge_job){
        .dev = store->dev,
        .pool = &store->pool,
        .space = &store->space,
        .old = store->tree,
        .page_bytes = store->super.page_bytes,
        .uuid8 = store->log.uuid8,
        .generation = generation,
        .snapshot_generation = store->values.snapshot_generation,
        .gone = record_gone,
        .of = store,
    };
}

/* The tree that is merged into is the one that a sorted batch has made. */
static void behind_bulk(struct kvn_checkpoint *checkpoint, const struct kvn_merge_job *bulk)
{
    checkpoint->job.old = bulk->new_tree;
    checkpoint->super.entries += (uint64_t)bulk->entries_more;
    checkpoint->super.tree_pages += (uint64_t)bulk->tree_pages_more;
}

static void freeze(struct kvn_store *store)
{
    struct kvn_checkpoint *checkpoint = &store->checkpoint;
    *checkpoint = (struct kvn_checkpoint){
        .running = true, .super = store->super, .frozen = store->active, .number = store->staged
    };
    checkpoint->super.generation = store->values.generation++;
    checkpoint->super.pages = store->space.shape.pages;
    checkpoint->super.log_start = store->log.position;
    checkpoint->super.log_seq = store->log.seq;
    checkpoint->super.log_chain = store->log.chain;
    checkpoint->super.log_skip = 0;
    checkpoint->super.next_id = store->next_id;
    checkpoint->super.data_pages = store->values.pages;
    checkpoint->super.snapshot_generation = store->values.snapshot_generation;
    kvn_merge_job_fill(store, &checkpoint->job, checkpoint->super.generation);
    if (store->bulk.is_open) behind_bulk(checkpoint, &store->bulk.job);
    store->active = !store->active;
    store->log_behind = NULL;
    store->values.is_early = true;
    store->values.early_count = 0;
}

enum cairn_err kvn_checkpoint_begin(struct kvn_store *store, bool always, struct cairn_why *why)
{
    struct kvn_checkpoint *checkpoint = &store->checkpoint;
    if (checkpoint->running || !(always || kvn_checkpoint_due(store))) return CAIRN_OK;
    enum cairn_err err = kvn_log_all(store, why);
    if (err) return err;
    freeze(store);
    err = kvn_merge_begin(&checkpoint->merge, &checkpoint->job, store->merge_mem,
                          store->merge_levels, store->run_pages, why);
    if (err) store->failed = err;
    kvn_step_due(store);
    return err;
}

/* ---- merging -------------------------------------------------------------------------------- */

static enum cairn_err merge_entry(struct kvn_store *store, const struct kvn_entry *entry,
                                  const struct kvn_version *version, struct cairn_why *why)
{
    struct kvn_slice key = kvn_entry_key(entry);
    struct kvn_slice record = { version->record, version->bytes };
    const struct kvn_version *newer = version;
    for (const struct kvn_version *older = version->older; older; older = older->older) {
        struct kvn_slice was = { older->record, older->bytes };
        struct kvn_slice is = { newer->record, newer->bytes };
        enum cairn_err err =
            older->removed ? CAIRN_OK
                           : kvn_record_superseded(store, was, newer->removed ? NULL : &is, 0, why);
        if (err) return err;
        newer = older;
    }
    store->checkpoint.first = newer;
    enum cairn_err err =
        kvn_merge_put(store->checkpoint.merge, key, version->removed ? NULL : &record, why);
    store->checkpoint.first = NULL;
    return err;
}

static const struct kvn_entry *next_entry(struct kvn_store *store,
                                          const struct kvn_version **version)
{
    struct kvn_checkpoint *checkpoint = &store->checkpoint;
    struct kvn_slice behind = { (const uint8_t *)"", 0 };
    if (checkpoint->last) behind = kvn_entry_key(checkpoint->last);
    const struct kvn_entry *entry =
        kvn_overlay_seek(&checkpoint->walk, &store->overlay[checkpoint->frozen], behind,
                         checkpoint->last != NULL, UINT64_MAX - 1);
    *version = checkpoint->walk.version;
    return entry;
}

/* ---- ending --------------------------------------------------------------------------------- */

static enum cairn_err rings_write(struct kvn_store *store, const struct kvn_super *super,
                                  struct cairn_why *why)
{
    uint32_t blocks = super->page_bytes / cairn_blk_info(store->dev)->block_bytes;
    uint64_t slot = super->generation % KVN_RING;
    struct cairn_blk_seg seg = { store->super_page, super->page_bytes };
    struct cairn_blk_req reqs[2];
    for (uint32_t i = 0; i < 2; i++)
        reqs[i] = (struct cairn_blk_req){
            .op = CAIRN_BLK_WRITE,
            .block = (i ? super->pages - KVN_RING + slot : slot) * blocks,
            .count = blocks,
            .segs = &seg,
            .seg_count = 1,
            .why = why,
        };
    cairn_lock_drop(&store->lock);
    enum cairn_err err = cairn_blk_submit(store->dev, reqs, 2);
    cairn_lock_take(&store->lock);
    return err;
}

enum cairn_err kvn_super_write(struct kvn_store *store, const struct kvn_super *super,
                               struct cairn_why *why)
{
    memset(store->super_page, 0, super->page_bytes);
    kvn_super_encode(store->super_page, super);
    enum cairn_err err = kvn_device_flush(store, why);
    if (!err) err = rings_write(store, super, why);
    return err ? err : kvn_device_flush(store, why);
}

/* The bitmap that is written is without the pages of values that only the next generation has. */
static enum cairn_err space_write(struct kvn_store *store, struct cairn_why *why)
{
    enum cairn_err err = kvn_early_hide(&store->values, why);
    return err ? err : kvn_space_write(&store->space, &store->checkpoint.super, why);
}

/* What the merge made, into the superblock that will be. */
static void describe(struct kvn_store *store)
{
    struct kvn_checkpoint *checkpoint = &store->checkpoint;
    struct kvn_super *super = &checkpoint->super;
    const struct kvn_merge_job *job = &checkpoint->job;
    super->root = job->new_tree.root;
    super->depth = job->new_tree.depth;
    super->entries += (uint64_t)job->entries_more;
    super->tree_pages += (uint64_t)job->tree_pages_more;
    super->data_pages = store->values.pages - kvn_early_pages(&store->values);
}

static void install(struct kvn_store *store)
{
    struct kvn_checkpoint *checkpoint = &store->checkpoint;
    store->super = checkpoint->super;
    store->tree = checkpoint->job.new_tree;
    kvn_space_committed(&store->space, checkpoint->super.generation);
    store->log.start = checkpoint->super.log_start;
    store->log.start_seq = checkpoint->super.log_seq;
    store->log.start_chain = checkpoint->super.log_chain;
    store->log.start_skip = checkpoint->super.log_skip;
    if (store->durable < checkpoint->number) store->durable = checkpoint->number;
    if (store->log.durable_seq + 1 < checkpoint->super.log_seq)
        store->log.durable_seq = checkpoint->super.log_seq - 1;
    store->checkpoints++;
    store->pages_written += checkpoint->job.pages_written;
    checkpoint->written = true;
}

/* Does anybody read what was before the newest tree? */
static bool has_old_readers(const struct kvn_store *store)
{
    for (uint64_t i = 0; i < KVN_READER_SLOTS; i++)
        if (i != store->super.generation % KVN_READER_SLOTS && store->readers[i]) return true;
    return false;
}

bool kvn_checkpoint_can_step(const struct kvn_store *store)
{
    const struct kvn_checkpoint *checkpoint = &store->checkpoint;
    if (!checkpoint->running || store->stepping || store->failed) return false;
    return !checkpoint->written || !has_old_readers(store);
}

void kvn_step_due(const struct kvn_store *store)
{
    if (store->options.stepped && store->options.due) store->options.due(store->options.due_ctx);
}

/* Once nobody reads what was before. */
static void drain(struct kvn_store *store)
{
    struct kvn_checkpoint *checkpoint = &store->checkpoint;
    if (has_old_readers(store)) return;
    kvn_overlay_clear(&store->overlay[checkpoint->frozen]);
    store->oldest = store->super.generation;
    checkpoint->running = false;
    cairn_cond_broadcast(&store->changed);
}

static enum cairn_err end(struct kvn_store *store, struct cairn_why *why)
{
    enum cairn_err err = kvn_merge_end(store->checkpoint.merge, why);
    if (err) return err;
    describe(store);
    store->sealing = true;
    err = space_write(store, why);
    if (!err) err = kvn_super_write(store, &store->checkpoint.super, why);
    if (!err) {
        install(store);
        err = kvn_early_show(&store->values, why);
    }
    store->sealing = false;
    return err;
}

static enum cairn_err step(struct kvn_store *store, uint32_t entries, struct cairn_why *why)
{
    struct kvn_checkpoint *checkpoint = &store->checkpoint;
    const struct kvn_version *version;
    for (uint32_t i = 0; i < entries; i++) {
        const struct kvn_entry *entry = next_entry(store, &version);
        if (!entry) return end(store, why);
        enum cairn_err err = merge_entry(store, entry, version, why);
        if (err) return err;
        checkpoint->last = entry;
    }
    return CAIRN_OK;
}

enum cairn_err kvn_checkpoint_step(struct kvn_store *store, uint32_t entries, struct cairn_why *why)
{
    struct kvn_checkpoint *checkpoint = &store->checkpoint;
    if (!checkpoint->running || store->stepping) return CAIRN_OK;
    enum cairn_err err = kvn_store_refuses(store, why);
    if (err) return err;
    store->stepping = true;
    if (!checkpoint->written) err = step(store, entries, why);
    if (err) store->failed = err;
    store->stepping = false;
    if (checkpoint->written) drain(store);
    cairn_cond_broadcast(&store->changed);
    return err;
}

enum cairn_err kvn_checkpoint_finish(struct kvn_store *store, struct cairn_why *why)
{
    while (store->checkpoint.running) {
        enum cairn_err err = kvn_store_refuses(store, why);
        if (!err && !store->stepping) err = kvn_checkpoint_step(store, 1024, why);
        if (err) return err;
        if (store->checkpoint.running && (store->stepping || store->checkpoint.written))
            cairn_cond_wait(&store->changed, &store->lock);
    }
    return CAIRN_OK;
}

enum cairn_err kvn_checkpoint_all(struct kvn_store *store, struct cairn_why *why)
{
    enum cairn_err err = kvn_checkpoint_finish(store, why);
    if (err || !store->overlay[store->active].entries) return err;
    err = kvn_checkpoint_begin(store, true, why);
    return err ? err : kvn_checkpoint_finish(store, why);
}
