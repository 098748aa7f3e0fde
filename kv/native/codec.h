/* SPDX-License-Identifier: ISC */
/* What every codec of the format needs: hashes as bytes. */
#ifndef CAIRN_KV_NATIVE_CODEC_H
#define CAIRN_KV_NATIVE_CODEC_H

#include <cairn/bytes.h>

#include "format.h"

static inline void kvn_hash_put(uint8_t *out, struct cairn_hash128 hash)
{
    cairn_le64_put(out, hash.low);
    cairn_le64_put(out + 8, hash.high);
}

static inline struct cairn_hash128 kvn_hash_get(const uint8_t *in)
{
    return (struct cairn_hash128){ .low = cairn_le64(in), .high = cairn_le64(in + 8) };
}

static inline bool kvn_hash_equal(struct cairn_hash128 a, struct cairn_hash128 b)
{
    return a.low == b.low && a.high == b.high;
}

#endif
