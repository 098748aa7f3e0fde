/* SPDX-License-Identifier: ISC */
/* Who owns each cluster: one walk over the tree, one look at the FAT. Whatever would make a move
 * dangerous shows here. */
#include "layout.h"

/* ---- claiming -------------------------------------------------------------------------------- */

/* The chain from `start` is owned by the directory's cluster `by`. */
static enum cairn_err chain_claim(struct fat_layout *l, uint32_t start, uint32_t by, uint32_t dir,
                                  struct cairn_why *why)
{
    uint32_t owner = FAT_OWNER_HEAD | by, cluster = start;
    if (!fat_cluster_valid(l->fs, start))
        return fat_corrupt(l->fs, why, "start cluster %u is outside the volume", start);
    l->result->chains++;
    while (cluster) {
        if (l->owner[cluster])
            return fat_corrupt(l->fs, why, "cluster %u belongs to two chains", cluster);
        l->owner[cluster] = owner | dir;
        l->used++;
        owner = cluster;
        enum cairn_err err = fat_table_next(l->fs, cluster, &cluster, why);
        if (err) return err;
    }
    return CAIRN_OK;
}

/* The chain of what the walk has met. A size that does not fit it is no danger to a move. */
static enum cairn_err step_claim(struct fat_layout *l, const struct fat_walk_step *step,
                                 struct cairn_why *why)
{
    bool is_dir = step->kind == FAT_WALK_DIR;
    uint32_t before = l->used, bytes = l->fs->geo.cluster_bytes;
    enum cairn_err err =
        chain_claim(l, step->start, step->cluster, is_dir ? FAT_OWNER_DIR : 0, why);
    if (!is_dir && l->used - before != cairn_div_up(step->bytes, bytes)) l->is_doubtful = true;
    return err;
}

static enum cairn_err tree_claim(struct fat_layout *l, struct cairn_why *why)
{
    struct fat_walk walk;
    struct fat_walk_step step;
    uint32_t root = l->fs->geo.root_cluster;
    enum cairn_err err = root ? chain_claim(l, root, 0, FAT_OWNER_DIR, why) : CAIRN_OK;
    if (err) return err;
    fat_walk_init(&walk, l);
    for (;;) {
        err = fat_walk_next(&walk, &step, why);
        if (err || step.kind == FAT_WALK_DONE) return err;
        if (step.kind != FAT_WALK_LEAVE)
            err = step_claim(l, &step, why);
        else if (fat_layout_mends(l))
            err = fat_layout_dotdots(l, step.start, why); /* a cut leaves stale ones */
        if (err) return err;
    }
}

/* ---- the rest of the FAT --------------------------------------------------------------------- */

static enum cairn_err leak_free(struct fat_layout *l, uint32_t cluster, struct cairn_why *why)
{
    l->result->freed_clusters++;
    if (l->fs->read_only || !fat_layout_mends(l)) return CAIRN_OK;
    enum cairn_err err = fat_layout_begin(l, why);
    return err ? err : fat_table_clear(l->fs, cluster, 1, why);
}

static enum cairn_err rest_claim(struct fat_layout *l, struct cairn_why *why)
{
    for (uint32_t cluster = 2; cluster <= fat_cluster_last(l->fs); cluster++) {
        uint32_t value;
        if (l->owner[cluster]) continue;
        enum cairn_err err = fat_table_get(l->fs, cluster, &value, why);
        if (!err && value != FATENT_FREE && value != FATENT_BAD) err = leak_free(l, cluster, why);
        if (err) return err;
        if (value == FATENT_BAD)
            l->owner[cluster] = FAT_OWNER_FIXED;
        else
            fat_layout_release(l, cluster);
    }
    return CAIRN_OK;
}

enum cairn_err fat_layout_survey(struct fat_layout *l, struct cairn_why *why)
{
    enum cairn_err err = tree_claim(l, why);
    if (!err) err = rest_claim(l, why);
    if (err) return err;
    l->result->pieces_before = l->result->pieces_after = fat_layout_pieces(l);
    if (!l->result->freed_clusters || fat_layout_mends(l)) return CAIRN_OK;
    (void)cairn_why_fail(why, CAIRN_ECORRUPT, "%llu clusters belong to no file",
                         (unsigned long long)l->result->freed_clusters);
    cairn_why_hint(why, "`cairn check --repair` finds out what they hold%s",
                   l->was_dirty ? "; --dirty frees them" : "");
    return CAIRN_ECORRUPT;
}

uint64_t fat_layout_pieces(const struct fat_layout *l)
{
    uint64_t pieces = 0;
    for (uint32_t cluster = 2; cluster <= fat_cluster_last(l->fs); cluster++) {
        uint32_t owner = l->owner[cluster];
        if (!fat_owner_is_used(owner)) continue;
        pieces += (owner & FAT_OWNER_HEAD) || (owner & FAT_OWNER_NUMBER) != cluster - 1;
    }
    return pieces;
}

enum cairn_err fat_layout_measure(struct fat_layout *l, uint32_t start, uint32_t *count,
                                  bool *whole, struct cairn_why *why)
{
    *whole = true;
    for (*count = 0; start; ++*count) {
        uint32_t next;
        enum cairn_err err = fat_table_next(l->fs, start, &next, why);
        if (err) return err;
        if (next && next != start + 1) *whole = false;
        start = next;
    }
    return CAIRN_OK;
}
