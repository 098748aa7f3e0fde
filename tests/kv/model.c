/* SPDX-License-Identifier: ISC */
#include "model.h"

#include <cairn/bytes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- keys ------------------------------------------------------------------------------------ */

struct cairn_kv_key model_key(const struct model_node *node)
{
    return (struct cairn_kv_key){ node->path, node->path_bytes };
}

/* A walk's order is that of whole paths when '/' comes before every byte. */
static int path_compare(struct cairn_kv_key a, struct cairn_kv_key b)
{
    for (size_t i = 0; i < a.bytes && i < b.bytes; i++) {
        int x = a.path[i] == '/' ? -1 : (uint8_t)a.path[i];
        int y = b.path[i] == '/' ? -1 : (uint8_t)b.path[i];
        if (x != y) return x < y ? -1 : 1;
    }
    return a.bytes == b.bytes ? 0 : a.bytes < b.bytes ? -1 : 1;
}

static struct cairn_kv_key parent_of(struct cairn_kv_key key)
{
    size_t end = key.bytes;
    while (end > 0 && key.path[end - 1] != '/')
        end--;
    return (struct cairn_kv_key){ key.path, end ? end - 1 : 0 };
}

static struct cairn_kv_key name_of(struct cairn_kv_key key)
{
    struct cairn_kv_key parent = parent_of(key);
    size_t skip = parent.bytes ? parent.bytes + 1 : 0;
    return (struct cairn_kv_key){ key.path + skip, key.bytes - skip };
}

struct cairn_kv_key model_name(const struct model_node *node)
{
    return name_of(model_key(node));
}

static bool is_beneath(struct cairn_kv_key key, struct cairn_kv_key above)
{
    if (!above.bytes) return key.bytes > 0;
    return key.bytes > above.bytes && key.path[above.bytes] == '/' &&
           !memcmp(key.path, above.path, above.bytes);
}

/* ---- what is there --------------------------------------------------------------------------- */

void model_init(struct model *model)
{
    model->nodes = calloc(MODEL_NODES_MAX, sizeof *model->nodes);
    model->nodes[0].kind = CAIRN_KV_DICTIONARY;
    model->count = 1;
    model->now_ns = 0;
}

void model_free(struct model *model)
{
    for (size_t i = 0; i < model->count; i++)
        free(model->nodes[i].data);
    free(model->nodes);
}

static uint8_t *data_copy(const void *data, size_t bytes, size_t size)
{
    uint8_t *copy = calloc(size + 1, 1);
    if (bytes) memcpy(copy, data, bytes);
    return copy;
}

void model_copy(struct model *copy, const struct model *model)
{
    copy->nodes = calloc(MODEL_NODES_MAX, sizeof *copy->nodes);
    copy->count = model->count;
    copy->now_ns = model->now_ns;
    for (size_t i = 0; i < model->count; i++) {
        copy->nodes[i] = model->nodes[i];
        copy->nodes[i].data =
            data_copy(model->nodes[i].data, model->nodes[i].size, model->nodes[i].size);
    }
}

struct model_node *model_find(const struct model *model, struct cairn_kv_key key)
{
    for (size_t i = 0; i < model->count; i++)
        if (!path_compare(model_key(&model->nodes[i]), key)) return &model->nodes[i];
    return NULL;
}

bool model_blocked(const struct model *model, struct cairn_kv_key key)
{
    for (size_t i = 0; i < model->count; i++)
        if (model->nodes[i].kind == CAIRN_KV_VALUE && is_beneath(key, model_key(&model->nodes[i])))
            return true;
    return false;
}

struct model_node *model_entry(const struct model *model, struct cairn_kv_key dictionary,
                               struct cairn_kv_key from, bool behind)
{
    for (size_t i = 1; i < model->count; i++) {
        struct model_node *node = &model->nodes[i];
        int order = path_compare(name_of(model_key(node)), from);
        if (path_compare(parent_of(model_key(node)), dictionary) == 0 &&
            (order > 0 || (order == 0 && !behind)))
            return node;
    }
    return NULL;
}

/* ---- expectations ---------------------------------------------------------------------------- */

static void refuse(struct expect *expect, bool when, enum cairn_err err)
{
    if (when) expect->errs[expect->count++] = err;
}

bool expect_met(const struct expect *expect, enum cairn_err err)
{
    for (size_t i = 0; i < expect->count; i++)
        if (expect->errs[i] == err) return true;
    return !expect->count && !err;
}

const char *expect_text(const struct expect *expect)
{
    static char text[128];
    snprintf(
        text, sizeof text, "%s%s%s", cairn_err_name(expect->count ? expect->errs[0] : CAIRN_OK),
        expect->count > 1 ? " or " : "", expect->count > 1 ? cairn_err_name(expect->errs[1]) : "");
    return text;
}

/* ---- changing -------------------------------------------------------------------------------- */

static struct model_node *insert(struct model *model, struct cairn_kv_key key,
                                 enum cairn_kv_kind kind)
{
    size_t at = 0;
    while (at < model->count && path_compare(model_key(&model->nodes[at]), key) < 0)
        at++;
    if (model->count == MODEL_NODES_MAX || key.bytes > MODEL_PATH_MAX) abort();
    memmove(&model->nodes[at + 1], &model->nodes[at], (model->count++ - at) * sizeof *model->nodes);
    struct model_node *node = &model->nodes[at];
    *node =
        (struct model_node){ .path_bytes = key.bytes, .kind = kind, .modified_ns = model->now_ns };
    memcpy(node->path, key.path, key.bytes);
    return node;
}

/* An entry came or went. */
static void touch_parent(struct model *model, struct cairn_kv_key key)
{
    struct model_node *parent = model_find(model, parent_of(key));
    if (parent) parent->modified_ns = model->now_ns;
}

static struct model_node *add(struct model *model, struct cairn_kv_key key, enum cairn_kv_kind kind)
{
    for (size_t i = 0; i < key.bytes; i++) {
        struct cairn_kv_key above = { key.path, i };
        if (key.path[i] != '/' || model_find(model, above)) continue;
        touch_parent(model, above);
        insert(model, above, CAIRN_KV_DICTIONARY);
    }
    touch_parent(model, key);
    return insert(model, key, kind);
}

static void drop(struct model *model, struct cairn_kv_key key)
{
    size_t kept = 0;
    for (size_t i = 0; i < model->count; i++) {
        struct cairn_kv_key at = model_key(&model->nodes[i]);
        bool goes = at.bytes && (!path_compare(at, key) || is_beneath(at, key));
        if (goes)
            free(model->nodes[i].data);
        else if (kept++ != i)
            model->nodes[kept - 1] = model->nodes[i];
    }
    model->count = kept;
}

/* Where the old contents are grows to `size`, with zeros. */
static void resize(struct model_node *node, size_t size)
{
    uint8_t *data = data_copy(node->data, node->size < size ? node->size : size, size);
    free(node->data);
    node->data = data;
    node->size = size;
}

struct expect model_set(struct model *model, struct cairn_kv_key key, const void *data,
                        size_t bytes, uint32_t flags)
{
    struct expect expect = { .count = 0 };
    struct model_node *node = model_find(model, key);
    bool dictionary = node && node->kind == CAIRN_KV_DICTIONARY;
    bool replace = (flags & CAIRN_KV_REPLACE_DICTIONARY) && key.bytes;
    refuse(&expect, model_blocked(model, key), CAIRN_ENOTDIR);
    refuse(&expect, dictionary && !replace, CAIRN_EISDIR);
    if (expect.count) return expect;
    if (dictionary) drop(model, key);
    if (!node || dictionary) node = add(model, key, CAIRN_KV_VALUE);
    resize(node, bytes);
    if (bytes) memcpy(node->data, data, bytes);
    node->modified_ns = model->now_ns;
    return expect;
}

struct expect model_write(struct model *model, struct cairn_kv_key key, uint64_t offset,
                          const void *data, size_t bytes)
{
    struct expect expect = { .count = 0 };
    struct model_node *node = model_find(model, key);
    refuse(&expect, model_blocked(model, key), CAIRN_ENOTDIR);
    refuse(&expect, node && node->kind == CAIRN_KV_DICTIONARY, CAIRN_EISDIR);
    if (expect.count) return expect;
    if (!node) resize(node = add(model, key, CAIRN_KV_VALUE), 0);
    if (!bytes) return expect;
    if (offset + bytes > node->size) resize(node, (size_t)offset + bytes);
    memcpy(node->data + offset, data, bytes);
    node->modified_ns = model->now_ns;
    return expect;
}

struct expect model_allocate(struct model *model, struct cairn_kv_key key, size_t size)
{
    struct expect expect = { .count = 0 };
    refuse(&expect, model_blocked(model, key), CAIRN_ENOTDIR);
    refuse(&expect, model_find(model, key) != NULL, CAIRN_EEXIST);
    if (!expect.count) resize(add(model, key, CAIRN_KV_VALUE), size);
    return expect;
}

struct expect model_make(struct model *model, struct cairn_kv_key key)
{
    struct expect expect = { .count = 0 };
    struct model_node *node = model_find(model, key);
    refuse(&expect, model_blocked(model, key), CAIRN_ENOTDIR);
    refuse(&expect, node && node->kind == CAIRN_KV_VALUE, CAIRN_EEXIST);
    if (!expect.count && !node) add(model, key, CAIRN_KV_DICTIONARY);
    return expect;
}

struct expect model_remove(struct model *model, struct cairn_kv_key key)
{
    struct expect expect = { .count = 0 };
    refuse(&expect, model_blocked(model, key), CAIRN_ENOTDIR);
    if (expect.count || !model_find(model, key)) return expect;
    if (!key.bytes && model->count > 1) model->nodes[0].modified_ns = model->now_ns;
    drop(model, key);
    if (key.bytes) touch_parent(model, key);
    return expect;
}

struct expect model_time_set(struct model *model, struct cairn_kv_key key, int64_t ns)
{
    struct expect expect = { .count = 0 };
    struct model_node *node = model_find(model, key);
    refuse(&expect, !key.bytes, CAIRN_EINVAL);
    refuse(&expect, model_blocked(model, key), CAIRN_ENOTDIR);
    refuse(&expect, !node && !expect.count, CAIRN_ENOENT);
    if (!expect.count) node->modified_ns = ns;
    return expect;
}

/* ---- renaming -------------------------------------------------------------------------------- */

static bool is_empty(const struct model *model, const struct model_node *node)
{
    return !model_entry(model, model_key(node), (struct cairn_kv_key){ "", 0 }, false);
}

static struct cairn_kv_key join(char *path, struct cairn_kv_key dictionary,
                                struct cairn_kv_key name)
{
    size_t at = dictionary.bytes ? dictionary.bytes + 1 : 0;
    memcpy(path, dictionary.path, dictionary.bytes);
    if (at) path[at - 1] = '/';
    memcpy(path + at, name.path, name.bytes);
    return (struct cairn_kv_key){ path, at + name.bytes };
}

static void rename_refuse(struct expect *expect, const struct model *model,
                          const struct model_node *from, const struct model_node *to,
                          uint32_t flags)
{
    bool from_dictionary = from->kind == CAIRN_KV_DICTIONARY;
    bool to_dictionary = to && to->kind == CAIRN_KV_DICTIONARY;
    refuse(expect, to && (flags & CAIRN_KV_NO_REPLACE), CAIRN_EEXIST);
    if (!to || to == from) return;
    refuse(expect, to_dictionary && !from_dictionary, CAIRN_EISDIR);
    refuse(expect, !to_dictionary && from_dictionary, CAIRN_ENOTDIR);
    refuse(expect, to_dictionary && from_dictionary && !is_empty(model, to), CAIRN_ENOTEMPTY);
}

/* All beneath `from` under its new path; the array is sorted anew by inserting. */
static void move(struct model *model, struct cairn_kv_key from, struct cairn_kv_key to)
{
    struct model moved;
    model_copy(&moved, model);
    drop(model, from);
    touch_parent(model, from);
    drop(model, to);
    for (size_t i = 1; i < moved.count; i++) {
        struct model_node *old = &moved.nodes[i];
        struct cairn_kv_key key = model_key(old);
        bool top = !path_compare(key, from);
        if (!top && !is_beneath(key, from)) continue;
        char path[2 * MODEL_PATH_MAX];
        memcpy(path, to.path, to.bytes);
        memcpy(path + to.bytes, key.path + from.bytes, key.bytes - from.bytes);
        key = (struct cairn_kv_key){ path, to.bytes + key.bytes - from.bytes };
        struct model_node *node = top ? add(model, key, old->kind) : insert(model, key, old->kind);
        resize(node, old->size);
        memcpy(node->data, old->data, old->size);
        node->modified_ns = old->modified_ns;
    }
    model_free(&moved);
}

struct expect model_rename(struct model *model, struct cairn_kv_key from, struct cairn_kv_key to,
                           uint32_t flags)
{
    struct expect expect = { .count = 0 };
    char path[2 * MODEL_PATH_MAX], source[MODEL_PATH_MAX];
    struct model_node *node = model_find(model, from), *target = model_find(model, to);
    bool into = (flags & CAIRN_KV_INTO) && target && target->kind == CAIRN_KV_DICTIONARY;
    if (into) to = join(path, to, name_of(from));
    refuse(&expect, !from.bytes || !to.bytes || is_beneath(to, from), CAIRN_EINVAL);
    refuse(&expect, model_blocked(model, from) || model_blocked(model, to), CAIRN_ENOTDIR);
    refuse(&expect, !node && !model_blocked(model, from), CAIRN_ENOENT);
    if (expect.count) return expect;
    target = model_find(model, to);
    rename_refuse(&expect, model, node, target, flags);
    if (expect.count || target == node) return expect;
    memcpy(source, from.path, from.bytes);
    move(model, (struct cairn_kv_key){ source, from.bytes }, to);
    return expect;
}

/* ---- digests --------------------------------------------------------------------------------- */

static void put_hash(uint8_t *at, struct cairn_hash128 hash)
{
    cairn_le64_put(at, hash.low);
    cairn_le64_put(at + 8, hash.high);
}

static struct cairn_hash128 value_digest(const struct model_node *node)
{
    size_t pieces = 0;
    uint8_t *hashes = calloc(node->size / 65536 + 1, 16);
    for (size_t at = 0; at < node->size; at += 65536, pieces++) {
        size_t bytes = node->size - at < 65536 ? node->size - at : 65536;
        put_hash(hashes + 16 * pieces, cairn_hash128(node->data + at, bytes));
    }
    struct cairn_hash128 digest = cairn_hash128(hashes, 16 * pieces);
    free(hashes);
    return digest;
}

static size_t put_record(uint8_t *at, const struct model_node *node, size_t skip)
{
    size_t path_bytes = node->path_bytes - skip;
    cairn_le32_put(at, (uint32_t)path_bytes);
    memcpy(at + 4, node->path + skip, path_bytes);
    at[4 + path_bytes] = (uint8_t)node->kind;
    cairn_le64_put(at + 5 + path_bytes, node->size);
    if (node->kind != CAIRN_KV_VALUE) return 13 + path_bytes;
    put_hash(at + 13 + path_bytes, value_digest(node));
    return 29 + path_bytes;
}

struct cairn_hash128 model_digest(const struct model *model, struct cairn_kv_key key)
{
    const struct model_node *top = model_find(model, key);
    if (!top) abort();
    if (top->kind == CAIRN_KV_VALUE) return value_digest(top);
    size_t bytes = 0;
    uint8_t *all = malloc(MODEL_NODES_MAX * (MODEL_PATH_MAX + 29));
    for (size_t i = 1; i < model->count; i++)
        if (is_beneath(model_key(&model->nodes[i]), key))
            bytes += put_record(all + bytes, &model->nodes[i], key.bytes ? key.bytes + 1 : 0);
    struct cairn_hash128 digest = cairn_hash128(all, bytes);
    free(all);
    return digest;
}
