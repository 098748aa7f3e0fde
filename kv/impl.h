/* SPDX-License-Identifier: ISC */
/* What the front and the implementations of a store share. Private. */
#ifndef CAIRN_KV_IMPL_H
#define CAIRN_KV_IMPL_H

#include <cairn/bytes.h>
#include <cairn/kv.h>

/* The next segment of a key that was checked, from *at on, which then lies behind it. false: there
 * is none. Start with 0. */
static inline bool kv_segment_next(struct cairn_kv_key key, size_t *at,
                                   struct cairn_kv_key *segment)
{
    if (*at >= key.bytes) return false;
    size_t end = *at;
    while (end < key.bytes && key.path[end] != '/')
        end++;
    *segment = (struct cairn_kv_key){ key.path + *at, end - *at };
    *at = end + 1;
    return true;
}

/* Where the last segment of a key begins; 0 of the root. */
static inline size_t kv_last_at(struct cairn_kv_key key)
{
    size_t at = key.bytes;
    while (at > 0 && key.path[at - 1] != '/')
        at--;
    return at;
}

static inline struct cairn_kv_key kv_last(struct cairn_kv_key key)
{
    size_t at = kv_last_at(key);
    return (struct cairn_kv_key){ key.path + at, key.bytes - at };
}

/* The dictionary that a key is in; of a single segment, and of the root, the root. */
static inline struct cairn_kv_key kv_parent(struct cairn_kv_key key)
{
    size_t at = kv_last_at(key);
    return (struct cairn_kv_key){ key.path, at ? at - 1 : 0 };
}

static inline bool kv_key_equal(struct cairn_kv_key a, struct cairn_kv_key b)
{
    return a.bytes == b.bytes && (a.bytes == 0 || memcmp(a.path, b.path, a.bytes) == 0);
}

/* Does `key` lie beneath the dictionary `above`, by its segments? Everything but the root lies
 * beneath the root. */
bool kv_key_beneath(struct cairn_kv_key key, struct cairn_kv_key above);

/* Order by raw bytes; a beginning comes first. */
int kv_key_compare(struct cairn_kv_key a, struct cairn_kv_key b);

/* Fail with the key as the path and the store's name as where. */
enum cairn_err kv_fail(const struct cairn_kv *kv, struct cairn_kv_key key, struct cairn_why *why,
                       enum cairn_err err, const char *what);

#endif
