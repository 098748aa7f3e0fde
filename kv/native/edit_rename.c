/* SPDX-License-Identifier: ISC */
/* Moving: the record goes to another key. What is under a dictionary's id goes along untouched. */
#include <cairn/bytes.h>

#include "edit.h"

/* Has the dictionary no entry? */
enum cairn_err kvn_id_is_empty(struct kvn_change_set *set, uint64_t id, bool *empty,
                               struct cairn_why *why)
{
    struct kvn_reader reader;
    struct kvn_walk walk = { .end = false };
    uint8_t key[KVN_KEY_MAX];
    uint8_t prefix[KVN_ID_BYTES];
    kvn_reader_of_writer(&reader, set->store);
    kvn_key_make(prefix, id, NULL, 0);
    struct kvn_slice from = { key, kvn_key_make(key, id, NULL, 0) };
    enum cairn_err err = kvn_walk_seek(&walk, &reader, from, false, why);
    *empty = walk.end || memcmp(walk.key, prefix, sizeof prefix) != 0;
    kvn_walk_close(&walk);
    kvn_reader_leave(&reader);
    return err;
}

/* May what stands at `from` replace what stands at `to`? */
static enum cairn_err may_replace(struct kvn_change_set *set, const struct kvn_stands *from,
                                  const struct kvn_stands *to, uint32_t flags, bool same,
                                  struct cairn_why *why)
{
    bool from_dictionary = from->record.kind == KVN_DICTIONARY;
    bool to_dictionary = to->record.kind == KVN_DICTIONARY;
    bool empty = true;
    enum cairn_err err = CAIRN_OK;
    if (flags & CAIRN_KV_NO_REPLACE)
        return cairn_why_fail(why, CAIRN_EEXIST, "there is something under the new key");
    if (same) return CAIRN_OK;
    if (!from_dictionary && to_dictionary)
        return cairn_why_fail(why, CAIRN_EISDIR, "there is a dictionary under the new key");
    if (from_dictionary && !to_dictionary)
        return cairn_why_fail(why, CAIRN_ENOTDIR, "there is a value under the new key");
    if (to_dictionary) err = kvn_id_is_empty(set, to->record.id, &empty, why);
    if (!err && !empty)
        err = cairn_why_fail(why, CAIRN_ENOTEMPTY, "the dictionary under the new key has entries");
    return err;
}

/* With CAIRN_KV_INTO and a dictionary there: its entry of the name that is moved. */
static enum cairn_err go_into(struct kvn_change_set *set, const struct kvn_stands *from,
                              struct kvn_stands *to, struct cairn_why *why)
{
    struct kvn_place *place = &to->place;
    uint64_t id = place->is_root ? set->store->root_id : to->record.id;
    if (from->record.kind == KVN_DICTIONARY && id == from->record.id)
        return cairn_why_fail(why, CAIRN_EINVAL, "a dictionary cannot go into itself");
    memcpy(place->above, place->key, place->key_bytes);
    place->above_bytes = place->key_bytes;
    place->dictionary = id;
    place->is_root = false;
    place->key_bytes = kvn_key_make(place->key, id, from->place.key + KVN_ID_BYTES,
                                    from->place.key_bytes - KVN_ID_BYTES);
    return kvn_stands_at(set, to, why);
}

/* The pages of a chunk belong to one key: a small value takes a copy along. */
static enum cairn_err put_there(struct kvn_change_set *set, struct kvn_stands *from,
                                const struct kvn_stands *to, struct cairn_why *why)
{
    struct kvn_store *store = set->store;
    struct kvn_chunk copy;
    if (from->has_chunk) {
        enum cairn_err err = kvn_chunk_copy(set, &from->chunk, from->record.size, &copy, why);
        if (err) return err;
        from->chunk = copy;
    }
    enum cairn_err err =
        kvn_stage_again(set, from, kvn_place_key(&to->place), from->record.time_ns, why);
    if (err && from->has_chunk &&
        kvn_chunk_free_but(&store->values, &copy, NULL, store->values.generation, NULL))
        store->failed = err;
    return err;
}

static enum cairn_err move(struct kvn_change_set *set, struct kvn_stands *from,
                           const struct kvn_stands *to, struct cairn_why *why)
{
    enum cairn_err err = put_there(set, from, to, why);
    if (!err) err = kvn_stage(set, kvn_place_key(&from->place), NULL, why);
    if (!err && to->is) err = kvn_bury_record(set, &to->record, why);
    if (!err) err = kvn_touch_above(set, &from->place, why);
    return err ? err : kvn_touch_above(set, &to->place, why);
}

enum cairn_err kvn_edit_rename(struct kvn_change_set *set, const struct kvn_edit *edit,
                               struct cairn_why *why)
{
    struct kvn_stands from;
    struct kvn_stands to;
    if (!edit->key.bytes) return cairn_why_fail(why, CAIRN_EINVAL, "the root cannot be moved");
    enum cairn_err err = kvn_room_check(set->store, 0, false, why);
    if (!err) err = kvn_stands_find(set, edit->key, 0, &from, why);
    if (err) return err;
    if (!from.is) return cairn_why_fail(why, CAIRN_ENOENT, "there is nothing under the old key");
    uint64_t avoid = from.record.kind == KVN_DICTIONARY ? from.record.id : 0;
    err = kvn_stands_make(set, edit->to, avoid, &to, why);
    if (err) return err;
    bool to_dictionary = to.place.is_root || (to.is && to.record.kind == KVN_DICTIONARY);
    if ((edit->flags & CAIRN_KV_INTO) && to_dictionary) err = go_into(set, &from, &to, why);
    if (err) return err;
    if (to.place.is_root)
        return cairn_why_fail(why, CAIRN_EINVAL, "nothing can be put in the root's place");
    bool same = kvn_slice_compare(kvn_place_key(&from.place), kvn_place_key(&to.place)) == 0;
    if (to.is) err = may_replace(set, &from, &to, edit->flags, same, why);
    if (err || same) return err;
    err = kvn_stands_find(set, edit->key, 0, &from, why); /* inline_mem is `to`'s now */
    return err ? err : move(set, &from, &to, why);
}
