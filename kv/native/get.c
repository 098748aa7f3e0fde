/* SPDX-License-Identifier: ISC */
/* Reading values and lists. */
#include "get.h"

#include <cairn/bytes.h>

/* ---- one key -------------------------------------------------------------------------------- */

static enum cairn_err nothing_there(struct cairn_why *why)
{
    return cairn_why_fail(why, CAIRN_ENOENT, "there is nothing under this key");
}

/* The record of key; the root has one even when the tree has none. */
static enum cairn_err find_key(struct kvn_reader *reader, struct cairn_kv_key key,
                               struct kvn_found *found, struct cairn_why *why)
{
    struct kvn_place place;
    *found = (struct kvn_found){ .is = false };
    enum cairn_err err = kvn_place_find(reader, key, 0, &place, why);
    if (err) return err;
    err = kvn_find(reader, kvn_place_key(&place), found, why);
    if (err || found->is) return err;
    if (!place.is_root) return nothing_there(why);
    found->record = (struct kvn_record){ .kind = KVN_DICTIONARY, .id = reader->root_id };
    return CAIRN_OK;
}

enum cairn_err kvn_stat(struct cairn_kv *kv, struct cairn_kv_key key, struct cairn_kv_stat *stat,
                        struct cairn_why *why)
{
    struct kvn_reader reader;
    struct kvn_found found;
    enum cairn_err err = kvn_reader_open(&reader, kv, why);
    if (err) return err;
    err = find_key(&reader, key, &found, why);
    if (!err) {
        stat->kind = kvn_is_value(&found.record) ? CAIRN_KV_VALUE : CAIRN_KV_DICTIONARY;
        stat->size = kvn_is_value(&found.record) ? found.record.size : 0;
        stat->modified_ns = found.record.time_ns;
    }
    kvn_found_close(&found);
    kvn_reader_close(&reader);
    return err;
}

/* ---- bytes ---------------------------------------------------------------------------------- */

/* Bytes of a chunk, by way of a page of the pool's. The lock is dropped. */
static enum cairn_err chunk_get(struct kvn_reader *reader, struct kvn_slice encoded,
                                uint32_t offset, void *data, uint32_t bytes, struct cairn_why *why)
{
    struct kvn_store *store = reader->store;
    struct kvn_chunk chunk;
    enum cairn_err err = kvn_chunk_decode(&chunk, encoded, store->super.page_bytes);
    if (err) return cairn_why_fail(why, err, "a chunk that makes no sense");
    uint8_t *bounce = kvn_pool_take(&store->pool);
    if (!bounce) return cairn_why_fail(why, CAIRN_ENOMEM, "too many readers for the memory given");
    err = kvn_chunk_read(&store->values, &chunk, offset, data, bytes, bounce, why);
    kvn_pool_give(&store->pool, bounce);
    return err;
}

/* Bytes of one chunk of a large value, or zeros where it has none. */
static enum cairn_err large_piece(struct kvn_reader *reader, uint64_t id, uint64_t offset,
                                  void *data, uint32_t bytes, struct cairn_why *why)
{
    struct kvn_found found;
    uint8_t name[KVN_ID_BYTES];
    uint8_t key[KVN_KEY_MAX];
    kvn_key_make(name, offset / KVN_CHUNK_BYTES, NULL, 0);
    uint32_t key_bytes = kvn_key_make(key, id, name, sizeof name);
    enum cairn_err err = kvn_find(reader, (struct kvn_slice){ key, key_bytes }, &found, why);
    if (!err && !found.is)
        memset(data, 0, bytes);
    else if (!err && found.record.kind != KVN_CHUNK)
        err = cairn_why_fail(why, CAIRN_ECORRUPT, "a value's chunk is no chunk");
    else if (!err)
        err = chunk_get(reader, found.record.chunk, (uint32_t)(offset % KVN_CHUNK_BYTES), data,
                        bytes, why);
    kvn_found_close(&found);
    return err;
}

static enum cairn_err large_get(struct kvn_reader *reader, uint64_t id, uint64_t offset,
                                uint8_t *data, size_t bytes, struct cairn_why *why)
{
    enum cairn_err err = CAIRN_OK;
    while (bytes && !err) {
        uint32_t piece = KVN_CHUNK_BYTES - (uint32_t)(offset % KVN_CHUNK_BYTES);
        if (piece > bytes) piece = (uint32_t)bytes;
        err = large_piece(reader, id, offset, data, piece, why);
        data += piece;
        offset += piece;
        bytes -= piece;
    }
    return err;
}

static enum cairn_err record_get(struct kvn_reader *reader, const struct kvn_record *record,
                                 uint64_t offset, void *data, size_t bytes, struct cairn_why *why)
{
    if (record->kind == KVN_LARGE) return large_get(reader, record->id, offset, data, bytes, why);
    if (record->kind == KVN_SMALL)
        return chunk_get(reader, record->chunk, (uint32_t)offset, data, (uint32_t)bytes, why);
    memcpy(data, record->data.data + offset, bytes);
    return CAIRN_OK;
}

enum cairn_err kvn_get(struct cairn_kv *kv, struct cairn_kv_key key, uint64_t offset, void *data,
                       size_t bytes, size_t *done, struct cairn_why *why)
{
    struct kvn_reader reader;
    struct kvn_found found;
    enum cairn_err err = kvn_reader_open(&reader, kv, why);
    *done = 0;
    if (err) return err;
    err = find_key(&reader, key, &found, why);
    const struct kvn_record *record = &found.record;
    if (!err && !kvn_is_value(record))
        err = cairn_why_fail(why, CAIRN_EISDIR, "there is a dictionary under this key");
    if (!err && offset < record->size && bytes) {
        size_t have = record->size - offset < bytes ? (size_t)(record->size - offset) : bytes;
        err = record_get(&reader, record, offset, data, have, why);
        if (!err) *done = have;
    }
    kvn_found_close(&found);
    kvn_reader_close(&reader);
    return err;
}

/* ---- lists ---------------------------------------------------------------------------------- */

/* Entries from the beginning of mem, texts from its end. */
struct sheet {
    struct cairn_kv_entry *entries;
    uint8_t *low; /* of the texts */
    size_t count;
    bool full;
};

static uint8_t *sheet_take(struct sheet *sheet, size_t bytes, size_t with_entry)
{
    uint8_t *end = (uint8_t *)&sheet->entries[sheet->count + with_entry];
    if (sheet->low < end || (size_t)(sheet->low - end) < bytes) return NULL;
    sheet->low -= bytes;
    return sheet->low;
}

static void describe(struct cairn_kv_entry *entry, const struct kvn_record *record)
{
    bool value = kvn_is_value(record);
    entry->kind = value ? CAIRN_KV_VALUE : CAIRN_KV_DICTIONARY;
    entry->size = value ? record->size : 0;
    entry->modified_ns = record->time_ns;
}

static enum cairn_err sheet_add(struct sheet *sheet, struct kvn_walk *walk, uint32_t flags,
                                struct cairn_why *why)
{
    struct kvn_record record;
    uint32_t bytes = walk->key_bytes - KVN_ID_BYTES;
    uint8_t *name = sheet_take(sheet, bytes, 1);
    sheet->full = !name;
    if (!name) return CAIRN_OK;
    enum cairn_err err =
        kvn_record_decode(&record, walk->record, walk->reader->store->super.page_bytes, why);
    if (err) return err;
    struct cairn_kv_entry *entry = &sheet->entries[sheet->count];
    memcpy(name, walk->key + KVN_ID_BYTES, bytes);
    *entry = (struct cairn_kv_entry){ .name = (const char *)name, .name_bytes = bytes };
    describe(entry, &record);
    if ((flags & CAIRN_KV_VALUES) && record.kind == KVN_INLINE) {
        uint8_t *value = sheet_take(sheet, record.data.bytes, 1);
        if (value) memcpy(value, record.data.data, record.data.bytes);
        entry->value = value;
        /* Not for want of room of the whole sheet: the next one has more. */
        sheet->full = !value && sheet->count > 0;
        if (sheet->full) return CAIRN_OK;
    }
    sheet->count++;
    return CAIRN_OK;
}

static bool is_in(const struct kvn_walk *walk, const uint8_t id[KVN_ID_BYTES])
{
    return !walk->end && memcmp(walk->key, id, KVN_ID_BYTES) == 0;
}

/* Entries under id from `from` on into the sheet; *end: there are no more. */
static enum cairn_err fill(struct kvn_reader *reader, uint64_t id, struct cairn_kv_key from,
                           bool behind, uint32_t flags, struct sheet *sheet, bool *end,
                           struct cairn_why *why)
{
    struct kvn_walk walk = { .end = false };
    uint8_t key[KVN_KEY_MAX];
    uint8_t prefix[KVN_ID_BYTES];
    kvn_key_make(prefix, id, NULL, 0);
    struct kvn_slice at = { key, kvn_key_make(key, id, from.path, (uint32_t)from.bytes) };
    enum cairn_err err = kvn_walk_seek(&walk, reader, at, behind, why);
    while (!err && is_in(&walk, prefix) && !sheet->full) {
        err = sheet_add(sheet, &walk, flags, why);
        if (!err && !sheet->full) err = kvn_walk_next(&walk, why);
    }
    *end = !err && !sheet->full;
    kvn_walk_close(&walk);
    return err;
}

enum cairn_err kvn_list_id(struct kvn_reader *reader, uint64_t id, struct cairn_kv_key from,
                           bool behind, uint32_t flags, void *mem, size_t mem_bytes, size_t *count,
                           bool *end, struct cairn_why *why)
{
    struct sheet sheet = { .entries = mem, .low = (uint8_t *)mem + mem_bytes };
    enum cairn_err err = fill(reader, id, from, behind, flags, &sheet, end, why);
    *count = sheet.count;
    if (!err && sheet.full && !sheet.count)
        err = cairn_why_fail(why, CAIRN_ERANGE, "the list's memory does not hold one entry");
    return err;
}

enum cairn_err kvn_list(struct cairn_kv *kv, struct cairn_kv_key dictionary,
                        struct cairn_kv_key from, bool behind, uint32_t flags, void *mem,
                        size_t mem_bytes, size_t *count, bool *end, struct cairn_why *why)
{
    struct kvn_reader reader;
    struct kvn_found found;
    enum cairn_err err = kvn_reader_open(&reader, kv, why);
    *count = 0;
    *end = false;
    if (err) return err;
    err = find_key(&reader, dictionary, &found, why);
    if (!err && found.record.kind != KVN_DICTIONARY)
        err = cairn_why_fail(why, CAIRN_ENOTDIR, "there is a value under this key");
    uint64_t id = err ? 0 : found.record.id;
    kvn_found_close(&found);
    if (!err) err = kvn_list_id(&reader, id, from, behind, flags, mem, mem_bytes, count, end, why);
    kvn_reader_close(&reader);
    return err;
}
