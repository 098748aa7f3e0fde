/* SPDX-License-Identifier: ISC */
/*
 * What is under a removed id goes in steps: each step removes some entries, and notes the ids of
 * those that are dictionaries or large values themselves. A note goes when nothing is left under
 * its id.
 */
#include <cairn/bytes.h>

#include "store.h"

static uint64_t id_at(const uint8_t *key)
{
    uint64_t id = 0;
    for (uint32_t i = 0; i < KVN_ID_BYTES; i++)
        id = id << 8 | key[i];
    return id;
}

enum cairn_err kvn_bury(struct kvn_change_set *set, uint64_t id, struct cairn_why *why)
{
    uint8_t name[KVN_ID_BYTES];
    uint8_t key[KVN_KEY_MAX];
    struct kvn_record record = { .kind = KVN_GRAVE };
    kvn_key_make(name, id, NULL, 0);
    uint32_t bytes = kvn_key_make(key, KVN_ID_GRAVES, name, sizeof name);
    set->store->graves = true;
    return kvn_stage(set, (struct kvn_slice){ key, bytes }, &record, why);
}

/* Remove the entry that the walk is at. */
static enum cairn_err remove_entry(struct kvn_change_set *set, const struct kvn_walk *walk,
                                   struct cairn_why *why)
{
    struct kvn_record record;
    enum cairn_err err =
        kvn_record_decode(&record, walk->record, set->store->super.page_bytes, why);
    if (!err && (record.kind == KVN_DICTIONARY || record.kind == KVN_LARGE))
        err = kvn_bury(set, record.id, why);
    if (err) return err;
    return kvn_stage(set, (struct kvn_slice){ walk->key, walk->key_bytes }, NULL, why);
}

/* Remove entries under id, at most *left; *empty: none is left. */
static enum cairn_err empty_id(struct kvn_change_set *set, struct kvn_reader *reader, uint64_t id,
                               uint32_t *left, bool *empty, struct cairn_why *why)
{
    struct kvn_walk walk = { .end = false };
    uint8_t key[KVN_KEY_MAX];
    struct kvn_slice from = { key, kvn_key_make(key, id, NULL, 0) };
    enum cairn_err err = kvn_walk_seek(&walk, reader, from, false, why);
    *empty = false;
    while (!err) {
        *empty = walk.end || id_at(walk.key) != id;
        if (*empty || !*left) break;
        err = remove_entry(set, &walk, why);
        --*left;
        if (!err) err = kvn_walk_next(&walk, why);
    }
    kvn_walk_close(&walk);
    return err;
}

/* The first id that is to be reclaimed; 0: none. */
static enum cairn_err first_grave(struct kvn_reader *reader, uint64_t *id, struct cairn_why *why)
{
    struct kvn_walk walk = { .end = false };
    uint8_t key[KVN_KEY_MAX];
    struct kvn_slice from = { key, kvn_key_make(key, KVN_ID_GRAVES, NULL, 0) };
    enum cairn_err err = kvn_walk_seek(&walk, reader, from, false, why);
    *id = 0;
    if (!err && !walk.end && id_at(walk.key) == KVN_ID_GRAVES && walk.key_bytes == 2 * KVN_ID_BYTES)
        *id = id_at(walk.key + KVN_ID_BYTES);
    kvn_walk_close(&walk);
    return err;
}

static enum cairn_err close_grave(struct kvn_change_set *set, uint64_t id, struct cairn_why *why)
{
    uint8_t name[KVN_ID_BYTES];
    uint8_t key[KVN_KEY_MAX];
    kvn_key_make(name, id, NULL, 0);
    uint32_t bytes = kvn_key_make(key, KVN_ID_GRAVES, name, sizeof name);
    return kvn_stage(set, (struct kvn_slice){ key, bytes }, NULL, why);
}

enum cairn_err kvn_reclaim(struct kvn_change_set *set, uint32_t entries, struct cairn_why *why)
{
    struct kvn_reader reader;
    enum cairn_err err = CAIRN_OK;
    kvn_reader_of_writer(&reader, set->store);
    while (entries && !err) {
        uint64_t id;
        bool empty = false;
        err = first_grave(&reader, &id, why);
        if (err || !id) break;
        err = empty_id(set, &reader, id, &entries, &empty, why);
        if (!err && empty) err = close_grave(set, id, why);
        entries -= entries ? 1 : 0;
    }
    if (!err && entries) set->store->graves = false;
    kvn_reader_leave(&reader);
    return err;
}
