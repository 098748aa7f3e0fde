/* SPDX-License-Identifier: ISC */
/* Dictionaries and entries: finding what stands somewhere, making, removing, times. */
#include <cairn/bytes.h>

#include "edit.h"

/* ---- what stands there ---------------------------------------------------------------------- */

static enum cairn_err copy_found(struct kvn_store *store, const struct kvn_found *found,
                                 struct kvn_stands *stands)
{
    stands->is = found->is;
    stands->has_chunk = false;
    stands->inline_bytes = 0;
    if (!found->is) return CAIRN_OK;
    stands->record = found->record;
    if (found->record.kind == KVN_INLINE) {
        stands->inline_bytes = found->record.data.bytes;
        memcpy(store->inline_mem, found->record.data.data, found->record.data.bytes);
    }
    if (found->record.kind != KVN_SMALL && found->record.kind != KVN_CHUNK) return CAIRN_OK;
    stands->has_chunk = true;
    return kvn_chunk_decode(&stands->chunk, found->record.chunk, store->super.page_bytes);
}

static enum cairn_err find_record(struct kvn_reader *reader, struct kvn_stands *stands,
                                  struct cairn_why *why)
{
    struct kvn_found found;
    enum cairn_err err = kvn_find(reader, kvn_place_key(&stands->place), &found, why);
    if (!err) err = copy_found(reader->store, &found, stands);
    kvn_found_close(&found);
    return err;
}

enum cairn_err kvn_stands_find(struct kvn_change_set *set, struct cairn_kv_key key, uint64_t avoid,
                               struct kvn_stands *stands, struct cairn_why *why)
{
    struct kvn_reader reader;
    kvn_reader_of_writer(&reader, set->store);
    enum cairn_err err = kvn_place_find(&reader, key, avoid, &stands->place, why);
    if (!err) err = find_record(&reader, stands, why);
    kvn_reader_leave(&reader);
    return err;
}

enum cairn_err kvn_stands_at(struct kvn_change_set *set, struct kvn_stands *stands,
                             struct cairn_why *why)
{
    struct kvn_reader reader;
    kvn_reader_of_writer(&reader, set->store);
    enum cairn_err err = find_record(&reader, stands, why);
    kvn_reader_leave(&reader);
    return err;
}

/* ---- dictionaries --------------------------------------------------------------------------- */

/* Does it have the time of this set already? */
static bool is_touched(const struct kvn_change_set *set, const struct kvn_version *version)
{
    struct kvn_record record;
    struct kvn_slice bytes = { version->record, version->bytes };
    return version->number == set->number &&
           !kvn_record_decode(&record, bytes, set->store->super.page_bytes, NULL) &&
           record.time_ns == set->time_ns;
}

enum cairn_err kvn_touch_above(struct kvn_change_set *set, const struct kvn_place *place,
                               struct cairn_why *why)
{
    struct kvn_store *store = set->store;
    struct kvn_slice above = { place->above, place->above_bytes };
    const struct kvn_version *version =
        kvn_overlay_find(&store->overlay[store->active], above, set->number);
    struct kvn_record record = { .kind = KVN_DICTIONARY,
                                 .time_ns = set->time_ns,
                                 .id = place->dictionary };
    if (version && version->bytes && is_touched(set, version)) return CAIRN_OK;
    return kvn_stage(set, above, &record, why);
}

static enum cairn_err make_at(struct kvn_change_set *set, const struct kvn_place *place,
                              struct cairn_why *why)
{
    struct kvn_record record = { .kind = KVN_DICTIONARY,
                                 .time_ns = set->time_ns,
                                 .id = set->store->next_id++ };
    enum cairn_err err = kvn_bulk_may_make(&set->store->bulk, kvn_place_key(place), why);
    if (!err) err = kvn_stage(set, kvn_place_key(place), &record, why);
    return err ? err : kvn_touch_above(set, place, why);
}

enum cairn_err kvn_stands_make(struct kvn_change_set *set, struct cairn_kv_key key, uint64_t avoid,
                               struct kvn_stands *stands, struct cairn_why *why)
{
    for (;;) {
        struct cairn_why missing;
        cairn_why_clear(&missing);
        enum cairn_err err = kvn_stands_find(set, key, avoid, stands, &missing);
        if (err != CAIRN_ENOENT) {
            if (err && why) *why = missing;
            return err;
        }
        err = make_at(set, &stands->place, why);
        if (err) return err;
    }
}

enum cairn_err kvn_edit_make(struct kvn_change_set *set, const struct kvn_edit *edit,
                             struct cairn_why *why)
{
    struct kvn_stands stands;
    if (edit->key.bytes == 0) return CAIRN_OK;
    enum cairn_err err = kvn_room_check(set->store, 0, false, why);
    if (!err) err = kvn_stands_make(set, edit->key, 0, &stands, why);
    if (err) return err;
    if (!stands.is) return make_at(set, &stands.place, why);
    if (stands.record.kind == KVN_DICTIONARY) return CAIRN_OK;
    return cairn_why_fail(why, CAIRN_EEXIST, "there is a value");
}

/* ---- removing ------------------------------------------------------------------------------- */

enum cairn_err kvn_bury_record(struct kvn_change_set *set, const struct kvn_record *record,
                               struct cairn_why *why)
{
    if (record->kind != KVN_DICTIONARY && record->kind != KVN_LARGE) return CAIRN_OK;
    return kvn_bury(set, record->id, why);
}

/* The root stays: it gets a new id, and what was under the old one goes. */
static enum cairn_err remove_all(struct kvn_change_set *set, const struct kvn_place *place,
                                 struct cairn_why *why)
{
    struct kvn_store *store = set->store;
    uint64_t old = store->root_id;
    bool empty;
    enum cairn_err err = kvn_id_is_empty(set, old, &empty, why);
    if (err || empty) return err;
    struct kvn_record record = { .kind = KVN_DICTIONARY,
                                 .time_ns = set->time_ns,
                                 .id = store->next_id++ };
    err = kvn_stage(set, kvn_place_key(place), &record, why);
    if (err) return err;
    store->root_id = record.id;
    return kvn_bury(set, old, why);
}

enum cairn_err kvn_edit_remove(struct kvn_change_set *set, const struct kvn_edit *edit,
                               struct cairn_why *why)
{
    struct kvn_stands stands;
    enum cairn_err err = kvn_room_check(set->store, 0, true, why);
    if (!err) err = kvn_stands_find(set, edit->key, 0, &stands, why);
    if (err == CAIRN_ENOENT) return CAIRN_OK;
    if (err) return err;
    if (stands.place.is_root) return remove_all(set, &stands.place, why);
    if (!stands.is) return CAIRN_OK;
    err = kvn_stage(set, kvn_place_key(&stands.place), NULL, why);
    if (!err) err = kvn_bury_record(set, &stands.record, why);
    return err ? err : kvn_touch_above(set, &stands.place, why);
}

/* ---- times ---------------------------------------------------------------------------------- */

enum cairn_err kvn_edit_time(struct kvn_change_set *set, const struct kvn_edit *edit,
                             struct cairn_why *why)
{
    struct kvn_stands stands;
    enum cairn_err err = kvn_room_check(set->store, 0, true, why);
    if (!err) err = kvn_stands_find(set, edit->key, 0, &stands, why);
    if (err) return err;
    if (stands.place.is_root)
        return cairn_why_fail(why, CAIRN_EINVAL, "the root's time is not set");
    if (!stands.is) return cairn_why_fail(why, CAIRN_ENOENT, "there is nothing under this key");
    return kvn_stage_again(set, &stands, kvn_place_key(&stands.place), edit->time_ns, why);
}

enum cairn_err kvn_stage_again(struct kvn_change_set *set, const struct kvn_stands *stands,
                               struct kvn_slice key, int64_t time_ns, struct cairn_why *why)
{
    uint8_t chunk[KVN_CHUNK_RECORD_MAX];
    struct kvn_record record = stands->record;
    record.time_ns = time_ns;
    record.data = (struct kvn_slice){ set->store->inline_mem, stands->inline_bytes };
    if (stands->has_chunk)
        record.chunk = (struct kvn_slice){ chunk, kvn_chunk_encode(chunk, &stands->chunk) };
    return kvn_stage(set, key, &record, why);
}
