/* SPDX-License-Identifier: ISC */
/* Keys of the interface as keys of the tree: the dictionary's id, and the name in it. */
#include <cairn/bytes.h>

#include "store.h"

uint32_t kvn_key_make(uint8_t *out, uint64_t id, const void *name, uint32_t bytes)
{
    for (uint32_t i = 0; i < KVN_ID_BYTES; i++)
        out[i] = (uint8_t)(id >> (56 - 8 * i));
    if (bytes) memcpy(out + KVN_ID_BYTES, name, bytes);
    return KVN_ID_BYTES + bytes;
}

struct kvn_slice kvn_place_key(const struct kvn_place *place)
{
    return (struct kvn_slice){ place->key, place->key_bytes };
}

static enum cairn_err not_a_dictionary(struct cairn_kv_key key, size_t bytes, struct cairn_why *why)
{
    enum cairn_err err =
        cairn_why_fail(why, CAIRN_ENOTDIR, "a value stands where a dictionary must");
    cairn_why_path(why, key.path, bytes);
    return err;
}

static enum cairn_err no_dictionary(struct cairn_kv_key key, size_t bytes, struct cairn_why *why)
{
    enum cairn_err err = cairn_why_fail(why, CAIRN_ENOENT, "there is no such dictionary");
    cairn_why_path(why, key.path, bytes);
    return err;
}

/* The place of key[at, end) in the dictionary that `place` is of now. */
static void step_down(struct kvn_place *place, uint64_t id, struct cairn_kv_key key, size_t at,
                      size_t end)
{
    memcpy(place->above, place->key, place->key_bytes);
    place->above_bytes = place->key_bytes;
    place->dictionary = id;
    place->key_bytes = kvn_key_make(place->key, id, key.path + at, (uint32_t)(end - at));
}

static size_t segment_end(struct cairn_kv_key key, size_t at)
{
    while (at < key.bytes && key.path[at] != '/')
        at++;
    return at;
}

/* The id of the dictionary that `place` is; 0: there is none. */
static enum cairn_err dictionary_id(struct kvn_reader *reader, const struct kvn_place *place,
                                    struct cairn_kv_key key, size_t end, uint64_t *id,
                                    struct cairn_why *why)
{
    struct kvn_found found;
    enum cairn_err err = kvn_find(reader, kvn_place_key(place), &found, why);
    *id = found.is && found.record.kind == KVN_DICTIONARY ? found.record.id : 0;
    if (!err && found.is && !*id) err = not_a_dictionary(key, end, why);
    kvn_found_close(&found);
    return err;
}

enum cairn_err kvn_place_find(struct kvn_reader *reader, struct cairn_kv_key key, uint64_t avoid,
                              struct kvn_place *place, struct cairn_why *why)
{
    uint64_t id = reader->root_id;
    place->is_root = key.bytes == 0;
    place->dictionary = 0;
    place->key_bytes = kvn_key_make(place->key, KVN_ID_ROOT, "", 0);
    place->missing_at = key.bytes;
    for (size_t at = 0; at < key.bytes;) {
        size_t end = segment_end(key, at);
        if (id == avoid && avoid)
            return cairn_why_fail(why, CAIRN_EINVAL, "a dictionary cannot go into itself");
        step_down(place, id, key, at, end);
        if (end == key.bytes) break;
        enum cairn_err err = dictionary_id(reader, place, key, end, &id, why);
        if (err) return err;
        if (!id) {
            place->missing_at = end;
            return no_dictionary(key, end, why);
        }
        at = end + 1;
    }
    return CAIRN_OK;
}
