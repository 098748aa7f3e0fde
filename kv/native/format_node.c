/* SPDX-License-Identifier: ISC */
/*
 * Pages of the tree (kv/FORMAT.md, "Tree"). Finding a key looks at the slots first, which hold the
 * first two bytes of each key, and then only at the entries where those two are the same.
 */
#include "node.h"

static const uint8_t magic[4] = { 'C', 'K', 'V', 'T' };

static int bytes_compare(const uint8_t *a, uint32_t a_bytes, const uint8_t *b, uint32_t b_bytes)
{
    uint32_t shorter = a_bytes < b_bytes ? a_bytes : b_bytes;
    int order = shorter > 0 ? memcmp(a, b, shorter) : 0;
    return order != 0 ? order : (a_bytes > b_bytes) - (a_bytes < b_bytes);
}

int kvn_slice_compare(struct kvn_slice a, struct kvn_slice b)
{
    return bytes_compare(a.data, a.bytes, b.data, b.bytes);
}

/* ---- one entry ------------------------------------------------------------------------------- */

static uint32_t prefix_bytes_of(const uint8_t *page)
{
    return cairn_le16(page + 32);
}

static const uint8_t *slots_of(const uint8_t *page)
{
    return page + kvn_slots_at(prefix_bytes_of(page));
}

static uint32_t slot_head(const uint8_t *slots, uint32_t at)
{
    return cairn_le16(slots + at * KVN_SLOT_BYTES + 2);
}

static const uint8_t *entry_of(const uint8_t *page, const uint8_t *slots, uint32_t at)
{
    return page + cairn_le16(slots + at * KVN_SLOT_BYTES);
}

uint32_t kvn_node_count(const uint8_t *page)
{
    return cairn_le16(page + 6);
}

struct kvn_slice kvn_node_prefix(const uint8_t *page)
{
    return (struct kvn_slice){ page + KVN_NODE_HEAD_BYTES, prefix_bytes_of(page) };
}

struct kvn_slice kvn_node_suffix(const uint8_t *page, uint32_t at)
{
    const uint8_t *entry = entry_of(page, slots_of(page), at);
    return (struct kvn_slice){ entry + KVN_ENTRY_HEAD_BYTES, cairn_le16(entry) };
}

struct kvn_slice kvn_node_value(const uint8_t *page, uint32_t at)
{
    const uint8_t *entry = entry_of(page, slots_of(page), at);
    return (struct kvn_slice){ entry + KVN_ENTRY_HEAD_BYTES + cairn_le16(entry),
                               cairn_le16(entry + 2) };
}

uint32_t kvn_node_key(const uint8_t *page, uint32_t at, uint8_t *out)
{
    struct kvn_slice prefix = kvn_node_prefix(page), suffix = kvn_node_suffix(page, at);
    memcpy(out, prefix.data, prefix.bytes);
    memcpy(out + prefix.bytes, suffix.data, suffix.bytes);
    return prefix.bytes + suffix.bytes;
}

/* ---- finding --------------------------------------------------------------------------------- */

/* The first of slots [0, count) whose head is not below `head`. Without a branch that depends on
 * the keys: those are foretold wrongly half of the time. */
static uint32_t find_head(const uint8_t *slots, uint32_t count, uint32_t head)
{
    uint32_t base = 0;
    for (uint32_t half; count > 1; count -= half) {
        half = count / 2;
        base += slot_head(slots, base + half - 1) < head ? half : 0;
    }
    return base + (count == 1 && slot_head(slots, base) < head);
}

/* The same by whole suffixes, of slots [at, end). */
static uint32_t find_suffix(const uint8_t *page, const uint8_t *slots, uint32_t at, uint32_t end,
                            struct kvn_slice suffix, bool *equal)
{
    while (at < end) {
        uint32_t middle = at + (end - at) / 2;
        const uint8_t *entry = entry_of(page, slots, middle);
        int order = bytes_compare(entry + KVN_ENTRY_HEAD_BYTES, cairn_le16(entry), suffix.data,
                                  suffix.bytes);
        *equal = order == 0;
        if (*equal) return middle;
        if (order < 0)
            at = middle + 1;
        else
            end = middle;
    }
    return at;
}

/* Where the key lies to all keys of the page: -1 before them, 1 behind, 0 it has their prefix, and
 * *suffix is the rest. */
static int prefix_compare(const uint8_t *page, struct kvn_slice key, struct kvn_slice *suffix)
{
    uint32_t bytes = prefix_bytes_of(page);
    uint32_t shorter = bytes < key.bytes ? bytes : key.bytes;
    int order = shorter > 0 ? memcmp(key.data, page + KVN_NODE_HEAD_BYTES, shorter) : 0;
    if (order != 0) return order;
    if (key.bytes < bytes) return -1;
    *suffix = (struct kvn_slice){ key.data + bytes, key.bytes - bytes };
    return 0;
}

uint32_t kvn_node_find(const uint8_t *page, struct kvn_slice key, bool *equal)
{
    struct kvn_slice suffix;
    uint32_t count = kvn_node_count(page);
    int order = prefix_compare(page, key, &suffix);
    *equal = false;
    if (order != 0) return order < 0 ? 0 : count;
    const uint8_t *slots = slots_of(page);
    uint32_t head = kvn_slot_head(suffix.data, suffix.bytes);
    uint32_t at = find_head(slots, count, head);
    if (at == count || slot_head(slots, at) != head) return at;
    uint32_t same = find_head(slots + at * KVN_SLOT_BYTES, count - at, head + 1);
    return find_suffix(page, slots, at, at + same, suffix, equal);
}

uint32_t kvn_node_child(const uint8_t *page, struct kvn_slice key)
{
    bool equal;
    uint32_t at = kvn_node_find(page, key, &equal);
    return equal || at == 0 ? at : at - 1;
}

/* ---- checking -------------------------------------------------------------------------------- */

static enum cairn_err wrong(struct cairn_why *why, const struct kvn_node_head *head,
                            const char *what)
{
    return cairn_why_fail(why, CAIRN_ECORRUPT, "page %llu of the tree: %s",
                          (unsigned long long)head->page, what);
}

static void head_decode(struct kvn_node_head *head, const uint8_t *page)
{
    head->level = page[4];
    head->count = cairn_le16(page + 6);
    head->page = cairn_le64(page + 8);
    head->birth = cairn_le64(page + 16);
    head->uuid8 = cairn_le64(page + 24);
}

/* What of a page each of its entries is checked against. */
struct frame {
    const uint8_t *page, *slots;
    uint32_t prefix_bytes, slots_end, value_most;
    uint32_t end; /* where the entry at hand must end */
    bool leaf;
};

/* NULL, or what is wrong with the place and the lengths of an entry. */
static const char *entry_fault(struct frame *frame, uint32_t at)
{
    uint32_t begin = cairn_le16(frame->slots + at * KVN_SLOT_BYTES);
    if (begin < frame->slots_end || begin + KVN_ENTRY_HEAD_BYTES > frame->end)
        return "an entry outside of its place";
    const uint8_t *entry = frame->page + begin;
    uint32_t key_bytes = cairn_le16(entry), value_bytes = cairn_le16(entry + 2);
    if (begin + KVN_ENTRY_HEAD_BYTES + key_bytes + value_bytes != frame->end)
        return "entries do not join";
    if (key_bytes + frame->prefix_bytes > KVN_KEY_MAX) return "a key that is too long";
    if (frame->leaf && key_bytes + frame->prefix_bytes < KVN_ID_BYTES)
        return "a key that is too short";
    if (value_bytes == 0 || value_bytes > frame->value_most) return "a value of a wrong size";
    if (slot_head(frame->slots, at) != kvn_slot_head(entry + KVN_ENTRY_HEAD_BYTES, key_bytes))
        return "a slot does not tell of its key";
    frame->end = begin;
    return NULL;
}

/* Is the key at `at` above the one before it? Both are inside. */
static bool ascends(const struct frame *frame, uint32_t at)
{
    uint32_t before = slot_head(frame->slots, at - 1), head = slot_head(frame->slots, at);
    if (before != head) return before < head;
    return kvn_slice_compare(kvn_node_suffix(frame->page, at - 1),
                             kvn_node_suffix(frame->page, at)) < 0;
}

static bool pointer_is_sane(const uint8_t *page, uint32_t at)
{
    struct kvn_slice value = kvn_node_value(page, at);
    return value.bytes == KVN_POINTER_BYTES && cairn_le64(value.data) != 0;
}

static const char *entries_fault(struct frame *frame, uint32_t count)
{
    for (uint32_t at = 0; at < count; at++) {
        const char *fault = entry_fault(frame, at);
        if (fault) return fault;
        if (at > 0 && !ascends(frame, at)) return "keys out of order";
        if (!frame->leaf && !pointer_is_sane(frame->page, at)) return "a pointer to nowhere";
    }
    return frame->end == cairn_le32(frame->page + 36) ? NULL : "where entries begin";
}

enum cairn_err kvn_node_check(const uint8_t *page, uint32_t page_bytes, struct kvn_node_head *head,
                              struct cairn_why *why)
{
    head_decode(head, page);
    if (memcmp(page, magic, sizeof magic) != 0)
        return cairn_why_fail(why, CAIRN_ECORRUPT, "not a page of the tree");
    if (head->level >= KVN_DEPTH_MAX) return wrong(why, head, "a level that is too high");
    struct frame frame = { .page = page,
                           .prefix_bytes = prefix_bytes_of(page),
                           .value_most = page_bytes / 4,
                           .end = page_bytes,
                           .leaf = head->level == 0 };
    if (frame.prefix_bytes > KVN_KEY_MAX) return wrong(why, head, "a prefix that is too long");
    frame.slots = slots_of(page);
    frame.slots_end = kvn_slots_at(frame.prefix_bytes) + head->count * KVN_SLOT_BYTES;
    if (head->count == 0 || frame.slots_end > page_bytes)
        return wrong(why, head, "a number of entries that cannot be");
    const char *fault = entries_fault(&frame, head->count);
    return fault ? wrong(why, head, fault) : CAIRN_OK;
}

/* ---- building -------------------------------------------------------------------------------- */

uint32_t kvn_node_size(uint32_t count, uint64_t key_bytes, uint64_t value_bytes,
                       struct kvn_slice first, struct kvn_slice last)
{
    uint32_t prefix = kvn_common_prefix(first, last);
    return (uint32_t)(kvn_slots_at(prefix) +
                      count * (uint64_t)(KVN_SLOT_BYTES + KVN_ENTRY_HEAD_BYTES) +
                      (key_bytes - (uint64_t)count * prefix) + value_bytes);
}

void kvn_node_head_encode(uint8_t *page, const struct kvn_node_head *head)
{
    memcpy(page, magic, sizeof magic);
    page[4] = head->level;
    cairn_le64_put(page + 8, head->page);
    cairn_le64_put(page + 16, head->birth);
    cairn_le64_put(page + 24, head->uuid8);
}

void kvn_node_build(uint8_t *page, uint32_t page_bytes, const struct kvn_node_head *head,
                    const struct kvn_item *items)
{
    uint32_t prefix = kvn_common_prefix(items[0].key, items[head->count - 1].key);
    uint32_t end = page_bytes;
    memset(page, 0, page_bytes);
    kvn_node_head_encode(page, head);
    cairn_le16_put(page + 6, head->count);
    cairn_le16_put(page + 32, (uint16_t)prefix);
    if (prefix > 0) memcpy(page + KVN_NODE_HEAD_BYTES, items[0].key.data, prefix);
    uint8_t *slot = page + kvn_slots_at(prefix);
    for (uint32_t i = 0; i < head->count; i++, slot += KVN_SLOT_BYTES) {
        struct kvn_slice suffix = { items[i].key.data + prefix, items[i].key.bytes - prefix };
        end = kvn_entry_put(page, end, suffix, items[i].value);
        kvn_slot_put(slot, end, suffix);
    }
    cairn_le32_put(page + 36, end);
}
