/* SPDX-License-Identifier: ISC */
/* Batches, views and snapshots: stores within a store. One that is over has no functions. */
#include "check.h"

/* The inner store, as far as it is the same as the outer one; none lies in an inner one. */
static void inner_init(struct cairn_kv *inner, const struct cairn_kv *kv)
{
    *inner = (struct cairn_kv){ .ops = kv->ops, .info = kv->info, .name = kv->name, .of = kv->of };
    inner->info.atomic_batches = false;
    inner->info.views = false;
}

/* ---- batches ------------------------------------------------------------------------------- */

enum cairn_err cairn_kv_batch_begin(struct cairn_kv_batch *batch, struct cairn_kv *kv,
                                    uint32_t flags, struct cairn_why *why)
{
    struct cairn_kv_key root = { "", 0 };
    batch->kv.ops = NULL;
    enum cairn_err err = kv_change_check(kv, root, flags, CAIRN_KV_SORTED, why);
    if (err) return err;
    if (!kv->info.atomic_batches)
        return kv_fail(kv, root, why, CAIRN_ENOTSUP, "begin a batch: here each change is its own");
    inner_init(&batch->kv, kv);
    err = kv->ops->batch_begin(kv, flags, &batch->kv, why);
    if (err) batch->kv.ops = NULL;
    return err;
}

enum cairn_err cairn_kv_commit(struct cairn_kv_batch *batch, uint32_t flags, struct cairn_why *why)
{
    enum cairn_err err = kv_flags_check(&batch->kv, flags, CAIRN_KV_LATER, why);
    if (err)
        batch->kv.ops->abort(&batch->kv);
    else
        err = batch->kv.ops->commit(&batch->kv, flags, why);
    batch->kv.ops = NULL;
    return err;
}

void cairn_kv_abort(struct cairn_kv_batch *batch)
{
    if (batch->kv.ops) batch->kv.ops->abort(&batch->kv);
    batch->kv.ops = NULL;
}

/* ---- views and snapshots ------------------------------------------------------------------- */

static enum cairn_err views_check(const struct cairn_kv *kv, struct cairn_why *why)
{
    if (kv->info.views) return CAIRN_OK;
    return kv_fail(kv, (struct cairn_kv_key){ "", 0 }, why, CAIRN_ENOTSUP, "keep an older state");
}

static enum cairn_err view_begin(struct cairn_kv_view *view, struct cairn_kv *kv,
                                 struct cairn_kv_key snapshot, struct cairn_why *why)
{
    inner_init(&view->kv, kv);
    view->kv.info.read_only = true;
    enum cairn_err err = kv->ops->view_open(kv, snapshot, &view->kv, why);
    if (err) view->kv.ops = NULL;
    return err;
}

enum cairn_err cairn_kv_view_open(struct cairn_kv_view *view, struct cairn_kv *kv,
                                  struct cairn_why *why)
{
    view->kv.ops = NULL;
    enum cairn_err err = views_check(kv, why);
    if (err) return err;
    return view_begin(view, kv, (struct cairn_kv_key){ "", 0 }, why);
}

enum cairn_err cairn_kv_snapshot_open(struct cairn_kv_view *view, struct cairn_kv *kv,
                                      struct cairn_kv_key name, struct cairn_why *why)
{
    view->kv.ops = NULL;
    enum cairn_err err = views_check(kv, why);
    if (err) return err;
    err = kv_name_check(kv, name, false, "open a snapshot: the name", why);
    if (err) return err;
    return view_begin(view, kv, name, why);
}

void cairn_kv_view_close(struct cairn_kv_view *view)
{
    if (view->kv.ops) view->kv.ops->view_close(&view->kv);
    view->kv.ops = NULL;
}

static enum cairn_err snapshot_check(const struct cairn_kv *kv, struct cairn_kv_key name,
                                     struct cairn_why *why)
{
    enum cairn_err err = views_check(kv, why);
    if (err) return err;
    err = kv_name_check(kv, name, false, "a snapshot's name", why);
    if (err) return err;
    return kv_change_check(kv, name, 0, 0, why);
}

enum cairn_err cairn_kv_snapshot_make(struct cairn_kv *kv, struct cairn_kv_key name,
                                      struct cairn_why *why)
{
    enum cairn_err err = snapshot_check(kv, name, why);
    return err ? err : kv->ops->snapshot_make(kv, name, why);
}

enum cairn_err cairn_kv_snapshot_remove(struct cairn_kv *kv, struct cairn_kv_key name,
                                        struct cairn_why *why)
{
    enum cairn_err err = snapshot_check(kv, name, why);
    return err ? err : kv->ops->snapshot_remove(kv, name, why);
}

/* The caller finds the entries at mem, so that it is aligned by him. */
enum cairn_err cairn_kv_snapshot_list(struct cairn_kv *kv, struct cairn_kv_key behind, void *mem,
                                      size_t mem_bytes, size_t *count, bool *more,
                                      struct cairn_why *why)
{
    void *aligned = mem;
    bool end = true;
    *count = 0;
    enum cairn_err err = views_check(kv, why);
    if (err) return err;
    err = kv_name_check(kv, behind, true, "list snapshots: the name to begin behind", why);
    if (err) return err;
    err = kv_list_mem_check(kv, &aligned, &mem_bytes, why);
    if (err) return err;
    if (aligned != mem)
        return kv_fail(kv, behind, why, CAIRN_EINVAL, "list snapshots: memory not aligned");
    err = kv->ops->snapshot_list(kv, behind, behind.bytes > 0, mem, mem_bytes, count, &end, why);
    *more = !end;
    return err;
}
