/* SPDX-License-Identifier: ISC */
/* The model, and the tree beside it as its readers see it. */
#include "tree_rig.h"

#include <stdlib.h>
#include <string.h>

struct kvn_slice model_key(const struct model_item *item)
{
    return (struct kvn_slice){ item->key, item->key_bytes };
}

struct kvn_slice model_value(const struct model_item *item, uint8_t *buffer)
{
    for (uint32_t i = 0; i < item->value_bytes; i++)
        buffer[i] = (uint8_t)(item->seed + i);
    return (struct kvn_slice){ buffer, item->value_bytes };
}

int model_compare(const void *a, const void *b)
{
    return kvn_slice_compare(model_key(a), model_key(b));
}

void model_sort(struct model *model)
{
    size_t kept = 0;
    if (model->count) qsort(model->items, model->count, sizeof *model->items, model_compare);
    for (size_t i = 0; i < model->count; i++)
        if (!kept || model_compare(&model->items[kept - 1], &model->items[i]) != 0)
            model->items[kept++] = model->items[i];
    model->count = kept;
}

/* Old and batch together. */
static struct model apply(const struct model *old, const struct model *batch)
{
    struct model both = { calloc(old->count + batch->count + 1, sizeof(struct model_item)), 0 };
    size_t i = 0, j = 0;
    if (!both.items) abort();
    while (i < old->count || j < batch->count) {
        int order = i == old->count     ? 1
                    : j == batch->count ? -1
                                        : model_compare(&old->items[i], &batch->items[j]);
        if (order < 0) {
            both.items[both.count++] = old->items[i++];
            continue;
        }
        if (order == 0) i++;
        if (!batch->items[j].removed) both.items[both.count++] = batch->items[j];
        j++;
    }
    return both;
}

void rig_commit(struct tree_rig *rig, const struct model *batch)
{
    struct model model = apply(&rig->model, batch);
    size_t replaced = rig->model.count;
    for (size_t i = 0; i < batch->count; i++)
        replaced += !batch->items[i].removed;
    if (replaced - model.count != rig->gone) rig->fault = "gone: how often";
    if (rig->job.entries_more != (int64_t)model.count - (int64_t)rig->model.count)
        rig->fault = "entries_more";
    free(rig->model.items);
    rig->model = model;
    rig->tree = rig->job.new_tree;
    for (uint32_t page = 0; page < rig->pages; page++)
        if (rig->state[page] == PAGE_FREED) rig->state[page] = PAGE_FREE;
}

void rig_snapshot(struct tree_rig *rig)
{
    rig->snapshot = rig->tree;
    rig->snapshot_generation = rig->generation;
}

static bool is_item(const struct model_item *item, struct kvn_slice key, struct kvn_slice record)
{
    uint8_t buffer[KVN_PAGE_MOST];
    return kvn_slice_compare(model_key(item), key) == 0 &&
           kvn_slice_compare(model_value(item, buffer), record) == 0;
}

static const char *walk_fault(const struct kvn_tree *tree, const struct model *model)
{
    struct kvn_cursor cursor = { .tree = NULL };
    uint8_t key[KVN_KEY_MAX];
    size_t i = 0;
    const char *fault = NULL;
    if (kvn_cursor_seek(&cursor, tree, (struct kvn_slice){ key, 0 }, NULL)) return "seek to begin";
    for (; !cursor.end && !fault; i++) {
        struct kvn_slice whole = { key, kvn_cursor_key(&cursor, key) };
        if (i == model->count || !is_item(&model->items[i], whole, kvn_cursor_record(&cursor)))
            fault = "the walk meets another entry";
        else if (kvn_cursor_next(&cursor, NULL))
            return "next";
    }
    kvn_cursor_close(&cursor);
    return fault || i == model->count ? fault : "the walk ends early";
}

/* An entry by its key; and, one byte longer, the place behind it. */
static const char *find_fault(const struct kvn_tree *tree, struct kvn_cursor *cursor,
                              const struct model *model, size_t i)
{
    struct model_item item = model->items[i];
    struct kvn_frame *frame;
    struct kvn_slice record;
    uint8_t key[KVN_KEY_MAX];
    if (kvn_tree_find(tree, model_key(&item), &frame, &record, NULL) || !frame) return "find";
    bool same = is_item(&item, model_key(&item), record);
    kvn_pool_put(frame);
    if (!same) return "another record";
    if (item.key_bytes == KVN_KEY_MAX) return NULL;
    item.key[item.key_bytes++] = 0;
    bool next = i + 1 < model->count;
    if (next && model_compare(&item, &model->items[i + 1]) == 0) return NULL;
    if (kvn_tree_find(tree, model_key(&item), &frame, &record, NULL) || frame)
        return "what is not there was found";
    if (kvn_cursor_seek(cursor, tree, model_key(&item), NULL)) return "seek";
    if (cursor->end) return next ? "seek goes to the end" : NULL;
    struct kvn_slice whole = { key, kvn_cursor_key(cursor, key) };
    if (!next || !is_item(&model->items[i + 1], whole, kvn_cursor_record(cursor)))
        return "seek goes to another entry";
    return NULL;
}

const char *rig_compare(struct tree_rig *rig, const struct kvn_tree *tree,
                        const struct model *model)
{
    struct kvn_cursor cursor = { .tree = NULL };
    const char *fault = walk_fault(tree, model);
    size_t step = model->count / 500 + 1;
    for (size_t i = 0; i < model->count && !fault; i += step)
        fault = find_fault(tree, &cursor, model, i);
    kvn_cursor_close(&cursor);
    for (uint32_t i = 0; i < rig->pool.frame_count && !fault; i++)
        if (rig->pool.frames[i].pins) fault = "a page is still pinned";
    return fault;
}
