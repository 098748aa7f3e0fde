/* SPDX-License-Identifier: ISC */
#include "onfat.h"

static enum cairn_err refuse(enum cairn_err err, const struct kv_fat_place *place, const char *what,
                             struct cairn_why *why)
{
    (void)cairn_why_fail(why, err, "%s", what);
    cairn_why_path(why, place->name, place->bytes);
    return err;
}

static enum cairn_err source_find(const struct kv_fat *store, struct cairn_kv_key key,
                                  struct kv_fat_place *from, struct cairn_why *why)
{
    enum cairn_err err = kv_fat_find(store, key, NULL, from, why);
    if (err) return err;
    if (from->bytes == 0)
        err = refuse(CAIRN_EINVAL, from, "the root cannot be renamed", why);
    else if (from->match != KV_FAT_FOUND)
        err = refuse(CAIRN_ENOENT, from, "there is no such key", why);
    if (err) kv_fat_leave(from);
    return err;
}

/* A name may be changed to one that FAT takes for it. */
static bool is_same_entry(const struct kv_fat_place *a, const struct kv_fat_place *b)
{
    return a->dir == b->dir && b->match != KV_FAT_ABSENT && a->entry.next == b->entry.next;
}

/* From a dictionary to the place in it of the name that is moved. */
static enum cairn_err into(const struct kv_fat *store, const struct kv_fat_place *from,
                           struct kv_fat_place *to, struct cairn_why *why)
{
    struct cairn_fat_node *dir;
    enum cairn_err err = CAIRN_OK;
    if (is_same_entry(from, to)) return refuse(CAIRN_EINVAL, to, "rename into itself", why);
    if (to->bytes == 0)
        dir = cairn_fat_hold(to->dir);
    else
        err = cairn_fat_lookup(to->dir, to->name, to->bytes, &dir, why);
    if (err) return err;
    kv_fat_leave(to);
    return kv_fat_find_in(store, dir, from->name, from->bytes, to, why);
}

static enum cairn_err move(const struct kv_fat *store, const struct kv_fat_place *from,
                           const struct kv_fat_place *to, uint32_t flags, struct cairn_why *why)
{
    bool same = is_same_entry(from, to);
    enum cairn_err err = same ? CAIRN_OK : kv_fat_may_store(store, to, why);
    if (err) return err;
    if (to->bytes == 0) return refuse(CAIRN_EINVAL, to, "the root cannot be renamed to", why);
    bool to_is_found = to->match == KV_FAT_FOUND;
    if (to_is_found && (flags & CAIRN_KV_NO_REPLACE))
        return refuse(CAIRN_EEXIST, to, "there is such a key already", why);
    if (to_is_found && same) return CAIRN_OK;
    return cairn_fat_rename(from->dir, from->name, from->bytes, to->dir, to->name, to->bytes, 0,
                            why);
}

static enum cairn_err rename(const struct kv_fat *store, const struct kv_fat_place *from,
                             struct cairn_kv_key key, uint32_t flags, struct cairn_why *why)
{
    struct kv_fat_place to;
    struct kv_fat_made made;
    enum cairn_err err = kv_fat_find(store, key, &made, &to, why);
    if (err) return err;
    if ((flags & CAIRN_KV_INTO) && (to.bytes == 0 || kv_fat_is_dictionary(&to)))
        err = into(store, from, &to, why);
    if (!err) err = move(store, from, &to, flags, why);
    kv_fat_leave(&to);
    kv_fat_made_end(store, &made, err);
    return err;
}

enum cairn_err kv_fat_rename(struct cairn_kv *kv, struct cairn_kv_key from, struct cairn_kv_key to,
                             uint32_t flags, struct cairn_why *why)
{
    struct kv_fat *store = kv_fat_of(kv);
    struct kv_fat_place source;
    cairn_lock_take(&store->lock);
    enum cairn_err err = source_find(store, from, &source, why);
    if (!err) {
        err = rename(store, &source, to, flags, why);
        kv_fat_leave(&source);
    }
    return kv_fat_changed(store, err, why);
}
