/* SPDX-License-Identifier: ISC */
/*
 * A walk over a store. There is one list, of the dictionary at hand; coming up from another one,
 * the list is begun anew behind it. So memory does not grow with the depth.
 */
#include "os.h"

#include <cairn/bytes.h>
#include <cairn/image_kv.h>
#include <stdlib.h>
#include <string.h>

#define LIST_BYTES 65536u

struct walk {
    struct cairn_kv *kv;
    const struct cairn_image_kv_walker *walker;
    struct cairn_kv_list list;
    const struct cairn_kv_entry *ahead; /* the next entry; NULL: there is none */
    struct cairn_image_kv_step step;
    size_t root_bytes; /* of the key where it began, and a '/' */
    size_t bytes;      /* of the dictionary at hand */
    char key[CAIRN_KV_WALK_BYTES + CAIRN_KV_WALK_BYTES + 2];
    char mem[LIST_BYTES];
};

static struct cairn_kv_key dictionary(const struct walk *walk)
{
    return (struct cairn_kv_key){ walk->key, walk->bytes };
}

/* List the dictionary at hand, from a name on that has been seen, unless it is empty. */
static enum cairn_err list_from(struct walk *walk, struct cairn_kv_key seen, struct cairn_why *why)
{
    enum cairn_err err = cairn_kv_list_begin(&walk->list, walk->kv, dictionary(walk), seen, 0,
                                             walk->mem, sizeof walk->mem, why);
    if (!err) err = cairn_kv_list_next(&walk->list, &walk->ahead, why);
    if (err || !walk->ahead || !seen.bytes) return err;
    bool again = walk->ahead->name_bytes == seen.bytes &&
                 memcmp(walk->ahead->name, seen.path, seen.bytes) == 0;
    return again ? cairn_kv_list_next(&walk->list, &walk->ahead, why) : CAIRN_OK;
}

static enum cairn_err path_too_long(const struct walk *walk, struct cairn_why *why)
{
    enum cairn_err err =
        cairn_why_fail(why, CAIRN_ENAMETOOLONG, "a path above %u bytes", CAIRN_KV_WALK_BYTES);
    cairn_why_path(why, walk->key, walk->bytes);
    return err;
}

/* Make the step of the entry ahead, and look behind it. */
static enum cairn_err step_take(struct walk *walk, struct cairn_why *why)
{
    struct cairn_image_kv_step *step = &walk->step;
    size_t at = walk->bytes + (walk->bytes != 0);
    step->entry = *walk->ahead;
    if (at + step->entry.name_bytes - walk->root_bytes > CAIRN_KV_WALK_BYTES)
        return path_too_long(walk, why);
    if (at) walk->key[at - 1] = '/';
    memcpy(walk->key + at, step->entry.name, step->entry.name_bytes);
    step->entry.name = walk->key + at;
    step->path_bytes = at + step->entry.name_bytes - walk->root_bytes;
    step->key.bytes = walk->root_bytes + step->path_bytes;
    walk->key[step->key.bytes] = '\0';
    enum cairn_err err = cairn_kv_list_next(&walk->list, &walk->ahead, why);
    step->last = !walk->ahead;
    return err;
}

static enum cairn_err down(struct walk *walk, struct cairn_why *why)
{
    walk->bytes = walk->root_bytes + walk->step.path_bytes;
    walk->step.depth++;
    return list_from(walk, (struct cairn_kv_key){ "", 0 }, why);
}

/* Out of the dictionary at hand, which ends the step of it, to the one above. */
static enum cairn_err up(struct walk *walk, struct cairn_why *why)
{
    struct cairn_image_kv_step *step = &walk->step;
    size_t end = walk->bytes, at = end;
    while (at > walk->root_bytes && walk->key[at - 1] != '/')
        at--;
    walk->key[end] = '\0';
    walk->bytes = at ? at - 1 : 0;
    step->depth--;
    step->key.bytes = end;
    step->path_bytes = end - walk->root_bytes;
    step->entry = (struct cairn_kv_entry){ .name = walk->key + at,
                                           .name_bytes = (uint32_t)(end - at),
                                           .kind = CAIRN_KV_DICTIONARY };
    enum cairn_err err =
        walk->walker->leave ? walk->walker->leave(walk->walker->ctx, step, why) : CAIRN_OK;
    return err ? err : list_from(walk, (struct cairn_kv_key){ walk->key + at, end - at }, why);
}

static enum cairn_err advance(struct walk *walk, struct cairn_why *why)
{
    const struct cairn_image_kv_walker *walker = walk->walker;
    const struct cairn_image_kv_step *step = &walk->step;
    enum cairn_err err = step_take(walk, why);
    if (!err) err = walker->visit(walker->ctx, step, why);
    if (err || step->entry.kind != CAIRN_KV_DICTIONARY) return err;
    if (!walker->depth_most || step->depth < walker->depth_most) return down(walk, why);
    return walker->leave ? walker->leave(walker->ctx, step, why) : CAIRN_OK;
}

enum cairn_err cairn_image_kv_walk(struct cairn_kv *kv, struct cairn_kv_key key,
                                   const struct cairn_image_kv_walker *walker,
                                   struct cairn_why *why)
{
    if (key.bytes > CAIRN_KV_WALK_BYTES)
        return cairn_why_fail(why, CAIRN_ENAMETOOLONG, "a path above %u bytes",
                              CAIRN_KV_WALK_BYTES);
    struct walk *walk = malloc(sizeof *walk);
    if (!walk) return img_no_memory(why);
    walk->kv = kv;
    walk->walker = walker;
    walk->bytes = key.bytes;
    walk->root_bytes = key.bytes + (key.bytes != 0);
    walk->step = (struct cairn_image_kv_step){ .key.path = walk->key,
                                               .path = walk->key + walk->root_bytes,
                                               .depth = 1 };
    memcpy(walk->key, key.path, key.bytes);
    enum cairn_err err = list_from(walk, (struct cairn_kv_key){ "", 0 }, why);
    while (!err && (walk->ahead || walk->step.depth > 1))
        err = walk->ahead ? advance(walk, why) : up(walk, why);
    free(walk);
    return err;
}
