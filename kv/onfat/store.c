/* SPDX-License-Identifier: ISC */
/* Opening, closing, and what reads. */
#include "onfat.h"

#include <cairn/arena.h>

/* Is it the volume's root, which has no time? */
static bool is_top(const struct kv_fat *store, const struct cairn_fat_node *node)
{
    return node == store->root && store->is_volume;
}

static enum cairn_err stat(struct cairn_kv *kv, struct cairn_kv_key key, struct cairn_kv_stat *stat,
                           struct cairn_why *why)
{
    const struct kv_fat *store = kv_fat_of(kv);
    struct cairn_fat_node *node;
    struct cairn_fat_stat of;
    enum cairn_err err = kv_fat_node(store, key, &node, why);
    if (err) return err;
    err = cairn_fat_stat(node, &of, why);
    if (!err)
        *stat =
            (struct cairn_kv_stat){ .kind = of.is_directory ? CAIRN_KV_DICTIONARY : CAIRN_KV_VALUE,
                                    .size = of.size,
                                    .modified_ns = is_top(store, node) ? 0 : of.modified_ns };
    cairn_fat_release(node);
    return err;
}

static enum cairn_err get(struct cairn_kv *kv, struct cairn_kv_key key, uint64_t offset, void *data,
                          size_t bytes, size_t *done, struct cairn_why *why)
{
    struct cairn_fat_node *file;
    enum cairn_err err = kv_fat_node(kv_fat_of(kv), key, &file, why);
    if (err) return err;
    err = cairn_fat_read(file, offset, data, bytes, done, why);
    cairn_fat_release(file);
    return err;
}

static enum cairn_err sync(struct cairn_kv *kv, struct cairn_why *why)
{
    return cairn_fat_sync(kv_fat_of(kv)->fs, why);
}

static enum cairn_err close(struct cairn_kv *kv, struct cairn_why *why)
{
    struct kv_fat *store = kv_fat_of(kv);
    enum cairn_err err = CAIRN_OK;
    if (!kv->info.read_only) {
        err = kv_fat_aside_close(store, why);
        enum cairn_err syncing = cairn_fat_sync(store->fs, err ? NULL : why);
        if (!err) err = syncing;
    }
    cairn_fat_release(store->root);
    cairn_lock_destroy(&store->lock);
    return err;
}

static const struct cairn_kv_ops ops = {
    .stat = stat,
    .get = get,
    .list = kv_fat_list,
    .set = kv_fat_set,
    .write = kv_fat_write,
    .allocate = kv_fat_allocate,
    .make = kv_fat_make,
    .remove = kv_fat_remove,
    .rename = kv_fat_rename,
    .time_set = kv_fat_time_set,
    .sync = sync,
    .close = close,
};

static enum cairn_kv_durability durability(const struct cairn_blk *dev)
{
    switch (dev->info.durability) {
    case CAIRN_BLK_DURABLE_MEDIA:
        return CAIRN_KV_DURABLE_MEDIA;
    case CAIRN_BLK_DURABLE_HOST:
        return CAIRN_KV_DURABLE_HOST;
    case CAIRN_BLK_DURABLE_NONE:
        break;
    }
    return CAIRN_KV_DURABLE_NONE;
}

static enum cairn_err root_open(struct kv_fat *store, struct cairn_kv_key directory,
                                struct cairn_why *why)
{
    struct cairn_fat_stat of;
    enum cairn_err err =
        cairn_fat_walk(store->fs, directory.path, directory.bytes, &store->root, why);
    if (err) return err;
    struct cairn_fat_node *top = cairn_fat_root(store->fs);
    store->is_volume = store->root == top;
    cairn_fat_release(top);
    err = cairn_fat_stat(store->root, &of, why);
    if (!err && !of.is_directory) {
        err = cairn_why_fail(why, CAIRN_ENOTDIR, "a store needs a directory");
        cairn_why_path(why, directory.path, directory.bytes);
    }
    if (!err && !store->kv.info.read_only) err = kv_fat_aside_sweep(store, why);
    if (err) cairn_fat_release(store->root);
    return err;
}

static enum cairn_err store_place(struct kv_fat **store, void *mem, size_t mem_bytes,
                                  struct cairn_why *why)
{
    struct cairn_arena arena;
    cairn_arena_init(&arena, mem, mem_bytes);
    *store = mem_bytes < CAIRN_KV_FAT_MEM_LEAST
                 ? NULL
                 : cairn_arena_array(&arena, 1, sizeof **store, _Alignof(struct kv_fat));
    if (!*store) {
        (void)cairn_why_fail(why, CAIRN_ENOMEM, "a store on FAT needs %u bytes of memory",
                             CAIRN_KV_FAT_MEM_LEAST);
        return CAIRN_ENOMEM;
    }
    (*store)->buf = arena.at;
    (*store)->buf_bytes = arena.left;
    return CAIRN_OK;
}

enum cairn_err cairn_kv_fat_open(struct cairn_kv **kv, struct cairn_fat *fs,
                                 struct cairn_kv_key directory,
                                 const struct cairn_kv_fat_options *options, void *mem,
                                 size_t mem_bytes, struct cairn_why *why)
{
    struct kv_fat *store;
    const struct cairn_blk *dev = cairn_fat_blk(fs);
    enum cairn_err err = store_place(&store, mem, mem_bytes, why);
    if (err) return err;
    store->kv =
        (struct cairn_kv){ .ops = &ops,
                           .name = dev->name,
                           .of = store,
                           .info = { .read_only = options->read_only || cairn_fat_is_read_only(fs),
                                     .durability = durability(dev),
                                     .value_max = CAIRN_FAT_FILE_MAX } };
    store->fs = fs;
    store->lazy = options->lazy;
    store->copy_max = options->copy_max ? options->copy_max : CAIRN_KV_FAT_COPY_MAX;
    err = root_open(store, directory, why);
    if (err) return err;
    cairn_lock_init(&store->lock);
    *kv = &store->kv;
    return CAIRN_OK;
}
