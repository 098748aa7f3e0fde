/* SPDX-License-Identifier: ISC */
/* All keys share the prefix; with one key it is all of it, so it only ever gets shorter. */
#include "fill.h"

#include "node.h"

void kvn_fill_init(struct kvn_fill *fill, uint8_t *bytes, uint32_t page_bytes)
{
    fill->bytes = bytes;
    fill->page_bytes = page_bytes;
    fill->low_bytes = 0;
    kvn_fill_clear(fill);
}

void kvn_fill_clear(struct kvn_fill *fill)
{
    memset(fill->bytes, 0, KVN_NODE_HEAD_BYTES);
    fill->begin = fill->page_bytes;
}

void kvn_fill_low_set(struct kvn_fill *fill, struct kvn_slice low)
{
    fill->low_bytes = low.bytes;
    if (low.bytes > 0) memcpy(fill->low, low.data, low.bytes);
}

uint32_t kvn_fill_count(const struct kvn_fill *fill)
{
    return cairn_le16(fill->bytes + 6);
}

static uint32_t prefix_bytes(const struct kvn_fill *fill)
{
    return cairn_le16(fill->bytes + 32);
}

uint32_t kvn_fill_used(const struct kvn_fill *fill)
{
    return kvn_slots_at(prefix_bytes(fill)) + kvn_fill_count(fill) * KVN_SLOT_BYTES +
           fill->page_bytes - fill->begin;
}

static uint8_t *slot_at(const struct kvn_fill *fill, uint32_t at)
{
    return fill->bytes + kvn_slots_at(prefix_bytes(fill)) + at * KVN_SLOT_BYTES;
}

static struct kvn_slice behind(struct kvn_slice key, uint32_t bytes)
{
    return (struct kvn_slice){ key.data + bytes, key.bytes - bytes };
}

bool kvn_fill_ascends(const struct kvn_fill *fill, struct kvn_slice key)
{
    uint32_t count = kvn_fill_count(fill);
    if (count == 0) return true;
    struct kvn_slice prefix = kvn_node_prefix(fill->bytes);
    uint32_t same = kvn_common_prefix(prefix, key);
    if (same < prefix.bytes) return same < key.bytes && key.data[same] > prefix.data[same];
    return kvn_slice_compare(kvn_node_suffix(fill->bytes, count - 1), behind(key, same)) < 0;
}

/* ---- adding ---------------------------------------------------------------------------------- */

/* Write entry `at` anew, in front of `end`, with `more` in front of its suffix. It may lie over
 * where it was. */
static void entry_move(struct kvn_fill *fill, uint32_t at, uint32_t end, struct kvn_slice more)
{
    uint8_t *slot = slot_at(fill, at), *old = fill->bytes + cairn_le16(slot);
    uint32_t suffix = cairn_le16(old), value = cairn_le16(old + 2);
    uint32_t begin = end - KVN_ENTRY_HEAD_BYTES - more.bytes - suffix - value;
    uint8_t *entry = fill->bytes + begin, *key = entry + KVN_ENTRY_HEAD_BYTES;
    memmove(key + more.bytes, old + KVN_ENTRY_HEAD_BYTES, suffix + value);
    memcpy(key, more.data, more.bytes);
    cairn_le16_put(entry, (uint16_t)(more.bytes + suffix));
    cairn_le16_put(entry + 2, (uint16_t)value);
    kvn_slot_put(slot, begin, (struct kvn_slice){ key, more.bytes + suffix });
}

/* From now on the prefix has only `bytes`: there is room for that. Slots move down, and entries
 * too, the lowest first, so that nothing lies over what is still to be moved. */
static void prefix_cut(struct kvn_fill *fill, uint32_t bytes)
{
    uint8_t cut[KVN_KEY_MAX];
    uint32_t count = kvn_fill_count(fill), before = prefix_bytes(fill);
    struct kvn_slice more = { cut, before - bytes };
    memcpy(cut, fill->bytes + KVN_NODE_HEAD_BYTES + bytes, more.bytes);
    memmove(fill->bytes + kvn_slots_at(bytes), slot_at(fill, 0), count * KVN_SLOT_BYTES);
    cairn_le16_put(fill->bytes + 32, (uint16_t)bytes);
    fill->begin -= count * more.bytes;
    for (uint32_t at = count; at-- > 0;) {
        uint32_t end = at > 0 ? cairn_le16(slot_at(fill, at - 1)) : fill->page_bytes;
        entry_move(fill, at, end - at * more.bytes, more);
    }
}

/* How much of the prefix key has, too. */
static uint32_t prefix_with(const struct kvn_fill *fill, struct kvn_slice key)
{
    if (kvn_fill_count(fill) == 0) return key.bytes;
    return kvn_common_prefix(kvn_node_prefix(fill->bytes), key);
}

bool kvn_fill_add(struct kvn_fill *fill, struct kvn_slice key, struct kvn_slice value)
{
    uint32_t count = kvn_fill_count(fill), prefix = prefix_with(fill, key);
    uint64_t entries = fill->page_bytes - fill->begin;
    if (count > 0) entries += (uint64_t)count * (prefix_bytes(fill) - prefix);
    uint64_t entry = KVN_ENTRY_HEAD_BYTES + key.bytes - prefix + value.bytes;
    if (kvn_slots_at(prefix) + (count + 1) * KVN_SLOT_BYTES + entries + entry > fill->page_bytes)
        return false;
    if (count == 0) {
        cairn_le16_put(fill->bytes + 32, (uint16_t)prefix);
        memcpy(fill->bytes + KVN_NODE_HEAD_BYTES, key.data, prefix);
    } else if (prefix < prefix_bytes(fill)) {
        prefix_cut(fill, prefix);
    }
    fill->begin = kvn_entry_put(fill->bytes, fill->begin, behind(key, prefix), value);
    kvn_slot_put(slot_at(fill, count), fill->begin, behind(key, prefix));
    cairn_le16_put(fill->bytes + 6, (uint16_t)(count + 1));
    return true;
}

/* ---- two pages ------------------------------------------------------------------------------- */

uint32_t kvn_fill_between(const struct kvn_fill *left, struct kvn_slice key, uint8_t *out)
{
    uint8_t last[KVN_KEY_MAX];
    uint32_t bytes = kvn_node_key(left->bytes, kvn_fill_count(left) - 1, last);
    uint32_t same = kvn_common_prefix((struct kvn_slice){ last, bytes }, key);
    memcpy(out, key.data, same + 1);
    return same + 1;
}

/* The bytes that the entry takes. */
static uint32_t entry_bytes(const struct kvn_fill *fill, uint32_t at)
{
    uint32_t end = at > 0 ? cairn_le16(slot_at(fill, at - 1)) : fill->page_bytes;
    return KVN_SLOT_BYTES + end - cairn_le16(slot_at(fill, at));
}

static bool copy_from(struct kvn_fill *to, const struct kvn_fill *from, uint32_t at)
{
    uint8_t key[KVN_KEY_MAX];
    for (; at < kvn_fill_count(from); at++) {
        uint32_t bytes = kvn_node_key(from->bytes, at, key);
        struct kvn_slice whole = { key, bytes };
        if (!kvn_fill_add(to, whole, kvn_node_value(from->bytes, at))) return false;
    }
    return true;
}

/* The first of left's entries that goes over to right. */
static uint32_t split_point(const struct kvn_fill *left, const struct kvn_fill *right)
{
    uint32_t at = kvn_fill_count(left), stays = kvn_fill_used(left), goes = kvn_fill_used(right);
    while (at > 1 && stays > goes + entry_bytes(left, at - 1)) {
        at--;
        stays -= entry_bytes(left, at);
        goes += entry_bytes(left, at);
    }
    return at;
}

/* Keep the first `count` entries. The prefix stays, though a longer one might do. */
static void cut_off(struct kvn_fill *fill, uint32_t count)
{
    cairn_le16_put(fill->bytes + 6, (uint16_t)count);
    fill->begin = cairn_le16(slot_at(fill, count - 1));
}

void kvn_fill_balance(struct kvn_fill *left, struct kvn_fill *right, uint8_t **spare)
{
    uint32_t at = split_point(left, right);
    struct kvn_fill both;
    kvn_fill_init(&both, *spare, right->page_bytes);
    if (at == kvn_fill_count(left) || !copy_from(&both, left, at) || !copy_from(&both, right, 0))
        return;
    *spare = right->bytes;
    right->bytes = both.bytes;
    right->begin = both.begin;
    right->low_bytes = kvn_node_key(right->bytes, 0, right->low);
    cut_off(left, at);
}

void kvn_fill_seal(struct kvn_fill *fill, const struct kvn_node_head *head)
{
    uint32_t prefix_end = KVN_NODE_HEAD_BYTES + prefix_bytes(fill),
             slots = kvn_slots_at(prefix_bytes(fill));
    uint32_t slots_end = slots + kvn_fill_count(fill) * KVN_SLOT_BYTES;
    kvn_node_head_encode(fill->bytes, head);
    cairn_le32_put(fill->bytes + 36, fill->begin);
    memset(fill->bytes + prefix_end, 0, slots - prefix_end);
    memset(fill->bytes + slots_end, 0, fill->begin - slots_end);
}
