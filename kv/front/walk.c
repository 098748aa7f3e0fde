/* SPDX-License-Identifier: ISC */
#include "walk.h"

/* List the dictionary that is the path's first `bytes`, behind the name that follows them when
 * there is one. The list lives in little memory first, so that a dictionary to which the walk comes
 * back after each entry is not read far ahead each time. */
static enum cairn_err list_at(struct kv_walk *walk, size_t bytes, struct cairn_kv_key behind,
                              struct cairn_why *why)
{
    struct cairn_kv_key dictionary = { walk->path, bytes };
    enum cairn_err err = cairn_kv_list_begin(&walk->list, walk->kv, dictionary, behind, 0,
                                             walk->mem, walk->mem_bytes, why);
    if (err) return err;
    walk->list.behind = behind.bytes > 0;
    walk->list_bytes = walk->list.mem_bytes;
    walk->list.mem_bytes = CAIRN_KV_LIST_MEM;
    return CAIRN_OK;
}

enum cairn_err kv_walk_begin(struct kv_walk *walk, struct cairn_kv *kv, struct cairn_kv_key top,
                             void *mem, size_t mem_bytes, struct cairn_why *why)
{
    if (top.bytes > CAIRN_KV_WALK_BYTES)
        return kv_fail(kv, top, why, CAIRN_ENAMETOOLONG, "walk: the path");
    walk->kv = kv;
    walk->path = mem;
    walk->bytes = walk->top_bytes = top.bytes;
    walk->inside = true;
    walk->end = false;
    walk->mem = walk->path + CAIRN_KV_WALK_BYTES;
    walk->mem_bytes = mem_bytes - CAIRN_KV_WALK_BYTES;
    if (top.bytes) memcpy(walk->path, top.path, top.bytes);
    return CAIRN_OK;
}

static enum cairn_err path_add(struct kv_walk *walk, const struct cairn_kv_entry *entry,
                               struct cairn_why *why)
{
    size_t at = walk->list.dictionary.bytes ? walk->list.dictionary.bytes + 1 : 0;
    if (at + entry->name_bytes > CAIRN_KV_WALK_BYTES)
        return kv_fail(walk->kv, walk->list.dictionary, why, CAIRN_ENAMETOOLONG,
                       "walk: a path in this dictionary");
    if (at) walk->path[at - 1] = '/';
    memcpy(walk->path + at, entry->name, entry->name_bytes);
    walk->bytes = at + entry->name_bytes;
    walk->inside = entry->kind == CAIRN_KV_DICTIONARY;
    return CAIRN_OK;
}

/* A dictionary is done: back to the one that it is in, behind it. */
static enum cairn_err leave(struct kv_walk *walk, struct cairn_why *why)
{
    struct cairn_kv_key done = walk->list.dictionary;
    walk->bytes = done.bytes;
    walk->end = done.bytes == walk->top_bytes;
    if (walk->end) return CAIRN_OK;
    return list_at(walk, kv_parent(done).bytes, kv_last(done), why);
}

static enum cairn_err list_next(struct kv_walk *walk, const struct cairn_kv_entry **entry,
                                struct cairn_why *why)
{
    struct cairn_kv_list *list = &walk->list;
    enum cairn_err err = cairn_kv_list_next(list, entry, why);
    if (list->at == list->count)
        list->mem_bytes = (size_t)cairn_min_u64(list->mem_bytes * 2, walk->list_bytes);
    return err;
}

enum cairn_err kv_walk_next(struct kv_walk *walk, const struct cairn_kv_entry **entry,
                            struct cairn_why *why)
{
    enum cairn_err err = CAIRN_OK;
    *entry = NULL;
    if (walk->inside) err = list_at(walk, walk->bytes, (struct cairn_kv_key){ "", 0 }, why);
    walk->inside = false;
    while (!err && !*entry && !walk->end) {
        err = list_next(walk, entry, why);
        if (!err && !*entry) err = leave(walk, why);
    }
    return err || !*entry ? err : path_add(walk, *entry, why);
}
