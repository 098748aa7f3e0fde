/* SPDX-License-Identifier: ISC */
/*
 * Two trees that share pages: a page that both have is at the same level under the same first key.
 * So each page of the one is looked for in the other by its first key; where it is found, all
 * beneath it is shared. Pages that were born up to the older snapshot are that one's, too, with all
 * beneath them.
 */
#include "prune.h"

#include <cairn/bytes.h>

/* The page of the next tree at this level over key; 0: it has no such level. */
static enum cairn_err page_over(const struct kvn_prune *prune, uint8_t level, struct kvn_slice key,
                                uint64_t *page, struct cairn_why *why)
{
    struct kvn_pointer pointer = prune->next->root;
    uint8_t at = prune->next->depth;
    *page = 0;
    if (!pointer.page || at <= level) return CAIRN_OK;
    for (at--; at > level; at--) {
        struct kvn_frame *frame;
        enum cairn_err err = kvn_pool_get(prune->next->pool, &pointer, at, &frame, why);
        if (err) return err;
        uint32_t child = kvn_node_child(frame->bytes, key);
        kvn_pointer_decode(&pointer, kvn_node_value(frame->bytes, child).data);
        kvn_pool_put(frame);
    }
    *page = pointer.page;
    return CAIRN_OK;
}

/* The chunk of the record that the next tree has under key. */
static enum cairn_err chunk_beside(const struct kvn_prune *prune, struct kvn_slice key,
                                   struct kvn_chunk *chunk, bool *is, struct cairn_why *why)
{
    struct kvn_frame *frame;
    struct kvn_slice bytes;
    *is = false;
    enum cairn_err err = kvn_tree_find(prune->next, key, &frame, &bytes, why);
    if (err || !frame) return err;
    err = kvn_record_chunk(bytes, prune->store->super.page_bytes, chunk, is, why);
    kvn_pool_put(frame);
    return err;
}

static enum cairn_err prune_record(const struct kvn_prune *prune, struct kvn_slice key,
                                   struct kvn_slice bytes, struct cairn_why *why)
{
    struct kvn_chunk had;
    struct kvn_chunk has;
    bool is;
    bool beside;
    enum cairn_err err = kvn_record_chunk(bytes, prune->store->super.page_bytes, &had, &is, why);
    if (err || !is) return err;
    err = chunk_beside(prune, key, &has, &beside, why);
    if (err) return err;
    return kvn_chunk_free_but(&prune->store->values, &had, beside ? &has : NULL, 0, why);
}

static enum cairn_err prune_leaf(const struct kvn_prune *prune, const struct kvn_frame *leaf,
                                 struct cairn_why *why)
{
    enum cairn_err err = CAIRN_OK;
    for (uint32_t i = 0; i < kvn_node_count(leaf->bytes) && !err; i++) {
        uint8_t key[KVN_KEY_MAX];
        struct kvn_slice at = { key, kvn_node_key(leaf->bytes, i, key) };
        err = prune_record(prune, at, kvn_node_value(leaf->bytes, i), why);
    }
    return err;
}

/* Down from the root: by level, the page and the next child to go to. */
struct descent {
    struct kvn_frame *frame[KVN_DEPTH_MAX];
    uint32_t at[KVN_DEPTH_MAX];
    uint8_t level;
};

/* Does the snapshot alone have this page, whose first key this is? */
static enum cairn_err is_alone(const struct kvn_prune *prune, const struct kvn_pointer *pointer,
                               uint8_t level, struct kvn_slice key, bool *alone,
                               struct cairn_why *why)
{
    uint64_t beside;
    *alone = false;
    if (pointer->birth <= prune->older) return CAIRN_OK;
    enum cairn_err err = page_over(prune, level, key, &beside, why);
    *alone = !err && beside != pointer->page;
    return err;
}

static enum cairn_err enter(const struct kvn_prune *prune, struct descent *down,
                            const struct kvn_pointer *pointer, uint8_t level, struct cairn_why *why)
{
    struct kvn_frame *frame;
    enum cairn_err err = kvn_pool_get(prune->tree->pool, pointer, level, &frame, why);
    if (err) return err;
    down->frame[level] = frame;
    down->at[level] = 0;
    down->level = level;
    return level ? CAIRN_OK : prune_leaf(prune, frame, why);
}

/* The page is done with: it is free. */
static enum cairn_err leave(const struct kvn_prune *prune, struct descent *down,
                            struct cairn_why *why)
{
    struct kvn_frame *frame = down->frame[down->level];
    uint64_t page = frame->page;
    kvn_pool_put(frame);
    down->frame[down->level] = NULL;
    kvn_pool_drop(prune->tree->pool, page);
    down->level++;
    return kvn_space_free(&prune->store->space, page, 1, why);
}

/* To the next child that the snapshot alone has; none left: up. */
static enum cairn_err advance(const struct kvn_prune *prune, struct descent *down,
                              struct cairn_why *why)
{
    uint8_t level = down->level;
    const uint8_t *page = down->frame[level]->bytes;
    while (level && down->at[level] < kvn_node_count(page)) {
        uint8_t key[KVN_KEY_MAX];
        struct kvn_pointer pointer;
        bool alone;
        uint32_t at = down->at[level]++;
        struct kvn_slice first = { key, kvn_node_key(page, at, key) };
        kvn_pointer_decode(&pointer, kvn_node_value(page, at).data);
        enum cairn_err err = is_alone(prune, &pointer, (uint8_t)(level - 1), first, &alone, why);
        if (err) return err;
        if (alone) return enter(prune, down, &pointer, (uint8_t)(level - 1), why);
    }
    return leave(prune, down, why);
}

enum cairn_err kvn_prune(struct kvn_prune *prune, struct cairn_why *why)
{
    struct descent down = { .level = 0 };
    struct kvn_slice none = { (const uint8_t *)"", 0 };
    uint8_t depth = prune->tree->depth;
    bool alone = false;
    enum cairn_err err = CAIRN_OK;
    if (depth) err = is_alone(prune, &prune->tree->root, (uint8_t)(depth - 1), none, &alone, why);
    if (err || !alone) return err;
    err = enter(prune, &down, &prune->tree->root, (uint8_t)(depth - 1), why);
    while (!err && down.level < depth)
        err = advance(prune, &down, why);
    for (uint32_t i = 0; i < KVN_DEPTH_MAX; i++)
        if (down.frame[i]) kvn_pool_put(down.frame[i]);
    return err;
}
