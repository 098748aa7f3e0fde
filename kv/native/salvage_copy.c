/* SPDX-License-Identifier: ISC */
/* One entry of an old store into a new one, with the pages of its value. */
#include <cairn/bytes.h>
#include <cairn/text.h>

#include "check.h"
#include "edit.h"
#include "salvage.h"

#define ID_MOST (UINT64_C(1) << 62)

/* ---- pages of values ------------------------------------------------------------------------- */

static bool page_get(struct kvn_salvage *salvage, uint64_t page, const struct cairn_hash128 *hash)
{
    uint32_t size = salvage->page_bytes, block = cairn_blk_info(salvage->from)->block_bytes;
    uint64_t blocks = size / block;
    return page < salvage->pages &&
           !cairn_blk_read(salvage->from, page * blocks, blocks, salvage->scan, NULL) &&
           kvn_hash_equal(cairn_hash128(salvage->scan, size), *hash);
}

/* The chunk once more, with pages of the new store; those that are lost are left out. */
static enum cairn_err chunk_copy(struct kvn_salvage *salvage, struct kvn_change_set *set,
                                 const struct kvn_chunk *old, struct kvn_chunk *made,
                                 uint64_t *lost)
{
    uint32_t size = salvage->page_bytes;
    memset(made, 0, sizeof *made);
    *lost = 0;
    for (uint32_t r = 0; r < old->runs; r++) {
        const struct kvn_run *run = &old->run[r];
        for (uint32_t i = 0; i < run->count && !run->reserved; i++) {
            struct kvn_chunk before = *made;
            uint32_t at = run->first + i;
            if (!page_get(salvage, run->page + i, &old->hash[at])) {
                ++*lost;
                continue;
            }
            enum cairn_err err = kvn_chunk_put(set, made->runs ? &before : NULL, at * size,
                                               salvage->scan, size, made, salvage->why);
            if (err) return err;
        }
    }
    return CAIRN_OK;
}

static enum cairn_err tell(struct kvn_salvage *salvage, struct kvn_slice key, uint64_t lost)
{
    const struct cairn_kv_salvage_options *options = salvage->options;
    struct cairn_text text;
    char name[1056], what[64];
    salvage->result->pages_lost += lost;
    salvage->result->torn++;
    if (!options || !options->report) return CAIRN_OK;
    cairn_text_init(&text, name, sizeof name);
    cairn_text_escaped(&text, (const char *)key.data + KVN_ID_BYTES, key.bytes - KVN_ID_BYTES);
    cairn_text_init(&text, what, sizeof what);
    cairn_text_fmt(&text, "%llu pages of it are lost, and read as zeros", (unsigned long long)lost);
    if (options->report(options->ctx, kvn_check_id(key.data), name, what)) return CAIRN_OK;
    return cairn_why_fail(salvage->why, CAIRN_ECANCELED, "salvage");
}

/* ---- staging --------------------------------------------------------------------------------- */

static enum cairn_err stage(struct kvn_salvage *salvage, struct kvn_change_set *set,
                            struct kvn_slice key, struct kvn_record *record,
                            uint8_t encoded[KVN_CHUNK_RECORD_MAX])
{
    struct kvn_store *fresh = salvage->fresh;
    struct kvn_chunk old, made;
    uint64_t lost = 0;
    enum cairn_err err = CAIRN_OK;
    if (record && record->chunk.data) {
        err = kvn_chunk_decode(&old, record->chunk, salvage->page_bytes);
        if (!err) err = chunk_copy(salvage, set, &old, &made, &lost);
        if (err) return err;
        record->chunk = (struct kvn_slice){ encoded, kvn_chunk_encode(encoded, &made) };
    }
    uint64_t id = cairn_max_u64(kvn_check_id(key.data), record ? record->id : 0);
    if (id >= fresh->next_id) fresh->next_id = id + 1;
    if (record && kvn_check_id(key.data) == KVN_ID_ROOT) fresh->root_id = record->id;
    if (record && record->kind == KVN_GRAVE) fresh->graves = true;
    err = kvn_stage(set, key, record, salvage->why);
    return !err && lost ? tell(salvage, key, lost) : err;
}

/* Does it make sense, and belong to what is taken along? */
static bool is_wanted(struct kvn_slice key, const struct kvn_record *record)
{
    if (key.bytes < KVN_ID_BYTES || key.bytes > KVN_KEY_MAX) return false;
    if (!kvn_entry_fits(key, record->kind) || kvn_check_id(key.data) >= ID_MOST) return false;
    if (record->kind == KVN_SNAPSHOT || (record->kind == KVN_GRAVE && record->is_snapshot))
        return false;
    bool has_id = record->kind == KVN_LARGE || record->kind == KVN_DICTIONARY;
    return !has_id || (record->id >= KVN_ID_FIRST && record->id < ID_MOST);
}

/* Durable with the next checkpoint: nobody waits for one entry. */
static enum cairn_err end(struct kvn_store *fresh, struct kvn_change_set *set, enum cairn_err err,
                          struct cairn_why *why)
{
    if (err && kvn_change_undo(set, NULL)) err = fresh->failed;
    kvn_change_end(set);
    if (!err && fresh->pending_bytes > fresh->log.buffer_bytes / 2) err = kvn_log_all(fresh, why);
    cairn_lock_drop(&fresh->lock);
    return err;
}

enum cairn_err kvn_salvage_entry(struct kvn_salvage *salvage, struct kvn_slice key,
                                 const struct kvn_slice *bytes)
{
    struct kvn_change_set set;
    struct kvn_record record;
    uint8_t encoded[KVN_CHUNK_RECORD_MAX]; /* of the new chunk */
    if (bytes &&
        (kvn_record_decode(&record, *bytes, salvage->page_bytes, NULL) || !is_wanted(key, &record)))
        return CAIRN_OK;
    uint64_t pages = bytes && record.chunk.data ? KVN_CHUNK_PAGES_MAX : 0;
    enum cairn_err err = kvn_change_begin_bare(&set, salvage->fresh, pages, salvage->why);
    if (err) return err;
    err = kvn_room_check(salvage->fresh, pages, !bytes, salvage->why);
    if (!err) err = stage(salvage, &set, key, bytes ? &record : NULL, encoded);
    salvage->result->entries += bytes && !err;
    return end(salvage->fresh, &set, err, salvage->why);
}
