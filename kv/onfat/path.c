/* SPDX-License-Identifier: ISC */
/* From keys to places. */
#include "onfat.h"

static char ascii_upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

bool kv_fat_is_reserved(const struct kv_fat *store, const struct cairn_fat_node *dir,
                        const char *name, size_t bytes)
{
    static const char reserved[] = CAIRN_KV_FAT_RESERVED;
    if (dir != store->root || bytes != sizeof reserved - 1) return false;
    for (size_t i = 0; i < bytes; i++)
        if (ascii_upper(name[i]) != reserved[i]) return false;
    return true;
}

/* A name that FAT could not store is absent, too. */
static bool is_absence(enum cairn_err err)
{
    return err == CAIRN_ENOENT || err == CAIRN_EILSEQ || err == CAIRN_ENAMETOOLONG;
}

/* Set match and entry. That a name is absent is no failure, and leaves nothing in why: the volume
 * is asked for an explanation only when there is one to give. */
static enum cairn_err match(const struct kv_fat *store, struct kv_fat_place *place,
                            struct cairn_why *why)
{
    place->match = KV_FAT_ABSENT;
    if (place->bytes == 0 || kv_fat_is_reserved(store, place->dir, place->name, place->bytes))
        return CAIRN_OK;
    enum cairn_err err = cairn_fat_find(place->dir, place->name, place->bytes, &place->entry, NULL);
    if (is_absence(err)) return CAIRN_OK;
    if (err) err = cairn_fat_find(place->dir, place->name, place->bytes, &place->entry, why);
    if (err) return err;
    bool same = place->entry.name_len == place->bytes &&
                memcmp(place->entry.name, place->name, place->bytes) == 0;
    place->match = same ? KV_FAT_FOUND : KV_FAT_OTHER;
    return CAIRN_OK;
}

void kv_fat_leave(struct kv_fat_place *place)
{
    if (place->dir) cairn_fat_release(place->dir);
    place->dir = NULL;
}

void kv_fat_made_end(const struct kv_fat *store, struct kv_fat_made *made, enum cairn_err err)
{
    if (!made->dir) return;
    if (err) {
        enum cairn_err ignored =
            kv_fat_tree_remove(store, made->dir, made->name, made->bytes, NULL);
        (void)ignored; /* err says enough */
    }
    cairn_fat_release(made->dir);
    made->dir = NULL;
}

enum cairn_err kv_fat_may_store(const struct kv_fat *store, const struct kv_fat_place *place,
                                struct cairn_why *why)
{
    if (kv_fat_is_reserved(store, place->dir, place->name, place->bytes)) {
        (void)cairn_why_fail(why, CAIRN_EINVAL, "the name is reserved for what is being written");
        cairn_why_path(why, place->name, place->bytes);
        return CAIRN_EINVAL;
    }
    if (place->match != KV_FAT_OTHER) return CAIRN_OK;
    (void)cairn_why_fail(why, CAIRN_EEXIST, "FAT takes the name for that of '%s'",
                         place->entry.name);
    cairn_why_path(why, place->name, place->bytes);
    cairn_why_hint(why, "choose a name that differs in more than case");
    return CAIRN_EEXIST;
}

/* Make the dictionary at the place, and note it as made when it is the first. */
static enum cairn_err dictionary_make(const struct kv_fat *store, struct kv_fat_place *place,
                                      struct kv_fat_made *made, struct cairn_fat_node **node,
                                      struct cairn_why *why)
{
    enum cairn_err err = kv_fat_may_store(store, place, why);
    if (!err) err = cairn_fat_mkdir(place->dir, place->name, place->bytes, node, why);
    if (err || made->dir) return err;
    made->dir = cairn_fat_hold(place->dir);
    made->name = place->name;
    made->bytes = place->bytes;
    return CAIRN_OK;
}

static enum cairn_err absent(const struct kv_fat_place *place, struct cairn_why *why)
{
    (void)cairn_why_fail(why, CAIRN_ENOENT, "there is no such key");
    cairn_why_path(why, place->name, place->bytes);
    return CAIRN_ENOENT;
}

/* From a place to what is in it. */
static enum cairn_err enter(const struct kv_fat *store, struct kv_fat_place *place,
                            struct kv_fat_made *made, struct cairn_why *why)
{
    struct cairn_fat_node *node = NULL;
    enum cairn_err err;
    if (kv_fat_is_dictionary(place)) {
        err = cairn_fat_lookup(place->dir, place->name, place->bytes, &node, why);
    } else if (place->match == KV_FAT_FOUND) {
        err = cairn_why_fail(why, CAIRN_ENOTDIR, "a value stands where a dictionary is needed");
        cairn_why_path(why, place->name, place->bytes);
    } else {
        err = made ? dictionary_make(store, place, made, &node, why) : absent(place, why);
    }
    if (err) return err;
    cairn_fat_release(place->dir);
    place->dir = node;
    return CAIRN_OK;
}

enum cairn_err kv_fat_find_in(const struct kv_fat *store, struct cairn_fat_node *dir,
                              const char *name, size_t bytes, struct kv_fat_place *place,
                              struct cairn_why *why)
{
    place->dir = dir;
    place->name = name;
    place->bytes = bytes;
    enum cairn_err err = match(store, place, why);
    if (err) kv_fat_leave(place);
    return err;
}

enum cairn_err kv_fat_find(const struct kv_fat *store, struct cairn_kv_key key,
                           struct kv_fat_made *made, struct kv_fat_place *place,
                           struct cairn_why *why)
{
    struct cairn_kv_key segment = { key.path, 0 };
    size_t at = 0;
    if (made) made->dir = NULL;
    place->dir = cairn_fat_hold(store->root);
    bool more = kv_segment_next(key, &at, &segment);
    enum cairn_err err;
    do {
        place->name = segment.path;
        place->bytes = segment.bytes;
        err = match(store, place, why);
        more = more && kv_segment_next(key, &at, &segment);
        if (!err && more) err = enter(store, place, made, why);
    } while (!err && more);
    if (!err) return CAIRN_OK;
    kv_fat_leave(place);
    if (made) kv_fat_made_end(store, made, err);
    return err;
}

enum cairn_err kv_fat_node(const struct kv_fat *store, struct cairn_kv_key key,
                           struct cairn_fat_node **node, struct cairn_why *why)
{
    struct kv_fat_place place;
    *node = NULL;
    enum cairn_err err = kv_fat_find(store, key, NULL, &place, why);
    if (err) return err;
    if (place.bytes == 0)
        *node = cairn_fat_hold(place.dir);
    else if (place.match != KV_FAT_FOUND)
        err = absent(&place, why);
    else
        err = cairn_fat_lookup(place.dir, place.name, place.bytes, node, why);
    kv_fat_leave(&place);
    return err;
}
