/* SPDX-License-Identifier: ISC */
/* All of a store against a model. */
#include "rig.h"

#include <stdlib.h>
#include <string.h>

static bool has_time(const struct rig *rig, const struct model_node *node)
{
    return node->path_bytes || !rig->store->root_timeless;
}

static bool same_stat(const struct rig *rig, struct cairn_kv *kv, const struct model_node *node,
                      struct tape *tape)
{
    struct cairn_kv_stat stat = { .kind = CAIRN_KV_NONE };
    struct cairn_why why = { .err = CAIRN_OK };
    enum cairn_err err = cairn_kv_stat(kv, model_key(node), &stat, &why);
    if (err)
        return tape_fail(tape, "stat \"%s\": %s: %s", node->path, cairn_err_name(err), why.what);
    if (stat.kind != node->kind || stat.size != node->size)
        return tape_fail(tape, "\"%s\": kind %d, size %llu instead of kind %d, %zu", node->path,
                         (int)stat.kind, (unsigned long long)stat.size, (int)node->kind,
                         node->size);
    bool timely = stat.modified_ns == node->modified_ns || !has_time(rig, node);
    bool lax = rig->store->set_touches && node->kind == CAIRN_KV_DICTIONARY;
    return timely || lax ||
           tape_fail(tape, "\"%s\": modified %lld instead of %lld", node->path,
                     (long long)stat.modified_ns, (long long)node->modified_ns);
}

static bool same_data(struct cairn_kv *kv, const struct model_node *node, struct tape *tape)
{
    size_t done = 0;
    uint8_t *data = malloc(node->size + 1);
    memset(data, 0xee, node->size + 1);
    enum cairn_err err = cairn_kv_get(kv, model_key(node), 0, data, node->size + 1, &done, NULL);
    bool same = !err && done == node->size && !memcmp(data, node->data, node->size);
    free(data);
    return same || tape_fail(tape, "get \"%s\": %s, %zu of %zu bytes, or others", node->path,
                             cairn_err_name(err), done, node->size);
}

static bool same_entry(const struct rig *rig, const struct cairn_kv_entry *entry,
                       const struct model_node *node, struct tape *tape)
{
    if (!entry || !node)
        return entry == NULL && node == NULL
                   ? true
                   : tape_fail(tape,
                               entry ? "a list has more than is there" : "a list lacks \"%s\"",
                               node ? node->path : "");
    struct cairn_kv_key name = model_name(node);
    if (entry->name_bytes != name.bytes || memcmp(entry->name, name.path, name.bytes) != 0)
        return tape_fail(tape, "a list has \"%.*s\" in the place of \"%.*s\"",
                         (int)entry->name_bytes, entry->name, (int)name.bytes, name.path);
    if (entry->kind != node->kind || entry->size != node->size)
        return tape_fail(tape, "a list has another kind or size of \"%s\"", node->path);
    bool lax = rig->store->set_touches && node->kind == CAIRN_KV_DICTIONARY;
    if (entry->modified_ns != node->modified_ns && !lax)
        return tape_fail(tape, "a list has another time of \"%s\"", node->path);
    return !entry->value || !memcmp(entry->value, node->data, node->size) ||
           tape_fail(tape, "a list has another value of \"%s\"", node->path);
}

static bool same_list(const struct rig *rig, struct cairn_kv *kv, const struct model *model,
                      const struct model_node *dictionary, struct tape *tape)
{
    static uint64_t mem[CAIRN_KV_LIST_MEM / 4];
    struct cairn_kv_list list;
    struct cairn_kv_key at = { "", 0 };
    const struct cairn_kv_entry *entry = NULL;
    bool behind = false, same = true;
    uint32_t flags = tape_bool(tape) ? CAIRN_KV_VALUES : 0;
    size_t bytes = tape_bool(tape) ? sizeof mem : CAIRN_KV_LIST_MEM;
    enum cairn_err err =
        cairn_kv_list_begin(&list, kv, model_key(dictionary), at, flags, mem, bytes, NULL);
    do {
        const struct model_node *node = model_entry(model, model_key(dictionary), at, behind);
        if (!err) err = cairn_kv_list_next(&list, &entry, NULL);
        if (err) return tape_fail(tape, "list \"%s\": %s", dictionary->path, cairn_err_name(err));
        same = same_entry(rig, entry, node, tape);
        if (node) at = model_name(node);
        behind = true;
    } while (same && entry);
    return same;
}

bool rig_matches(const struct rig *rig, struct cairn_kv *kv, const struct model *model,
                 struct tape *tape)
{
    for (size_t i = 0; i < model->count; i++) {
        const struct model_node *node = &model->nodes[i];
        bool value = node->kind == CAIRN_KV_VALUE;
        if (!same_stat(rig, kv, node, tape)) return false;
        if (value && !same_data(kv, node, tape)) return false;
        if (!value && !same_list(rig, kv, model, node, tape)) return false;
    }
    return true;
}
