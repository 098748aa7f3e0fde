/* SPDX-License-Identifier: ISC */
/*
 * Nodes have a prefix that all their keys share, and of each key the eight bytes behind it as a
 * number: most comparisons look at no key. Invariants:
 *
 * 1. An entry never moves nor goes before the overlay is cleared: nodes point to it.
 * 2. A node's prefix is shared by all its keys, and its heads are of the bytes behind it.
 * 3. The lowest key of a child is that of the item above it.
 * 4. Nothing changes when memory is short: pages are taken before the first change.
 */
#include "overlay.h"

#include <cairn/bytes.h>

#define LEVELS_MAX 8u
#define SPARE_PAGES 8u /* of the pool's, for others */

/* Beginning of each page that the overlay has. */
struct page {
    struct page *next;
};

struct item {
    uint64_t head;
    struct kvn_entry *low; /* its entry, or the lowest of the child */
    struct node *child;    /* NULL in a leaf */
};

struct node {
    struct page page;
    uint32_t count;
    uint32_t prefix; /* bytes that all keys share */
    struct item items[];
};

static uint32_t node_room(const struct kvn_overlay *overlay)
{
    return (overlay->pool->page_bytes - (uint32_t)sizeof(struct node)) /
           (uint32_t)sizeof(struct item);
}

static struct kvn_slice key_of(const struct kvn_entry *entry)
{
    return (struct kvn_slice){ entry->key, entry->bytes };
}

/* ---- memory --------------------------------------------------------------------------------- */

static void *page_take(struct kvn_overlay *overlay)
{
    struct kvn_pool *pool = overlay->pool;
    if (pool->taken + SPARE_PAGES >= pool->take_max) return NULL;
    struct page *page = (struct page *)(void *)kvn_pool_take(pool);
    if (!page) return NULL;
    page->next = overlay->text_pages;
    overlay->text_pages = page;
    overlay->pages++;
    return page;
}

/* The page that was taken last. */
static void page_untake(struct kvn_overlay *overlay)
{
    struct page *page = overlay->text_pages;
    overlay->text_pages = page->next;
    overlay->pages--;
    kvn_pool_give(overlay->pool, (uint8_t *)page);
}

static uint32_t padded(size_t bytes)
{
    return (uint32_t)(bytes + 7) & ~7u;
}

/* Is there text for so many bytes, in one piece? Takes a page when not. */
static bool text_ready(struct kvn_overlay *overlay, uint32_t bytes)
{
    if (bytes <= overlay->text_left) return true;
    uint8_t *page = page_take(overlay);
    if (!page) return false;
    overlay->text = page + sizeof(struct page);
    overlay->text_left = overlay->pool->page_bytes - (uint32_t)sizeof(struct page);
    return bytes <= overlay->text_left;
}

static void *text_take(struct kvn_overlay *overlay, uint32_t bytes)
{
    void *at = overlay->text;
    overlay->text = (uint8_t *)at + bytes;
    overlay->text_left -= bytes;
    return at;
}

void kvn_overlay_init(struct kvn_overlay *overlay, struct kvn_pool *pool)
{
    *overlay = (struct kvn_overlay){ .pool = pool };
}

void kvn_overlay_clear(struct kvn_overlay *overlay)
{
    while (overlay->text_pages)
        page_untake(overlay);
    kvn_overlay_init(overlay, overlay->pool);
}

/* ---- heads ---------------------------------------------------------------------------------- */

static uint64_t head_of(struct kvn_slice key, uint32_t prefix)
{
    uint64_t head = 0;
    for (uint32_t i = 0; i < 8; i++)
        head = head << 8 | (prefix + i < key.bytes ? key.data[prefix + i] : 0);
    return head;
}

static uint32_t shared(struct kvn_slice a, struct kvn_slice b, uint32_t most)
{
    uint32_t i = 0;
    while (i < most && i < a.bytes && i < b.bytes && a.data[i] == b.data[i])
        i++;
    return i;
}

/* A key is coming whose first bytes may differ: a shorter prefix, new heads. */
static void node_admit(struct node *node, struct kvn_slice key)
{
    if (!node->count) return;
    uint32_t prefix = shared(key, key_of(node->items[0].low), node->prefix);
    if (prefix == node->prefix) return;
    node->prefix = prefix;
    for (uint32_t i = 0; i < node->count; i++)
        node->items[i].head = head_of(key_of(node->items[i].low), prefix);
}

/* After a split: the longest prefix again. */
static void node_narrow(struct node *node)
{
    struct kvn_slice first = key_of(node->items[0].low);
    node->prefix = shared(first, key_of(node->items[node->count - 1].low), first.bytes);
    for (uint32_t i = 0; i < node->count; i++)
        node->items[i].head = head_of(key_of(node->items[i].low), node->prefix);
}

/* ---- searching ------------------------------------------------------------------------------ */

/* Is item's key below key, whose head is `head`? */
static bool is_below(const struct item *item, struct kvn_slice key, uint64_t head)
{
    if (item->head != head) return item->head < head;
    return kvn_slice_compare(key_of(item->low), key) < 0;
}

/* The first item whose key is not below key. */
static uint32_t node_find(const struct node *node, struct kvn_slice key)
{
    if (!node->count) return 0;
    struct kvn_slice low = key_of(node->items[0].low);
    if (shared(key, low, node->prefix) < node->prefix)
        return kvn_slice_compare(key, low) < 0 ? 0 : node->count;
    uint64_t head = head_of(key, node->prefix);
    uint32_t from = 0;
    uint32_t to = node->count;
    while (from < to) {
        uint32_t middle = from + (to - from) / 2;
        if (is_below(&node->items[middle], key, head))
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

static bool is_at(const struct node *node, uint32_t at, struct kvn_slice key)
{
    return at < node->count && kvn_slice_compare(key_of(node->items[at].low), key) == 0;
}

/* The child that has key, or would. */
static uint32_t node_child(const struct node *node, struct kvn_slice key)
{
    uint32_t at = node_find(node, key);
    if (is_at(node, at, key)) return at;
    return at ? at - 1 : 0;
}

struct path {
    struct node *node[LEVELS_MAX]; /* 0: the leaf */
    uint32_t at[LEVELS_MAX];
};

static void descend(const struct kvn_overlay *overlay, struct kvn_slice key, struct path *path)
{
    struct node *node = overlay->root;
    for (uint32_t level = overlay->levels - 1; level > 0; level--) {
        path->node[level] = node;
        path->at[level] = node_child(node, key);
        node = node->items[path->at[level]].child;
    }
    path->node[0] = node;
    path->at[0] = node_find(node, key);
}

/* To the next item of the leaves: its entry, or NULL when there is none. The caller takes it from
 * here rather than from the path, of which gcc 12 believes at -O2 that it is as before. */
static const struct kvn_entry *path_next(const struct kvn_overlay *overlay, struct path *path)
{
    uint32_t level = 0;
    while (path->at[level] + 1 >= path->node[level]->count)
        if (++level == overlay->levels) return NULL;
    struct node *node = path->node[level];
    uint32_t at = ++path->at[level];
    while (level-- > 0) {
        node = node->items[at].child;
        at = 0;
        path->node[level] = node;
        path->at[level] = at;
    }
    return node->items[at].low;
}

static struct kvn_entry *entry_find(const struct kvn_overlay *overlay, struct kvn_slice key)
{
    struct node *node = overlay->root;
    if (!node) return NULL;
    for (uint32_t level = overlay->levels - 1; level > 0; level--)
        node = node->items[node_child(node, key)].child;
    uint32_t at = node_find(node, key);
    return is_at(node, at, key) ? node->items[at].low : NULL;
}

static const struct kvn_version *version_of(const struct kvn_entry *entry, uint64_t number)
{
    const struct kvn_version *version = entry->newest;
    while (version && version->number > number)
        version = version->older;
    return version;
}

const struct kvn_version *kvn_overlay_find(const struct kvn_overlay *overlay, struct kvn_slice key,
                                           uint64_t number)
{
    const struct kvn_entry *entry = entry_find(overlay, key);
    return entry ? version_of(entry, number) : NULL;
}

const struct kvn_entry *kvn_overlay_seek(const struct kvn_overlay *overlay, struct kvn_slice key,
                                         bool behind, uint64_t number,
                                         const struct kvn_version **version)
{
    struct path path;
    if (!overlay->root) return NULL;
    descend(overlay, key, &path);
    const struct node *leaf = path.node[0];
    const struct kvn_entry *entry = NULL;
    if (path.at[0] < leaf->count && !(behind && is_at(leaf, path.at[0], key)))
        entry = leaf->items[path.at[0]].low;
    else
        entry = path_next(overlay, &path);
    for (; entry; entry = path_next(overlay, &path)) {
        *version = version_of(entry, number);
        if (*version) return entry;
    }
    return NULL;
}

/* ---- adding keys ---------------------------------------------------------------------------- */

/* Take the pages that splitting on the path will need: each is in fresh[0..*count). */
static bool splits_ready(struct kvn_overlay *overlay, const struct path *path,
                         struct node *fresh[LEVELS_MAX + 1], uint32_t *count)
{
    uint32_t level = 0;
    *count = 0;
    while (level < overlay->levels && path->node[level]->count == node_room(overlay))
        level++;
    uint32_t need = level + (level == overlay->levels ? 1 : 0);
    if (level == overlay->levels && overlay->levels == LEVELS_MAX) return false;
    for (; *count < need; ++*count) {
        fresh[*count] = page_take(overlay);
        if (!fresh[*count]) break;
    }
    if (*count == need) return true;
    for (; *count; --*count)
        page_untake(overlay);
    return false;
}

static void node_insert(struct node *node, uint32_t at, struct kvn_entry *low, struct node *child)
{
    node_admit(node, key_of(low));
    if (!node->count) node->prefix = low->bytes;
    memmove(&node->items[at + 1], &node->items[at], (node->count - at) * sizeof(struct item));
    node->items[at] = (struct item){ head_of(key_of(low), node->prefix), low, child };
    node->count++;
}

/* The upper part of node goes to `right`: half, or, when keys come in order, only the last. */
static void node_split(struct node *node, struct node *right, bool in_order)
{
    uint32_t stay = in_order ? node->count - 1 : node->count / 2;
    right->count = node->count - stay;
    memcpy(right->items, &node->items[stay], right->count * sizeof(struct item));
    node->count = stay;
    node_narrow(node);
    node_narrow(right);
}

static void root_grow(struct kvn_overlay *overlay, struct path *path, struct node *root)
{
    struct node *old = overlay->root;
    root->count = 0;
    node_insert(root, 0, old->items[0].low, old);
    path->node[overlay->levels] = root;
    path->at[overlay->levels] = 0;
    overlay->levels++;
    overlay->root = root;
}

/* The entry will be the lowest below the path's place: so say the items above it. */
static void path_lower(const struct kvn_overlay *overlay, struct path *path,
                       struct kvn_entry *entry)
{
    for (uint32_t level = 1; level < overlay->levels && path->at[level - 1] == 0; level++) {
        struct node *node = path->node[level];
        struct item *item = &node->items[path->at[level]];
        node_admit(node, key_of(entry));
        item->low = entry;
        item->head = head_of(key_of(entry), node->prefix);
    }
}

/* Insert at the path's place, splitting full nodes from the leaf up. */
static void path_insert(struct kvn_overlay *overlay, struct path *path, struct kvn_entry *entry,
                        struct node **fresh, uint32_t fresh_count)
{
    struct kvn_entry *low = entry;
    struct node *child = NULL;
    if (fresh_count > overlay->levels) root_grow(overlay, path, fresh[--fresh_count]);
    path_lower(overlay, path, entry);
    for (uint32_t level = 0;; level++) {
        struct node *node = path->node[level];
        uint32_t at = path->at[level] + (level ? 1 : 0);
        if (node->count < node_room(overlay)) {
            node_insert(node, at, low, child);
            return;
        }
        struct node *right = fresh[--fresh_count];
        if (!right) return; /* never: splits_ready took it */
        node_split(node, right, at == node->count);
        bool to_right = at > node->count;
        node_insert(to_right ? right : node, to_right ? at - node->count : at, low, child);
        low = right->items[0].low;
        child = right;
    }
}

static struct kvn_entry *entry_make(struct kvn_overlay *overlay, struct kvn_slice key)
{
    struct kvn_entry *entry =
        text_take(overlay, padded(offsetof(struct kvn_entry, key) + key.bytes));
    entry->newest = NULL;
    entry->bytes = (uint16_t)key.bytes;
    memcpy(entry->key, key.data, key.bytes);
    overlay->entries++;
    return entry;
}

static bool root_ready(struct kvn_overlay *overlay)
{
    if (overlay->root) return true;
    struct node *root = page_take(overlay);
    if (!root) return false;
    root->count = 0;
    root->prefix = 0;
    overlay->root = root;
    overlay->levels = 1;
    return true;
}

/* The key's entry, made when there is none; and text for a version of it. NULL: no memory. */
static struct kvn_entry *entry_ready(struct kvn_overlay *overlay, struct kvn_slice key,
                                     uint32_t version_bytes)
{
    struct path path;
    struct node *fresh[LEVELS_MAX + 1] = { NULL };
    uint32_t count = 0;
    if (!root_ready(overlay)) return NULL;
    descend(overlay, key, &path);
    if (is_at(path.node[0], path.at[0], key))
        return text_ready(overlay, version_bytes) ? path.node[0]->items[path.at[0]].low : NULL;
    uint32_t entry_bytes = padded(offsetof(struct kvn_entry, key) + key.bytes);
    if (!text_ready(overlay, entry_bytes + version_bytes)) return NULL;
    if (!splits_ready(overlay, &path, fresh, &count)) return NULL;
    struct kvn_entry *entry = entry_make(overlay, key);
    path_insert(overlay, &path, entry, fresh, count);
    return entry;
}

/* ---- versions ------------------------------------------------------------------------------- */

static void stage(struct kvn_overlay *overlay, struct kvn_version *version)
{
    if (overlay->last_staged)
        overlay->last_staged->staged = version;
    else
        overlay->first_staged = version;
    overlay->last_staged = version;
    overlay->versions++;
    overlay->record_bytes += version->bytes;
}

enum cairn_err kvn_overlay_put(struct kvn_overlay *overlay, struct kvn_slice key,
                               const struct kvn_slice *record, uint64_t number,
                               struct cairn_why *why)
{
    uint32_t bytes = record ? record->bytes : 0;
    uint32_t takes = padded(offsetof(struct kvn_version, record) + bytes);
    struct kvn_entry *entry = entry_ready(overlay, key, takes);
    if (!entry) return cairn_why_fail(why, CAIRN_ENOMEM, "no memory for further changes");
    struct kvn_version *version = text_take(overlay, takes);
    *version = (struct kvn_version){ .older = entry->newest,
                                     .entry = entry,
                                     .number = number,
                                     .bytes = (uint16_t)bytes,
                                     .removed = !record };
    if (bytes) memcpy(version->record, record->data, bytes);
    entry->newest = version;
    stage(overlay, version);
    return CAIRN_OK;
}

/* Marked as it goes, so that of several versions of one key the first decides. */
static void take_back(struct kvn_overlay *overlay, struct kvn_version *version)
{
    if (!version->older || version->older->number != UINT64_MAX)
        version->entry->newest = version->older;
    version->number = UINT64_MAX;
    overlay->versions--;
    overlay->record_bytes -= version->bytes;
}

void kvn_overlay_undo(struct kvn_overlay *overlay, struct kvn_version *mark)
{
    struct kvn_version *version = mark ? mark->staged : overlay->first_staged;
    for (; version; version = version->staged)
        take_back(overlay, version);
    if (mark)
        mark->staged = NULL;
    else
        overlay->first_staged = NULL;
    overlay->last_staged = mark;
}
