/* SPDX-License-Identifier: ISC */
/*
 * Where a merge stands in the old tree is a stack of pages, root first, and in each the next entry;
 * what comes next in order is the next entry of the lowest page that has one. If the key that is
 * wanted is under it, its page is opened; if not, it is passed: taken over as a pointer.
 *
 * A pointer may be taken over at a level only when the windows below are empty, for what is in them
 * comes before it. So they are emptied first, from the leaves upward. A window with too little in
 * it opens what comes next rather than passing it.
 */
#include "merge.h"

#include <cairn/bytes.h>

#include "run.h"

#define MEM_ALIGN 64u

struct level {
    struct kvn_frame *old; /* the page of the old tree in which the merge stands, or NULL */
    uint32_t at;           /* its next entry */
    struct kvn_fill left;  /* full, or empty */
    struct kvn_fill right; /* what comes behind left */
    bool begun;            /* the new tree has something at this level */
};

struct kvn_merge {
    struct kvn_merge_job *job;
    uint32_t levels; /* there is memory for so many */
    bool opened;     /* the old root was */
    uint8_t *spare;  /* a page */
    struct kvn_run_out out;
    struct level level[KVN_DEPTH_MAX];
};

/* ---- the windows ----------------------------------------------------------------------------- */

static bool is_empty(const struct level *level)
{
    return kvn_fill_count(&level->right) == 0;
}

static bool is_scant(const struct level *level, uint32_t page_bytes)
{
    return kvn_fill_count(&level->left) == 0 && kvn_fill_used(&level->right) < page_bytes / 2;
}

/* A pointer to a new page, and its key, on the way to the level above. */
struct rising {
    uint8_t key[KVN_KEY_MAX];
    uint32_t key_bytes;
    uint8_t value[KVN_POINTER_BYTES];
};

static enum cairn_err write_page(struct kvn_merge *merge, struct kvn_fill *fill, uint32_t level,
                                 struct rising *rising, struct cairn_why *why)
{
    struct kvn_pointer pointer;
    enum cairn_err err = kvn_run_add(&merge->out, fill, (uint8_t)level, &pointer, why);
    if (err) return err;
    rising->key_bytes = fill->low_bytes;
    memcpy(rising->key, fill->low, fill->low_bytes);
    kvn_pointer_encode(rising->value, &pointer);
    kvn_fill_clear(fill);
    return CAIRN_OK;
}

/* Right is full: it becomes left, which is empty, and key the first one of a new right page. Keys
 * above the leaves are bounds of what is below and must stay as they are. */
static void turn(struct level *level, struct kvn_slice key, struct kvn_slice value, bool leaf)
{
    struct kvn_fill empty = level->left;
    level->left = level->right;
    level->right = empty;
    if (leaf)
        level->right.low_bytes = kvn_fill_between(&level->left, key, level->right.low);
    else
        kvn_fill_low_set(&level->right, key);
    (void)kvn_fill_add(&level->right, key, value);
}

static enum cairn_err disorder(struct cairn_why *why, uint32_t level)
{
    return cairn_why_fail(why, CAIRN_ECORRUPT,
                          "the tree: a key at level %u is not above those before it", level);
}

static enum cairn_err no_level(struct cairn_why *why, uint32_t levels)
{
    enum cairn_err err =
        cairn_why_fail(why, CAIRN_ENOMEM, "the tree gets more than %u levels", levels);
    cairn_why_hint(why, "open the store with more memory");
    return err;
}

/* Add to a level's window. A full page that this pushes out goes to the level above, and so on. */
static enum cairn_err add(struct kvn_merge *merge, uint32_t at, struct kvn_slice key,
                          struct kvn_slice value, struct cairn_why *why)
{
    struct rising rising[2]; /* the one that is added, and the one that this makes */
    for (uint32_t turns = 0; at < merge->levels; at++, turns++) {
        struct level *level = &merge->level[at];
        if (at > 0 && !level->begun) key.bytes = 0;
        level->begun = true;
        if (!kvn_fill_ascends(&level->right, key)) return disorder(why, at);
        if (kvn_fill_add(&level->right, key, value)) return CAIRN_OK;
        struct rising *next = &rising[turns % 2];
        bool full = kvn_fill_count(&level->left) > 0;
        enum cairn_err err = full ? write_page(merge, &level->left, at, next, why) : CAIRN_OK;
        if (err) return err;
        turn(level, key, value, at == 0);
        if (!full) return CAIRN_OK;
        key = (struct kvn_slice){ next->key, next->key_bytes };
        value = (struct kvn_slice){ next->value, KVN_POINTER_BYTES };
    }
    return no_level(why, merge->levels);
}

static enum cairn_err rise(struct kvn_merge *merge, struct kvn_fill *fill, uint32_t level,
                           struct cairn_why *why)
{
    struct rising rising;
    enum cairn_err err = write_page(merge, fill, level, &rising, why);
    if (err) return err;
    return add(merge, level + 1, (struct kvn_slice){ rising.key, rising.key_bytes },
               (struct kvn_slice){ rising.value, KVN_POINTER_BYTES }, why);
}

static void halve(struct kvn_merge *merge, struct level *level, bool leaf)
{
    uint8_t first[KVN_KEY_MAX];
    kvn_fill_balance(&level->left, &level->right, &merge->spare);
    if (!leaf) return;
    struct kvn_slice key = { first, kvn_node_key(level->right.bytes, 0, first) };
    level->right.low_bytes = kvn_fill_between(&level->left, key, level->right.low);
}

/* Write all that is in the window. last: nothing comes behind it. */
static enum cairn_err empty_out(struct kvn_merge *merge, uint32_t at, bool last,
                                struct cairn_why *why)
{
    struct level *level = &merge->level[at];
    if (kvn_fill_count(&level->left) > 0) {
        if (!last && kvn_fill_used(&level->right) < merge->job->page_bytes / 2)
            halve(merge, level, at == 0);
        enum cairn_err err = rise(merge, &level->left, at, why);
        if (err) return err;
    }
    return rise(merge, &level->right, at, why);
}

/* ---- the old tree ---------------------------------------------------------------------------- */

static uint32_t rest(const struct level *level)
{
    return level->old ? kvn_node_count(level->old->bytes) - level->at : 0;
}

/* Is key below entry `at` of an old page? */
static bool is_below(struct kvn_slice key, const uint8_t *page, uint32_t at)
{
    uint8_t entry[KVN_KEY_MAX];
    uint32_t bytes = kvn_node_key(page, at, entry);
    return kvn_slice_compare(key, (struct kvn_slice){ entry, bytes }) < 0;
}

/* The page is no longer the tree's. */
static enum cairn_err discard(struct kvn_merge *merge, const struct kvn_pointer *pointer,
                              struct cairn_why *why)
{
    struct kvn_merge_job *job = merge->job;
    job->tree_pages_more--;
    if (pointer->birth <= job->snapshot_generation) return CAIRN_OK;
    kvn_pool_drop(job->pool, pointer->page);
    return kvn_space_free(job->space, pointer->page, 1, why);
}

/* Stand at the beginning of an old page, which will be replaced; it is under the key `low`. */
static enum cairn_err open_page(struct kvn_merge *merge, uint32_t at,
                                const struct kvn_pointer *pointer, struct kvn_slice low,
                                struct cairn_why *why)
{
    struct level *level = &merge->level[at];
    if (is_empty(level)) kvn_fill_low_set(&level->right, low);
    if (level->old) kvn_pool_put(level->old);
    level->old = NULL;
    enum cairn_err err = kvn_pool_get(merge->job->pool, pointer, (uint8_t)at, &level->old, why);
    if (err) {
        level->old = NULL;
        return err;
    }
    level->at = 0;
    return discard(merge, pointer, why);
}

/* Open what the next entry of a level is to. */
static enum cairn_err open_next(struct kvn_merge *merge, uint32_t at, struct cairn_why *why)
{
    struct level *level = &merge->level[at];
    struct kvn_pointer pointer;
    uint8_t key[KVN_KEY_MAX];
    struct kvn_slice low = { key, kvn_node_key(level->old->bytes, level->at, key) };
    kvn_pointer_decode(&pointer, kvn_node_value(level->old->bytes, level->at).data);
    level->at++;
    return open_page(merge, at - 1, &pointer, low, why);
}

/* Take the next entry of a level over as it is. */
static enum cairn_err copy_next(struct kvn_merge *merge, uint32_t at, struct cairn_why *why)
{
    struct level *level = &merge->level[at];
    const uint8_t *page = level->old->bytes;
    uint8_t key[KVN_KEY_MAX];
    struct kvn_slice whole = { key, kvn_node_key(page, level->at, key) };
    for (uint32_t below = 0; below < at; below++)
        merge->level[below].begun = true;
    return add(merge, at, whole, kvn_node_value(page, level->at++), why);
}

/* ---- going on -------------------------------------------------------------------------------- */

/* The lowest level whose old page has a next entry; the old depth: none has. */
static uint32_t lowest_rest(const struct kvn_merge *merge)
{
    uint32_t at = 0;
    while (at < merge->job->old.depth && rest(&merge->level[at]) == 0)
        at++;
    return at;
}

/* Does key, which is not below it, belong under the next entry of a level? Yes, when it is below
 * the entry that comes then. */
static bool is_under(const struct kvn_merge *merge, uint32_t at, struct kvn_slice key)
{
    uint32_t skip = 1; /* the entry itself; above, the next one is behind the page that is open */
    for (; at < merge->job->old.depth; at++, skip = 0) {
        const struct level *level = &merge->level[at];
        if (rest(level) > skip) return is_below(key, level->old->bytes, level->at + skip);
    }
    return true;
}

/* Copy entries of the old leaf, those below key, or (NULL) all. */
static enum cairn_err copy_leaf(struct kvn_merge *merge, const struct kvn_slice *key,
                                struct cairn_why *why)
{
    struct level *leaf = &merge->level[0];
    bool equal;
    uint32_t to =
        key ? kvn_node_find(leaf->old->bytes, *key, &equal) : kvn_node_count(leaf->old->bytes);
    while (leaf->at < to) {
        enum cairn_err err = copy_next(merge, 0, why);
        if (err) return err;
    }
    return CAIRN_OK;
}

/* One step towards taking over what the next entry of a level is to. */
static enum cairn_err pass(struct kvn_merge *merge, uint32_t at, struct cairn_why *why)
{
    uint32_t below = 0;
    while (below < at && is_empty(&merge->level[below]))
        below++;
    if (below == at) return copy_next(merge, at, why);
    if (is_scant(&merge->level[below], merge->job->page_bytes)) return open_next(merge, at, why);
    return empty_out(merge, below, false, why);
}

/* Up to where key is in the old tree: what is before it is in the windows or further. NULL: to the
 * end. */
static enum cairn_err advance(struct kvn_merge *merge, const struct kvn_slice *key,
                              struct cairn_why *why)
{
    enum cairn_err err = CAIRN_OK;
    while (!err) {
        uint32_t at = lowest_rest(merge);
        const struct level *level = &merge->level[at];
        if (at == merge->job->old.depth) return CAIRN_OK;
        if (at == 0) {
            err = copy_leaf(merge, key, why);
            if (rest(level) > 0) return err;
        } else if (!key) {
            err = pass(merge, at, why);
        } else if (is_below(*key, level->old->bytes, level->at)) {
            return CAIRN_OK;
        } else {
            err = is_under(merge, at, *key) ? open_next(merge, at, why) : pass(merge, at, why);
        }
    }
    return err;
}

/* ---- the calls ------------------------------------------------------------------------------- */

size_t kvn_merge_mem(uint32_t page_bytes, uint32_t levels, uint32_t run_pages)
{
    size_t pages = (size_t)levels * 2 + 1 + run_pages;
    /* as much again as a page, for the alignment that the device may want */
    return sizeof(struct kvn_merge) + MEM_ALIGN + (pages + 1) * page_bytes;
}

/* The memory's parts: what is written from begins where the device wants it. */
static struct kvn_merge *layout(struct kvn_merge_job *job, void *mem, uint32_t levels,
                                uint32_t run_pages)
{
    struct cairn_arena arena;
    size_t page = job->page_bytes, align = cairn_blk_info(job->dev)->mem_align;
    cairn_arena_init(&arena, mem, kvn_merge_mem(job->page_bytes, levels, run_pages));
    struct kvn_merge *merge = cairn_arena_array(&arena, 1, sizeof *merge, MEM_ALIGN);
    uint8_t *run = cairn_arena_take(&arena, run_pages * page, align > page ? align : page);
    uint8_t *pages = cairn_arena_take(&arena, (2 * (size_t)levels + 1) * page, 1);
    if (!merge || !run || !pages) return NULL;
    kvn_run_init(&merge->out, job, run, run_pages);
    merge->spare = pages;
    for (uint32_t at = 0; at < levels; at++) {
        kvn_fill_init(&merge->level[at].left, pages + (2 * at + 1) * page, job->page_bytes);
        kvn_fill_init(&merge->level[at].right, pages + (2 * at + 2) * page, job->page_bytes);
    }
    merge->job = job;
    merge->levels = levels;
    return merge;
}

enum cairn_err kvn_merge_begin(struct kvn_merge **merge, struct kvn_merge_job *job, void *mem,
                               uint32_t levels, uint32_t run_pages, struct cairn_why *why)
{
    if (job->old.depth > levels || levels > KVN_DEPTH_MAX) return no_level(why, levels);
    *merge = layout(job, mem, levels, run_pages);
    if (!*merge)
        return cairn_why_fail(why, CAIRN_ENOMEM, "memory for %u pages to be written", run_pages);
    job->new_tree = job->old;
    job->entries_more = 0;
    job->tree_pages_more = 0;
    job->pages_written = 0;
    return CAIRN_OK;
}

/* Whether it is below or not: the merge goes through the old root. */
static enum cairn_err open_root(struct kvn_merge *merge, struct cairn_why *why)
{
    const struct kvn_tree *old = &merge->job->old;
    if (merge->opened) return CAIRN_OK;
    merge->opened = true;
    if (old->depth == 0) return CAIRN_OK;
    return open_page(merge, old->depth - 1, &old->root, (struct kvn_slice){ NULL, 0 }, why);
}

/* The old record of key, if there is one, goes. */
static enum cairn_err drop_old(struct kvn_merge *merge, struct kvn_slice key,
                               const struct kvn_slice *record, struct cairn_why *why)
{
    struct level *leaf = &merge->level[0];
    struct kvn_merge_job *job = merge->job;
    if (rest(leaf) == 0) return CAIRN_OK;
    bool equal;
    uint32_t at = kvn_node_find(leaf->old->bytes, key, &equal);
    if (!equal || at != leaf->at) return CAIRN_OK;
    leaf->at++;
    job->entries_more--;
    return job->gone(job->of, key, kvn_node_value(leaf->old->bytes, at), record, why);
}

enum cairn_err kvn_merge_put(struct kvn_merge *merge, struct kvn_slice key,
                             const struct kvn_slice *record, struct cairn_why *why)
{
    enum cairn_err err = open_root(merge, why);
    if (!err) err = advance(merge, &key, why);
    if (!err) err = drop_old(merge, key, record, why);
    if (err || !record) return err;
    merge->job->entries_more++;
    return add(merge, 0, key, *record, why);
}

static bool nothing_above(const struct kvn_merge *merge, uint32_t at)
{
    while (++at < merge->levels)
        if (!is_empty(&merge->level[at])) return false;
    return true;
}

/* Everything is in the windows of this level and those above: write it, and what this makes of the
 * levels above, up to the one that is the root. */
static enum cairn_err write_up(struct kvn_merge *merge, struct cairn_why *why)
{
    struct kvn_tree *tree = &merge->job->new_tree;
    tree->root = (struct kvn_pointer){ .page = 0 };
    tree->depth = 0;
    for (uint32_t at = 0; at < merge->levels; at++) {
        struct level *level = &merge->level[at];
        struct kvn_fill *right = &level->right;
        if (is_empty(level)) continue;
        bool single = kvn_fill_count(&level->left) == 0 && nothing_above(merge, at);
        if (single) {
            tree->depth = (uint8_t)(at + 1);
            return kvn_run_add(&merge->out, right, (uint8_t)at, &tree->root, why);
        }
        enum cairn_err err = empty_out(merge, at, true, why);
        if (err) return err;
    }
    return CAIRN_OK;
}

/* A root with one child is none: what was taken over may have come to be that. */
static enum cairn_err shrink(struct kvn_merge *merge, struct cairn_why *why)
{
    struct kvn_tree *tree = &merge->job->new_tree;
    while (tree->depth > 1) {
        struct kvn_frame *frame;
        struct kvn_pointer root = tree->root;
        enum cairn_err err =
            kvn_pool_get(tree->pool, &root, (uint8_t)(tree->depth - 1), &frame, why);
        if (err) return err;
        bool single = kvn_node_count(frame->bytes) == 1;
        if (single) kvn_pointer_decode(&tree->root, kvn_node_value(frame->bytes, 0).data);
        kvn_pool_put(frame);
        if (!single) return CAIRN_OK;
        tree->depth--;
        err = discard(merge, &root, why);
        if (err) return err;
    }
    return CAIRN_OK;
}

enum cairn_err kvn_merge_end(struct kvn_merge *merge, struct cairn_why *why)
{
    if (!merge->opened) return CAIRN_OK;
    enum cairn_err err = advance(merge, NULL, why);
    if (!err) err = write_up(merge, why);
    if (!err) err = kvn_run_end(&merge->out, why);
    if (!err) err = shrink(merge, why);
    if (!err) kvn_merge_abort(merge);
    return err;
}

void kvn_merge_abort(struct kvn_merge *merge)
{
    for (uint32_t at = 0; at < merge->levels; at++) {
        struct level *level = &merge->level[at];
        if (level->old) kvn_pool_put(level->old);
        level->old = NULL;
    }
}
