/* SPDX-License-Identifier: ISC */
#include "picture.h"

#include <string.h>

/* ---- one entry ------------------------------------------------------------------------------- */

/* Enough of it to tell a store's mistakes, not an adversary's. */
static uint64_t add(uint64_t picture, const void *bytes, size_t count)
{
    struct cairn_hash128 hash = cairn_hash128(bytes, count);
    return (picture ^ hash.low) * UINT64_C(0xD6E8FEB86659FD93) + count;
}

static uint64_t add_entry(uint64_t picture, struct cairn_kv_key key,
                          const struct cairn_kv_stat *stat, const void *data)
{
    uint64_t fields[3] = { (uint64_t)stat->kind, stat->size, (uint64_t)stat->modified_ns };
    picture = add(picture, key.path, key.bytes);
    picture = add(picture, fields, sizeof fields);
    return stat->kind == CAIRN_KV_VALUE ? add(picture, data, (size_t)stat->size) : picture;
}

static bool counts(struct cairn_kv_key key)
{
    return key.bytes == 0 || key.path[0] != 'z';
}

uint64_t picture_with(uint64_t picture, uint64_t snapshot)
{
    return (picture * 31 ^ snapshot) * UINT64_C(0x9E3779B97F4A7C15) | 1;
}

/* ---- of a model ------------------------------------------------------------------------------ */

uint64_t picture_of_model(const struct model *model)
{
    uint64_t picture = 1;
    for (size_t i = 0; i < model->count; i++) {
        const struct model_node *node = &model->nodes[i];
        struct cairn_kv_stat stat = { node->kind, node->size, node->modified_ns };
        if (counts(model_key(node)))
            picture = add_entry(picture, model_key(node), &stat, node->data);
    }
    return picture;
}

/* ---- of a store ------------------------------------------------------------------------------ */

#define LEVELS_MAX 6u

/* A walk: a list for each dictionary on the way. */
struct walk {
    struct cairn_kv *kv;
    uint64_t picture;
    uint32_t depth; /* of lists */
    struct cairn_kv_list lists[LEVELS_MAX];
    uint8_t mem[LEVELS_MAX][CAIRN_KV_LIST_MEM];
    size_t path_bytes[LEVELS_MAX]; /* of their dictionaries */
    char path[MODEL_PATH_MAX];
};

static enum cairn_err visit(struct walk *walk, struct cairn_kv_key key,
                            const struct cairn_kv_stat *stat, struct cairn_why *why)
{
    static uint8_t data[PICTURE_VALUE_MAX + 1];
    size_t done = 0;
    if (stat->kind == CAIRN_KV_VALUE) {
        enum cairn_err err = cairn_kv_get(walk->kv, key, 0, data, sizeof data, &done, why);
        if (err) return err;
        if (done != stat->size)
            return cairn_why_fail(why, CAIRN_ECORRUPT, "%zu bytes are read of %llu", done,
                                  (unsigned long long)stat->size);
    }
    walk->picture = add_entry(walk->picture, key, stat, data);
    return CAIRN_OK;
}

static enum cairn_err enter(struct walk *walk, size_t path_bytes, struct cairn_why *why)
{
    struct cairn_kv_key key = { walk->path, path_bytes };
    uint32_t level = walk->depth++;
    if (level == LEVELS_MAX) return cairn_why_fail(why, CAIRN_ECORRUPT, "dictionaries in a circle");
    walk->path_bytes[level] = path_bytes;
    return cairn_kv_list_begin(&walk->lists[level], walk->kv, key, (struct cairn_kv_key){ "", 0 },
                               0, walk->mem[level], sizeof walk->mem[level], why);
}

static enum cairn_err step(struct walk *walk, struct cairn_why *why)
{
    const struct cairn_kv_entry *entry;
    uint32_t level = walk->depth - 1;
    enum cairn_err err = cairn_kv_list_next(&walk->lists[level], &entry, why);
    if (err) return err;
    if (!entry) {
        walk->depth--;
        return CAIRN_OK;
    }
    size_t at = walk->path_bytes[level];
    if (at) walk->path[at++] = '/';
    memcpy(walk->path + at, entry->name, entry->name_bytes);
    struct cairn_kv_key key = { walk->path, at + entry->name_bytes };
    struct cairn_kv_stat stat = { entry->kind, entry->size, entry->modified_ns };
    if (!counts(key)) return CAIRN_OK;
    err = visit(walk, key, &stat, why);
    if (!err && stat.kind == CAIRN_KV_DICTIONARY) err = enter(walk, key.bytes, why);
    return err;
}

enum cairn_err picture_of_store(struct cairn_kv *kv, uint64_t *picture, struct cairn_why *why)
{
    struct walk walk = { .kv = kv, .picture = 1 };
    struct cairn_kv_stat stat;
    enum cairn_err err = cairn_kv_stat(kv, cairn_kv_key(""), &stat, why);
    if (!err) err = visit(&walk, cairn_kv_key(""), &stat, why);
    if (!err) err = enter(&walk, 0, why);
    while (!err && walk.depth)
        err = step(&walk, why);
    *picture = walk.picture;
    return err;
}

static enum cairn_err snapshot_picture(struct cairn_kv *kv, uint64_t *picture,
                                       struct cairn_why *why)
{
    struct cairn_kv_view view;
    *picture = 0;
    enum cairn_err err = cairn_kv_snapshot_open(&view, kv, cairn_kv_key("s"), why);
    if (err) return err;
    err = picture_of_store(&view.kv, picture, why);
    cairn_kv_view_close(&view);
    return err;
}

enum cairn_err picture_of_all(struct cairn_kv *kv, uint64_t *picture, struct cairn_why *why)
{
    uint64_t mem[CAIRN_KV_LIST_MEM / 8], now, snapshot = 0;
    size_t count;
    bool more;
    enum cairn_err err = picture_of_store(kv, &now, why);
    if (!err)
        err = cairn_kv_snapshot_list(kv, cairn_kv_key(""), mem, sizeof mem, &count, &more, why);
    if (!err && (more || count > 1))
        err = cairn_why_fail(why, CAIRN_ECORRUPT, "there are more snapshots than were made");
    if (!err && count) err = snapshot_picture(kv, &snapshot, why);
    if (!err) *picture = picture_with(now, snapshot);
    return err;
}
