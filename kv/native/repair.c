/* SPDX-License-Identifier: ISC */
/* A repair from begin to end: check, rings, map, a state that opens, check. */
#include "repair.h"

#include <cairn/bytes.h>

#include "store.h"

#define STEP_BYTES (UINT64_C(64) << 20)

struct repair {
    struct cairn_blk *dev;
    const struct cairn_kv_repair_options *options;
    struct cairn_kv_repair_result *result;
    void *mem;
    size_t mem_bytes;
    bool wants_map, wants_rings, fell_back; /* as the first check found */
    struct cairn_why *why;
};

/* ---- what is done ---------------------------------------------------------------------------- */

static const char *const actions[CAIRN_KV_FAULT_COUNT] = {
    [CAIRN_KV_FAULT_SUPER] = "taken from the other ring, or the eighth checkpoint writes it",
    [CAIRN_KV_FAULT_SUPER_TWIN] = "the one that belongs there is put into both rings",
    [CAIRN_KV_FAULT_SUPER_NEWEST] = "taken from the other ring",
    [CAIRN_KV_FAULT_ROOT] = "the state before it, with the log behind that, is made the newest one",
    [CAIRN_KV_FAULT_ENTRIES] = "counted anew",
    [CAIRN_KV_FAULT_MAP] = "built anew from what is in use",
    [CAIRN_KV_FAULT_MAP_FREE] = "counted anew",
    [CAIRN_KV_FAULT_USED_FREE] = "marked as in use",
    [CAIRN_KV_FAULT_LEAKED] = "made free",
    [CAIRN_KV_FAULT_FREE_COUNT] = "counted anew",
};

const char *cairn_kv_repair_action(enum cairn_kv_fault fault)
{
    return fault < CAIRN_KV_FAULT_COUNT ? actions[fault] : NULL;
}

static bool note(void *ctx, const struct cairn_kv_finding *finding)
{
    struct repair *repair = ctx;
    enum cairn_kv_fault fault = finding->fault;
    const char *action = cairn_kv_repair_action(fault);
    bool is_ring = fault == CAIRN_KV_FAULT_SUPER || fault == CAIRN_KV_FAULT_SUPER_TWIN ||
                   fault == CAIRN_KV_FAULT_SUPER_NEWEST;
    repair->wants_rings |= is_ring;
    repair->fell_back |= fault == CAIRN_KV_FAULT_ROOT;
    repair->wants_map |= action && !is_ring && fault != CAIRN_KV_FAULT_ROOT;
    repair->result->left += !action && finding->severity != CAIRN_KV_NOTE;
    const struct cairn_kv_repair_options *options = repair->options;
    return !options || !options->report || options->report(options->ctx, finding, action);
}

/* ---- checking -------------------------------------------------------------------------------- */

static enum cairn_err check_all(struct repair *repair, const struct cairn_kv_check_options *how,
                                struct cairn_kv_check_result *result)
{
    struct cairn_kv_check *check;
    bool more = true;
    enum cairn_err err =
        cairn_kv_check_begin(&check, repair->dev, how, repair->mem, repair->mem_bytes, repair->why);
    while (!err && more)
        err = cairn_kv_check_step(check, STEP_BYTES, &more, repair->why);
    if (!err) cairn_kv_check_result(check, result);
    return err;
}

/* ---- superblocks ----------------------------------------------------------------------------- */

static enum cairn_err super_put(struct repair *repair, const struct kvn_super *super, uint64_t at,
                                uint8_t *page)
{
    uint64_t blocks = super->page_bytes / cairn_blk_info(repair->dev)->block_bytes;
    memset(page, 0, super->page_bytes);
    kvn_super_encode(page, super);
    enum cairn_err err = cairn_blk_write(repair->dev, at * blocks, blocks, page, repair->why);
    repair->result->supers++;
    return err ? err : cairn_blk_flush(repair->dev, repair->why);
}

static bool super_get(struct repair *repair, const struct kvn_super *newest, uint64_t at,
                      uint8_t *page, struct kvn_super *super)
{
    uint64_t blocks = newest->page_bytes / cairn_blk_info(repair->dev)->block_bytes;
    return !cairn_blk_read(repair->dev, at * blocks, blocks, page, NULL) &&
           !kvn_super_decode(super, page, NULL) && super->page_bytes == newest->page_bytes &&
           super->pages == newest->pages && super->generation <= newest->generation &&
           memcmp(super->uuid, newest->uuid, sizeof super->uuid) == 0;
}

/* Each slot's newest superblock in both rings. */
static enum cairn_err rings_mend(struct repair *repair, const struct kvn_super *newest,
                                 uint8_t *page)
{
    enum cairn_err err = CAIRN_OK;
    for (uint64_t slot = 0; slot < KVN_RING && !err; slot++) {
        uint64_t tail = newest->pages - KVN_RING + slot;
        struct kvn_super one = { .generation = 0 }, other = { .generation = 0 };
        bool is_one = super_get(repair, newest, slot, page, &one);
        bool is_other = super_get(repair, newest, tail, page, &other);
        if (!is_one) one.generation = 0;
        if (!is_other) other.generation = 0;
        if (one.generation == other.generation) continue;
        bool head_lacks = one.generation < other.generation;
        err = super_put(repair, head_lacks ? &other : &one, head_lacks ? slot : tail, page);
    }
    return err;
}

/* ---- the map --------------------------------------------------------------------------------- */

static bool mend_take(struct kvn_mend **mend, struct cairn_arena *arena)
{
    struct kvn_mend *made = cairn_arena_array(arena, 1, sizeof *made, 64);
    if (!made) return false;
    made->bits = cairn_arena_take(arena, KVN_PAGE_MOST, 4096);
    bool all = made->bits;
    for (uint32_t i = 1; i < KVN_MEND_LEVELS && all; i++) {
        made->index[i] = cairn_arena_take(arena, KVN_PAGE_MOST, 4096);
        all = made->index[i];
        if (all) memset(made->index[i], 0, KVN_PAGE_MOST);
    }
    *mend = made;
    return all;
}

static enum cairn_err hidden(struct cairn_why *why)
{
    enum cairn_err err = cairn_why_fail(
        why, CAIRN_ECORRUPT, "damage hides what is in use: the map cannot be built anew");
    cairn_why_hint(why, "salvage copies what can still be read into another store");
    return err;
}

/* All pages of the map are on the device: one superblock leads to them. */
static enum cairn_err map_publish(struct repair *repair, const struct cairn_kv_check *check,
                                  uint8_t *page)
{
    const struct kvn_mend *mend = check->mend;
    struct kvn_super super = check->super;
    uint64_t slot = super.generation % KVN_RING;
    memcpy(super.top, mend->top, sizeof super.top);
    super.free_pages = mend->free;
    super.entries = check->result.entries;
    super.freed[slot] += mend->come_free;
    enum cairn_err err = cairn_blk_flush(repair->dev, repair->why);
    if (!err) err = super_put(repair, &super, slot, page);
    return err ? err : super_put(repair, &super, super.pages - KVN_RING + slot, page);
}

static enum cairn_err map_mend(struct repair *repair, struct kvn_super *newest)
{
    struct cairn_kv_check *check;
    struct cairn_arena arena;
    struct kvn_mend *mend;
    bool more = true;
    cairn_arena_init(&arena, repair->mem, repair->mem_bytes);
    if (!mend_take(&mend, &arena))
        return cairn_why_fail(repair->why, CAIRN_ENOMEM, "too little memory to repair the store");
    enum cairn_err err =
        cairn_kv_check_begin(&check, repair->dev, NULL, arena.at, arena.left, repair->why);
    if (err) return err;
    check->mend = repair->wants_map ? mend : NULL;
    *newest = check->super;
    while (repair->wants_map && more && !err) {
        if (check->phase == KVN_CHECK_MAP && check->blind) return hidden(repair->why);
        err = cairn_kv_check_step(check, 1, &more, repair->why);
        if (!err && mend->err) err = cairn_why_fail(repair->why, mend->err, "write the map");
    }
    repair->result->map_pages = mend->written;
    return err || !repair->wants_map ? err : map_publish(repair, check, mend->bits);
}

/* ---- a state that opens ---------------------------------------------------------------------- */

/* A checkpoint: its generation is newer than all that opening passed by. */
static enum cairn_err checkpoint(struct kvn_store *store, struct cairn_why *why)
{
    struct kvn_change_set set;
    enum cairn_err err = kvn_change_begin_bare(&set, store, 0, why);
    if (err) return err;
    err = kvn_checkpoint_finish(store, why);
    if (!err) err = kvn_checkpoint_begin(store, true, why);
    if (!err) err = kvn_checkpoint_finish(store, why);
    kvn_change_end(&set);
    cairn_lock_drop(&store->lock);
    return err;
}

static enum cairn_err settle(struct repair *repair, bool older)
{
    const struct cairn_kv_native_options options = { .keep = older ? KVN_RING - 2 : 0 };
    struct cairn_kv *kv;
    enum cairn_err err = cairn_kv_native_open(&kv, repair->dev, &options, repair->mem,
                                              repair->mem_bytes, repair->why);
    if (err) return err;
    err = checkpoint(kvn_store_of(kv), repair->why);
    enum cairn_err closing = cairn_kv_close(kv, err ? NULL : repair->why);
    return err ? err : closing;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static enum cairn_err mend(struct repair *repair)
{
    struct kvn_super newest = { .generation = 0 };
    enum cairn_err err = map_mend(repair, &newest);
    if (!err && repair->wants_rings) err = rings_mend(repair, &newest, repair->mem);
    if (!err && repair->fell_back) err = settle(repair, false);
    if (!err) err = check_all(repair, NULL, &repair->result->after);
    return err;
}

/* Something that was durable is gone, and that is accepted. */
static enum cairn_err take_older(struct repair *repair)
{
    enum cairn_err err = settle(repair, true);
    return err ? err : check_all(repair, NULL, &repair->result->after);
}

enum cairn_err cairn_kv_repair(struct cairn_blk *dev, const struct cairn_kv_repair_options *options,
                               void *mem, size_t mem_bytes, struct cairn_kv_repair_result *result,
                               struct cairn_why *why)
{
    struct repair repair = { .dev = dev,
                             .options = options,
                             .result = result,
                             .mem = mem,
                             .mem_bytes = mem_bytes,
                             .why = why };
    const struct cairn_kv_check_options how = { .report = note, .ctx = &repair };
    memset(result, 0, sizeof *result);
    bool plan_only = options && options->plan_only;
    if (!plan_only && cairn_blk_info(dev)->read_only)
        return cairn_why_fail(why, CAIRN_EROFS, "the device cannot be written");
    enum cairn_err err = check_all(&repair, &how, &result->before);
    if (err) return err;
    result->after = result->before;
    bool wanted = repair.wants_map || repair.wants_rings || repair.fell_back;
    if (plan_only) return CAIRN_OK;
    if (!result->before.opens && options && options->older) return take_older(&repair);
    if (!wanted) return CAIRN_OK;
    return result->before.opens ? mend(&repair) : hidden(why);
}
