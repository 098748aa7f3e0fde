/* SPDX-License-Identifier: ISC */
/* Pages come checked out of the pool, so that the functions of a node need no checks here. */
#include "tree.h"

static struct kvn_pointer pointer_at(const struct kvn_frame *frame, uint32_t at)
{
    struct kvn_pointer pointer;
    kvn_pointer_decode(&pointer, kvn_node_value(frame->bytes, at).data);
    return pointer;
}

enum cairn_err kvn_tree_find(const struct kvn_tree *tree, struct kvn_slice key,
                             struct kvn_frame **frame, struct kvn_slice *record,
                             struct cairn_why *why)
{
    struct kvn_pointer pointer = tree->root;
    struct kvn_frame *page = NULL;
    *frame = NULL;
    for (uint32_t level = tree->depth; level-- > 0;) {
        enum cairn_err err = kvn_pool_get(tree->pool, &pointer, (uint8_t)level, &page, why);
        if (err) return err;
        if (level == 0) break;
        pointer = pointer_at(page, kvn_node_child(page->bytes, key));
        kvn_pool_put(page);
    }
    if (!page) return CAIRN_OK;
    bool equal;
    uint32_t at = kvn_node_find(page->bytes, key, &equal);
    if (equal) {
        *record = kvn_node_value(page->bytes, at);
        *frame = page;
    } else {
        kvn_pool_put(page);
    }
    return CAIRN_OK;
}

/* ---- cursor ---------------------------------------------------------------------------------- */

/* Let go of the pages below `level`. */
static void let_go(struct kvn_cursor *cursor, uint32_t level)
{
    while (level-- > 0) {
        if (cursor->frame[level]) kvn_pool_put(cursor->frame[level]);
        cursor->frame[level] = NULL;
    }
}

void kvn_cursor_close(struct kvn_cursor *cursor)
{
    let_go(cursor, KVN_DEPTH_MAX);
}

/* Pin the pages below `level`, down to `last`, each the child that key leads to, or (NULL) the
 * first one. */
static enum cairn_err go_down(struct kvn_cursor *cursor, uint32_t level, uint32_t last,
                              const struct kvn_slice *key, struct cairn_why *why)
{
    const struct kvn_tree *tree = cursor->tree;
    while (level-- > last) {
        struct kvn_pointer pointer = tree->root;
        struct kvn_frame *above = level + 1 < tree->depth ? cursor->frame[level + 1] : NULL;
        if (above) pointer = pointer_at(above, cursor->at[level + 1]);
        struct kvn_frame **frame = &cursor->frame[level];
        enum cairn_err err = kvn_pool_get(tree->pool, &pointer, (uint8_t)level, frame, why);
        if (err) {
            *frame = NULL;
            kvn_cursor_close(cursor);
            return err;
        }
        cursor->at[level] = key && level > 0 ? kvn_node_child((*frame)->bytes, *key) : 0;
    }
    return CAIRN_OK;
}

/* The next leaves under the same parent come in one batch: twice as many each time. */
static void read_ahead(struct kvn_cursor *cursor)
{
    struct kvn_pointer pointers[KVN_AHEAD_MAX];
    const struct kvn_frame *above = cursor->frame[1];
    uint32_t at = cursor->at[1], count = kvn_node_count(above->bytes) - at, n = 0;
    if (at < cursor->ahead_to) return;
    if (cursor->ahead < KVN_AHEAD_MAX) cursor->ahead = cursor->ahead ? 2 * cursor->ahead : 2;
    for (; n < count && n < cursor->ahead; n++)
        pointers[n] = pointer_at(above, at + n);
    cursor->ahead_to = at + n;
    kvn_pool_ahead(cursor->tree->pool, pointers, n, 0);
}

/* To the leaf behind this one. */
static enum cairn_err next_leaf(struct kvn_cursor *cursor, struct cairn_why *why)
{
    uint32_t level = 1;
    while (level < cursor->tree->depth &&
           cursor->at[level] + 1 == kvn_node_count(cursor->frame[level]->bytes))
        level++;
    if (level >= cursor->tree->depth) {
        kvn_cursor_close(cursor);
        cursor->end = true;
        return CAIRN_OK;
    }
    cursor->at[level]++;
    let_go(cursor, level);
    if (level > 1) cursor->ahead_to = 0;
    enum cairn_err err = level > 1 ? go_down(cursor, level, 1, NULL, why) : CAIRN_OK;
    if (err) return err;
    read_ahead(cursor);
    return go_down(cursor, 1, 0, NULL, why);
}

/* Does it stand in this tree? A tree's struct may have got another root since. */
static bool stands_in(const struct kvn_cursor *cursor, const struct kvn_tree *tree)
{
    return cursor->tree == tree && tree->depth > 0 && cursor->frame[0] &&
           cursor->frame[tree->depth - 1] &&
           cursor->frame[tree->depth - 1]->page == tree->root.page;
}

/* Is the first entry at or above key in the leaf where the cursor stands, and not its first? */
static bool is_in_leaf(struct kvn_cursor *cursor, struct kvn_slice key)
{
    bool equal;
    const uint8_t *leaf = cursor->frame[0]->bytes;
    uint32_t at = kvn_node_find(leaf, key, &equal);
    if (!equal && (at == 0 || at == kvn_node_count(leaf))) return false;
    cursor->at[0] = at;
    return true;
}

enum cairn_err kvn_cursor_seek(struct kvn_cursor *cursor, const struct kvn_tree *tree,
                               struct kvn_slice key, struct cairn_why *why)
{
    if (stands_in(cursor, tree) && is_in_leaf(cursor, key)) return CAIRN_OK;
    kvn_cursor_close(cursor);
    *cursor = (struct kvn_cursor){ .tree = tree, .end = tree->depth == 0 };
    if (cursor->end) return CAIRN_OK;
    enum cairn_err err = go_down(cursor, tree->depth, 0, &key, why);
    if (err) return err;
    bool equal;
    const uint8_t *leaf = cursor->frame[0]->bytes;
    cursor->at[0] = kvn_node_find(leaf, key, &equal);
    return cursor->at[0] < kvn_node_count(leaf) ? CAIRN_OK : next_leaf(cursor, why);
}

enum cairn_err kvn_cursor_next(struct kvn_cursor *cursor, struct cairn_why *why)
{
    if (cursor->end) return CAIRN_OK;
    if (++cursor->at[0] < kvn_node_count(cursor->frame[0]->bytes)) return CAIRN_OK;
    return next_leaf(cursor, why);
}

uint32_t kvn_cursor_key(const struct kvn_cursor *cursor, uint8_t *out)
{
    return kvn_node_key(cursor->frame[0]->bytes, cursor->at[0], out);
}

struct kvn_slice kvn_cursor_record(const struct kvn_cursor *cursor)
{
    return kvn_node_value(cursor->frame[0]->bytes, cursor->at[0]);
}
