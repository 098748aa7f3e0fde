/* SPDX-License-Identifier: ISC */
/* A batch, a view and a snapshot are each a root of their own that shares what has not changed. */
#include "mem.h"

/* ---- batches --------------------------------------------------------------------------------- */

enum cairn_err kv_mem_batch_begin(struct cairn_kv *kv, uint32_t flags, struct cairn_kv *inner,
                                  struct cairn_why *why)
{
    struct kv_mem *mem = kv_mem_of(kv);
    (void)flags;
    enum cairn_err err = kv_mem_change_begin(kv, why);
    if (err) return err;
    mem->batch_open = true;
    mem->batch_thread = cairn_thread_number();
    kv_mem_root_set(inner, kv_mem_retain(kv_mem_root(kv)));
    cairn_lock_drop(&mem->lock);
    return CAIRN_OK;
}

/* One of two roots is the store's from now on, and the other one goes. */
static void batch_end(struct cairn_kv *inner, bool commit)
{
    struct kv_mem *mem = kv_mem_of(inner);
    cairn_lock_take(&mem->lock);
    struct kv_mem_node *over = kv_mem_root(commit ? &mem->kv : inner);
    if (commit) kv_mem_root_set(&mem->kv, kv_mem_root(inner));
    kv_mem_release(&mem->pool, over);
    mem->batch_open = false;
    cairn_cond_broadcast(&mem->free);
    cairn_lock_drop(&mem->lock);
}

enum cairn_err kv_mem_commit(struct cairn_kv *inner, uint32_t flags, struct cairn_why *why)
{
    (void)flags;
    (void)why;
    batch_end(inner, true);
    return CAIRN_OK;
}

void kv_mem_abort(struct cairn_kv *inner)
{
    batch_end(inner, false);
}

/* ---- views ----------------------------------------------------------------------------------- */

/* state[1] is the snapshot's node, or 0. */
enum cairn_err kv_mem_view_open(struct cairn_kv *kv, struct cairn_kv_key snapshot,
                                struct cairn_kv *inner, struct cairn_why *why)
{
    struct kv_mem *mem = kv_mem_of(kv);
    struct kv_mem_node *of = NULL;
    cairn_lock_take(&mem->lock);
    if (snapshot.bytes) of = kv_mem_find(mem->snapshots, snapshot);
    if (of) of->size++;
    bool found = of || !snapshot.bytes;
    if (found) kv_mem_root_set(inner, kv_mem_retain(of ? of->inner : kv_mem_root(kv)));
    inner->state[1] = (uintptr_t)of;
    cairn_lock_drop(&mem->lock);
    return found ? CAIRN_OK : kv_fail(kv, snapshot, why, CAIRN_ENOENT, "open the snapshot");
}

void kv_mem_view_close(struct cairn_kv *inner)
{
    struct kv_mem *mem = kv_mem_of(inner);
    struct kv_mem_node *of = (struct kv_mem_node *)(uintptr_t)inner->state[1];
    cairn_lock_take(&mem->lock);
    if (of) of->size--;
    kv_mem_release(&mem->pool, kv_mem_root(inner));
    cairn_lock_drop(&mem->lock);
}

/* ---- snapshots ------------------------------------------------------------------------------- */

static enum cairn_err snapshot_add(struct kv_mem *mem, struct cairn_kv_key name)
{
    struct kv_mem_way way;
    enum cairn_err err = kv_mem_way_own(&mem->pool, &mem->snapshots, name, &way);
    if (err) return err;
    if (*kv_mem_way_end(&way)) return CAIRN_EEXIST;
    struct kv_mem_node *node = kv_mem_node_new(&mem->pool, CAIRN_KV_DICTIONARY, name, 0);
    if (!node) return CAIRN_ENOSPC;
    node->inner = kv_mem_retain(kv_mem_root(&mem->kv));
    node->u.modified_ns = cairn_clock_wall_now(mem->clock);
    kv_mem_insert(&way, node);
    return CAIRN_OK;
}

enum cairn_err kv_mem_snapshot_make(struct cairn_kv *kv, struct cairn_kv_key name,
                                    struct cairn_why *why)
{
    enum cairn_err err = kv_mem_change_begin(kv, why);
    if (err) return err;
    return kv_mem_change_end(kv, snapshot_add(kv_mem_of(kv), name), name, "make a snapshot", why);
}

/* Its nodes have one reference each, so that owning the way takes no memory. */
static enum cairn_err snapshot_drop(struct kv_mem *mem, struct cairn_kv_key name)
{
    struct kv_mem_way way;
    enum cairn_err err = kv_mem_way_own(&mem->pool, &mem->snapshots, name, &way);
    if (err) return err;
    struct kv_mem_node *node = *kv_mem_way_end(&way);
    if (!node) return CAIRN_ENOENT;
    if (node->size) return CAIRN_EBUSY;
    err = kv_mem_own_next(&mem->pool, node);
    if (!err) kv_mem_release(&mem->pool, kv_mem_detach(kv_mem_way_end(&way)));
    return err;
}

enum cairn_err kv_mem_snapshot_remove(struct cairn_kv *kv, struct cairn_kv_key name,
                                      struct cairn_why *why)
{
    enum cairn_err err = kv_mem_change_begin(kv, why);
    if (err) return err;
    return kv_mem_change_end(kv, snapshot_drop(kv_mem_of(kv), name), name, "remove the snapshot",
                             why);
}
