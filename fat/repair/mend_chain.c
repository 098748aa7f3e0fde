/* SPDX-License-Identifier: ISC */
/*
 * Chains. Whoever came first keeps a cluster that two chains go into; the second gets a copy of
 * what follows, when both are files. A directory goes before a file as long as what is in the
 * cluster looks like one. Where a chain breaks, another copy of the FAT may know better; else it
 * ends there.
 */
#include "menders.h"

static uint64_t chain_bytes(const struct fat_check *c, uint64_t clusters)
{
    return clusters * c->geometry.cluster_bytes;
}

/* ---- cutting ------------------------------------------------------------------------------- */

/* What was the chain's, and may be another's: who comes by takes it, else it is freed. */
static void spare_mark(struct fat_check *c, uint32_t cluster, uint32_t count)
{
    if (count && cluster < c->entries) fat_check_bit_clear(c->mark, cluster);
    for (; count > 0 && cluster < c->entries; count--) {
        fat_check_bit_clear(c->seen, cluster);
        fat_check_bit_set(c->mend->spare, cluster);
        c->claimed--;
        cluster = fat_check_next(c, cluster);
    }
}

static uint32_t chain_nth(struct fat_check *c, const struct fat_check_chain *chain, uint32_t n)
{
    uint32_t cluster = chain->start;
    if (n == chain->clusters) return chain->last;
    while (--n > 0)
        cluster = fat_check_next(c, cluster);
    return cluster;
}

bool fat_mend_cut(struct fat_check *c, uint32_t keep)
{
    struct fat_check_chain *chain = c->chain;
    uint64_t most = chain_bytes(c, keep);
    bool has_entry = c->slot_at != FAT_CHECK_NOWHERE; /* the root has none */
    if ((!keep && !has_entry) || !fat_mend_room(c, 5, 20)) return false;
    uint32_t last = keep ? chain_nth(c, chain, keep) : 0;
    uint32_t rest = keep ? fat_check_next(c, last) : chain->start;
    if (keep)
        fat_mend_entry(c, last, FATENT_END, FAT_STAGE_REMOVE);
    else
        fat_mend_slot_start(c, c->slot_at, 0, FAT_STAGE_REMOVE);
    if (!chain->is_dir && chain->size > most) fat_mend_slot_size(c, c->slot_at, (uint32_t)most);
    spare_mark(c, rest, chain->clusters - keep);
    chain->rest = rest;
    chain->cut = true;
    return true;
}

/* Cut, and say so; what a file loses follows from its size. */
static void cut_tell(struct fat_check *c, uint32_t keep)
{
    const struct fat_check_chain *chain = c->chain;
    uint64_t most = chain_bytes(c, keep);
    if (!fat_mend_cut(c, keep)) return;
    if (keep)
        fat_mend_say(c, "it ends after %u cluster%s", keep, keep == 1 ? "" : "s");
    else
        fat_mend_say(c, chain->is_dir ? "it has no clusters any more" : "it is empty");
    if (!chain->is_dir && chain->size > most)
        fat_mend_loses(c, "%s %llu bytes", keep ? "its last" : "all of its",
                       (unsigned long long)(chain->size - most));
    if (chain->is_dir && keep == 0) fat_mend_loses(c, "its way to its entries");
}

bool fat_mend_chain_start(struct fat_check *c, uint32_t cluster, uint64_t a, uint64_t b)
{
    (void)cluster, (void)a, (void)b;
    if (!fat_mend_room(c, 3, 8)) return false;
    fat_mend_slot_start(c, c->slot_at, 0, FAT_STAGE_REMOVE);
    if (!c->chain) {
        fat_mend_say(c, "its start is cleared");
        return false;
    }
    fat_mend_slot_size(c, c->slot_at, 0);
    fat_mend_say(c, "it is empty");
    if (c->chain->size) fat_mend_loses(c, "its %u bytes, if they are in no orphan", c->chain->size);
    return false;
}

/* A directory's entry leads to the cluster: does one start there by its own word, too? Where its
 * "." is gone, ".." still speaks for it. */
static bool is_dir_start(struct fat_check *c, uint32_t cluster)
{
    struct fat_dirent dot, dotdot;
    if (cluster >= c->entries || cluster >= c->outside) return false;
    const uint8_t *slots =
        fat_check_view(c, &c->mend->window, fat_check_cluster_at(c, cluster), 2 * FAT_SLOT_BYTES);
    fat_dirent_decode(slots, c->geometry.type, &dot);
    fat_dirent_decode(slots + FAT_SLOT_BYTES, c->geometry.type, &dotdot);
    if (fat_check_dot_kind(slots) == 0 && (dot.attributes & CAIRN_FAT_DIRECTORY))
        return dot.start == cluster;
    return fat_check_dot_kind(slots + FAT_SLOT_BYTES) == 1 &&
           (dotdot.attributes & CAIRN_FAT_DIRECTORY);
}

/* The first cluster of the root, or of what is a directory for sure, is taken for free or bad: its
 * entry alone is wrong. */
static bool start_keep(struct fat_check *c, uint32_t cluster)
{
    const struct fat_check_chain *chain = c->chain;
    if (!chain->is_dir || chain->last || cluster >= c->entries) return false;
    if (cluster >= c->outside) return false;
    if (fat_check_bit(c->seen, cluster)) return false;
    if (c->slot_at != FAT_CHECK_NOWHERE && !is_dir_start(c, cluster)) return false;
    if (!fat_mend_room(c, 2, 8)) return false;
    fat_mend_entry(c, cluster, FATENT_END, FAT_STAGE_NEW);
    fat_mend_say(c, "the cluster holds the directory, and is marked as used");
    return true;
}

bool fat_mend_chain_broken(struct fat_check *c, uint32_t cluster, uint64_t a, uint64_t b)
{
    const struct fat_check_chain *chain = c->chain;
    (void)a, (void)b;
    if (cluster != chain->last && !fat_check_bit(c->seen, cluster) && fat_mend_vote(c, cluster))
        return true;
    if (chain->last && fat_mend_vote(c, chain->last)) return true;
    if (start_keep(c, cluster)) return true;
    cut_tell(c, chain->clusters);
    return false;
}

/* ---- length -------------------------------------------------------------------------------- */

bool fat_mend_chain_outside(struct fat_check *c, uint32_t cluster, uint64_t a, uint64_t b)
{
    const struct fat_check_chain *chain = c->chain;
    uint32_t keep = 0;
    (void)a, (void)b;
    if (chain->cut || c->mend->size_stays) return false;
    for (uint32_t at = chain->start; at != cluster; at = fat_check_next(c, at))
        keep++;
    cut_tell(c, keep);
    return false;
}

/* A cut of power left it, in making the file longer or shorter; or else its size is what is wrong.
 * So the rest is as good as lost clusters are, and kept as they are. If a rename came with that,
 * its other name may need it: that is copied first. */
bool fat_mend_chain_long(struct fat_check *c, uint32_t cluster, uint64_t a, uint64_t b)
{
    struct fat_mend *mend = c->mend;
    uint32_t rest = (uint32_t)(a - b);
    (void)cluster;
    if (mend->shared) {
        mend->waits = mend->later = true;
        return false;
    }
    if (!fat_mend_cut(c, (uint32_t)b)) return false;
    bool keep = mend->options->orphans == CAIRN_FAT_ORPHANS_KEEP;
    if (keep) fat_check_bit_clear(mend->spare, c->chain->rest);
    if (rest == 1)
        fat_mend_say(c, "the cluster behind its end is %s", keep ? "kept as a lost one" : "freed");
    else
        fat_mend_say(c, "%u clusters behind its end are %s", rest,
                     keep ? "kept as lost ones" : "freed");
    if (!keep) fat_mend_loses(c, "what is in them, if anything");
    return false;
}

bool fat_mend_chain_short(struct fat_check *c, uint32_t cluster, uint64_t a, uint64_t b)
{
    const struct fat_check_chain *chain = c->chain;
    uint64_t bytes = chain_bytes(c, a);
    (void)cluster, (void)b;
    if (chain->last && fat_mend_vote(c, chain->last)) return true;
    if (!fat_mend_room(c, 1, 4)) return false;
    fat_mend_slot_size(c, c->slot_at, (uint32_t)bytes);
    fat_mend_say(c, "its size becomes %llu", (unsigned long long)bytes);
    fat_mend_loses(c, "its last %llu bytes", (unsigned long long)(chain->size - bytes));
    return false;
}

/* ---- shared clusters ----------------------------------------------------------------------- */

/* Clusters of its own for a file, as long as there are free ones. */
struct tail {
    uint32_t first, last, count;
};

static bool tail_add(struct fat_check *c, struct tail *tail, uint32_t from)
{
    uint32_t to = fat_mend_settle(c, from) ? fat_mend_take(c) : 0;
    if (to == 0 || !fat_mend_room(c, 3, 64)) return false;
    if (!fat_changes_copy(c->mend->changes, fat_check_cluster_at(c, from),
                          fat_check_cluster_at(c, to), c->geometry.cluster_bytes))
        return false;
    if (tail->last)
        fat_mend_entry(c, tail->last, to, FAT_STAGE_NEW);
    else
        tail->first = to;
    tail->last = to;
    tail->count++;
    return true;
}

static bool is_followed(const struct fat_check *c, uint32_t cluster)
{
    return fat_check_in_range(c, cluster) && cluster < c->outside;
}

/* `most` clusters of what follows from `cluster` on. */
static struct tail tail_copy(struct fat_check *c, uint32_t cluster, uint64_t most)
{
    struct tail tail = { 0 };
    while (tail.count < most && is_followed(c, cluster)) {
        uint32_t next = fat_check_next(c, cluster);
        if (next == FATENT_FREE || next == FATENT_BAD || !tail_add(c, &tail, cluster)) break;
        cluster = next;
    }
    c->mend->result->copied_clusters += tail.count;
    return tail;
}

/* Of `most` clusters that a size asks for, those that there are: sizes lie. Many files may share a
 * long tail, so steps are counted. */
static uint64_t tail_length(struct fat_check *c, uint32_t cluster, uint64_t most)
{
    uint64_t count = 0;
    for (; count < most && is_followed(c, cluster); count++, c->own_left--) {
        if (c->own_left == 0) return most;
        cluster = fat_check_next(c, cluster);
    }
    return count;
}

/* The size says how much of the tail is the file's. */
static void file_copy(struct fat_check *c, uint32_t cluster)
{
    const struct fat_check_chain *chain = c->chain;
    uint64_t needed = cairn_div_up(chain->size, c->geometry.cluster_bytes);
    uint64_t most = needed > chain->clusters ? needed - chain->clusters : 0;
    bool is_new = fat_mend_device_entry(c, cluster) == FATENT_FREE;
    struct tail tail = { 0 };
    most = is_new ? 0 : tail_length(c, cluster, most);
    if (fat_mend_free_left(c, most)) tail = tail_copy(c, cluster, most);
    if (c->mend->waits) return;
    if (tail.count == 0) {
        cut_tell(c, chain->clusters);
        return;
    }
    if (!fat_mend_room(c, 4, 16)) return;
    if (chain->last)
        fat_mend_entry(c, chain->last, tail.first, FAT_STAGE_LINK);
    else
        fat_mend_slot_start(c, c->slot_at, tail.first, FAT_STAGE_ADD);
    fat_mend_say(c, "it gets a copy of %u cluster%s of its own", tail.count,
                 tail.count == 1 ? "" : "s");
}

/* Slots that make sense, and not more that make none? */
static bool looks_like_dir(struct fat_check *c, uint32_t cluster)
{
    uint32_t bytes = (uint32_t)cairn_min_u64(c->geometry.cluster_bytes, FAT_CHECK_UNIT);
    uint32_t good = 0, bad = 0;
    if (cluster >= c->outside) return false;
    const uint8_t *slots =
        fat_check_view(c, &c->mend->window, fat_check_cluster_at(c, cluster), bytes);
    for (uint32_t i = 0; i < bytes && slots[i] != FAT_SLOT_END; i += FAT_SLOT_BYTES) {
        if (slots[i] == FAT_SLOT_FREE) continue;
        if (fat_check_slot_is_nonsense(slots + i))
            bad++;
        else
            good++;
    }
    return good > bad;
}

/* A directory comes to what a file has taken. When it is right, the next pass knows all directories
 * before it comes by the file. */
static void dir_over_file(struct fat_check *c, uint32_t cluster)
{
    const struct fat_check_chain *chain = c->chain;
    bool is_start = chain->last == 0 && c->slot_at != FAT_CHECK_NOWHERE;
    if (is_start ? !is_dir_start(c, cluster) : !looks_like_dir(c, cluster)) {
        cut_tell(c, chain->clusters);
        return;
    }
    c->mend->dirs_first = true;
    fat_mend_say(c, "the directory keeps it, the file is cut");
}

/* Two entries lead to one directory: this one goes. */
static void dir_entry_remove(struct fat_check *c)
{
    if (!fat_mend_room(c, 1, 1)) return;
    fat_mend_slot_remove(c, c->slot_at);
    fat_mend_say(c, "this entry is removed, the other one stays");
    c->chain->cut = true;
}

#define ANEWS_MOST 16u

/* Power cut between the two sectors of a FAT12's entry leaves half a link, which may lead into
 * anything. Who comes by it first takes what is another's; the other copy of the FAT, which was not
 * yet or already written, knows better. Then the pass begins anew, without that link. */
static bool half_link_mend(struct fat_check *c, uint32_t cluster)
{
    struct fat_mend *mend = c->mend;
    bool may_be = c->geometry.type == CAIRN_FAT12 && mend->copies_differ;
    if (!may_be || mend->anews == ANEWS_MOST) return false;
    for (uint32_t at = 2; at < c->entries; at++) {
        if (fat_check_next(c, at) != cluster || !fat_mend_vote(c, at)) continue;
        mend->anews++;
        mend->anew = true;
        return true;
    }
    return false;
}

bool fat_mend_chain_shared(struct fat_check *c, uint32_t cluster, uint64_t a, uint64_t b)
{
    const struct fat_check_chain *chain = c->chain;
    bool by_dir = fat_check_bit(c->mark, cluster) || fat_mend_knows_dir(c, cluster);
    (void)a, (void)b;
    c->mend->meets = true;
    if (chain->last && fat_mend_vote(c, chain->last)) return true;
    if (half_link_mend(c, cluster)) return false;
    if (!chain->is_dir && by_dir)
        cut_tell(c, chain->clusters);
    else if (!chain->is_dir)
        file_copy(c, cluster);
    else if (chain->elsewhere || (by_dir && chain->last == 0))
        dir_entry_remove(c);
    else if (by_dir)
        cut_tell(c, chain->clusters);
    else
        dir_over_file(c, cluster);
    return false;
}
