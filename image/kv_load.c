/* SPDX-License-Identifier: ISC */
/*
 * A tree into a store. The tree's nodes stand breadth first and sorted, which is the order that a
 * sorted batch asks for.
 */
#include "os.h"
#include "reader.h"

#include <cairn/image_kv.h>
#include <stdlib.h>
#include <string.h>

#define PIECE_BYTES ((size_t)1 << 20)

struct load {
    struct cairn_kv_batch batch;
    struct cairn_kv *kv; /* the batch, or the store itself */
    const struct cairn_image_tree *tree;
    const struct cairn_image_kv_options *options;
    struct cairn_image_kv_result *result;
    struct img_reader reader;
    uint64_t done, total;
    struct cairn_kv_key above; /* where all of it goes */
    char *piece;
};

static enum cairn_err go_on(struct load *load, uint64_t bytes, struct cairn_why *why)
{
    load->done += bytes;
    if (!load->options->progress ||
        load->options->progress(load->options->ctx, load->done, load->total))
        return CAIRN_OK;
    return cairn_why_fail(why, CAIRN_ECANCELED, "load the store");
}

/* The key of a node; the caller frees its path. */
static enum cairn_err node_key(const struct load *load, uint32_t node, char **path,
                               struct cairn_kv_key *key, struct cairn_why *why)
{
    char *below = img_tree_path(load->tree, node, false, NULL);
    size_t above = load->above.bytes, bytes = below ? strlen(below) : 0;
    *path = below ? malloc(above + bytes + 2) : NULL;
    if (*path) {
        memcpy(*path, load->above.path, above);
        if (above) (*path)[above++] = '/';
        memcpy(*path + above, below, bytes + 1);
        *key = (struct cairn_kv_key){ *path, above + bytes };
    }
    free(below);
    return *path ? CAIRN_OK : img_no_memory(why);
}

/* A store that records fewer times gets the nearest one that it can: FAT's end in 1980 and 2107. */
static enum cairn_err time_set(struct load *load, struct cairn_kv_key key, uint32_t node,
                               struct cairn_why *why)
{
    static const int64_t first = 315532800 * CAIRN_NS_PER_SEC, last = 4354819198 * CAIRN_NS_PER_SEC;
    int64_t ns = img_node_time(load->tree, &load->tree->nodes[node]);
    if (cairn_kv_time_set(load->kv, key, ns, NULL) == CAIRN_OK) return CAIRN_OK;
    enum cairn_err err = cairn_kv_time_set(load->kv, key, ns, why);
    if (err != CAIRN_ERANGE) return err;
    return cairn_kv_time_set(load->kv, key, ns < first ? first : last, why);
}

static enum cairn_err pieces_set(struct load *load, struct cairn_kv_key key,
                                 const struct img_opened *file, struct cairn_why *why)
{
    uint64_t size = load->tree->nodes[file->node].size, at = 0;
    do {
        size_t bytes = size - at < PIECE_BYTES ? (size_t)(size - at) : PIECE_BYTES;
        enum cairn_err err = img_reader_read(&load->reader, file, at, load->piece, bytes, why);
        if (!err)
            err = at == 0 ? cairn_kv_set(load->kv, key, load->piece, bytes, 0, why)
                          : cairn_kv_write(load->kv, key, at, load->piece, bytes, why);
        if (!err) err = go_on(load, bytes, why);
        if (err) return err;
        at += bytes;
    } while (at < size);
    return CAIRN_OK;
}

static enum cairn_err value_load(struct load *load, struct cairn_kv_key key, uint32_t node,
                                 struct cairn_why *why)
{
    struct img_opened file;
    enum cairn_err err = img_reader_open(&load->reader, node, &file, why);
    if (!err) err = pieces_set(load, key, &file, why);
    err = img_reader_close(&load->reader, &file, err, why);
    return err ? err : time_set(load, key, node, why);
}

static enum cairn_err node_load(struct load *load, uint32_t node, struct cairn_why *why)
{
    char *path;
    struct cairn_kv_key key = { NULL, 0 };
    bool is_directory = load->tree->nodes[node].is_directory;
    enum cairn_err err = node_key(load, node, &path, &key, why);
    if (err) return err;
    err = is_directory ? cairn_kv_make(load->kv, key, why) : value_load(load, key, node, why);
    free(path);
    load->result->dictionaries += is_directory;
    load->result->values += !is_directory;
    return err;
}

static enum cairn_err nodes_load(struct load *load, struct cairn_why *why)
{
    for (uint32_t node = 1; node < load->tree->count; node++) {
        enum cairn_err err = node_load(load, node, why);
        if (err) return err;
    }
    return CAIRN_OK;
}

/* In one batch, sorted, where there are batches. */
static enum cairn_err batch_load(struct load *load, struct cairn_kv *kv, struct cairn_why *why)
{
    load->kv = kv;
    if (!cairn_kv_info(kv)->atomic_batches) return nodes_load(load, why);
    load->kv = &load->batch.kv;
    enum cairn_err err = cairn_kv_batch_begin(&load->batch, kv, CAIRN_KV_SORTED, why);
    if (err) return err;
    err = nodes_load(load, why);
    if (!err) return cairn_kv_commit(&load->batch, 0, why);
    cairn_kv_abort(&load->batch);
    return err;
}

/* ---- times of dictionaries ----------------------------------------------------------------- */

static enum cairn_err dictionary_time(struct load *load, uint32_t node, struct cairn_why *why)
{
    char *path;
    struct cairn_kv_key key = { NULL, 0 };
    enum cairn_err err = node_key(load, node, &path, &key, why);
    if (err) return err;
    err = time_set(load, key, node, why);
    free(path);
    return err;
}

/* From *node on, in as many steps as one batch takes. */
static enum cairn_err times_batch(struct load *load, struct cairn_kv *kv, uint32_t *node,
                                  struct cairn_why *why)
{
    bool is_batch = cairn_kv_info(kv)->atomic_batches;
    uint32_t first = *node;
    enum cairn_err err = is_batch ? cairn_kv_batch_begin(&load->batch, kv, 0, why) : CAIRN_OK;
    if (err) return err;
    load->kv = is_batch ? &load->batch.kv : kv;
    while (!err && *node < load->tree->count) {
        if (load->tree->nodes[*node].is_directory) err = dictionary_time(load, *node, why);
        if (!err) ++*node;
    }
    bool is_full = err == CAIRN_ENOMEM && *node > first;
    if (!is_batch) return err;
    if (!err || is_full) return cairn_kv_commit(&load->batch, 0, why);
    cairn_kv_abort(&load->batch);
    return err;
}

/* When all is in them, since what comes into a dictionary changes its time. */
static enum cairn_err times_load(struct load *load, struct cairn_kv *kv, struct cairn_why *why)
{
    enum cairn_err err = CAIRN_OK;
    for (uint32_t node = 1; !err && node < load->tree->count;)
        err = times_batch(load, kv, &node, why);
    return err;
}

enum cairn_err cairn_image_kv_load(struct cairn_kv *kv, struct cairn_kv_key key,
                                   const struct cairn_image_tree *tree,
                                   const struct cairn_image_kv_options *options,
                                   struct cairn_image_kv_result *result, struct cairn_why *why)
{
    struct load load = { .tree = tree, .options = options, .result = result, .above = key };
    *result = (struct cairn_image_kv_result){ 0 };
    for (uint32_t i = 0; i < tree->count; i++)
        load.total += tree->nodes[i].size;
    load.piece = malloc(PIECE_BYTES);
    if (!load.piece) return img_no_memory(why);
    img_reader_init(&load.reader, tree);
    enum cairn_err err = key.bytes ? cairn_kv_make(kv, key, why) : CAIRN_OK;
    if (!err) err = batch_load(&load, kv, why);
    if (!err) err = times_load(&load, kv, why);
    img_reader_free(&load.reader);
    free(load.piece);
    result->bytes = load.done;
    return err;
}
