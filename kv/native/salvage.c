/* SPDX-License-Identifier: ISC */
/* Salvage from begin to end: the old tree, if there is one; leaves; the log; names. */
#include "salvage.h"
#include "codec.h"

#include <cairn/bytes.h>

#include "recover.h"

#define IDS_BYTES (UINT32_C(1) << 20)

/* ---- the old store --------------------------------------------------------------------------- */

/* It does not open: its newest tree is of use all the same, if its root is there. */
static void tree_alone(struct kvn_salvage *salvage, void *mem, size_t bytes)
{
    struct cairn_arena arena;
    cairn_arena_init(&arena, mem, bytes);
    struct kvn_store *old = cairn_arena_array(&arena, 1, sizeof *old, 64);
    if (old) old->super_page = cairn_arena_take(&arena, KVN_PAGE_MOST, 4096);
    if (!old || !old->super_page) return;
    old->dev = salvage->from;
    if (kvn_super_find(old, UINT64_MAX, &old->super, NULL)) return;
    cairn_lock_init(&old->lock);
    if (kvn_pool_init(&old->pool, &arena, old->dev, &old->lock, old->super.page_bytes, NULL)) {
        cairn_lock_destroy(&old->lock);
        return;
    }
    old->pool.uuid8 = salvage->uuid8;
    cairn_lock_take(&old->lock);
    bool is_there = !kvn_root_check(old, &old->super, NULL);
    cairn_lock_drop(&old->lock);
    old->tree = (struct kvn_tree){ &old->pool, old->super.root, old->super.depth };
    if (is_there) {
        salvage->old = old;
        return;
    }
    kvn_pool_destroy(&old->pool);
    cairn_lock_destroy(&old->lock);
}

static void old_open(struct kvn_salvage *salvage, void *mem, size_t bytes)
{
    struct cairn_kv_native_options how = { .read_only = true };
    if (!kvn_open(&salvage->old_kv, salvage->from, &how, mem, bytes, true, NULL))
        salvage->old = kvn_store_of(salvage->old_kv);
    else
        tree_alone(salvage, mem, bytes);
    salvage->result->has_tree = salvage->old != NULL;
    salvage->result->has_log = salvage->old_kv != NULL;
}

static void old_close(struct kvn_salvage *salvage)
{
    if (salvage->old_kv) {
        (void)!cairn_kv_close(salvage->old_kv, NULL); /* it was only read */
    } else if (salvage->old) {
        kvn_pool_destroy(&salvage->old->pool);
        cairn_lock_destroy(&salvage->old->lock);
    }
}

/* Down the newest tree to the leaf that has key, if any has. */
static enum cairn_err go_down(const struct kvn_tree *tree, struct kvn_slice key,
                              struct kvn_pointer *pointer)
{
    *pointer = tree->root;
    for (uint32_t level = tree->depth; level-- > 1;) {
        struct kvn_frame *frame;
        enum cairn_err err = kvn_pool_get(tree->pool, pointer, (uint8_t)level, &frame, NULL);
        if (err) return err;
        uint32_t child = kvn_node_child(frame->bytes, key);
        kvn_pointer_decode(pointer, kvn_node_value(frame->bytes, child).data);
        kvn_pool_put(frame);
    }
    return CAIRN_OK;
}

static bool leaf_is_whole(const struct kvn_tree *tree, const struct kvn_pointer *pointer)
{
    struct kvn_frame *frame;
    if (!tree->depth) return true;
    if (kvn_pool_get(tree->pool, pointer, 0, &frame, NULL)) return false;
    kvn_pool_put(frame);
    return true;
}

/* Is what this leaf, of this hash, has under key what counts? Where the newest tree leads to it,
 * yes, if it is whole; where that leads to a damaged page, it may have been. */
static bool judge(const struct kvn_salvage *salvage, struct kvn_slice key, uint64_t page,
                  struct cairn_hash128 hash)
{
    struct kvn_store *old = salvage->old;
    struct kvn_pointer pointer;
    bool counts = true;
    if (!old) return true;
    cairn_lock_take(&old->lock);
    if (!go_down(&old->tree, key, &pointer))
        counts = pointer.page == page ? kvn_hash_equal(pointer.hash, hash)
                                      : !leaf_is_whole(&old->tree, &pointer);
    cairn_lock_drop(&old->lock);
    return counts;
}

/* ---- what it has ----------------------------------------------------------------------------- */

static enum cairn_err leaf_take(struct kvn_salvage *salvage, const struct kvn_leaf *leaf)
{
    enum cairn_err err = CAIRN_OK;
    if (!kvn_salvage_leaf(salvage, leaf)) return CAIRN_OK;
    struct cairn_hash128 hash = cairn_hash128(salvage->page, salvage->page_bytes);
    salvage->result->leaves++;
    for (uint32_t i = 0; i < kvn_node_count(salvage->page) && !err; i++) {
        uint8_t key[KVN_KEY_MAX];
        struct kvn_slice at = { key, kvn_node_key(salvage->page, i, key) };
        struct kvn_slice record = kvn_node_value(salvage->page, i);
        if (judge(salvage, at, leaf->page, hash)) err = kvn_salvage_entry(salvage, at, &record);
    }
    return err;
}

static enum cairn_err leaves_take(struct kvn_salvage *salvage)
{
    bool more = true;
    while (more) {
        kvn_salvage_scan(salvage, &more);
        salvage->result->passes++;
        for (uint32_t i = 0; i < salvage->leaf_count; i++) {
            enum cairn_err err = leaf_take(salvage, &salvage->leaf[i]);
            if (err) return err;
        }
    }
    return CAIRN_OK;
}

/* The changes that only the log has. The old store is only read: its overlay stays as it is. */
static enum cairn_err log_take(struct kvn_salvage *salvage)
{
    struct kvn_overlay_walk walk = { .entry = NULL };
    struct kvn_slice at = { (const uint8_t *)"", 0 };
    enum cairn_err err = CAIRN_OK;
    if (!salvage->old_kv) return CAIRN_OK;
    const struct kvn_overlay *overlay = &salvage->old->overlay[salvage->old->active];
    const struct kvn_entry *entry = kvn_overlay_seek(&walk, overlay, at, false, UINT64_MAX - 1);
    while (entry && !err) {
        const struct kvn_version *version = walk.version;
        struct kvn_slice record = { version->record, version->bytes };
        at = kvn_entry_key(entry);
        err = kvn_salvage_entry(salvage, at, version->removed ? NULL : &record);
        entry = kvn_overlay_seek(&walk, overlay, at, true, UINT64_MAX - 1);
    }
    return err;
}

static enum cairn_err contents_take(struct kvn_salvage *salvage)
{
    enum cairn_err err = leaves_take(salvage);
    if (!err) err = log_take(salvage);
    return err ? err : kvn_salvage_ids(salvage);
}

/* ---- all of it ------------------------------------------------------------------------------- */

static enum cairn_err fresh_open(struct kvn_salvage *salvage, struct cairn_blk *to, void *mem,
                                 size_t bytes)
{
    struct cairn_kv *kv;
    const struct cairn_kv_salvage_options *options = salvage->options;
    enum cairn_err err =
        cairn_kv_native_open(&kv, to, options ? options->native : NULL, mem, bytes, salvage->why);
    if (err) return err;
    salvage->fresh = kvn_store_of(kv);
    const struct kvn_super *super = &salvage->fresh->super;
    if (super->entries || salvage->fresh->replayed)
        err = cairn_why_fail(salvage->why, CAIRN_ENOTEMPTY, "the new store is not empty");
    else if (super->page_bytes < salvage->page_bytes)
        err = cairn_why_fail(salvage->why, CAIRN_EINVAL,
                             "the new store's pages, %u bytes, are smaller than the old one's, %u",
                             super->page_bytes, salvage->page_bytes);
    if (err) (void)!cairn_kv_close(kv, NULL);
    return err;
}

static bool parts_take(struct kvn_salvage *salvage, struct cairn_arena *arena)
{
    salvage->scan = cairn_arena_take(arena, KVN_SCAN_BYTES, 4096);
    salvage->page = cairn_arena_take(arena, KVN_PAGE_MOST, 4096);
    salvage->ids_bytes = cairn_min_u64(arena->left / 8, IDS_BYTES) / 128 * 128;
    salvage->ids = cairn_arena_take(arena, (size_t)salvage->ids_bytes, 64);
    salvage->leaf_max = (uint32_t)(arena->left / 4 / sizeof *salvage->leaf);
    salvage->leaf = cairn_arena_array(arena, salvage->leaf_max, sizeof *salvage->leaf, 64);
    return salvage->scan && salvage->page && salvage->ids && salvage->leaf;
}

static enum cairn_err salvage_do(struct kvn_salvage *salvage, struct cairn_blk *to,
                                 struct cairn_arena *arena)
{
    size_t half = arena->left / 2 / 4096 * 4096;
    uint8_t *mem = cairn_arena_take(arena, half, 4096);
    enum cairn_err err = fresh_open(salvage, to, mem, half);
    if (err) return err;
    old_open(salvage, arena->at, arena->left);
    err = contents_take(salvage);
    old_close(salvage);
    if (!err) err = cairn_kv_native_checkpoint(&salvage->fresh->kv, salvage->why);
    enum cairn_err closing = cairn_kv_close(&salvage->fresh->kv, err ? NULL : salvage->why);
    return err ? err : closing;
}

enum cairn_err cairn_kv_salvage(struct cairn_blk *from, struct cairn_blk *to,
                                const struct cairn_kv_salvage_options *options, void *mem,
                                size_t mem_bytes, struct cairn_kv_salvage_result *result,
                                struct cairn_why *why)
{
    struct cairn_arena arena;
    struct kvn_salvage salvage = { .from = from, .options = options, .result = result, .why = why };
    memset(result, 0, sizeof *result);
    cairn_arena_init(&arena, mem, mem_bytes);
    if (mem_bytes < CAIRN_KV_SALVAGE_MEM_LEAST || !parts_take(&salvage, &arena))
        return cairn_why_fail(why, CAIRN_ENOMEM, "salvaging takes %u bytes of memory",
                              CAIRN_KV_SALVAGE_MEM_LEAST);
    enum cairn_err err = kvn_salvage_shape(&salvage);
    result->page_bytes = salvage.page_bytes;
    return err ? err : salvage_do(&salvage, to, &arena);
}
