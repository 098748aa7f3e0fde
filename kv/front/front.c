/* SPDX-License-Identifier: ISC */
/*
 * The front: the only way into a store. What is wrong with the arguments alone is found here, once
 * for all implementations, and so is what holds of the root whatever the implementation.
 */
#include "check.h"

/* An implementation tells what is wrong; which key it was about is told here. */
static enum cairn_err sign(enum cairn_err err, struct cairn_kv_key key, struct cairn_why *why)
{
    if (err && why && !why->path[0] && key.bytes) cairn_why_path(why, key.path, key.bytes);
    return err;
}

/* ---- reading ------------------------------------------------------------------------------- */

enum cairn_err cairn_kv_stat(struct cairn_kv *kv, struct cairn_kv_key key,
                             struct cairn_kv_stat *stat, struct cairn_why *why)
{
    enum cairn_err err = kv_key_check(kv, key, why);
    if (err) return err;
    return sign(kv->ops->stat(kv, key, stat, why), key, why);
}

/* An explanation of its own, as that there is nothing is no failure. */
enum cairn_err cairn_kv_exists(struct cairn_kv *kv, struct cairn_kv_key key,
                               enum cairn_kv_kind *kind, struct cairn_why *why)
{
    struct cairn_why inner = { .err = CAIRN_OK };
    struct cairn_kv_stat stat = { .kind = CAIRN_KV_NONE };
    enum cairn_err err = cairn_kv_stat(kv, key, &stat, why ? &inner : NULL);
    *kind = err ? CAIRN_KV_NONE : stat.kind;
    if (!err || err == CAIRN_ENOENT || err == CAIRN_ENOTDIR) return CAIRN_OK;
    if (why) *why = inner;
    return err;
}

enum cairn_err cairn_kv_get(struct cairn_kv *kv, struct cairn_kv_key key, uint64_t offset,
                            void *data, size_t bytes, size_t *done, struct cairn_why *why)
{
    *done = 0;
    enum cairn_err err = kv_key_check(kv, key, why);
    if (err) return err;
    if (!key.bytes) return kv_fail(kv, key, why, CAIRN_EISDIR, "get the root");
    return sign(kv->ops->get(kv, key, offset, data, bytes, done, why), key, why);
}

/* ---- writing ------------------------------------------------------------------------------- */

enum cairn_err cairn_kv_set(struct cairn_kv *kv, struct cairn_kv_key key, const void *data,
                            size_t bytes, uint32_t flags, struct cairn_why *why)
{
    enum cairn_err err = kv_change_check(kv, key, flags, CAIRN_KV_REPLACE_DICTIONARY, why);
    if (err) return err;
    if (!key.bytes) return kv_fail(kv, key, why, CAIRN_EISDIR, "set the root");
    err = kv_size_check(kv, key, 0, bytes, why);
    if (err) return err;
    return sign(kv->ops->set(kv, key, data, bytes, flags, why), key, why);
}

/* No bytes leave no gap: they may make a value, and that is all. */
enum cairn_err cairn_kv_write(struct cairn_kv *kv, struct cairn_kv_key key, uint64_t offset,
                              const void *data, size_t bytes, struct cairn_why *why)
{
    enum cairn_err err = kv_change_check(kv, key, 0, 0, why);
    if (err) return err;
    if (!key.bytes) return kv_fail(kv, key, why, CAIRN_EISDIR, "write to the root");
    err = kv_size_check(kv, key, offset, bytes, why);
    if (err) return err;
    if (!bytes) offset = 0;
    return sign(kv->ops->write(kv, key, offset, data, bytes, why), key, why);
}

enum cairn_err cairn_kv_allocate(struct cairn_kv *kv, struct cairn_kv_key key, uint64_t size,
                                 struct cairn_why *why)
{
    enum cairn_err err = kv_change_check(kv, key, 0, 0, why);
    if (err) return err;
    if (!key.bytes) return kv_fail(kv, key, why, CAIRN_EEXIST, "allocate the root");
    err = kv_size_check(kv, key, 0, size, why);
    if (err) return err;
    return sign(kv->ops->allocate(kv, key, size, why), key, why);
}

enum cairn_err cairn_kv_make(struct cairn_kv *kv, struct cairn_kv_key key, struct cairn_why *why)
{
    enum cairn_err err = kv_change_check(kv, key, 0, 0, why);
    if (err || !key.bytes) return err;
    return sign(kv->ops->make(kv, key, why), key, why);
}

enum cairn_err cairn_kv_remove(struct cairn_kv *kv, struct cairn_kv_key key, struct cairn_why *why)
{
    enum cairn_err err = kv_change_check(kv, key, 0, 0, why);
    if (err) return err;
    return sign(kv->ops->remove(kv, key, why), key, why);
}

/* What the paths alone tell: whatever stands there, it would go into itself. */
static enum cairn_err rename_check(const struct cairn_kv *kv, struct cairn_kv_key from,
                                   struct cairn_kv_key to, uint32_t flags, struct cairn_why *why)
{
    enum cairn_err err = kv_change_check(kv, from, flags, CAIRN_KV_INTO | CAIRN_KV_NO_REPLACE, why);
    if (err) return err;
    err = kv_key_check(kv, to, why);
    if (err) return err;
    if (!from.bytes) return kv_fail(kv, from, why, CAIRN_EINVAL, "rename the root");
    if (!to.bytes && !(flags & CAIRN_KV_INTO)) {
        err = kv_fail(kv, from, why, CAIRN_EINVAL, "rename to the root");
        cairn_why_hint(why, "to move it into the root, say so");
        return err;
    }
    if (kv_key_beneath(to, from))
        return kv_fail(kv, from, why, CAIRN_EINVAL, "rename to what lies beneath itself");
    return CAIRN_OK;
}

enum cairn_err cairn_kv_rename(struct cairn_kv *kv, struct cairn_kv_key from,
                               struct cairn_kv_key to, uint32_t flags, struct cairn_why *why)
{
    enum cairn_err err = rename_check(kv, from, to, flags, why);
    if (err) return err;
    return sign(kv->ops->rename(kv, from, to, flags, why), from, why);
}

enum cairn_err cairn_kv_time_set(struct cairn_kv *kv, struct cairn_kv_key key, int64_t modified_ns,
                                 struct cairn_why *why)
{
    enum cairn_err err = kv_change_check(kv, key, 0, 0, why);
    if (err) return err;
    if (!key.bytes) return kv_fail(kv, key, why, CAIRN_EINVAL, "set the time of the root");
    return sign(kv->ops->time_set(kv, key, modified_ns, why), key, why);
}

enum cairn_err cairn_kv_sync(struct cairn_kv *kv, struct cairn_why *why)
{
    return kv->ops->sync(kv, why);
}

enum cairn_err cairn_kv_close(struct cairn_kv *kv, struct cairn_why *why)
{
    return kv->ops->close(kv, why);
}
