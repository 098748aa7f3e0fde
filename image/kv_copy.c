/* SPDX-License-Identifier: ISC */
/* A store's contents into another store, in the order in which a sorted batch takes them. */
#include "os.h"

#include <cairn/image_kv.h>
#include <stdlib.h>
#include <string.h>

#define PIECE_BYTES ((size_t)1 << 20)
#define LIST_BYTES ((size_t)256 << 10)

/* A dictionary; they stay until the end, when they get their times. */
struct dictionary {
    struct dictionary *next;
    struct cairn_kv_key key;
    int64_t modified_ns;
    char path[];
};

struct copy {
    struct cairn_kv *from, *to;
    const struct cairn_image_kv_options *options;
    struct cairn_image_kv_result *result;
    struct cairn_kv_batch batch;
    struct dictionary *first, *last;
    char *key; /* of the entry at hand */
    void *piece, *list;
    uint64_t total;
};

static enum cairn_err go_on(struct copy *copy, uint64_t bytes, struct cairn_why *why)
{
    const struct cairn_image_kv_options *options = copy->options;
    copy->result->bytes += bytes;
    if (!options->progress || options->progress(options->ctx, copy->result->bytes, copy->total))
        return CAIRN_OK;
    return cairn_why_fail(why, CAIRN_ECANCELED, "copy the store");
}

static enum cairn_err dictionary_add(struct copy *copy, struct cairn_kv_key key,
                                     int64_t modified_ns, struct cairn_why *why)
{
    struct dictionary *dictionary = malloc(sizeof *dictionary + key.bytes);
    if (!dictionary) return img_no_memory(why);
    *dictionary =
        (struct dictionary){ .key = { dictionary->path, key.bytes }, .modified_ns = modified_ns };
    memcpy(dictionary->path, key.path, key.bytes);
    if (copy->last)
        copy->last->next = dictionary;
    else
        copy->first = dictionary;
    copy->last = dictionary;
    return CAIRN_OK;
}

/* ---- entries ------------------------------------------------------------------------------- */

static enum cairn_err value_copy(struct copy *copy, struct cairn_kv_key key,
                                 const struct cairn_kv_entry *entry, struct cairn_why *why)
{
    uint64_t at = 0;
    enum cairn_err err = CAIRN_OK;
    if (entry->value) {
        err = cairn_kv_set(copy->to, key, entry->value, (size_t)entry->size, 0, why);
        at = entry->size;
    } else {
        err = cairn_kv_set(copy->to, key, "", 0, 0, why);
    }
    while (!err && at < entry->size) {
        size_t done = 0;
        err = cairn_kv_get(copy->from, key, at, copy->piece, PIECE_BYTES, &done, why);
        if (!err && done == 0) break;
        if (!err) err = cairn_kv_write(copy->to, key, at, copy->piece, done, why);
        at += done;
        if (!err) err = go_on(copy, done, why);
    }
    copy->result->values++;
    return err ? err : cairn_kv_time_set(copy->to, key, entry->modified_ns, why);
}

static enum cairn_err entry_copy(struct copy *copy, struct cairn_kv_key above,
                                 const struct cairn_kv_entry *entry, struct cairn_why *why)
{
    size_t at = above.bytes + (above.bytes != 0);
    struct cairn_kv_key key = { copy->key, at + entry->name_bytes };
    if (key.bytes > CAIRN_KV_WALK_BYTES)
        return cairn_why_fail(why, CAIRN_ENAMETOOLONG, "a path above %u bytes",
                              CAIRN_KV_WALK_BYTES);
    memcpy(copy->key, above.path, above.bytes);
    if (at) copy->key[at - 1] = '/';
    memcpy(copy->key + at, entry->name, entry->name_bytes);
    if (entry->kind == CAIRN_KV_VALUE) return value_copy(copy, key, entry, why);
    copy->result->dictionaries++;
    enum cairn_err err = dictionary_add(copy, key, entry->modified_ns, why);
    return err ? err : cairn_kv_make(copy->to, key, why);
}

static enum cairn_err dictionary_copy(struct copy *copy, struct cairn_kv_key key,
                                      struct cairn_why *why)
{
    struct cairn_kv_list list;
    const struct cairn_kv_entry *entry;
    enum cairn_err err = cairn_kv_list_begin(&list, copy->from, key, cairn_kv_key(""),
                                             CAIRN_KV_VALUES, copy->list, LIST_BYTES, why);
    if (!err) err = cairn_kv_list_next(&list, &entry, why);
    while (!err && entry) {
        err = entry_copy(copy, key, entry, why);
        if (!err) err = cairn_kv_list_next(&list, &entry, why);
    }
    return err;
}

/* Breadth first: what a dictionary brings in is done behind those that were there before. */
static enum cairn_err all_copy(struct copy *copy, struct cairn_why *why)
{
    enum cairn_err err = CAIRN_OK;
    for (struct dictionary *at = copy->first; at && !err; at = at->next)
        err = dictionary_copy(copy, at->key, why);
    return err;
}

/* ---- the whole ----------------------------------------------------------------------------- */

static enum cairn_err in_batch(struct copy *copy, struct cairn_kv *to, uint32_t flags,
                               enum cairn_err (*work)(struct copy *copy, struct cairn_why *why),
                               struct cairn_why *why)
{
    copy->to = to;
    if (!cairn_kv_info(to)->atomic_batches) return work(copy, why);
    enum cairn_err err = cairn_kv_batch_begin(&copy->batch, to, flags, why);
    if (err) return err;
    copy->to = &copy->batch.kv;
    err = work(copy, why);
    if (!err) return cairn_kv_commit(&copy->batch, 0, why);
    cairn_kv_abort(&copy->batch);
    return err;
}

static enum cairn_err times_copy(struct copy *copy, struct cairn_why *why)
{
    enum cairn_err err = CAIRN_OK;
    for (struct dictionary *at = copy->first->next; at && !err; at = at->next)
        err = cairn_kv_time_set(copy->to, at->key, at->modified_ns, why);
    return err;
}

static enum cairn_err memory_take(struct copy *copy, struct cairn_why *why)
{
    copy->key = malloc(CAIRN_KV_WALK_BYTES + CAIRN_KV_SEGMENT_MAX + 2);
    copy->piece = malloc(PIECE_BYTES);
    copy->list = malloc(LIST_BYTES);
    if (!copy->key || !copy->piece || !copy->list) return img_no_memory(why);
    return dictionary_add(copy, cairn_kv_key(""), 0, why);
}

static void memory_free(struct copy *copy)
{
    while (copy->first) {
        struct dictionary *next = copy->first->next;
        free(copy->first);
        copy->first = next;
    }
    free(copy->key);
    free(copy->piece);
    free(copy->list);
}

enum cairn_err cairn_image_kv_copy(struct cairn_kv *from, struct cairn_kv *to, uint64_t total_bytes,
                                   const struct cairn_image_kv_options *options,
                                   struct cairn_image_kv_result *result, struct cairn_why *why)
{
    struct copy copy = { .from = from, .options = options, .result = result, .total = total_bytes };
    *result = (struct cairn_image_kv_result){ 0 };
    enum cairn_err err = memory_take(&copy, why);
    if (!err) err = in_batch(&copy, to, CAIRN_KV_SORTED, all_copy, why);
    if (!err) err = in_batch(&copy, to, 0, times_copy, why);
    memory_free(&copy);
    return err;
}
