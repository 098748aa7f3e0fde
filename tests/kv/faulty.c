/* SPDX-License-Identifier: ISC */
#include "faulty.h"

#include <string.h>

/* The true functions, and the store that has the fault: there is one at a time. */
static const struct cairn_kv_ops *real;
static struct cairn_kv *whole;

static enum cairn_err trim_set(struct cairn_kv *kv, struct cairn_kv_key key, const void *data,
                               size_t bytes, uint32_t flags, struct cairn_why *why)
{
    if (key.bytes && key.path[0] == '/') key = (struct cairn_kv_key){ key.path + 1, key.bytes - 1 };
    return cairn_kv_set(kv, key, data, bytes, flags, why);
}

static enum cairn_err lax_set(struct cairn_kv *kv, struct cairn_kv_key key, const void *data,
                              size_t bytes, uint32_t flags, struct cairn_why *why)
{
    return cairn_kv_set(kv, key, data, bytes, flags & CAIRN_KV_REPLACE_DICTIONARY, why);
}

/* ---- reading --------------------------------------------------------------------------------- */

static enum cairn_err above_stat(struct cairn_kv *kv, struct cairn_kv_key key,
                                 struct cairn_kv_stat *stat, struct cairn_why *why)
{
    enum cairn_err err = real->stat(kv, key, stat, why);
    return err == CAIRN_ENOTDIR ? CAIRN_EINVAL : err;
}

static enum cairn_err strict_get(struct cairn_kv *kv, struct cairn_kv_key key, uint64_t offset,
                                 void *data, size_t bytes, size_t *done, struct cairn_why *why)
{
    enum cairn_err err = real->get(kv, key, offset, data, bytes, done, why);
    return !err && !*done && bytes && offset ? CAIRN_ERANGE : err;
}

/* What is read in pieces has one wrong bit. */
static enum cairn_err bit_get(struct cairn_kv *kv, struct cairn_kv_key key, uint64_t offset,
                              void *data, size_t bytes, size_t *done, struct cairn_why *why)
{
    enum cairn_err err = real->get(kv, key, offset, data, bytes, done, why);
    if (!err && *done && bytes == 65536) *(uint8_t *)data ^= 1;
    return err;
}

static enum cairn_err again_list(struct cairn_kv *kv, struct cairn_kv_key dictionary,
                                 struct cairn_kv_key from, bool behind, uint32_t flags, void *mem,
                                 size_t mem_bytes, size_t *count, bool *end, struct cairn_why *why)
{
    (void)behind;
    enum cairn_err err =
        real->list(kv, dictionary, from, false, flags, mem, mem_bytes, count, end, why);
    if (*count == 1) *end = true; /* or it would never end */
    return err;
}

/* A list that ends where its memory does. */
static enum cairn_err short_list(struct cairn_kv *kv, struct cairn_kv_key dictionary,
                                 struct cairn_kv_key from, bool behind, uint32_t flags, void *mem,
                                 size_t mem_bytes, size_t *count, bool *end, struct cairn_why *why)
{
    enum cairn_err err =
        real->list(kv, dictionary, from, behind, flags, mem, mem_bytes, count, end, why);
    *end = true;
    return err;
}

static enum cairn_err behind_list(struct cairn_kv *kv, struct cairn_kv_key dictionary,
                                  struct cairn_kv_key from, bool behind, uint32_t flags, void *mem,
                                  size_t mem_bytes, size_t *count, bool *end, struct cairn_why *why)
{
    return real->list(kv, dictionary, from, behind || from.bytes, flags, mem, mem_bytes, count, end,
                      why);
}

/* ---- writing --------------------------------------------------------------------------------- */

static enum cairn_err replace_set(struct cairn_kv *kv, struct cairn_kv_key key, const void *data,
                                  size_t bytes, uint32_t flags, struct cairn_why *why)
{
    return real->set(kv, key, data, bytes, flags | CAIRN_KV_REPLACE_DICTIONARY, why);
}

/* The old value goes before there is room for the new one. */
static enum cairn_err early_set(struct cairn_kv *kv, struct cairn_kv_key key, const void *data,
                                size_t bytes, uint32_t flags, struct cairn_why *why)
{
    enum cairn_err err = real->set(kv, key, data, bytes, flags, why);
    if (err == CAIRN_ENOSPC && real->remove(kv, key, why)) return CAIRN_EIO;
    return err;
}

static enum cairn_err gap_write(struct cairn_kv *kv, struct cairn_kv_key key, uint64_t offset,
                                const void *data, size_t bytes, struct cairn_why *why)
{
    struct cairn_kv_stat stat = { .size = 0 };
    enum cairn_err err = real->stat(kv, key, &stat, why);
    if (!err && stat.kind == CAIRN_KV_VALUE && bytes && offset > stat.size)
        err = real->write(kv, key, stat.size, "old", 1, why);
    return real->write(kv, key, offset, data, bytes, why);
}

static enum cairn_err append_write(struct cairn_kv *kv, struct cairn_kv_key key, uint64_t offset,
                                   const void *data, size_t bytes, struct cairn_why *why)
{
    if (offset > UINT32_MAX) offset &= UINT32_MAX;
    return real->write(kv, key, offset, data, bytes, why);
}

static enum cairn_err empty_allocate(struct cairn_kv *kv, struct cairn_kv_key key, uint64_t size,
                                     struct cairn_why *why)
{
    return real->allocate(kv, key, size & ~UINT64_C(1), why);
}

static enum cairn_err absent_remove(struct cairn_kv *kv, struct cairn_kv_key key,
                                    struct cairn_why *why)
{
    struct cairn_kv_stat stat;
    enum cairn_err err = real->stat(kv, key, &stat, why);
    return err ? err : real->remove(kv, key, why);
}

static enum cairn_err mild_rename(struct cairn_kv *kv, struct cairn_kv_key from,
                                  struct cairn_kv_key to, uint32_t flags, struct cairn_why *why)
{
    return real->rename(kv, from, to, flags & ~CAIRN_KV_NO_REPLACE, why);
}

static enum cairn_err onto_rename(struct cairn_kv *kv, struct cairn_kv_key from,
                                  struct cairn_kv_key to, uint32_t flags, struct cairn_why *why)
{
    return real->rename(kv, from, to, flags | CAIRN_KV_INTO, why);
}

static enum cairn_err no_time_set(struct cairn_kv *kv, struct cairn_kv_key key, int64_t modified_ns,
                                  struct cairn_why *why)
{
    struct cairn_kv_stat stat;
    (void)modified_ns;
    return real->stat(kv, key, &stat, why);
}

static enum cairn_err rest_make(struct cairn_kv *kv, struct cairn_kv_key key, struct cairn_why *why)
{
    enum cairn_err err = real->make(kv, key, why);
    return err == CAIRN_EEXIST ? CAIRN_OK : err;
}

/* ---- batches, views, snapshots --------------------------------------------------------------- */

static enum cairn_err lost_commit(struct cairn_kv *inner, uint32_t flags, struct cairn_why *why)
{
    (void)flags;
    (void)why;
    real->abort(inner);
    return CAIRN_OK;
}

static void kept_abort(struct cairn_kv *inner)
{
    enum cairn_err err = real->commit(inner, 0, NULL);
    (void)err;
}

static enum cairn_err sorted_begin(struct cairn_kv *kv, uint32_t flags, struct cairn_kv *inner,
                                   struct cairn_why *why)
{
    return flags ? CAIRN_ENOTSUP : real->batch_begin(kv, flags, inner, why);
}

/* What is to be frozen is what is now. */
static enum cairn_err live_get(struct cairn_kv *kv, struct cairn_kv_key key, uint64_t offset,
                               void *data, size_t bytes, size_t *done, struct cairn_why *why)
{
    return real->get(kv->info.read_only ? whole : kv, key, offset, data, bytes, done, why);
}

static enum cairn_err open_view(struct cairn_kv *kv, struct cairn_kv_key snapshot,
                                struct cairn_kv *inner, struct cairn_why *why)
{
    inner->info.read_only = false;
    return real->view_open(kv, snapshot, inner, why);
}

static enum cairn_err quiet_make(struct cairn_kv *kv, struct cairn_kv_key name,
                                 struct cairn_why *why)
{
    enum cairn_err err = real->snapshot_make(kv, name, why);
    return err == CAIRN_EEXIST ? CAIRN_OK : err;
}

static enum cairn_err quiet_remove(struct cairn_kv *kv, struct cairn_kv_key name,
                                   struct cairn_why *why)
{
    enum cairn_err err = real->snapshot_remove(kv, name, why);
    return err == CAIRN_EBUSY ? CAIRN_OK : err;
}

/* ---- the table ------------------------------------------------------------------------------- */

const struct fault faults[] = {
    { NULL, "nothing is wrong", .set = NULL },
    { "changes", "making a dictionary of a value succeeds", .ops.make = rest_make },
    { "keys", "a '/' at the beginning is left out", .set = trim_set },
    { "flags", "flags that are none are left out", .set = lax_set },
    { "exists", "beneath a value is an error", .ops.stat = above_stat },
    { "get", "behind the end is an error", .ops.get = strict_get },
    { "set", "a dictionary is always replaced", .ops.set = replace_set },
    { "write", "a gap is not zeros", .ops.write = gap_write },
    { "allocate", "an odd size is rounded", .ops.allocate = empty_allocate },
    { "remove", "what is absent is an error", .ops.remove = absent_remove },
    { "rename", "a target is always replaced", .ops.rename = mild_rename },
    { "rename", "always into a dictionary", .ops.rename = onto_rename },
    { "times", "no time can be set", .ops.time_set = no_time_set },
    { "list", "the name to begin at is left out", .ops.list = behind_list },
    { "meanwhile", "names at which memory ended come twice", .ops.list = again_list },
    { "meanwhile", "a list ends with its memory", .ops.list = short_list },
    { "digest", "a wrong bit in a piece", .ops.get = bit_get },
    { "large", "offsets of 32 bits", .ops.write = append_write },
    { "full", "what finds no room removes the old value", .ops.set = early_set },
    { "batch", "a commit does nothing", .ops.commit = lost_commit },
    { "abort", "an aborted batch is committed", .ops.abort = kept_abort },
    { "sorted", "sorted batches are refused", .ops.batch_begin = sorted_begin },
    { "view", "a view reads what is new", .ops.get = live_get },
    { "snapshot", "a name can be taken twice", .ops.snapshot_make = quiet_make },
    { "snapshot", "an open one is removed", .ops.snapshot_remove = quiet_remove },
    { "readonly", "a view takes changes", .ops.view_open = open_view },
};

const size_t fault_count = sizeof faults / sizeof *faults;

void faulty_plant(struct cairn_kv *kv, const struct fault *fault)
{
    static struct cairn_kv_ops ops;
    const struct cairn_kv_ops *wrong = &fault->ops;
    real = kv->ops;
    whole = kv;
    ops = *real;
    if (wrong->stat) ops.stat = wrong->stat;
    if (wrong->get) ops.get = wrong->get;
    if (wrong->list) ops.list = wrong->list;
    if (wrong->set) ops.set = wrong->set;
    if (wrong->write) ops.write = wrong->write;
    if (wrong->allocate) ops.allocate = wrong->allocate;
    if (wrong->make) ops.make = wrong->make;
    if (wrong->remove) ops.remove = wrong->remove;
    if (wrong->rename) ops.rename = wrong->rename;
    if (wrong->time_set) ops.time_set = wrong->time_set;
    if (wrong->batch_begin) ops.batch_begin = wrong->batch_begin;
    if (wrong->commit) ops.commit = wrong->commit;
    if (wrong->abort) ops.abort = wrong->abort;
    if (wrong->view_open) ops.view_open = wrong->view_open;
    if (wrong->snapshot_make) ops.snapshot_make = wrong->snapshot_make;
    if (wrong->snapshot_remove) ops.snapshot_remove = wrong->snapshot_remove;
    kv->ops = &ops;
}
