/* SPDX-License-Identifier: ISC */
/* Everything beneath a dictionary, in the order of raw bytes, a dictionary before what is in it: a
 * path that grows and shrinks, and one list at a time. Private. */
#ifndef CAIRN_KV_WALK_H
#define CAIRN_KV_WALK_H

#include "check.h"

struct kv_walk {
    struct cairn_kv *kv;
    char *path; /* CAIRN_KV_WALK_BYTES: of the last entry; `bytes` of it */
    size_t bytes, top_bytes;
    bool inside; /* the last entry is a dictionary that is to be entered */
    bool end;
    struct cairn_kv_list list; /* of the dictionary in which the last entry lies */
    void *mem;
    size_t mem_bytes, list_bytes; /* of lists: all there is, and what is aligned of it */
};

/* Begin beneath the dictionary `top`. mem is for the path and lists, at least
 * CAIRN_KV_WALK_BYTES + 2 * CAIRN_KV_LIST_MEM. CAIRN_ENAMETOOLONG. */
enum cairn_err kv_walk_begin(struct kv_walk *walk, struct cairn_kv *kv, struct cairn_kv_key top,
                             void *mem, size_t mem_bytes, struct cairn_why *why) CAIRN_MUST_USE;

/* The next entry, whose key kv_walk_key tells; NULL at the end. */
enum cairn_err kv_walk_next(struct kv_walk *walk, const struct cairn_kv_entry **entry,
                            struct cairn_why *why) CAIRN_MUST_USE;

/* Until the next call on the walk. */
static inline struct cairn_kv_key kv_walk_key(const struct kv_walk *walk)
{
    return (struct cairn_kv_key){ walk->path, walk->bytes };
}

/* The same, from the top on. */
static inline struct cairn_kv_key kv_walk_below(const struct kv_walk *walk)
{
    size_t skip = walk->top_bytes ? walk->top_bytes + 1 : 0;
    return (struct cairn_kv_key){ walk->path + skip, walk->bytes - skip };
}

#endif
