/* SPDX-License-Identifier: ISC */
/* Making, opening and closing a store; what its memory is divided into. */
#include <cairn/bytes.h>

#include "recover.h"
#include "snapshot.h"

#define RUN_BYTES (UINT32_C(256) << 10) /* written at once, where memory is plenty */
#define MERGE_LEVELS 6u                 /* with pages of 4 KiB: some 10^9 entries */
#define SMALL_PAGES 256u                /* a budget of fewer is small */
#define PAGES_LEAST 64u
#define STEP_ENTRIES 16u /* with the lock held: no longer than a fast flush takes */

/* ---- memory --------------------------------------------------------------------------------- */

size_t cairn_kv_native_mem_good(const struct cairn_blk *dev, uint64_t bytes)
{
    uint64_t most = cairn_blk_bytes(dev) + (UINT64_C(8) << 20);
    uint64_t good = bytes + bytes / 2 + (UINT64_C(8) << 20);
    return (size_t)(good < most ? good : most);
}

size_t cairn_kv_native_mem_least(uint32_t page_bytes)
{
    return (size_t)(page_bytes < KVN_PAGE_LEAST ? KVN_PAGE_LEAST : page_bytes) * PAGES_LEAST;
}

/* The writer's pieces, and the merge's: whole pages first. */
static bool pieces_take(struct kvn_store *store, struct cairn_arena *arena, size_t budget)
{
    uint32_t page = store->super.page_bytes;
    bool small = budget / page < SMALL_PAGES;
    uint32_t chunk = small ? KVN_CHUNK_BYTES / 8 : KVN_CHUNK_BYTES;
    store->chunk_mem_bytes = chunk < page ? page : chunk;
    store->merge_levels = MERGE_LEVELS;
    store->run_pages = small ? 2 : RUN_BYTES / page < 4 ? 4 : RUN_BYTES / page;
    store->inline_max = page / 4 - 9;
    store->copy_mem = cairn_arena_take(arena, page, 4096);
    store->chunk_mem = cairn_arena_take(arena, store->chunk_mem_bytes, 4096);
    size_t merge = kvn_merge_mem(page, store->merge_levels, store->run_pages);
    store->merge_mem = cairn_arena_take(arena, store->kv.info.read_only ? 0 : merge, 64);
    store->record_mem = cairn_arena_take(arena, page / 4 + KVN_RECORD_MAX, 8);
    store->inline_mem = cairn_arena_take(arena, page / 4, 8);
    store->bulk.record = cairn_arena_take(arena, page / 4 + KVN_RECORD_MAX, 8);
    return store->copy_mem && store->chunk_mem && store->record_mem && store->inline_mem &&
           store->bulk.record && store->merge_mem;
}

static enum cairn_err too_little(struct cairn_why *why, size_t have, uint32_t page_bytes)
{
    enum cairn_err err = cairn_why_fail(why, CAIRN_ENOMEM, "%llu bytes of memory are too few",
                                        (unsigned long long)have);
    cairn_why_hint(why, "a store of pages of %u KiB takes at least %u KiB", page_bytes >> 10,
                   (unsigned)(cairn_kv_native_mem_least(page_bytes) >> 10));
    return err;
}

/* ---- opening -------------------------------------------------------------------------------- */

static void info_fill(struct kvn_store *store)
{
    const struct cairn_blk_info *info = cairn_blk_info(store->dev);
    static const enum cairn_kv_durability durability[] = {
        [CAIRN_BLK_DURABLE_NONE] = CAIRN_KV_DURABLE_NONE,
        [CAIRN_BLK_DURABLE_HOST] = CAIRN_KV_DURABLE_HOST,
        [CAIRN_BLK_DURABLE_MEDIA] = CAIRN_KV_DURABLE_MEDIA,
    };
    store->kv.info = (struct cairn_kv_info){
        .read_only = store->options.read_only || info->read_only,
        .atomic_batches = true,
        .views = true,
        .durability = durability[info->durability],
        .value_max = CAIRN_KV_VALUE_MAX,
        .inline_max = store->super.page_bytes / 4 - 9,
    };
}

static uint32_t keep_of(const struct kvn_store *store)
{
    if (store->options.keep) return store->options.keep > 6 ? 6 : store->options.keep;
    return store->kv.info.durability == CAIRN_KV_DURABLE_NONE ? 6 : 1;
}

static void state_fill(struct kvn_store *store)
{
    const struct kvn_super *super = &store->super;
    store->tree = (struct kvn_tree){ &store->pool, super->root, super->depth };
    store->values = (struct kvn_values){ .dev = store->dev,
                                         .space = &store->space,
                                         .lock = &store->lock,
                                         .page_bytes = super->page_bytes,
                                         .generation = super->generation + 1,
                                         .snapshot_generation = super->snapshot_generation,
                                         .pages = super->data_pages };
    for (uint32_t i = 0; i < 2; i++)
        kvn_overlay_init(&store->overlay[i], &store->pool);
    store->staged = store->logged = store->durable = 1;
    store->next_id = super->next_id;
    store->oldest = super->generation;
    store->graves = true;
}

static void pass_by(struct kvn_store *store)
{
    if (!store->fell_back++) store->passed_generation = store->super.generation;
    store->passed_seq = cairn_max_u64(store->passed_seq, store->super.log_seq);
}

/* The newest superblock whose root is there, from the one in store->super on. */
static enum cairn_err fall_back(struct kvn_store *store, struct cairn_why *why)
{
    for (;;) {
        struct cairn_why root_why;
        cairn_why_clear(&root_why);
        enum cairn_err err = kvn_root_check(store, &store->super, &root_why);
        if (!err) return CAIRN_OK;
        pass_by(store);
        if (kvn_super_find(store, store->super.generation, &store->super, NULL)) {
            if (why) *why = root_why;
            return err;
        }
    }
}

static enum cairn_err gone(const struct kvn_store *store, struct cairn_why *why)
{
    enum cairn_err err = cairn_why_fail(
        why, CAIRN_ECORRUPT,
        "the root of generation %llu is damaged, and the log behind generation %llu has not all "
        "that it had",
        (unsigned long long)store->passed_generation, (unsigned long long)store->super.generation);
    cairn_why_hint(why, "salvage copies what can still be read into another store");
    return err;
}

/* An older state is the newest from now on: no number of the log comes twice. */
static enum cairn_err take_older(struct kvn_store *store, struct cairn_why *why)
{
    store->log.seq = cairn_max_u64(store->log.seq, store->passed_seq);
    store->log.seq = cairn_max_u64(store->log.seq, store->log.behind_seq + 1);
    if (store->kv.info.read_only) return CAIRN_OK;
    enum cairn_err err = kvn_checkpoint_begin(store, true, why);
    return err ? err : kvn_checkpoint_finish(store, why);
}

/* All that the states passed by had is in the log once more; else an older one would be taken for
 * the newest (store.h, 7), which is for devices that are known to lie. What is built from now on is
 * newer than they. */
static enum cairn_err fallen_back(struct kvn_store *store, struct cairn_why *why)
{
    bool is_older = store->log.seq < store->passed_seq || store->log.behind_seq >= store->log.seq;
    if (is_older && !store->log.accepts) return gone(store, why);
    if (store->fell_back) {
        uint64_t next = cairn_max_u64(store->values.generation, store->passed_generation + 1);
        store->values.generation = next;
        kvn_space_skip(&store->space, next - 1);
    }
    return is_older ? take_older(store, why) : CAIRN_OK;
}

static enum cairn_err parts_open(struct kvn_store *store, struct cairn_arena *arena, size_t budget,
                                 struct cairn_why *why)
{
    if (!pieces_take(store, arena, budget)) return too_little(why, budget, store->super.page_bytes);
    enum cairn_err err = kvn_log_init(&store->log, arena, store->dev, &store->super, why);
    if (!err)
        err = kvn_space_init(&store->space, arena, store->dev, &store->super, keep_of(store), why);
    if (!err)
        err = kvn_pool_init(&store->pool, arena, store->dev, &store->lock, store->super.page_bytes,
                            why);
    if (!err) store->pool.uuid8 = cairn_le64(store->super.uuid);
    if (!err) store->log.accepts = store->options.keep > 1;
    return err;
}

/* Parts are made for the newest superblock's geometry, which older ones share but for the size;
 * when an older one counts, those that depend on more are made anew. */
static enum cairn_err parts_again(struct kvn_store *store, void *mem, size_t bytes,
                                  struct cairn_why *why)
{
    struct cairn_arena arena;
    kvn_pool_destroy(&store->pool);
    cairn_arena_init(&arena, mem, bytes);
    return parts_open(store, &arena, bytes, why);
}

/* Before anything new is written: a page that replayed commits speak of, but no longer need, may be
 * allocated; and a batch that was left out for want of a page or a block would be back when what is
 * written there next is what it lacked. */
static enum cairn_err vouch(struct kvn_store *store, struct cairn_why *why)
{
    if (store->kv.info.read_only || (!store->replayed && !store->log.dropped)) return CAIRN_OK;
    enum cairn_err err = kvn_log_vouch(store, why);
    if (err != CAIRN_ENOSPC) return err;
    err = kvn_checkpoint_begin(store, true, why);
    return err ? err : kvn_checkpoint_finish(store, why);
}

static enum cairn_err root_id_load(struct kvn_store *store, struct cairn_why *why)
{
    struct kvn_reader reader;
    struct kvn_found found;
    uint8_t key[KVN_KEY_MAX];
    uint32_t bytes = kvn_key_make(key, KVN_ID_ROOT, "", 0);
    kvn_reader_of_writer(&reader, store);
    enum cairn_err err = kvn_find(&reader, (struct kvn_slice){ key, bytes }, &found, why);
    store->root_id = !err && found.is ? found.record.id : KVN_ROOT_ID_FIRST;
    store->root_committed = store->root_id;
    kvn_found_close(&found);
    kvn_reader_leave(&reader);
    return err;
}

/* What only reads makes no new tree. */
static size_t mem_least(const struct kvn_store *store)
{
    size_t least = cairn_kv_native_mem_least(store->super.page_bytes);
    return store->kv.info.read_only ? least / 4 * 3 : least;
}

static enum cairn_err store_open(struct kvn_store *store, struct cairn_arena *arena,
                                 size_t mem_bytes, struct cairn_why *why)
{
    struct cairn_arena search = *arena; /* its memory is used again afterwards */
    uint32_t block = cairn_blk_info(store->dev)->block_bytes;
    store->super_page =
        cairn_arena_take(&search, block < KVN_SUPER_BYTES ? KVN_SUPER_BYTES : block, 4096);
    if (!store->super_page) return too_little(why, mem_bytes, block);
    enum cairn_err err = kvn_super_find(store, UINT64_MAX, &store->super, why);
    if (err) return err;
    uint32_t page = store->super.page_bytes;
    info_fill(store);
    if (mem_bytes < mem_least(store)) return too_little(why, mem_bytes, page);
    store->super_page = cairn_arena_take(arena, page, 4096);
    if (!store->super_page) return too_little(why, mem_bytes, page);
    uint8_t *rest = arena->at;
    size_t rest_bytes = arena->left;
    err = parts_open(store, arena, rest_bytes, why);
    if (!err) err = fall_back(store, why);
    if (!err && store->fell_back) err = parts_again(store, rest, rest_bytes, why);
    if (err) return err;
    if (store->super.ro_compat && !store->kv.info.read_only)
        return cairn_why_fail(why, CAIRN_ENOTSUP, "a newer format, which can only be read");
    state_fill(store);
    err = kvn_log_replay(store, why);
    if (!err) err = fallen_back(store, why);
    return err ? err : vouch(store, why);
}

/* What the tree itself has to say first. */
static enum cairn_err contents_open(struct kvn_store *store, struct cairn_why *why)
{
    enum cairn_err err = root_id_load(store, why);
    return err ? err : kvn_snapshots_load(store, why);
}

enum cairn_err kvn_open(struct cairn_kv **kv, struct cairn_blk *dev,
                        const struct cairn_kv_native_options *options, void *mem, size_t mem_bytes,
                        bool is_salvage, struct cairn_why *why)
{
    struct cairn_arena arena;
    cairn_arena_init(&arena, mem, mem_bytes);
    struct kvn_store *store = cairn_arena_array(&arena, 1, sizeof *store, 64);
    if (!store) return too_little(why, mem_bytes, KVN_PAGE_LEAST);
    store->dev = dev;
    if (options) store->options = *options;
    store->clock = store->options.clock ? store->options.clock : cairn_clock_wall_platform();
    store->kv.ops = &kvn_ops;
    store->kv.name = dev->name;
    store->kv.of = store;
    cairn_lock_init(&store->lock);
    cairn_cond_init(&store->changed);
    cairn_cond_init(&store->writer_left);
    cairn_cond_init(&store->log_left);
    cairn_lock_take(&store->lock);
    enum cairn_err err = store_open(store, &arena, mem_bytes, why);
    if (!err && !is_salvage) err = contents_open(store, why);
    cairn_lock_drop(&store->lock);
    if (!err)
        *kv = &store->kv;
    else
        cairn_lock_destroy(&store->lock);
    return err;
}

enum cairn_err cairn_kv_native_open(struct cairn_kv **kv, struct cairn_blk *dev,
                                    const struct cairn_kv_native_options *options, void *mem,
                                    size_t mem_bytes, struct cairn_why *why)
{
    return kvn_open(kv, dev, options, mem, mem_bytes, false, why);
}

/* ---- closing -------------------------------------------------------------------------------- */

enum cairn_err cairn_kv_native_checkpoint(struct cairn_kv *kv, struct cairn_why *why)
{
    struct kvn_store *store = kvn_store_of(kv);
    struct kvn_change_set set;
    enum cairn_err err = kvn_change_begin(&set, store, 0, why);
    if (err) return err;
    kvn_change_publish(&set);
    err = kvn_checkpoint_all(store, why);
    kvn_change_end(&set);
    cairn_lock_drop(&store->lock);
    return err;
}

enum cairn_err kvn_close(struct cairn_kv *kv, struct cairn_why *why)
{
    struct kvn_store *store = kvn_store_of(kv);
    enum cairn_err err = CAIRN_OK;
    if (!kv->info.read_only && !store->failed) err = cairn_kv_native_checkpoint(kv, why);
    kvn_pool_destroy(&store->pool);
    cairn_cond_destroy(&store->log_left);
    cairn_cond_destroy(&store->writer_left);
    cairn_cond_destroy(&store->changed);
    cairn_lock_destroy(&store->lock);
    return err;
}

/* ---- steps and figures
 * --------------------------------------------------------------------------- */

enum cairn_err cairn_kv_native_step(struct cairn_kv *kv, bool *more, struct cairn_why *why)
{
    struct kvn_store *store = kvn_store_of(kv);
    struct kvn_change_set set;
    enum cairn_err err = CAIRN_OK;
    cairn_lock_take(&store->lock);
    bool running = store->checkpoint.running;
    if (running) err = kvn_checkpoint_step(store, STEP_ENTRIES, why);
    bool reclaims = !running && store->graves && !store->writer && !store->kv.info.read_only;
    *more = kvn_checkpoint_can_step(store) || (running && store->graves);
    cairn_lock_drop(&store->lock);
    if (!reclaims) return err;
    err = kvn_change_begin(&set, store, 0, why);
    if (err) return err;
    kvn_change_end(&set);
    *more = kvn_checkpoint_can_step(store) || store->graves;
    cairn_lock_drop(&store->lock);
    return CAIRN_OK;
}

enum cairn_err cairn_kv_native_usage(struct cairn_kv *kv, struct cairn_kv_native_usage *usage,
                                     struct cairn_why *why)
{
    struct kvn_store *store = kvn_store_of(kv);
    (void)why;
    cairn_lock_take(&store->lock);
    const struct kvn_super *super = &store->super;
    *usage = (struct cairn_kv_native_usage){
        .geometry = { .version = super->version,
                      .page_bytes = super->page_bytes,
                      .pages = super->pages,
                      .log_bytes = super->log_bytes,
                      .generation = super->generation },
        .entries = super->entries,
        .tree_pages = super->tree_pages,
        .data_pages = store->values.pages,
        .free_pages = kvn_space_room(&store->space),
        .log_used_bytes = store->log.position - store->log.start,
        .depth = super->depth,
        .commits = store->commits,
        .flushes = store->flushes,
        .log_writes = store->log.writes,
        .log_bytes_written = store->log.written_bytes,
        .checkpoints = store->checkpoints,
        .pages_written = store->pages_written,
        .pages_read = store->pool.reads,
        .page_hits = store->pool.hits,
        .replayed_ops = store->replayed,
        .fell_back = store->fell_back,
    };
    memcpy(usage->geometry.uuid, super->uuid, sizeof super->uuid);
    memcpy(usage->geometry.label, super->label, sizeof super->label);
    cairn_lock_drop(&store->lock);
    return CAIRN_OK;
}
