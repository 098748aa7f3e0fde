/* SPDX-License-Identifier: ISC */
/* Entries: what may lie where, ids, and the pages of values. */
#include "check.h"

#define CHUNKS_MOST (CAIRN_KV_VALUE_MAX / KVN_CHUNK_BYTES)

/* ---- findings of an entry -------------------------------------------------------------------- */

static void found(struct cairn_kv_check *check, enum cairn_kv_fault fault, struct kvn_slice key,
                  uint64_t a)
{
    kvn_check_found(check, fault, UINT64_MAX, a, 0);
    kvn_check_place(check, kvn_check_id(key.data), key.data + KVN_ID_BYTES,
                    key.bytes - KVN_ID_BYTES);
}

/* ---- ids ------------------------------------------------------------------------------------- */

/* What a log has that is not in the tree yet may settle it. */
static void id_say(struct cairn_kv_check *check, const char *what, uint64_t id)
{
    if (check->result.log_commits) check->finding.severity = CAIRN_KV_NOTE;
    kvn_check_say(check, "%s id %llu%s", what, (unsigned long long)id,
                  check->result.log_commits ? " (the log may settle it)" : "");
}

/* Of the ids behind the window, the next one begins with the lowest. */
static void note_behind(struct cairn_kv_check *check, uint64_t id)
{
    const struct kvn_check_window *ids = &check->ids;
    if (id < ids->first || id - ids->first < ids->count || id >= check->super.next_id) return;
    if (!check->ids_next || id < check->ids_next) check->ids_next = id;
}

/* A record has this id. */
static void id_named(struct cairn_kv_check *check, struct kvn_slice key, uint64_t id)
{
    struct kvn_check_window *ids = &check->ids;
    if ((id < KVN_ID_FIRST || id >= check->super.next_id) && check->first_pass) {
        found(check, CAIRN_KV_FAULT_ID, key, id);
        kvn_check_say(check, "its id is %llu, the next that will be given %llu",
                      (unsigned long long)id, (unsigned long long)check->super.next_id);
    }
    note_behind(check, id);
    if (!kvn_check_in(ids, id)) return;
    if (kvn_bits_put(ids->is, id - ids->first, 1, true) == 1) return;
    found(check, CAIRN_KV_FAULT_ID_TWICE, key, id);
    id_say(check, "another record has its", id);
}

static void id_used(struct cairn_kv_check *check, uint64_t id)
{
    struct kvn_check_window *ids = &check->ids;
    note_behind(check, id);
    if (kvn_check_in(ids, id)) (void)kvn_bits_put(ids->also, id - ids->first, 1, true);
}

void kvn_check_ids(struct cairn_kv_check *check)
{
    struct kvn_check_window *ids = &check->ids;
    if (!check->has_root && kvn_check_in(ids, KVN_ID_FIRST))
        (void)kvn_bits_put(ids->is, KVN_ID_FIRST - ids->first, 1, true);
    for (uint64_t i = 0; i < ids->count && !check->blind && !check->stopped; i++) {
        if (!kvn_bit(ids->also, i) || kvn_bit(ids->is, i)) continue;
        kvn_check_found(check, CAIRN_KV_FAULT_ID_ORPHAN, UINT64_MAX, ids->first + i, 0);
        id_say(check, "entries that nothing leads to, under", ids->first + i);
    }
}

/* ---- what may lie where ---------------------------------------------------------------------- */

static bool is_segment(struct kvn_slice key)
{
    for (uint32_t i = KVN_ID_BYTES; i < key.bytes; i++)
        if (key.data[i] == '/') return false;
    return key.bytes > KVN_ID_BYTES;
}

static bool is_chunk_number(struct kvn_slice key)
{
    return key.bytes == 2 * KVN_ID_BYTES && kvn_check_id(key.data + KVN_ID_BYTES) < CHUNKS_MOST;
}

static bool kind_fits(uint64_t id, enum kvn_kind kind)
{
    if (id >= KVN_ID_FIRST) return kind <= KVN_CHUNK;
    static const enum kvn_kind kinds[] = { KVN_GRAVE, KVN_SNAPSHOT, KVN_DICTIONARY };
    return id < sizeof kinds / sizeof *kinds && kind == kinds[id];
}

static bool name_fits(uint64_t id, enum kvn_kind kind, struct kvn_slice key)
{
    if (id == KVN_ID_ROOT) return key.bytes == KVN_ID_BYTES;
    if (id == KVN_ID_GRAVES) return key.bytes == 2 * KVN_ID_BYTES;
    return kind == KVN_CHUNK ? is_chunk_number(key) : is_segment(key);
}

bool kvn_entry_fits(struct kvn_slice key, enum kvn_kind kind)
{
    uint64_t id = kvn_check_id(key.data);
    return kind_fits(id, kind) && name_fits(id, kind, key);
}

/* Entries of one id are all chunks, or all names. */
static bool fits_beside(struct cairn_kv_check *check, uint64_t id, enum kvn_kind kind)
{
    bool same = check->last_id != id || check->last_is_chunk == (kind == KVN_CHUNK);
    check->last_id = id;
    check->last_is_chunk = kind == KVN_CHUNK;
    return same;
}

static void place_check(struct cairn_kv_check *check, struct kvn_slice key,
                        const struct kvn_record *record)
{
    uint64_t id = kvn_check_id(key.data);
    bool fits = fits_beside(check, id, record->kind) && kind_fits(id, record->kind);
    if (!check->first_pass) return;
    if (!fits) {
        found(check, CAIRN_KV_FAULT_RECORD_KIND, key, (uint64_t)record->kind);
        kvn_check_say(check, "a record of kind %u has no place under id %llu",
                      (unsigned)record->kind, (unsigned long long)id);
    } else if (!name_fits(id, record->kind, key)) {
        found(check, CAIRN_KV_FAULT_KEY, key, 0);
        kvn_check_say(check, "no entry under id %llu has such a name", (unsigned long long)id);
    }
}

/* ---- values ---------------------------------------------------------------------------------- */

static void value_found(struct cairn_kv_check *check, const struct kvn_check_run *run,
                        enum cairn_kv_fault fault, uint64_t page, const char *what)
{
    kvn_check_found(check, fault, page, page, 0);
    kvn_check_place(check, run->id, run->name, run->name_bytes);
    kvn_check_say(check, "page %llu, of a value: %s", (unsigned long long)page, what);
}

static void run_check(struct cairn_kv_check *check, const struct kvn_check_run *run,
                      const uint8_t *bytes, enum cairn_err err)
{
    uint32_t page_bytes = check->super.page_bytes;
    for (uint32_t i = 0; i < run->count && !check->stopped; i++) {
        const uint8_t *page = bytes + (size_t)i * page_bytes;
        if (err && kvn_check_read(check, run->page + i, 1, check->map_page)) {
            value_found(check, run, CAIRN_KV_FAULT_VALUE_READ, run->page + i, "it cannot be read");
            continue;
        }
        if (err) page = check->map_page;
        if (kvn_hash_equal(cairn_hash128(page, page_bytes), run->hash[i])) continue;
        value_found(check, run, CAIRN_KV_FAULT_VALUE_HASH, run->page + i,
                    "it is not what was written there");
    }
}

void kvn_check_values(struct cairn_kv_check *check)
{
    struct cairn_blk_req reqs[KVN_CHECK_QUEUE];
    struct cairn_blk_seg segs[KVN_CHECK_QUEUE];
    uint32_t bytes = check->super.page_bytes, at = 0;
    uint64_t blocks = bytes / cairn_blk_info(check->dev)->block_bytes;
    for (uint32_t i = 0; i < check->queued; i++) {
        const struct kvn_check_run *run = &check->queue[i];
        uint8_t *to = check->value_mem + (size_t)at * bytes;
        segs[i] = (struct cairn_blk_seg){ to, (size_t)run->count * bytes };
        reqs[i] = (struct cairn_blk_req){ .op = CAIRN_BLK_READ,
                                          .block = run->page * blocks,
                                          .count = run->count * blocks,
                                          .segs = &segs[i],
                                          .seg_count = 1 };
        at += run->count;
    }
    if (check->queued) (void)!cairn_blk_submit(check->dev, reqs, check->queued);
    check->result.bytes_read += (uint64_t)at * bytes;
    for (uint32_t i = 0; i < check->queued; i++)
        run_check(check, &check->queue[i], segs[i].data, reqs[i].status);
    check->queued = check->queued_pages = 0;
}

static void queue_put(struct cairn_kv_check *check, struct kvn_slice key,
                      const struct kvn_chunk *chunk, const struct kvn_run *run)
{
    if (check->queued == KVN_CHECK_QUEUE || check->queued_pages + run->count > check->value_pages)
        kvn_check_values(check);
    struct kvn_check_run *item = &check->queue[check->queued++];
    item->page = run->page;
    item->count = run->count;
    item->id = kvn_check_id(key.data);
    item->name_bytes = key.bytes - KVN_ID_BYTES;
    memcpy(item->name, key.data + KVN_ID_BYTES, item->name_bytes);
    memcpy(item->hash, &chunk->hash[run->first], run->count * sizeof *item->hash);
    check->queued_pages += run->count;
}

/* Pages of the newest tree are one value's; a snapshot's may be that one's, too. */
static void run_mark(struct cairn_kv_check *check, struct kvn_slice key, const struct kvn_run *run)
{
    struct kvn_check_window *pages = &check->pages;
    for (uint64_t page = run->page; page < run->page + run->count; page++) {
        if (!kvn_check_in(pages, page)) continue;
        uint64_t at = page - pages->first;
        bool is_new = kvn_bits_put(pages->is, at, 1, true) == 1;
        check->result.data_pages += is_new;
        if (is_new || (!check->walk.newest && !kvn_bit(pages->also, at))) continue;
        found(check, CAIRN_KV_FAULT_VALUE_SHARED, key, 0);
        check->finding.page = page;
        kvn_check_say(check, "page %llu, of a value, is something else's, too",
                      (unsigned long long)page);
    }
}

static void chunk_check(struct cairn_kv_check *check, struct kvn_slice key, struct kvn_slice record)
{
    struct kvn_chunk chunk;
    bool is;
    if (kvn_record_chunk(record, check->super.page_bytes, &chunk, &is, NULL) || !is) return;
    for (uint32_t i = 0; i < chunk.runs; i++) {
        const struct kvn_run *run = &chunk.run[i];
        if (!kvn_check_comes(check, run->page, run->count) || run->birth > check->walk.generation) {
            check->blind = true;
            if (!check->first_pass) continue;
            found(check, CAIRN_KV_FAULT_VALUE_PLACE, key, run->page);
            kvn_check_say(check, "%u pages from %llu on, of generation %llu, are no value's",
                          run->count, (unsigned long long)run->page,
                          (unsigned long long)run->birth);
            continue;
        }
        run_mark(check, key, run);
        if (check->first_pass && !run->reserved) queue_put(check, key, &chunk, run);
    }
}

/* ---- an entry -------------------------------------------------------------------------------- */

/* A snapshot's tree, or that of one that is removed, is walked later, if it is its turn. */
static void tree_note(struct cairn_kv_check *check, const struct kvn_record *record)
{
    uint64_t number = check->trees_seen++;
    if (number < check->trees_done || check->tree_count == KVN_CHECK_TREES) return;
    check->tree[check->tree_count++] =
        (struct kvn_check_tree){ record->root, record->generation, record->depth };
}

static void count(struct cairn_kv_check *check, const struct kvn_record *record)
{
    struct cairn_kv_check_result *result = &check->result;
    if (!check->first_pass) return;
    result->dictionaries += record->kind == KVN_DICTIONARY;
    result->snapshots += record->kind == KVN_SNAPSHOT;
    result->values +=
        record->kind == KVN_INLINE || record->kind == KVN_SMALL || record->kind == KVN_LARGE;
}

static void newest_entry(struct cairn_kv_check *check, struct kvn_slice key,
                         const struct kvn_record *record)
{
    uint64_t id = kvn_check_id(key.data);
    count(check, record);
    place_check(check, key, record);
    if (id >= KVN_ID_FIRST) id_used(check, id);
    if (id == KVN_ID_ROOT) check->has_root = true;
    if (record->kind == KVN_DICTIONARY || record->kind == KVN_LARGE)
        id_named(check, key, record->id);
    if (record->kind == KVN_GRAVE && !record->is_snapshot && key.bytes == 2 * KVN_ID_BYTES)
        id_named(check, key, kvn_check_id(key.data + KVN_ID_BYTES));
    if (record->kind == KVN_SNAPSHOT || (record->kind == KVN_GRAVE && record->is_snapshot))
        tree_note(check, record);
}

void kvn_check_entry(struct cairn_kv_check *check, struct kvn_slice key, struct kvn_slice bytes)
{
    struct kvn_record record;
    struct cairn_why why;
    cairn_why_clear(&why);
    if (key.bytes < KVN_ID_BYTES || key.bytes > KVN_KEY_MAX) {
        check->blind = true;
        kvn_check_found(check, CAIRN_KV_FAULT_KEY, UINT64_MAX, key.bytes, 0);
        if (check->first_pass) kvn_check_say(check, "a key of %u bytes", key.bytes);
        return;
    }
    if (kvn_record_decode(&record, bytes, check->super.page_bytes, &why)) {
        check->blind = true;
        found(check, CAIRN_KV_FAULT_RECORD, key, 0);
        if (check->first_pass) kvn_check_say(check, "%s", why.what);
        return;
    }
    if (check->walk.newest) newest_entry(check, key, &record);
    chunk_check(check, key, bytes);
}
