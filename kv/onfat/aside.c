/* SPDX-License-Identifier: ISC */
/* The directory of what is being written or removed. */
#include "onfat.h"

#define RESERVED CAIRN_KV_FAT_RESERVED
#define RESERVED_BYTES (sizeof RESERVED - 1)

static enum cairn_err is_empty(struct cairn_fat_node *dir, bool *empty, struct cairn_why *why)
{
    struct cairn_fat_entry entry;
    enum cairn_err err = cairn_fat_list(dir, 0, &entry, why);
    *empty = err == CAIRN_ENOENT;
    return *empty ? CAIRN_OK : err;
}

static enum cairn_err crash_left(struct cairn_why *why)
{
    (void)cairn_why_fail(why, CAIRN_ECORRUPT, "a crash left what was being written in it");
    cairn_why_path(why, RESERVED, RESERVED_BYTES);
    cairn_why_hint(why, "repair the volume first (cairn check --repair)");
    return CAIRN_ECORRUPT;
}

enum cairn_err kv_fat_aside_sweep(struct kv_fat *store, struct cairn_why *why)
{
    struct cairn_fat_node *dir;
    bool empty, was_unmounted = !(cairn_fat_geometry(store->fs)->state & 1u);
    enum cairn_err err = cairn_fat_lookup(store->root, RESERVED, RESERVED_BYTES, &dir, NULL);
    if (err == CAIRN_ENOENT) return CAIRN_OK;
    if (err) err = cairn_fat_lookup(store->root, RESERVED, RESERVED_BYTES, &dir, why);
    if (err) return err;
    err = is_empty(dir, &empty, why);
    if (!err && !empty) err = was_unmounted ? kv_fat_tree_clear(store, dir, why) : crash_left(why);
    if (!err && !empty) err = cairn_fat_sync(store->fs, why);
    if (err)
        cairn_fat_release(dir);
    else
        store->aside = dir;
    return err;
}

enum cairn_err kv_fat_aside_close(struct kv_fat *store, struct cairn_why *why)
{
    if (!store->aside) return CAIRN_OK;
    cairn_fat_release(store->aside);
    store->aside = NULL;
    return cairn_fat_remove(store->root, RESERVED, RESERVED_BYTES, why);
}

/* A name that was not there since the volume was opened: one whose removal is pending would cost a
 * sync. */
static enum cairn_err temp_name(struct kv_fat *store, struct kv_fat_temp *temp,
                                struct cairn_why *why)
{
    uint32_t number = store->next++;
    temp->file = NULL;
    for (size_t i = KV_FAT_ASIDE_BYTES; i-- > 0; number >>= 4)
        temp->name[i] = "0123456789ABCDEF"[number & 15u];
    if (store->aside) return CAIRN_OK;
    return cairn_fat_mkdir(store->root, RESERVED, RESERVED_BYTES, &store->aside, why);
}

static void temp_drop(struct kv_fat *store, struct kv_fat_temp *temp)
{
    cairn_fat_release(temp->file);
    enum cairn_err ignored = cairn_fat_remove(store->aside, temp->name, KV_FAT_ASIDE_BYTES, NULL);
    (void)ignored; /* it goes when the store is opened next */
}

enum cairn_err kv_fat_temp_make(struct kv_fat *store, uint64_t size, struct kv_fat_temp *temp,
                                struct cairn_why *why)
{
    enum cairn_err err = temp_name(store, temp, why);
    if (!err)
        err = cairn_fat_create(store->aside, temp->name, KV_FAT_ASIDE_BYTES, &temp->file, why);
    if (err) return err;
    err = cairn_fat_allocate(temp->file, size, why);
    if (err) temp_drop(store, temp);
    return err;
}

enum cairn_err kv_fat_temp_end(struct kv_fat *store, struct kv_fat_temp *temp,
                               const struct kv_fat_place *place, enum cairn_err err,
                               struct cairn_why *why)
{
    if (!err)
        err = cairn_fat_rename(store->aside, temp->name, KV_FAT_ASIDE_BYTES, place->dir,
                               place->name, place->bytes, 0, why);
    if (err)
        temp_drop(store, temp);
    else
        cairn_fat_release(temp->file);
    return err;
}

enum cairn_err kv_fat_aside_move(struct kv_fat *store, const struct kv_fat_place *place,
                                 struct kv_fat_temp *temp, struct cairn_why *why)
{
    enum cairn_err err = temp_name(store, temp, why);
    if (err) return err;
    return cairn_fat_rename(place->dir, place->name, place->bytes, store->aside, temp->name,
                            KV_FAT_ASIDE_BYTES, 0, why);
}
