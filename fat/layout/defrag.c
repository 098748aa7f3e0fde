/* SPDX-License-Identifier: ISC */
/* Every chain one run: what fits a free run goes there; what fits none makes everything move. */
#include "layout.h"

struct defrag {
    struct fat_layout *l;
    uint64_t done;
    bool homeless; /* something is in pieces and fits nowhere */
};

/* Move the chain to a run that was taken. */
static enum cairn_err chain_move(struct fat_layout *l, uint32_t start, uint32_t to,
                                 struct cairn_why *why)
{
    while (start) {
        uint32_t next, count = fat_layout_piece(l, start, UINT32_MAX);
        enum cairn_err err = fat_table_next(l->fs, start + count - 1, &next, why);
        if (!err) err = fat_layout_move(l, start, to, count, why);
        if (err) return err;
        to += count;
        start = next;
    }
    return CAIRN_OK;
}

static enum cairn_err run_take(struct fat_layout *l, uint32_t count, uint32_t *to, bool *found,
                               struct cairn_why *why)
{
    struct fat_range all = { 2, fat_cluster_last(l->fs) + 1 };
    *found = fat_layout_take_run(l, all, count, to);
    if (*found || !(l->left_count || l->move_count)) return CAIRN_OK;
    enum cairn_err err = fat_layout_sync(l, why);
    if (!err) *found = fat_layout_take_run(l, all, count, to);
    return err;
}

static enum cairn_err chain_unite(struct defrag *d, uint32_t start, struct cairn_why *why)
{
    struct fat_layout *l = d->l;
    uint32_t count, to;
    bool whole, found;
    enum cairn_err err = fat_layout_measure(l, start, &count, &whole, why);
    if (!err) err = fat_layout_tell(l, d->done, l->used, why);
    if (err) return err;
    d->done += count;
    if (whole || d->homeless) return CAIRN_OK; /* all will move anyway */
    err = run_take(l, count, &to, &found, why);
    if (!err && found) return chain_move(l, start, to, why);
    d->homeless = true;
    return err;
}

/* A directory: squeezed first, then in one piece; behind it the walk goes into it. */
static enum cairn_err dir_unite(struct defrag *d, uint32_t start, struct fat_walk *walk,
                                struct cairn_why *why)
{
    enum cairn_err err = fat_layout_compact(d->l, start, why);
    if (!err && walk) err = fat_walk_start(walk, &start, why);
    if (!err && !walk) start = d->l->fs->geo.root_cluster;
    return err ? err : chain_unite(d, start, why);
}

static enum cairn_err tree_unite(struct defrag *d, struct cairn_why *why)
{
    struct fat_layout *l = d->l;
    struct fat_walk walk;
    struct fat_walk_step step;
    enum cairn_err err = CAIRN_OK;
    if (l->fs->geo.root_cluster) err = dir_unite(d, l->fs->geo.root_cluster, NULL, why);
    fat_walk_init(&walk, l);
    l->walk = &walk;
    while (!err) {
        err = fat_walk_next(&walk, &step, why);
        if (err || step.kind == FAT_WALK_DONE) break;
        if (step.kind == FAT_WALK_DIR) err = dir_unite(d, step.start, &walk, why);
        if (step.kind == FAT_WALK_FILE) err = chain_unite(d, step.start, why);
    }
    l->walk = NULL;
    return err ? err : fat_layout_sync(l, why);
}

static enum cairn_err defrag(struct fat_layout *l, struct cairn_why *why)
{
    struct defrag d = { .l = l };
    enum cairn_err err = tree_unite(&d, why);
    if (!err && d.homeless && !l->free)
        err = cairn_why_fail(why, CAIRN_ENOSPC, "a file is in pieces, and not one cluster is free");
    if (!err && (d.homeless || l->options->pack)) err = fat_layout_pack(l, why);
    l->result->pieces_after = fat_layout_pieces(l);
    l->result->after = l->fs->geo;
    return err;
}

enum cairn_err cairn_fat_defrag(struct cairn_blk *dev,
                                const struct cairn_fat_layout_options *options, void *mem,
                                size_t mem_bytes, struct cairn_fat_layout_result *result,
                                struct cairn_why *why)
{
    struct fat_layout *l;
    enum cairn_err err = fat_layout_open(&l, dev, 0, options, mem, mem_bytes, result, why);
    if (err) return err;
    return fat_layout_close(l, defrag(l, why), why);
}
