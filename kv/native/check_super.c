/* SPDX-License-Identifier: ISC */
/* Superblocks, and what opening the store makes of them and of the log. */
#include <cairn/bytes.h>

#include "check.h"
#include "recover.h"

#define NO_PAGE UINT64_MAX

/* ---- rings ----------------------------------------------------------------------------------- */

static bool slot_read(struct cairn_kv_check *check, uint64_t page, uint8_t *mem,
                      struct kvn_super *super, struct cairn_why *why)
{
    cairn_why_clear(why);
    super->generation = 0;
    return !kvn_check_read(check, page, 1, mem) && !kvn_super_decode(super, mem, why) &&
           super->pages <= check->super.pages && super->page_bytes == check->super.page_bytes;
}

/* Of slot `slot`, which generation should be there: the newest one that it had. 0: none yet. */
static uint64_t slot_wants(const struct kvn_super *super, uint64_t slot)
{
    uint64_t back = (super->generation + KVN_RING - slot) % KVN_RING;
    return super->generation - back >= KVN_RING ? super->generation - back : 0;
}

static void slot_check(struct cairn_kv_check *check, uint64_t slot, uint8_t *mem)
{
    struct kvn_super super;
    struct cairn_why why;
    uint64_t wanted = slot_wants(&check->super, slot), got[2];
    for (uint32_t i = 0; i < 2; i++) {
        uint64_t page = i ? check->super.pages - KVN_RING + slot : slot;
        bool whole = slot_read(check, page, mem, &super, &why);
        got[i] = whole ? super.generation : 0;
        if (whole && super.pages < check->super.pages) return; /* its tail ring is where it was */
        if (!wanted || whole) continue;
        bool newest = wanted == check->super.generation;
        kvn_check_found(check, newest ? CAIRN_KV_FAULT_SUPER_NEWEST : CAIRN_KV_FAULT_SUPER, page,
                        wanted, 0);
        kvn_check_say(check, "page %llu has no superblock of generation %llu: %s",
                      (unsigned long long)page, (unsigned long long)wanted,
                      why.what[0] ? why.what : "it is of another store");
    }
    if (!got[0] || !got[1] || got[0] == got[1]) return;
    kvn_check_found(check, CAIRN_KV_FAULT_SUPER_TWIN, slot, got[0], got[1]);
    kvn_check_say(check, "slot %llu is of generation %llu in the first ring, %llu in the last one",
                  (unsigned long long)slot, (unsigned long long)got[0], (unsigned long long)got[1]);
}

/* ---- the log --------------------------------------------------------------------------------- */

static void value_say(struct cairn_kv_check *check, struct kvn_slice key, const char *what)
{
    kvn_check_found(check, CAIRN_KV_FAULT_LOG_VALUE, NO_PAGE, 0, 0);
    kvn_check_place(check, kvn_check_id(key.data), key.data + KVN_ID_BYTES,
                    key.bytes - KVN_ID_BYTES);
    kvn_check_say(check, "a value that is in the log alone: %s", what);
}

static void log_value(struct cairn_kv_check *check, struct kvn_store *store, struct kvn_slice key,
                      struct kvn_slice record)
{
    struct kvn_chunk chunk;
    bool is, whole = true;
    if (key.bytes < KVN_ID_BYTES) return;
    if (kvn_record_chunk(record, store->super.page_bytes, &chunk, &is, NULL))
        value_say(check, key, "its record makes no sense");
    else if (is && kvn_chunk_verify(&store->values, &chunk, store->super.generation,
                                    store->chunk_mem, &whole, NULL))
        value_say(check, key, "it cannot be read");
    else if (!whole)
        value_say(check, key, "a page of it is not what was committed");
}

/* Values that replaying the log gave, as they are behind it. */
static void log_values(struct cairn_kv_check *check, struct kvn_store *store)
{
    const struct kvn_overlay *overlay = &store->overlay[store->active];
    struct kvn_overlay_walk walk = { .entry = NULL };
    struct kvn_slice at = { (const uint8_t *)"", 0 };
    const struct kvn_entry *entry = kvn_overlay_seek(&walk, overlay, at, false, UINT64_MAX - 1);
    while (entry && !check->stopped) {
        const struct kvn_version *version = walk.version;
        at = kvn_entry_key(entry);
        if (!version->removed)
            log_value(check, store, at, (struct kvn_slice){ version->record, version->bytes });
        entry = kvn_overlay_seek(&walk, overlay, at, true, UINT64_MAX - 1);
    }
}

/* ---- opening --------------------------------------------------------------------------------- */

static void opened(struct cairn_kv_check *check, struct kvn_store *store)
{
    check->super = store->super;
    check->result.opens = true;
    check->result.log_commits = store->staged - 1;
    cairn_lock_take(&store->lock);
    log_values(check, store);
    cairn_lock_drop(&store->lock);
    if (!store->fell_back) return;
    kvn_check_found(check, CAIRN_KV_FAULT_ROOT, NO_PAGE, store->super.generation + 1, 0);
    kvn_check_say(check, "%llu newer states than generation %llu have no root",
                  (unsigned long long)store->fell_back,
                  (unsigned long long)store->super.generation);
}

/* The newest superblock whose root is there, of a store that does not open. */
static enum cairn_err find_super(struct kvn_store *store, struct cairn_arena *arena,
                                 struct cairn_why *why)
{
    enum cairn_err err = kvn_super_find(store, UINT64_MAX, &store->super, why);
    if (!err)
        err = kvn_pool_init(&store->pool, arena, store->dev, &store->lock, store->super.page_bytes,
                            why);
    if (err) return err;
    store->pool.uuid8 = cairn_le64(store->super.uuid);
    cairn_lock_take(&store->lock);
    while ((err = kvn_root_check(store, &store->super, why)) != CAIRN_OK)
        if (kvn_super_find(store, store->super.generation, &store->super, NULL)) break;
    cairn_lock_drop(&store->lock);
    kvn_pool_destroy(&store->pool);
    return err;
}

/* It does not open: is it the log? */
static enum cairn_err not_opened(struct cairn_kv_check *check, void *mem, size_t bytes,
                                 const struct cairn_why *opening, struct cairn_why *why)
{
    struct cairn_arena arena;
    uint64_t end, durable;
    cairn_arena_init(&arena, mem, bytes);
    struct kvn_store *store = cairn_arena_array(&arena, 1, sizeof *store, 64);
    if (store) store->super_page = cairn_arena_take(&arena, KVN_PAGE_MOST, 4096);
    if (!store || !store->super_page) return cairn_why_fail(why, CAIRN_ENOMEM, "check");
    struct cairn_arena rest = arena;
    store->dev = check->dev;
    cairn_lock_init(&store->lock);
    enum cairn_err err = find_super(store, &arena, why);
    cairn_lock_destroy(&store->lock);
    check->super = store->super;
    if (!err) err = kvn_log_init(&store->log, &rest, store->dev, &store->super, why);
    if (err) return err;
    bool is_log = kvn_replay_find_end(&store->log, &end, &durable, NULL) != CAIRN_OK;
    kvn_check_found(check, is_log ? CAIRN_KV_FAULT_LOG : CAIRN_KV_FAULT_OPEN, NO_PAGE, 0, 0);
    kvn_check_say(check, "the store does not open: %s", opening->what);
    return CAIRN_OK;
}

/* Not about what is on the device. */
static bool gives_up(enum cairn_err err)
{
    return err == CAIRN_EINVAL || err == CAIRN_ENOTSUP || err == CAIRN_ERANGE ||
           err == CAIRN_ENOMEM;
}

enum cairn_err kvn_check_open(struct cairn_kv_check *check, void *mem, size_t bytes,
                              struct cairn_why *why)
{
    const struct cairn_kv_native_options how = { .read_only = true };
    struct cairn_why opening;
    struct cairn_kv *kv = NULL;
    cairn_why_clear(&opening);
    enum cairn_err err = cairn_kv_native_open(&kv, check->dev, &how, mem, bytes, &opening);
    if (!err) {
        opened(check, kvn_store_of(kv));
        err = cairn_kv_close(kv, why);
    } else if (gives_up(err)) {
        if (why) *why = opening;
    } else {
        err = not_opened(check, mem, bytes, &opening, why);
    }
    for (uint64_t slot = 0; slot < KVN_RING && !err; slot++)
        slot_check(check, slot, mem);
    return err;
}
