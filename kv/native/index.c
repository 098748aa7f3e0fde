/* SPDX-License-Identifier: ISC */
/*
 * A node has, of each key, eight bytes as a number (its head), from where on the keys that can come
 * to be in it differ. Invariants:
 *
 * 1. The lowest key of a child is that of the item above it.
 * 2. A node's prefix is what its lowest key and the one behind its last have in common, as the
 * nodes above tell: whatever key is looked for in it has that prefix, too. Nodes at either edge
 * have none.
 * 3. Heads are of the bytes behind the prefix, and ascend; those of equal heads are told apart by
 *    the keys.
 */
#include "index.h"

#include <cairn/bytes.h>

#include "node.h"

#define LEAF_ITEMS 35u
#define INNER_ITEMS 23u
#define LINE_BYTES 64u

struct kvn_index_node {
    uint32_t count;
    uint32_t prefix;
    uint64_t heads[]; /* then the lowest entries; above the leaves, then the children */
};

struct cell {
    struct cell *next;
};

static uint32_t room_of(uint32_t level)
{
    return level ? INNER_ITEMS : LEAF_ITEMS;
}

static struct kvn_entry **lows_of(struct kvn_index_node *node, uint32_t level)
{
    return (struct kvn_entry **)(void *)(node->heads + room_of(level));
}

static struct kvn_index_node **children_of(struct kvn_index_node *node)
{
    return (struct kvn_index_node **)(void *)(lows_of(node, 1) + INNER_ITEMS);
}

/* ---- cells ----------------------------------------------------------------------------------- */

void kvn_index_clear(struct kvn_index *index)
{
    *index = (struct kvn_index){ .changes = index->changes + 1 };
}

void kvn_index_give(struct kvn_index *index, void *cell)
{
    ((struct cell *)cell)->next = index->cells;
    index->cells = cell;
    index->cell_count++;
}

static struct kvn_index_node *node_make(struct kvn_index *index, uint32_t prefix)
{
    struct cell *cell = index->cells;
    struct kvn_index_node *node = (struct kvn_index_node *)(void *)cell;
    index->cells = cell->next;
    index->cell_count--;
    node->count = 0;
    node->prefix = prefix;
    return node;
}

/* ---- heads ----------------------------------------------------------------------------------- */

static uint64_t head_of(struct kvn_slice key, uint32_t prefix)
{
    uint8_t bytes[8] = { 0 };
    const uint8_t *at = bytes;
    if (prefix + 8 <= key.bytes)
        at = key.data + prefix;
    else if (prefix < key.bytes)
        memcpy(bytes, key.data + prefix, key.bytes - prefix);
    uint64_t head = 0;
    for (uint32_t i = 0; i < 8; i++)
        head = head << 8 | at[i];
    return head;
}

/* Other keys can come to be in the node: its prefix is longer. */
static void prefix_set(struct kvn_index_node *node, uint32_t level, uint32_t prefix)
{
    if (prefix == node->prefix) return;
    node->prefix = prefix;
    for (uint32_t i = 0; i < node->count; i++)
        node->heads[i] = head_of(kvn_entry_key(lows_of(node, level)[i]), prefix);
}

/* ---- searching ------------------------------------------------------------------------------- */

static void node_fetch(const struct kvn_index_node *node)
{
    const uint8_t *at = (const uint8_t *)node;
    for (uint32_t i = 0; i < sizeof *node + LEAF_ITEMS * sizeof(uint64_t); i += LINE_BYTES)
        __builtin_prefetch(at + i);
}

/* The first of count heads that is not below `head`. No branch depends on the heads: those would be
 * foretold wrongly half of the time. */
static uint32_t head_find(const uint64_t *heads, uint32_t count, uint64_t head)
{
    uint32_t base = 0;
    for (uint32_t half; count > 1; count -= half) {
        half = count / 2;
        base += heads[base + half - 1] < head ? half : 0;
    }
    return base + (count == 1 && heads[base] < head);
}

/* The first item that is not below key; *equal: it is key. */
static uint32_t node_find(struct kvn_index_node *node, uint32_t level, struct kvn_slice key,
                          bool *equal)
{
    uint64_t head = head_of(key, node->prefix);
    uint32_t from = head_find(node->heads, node->count, head), to = from;
    *equal = false;
    while (to < node->count && node->heads[to] == head)
        to++;
    while (from < to) {
        uint32_t middle = from + (to - from) / 2;
        int order = kvn_slice_compare(kvn_entry_key(lows_of(node, level)[middle]), key);
        *equal = order == 0;
        if (*equal) return middle;
        if (order < 0)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

bool kvn_index_find(const struct kvn_index *index, struct kvn_slice key,
                    struct kvn_index_path *path)
{
    struct kvn_index_node *node = index->root;
    bool equal = false;
    if (!node) return false;
    for (uint32_t level = index->levels; level-- > 0;) {
        uint32_t at = node_find(node, level, key, &equal);
        if (level && !equal && at) at--;
        path->node[level] = node;
        path->at[level] = at;
        if (!level) break;
        node = children_of(node)[at];
        node_fetch(node);
    }
    return equal;
}

struct kvn_entry *kvn_index_entry(const struct kvn_index *index, struct kvn_index_path *path)
{
    if (!index->root) return NULL;
    if (path->at[0] < path->node[0]->count) return lows_of(path->node[0], 0)[path->at[0]];
    return kvn_index_next(index, path);
}

/* The node and the place in it are kept beside the path, of which gcc 12 believes at -O2 that it is
 * as before. */
struct kvn_entry *kvn_index_next(const struct kvn_index *index, struct kvn_index_path *path)
{
    uint32_t level = 0;
    if (!index->root) return NULL;
    while (path->at[level] + 1 >= path->node[level]->count)
        if (++level == index->levels) return NULL;
    struct kvn_index_node *node = path->node[level];
    uint32_t at = ++path->at[level];
    while (level-- > 0) {
        node = children_of(node)[at];
        at = 0;
        path->node[level] = node;
        path->at[level] = at;
    }
    return lows_of(node, 0)[at];
}

/* ---- inserting ------------------------------------------------------------------------------- */

uint32_t kvn_index_wants(const struct kvn_index *index, const struct kvn_index_path *path)
{
    uint32_t level = 0;
    if (!index->root) return 1;
    while (level < index->levels && path->node[level]->count == room_of(level))
        level++;
    if (level < index->levels) return level;
    return level == KVN_INDEX_LEVELS ? UINT32_MAX : level + 1;
}

static void node_insert(struct kvn_index_node *node, uint32_t level, uint32_t at,
                        struct kvn_entry *low, struct kvn_index_node *child)
{
    struct kvn_entry **lows = lows_of(node, level);
    uint32_t behind = node->count - at;
    memmove(&node->heads[at + 1], &node->heads[at], behind * sizeof *node->heads);
    memmove(&lows[at + 1], &lows[at], behind * sizeof(void *));
    node->heads[at] = head_of(kvn_entry_key(low), node->prefix);
    lows[at] = low;
    if (level) {
        struct kvn_index_node **children = children_of(node);
        memmove(&children[at + 1], &children[at], behind * sizeof(void *));
        children[at] = child;
    }
    node->count++;
}

/* Items from `stay` on go to `right`. */
static void items_move(struct kvn_index_node *node, struct kvn_index_node *right, uint32_t level,
                       uint32_t stay)
{
    uint32_t count = node->count - stay;
    memcpy(right->heads, &node->heads[stay], count * sizeof *right->heads);
    memcpy(lows_of(right, level), &lows_of(node, level)[stay], count * sizeof(void *));
    if (level) memcpy(children_of(right), &children_of(node)[stay], count * sizeof(void *));
    right->count = count;
    node->count = stay;
}

static uint32_t common(const struct kvn_entry *a, const struct kvn_entry *b)
{
    return a && b ? kvn_common_prefix(kvn_entry_key(a), kvn_entry_key(b)) : 0;
}

/* The lowest key of the path's node at a level; NULL: at the edge. */
static const struct kvn_entry *low_fence(const struct kvn_index *index,
                                         const struct kvn_index_path *path, uint32_t level)
{
    for (uint32_t above = level + 1; above < index->levels; above++)
        if (path->at[above]) return lows_of(path->node[level + 1], level + 1)[path->at[level + 1]];
    return NULL;
}

/* The lowest key behind it; NULL: at the edge. */
static const struct kvn_entry *high_fence(const struct kvn_index *index,
                                          const struct kvn_index_path *path, uint32_t level)
{
    while (++level < index->levels)
        if (path->at[level] + 1 < path->node[level]->count)
            return lows_of(path->node[level], level)[path->at[level] + 1];
    return NULL;
}

/* The upper half of the path's node goes to a new one, or, when keys come in order, nothing. `low`
 * is to be inserted. */
static struct kvn_index_node *split(struct kvn_index *index, const struct kvn_index_path *path,
                                    uint32_t level, uint32_t at, struct kvn_entry *low)
{
    struct kvn_index_node *node = path->node[level];
    struct kvn_index_node *right = node_make(index, node->prefix);
    uint32_t stay = at == node->count ? node->count : node->count / 2;
    const struct kvn_entry *middle = stay < node->count ? lows_of(node, level)[stay] : low;
    items_move(node, right, level, stay);
    prefix_set(node, level, common(low_fence(index, path, level), middle));
    prefix_set(right, level, common(middle, high_fence(index, path, level)));
    return right;
}

static void root_grow(struct kvn_index *index, struct kvn_index_path *path)
{
    struct kvn_index_node *root = node_make(index, 0), *old = index->root;
    uint32_t level = index->levels;
    if (old) node_insert(root, level, 0, lows_of(old, level - 1)[0], old);
    path->node[level] = root;
    path->at[level] = 0;
    index->root = root;
    index->levels++;
}

/* The entry is the lowest of all: so say the items above it. */
static void path_lower(struct kvn_index *index, struct kvn_index_path *path,
                       struct kvn_entry *entry)
{
    for (uint32_t level = 1; level < index->levels && path->at[level - 1] == 0; level++) {
        struct kvn_index_node *node = path->node[level];
        lows_of(node, level)[path->at[level]] = entry;
        node->heads[path->at[level]] = head_of(kvn_entry_key(entry), node->prefix);
    }
}

void kvn_index_insert(struct kvn_index *index, struct kvn_index_path *path, struct kvn_entry *entry)
{
    struct kvn_entry *low = entry;
    struct kvn_index_node *child = NULL;
    if (kvn_index_wants(index, path) > index->levels) root_grow(index, path);
    index->changes++;
    path_lower(index, path, entry);
    for (uint32_t level = 0;; level++) {
        struct kvn_index_node *node = path->node[level];
        uint32_t at = path->at[level] + (level ? 1 : 0);
        if (node->count < room_of(level)) {
            node_insert(node, level, at, low, child);
            return;
        }
        struct kvn_index_node *right = split(index, path, level, at, low);
        bool to_right = at > node->count || right->count == 0;
        node_insert(to_right ? right : node, level, to_right ? at - node->count : at, low, child);
        low = lows_of(right, level)[0];
        child = right;
    }
}
