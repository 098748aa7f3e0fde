/* SPDX-License-Identifier: ISC */
/* Where things lie in a page of the tree, for those that read one and those that fill one. */
#ifndef CAIRN_KV_NATIVE_NODE_H
#define CAIRN_KV_NATIVE_NODE_H

#include "codec.h"

#define KVN_NODE_HEAD_BYTES 48u
#define KVN_SLOT_BYTES 4u
#define KVN_ENTRY_HEAD_BYTES 4u

static inline uint32_t kvn_slots_at(uint32_t prefix_bytes)
{
    return (KVN_NODE_HEAD_BYTES + prefix_bytes + KVN_SLOT_BYTES - 1) / KVN_SLOT_BYTES *
           KVN_SLOT_BYTES;
}

/* The first two bytes of a suffix as a number, in the order of suffixes. */
static inline uint32_t kvn_slot_head(const uint8_t *suffix, uint32_t bytes)
{
    if (bytes >= 2) return (uint32_t)suffix[0] << 8 | suffix[1];
    return bytes == 1 ? (uint32_t)suffix[0] << 8 : 0;
}

static inline uint32_t kvn_common_prefix(struct kvn_slice a, struct kvn_slice b)
{
    uint32_t shorter = a.bytes < b.bytes ? a.bytes : b.bytes, same = 0;
    while (same < shorter && a.data[same] == b.data[same])
        same++;
    return same;
}

/* Put an entry in front of `end`; returns where it begins. */
static inline uint32_t kvn_entry_put(uint8_t *page, uint32_t end, struct kvn_slice suffix,
                                     struct kvn_slice value)
{
    uint32_t begin = end - KVN_ENTRY_HEAD_BYTES - suffix.bytes - value.bytes;
    uint8_t *entry = page + begin;
    cairn_le16_put(entry, (uint16_t)suffix.bytes);
    cairn_le16_put(entry + 2, (uint16_t)value.bytes);
    if (suffix.bytes > 0) memcpy(entry + KVN_ENTRY_HEAD_BYTES, suffix.data, suffix.bytes);
    memcpy(entry + KVN_ENTRY_HEAD_BYTES + suffix.bytes, value.data, value.bytes);
    return begin;
}

static inline void kvn_slot_put(uint8_t *slot, uint32_t begin, struct kvn_slice suffix)
{
    cairn_le16_put(slot, (uint16_t)begin);
    cairn_le16_put(slot + 2, (uint16_t)kvn_slot_head(suffix.data, suffix.bytes));
}

/* All of the head but its count and prefix. */
void kvn_node_head_encode(uint8_t *page, const struct kvn_node_head *head);

#endif
