/* SPDX-License-Identifier: ISC */
#include "mem.h"

/* ---- taking turns ---------------------------------------------------------------------------- */

enum cairn_err kv_mem_change_begin(struct cairn_kv *kv, struct cairn_why *why)
{
    struct kv_mem *mem = kv_mem_of(kv);
    bool inside = kv != &mem->kv;
    cairn_lock_take(&mem->lock);
    while (!inside && mem->batch_open) {
        if (mem->batch_thread == cairn_thread_number()) {
            cairn_lock_drop(&mem->lock);
            return kv_fail(kv, (struct cairn_kv_key){ "", 0 }, why, CAIRN_EBUSY,
                           "change: a batch of this thread's is open");
        }
        cairn_cond_wait(&mem->free, &mem->lock);
    }
    return CAIRN_OK;
}

enum cairn_err kv_mem_change_end(struct cairn_kv *kv, enum cairn_err err, struct cairn_kv_key key,
                                 const char *what, struct cairn_why *why)
{
    struct kv_mem *mem = kv_mem_of(kv);
    mem->pool.spare = false;
    cairn_lock_drop(&mem->lock);
    if (!err) return CAIRN_OK;
    err = kv_fail(kv, key, why, err, what);
    if (err == CAIRN_ENOSPC)
        cairn_why_hint(why, "the memory given at open is full: remove something, or give it more");
    return err;
}

static int64_t now_ns(const struct kv_mem *mem)
{
    return cairn_clock_wall_now(mem->clock);
}

static enum cairn_err place_own(struct cairn_kv *kv, struct cairn_kv_key dictionary,
                                struct cairn_kv_key name, struct kv_mem_place *place)
{
    struct kv_mem_node *root = kv_mem_root(kv);
    enum cairn_err err = kv_mem_place_own(kv_mem_of(kv), &root, dictionary, name, place);
    kv_mem_root_set(kv, root);
    return err;
}

static enum cairn_err key_own(struct cairn_kv *kv, struct cairn_kv_key key,
                              struct kv_mem_place *place)
{
    return place_own(kv, kv_parent(key), kv_last(key), place);
}

/* ---- values ---------------------------------------------------------------------------------- */

/* A node that is in no tree yet comes into the place: either as a new entry, or what is in it
 * instead of what is in the one there. */
static enum cairn_err place_put(struct kv_mem *mem, struct kv_mem_place *place,
                                struct kv_mem_node *node, int64_t now)
{
    struct kv_mem_node *there = place->node;
    if (!there) return kv_mem_place_fill(mem, place, node, now);
    struct kv_mem_node *inner = there->inner;
    there->inner = node->inner;
    there->size = node->size;
    there->kind = node->kind;
    there->u.modified_ns = node->u.modified_ns;
    node->inner = inner;
    kv_mem_release(&mem->pool, node);
    return CAIRN_OK;
}

/* A value that is in no tree, with bytes from offset on. */
static enum cairn_err value_new(struct kv_mem *mem, struct cairn_kv_key name, uint64_t offset,
                                const void *data, uint64_t bytes, struct kv_mem_node **value)
{
    *value = kv_mem_node_new(&mem->pool, CAIRN_KV_VALUE, name, 0);
    if (!*value) return CAIRN_ENOSPC;
    (*value)->u.modified_ns = now_ns(mem);
    enum cairn_err err = kv_mem_value_write(mem, *value, offset, data, bytes);
    if (err) kv_mem_release(&mem->pool, *value);
    return err;
}

static enum cairn_err set_locked(struct cairn_kv *kv, struct cairn_kv_key key, const void *data,
                                 size_t bytes, uint32_t flags)
{
    struct kv_mem *mem = kv_mem_of(kv);
    struct kv_mem_place place;
    struct kv_mem_node *value;
    enum cairn_err err = key_own(kv, key, &place);
    if (err) return err;
    bool dictionary = place.node && place.node->kind == CAIRN_KV_DICTIONARY;
    if (dictionary && !(flags & CAIRN_KV_REPLACE_DICTIONARY)) return CAIRN_EISDIR;
    err = value_new(mem, kv_last(key), 0, data, bytes, &value);
    if (err) return err;
    if (dictionary) place.above->u.modified_ns = value->u.modified_ns;
    return place_put(mem, &place, value, value->u.modified_ns);
}

enum cairn_err kv_mem_set(struct cairn_kv *kv, struct cairn_kv_key key, const void *data,
                          size_t bytes, uint32_t flags, struct cairn_why *why)
{
    enum cairn_err err = kv_mem_change_begin(kv, why);
    if (err) return err;
    return kv_mem_change_end(kv, set_locked(kv, key, data, bytes, flags), key, "set", why);
}

static enum cairn_err write_locked(struct cairn_kv *kv, struct cairn_kv_key key, uint64_t offset,
                                   const void *data, size_t bytes)
{
    struct kv_mem *mem = kv_mem_of(kv);
    struct kv_mem_place place;
    struct kv_mem_node *value;
    enum cairn_err err = key_own(kv, key, &place);
    if (err) return err;
    if (!place.node) {
        err = value_new(mem, kv_last(key), offset, data, bytes, &value);
        return err ? err : kv_mem_place_fill(mem, &place, value, value->u.modified_ns);
    }
    if (place.node->kind != CAIRN_KV_VALUE) return CAIRN_EISDIR;
    err = kv_mem_value_write(mem, place.node, offset, data, bytes);
    if (!err && bytes) place.node->u.modified_ns = now_ns(mem);
    return err;
}

enum cairn_err kv_mem_write(struct cairn_kv *kv, struct cairn_kv_key key, uint64_t offset,
                            const void *data, size_t bytes, struct cairn_why *why)
{
    enum cairn_err err = kv_mem_change_begin(kv, why);
    if (err) return err;
    return kv_mem_change_end(kv, write_locked(kv, key, offset, data, bytes), key, "write", why);
}

/* ---- what is new ----------------------------------------------------------------------------- */

static enum cairn_err allocate_locked(struct cairn_kv *kv, struct cairn_kv_key key, uint64_t size)
{
    struct kv_mem *mem = kv_mem_of(kv);
    struct kv_mem_place place;
    struct kv_mem_node *value;
    enum cairn_err err = key_own(kv, key, &place);
    if (err) return err;
    if (place.node) return CAIRN_EEXIST;
    if (size > mem->pool.free_bytes) return CAIRN_ENOSPC;
    err = value_new(mem, kv_last(key), 0, NULL, size, &value);
    return err ? err : kv_mem_place_fill(mem, &place, value, value->u.modified_ns);
}

enum cairn_err kv_mem_allocate(struct cairn_kv *kv, struct cairn_kv_key key, uint64_t size,
                               struct cairn_why *why)
{
    enum cairn_err err = kv_mem_change_begin(kv, why);
    if (err) return err;
    return kv_mem_change_end(kv, allocate_locked(kv, key, size), key, "allocate", why);
}

static enum cairn_err make_locked(struct cairn_kv *kv, struct cairn_kv_key key)
{
    struct kv_mem *mem = kv_mem_of(kv);
    struct kv_mem_place place;
    enum cairn_err err = key_own(kv, key, &place);
    if (err) return err;
    if (place.node) return place.node->kind == CAIRN_KV_DICTIONARY ? CAIRN_OK : CAIRN_EEXIST;
    struct kv_mem_node *node = kv_mem_node_new(&mem->pool, CAIRN_KV_DICTIONARY, kv_last(key), 0);
    if (!node) return CAIRN_ENOSPC;
    node->u.modified_ns = now_ns(mem);
    return kv_mem_place_fill(mem, &place, node, node->u.modified_ns);
}

enum cairn_err kv_mem_make(struct cairn_kv *kv, struct cairn_kv_key key, struct cairn_why *why)
{
    enum cairn_err err = kv_mem_change_begin(kv, why);
    if (err) return err;
    return kv_mem_change_end(kv, make_locked(kv, key), key, "make", why);
}

static enum cairn_err time_locked(struct cairn_kv *kv, struct cairn_kv_key key, int64_t modified_ns)
{
    struct kv_mem_place place;
    struct kv_mem_node *node;
    enum cairn_err err = kv_mem_look(kv_mem_root(kv), key, &node);
    if (!err) err = key_own(kv, key, &place);
    if (!err) place.node->u.modified_ns = modified_ns;
    return err;
}

enum cairn_err kv_mem_time_set(struct cairn_kv *kv, struct cairn_kv_key key, int64_t modified_ns,
                               struct cairn_why *why)
{
    enum cairn_err err = kv_mem_change_begin(kv, why);
    if (err) return err;
    return kv_mem_change_end(kv, time_locked(kv, key, modified_ns), key, "set the time", why);
}

/* ---- what goes ------------------------------------------------------------------------------- */

/* The way to what is there, ready to be taken away. */
static enum cairn_err doomed_own(struct cairn_kv *kv, struct cairn_kv_key key,
                                 struct kv_mem_place *place)
{
    enum cairn_err err = key_own(kv, key, place);
    return err ? err : kv_mem_own_next(&kv_mem_of(kv)->pool, place->node);
}

static void take_away(struct kv_mem *mem, struct kv_mem_place *place)
{
    place->above->u.modified_ns = now_ns(mem);
    kv_mem_release(&mem->pool, kv_mem_detach(kv_mem_way_end(&place->way)));
}

static enum cairn_err root_clear(struct cairn_kv *kv)
{
    struct kv_mem *mem = kv_mem_of(kv);
    struct kv_mem_node *root = kv_mem_root(kv);
    if (!root->inner) return CAIRN_OK;
    enum cairn_err err = kv_mem_own(&mem->pool, &root);
    if (err) return err;
    kv_mem_root_set(kv, root);
    struct kv_mem_node *inner = root->inner;
    root->inner = NULL;
    root->u.modified_ns = now_ns(mem);
    kv_mem_release(&mem->pool, inner);
    return CAIRN_OK;
}

/* On a full store the ways of what a batch or a view shows are copied into what is kept for this.
 */
static enum cairn_err remove_locked(struct cairn_kv *kv, struct cairn_kv_key key)
{
    struct kv_mem *mem = kv_mem_of(kv);
    struct kv_mem_place place;
    struct kv_mem_node *node;
    mem->pool.spare = true;
    if (!key.bytes) return root_clear(kv);
    enum cairn_err err = kv_mem_look(kv_mem_root(kv), key, &node);
    if (err == CAIRN_ENOENT) return CAIRN_OK;
    if (!err) err = doomed_own(kv, key, &place);
    if (!err) take_away(mem, &place);
    return err;
}

enum cairn_err kv_mem_remove(struct cairn_kv *kv, struct cairn_kv_key key, struct cairn_why *why)
{
    enum cairn_err err = kv_mem_change_begin(kv, why);
    if (err) return err;
    return kv_mem_change_end(kv, remove_locked(kv, key), key, "remove", why);
}

/* ---- what moves ------------------------------------------------------------------------------ */

struct move {
    struct cairn_kv_key from, dictionary, name; /* to the name in the dictionary */
    struct kv_mem_node *source, *target;        /* target NULL: nothing is there */
};

/* Who they are; nothing is owned yet. CAIRN_ENOENT, CAIRN_ENOTDIR, CAIRN_EINVAL. */
static enum cairn_err move_look(struct kv_mem_node *root, struct move *move, struct cairn_kv_key to,
                                bool into)
{
    enum cairn_err err = kv_mem_look(root, move->from, &move->source);
    if (err) return err;
    err = kv_mem_look(root, to, &move->target);
    into = into && !err && move->target->kind == CAIRN_KV_DICTIONARY;
    move->dictionary = into ? to : kv_parent(to);
    move->name = into ? kv_last(move->from) : kv_last(to);
    if (err == CAIRN_ENOTDIR) return err;
    if (err) move->target = NULL;
    if (!into) return CAIRN_OK;
    if (move->target == move->source) return CAIRN_EINVAL;
    move->target = kv_mem_find(move->target->inner, move->name);
    return CAIRN_OK;
}

static enum cairn_err move_check(const struct move *move, uint32_t flags)
{
    const struct kv_mem_node *source = move->source, *target = move->target;
    if (!target) return CAIRN_OK;
    if (flags & CAIRN_KV_NO_REPLACE) return CAIRN_EEXIST;
    if (target == source) return CAIRN_OK;
    bool dictionary = source->kind == CAIRN_KV_DICTIONARY;
    bool onto_dictionary = target->kind == CAIRN_KV_DICTIONARY;
    if (onto_dictionary && !dictionary) return CAIRN_EISDIR;
    if (dictionary && !onto_dictionary) return CAIRN_ENOTDIR;
    return onto_dictionary && target->inner ? CAIRN_ENOTEMPTY : CAIRN_OK;
}

/* The source under its new name; both have what is in it until the old one goes. */
static struct kv_mem_node *renamed(struct kv_mem *mem, const struct kv_mem_node *source,
                                   struct cairn_kv_key name)
{
    struct kv_mem_node *node = kv_mem_node_new(&mem->pool, source->kind, name, 0);
    if (!node) return NULL;
    node->inner = kv_mem_retain(source->inner);
    node->size = source->size;
    node->u.modified_ns = source->u.modified_ns;
    return node;
}

/* Putting it there turns the tree, so the way to what goes is looked for again: all on it is owned
 * by then, so that this takes no memory and cannot fail. */
static enum cairn_err move_do(struct cairn_kv *kv, const struct move *move)
{
    struct kv_mem *mem = kv_mem_of(kv);
    struct kv_mem_place from, to;
    enum cairn_err err = doomed_own(kv, move->from, &from);
    if (err) return err;
    err = place_own(kv, move->dictionary, move->name, &to);
    if (err) return err;
    struct kv_mem_node *node = renamed(mem, from.node, move->name);
    if (!node) return CAIRN_ENOSPC;
    int64_t now = now_ns(mem);
    if (to.node) to.above->u.modified_ns = now;
    err = place_put(mem, &to, node, now);
    if (err) return err;
    err = doomed_own(kv, move->from, &from);
    if (!err) take_away(mem, &from);
    return err;
}

static enum cairn_err rename_locked(struct cairn_kv *kv, struct cairn_kv_key from,
                                    struct cairn_kv_key to, uint32_t flags)
{
    struct move move = { .from = from };
    enum cairn_err err = move_look(kv_mem_root(kv), &move, to, flags & CAIRN_KV_INTO);
    if (!err) err = move_check(&move, flags);
    if (err || move.target == move.source) return err;
    return move_do(kv, &move);
}

enum cairn_err kv_mem_rename(struct cairn_kv *kv, struct cairn_kv_key from, struct cairn_kv_key to,
                             uint32_t flags, struct cairn_why *why)
{
    enum cairn_err err = kv_mem_change_begin(kv, why);
    if (err) return err;
    return kv_mem_change_end(kv, rename_locked(kv, from, to, flags), from, "rename", why);
}
