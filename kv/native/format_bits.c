/* SPDX-License-Identifier: ISC */
/* Heads of bitmap and index pages (kv/FORMAT.md, "Free space"). */
#include "codec.h"

#define HASH_AT 8u
#define HASHED_AT 24u

static const uint8_t magic_bits[4] = { 'C', 'K', 'V', 'B' };
static const uint8_t magic_index[4] = { 'C', 'K', 'V', 'X' };

static const uint8_t *magic_of(uint8_t level)
{
    return level == 0 ? magic_bits : magic_index;
}

void kvn_bits_seal(uint8_t *page, uint32_t page_bytes, const struct kvn_bits_head *head)
{
    memset(page, 0, KVN_BITS_AT);
    memcpy(page, magic_of(head->level), sizeof magic_bits);
    page[24] = head->level;
    cairn_le64_put(page + 32, head->number);
    cairn_le64_put(page + 40, head->birth);
    cairn_le64_put(page + 48, head->uuid8);
    kvn_hash_put(page + HASH_AT, cairn_hash128(page + HASHED_AT, page_bytes - HASHED_AT));
}

struct cairn_hash128 kvn_bits_hash(const uint8_t *page)
{
    return kvn_hash_get(page + HASH_AT);
}

enum cairn_err kvn_bits_check(const uint8_t *page, uint32_t page_bytes, struct kvn_bits_head *head)
{
    head->level = page[24];
    head->number = cairn_le64(page + 32);
    head->birth = cairn_le64(page + 40);
    head->uuid8 = cairn_le64(page + 48);
    if (memcmp(page, magic_of(head->level), sizeof magic_bits) != 0) return CAIRN_ECORRUPT;
    struct cairn_hash128 hash = cairn_hash128(page + HASHED_AT, page_bytes - HASHED_AT);
    return kvn_hash_equal(kvn_bits_hash(page), hash) ? CAIRN_OK : CAIRN_ECORRUPT;
}
