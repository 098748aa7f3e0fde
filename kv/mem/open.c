/* SPDX-License-Identifier: ISC */
#include <cairn/arena.h>
#include <cairn/kv_mem.h>

#include "mem.h"

#define KEPT_PART 64u /* of the memory is kept for removing: so much of it */

_Static_assert(offsetof(struct kv_mem, kv) == 0, "a store begins with its base");

static enum cairn_err mem_sync(struct cairn_kv *kv, struct cairn_why *why)
{
    (void)kv;
    (void)why;
    return CAIRN_OK;
}

static enum cairn_err mem_close(struct cairn_kv *kv, struct cairn_why *why)
{
    struct kv_mem *mem = kv_mem_of(kv);
    (void)why;
    cairn_cond_destroy(&mem->free);
    cairn_lock_destroy(&mem->lock);
    return CAIRN_OK;
}

static const struct cairn_kv_ops mem_ops = {
    .stat = kv_mem_stat,
    .get = kv_mem_get,
    .list = kv_mem_list,
    .set = kv_mem_set,
    .write = kv_mem_write,
    .allocate = kv_mem_allocate,
    .make = kv_mem_make,
    .remove = kv_mem_remove,
    .rename = kv_mem_rename,
    .time_set = kv_mem_time_set,
    .sync = mem_sync,
    .batch_begin = kv_mem_batch_begin,
    .commit = kv_mem_commit,
    .abort = kv_mem_abort,
    .view_open = kv_mem_view_open,
    .view_close = kv_mem_view_close,
    .snapshot_make = kv_mem_snapshot_make,
    .snapshot_remove = kv_mem_snapshot_remove,
    .snapshot_list = kv_mem_snapshot_list,
    .close = mem_close,
};

static void mem_init(struct kv_mem *mem, const struct cairn_kv_mem_options *options)
{
    mem->kv = (struct cairn_kv){
        .ops = &mem_ops,
        .info = { .atomic_batches = true,
                  .views = true,
                  .durability = CAIRN_KV_DURABLE_NONE,
                  .value_max = CAIRN_KV_VALUE_MAX },
        .name = options->name ? options->name : "memory",
        .of = mem,
    };
    mem->clock = options->clock ? options->clock : cairn_clock_wall_platform();
    mem->snapshots = NULL;
    mem->batch_open = false;
    cairn_lock_init(&mem->lock);
    cairn_cond_init(&mem->free);
}

/* The least memory is enough for the struct and the root, wherever it begins. */
enum cairn_err cairn_kv_mem_open(struct cairn_kv **kv, const struct cairn_kv_mem_options *options,
                                 void *mem_bytes, size_t bytes, struct cairn_why *why)
{
    static const struct cairn_kv_mem_options none;
    struct cairn_arena arena;
    *kv = NULL;
    if (bytes < CAIRN_KV_MEM_LEAST) {
        enum cairn_err err =
            cairn_why_fail(why, CAIRN_ENOMEM, "a store in %zu bytes of memory", bytes);
        cairn_why_hint(why, "give it at least %u", CAIRN_KV_MEM_LEAST);
        return err;
    }
    cairn_arena_init(&arena, mem_bytes, bytes);
    struct kv_mem *mem = cairn_arena_take(&arena, sizeof *mem, _Alignof(struct kv_mem));
    mem_init(mem, options ? options : &none);
    kv_mem_pool_init(&mem->pool, arena.at, arena.left);
    kv_mem_root_set(&mem->kv, kv_mem_node_new(&mem->pool, CAIRN_KV_DICTIONARY,
                                              (struct cairn_kv_key){ "", 0 }, 0));
    mem->pool.kept_bytes = mem->pool.free_bytes / KEPT_PART;
    *kv = &mem->kv;
    return CAIRN_OK;
}

void cairn_kv_mem_usage(struct cairn_kv *kv, struct cairn_kv_mem_usage *usage)
{
    struct kv_mem *mem = kv_mem_of(kv);
    cairn_lock_take(&mem->lock);
    usage->bytes = mem->pool.unit_count * KV_MEM_UNIT_BYTES;
    usage->free_bytes = mem->pool.free_bytes;
    cairn_lock_drop(&mem->lock);
}
