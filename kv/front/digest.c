/* SPDX-License-Identifier: ISC */
/* What is hashed, byte by byte, stands in kv/README.md. */
#include "walk.h"

#include <cairn/checksum.h>

#define PIECE_BYTES (64u * 1024)
#define HASH_BYTES 16u
#define RECORD_BYTES 13u /* of a path before it and behind it: its length; kind and size */

_Static_assert(CAIRN_KV_DIGEST_MEM >= PIECE_BYTES + CAIRN_KV_WALK_BYTES + 2 * CAIRN_KV_LIST_MEM,
               "a piece, a path and a list");

static void hash_add(struct cairn_hasher *hasher, struct cairn_hash128 hash)
{
    uint8_t bytes[HASH_BYTES];
    cairn_le64_put(bytes, hash.low);
    cairn_le64_put(bytes + 8, hash.high);
    cairn_hasher_add(hasher, bytes, sizeof bytes);
}

/* The size is what was read, so that digest and size are of the same bytes. */
static enum cairn_err value_digest(struct cairn_kv *kv, struct cairn_kv_key key, uint8_t *piece,
                                   uint64_t *size, struct cairn_hash128 *digest,
                                   struct cairn_why *why)
{
    struct cairn_hasher hasher;
    size_t done = PIECE_BYTES;
    cairn_hasher_init(&hasher);
    for (*size = 0; done == PIECE_BYTES; *size += done) {
        enum cairn_err err = cairn_kv_get(kv, key, *size, piece, PIECE_BYTES, &done, why);
        if (err) return err;
        if (done) hash_add(&hasher, cairn_hash128(piece, done));
    }
    *digest = cairn_hasher_value(&hasher);
    return CAIRN_OK;
}

static void entry_add(struct cairn_hasher *hasher, struct cairn_kv_key path,
                      enum cairn_kv_kind kind, uint64_t size)
{
    uint8_t record[RECORD_BYTES];
    cairn_le32_put(record, (uint32_t)path.bytes);
    record[4] = (uint8_t)kind;
    cairn_le64_put(record + 5, size);
    cairn_hasher_add(hasher, record, 4);
    cairn_hasher_add(hasher, path.path, path.bytes);
    cairn_hasher_add(hasher, record + 4, sizeof record - 4);
}

static enum cairn_err walk_add(struct kv_walk *walk, enum cairn_kv_kind kind, uint8_t *piece,
                               struct cairn_hasher *hasher, struct cairn_why *why)
{
    uint64_t size = 0;
    struct cairn_hash128 digest = { 0, 0 };
    if (kind == CAIRN_KV_VALUE) {
        enum cairn_err err = value_digest(walk->kv, kv_walk_key(walk), piece, &size, &digest, why);
        if (err) return err;
    }
    entry_add(hasher, kv_walk_below(walk), kind, size);
    if (kind == CAIRN_KV_VALUE) hash_add(hasher, digest);
    return CAIRN_OK;
}

static enum cairn_err dictionary_digest(struct cairn_kv *kv, struct cairn_kv_key key,
                                        struct cairn_hash128 *digest, uint8_t *mem,
                                        size_t mem_bytes, struct cairn_why *why)
{
    struct cairn_hasher hasher;
    struct kv_walk walk;
    const struct cairn_kv_entry *entry = NULL;
    cairn_hasher_init(&hasher);
    enum cairn_err err =
        kv_walk_begin(&walk, kv, key, mem + PIECE_BYTES, mem_bytes - PIECE_BYTES, why);
    while (!err) {
        err = kv_walk_next(&walk, &entry, why);
        if (!err && !entry) break;
        if (!err) err = walk_add(&walk, entry->kind, mem, &hasher, why);
    }
    *digest = cairn_hasher_value(&hasher);
    return err;
}

enum cairn_err cairn_kv_digest(struct cairn_kv *kv, struct cairn_kv_key key,
                               struct cairn_hash128 *digest, void *mem, size_t mem_bytes,
                               struct cairn_why *why)
{
    struct cairn_kv_stat stat;
    uint64_t size;
    *digest = (struct cairn_hash128){ 0, 0 };
    enum cairn_err err = cairn_kv_stat(kv, key, &stat, why);
    if (err) return err;
    if (mem_bytes < CAIRN_KV_DIGEST_MEM) {
        err = kv_fail(kv, key, why, CAIRN_ERANGE, "digest: its memory");
        cairn_why_hint(why, "give it at least %u bytes", CAIRN_KV_DIGEST_MEM);
        return err;
    }
    if (stat.kind == CAIRN_KV_DICTIONARY)
        return dictionary_digest(kv, key, digest, mem, mem_bytes, why);
    return value_digest(kv, key, mem, &size, digest, why);
}
