/* SPDX-License-Identifier: ISC */
#include "tree_rig.h"

#include <cairn/arena.h>
#include <cairn/bytes.h>
#include <stdlib.h>
#include <string.h>

#define UUID8 UINT64_C(0x1122334455667788)
#define FIRST_PAGE 8u

/* ---- space ----------------------------------------------------------------------------------- */

enum cairn_err kvn_space_alloc(struct kvn_space *space, uint32_t want, uint64_t *first,
                               uint32_t *got, struct cairn_why *why)
{
    struct tree_rig *rig = (struct tree_rig *)space;
    if (want > rig->run_max) want = rig->run_max;
    for (uint32_t step = 0; step < rig->pages; step++) {
        uint32_t page = rig->next++ % rig->pages, count = 0;
        while (count < want && page + count < rig->pages && rig->state[page + count] == PAGE_FREE)
            rig->state[page + count++] = PAGE_USED;
        if (!count) continue;
        rig->next = page + count;
        rig->used_pages += count;
        *first = page;
        *got = count;
        return CAIRN_OK;
    }
    return cairn_why_fail(why, CAIRN_ENOSPC, "no page is free");
}

static enum cairn_err leave(struct kvn_space *space, uint64_t first, uint32_t count,
                            enum page_state state, struct cairn_why *why)
{
    struct tree_rig *rig = (struct tree_rig *)space;
    for (uint32_t i = 0; i < count; i++) {
        if (rig->state[first + i] != PAGE_USED)
            return cairn_why_fail(why, CAIRN_ECORRUPT, "page %u is not in use",
                                  (unsigned)(first + i));
        rig->state[first + i] = (uint8_t)state;
    }
    rig->used_pages -= count;
    return CAIRN_OK;
}

enum cairn_err kvn_space_free(struct kvn_space *space, uint64_t first, uint32_t count,
                              struct cairn_why *why)
{
    return leave(space, first, count, PAGE_FREED, why);
}

enum cairn_err kvn_space_undo(struct kvn_space *space, uint64_t first, uint32_t count,
                              struct cairn_why *why)
{
    return leave(space, first, count, PAGE_FREE, why);
}

/* ---- opening --------------------------------------------------------------------------------- */

static void *must(void *memory)
{
    if (!memory) abort();
    return memory;
}

struct tree_rig *rig_open(const struct rig_options *options)
{
    struct tree_rig *rig = must(calloc(1, sizeof *rig));
    struct cairn_arena arena;
    rig->page_bytes = options->page_bytes;
    rig->pages = options->pages;
    rig->run_max = options->run_max;
    rig->run_pages = options->run_pages;
    rig->levels = 12;
    rig->disk = must(calloc(options->pages, options->page_bytes));
    rig->state = must(calloc(options->pages, 1));
    memset(rig->state, PAGE_USED, FIRST_PAGE);
    size_t pool_bytes = options->frames * ((size_t)options->page_bytes + 48) + 8192;
    rig->pool_mem = must(malloc(pool_bytes));
    cairn_arena_init(&arena, rig->pool_mem, pool_bytes);
    cairn_lock_init(&rig->lock);
    cairn_lock_take(&rig->lock);
    if (cairn_blk_mem_open(&rig->dev, rig->disk, 4096,
                           (uint64_t)options->pages * options->page_bytes / 4096, NULL) ||
        kvn_pool_init(&rig->pool, &arena, &rig->dev.base, &rig->lock, options->page_bytes, NULL))
        abort();
    rig->pool.uuid8 = UUID8;
    rig->merge_mem = must(malloc(kvn_merge_mem(rig->page_bytes, rig->levels, rig->run_pages)));
    rig->tree.pool = &rig->pool;
    rig->generation = 1;
    return rig;
}

void rig_close(struct tree_rig *rig)
{
    kvn_pool_destroy(&rig->pool);
    cairn_lock_drop(&rig->lock);
    cairn_lock_destroy(&rig->lock);
    (void)!cairn_blk_close(&rig->dev.base, NULL);
    free(rig->disk);
    free(rig->state);
    free(rig->pool_mem);
    free(rig->merge_mem);
    free(rig->model.items);
    free(rig);
}

/* ---- merging --------------------------------------------------------------------------------- */

static const struct model_item *model_find(const struct model *model, struct kvn_slice key)
{
    struct model_item wanted = { .key_bytes = (uint16_t)key.bytes };
    memcpy(wanted.key, key.data, key.bytes);
    if (!model->count) return NULL;
    return bsearch(&wanted, model->items, model->count, sizeof wanted, model_compare);
}

static bool is_value(const struct model_item *item, struct kvn_slice record)
{
    uint8_t buffer[KVN_PAGE_MOST];
    return item && kvn_slice_compare(model_value(item, buffer), record) == 0;
}

/* Called once of each old record that goes, with what it was. */
static enum cairn_err gone(void *of, struct kvn_slice key, struct kvn_slice record,
                           const struct kvn_slice *replaced_by, struct cairn_why *why)
{
    struct tree_rig *rig = of;
    const struct model_item *change = model_find(rig->batch, key);
    (void)why;
    rig->gone++;
    if (!is_value(model_find(&rig->model, key), record)) rig->fault = "gone: another record";
    if (!change || change->removed != !replaced_by) rig->fault = "gone: another change";
    if (change && replaced_by && !is_value(change, *replaced_by)) rig->fault = "gone: replaced";
    return CAIRN_OK;
}

static enum cairn_err put_all(struct kvn_merge *merge, const struct model *batch,
                              struct cairn_why *why)
{
    uint8_t buffer[KVN_PAGE_MOST];
    for (size_t i = 0; i < batch->count; i++) {
        const struct model_item *item = &batch->items[i];
        struct kvn_slice value = model_value(item, buffer);
        enum cairn_err err =
            kvn_merge_put(merge, model_key(item), item->removed ? NULL : &value, why);
        if (err) return err;
    }
    return CAIRN_OK;
}

enum cairn_err rig_merge(struct tree_rig *rig, const struct model *batch)
{
    struct kvn_merge *merge;
    rig->generation++;
    rig->batch = batch;
    rig->gone = 0;
    rig->job = (struct kvn_merge_job){ .dev = &rig->dev.base,
                                       .pool = &rig->pool,
                                       .space = &rig->space,
                                       .old = rig->tree,
                                       .page_bytes = rig->page_bytes,
                                       .uuid8 = UUID8,
                                       .generation = rig->generation,
                                       .snapshot_generation = rig->snapshot_generation,
                                       .gone = gone,
                                       .of = rig };
    enum cairn_err err =
        kvn_merge_begin(&merge, &rig->job, rig->merge_mem, rig->levels, rig->run_pages, &rig->why);
    if (err) return err;
    err = put_all(merge, batch, &rig->why);
    if (!err) err = kvn_merge_end(merge, &rig->why);
    if (err) kvn_merge_abort(merge);
    return err;
}

/* ---- the structure --------------------------------------------------------------------------- */

struct place {
    struct kvn_pointer pointer;
    uint8_t low[KVN_KEY_MAX], high[KVN_KEY_MAX]; /* keys are in [low, high) */
    uint32_t low_bytes, high_bytes;
    bool last, first; /* of its level */
    uint8_t level;
};

struct checking {
    struct tree_rig *rig;
    uint8_t *seen;
    uint64_t entries, pages;
    uint32_t least;
    uint8_t depth;
};

static const char *keys_fault(const struct place *place, const uint8_t *page)
{
    uint8_t key[KVN_KEY_MAX];
    uint32_t count = kvn_node_count(page);
    struct kvn_slice first = { key, kvn_node_key(page, 0, key) };
    if (place->first && place->level > 0 && first.bytes > 0) return "the first key is not empty";
    if (kvn_slice_compare(first, (struct kvn_slice){ place->low, place->low_bytes }) < 0)
        return "a key below its page's";
    struct kvn_slice end = { key, kvn_node_key(page, count - 1, key) };
    if (!place->last &&
        kvn_slice_compare(end, (struct kvn_slice){ place->high, place->high_bytes }) >= 0)
        return "a key not below the next page's";
    return NULL;
}

static const char *page_fault(struct checking *check, const struct place *place)
{
    struct tree_rig *rig = check->rig;
    struct kvn_node_head head;
    uint64_t number = place->pointer.page;
    if (number >= rig->pages) return "a pointer beyond the end";
    const uint8_t *page = rig->disk + number * rig->page_bytes;
    struct cairn_hash128 hash = cairn_hash128(page, rig->page_bytes);
    if (hash.low != place->pointer.hash.low || hash.high != place->pointer.hash.high) return "hash";
    if (kvn_node_check(page, rig->page_bytes, &head, &rig->why)) return rig->why.what;
    if (head.page != number || head.birth != place->pointer.birth || head.uuid8 != UUID8 ||
        head.level != place->level)
        return "head";
    if (rig->state[number] == PAGE_FREE) return "a page of the tree is free";
    if (check->seen[number]++ == 1) return "a page is in the tree twice";
    uint32_t gap = cairn_le32(page + 36) - 48 - kvn_node_prefix(page).bytes - head.count * 4u;
    if (place->level + 1 != check->depth && !place->last && rig->page_bytes - gap < check->least)
        return "a page has too little";
    return keys_fault(place, page);
}

static const char *subtree_fault(struct checking *check, const struct place *place)
{
    const char *fault = page_fault(check, place);
    if (fault) return fault;
    const uint8_t *page = check->rig->disk + place->pointer.page * check->rig->page_bytes;
    uint32_t count = kvn_node_count(page);
    check->pages++;
    if (place->level == 0) {
        check->entries += count;
        return NULL;
    }
    for (uint32_t at = 0; at < count && !fault; at++) {
        struct place child = *place;
        bool end = at + 1 == count;
        child.level--;
        child.first = place->first && at == 0;
        child.last = place->last && end;
        child.low_bytes = kvn_node_key(page, at, child.low);
        if (!end) child.high_bytes = kvn_node_key(page, at + 1, child.high);
        kvn_pointer_decode(&child.pointer, kvn_node_value(page, at).data);
        fault = subtree_fault(check, &child);
    }
    return fault;
}

static const char *tree_fault(struct checking *check, const struct kvn_tree *tree)
{
    check->entries = check->pages = 0;
    check->depth = tree->depth;
    if (!tree->depth) return tree->root.page ? "a root without levels" : NULL;
    struct place root = {
        .pointer = tree->root, .last = true, .first = true, .level = (uint8_t)(tree->depth - 1)
    };
    const char *fault = subtree_fault(check, &root);
    const uint8_t *page = check->rig->disk + tree->root.page * check->rig->page_bytes;
    if (!fault && tree->depth > 1 && kvn_node_count(page) < 2) fault = "a root with one child";
    return fault;
}

static const char *space_fault(const struct tree_rig *rig, const uint8_t *seen, const uint8_t *kept)
{
    for (uint32_t page = FIRST_PAGE; page < rig->pages; page++) {
        bool used = rig->state[page] == PAGE_USED;
        if (used && !seen[page] && !kept[page]) return "a page is lost";
        if (!used && (seen[page] || kept[page])) return "a page of the tree was freed";
    }
    return NULL;
}

const char *rig_check(struct tree_rig *rig, uint32_t least)
{
    uint8_t *seen = must(calloc(rig->pages, 1)), *kept = must(calloc(rig->pages, 1));
    struct checking check = { .rig = rig, .seen = kept };
    const char *fault = rig->fault;
    if (!fault) fault = tree_fault(&check, &rig->snapshot);
    check.seen = seen;
    check.least = least;
    if (!fault) fault = tree_fault(&check, &rig->tree);
    if (!fault && check.entries != rig->model.count) fault = "the number of entries";
    if (!fault) fault = space_fault(rig, seen, kept);
    free(seen);
    free(kept);
    return fault;
}
