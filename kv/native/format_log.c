/* SPDX-License-Identifier: ISC */
/* Records of the log, and the changes in them (kv/FORMAT.md, "Log"). */
#include "codec.h"

#define HASH_AT 8u
#define RECORD_MOST (KVN_PAGE_MOST / 4) /* what a page of the tree takes as a value */

static const uint8_t magic[4] = { 'C', 'K', 'V', 'L' };

void kvn_log_seal(uint8_t *record, struct kvn_log_head *head)
{
    memset(record, 0, KVN_LOG_HEAD_BYTES);
    memcpy(record, magic, sizeof magic);
    cairn_le32_put(record + 24, head->bytes);
    cairn_le32_put(record + 28, head->changes);
    cairn_le32_put(record + 32, head->flags);
    cairn_le64_put(record + 40, head->uuid8);
    cairn_le64_put(record + 48, head->seq);
    cairn_le64_put(record + 56, head->position);
    cairn_le64_put(record + 64, head->durable_seq);
    kvn_hash_put(record + 72, head->before);
    head->hash = cairn_hash128(record + KVN_LOG_HASHED_AT, head->bytes - KVN_LOG_HASHED_AT);
    kvn_hash_put(record + HASH_AT, head->hash);
}

enum cairn_err kvn_log_peek(struct kvn_log_head *head, const uint8_t in[KVN_LOG_HEAD_BYTES],
                            uint64_t uuid8, uint64_t most)
{
    head->hash = kvn_hash_get(in + HASH_AT);
    head->bytes = cairn_le32(in + 24);
    head->changes = cairn_le32(in + 28);
    head->flags = cairn_le32(in + 32);
    head->uuid8 = cairn_le64(in + 40);
    head->seq = cairn_le64(in + 48);
    head->position = cairn_le64(in + 56);
    head->durable_seq = cairn_le64(in + 64);
    head->before = kvn_hash_get(in + 72);
    if (memcmp(in, magic, sizeof magic) != 0 || head->uuid8 != uuid8) return CAIRN_ECORRUPT;
    if (head->bytes < KVN_LOG_HEAD_BYTES || head->bytes > most) return CAIRN_ECORRUPT;
    if (head->changes > (head->bytes - KVN_LOG_HEAD_BYTES) / KVN_CHANGE_HEAD_BYTES)
        return CAIRN_ECORRUPT;
    return head->flags & ~KVN_LOG_MORE ? CAIRN_ECORRUPT : CAIRN_OK;
}

bool kvn_log_whole(const uint8_t *record, const struct kvn_log_head *head)
{
    return kvn_hash_equal(
        head->hash, cairn_hash128(record + KVN_LOG_HASHED_AT, head->bytes - KVN_LOG_HASHED_AT));
}

uint32_t kvn_change_bytes(const struct kvn_change *change)
{
    return KVN_CHANGE_HEAD_BYTES + change->key.bytes + change->value.bytes;
}

uint32_t kvn_change_encode(uint8_t *out, const struct kvn_change *change)
{
    out[0] = (uint8_t)change->kind;
    out[1] = 0;
    cairn_le16_put(out + 2, (uint16_t)change->key.bytes);
    cairn_le32_put(out + 4, change->value.bytes);
    out += KVN_CHANGE_HEAD_BYTES;
    if (change->key.bytes > 0) memcpy(out, change->key.data, change->key.bytes);
    if (change->value.bytes > 0)
        memcpy(out + change->key.bytes, change->value.data, change->value.bytes);
    return kvn_change_bytes(change);
}

static bool change_is_sane(const struct kvn_change *change)
{
    if (change->key.bytes < KVN_ID_BYTES || change->key.bytes > KVN_KEY_MAX) return false;
    switch (change->kind) {
    case KVN_PUT:
        return change->value.bytes >= 1 && change->value.bytes <= RECORD_MOST;
    case KVN_DELETE:
        return change->value.bytes == 0;
    default:
        return false;
    }
}

enum cairn_err kvn_change_decode(struct kvn_change *change, const uint8_t *changes, uint32_t bytes,
                                 uint32_t at, uint32_t *next)
{
    if (!cairn_range_fits(at, KVN_CHANGE_HEAD_BYTES, bytes)) return CAIRN_ECORRUPT;
    const uint8_t *in = changes + at;
    uint32_t left = bytes - at - KVN_CHANGE_HEAD_BYTES;
    change->kind = (enum kvn_change_kind)in[0];
    change->key = (struct kvn_slice){ in + KVN_CHANGE_HEAD_BYTES, cairn_le16(in + 2) };
    change->value.bytes = cairn_le32(in + 4);
    if (!change_is_sane(change)) return CAIRN_ECORRUPT;
    if (!cairn_range_fits(change->key.bytes, change->value.bytes, left)) return CAIRN_ECORRUPT;
    change->value.data = change->key.data + change->key.bytes;
    *next = at + kvn_change_bytes(change);
    return CAIRN_OK;
}
