/* SPDX-License-Identifier: ISC */
/*
 * Everything to the front, in the order of the tree. A window behind what is placed already is
 * cleared, to the highest free clusters there are, and what comes next is moved into it: no cluster
 * moves more than twice, and one free cluster is enough.
 */
#include "layout.h"

#define WINDOW_BYTES (64u << 20)

struct pack {
    struct fat_layout *l;
    uint32_t at;  /* the next cluster to be filled */
    uint32_t end; /* of the window: [at, end) is free, or marked bad */
    uint64_t done;
};

/* How far a window may go: what is in it must find room outside. */
static uint32_t window_end(const struct pack *p)
{
    struct fat_layout *l = p->l;
    uint64_t end = fat_cluster_last(l->fs) + 1ull;
    end = cairn_min_u64(end, p->at + (uint64_t)WINDOW_BYTES / l->fs->geo.cluster_bytes);
    uint32_t used = 0, free = 0, at = p->at;
    for (; at < end; at++) {
        used += fat_owner_is_used(l->owner[at]);
        free += l->owner[at] == FAT_OWNER_NONE;
        if (used + free > l->free) break;
    }
    return at;
}

/* Move all that is in the window out of it. */
static enum cairn_err window_clear(struct pack *p, struct cairn_why *why)
{
    struct fat_layout *l = p->l;
    struct fat_range window = { p->at, p->end };
    for (uint32_t at = p->at; at < p->end;) {
        uint32_t first, count;
        if (!fat_owner_is_used(l->owner[at])) {
            at++;
            continue;
        }
        fat_layout_take_high(l, window, fat_layout_piece(l, at, p->end - at), &first, &count);
        if (!count) return cairn_why_fail(why, CAIRN_ENOSPC, "no cluster is free");
        enum cairn_err err = fat_layout_move(l, at, first, count, why);
        if (err) return err;
        at += count;
    }
    return fat_layout_sync(l, why);
}

static enum cairn_err window_open(struct pack *p, struct cairn_why *why)
{
    enum cairn_err err = fat_layout_sync(p->l, why);
    if (err) return err;
    p->end = window_end(p);
    if (p->end == p->at) return cairn_why_fail(why, CAIRN_ENOSPC, "no cluster is free");
    return window_clear(p, why);
}

/* ---- one chain ------------------------------------------------------------------------------- */

/* Where a chain of so many fits between clusters that are marked bad; p->at when nowhere. */
static uint32_t gap_find(const struct pack *p, uint32_t count)
{
    uint32_t end = fat_cluster_last(p->l->fs) + 1, run = 0;
    for (uint32_t at = p->at; at < end; at++) {
        run = p->l->owner[at] == FAT_OWNER_FIXED ? 0 : run + 1;
        if (run == count) return at + 1 - count;
    }
    return p->at;
}

/* The first cluster of the chain that is still to be placed: behind `last`, which is, or its start
 * (0). It may have moved with the window. */
static enum cairn_err chain_rest(struct pack *p, uint32_t last, uint32_t *rest,
                                 struct cairn_why *why)
{
    struct fat_layout *l = p->l;
    if (last) return fat_table_next(l->fs, last, rest, why);
    if (l->walk) return fat_walk_start(l->walk, rest, why);
    *rest = l->fs->geo.root_cluster;
    return CAIRN_OK;
}

/* One piece of the chain into the window; *rest: what follows. */
static enum cairn_err piece_place(struct pack *p, uint32_t *rest, struct cairn_why *why)
{
    struct fat_layout *l = p->l;
    uint32_t next, count = fat_layout_piece(l, *rest, p->end - p->at), free = 0;
    while (free < count && l->owner[p->at + free] == FAT_OWNER_NONE)
        free++;
    enum cairn_err err = fat_table_next(l->fs, *rest + free - 1, &next, why);
    if (err) return err;
    fat_layout_hold(l, p->at, free);
    err = fat_layout_move(l, *rest, p->at, free, why);
    p->at += free;
    p->done += free;
    *rest = next;
    return err;
}

/* Place a chain at p->at, window after window. */
static enum cairn_err chain_place(struct pack *p, uint32_t start, struct cairn_why *why)
{
    struct fat_layout *l = p->l;
    uint32_t rest = start, last = 0;
    while (rest) {
        if (p->at > fat_cluster_last(l->fs)) return CAIRN_OK; /* bad clusters took too much */
        if (l->owner[p->at] == FAT_OWNER_FIXED) {
            p->at++;
            continue;
        }
        enum cairn_err err = CAIRN_OK;
        if (p->at >= p->end || l->owner[p->at] != FAT_OWNER_NONE) {
            err = window_open(p, why);
            if (!err) err = chain_rest(p, last, &rest, why);
        }
        if (!err) err = piece_place(p, &rest, why);
        if (err) return err;
        last = p->at - 1;
    }
    return CAIRN_OK;
}

static enum cairn_err chain_pack(struct pack *p, uint32_t start, struct cairn_why *why)
{
    struct fat_layout *l = p->l;
    uint32_t count;
    bool whole;
    enum cairn_err err = fat_layout_measure(l, start, &count, &whole, why);
    if (!err) err = fat_layout_tell(l, p->done, l->used, why);
    if (err) return err;
    uint32_t at = gap_find(p, count);
    if (!whole || at != start) {
        p->at = at;
        return chain_place(p, start, why);
    }
    p->at = at + count;
    p->done += count;
    return CAIRN_OK;
}

static enum cairn_err tree_pack(struct pack *p, struct cairn_why *why)
{
    struct fat_layout *l = p->l;
    struct fat_walk walk;
    struct fat_walk_step step = { .kind = FAT_WALK_FILE };
    enum cairn_err err = CAIRN_OK;
    if (l->fs->geo.root_cluster) err = chain_pack(p, l->fs->geo.root_cluster, why);
    fat_walk_init(&walk, l);
    l->walk = &walk;
    while (!err) {
        err = fat_walk_next(&walk, &step, why);
        if (err || step.kind == FAT_WALK_DONE) break;
        if (step.kind != FAT_WALK_LEAVE) err = chain_pack(p, step.start, why);
    }
    l->walk = NULL;
    return err;
}

enum cairn_err fat_layout_pack(struct fat_layout *l, struct cairn_why *why)
{
    struct pack p = { .l = l, .at = 2, .end = 2 };
    enum cairn_err err = tree_pack(&p, why);
    return err ? err : fat_layout_sync(l, why);
}
