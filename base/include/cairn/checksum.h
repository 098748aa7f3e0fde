/* SPDX-License-Identifier: ISC */
/* Checksums and hashes of the core. None of them is cryptographic. */
#ifndef CAIRN_CHECKSUM_H
#define CAIRN_CHECKSUM_H

#include <cairn/def.h>

CAIRN_BEGIN

/* CRC-32 as GPT, gzip and PNG use it (reflected 0xEDB88320). Start with crc 0; feed the result
 * back in to go on. UEFI 2.10, section 5.3.2. */
CAIRN_API uint32_t cairn_crc32(uint32_t crc, const void *data, size_t bytes);

struct cairn_hash128 {
    uint64_t low, high;
};
/* XXH3-128 of xxhash.h (Debian's libxxhash-dev), seed 0: the same on every machine. */
CAIRN_API struct cairn_hash128 cairn_hash128(const void *data, size_t bytes);

/* The same, fed in pieces. About 600 bytes, caller-owned, 64-byte aligned, no closing needed. */
struct cairn_hasher {
    uint8_t opaque[640] __attribute__((aligned(64)));
};
CAIRN_API void cairn_hasher_init(struct cairn_hasher *hasher);
CAIRN_API void cairn_hasher_add(struct cairn_hasher *hasher, const void *data, size_t bytes);
CAIRN_API struct cairn_hash128 cairn_hasher_value(const struct cairn_hasher *hasher);

CAIRN_END

#endif
