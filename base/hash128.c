/* SPDX-License-Identifier: ISC */
/*
 * XXH3-128, compiled from the xxhash.h of the build machine into this file alone. The C library
 * headers that it asks for come from shim/; its functions are static here, and those that would
 * allocate are not called.
 */
#include <cairn/bytes.h>
#include <cairn/checksum.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

_Static_assert(sizeof(XXH3_state_t) <= sizeof(struct cairn_hasher), "a hasher holds the state");
_Static_assert(_Alignof(XXH3_state_t) <= _Alignof(struct cairn_hasher), "and aligns it");

static struct cairn_hash128 hash_from_xxh(XXH128_hash_t hash)
{
    return (struct cairn_hash128){ .low = hash.low64, .high = hash.high64 };
}

struct cairn_hash128 cairn_hash128(const void *data, size_t bytes)
{
    return hash_from_xxh(XXH3_128bits(data, bytes));
}

static XXH3_state_t *hasher_state(struct cairn_hasher *hasher)
{
    return (XXH3_state_t *)(void *)hasher->opaque;
}

void cairn_hasher_init(struct cairn_hasher *hasher)
{
    (void)XXH3_128bits_reset(hasher_state(hasher)); /* fails for NULL only */
}

void cairn_hasher_add(struct cairn_hasher *hasher, const void *data, size_t bytes)
{
    if (bytes > 0) (void)XXH3_128bits_update(hasher_state(hasher), data, bytes);
}

struct cairn_hash128 cairn_hasher_value(const struct cairn_hasher *hasher)
{
    return hash_from_xxh(XXH3_128bits_digest((const XXH3_state_t *)(const void *)hasher->opaque));
}
