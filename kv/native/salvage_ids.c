/* SPDX-License-Identifier: ISC */
/* Names of the new store: each dictionary and large value has one. */
#include <cairn/bytes.h>
#include <cairn/text.h>

#include "bits.h"
#include "check.h"
#include "salvage.h"

#define TWICE_MOST 32u /* second names taken away at once */

struct window {
    uint64_t first, count;
    uint64_t next; /* the lowest id behind it that was seen; UINT64_MAX: none */
    uint8_t *named, *used;
};

struct twice {
    uint32_t count;
    uint32_t key_bytes[TWICE_MOST];
    uint8_t key[TWICE_MOST][KVN_KEY_MAX];
};

static void put(struct window *window, uint8_t *bits, uint64_t id)
{
    if (id < window->first) return;
    if (id - window->first < window->count)
        (void)kvn_bits_put(bits, id - window->first, 1, true);
    else
        window->next = cairn_min_u64(window->next, id);
}

static bool is_in(const struct window *window, const uint8_t *bits, uint64_t id)
{
    return id - window->first < window->count && kvn_bit(bits, id - window->first);
}

static void look(const struct kvn_walk *walk, struct window *window, uint32_t page_bytes,
                 struct twice *twice)
{
    struct kvn_record record;
    uint64_t id = kvn_check_id(walk->key);
    if (kvn_record_decode(&record, walk->record, page_bytes, NULL)) return;
    if (id >= KVN_ID_FIRST) put(window, window->used, id);
    if (record.kind == KVN_GRAVE && walk->key_bytes == 2 * KVN_ID_BYTES)
        put(window, window->named, kvn_check_id(walk->key + KVN_ID_BYTES));
    if (record.kind != KVN_DICTIONARY && record.kind != KVN_LARGE) return;
    if (is_in(window, window->named, record.id) && id != KVN_ID_ROOT) {
        twice->key_bytes[twice->count] = walk->key_bytes;
        memcpy(twice->key[twice->count++], walk->key, walk->key_bytes);
    }
    put(window, window->named, record.id);
}

/* All entries, until there are too many second names. */
static enum cairn_err look_at_all(struct kvn_salvage *salvage, struct window *window,
                                  struct twice *twice)
{
    struct kvn_reader reader;
    struct kvn_walk walk = { .end = false };
    struct kvn_slice from = { (const uint8_t *)"", 0 };
    memset(window->named, 0, (size_t)(window->count / 8));
    memset(window->used, 0, (size_t)(window->count / 8));
    twice->count = 0;
    window->next = UINT64_MAX;
    enum cairn_err err = kvn_reader_open(&reader, &salvage->fresh->kv, salvage->why);
    if (err) return err;
    put(window, window->named, reader.root_id);
    err = kvn_walk_seek(&walk, &reader, from, false, salvage->why);
    while (!err && !walk.end && twice->count < TWICE_MOST) {
        look(&walk, window, salvage->fresh->super.page_bytes, twice);
        err = kvn_walk_next(&walk, salvage->why);
    }
    kvn_walk_close(&walk);
    kvn_reader_close(&reader);
    return err;
}

/* What lies under an id that has no name: chunks of a value (then *bytes: it has so many, about),
 * or entries of a dictionary. */
static enum cairn_err what_is(struct kvn_salvage *salvage, uint64_t id, uint64_t *bytes)
{
    struct kvn_reader reader;
    struct kvn_walk walk = { .end = false };
    uint8_t key[KVN_KEY_MAX];
    struct kvn_slice from = { key, kvn_key_make(key, id, NULL, 0) };
    *bytes = 0;
    enum cairn_err err = kvn_reader_open(&reader, &salvage->fresh->kv, salvage->why);
    if (err) return err;
    err = kvn_walk_seek(&walk, &reader, from, false, salvage->why);
    while (!err && !walk.end && kvn_check_id(walk.key) == id) {
        bool is_chunk = walk.record.bytes && walk.record.data[0] == KVN_CHUNK;
        if (!is_chunk) break;
        uint64_t chunks = kvn_check_id(walk.key + KVN_ID_BYTES) + 1;
        *bytes = cairn_max_u64(chunks * KVN_CHUNK_BYTES, KVN_CHUNK_BYTES + 1); /* it is large */
        err = kvn_walk_next(&walk, salvage->why);
    }
    kvn_walk_close(&walk);
    kvn_reader_close(&reader);
    return err;
}

static enum cairn_err adopt(struct kvn_salvage *salvage, uint64_t id)
{
    struct cairn_text text;
    char name[40];
    uint8_t key[KVN_KEY_MAX], bytes[64];
    struct kvn_record record = { .kind = KVN_DICTIONARY, .id = id };
    enum cairn_err err = what_is(salvage, id, &record.size);
    if (err) return err;
    if (record.size) record.kind = KVN_LARGE;
    cairn_text_init(&text, name, sizeof name);
    cairn_text_fmt(&text, "salvaged-%llu", (unsigned long long)id);
    uint64_t root = salvage->fresh->root_id;
    struct kvn_slice at = { key, kvn_key_make(key, root, name, (uint32_t)text.len) };
    struct kvn_slice encoded = { bytes, kvn_record_encode(bytes, &record) };
    salvage->result->adopted++;
    return kvn_salvage_entry(salvage, at, &encoded);
}

static enum cairn_err window_do(struct kvn_salvage *salvage, struct window *window)
{
    struct twice twice;
    enum cairn_err err;
    do {
        err = look_at_all(salvage, window, &twice);
        for (uint32_t i = 0; i < twice.count && !err; i++)
            err = kvn_salvage_entry(salvage, (struct kvn_slice){ twice.key[i], twice.key_bytes[i] },
                                    NULL);
    } while (!err && twice.count);
    uint64_t end = cairn_min_u64(window->count, salvage->fresh->next_id - window->first);
    for (uint64_t i = 0; i < end && !err; i++)
        if (kvn_bit(window->used, i) && !kvn_bit(window->named, i))
            err = adopt(salvage, window->first + i);
    return err;
}

enum cairn_err kvn_salvage_ids(struct kvn_salvage *salvage)
{
    uint64_t half = salvage->ids_bytes / 2;
    struct window window = {
        .next = KVN_ID_FIRST, .count = half * 8, .named = salvage->ids, .used = salvage->ids + half
    };
    enum cairn_err err = CAIRN_OK;
    while (window.next != UINT64_MAX && !err) { /* ids may be far apart */
        window.first = window.next;
        err = window_do(salvage, &window);
    }
    return err;
}
