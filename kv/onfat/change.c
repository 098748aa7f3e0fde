/* SPDX-License-Identifier: ISC */
/* Values and dictionaries coming and changing. */
#include "onfat.h"

enum cairn_err kv_fat_settle(const struct kv_fat *store, struct cairn_why *why)
{
    return store->lazy ? CAIRN_OK : cairn_fat_sync(store->fs, why);
}

enum cairn_err kv_fat_changed(struct kv_fat *store, enum cairn_err err, struct cairn_why *why)
{
    if (!err) err = kv_fat_settle(store, why);
    cairn_lock_drop(&store->lock);
    return err;
}

/* Where a key is to be stored; dictionaries above it are made. The two are to be ended by
 * place_end. */
static enum cairn_err place_begin(const struct kv_fat *store, struct cairn_kv_key key,
                                  struct kv_fat_made *made, struct kv_fat_place *place,
                                  struct cairn_why *why)
{
    enum cairn_err err = kv_fat_find(store, key, made, place, why);
    if (err) return err;
    err = kv_fat_may_store(store, place, why);
    if (!err) return CAIRN_OK;
    kv_fat_leave(place);
    kv_fat_made_end(store, made, err);
    return err;
}

static void place_end(const struct kv_fat *store, struct kv_fat_made *made,
                      struct kv_fat_place *place, enum cairn_err err)
{
    kv_fat_leave(place);
    kv_fat_made_end(store, made, err);
}

static bool is_dictionary(const struct kv_fat_place *place)
{
    return place->bytes == 0 || kv_fat_is_dictionary(place);
}

/* ---- whole values ---------------------------------------------------------------------------- */

static enum cairn_err file_write(struct cairn_fat_node *file, uint64_t offset, const void *data,
                                 size_t bytes, struct cairn_why *why)
{
    size_t done;
    return bytes ? cairn_fat_write(file, offset, data, bytes, &done, why) : CAIRN_OK;
}

static enum cairn_err value_set(struct kv_fat *store, const struct kv_fat_place *place,
                                const void *data, size_t bytes, struct cairn_why *why)
{
    struct kv_fat_temp temp;
    enum cairn_err err = kv_fat_temp_make(store, bytes, &temp, why);
    if (err) return err;
    err = file_write(temp.file, 0, data, bytes, why);
    return kv_fat_temp_end(store, &temp, place, err, why);
}

/* Two renames, since FAT has no exchange: the dictionary aside, the value to its place. */
static enum cairn_err dictionary_replace(struct kv_fat *store, const struct kv_fat_place *place,
                                         const void *data, size_t bytes, struct cairn_why *why)
{
    struct kv_fat_temp old;
    enum cairn_err err = kv_fat_aside_move(store, place, &old, why);
    if (err) return err;
    err = value_set(store, place, data, bytes, why);
    if (err) {
        enum cairn_err ignored =
            cairn_fat_rename(store->aside, old.name, KV_FAT_ASIDE_BYTES, place->dir, place->name,
                             place->bytes, CAIRN_FAT_RENAME_NO_REPLACE, NULL);
        (void)ignored; /* err says enough */
        return err;
    }
    err = kv_fat_settle(store, why);
    return err ? err : kv_fat_tree_remove(store, store->aside, old.name, KV_FAT_ASIDE_BYTES, why);
}

enum cairn_err kv_fat_set(struct cairn_kv *kv, struct cairn_kv_key key, const void *data,
                          size_t bytes, uint32_t flags, struct cairn_why *why)
{
    struct kv_fat *store = kv_fat_of(kv);
    struct kv_fat_place place;
    struct kv_fat_made made;
    cairn_lock_take(&store->lock);
    enum cairn_err err = place_begin(store, key, &made, &place, why);
    if (!err) {
        if (!is_dictionary(&place))
            err = value_set(store, &place, data, bytes, why);
        else if (place.bytes && (flags & CAIRN_KV_REPLACE_DICTIONARY))
            err = dictionary_replace(store, &place, data, bytes, why);
        else
            err = cairn_why_fail(why, CAIRN_EISDIR, "set a dictionary to a value");
        place_end(store, &made, &place, err);
    }
    return kv_fat_changed(store, err, why);
}

/* The room is taken, and the zeros are written: FAT has no other ones. */
static enum cairn_err zeros_make(struct kv_fat *store, const struct kv_fat_place *place,
                                 uint64_t size, struct cairn_why *why)
{
    struct kv_fat_temp temp;
    enum cairn_err err = kv_fat_temp_make(store, size, &temp, why);
    if (err) return err;
    err = cairn_fat_truncate(temp.file, size, why);
    return kv_fat_temp_end(store, &temp, place, err, why);
}

enum cairn_err kv_fat_allocate(struct cairn_kv *kv, struct cairn_kv_key key, uint64_t size,
                               struct cairn_why *why)
{
    struct kv_fat *store = kv_fat_of(kv);
    struct kv_fat_place place;
    struct kv_fat_made made;
    cairn_lock_take(&store->lock);
    enum cairn_err err = place_begin(store, key, &made, &place, why);
    if (!err) {
        if (place.bytes && place.match == KV_FAT_ABSENT)
            err = zeros_make(store, &place, size, why);
        else
            err = cairn_why_fail(why, CAIRN_EEXIST, "allocate what is there");
        place_end(store, &made, &place, err);
    }
    return kv_fat_changed(store, err, why);
}

/* ---- parts of values ------------------------------------------------------------------------- */

/* A change of bytes. */
struct part {
    uint64_t offset;
    const void *data;
    size_t bytes;
};

/* With room for all of it before the first byte, so that it is not left half done for want of it.
 */
static enum cairn_err write_in_place(const struct kv_fat_place *place, const struct part *part,
                                     struct cairn_why *why)
{
    struct cairn_fat_node *file;
    uint64_t size = place->entry.stat.size, end = part->offset + part->bytes;
    enum cairn_err err = cairn_fat_lookup(place->dir, place->name, place->bytes, &file, why);
    if (err) return err;
    if (end > size) err = cairn_fat_allocate(file, end, why);
    if (!err) {
        err = file_write(file, part->offset, part->data, part->bytes, why);
        if (err && end > size) {
            enum cairn_err ignored = cairn_fat_truncate(file, size, NULL);
            (void)ignored; /* err says enough */
        }
    }
    cairn_fat_release(file);
    return err;
}

static enum cairn_err copy(const struct kv_fat *store, struct cairn_fat_node *from,
                           struct cairn_fat_node *to, struct cairn_why *why)
{
    size_t done = store->buf_bytes;
    enum cairn_err err = CAIRN_OK;
    for (uint64_t at = 0; !err && done == store->buf_bytes; at += done) {
        err = cairn_fat_read(from, at, store->buf, store->buf_bytes, &done, why);
        if (!err) err = file_write(to, at, store->buf, done, why);
    }
    return err;
}

static enum cairn_err write_on_copy(struct kv_fat *store, const struct kv_fat_place *place,
                                    const struct part *part, struct cairn_why *why)
{
    struct cairn_fat_node *old;
    struct kv_fat_temp temp;
    uint64_t end = part->offset + part->bytes;
    enum cairn_err err = cairn_fat_lookup(place->dir, place->name, place->bytes, &old, why);
    if (err) return err;
    err = kv_fat_temp_make(store, cairn_max_u64(place->entry.stat.size, end), &temp, why);
    if (!err) {
        err = copy(store, old, temp.file, why);
        if (!err) err = file_write(temp.file, part->offset, part->data, part->bytes, why);
        err = kv_fat_temp_end(store, &temp, place, err, why);
    }
    cairn_fat_release(old);
    return err;
}

static enum cairn_err write_new(struct kv_fat *store, const struct kv_fat_place *place,
                                const struct part *part, struct cairn_why *why)
{
    struct kv_fat_temp temp;
    enum cairn_err err = kv_fat_temp_make(store, part->offset + part->bytes, &temp, why);
    if (err) return err;
    err = file_write(temp.file, part->offset, part->data, part->bytes, why);
    return kv_fat_temp_end(store, &temp, place, err, why);
}

/* Behind the end nothing old changes; and a copy wants room, which an allocated value need not. */
static enum cairn_err part_write(struct kv_fat *store, const struct kv_fat_place *place,
                                 const struct part *part, struct cairn_why *why)
{
    uint64_t size = place->entry.stat.size;
    if (place->match == KV_FAT_ABSENT) return write_new(store, place, part, why);
    if (part->bytes == 0) return CAIRN_OK;
    if (part->offset < size && size <= store->copy_max) {
        enum cairn_err err = write_on_copy(store, place, part, NULL);
        if (!err) return CAIRN_OK;
    }
    return write_in_place(place, part, why);
}

enum cairn_err kv_fat_write(struct cairn_kv *kv, struct cairn_kv_key key, uint64_t offset,
                            const void *data, size_t bytes, struct cairn_why *why)
{
    struct kv_fat *store = kv_fat_of(kv);
    const struct part part = { offset, data, bytes };
    struct kv_fat_place place;
    struct kv_fat_made made;
    cairn_lock_take(&store->lock);
    enum cairn_err err = place_begin(store, key, &made, &place, why);
    if (!err) {
        if (is_dictionary(&place))
            err = cairn_why_fail(why, CAIRN_EISDIR, "write to a dictionary");
        else
            err = part_write(store, &place, &part, why);
        place_end(store, &made, &place, err);
    }
    return kv_fat_changed(store, err, why);
}

/* ---- dictionaries and times ------------------------------------------------------------------ */

enum cairn_err kv_fat_make(struct cairn_kv *kv, struct cairn_kv_key key, struct cairn_why *why)
{
    struct kv_fat *store = kv_fat_of(kv);
    struct cairn_fat_node *node;
    struct kv_fat_place place;
    struct kv_fat_made made;
    cairn_lock_take(&store->lock);
    enum cairn_err err = place_begin(store, key, &made, &place, why);
    if (!err) {
        if (is_dictionary(&place)) {
            err = CAIRN_OK;
        } else if (place.match == KV_FAT_FOUND) {
            err = cairn_why_fail(why, CAIRN_EEXIST, "make a dictionary of a value");
        } else {
            err = cairn_fat_mkdir(place.dir, place.name, place.bytes, &node, why);
            if (!err) cairn_fat_release(node);
        }
        place_end(store, &made, &place, err);
    }
    return kv_fat_changed(store, err, why);
}

/* FAT takes the nearest time that it can record: one that is not this one, cut to 2 s, is undone.
 */
static enum cairn_err time_apply(struct cairn_fat_node *node, int64_t modified_ns,
                                 struct cairn_why *why)
{
    struct cairn_fat_stat old, now;
    enum cairn_err err = cairn_fat_stat(node, &old, why);
    if (err) return err;
    now = old;
    now.modified_ns = modified_ns;
    err = cairn_fat_stat_set(node, &now, CAIRN_FAT_SET_MODIFIED, why);
    if (!err) err = cairn_fat_stat(node, &now, why);
    if (err) return err;
    if (now.modified_ns <= modified_ns && modified_ns < now.modified_ns + 2 * CAIRN_NS_PER_SEC)
        return CAIRN_OK;
    err = cairn_fat_stat_set(node, &old, CAIRN_FAT_SET_MODIFIED, why);
    return err ? err : cairn_why_fail(why, CAIRN_ERANGE, "FAT records times from 1980 to 2107");
}

enum cairn_err kv_fat_time_set(struct cairn_kv *kv, struct cairn_kv_key key, int64_t modified_ns,
                               struct cairn_why *why)
{
    struct kv_fat *store = kv_fat_of(kv);
    struct cairn_fat_node *node;
    cairn_lock_take(&store->lock);
    enum cairn_err err = kv_fat_node(store, key, &node, why);
    if (!err) {
        err = node == store->root
                  ? cairn_why_fail(why, CAIRN_EINVAL, "the root has a time of its own")
                  : time_apply(node, modified_ns, why);
        cairn_fat_release(node);
    }
    return kv_fat_changed(store, err, why);
}
