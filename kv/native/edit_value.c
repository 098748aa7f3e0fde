/* SPDX-License-Identifier: ISC */
/*
 * Values: in place up to a quarter of a page, in one chunk up to 64 KiB, in chunks under an id of
 * their own above that. A value goes from one form to the next as it grows, and never back but by
 * being set.
 */
#include <cairn/bytes.h>

#include "edit.h"

enum cairn_err kvn_pages_ready(struct kvn_change_set *set, uint64_t pages, bool grows,
                               struct cairn_why *why)
{
    struct kvn_store *store = set->store;
    while (store->sealing)
        cairn_cond_wait(&store->changed, &store->lock);
    if (kvn_values_early_full(&store->values)) {
        enum cairn_err err = kvn_checkpoint_finish(store, why);
        if (err) return err;
    }
    return kvn_room_check(store, pages, !grows, why);
}

/* ---- chunks --------------------------------------------------------------------------------- */

/* A chunk that could not be staged: what was allocated for it, beyond what old (or NULL) has, is no
 * key's, and nobody else would give it back. */
static enum cairn_err give_back(struct kvn_change_set *set, const struct kvn_chunk *chunk,
                                const struct kvn_chunk *old, enum cairn_err err)
{
    struct kvn_store *store = set->store;
    if (err && kvn_chunk_free_but(&store->values, chunk, old, store->values.generation, NULL))
        store->failed = err;
    return err;
}

enum cairn_err kvn_chunk_put(struct kvn_change_set *set, const struct kvn_chunk *old,
                             uint32_t offset, const uint8_t *data, uint32_t bytes,
                             struct kvn_chunk *out, struct cairn_why *why)
{
    struct kvn_store *store = set->store;
    uint32_t page = store->super.page_bytes;
    struct kvn_chunk now;
    memset(&now, 0, sizeof now);
    if (old) now = *old;
    bool grows;
    uint32_t wants = kvn_chunk_wants(&store->values, &now, offset, bytes, &grows);
    enum cairn_err err = kvn_pages_ready(set, wants, grows, why);
    while (bytes && !err) {
        uint32_t most = store->chunk_mem_bytes - offset % page;
        uint32_t piece = bytes < most ? bytes : most;
        err =
            kvn_chunk_write(&store->values, &now, offset, data, piece, out, store->chunk_mem, why);
        if (!err) now = *out;
        data += piece;
        offset += piece;
        bytes -= piece;
    }
    *out = now;
    return give_back(set, &now, old, err);
}

static enum cairn_err stage_chunk(struct kvn_change_set *set, uint64_t id, uint64_t number,
                                  const struct kvn_chunk *chunk, struct cairn_why *why)
{
    uint8_t name[KVN_ID_BYTES];
    uint8_t key[KVN_KEY_MAX];
    uint8_t encoded[KVN_CHUNK_RECORD_MAX];
    struct kvn_record record = { .kind = KVN_CHUNK };
    record.chunk = (struct kvn_slice){ encoded, kvn_chunk_encode(encoded, chunk) };
    kvn_key_make(name, number, NULL, 0);
    uint32_t bytes = kvn_key_make(key, id, name, sizeof name);
    return kvn_stage(set, (struct kvn_slice){ key, bytes }, &record, why);
}

/* Chunk `number` of a large value; *is false: it has none. */
static enum cairn_err find_chunk(struct kvn_change_set *set, uint64_t id, uint64_t number,
                                 struct kvn_chunk *chunk, bool *is, struct cairn_why *why)
{
    struct kvn_reader reader;
    struct kvn_found found;
    uint8_t name[KVN_ID_BYTES];
    uint8_t key[KVN_KEY_MAX];
    kvn_key_make(name, number, NULL, 0);
    uint32_t bytes = kvn_key_make(key, id, name, sizeof name);
    kvn_reader_of_writer(&reader, set->store);
    enum cairn_err err = kvn_find(&reader, (struct kvn_slice){ key, bytes }, &found, why);
    *is = !err && found.is;
    if (*is && found.record.kind != KVN_CHUNK)
        err = cairn_why_fail(why, CAIRN_ECORRUPT, "a value's chunk is no chunk");
    if (!err && *is)
        err = kvn_chunk_decode(chunk, found.record.chunk, set->store->super.page_bytes);
    kvn_found_close(&found);
    kvn_reader_leave(&reader);
    return err;
}

/* ---- forms ---------------------------------------------------------------------------------- */

static enum cairn_err stage_inline(struct kvn_change_set *set, struct kvn_slice key,
                                   const void *data, size_t bytes, struct cairn_why *why)
{
    struct kvn_record record = { .kind = KVN_INLINE,
                                 .time_ns = set->time_ns,
                                 .size = bytes,
                                 .data = { data, (uint32_t)bytes } };
    return kvn_stage(set, key, &record, why);
}

static enum cairn_err stage_small(struct kvn_change_set *set, struct kvn_slice key, uint64_t size,
                                  const struct kvn_chunk *chunk, struct cairn_why *why)
{
    uint8_t encoded[KVN_CHUNK_RECORD_MAX];
    struct kvn_record record = { .kind = KVN_SMALL, .time_ns = set->time_ns, .size = size };
    record.chunk = (struct kvn_slice){ encoded, kvn_chunk_encode(encoded, chunk) };
    return kvn_stage(set, key, &record, why);
}

static enum cairn_err stage_large(struct kvn_change_set *set, struct kvn_slice key, uint64_t size,
                                  uint64_t id, struct cairn_why *why)
{
    struct kvn_record record = {
        .kind = KVN_LARGE, .time_ns = set->time_ns, .size = size, .id = id
    };
    return kvn_stage(set, key, &record, why);
}

/* Bytes of a large value, chunk by chunk; `fresh`: it has no chunks yet. */
static enum cairn_err write_large(struct kvn_change_set *set, uint64_t id, bool fresh,
                                  uint64_t offset, const uint8_t *data, size_t bytes,
                                  struct cairn_why *why)
{
    enum cairn_err err = CAIRN_OK;
    while (bytes && !err) {
        uint64_t number = offset / KVN_CHUNK_BYTES;
        uint32_t skip = (uint32_t)(offset % KVN_CHUNK_BYTES);
        uint32_t piece = KVN_CHUNK_BYTES - skip;
        struct kvn_chunk old;
        struct kvn_chunk chunk;
        bool is = false;
        if (piece > bytes) piece = (uint32_t)bytes;
        if (!fresh) err = find_chunk(set, id, number, &old, &is, why);
        if (!err) err = kvn_chunk_put(set, is ? &old : NULL, skip, data, piece, &chunk, why);
        if (!err)
            err =
                give_back(set, &chunk, is ? &old : NULL, stage_chunk(set, id, number, &chunk, why));
        data += piece;
        offset += piece;
        bytes -= piece;
    }
    return err;
}

/* What becomes of what stood there: its id is reclaimed. Where no value stood, an entry came. */
static enum cairn_err replaced(struct kvn_change_set *set, const struct kvn_stands *stands,
                               struct cairn_why *why)
{
    enum cairn_err err = stands->is ? kvn_bury_record(set, &stands->record, why) : CAIRN_OK;
    if (err || (stands->is && kvn_is_value(&stands->record))) return err;
    return kvn_touch_above(set, &stands->place, why);
}

static enum cairn_err is_a_dictionary(struct cairn_why *why)
{
    return cairn_why_fail(why, CAIRN_EISDIR, "there is a dictionary");
}

/* ---- set ------------------------------------------------------------------------------------ */

static enum cairn_err set_at(struct kvn_change_set *set, struct kvn_slice key, const void *data,
                             size_t bytes, struct cairn_why *why)
{
    struct kvn_store *store = set->store;
    if (bytes <= store->inline_max) return stage_inline(set, key, data, bytes, why);
    if (bytes <= KVN_CHUNK_BYTES) {
        struct kvn_chunk chunk;
        enum cairn_err err = kvn_chunk_put(set, NULL, 0, data, (uint32_t)bytes, &chunk, why);
        return err ? err : give_back(set, &chunk, NULL, stage_small(set, key, bytes, &chunk, why));
    }
    uint64_t id = store->next_id++;
    enum cairn_err err = write_large(set, id, true, 0, data, bytes, why);
    return err ? err : stage_large(set, key, bytes, id, why);
}

enum cairn_err kvn_edit_set(struct kvn_change_set *set, const struct kvn_edit *edit,
                            struct cairn_why *why)
{
    struct kvn_stands stands;
    if (edit->key.bytes == 0) return is_a_dictionary(why);
    enum cairn_err err = kvn_room_check(set->store, 0, false, why);
    if (!err) err = kvn_stands_make(set, edit->key, 0, &stands, why);
    if (err) return err;
    if (stands.is && stands.record.kind == KVN_DICTIONARY &&
        !(edit->flags & CAIRN_KV_REPLACE_DICTIONARY))
        return is_a_dictionary(why);
    err = set_at(set, kvn_place_key(&stands.place), edit->data, edit->bytes, why);
    return err ? err : replaced(set, &stands, why);
}

/* ---- write ---------------------------------------------------------------------------------- */

static enum cairn_err write_inline(struct kvn_change_set *set, const struct kvn_stands *stands,
                                   const struct kvn_edit *edit, uint64_t size,
                                   struct cairn_why *why)
{
    uint8_t *bytes = set->store->inline_mem;
    memset(bytes + stands->inline_bytes, 0, set->store->inline_max - stands->inline_bytes);
    memcpy(bytes + edit->offset, edit->data, edit->bytes);
    return stage_inline(set, kvn_place_key(&stands->place), bytes, (size_t)size, why);
}

/* The chunk that the value in place becomes, or that it has. */
static enum cairn_err first_chunk(struct kvn_change_set *set, const struct kvn_stands *stands,
                                  struct kvn_chunk *chunk, struct cairn_why *why)
{
    memset(chunk, 0, sizeof *chunk);
    if (stands->is && stands->has_chunk) *chunk = stands->chunk;
    if (!stands->is || !stands->inline_bytes) return CAIRN_OK;
    return kvn_chunk_put(set, NULL, 0, set->store->inline_mem, stands->inline_bytes, chunk, why);
}

static enum cairn_err write_small(struct kvn_change_set *set, const struct kvn_stands *stands,
                                  const struct kvn_edit *edit, uint64_t size, struct cairn_why *why)
{
    struct kvn_values *values = &set->store->values;
    struct kvn_chunk before;
    struct kvn_chunk after;
    enum cairn_err err = first_chunk(set, stands, &before, why);
    if (err) return err;
    err = kvn_chunk_put(set, &before, (uint32_t)edit->offset, edit->data, (uint32_t)edit->bytes,
                        &after, why);
    if (err) return stands->has_chunk ? err : give_back(set, &before, NULL, err);
    if (stands->inline_bytes)
        err = kvn_chunk_free_but(values, &before, &after, values->generation, why);
    if (err) return err;
    err = stage_small(set, kvn_place_key(&stands->place), size, &after, why);
    return give_back(set, &after, stands->has_chunk ? &before : NULL, err);
}

/* A copy of the chunk with pages of its own. */
enum cairn_err kvn_chunk_copy(struct kvn_change_set *set, const struct kvn_chunk *chunk,
                              uint64_t size, struct kvn_chunk *copy, struct cairn_why *why)
{
    struct kvn_store *store = set->store;
    uint32_t page = store->super.page_bytes;
    enum cairn_err err = CAIRN_OK;
    memset(copy, 0, sizeof *copy);
    for (uint32_t offset = 0; offset < size; offset += page) {
        struct kvn_chunk before = *copy;
        uint32_t piece = size - offset < page ? (uint32_t)(size - offset) : page;
        err = kvn_chunk_read(&store->values, chunk, offset, store->copy_mem, piece,
                             store->chunk_mem, why);
        if (!err) err = kvn_chunk_put(set, &before, offset, store->copy_mem, piece, copy, why);
        if (err) return give_back(set, &before, NULL, err);
    }
    return CAIRN_OK;
}

/* A value that is not large yet gets an id, and its bytes as chunk 0. */
static enum cairn_err become_large(struct kvn_change_set *set, const struct kvn_stands *stands,
                                   uint64_t *id, struct cairn_why *why)
{
    struct kvn_chunk chunk;
    *id = set->store->next_id++;
    if (!stands->is || (!stands->has_chunk && !stands->inline_bytes)) return CAIRN_OK;
    enum cairn_err err = stands->has_chunk
                             ? kvn_chunk_copy(set, &stands->chunk, stands->record.size, &chunk, why)
                             : first_chunk(set, stands, &chunk, why);
    return err ? err : give_back(set, &chunk, NULL, stage_chunk(set, *id, 0, &chunk, why));
}

static enum cairn_err write_at(struct kvn_change_set *set, const struct kvn_stands *stands,
                               const struct kvn_edit *edit, uint64_t size, struct cairn_why *why)
{
    bool is_large = stands->is && stands->record.kind == KVN_LARGE;
    bool is_small = stands->is && stands->record.kind == KVN_SMALL;
    if (size <= set->store->inline_max && !is_small && !is_large)
        return write_inline(set, stands, edit, size, why);
    if (size <= KVN_CHUNK_BYTES && !is_large) return write_small(set, stands, edit, size, why);
    uint64_t id = stands->record.id;
    enum cairn_err err = is_large ? CAIRN_OK : become_large(set, stands, &id, why);
    if (!err) err = write_large(set, id, false, edit->offset, edit->data, edit->bytes, why);
    return err ? err : stage_large(set, kvn_place_key(&stands->place), size, id, why);
}

enum cairn_err kvn_edit_write(struct kvn_change_set *set, const struct kvn_edit *edit,
                              struct cairn_why *why)
{
    struct kvn_stands stands;
    if (edit->key.bytes == 0) return is_a_dictionary(why);
    enum cairn_err err = kvn_stands_make(set, edit->key, 0, &stands, why);
    if (err) return err;
    if (stands.is && !kvn_is_value(&stands.record)) return is_a_dictionary(why);
    if (stands.is && !edit->bytes) return CAIRN_OK;
    uint64_t size = stands.is ? stands.record.size : 0;
    bool inside = edit->offset + edit->bytes <= size && stands.record.kind != KVN_INLINE;
    if (edit->bytes && edit->offset + edit->bytes > size) size = edit->offset + edit->bytes;
    err = kvn_room_check(set->store, 0, inside, why); /* what is reserved can be written */
    if (!err) err = write_at(set, &stands, edit, size, why);
    return err || stands.is ? err : kvn_touch_above(set, &stands.place, why);
}

/* ---- allocate ------------------------------------------------------------------------------- */

static enum cairn_err reserve_large(struct kvn_change_set *set, uint64_t id, uint64_t size,
                                    struct cairn_why *why)
{
    enum cairn_err err = CAIRN_OK;
    for (uint64_t at = 0; at < size && !err; at += KVN_CHUNK_BYTES) {
        uint64_t left = size - at;
        struct kvn_chunk chunk;
        err = kvn_pages_ready(set, KVN_CHUNK_PAGES_MAX, true, why);
        if (!err)
            err = kvn_chunk_reserve(&set->store->values,
                                    left < KVN_CHUNK_BYTES ? (uint32_t)left : KVN_CHUNK_BYTES,
                                    &chunk, why);
        if (!err)
            err = give_back(set, &chunk, NULL,
                            stage_chunk(set, id, at / KVN_CHUNK_BYTES, &chunk, why));
    }
    return err;
}

static enum cairn_err reserve_at(struct kvn_change_set *set, struct kvn_slice key, uint64_t size,
                                 struct cairn_why *why)
{
    struct kvn_store *store = set->store;
    enum cairn_err err = kvn_pages_ready(set, size / store->super.page_bytes + 1, true, why);
    if (err) return err;
    if (size <= store->inline_max) {
        memset(store->inline_mem, 0, (size_t)size);
        return stage_inline(set, key, store->inline_mem, (size_t)size, why);
    }
    if (size <= KVN_CHUNK_BYTES) {
        struct kvn_chunk chunk;
        err = kvn_chunk_reserve(&store->values, (uint32_t)size, &chunk, why);
        return err ? err : give_back(set, &chunk, NULL, stage_small(set, key, size, &chunk, why));
    }
    uint64_t id = store->next_id++;
    err = reserve_large(set, id, size, why);
    return err ? err : stage_large(set, key, size, id, why);
}

enum cairn_err kvn_edit_allocate(struct kvn_change_set *set, const struct kvn_edit *edit,
                                 struct cairn_why *why)
{
    struct kvn_stands stands;
    if (edit->key.bytes == 0) return cairn_why_fail(why, CAIRN_EEXIST, "there is the root");
    enum cairn_err err = kvn_stands_make(set, edit->key, 0, &stands, why);
    if (err) return err;
    if (stands.is) return cairn_why_fail(why, CAIRN_EEXIST, "there is something under this key");
    err = reserve_at(set, kvn_place_key(&stands.place), edit->size, why);
    return err ? err : kvn_touch_above(set, &stands.place, why);
}
