/* SPDX-License-Identifier: ISC */
/* Removing: dictionaries are moved aside, then emptied without recursion. */
#include "onfat.h"

#define CURSORS 32u

/* A way down and up again; `at` is where the listing of each directory on it goes on, of the
 * deepest ones in common: these begin anew. */
struct climb {
    struct cairn_fat_node *dir; /* held */
    uint32_t depth, depth_max;
    uint64_t at[CURSORS];
};

static uint64_t *cursor(struct climb *climb)
{
    return &climb->at[climb->depth < CURSORS ? climb->depth : CURSORS - 1];
}

static enum cairn_err go(struct climb *climb, const char *name, size_t bytes, struct cairn_why *why)
{
    struct cairn_fat_node *next;
    enum cairn_err err = cairn_fat_lookup(climb->dir, name, bytes, &next, why);
    if (err) return err;
    cairn_fat_release(climb->dir);
    climb->dir = next;
    return CAIRN_OK;
}

static enum cairn_err down(struct climb *climb, const struct cairn_fat_entry *entry,
                           struct cairn_why *why)
{
    if (climb->depth == climb->depth_max)
        return cairn_why_fail(why, CAIRN_ECORRUPT, "directories nest without end");
    climb->depth++;
    *cursor(climb) = 0;
    return go(climb, entry->name, entry->name_len, why);
}

/* The entry that led down is met again, empty by now. */
static enum cairn_err up(struct climb *climb, struct cairn_why *why)
{
    climb->depth--;
    if (climb->depth >= CURSORS - 1) *cursor(climb) = 0;
    return go(climb, "..", 2, why);
}

/* CAIRN_ENOTEMPTY is an answer here, which leaves nothing in why. */
static enum cairn_err remove_unless_full(struct cairn_fat_node *dir, const char *name, size_t bytes,
                                         struct cairn_why *why)
{
    enum cairn_err err = cairn_fat_remove(dir, name, bytes, NULL);
    return err && err != CAIRN_ENOTEMPTY ? cairn_fat_remove(dir, name, bytes, why) : err;
}

static enum cairn_err step(const struct kv_fat *store, struct climb *climb,
                           const struct cairn_fat_entry *entry, struct cairn_why *why)
{
    enum cairn_err err = CAIRN_OK;
    if (!kv_fat_is_reserved(store, climb->dir, entry->name, entry->name_len))
        err = remove_unless_full(climb->dir, entry->name, entry->name_len, why);
    if (err == CAIRN_ENOTEMPTY) return down(climb, entry, why);
    if (!err) *cursor(climb) = entry->next;
    return err;
}

enum cairn_err kv_fat_tree_clear(const struct kv_fat *store, struct cairn_fat_node *dir,
                                 struct cairn_why *why)
{
    struct climb climb = { .dir = cairn_fat_hold(dir),
                           .depth_max = cairn_fat_geometry(store->fs)->cluster_count };
    struct cairn_fat_entry entry;
    enum cairn_err err = CAIRN_OK;
    while (!err) {
        err = cairn_fat_list(climb.dir, *cursor(&climb), &entry, why);
        bool at_end = err == CAIRN_ENOENT;
        if (at_end) err = CAIRN_OK;
        if (at_end && climb.depth == 0) break;
        if (!err) err = at_end ? up(&climb, why) : step(store, &climb, &entry, why);
    }
    cairn_fat_release(climb.dir);
    return err;
}

enum cairn_err kv_fat_tree_remove(const struct kv_fat *store, struct cairn_fat_node *dir,
                                  const char *name, size_t bytes, struct cairn_why *why)
{
    struct cairn_fat_node *node;
    enum cairn_err err = remove_unless_full(dir, name, bytes, why);
    if (err != CAIRN_ENOTEMPTY) return err;
    err = cairn_fat_lookup(dir, name, bytes, &node, why);
    if (err) return err;
    err = kv_fat_tree_clear(store, node, why);
    cairn_fat_release(node);
    return err ? err : cairn_fat_remove(dir, name, bytes, why);
}

/* Out of its place first, durably; then what it holds. Where there is no room for that (or worse,
 * which shows again), in its place. */
static enum cairn_err dictionary_remove(struct kv_fat *store, const struct kv_fat_place *place,
                                        struct cairn_why *why)
{
    struct kv_fat_temp temp;
    enum cairn_err err = kv_fat_aside_move(store, place, &temp, NULL);
    if (err) return kv_fat_tree_remove(store, place->dir, place->name, place->bytes, why);
    err = kv_fat_settle(store, why);
    return err ? err : kv_fat_tree_remove(store, store->aside, temp.name, KV_FAT_ASIDE_BYTES, why);
}

static enum cairn_err place_remove(struct kv_fat *store, const struct kv_fat_place *place,
                                   struct cairn_why *why)
{
    if (place->bytes == 0) return kv_fat_tree_clear(store, store->root, why);
    if (place->match != KV_FAT_FOUND) return CAIRN_OK;
    enum cairn_err err = remove_unless_full(place->dir, place->name, place->bytes, why);
    return err == CAIRN_ENOTEMPTY ? dictionary_remove(store, place, why) : err;
}

enum cairn_err kv_fat_remove(struct cairn_kv *kv, struct cairn_kv_key key, struct cairn_why *why)
{
    struct kv_fat *store = kv_fat_of(kv);
    struct kv_fat_place place;
    cairn_lock_take(&store->lock);
    enum cairn_err err = kv_fat_find(store, key, NULL, &place, NULL);
    if (err && err != CAIRN_ENOENT) err = kv_fat_find(store, key, NULL, &place, why);
    if (!err) {
        err = place_remove(store, &place, why);
        kv_fat_leave(&place);
    } else if (err == CAIRN_ENOENT) {
        err = CAIRN_OK;
    }
    return kv_fat_changed(store, err, why);
}
