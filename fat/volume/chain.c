/* SPDX-License-Identifier: ISC */
#include "chain.h"

#include "table.h"

/* ---- where ----------------------------------------------------------------------------------- */

static enum cairn_err chain_start(struct cairn_fat_node *node, struct cairn_why *why)
{
    if (fat_cluster_valid(node->fs, node->entry.start)) {
        if (!node->head_count) node->head_count = 1;
        return CAIRN_OK;
    }
    return fat_corrupt(node->fs, why, "start cluster %u is outside the volume", node->entry.start);
}

/* Learn the head up to `want` clusters, or to its end. */
static enum cairn_err head_learn(struct cairn_fat_node *node, uint32_t want, struct cairn_why *why)
{
    if (node->head_closed || node->head_count >= want) return CAIRN_OK;
    uint32_t more;
    enum cairn_err err = fat_table_follow(node->fs, node->entry.start + node->head_count - 1,
                                          want - node->head_count + 1, &more, why);
    if (err) return err;
    node->head_count += more - 1;
    node->head_closed = node->head_count < want;
    return CAIRN_OK;
}

static uint64_t map_key(const struct cairn_fat_node *node, uint32_t window)
{
    return FAT_KEY_MAP | node->map_id << 24 | window;
}

static uint32_t map_entries(const struct cairn_fat *fs)
{
    return fs->cache.page_bytes / 4;
}

static uint32_t map_load(const uint8_t *at, uint32_t i)
{
    uint32_t value;
    memcpy(&value, at + (size_t)i * 4, 4);
    return value;
}

/* The known place nearest before index: of the head, of the last look-up, or of the map's window
 * (which is pinned at `at`). */
static void walk_start(const struct cairn_fat_node *node, const uint8_t *at, uint32_t index,
                       uint32_t *i, uint32_t *cluster)
{
    uint32_t entries = map_entries(node->fs), base = index - index % entries;
    *i = node->head_count - 1;
    *cluster = node->entry.start + *i;
    if (node->seen_cluster && node->seen_index <= index && node->seen_index > *i) {
        *i = node->seen_index;
        *cluster = node->seen_cluster;
    }
    for (uint32_t k = index % entries; k-- > 0 && base + k > *i;) {
        uint32_t known = map_load(at, k);
        if (!known) continue;
        *i = base + k;
        *cluster = known;
        return;
    }
}

/* Walk the FAT from (i, cluster) to index, noting the way in the map; 0 when the chain ends. */
static enum cairn_err map_walk(struct cairn_fat_node *node, uint32_t i, uint32_t index,
                               uint32_t *cluster, struct cairn_why *why)
{
    struct cairn_fat *fs = node->fs;
    uint32_t entries = map_entries(fs);
    struct fat_page *page = NULL;
    uint8_t *at = NULL;
    enum cairn_err err = CAIRN_OK;
    while (i < index && *cluster) {
        err = fat_table_next(fs, *cluster, cluster, why);
        if (err || !*cluster) break;
        i++;
        if (!page || i % entries == 0) {
            bool fresh;
            if (page) fat_page_drop(page);
            err = fat_page_map(fs, map_key(node, i / entries), &page, &at, &fresh, why);
            if (err) {
                page = NULL;
                break;
            }
        }
        memcpy(at + (size_t)(i % entries) * 4, cluster, 4);
    }
    if (page) fat_page_drop(page);
    return err;
}

enum cairn_err fat_chain_at(struct cairn_fat_node *node, uint32_t index, uint32_t *cluster,
                            struct cairn_why *why)
{
    *cluster = 0;
    if (node->entry.start == 0) return CAIRN_OK;
    if (index >= node->fs->geo.cluster_count)
        return fat_corrupt(node->fs, why, "chain from cluster %u cannot have %u clusters",
                           node->entry.start, index + 1);
    enum cairn_err err = chain_start(node, why);
    if (!err) err = head_learn(node, index + 1, why);
    if (err) return err;
    if (index < node->head_count) {
        *cluster = node->entry.start + index;
        return CAIRN_OK;
    }
    if (node->clusters != FAT_CLUSTERS_UNKNOWN && index >= node->clusters) return CAIRN_OK;
    struct fat_page *page;
    uint8_t *at;
    bool fresh;
    uint32_t entries = map_entries(node->fs), i;
    err = fat_page_map(node->fs, map_key(node, index / entries), &page, &at, &fresh, why);
    if (err) return err;
    *cluster = map_load(at, index % entries);
    if (!*cluster)
        walk_start(node, at, index, &i, cluster);
    else
        i = index;
    fat_page_drop(page);
    err = map_walk(node, i, index, cluster, why);
    if (err || !*cluster) return err;
    node->seen_index = index;
    node->seen_cluster = *cluster;
    return CAIRN_OK;
}

enum cairn_err fat_chain_run(struct cairn_fat_node *node, uint32_t index, uint32_t max,
                             uint32_t *cluster, uint32_t *count, struct cairn_why *why)
{
    *count = 0;
    enum cairn_err err = fat_chain_at(node, index, cluster, why);
    if (err || !*cluster) return err;
    *count = 1;
    if (max <= 1) return CAIRN_OK;
    if (index < node->head_count) {
        uint32_t want = (uint32_t)cairn_min_u64((uint64_t)index + max, node->fs->geo.cluster_count);
        err = head_learn(node, want, why);
        *count = (uint32_t)cairn_min_u64(max, node->head_count - index);
        return err;
    }
    return fat_table_follow(node->fs, *cluster, max, count, why);
}

enum cairn_err fat_chain_measure(struct cairn_fat_node *node, struct cairn_why *why)
{
    struct cairn_fat *fs = node->fs;
    if (node->clusters != FAT_CLUSTERS_UNKNOWN) return CAIRN_OK;
    if (node->entry.start == 0) {
        node->clusters = 0;
        return CAIRN_OK;
    }
    enum cairn_err err = CAIRN_OK;
    if (fs->cut_forgotten == fs->epoch) err = fat_drain(fs, why);
    if (!err) err = chain_start(node, why);
    if (!err) err = head_learn(node, fs->geo.cluster_count, why);
    if (err) return err;
    uint32_t n = node->head_count, last = node->entry.start + n - 1, next;
    for (;;) {
        err = fat_table_next(fs, last, &next, why);
        if (err) return err;
        if (!next) break;
        uint32_t count;
        err = fat_table_follow(fs, next, fs->geo.cluster_count, &count, why);
        if (err) return err;
        if (n > fs->geo.cluster_count - count)
            return fat_corrupt(fs, why, "chain from cluster %u is a loop", node->entry.start);
        n += count;
        last = next + count - 1;
    }
    node->clusters = n;
    node->tail = last;
    return CAIRN_OK;
}

/* ---- longer ---------------------------------------------------------------------------------- */

static bool tail_is_new(const struct cairn_fat_node *node)
{
    return node->grown == node->fs->epoch && node->clusters > node->new_from;
}

/* Note that clusters [first, first + count) are now the chain's end. */
static void chain_note(struct cairn_fat_node *node, uint32_t first, uint32_t count)
{
    struct cairn_fat *fs = node->fs;
    if (node->grown != fs->epoch) {
        node->grown = fs->epoch;
        node->new_from = node->clusters;
    }
    if (node->clusters == 0) {
        node->entry.start = first;
        node->head_count = count;
        node->head_closed = false;
    } else if (node->head_count == node->clusters) {
        node->head_closed = node->tail + 1 != first;
        if (!node->head_closed) node->head_count += count;
    }
    node->clusters += count;
    node->tail = first + count - 1;
}

/* Sync when NEW entries, of the run or of a tail that is new itself, would share a byte with a link
 * that is still to be written. */
static enum cairn_err crowd_drain(struct cairn_fat_node *node, uint32_t first, uint32_t count,
                                  struct cairn_why *why)
{
    bool run = false, tail = false;
    enum cairn_err err = fat_table_crowds(node->fs, first, count, &run, why);
    if (!err && node->clusters && tail_is_new(node))
        err = fat_table_crowds(node->fs, node->tail, 1, &tail, why);
    return err || !(run || tail) ? err : fat_drain(node->fs, why);
}

/* Take a run of clusters and hang it on the chain. */
static enum cairn_err chain_extend(struct cairn_fat_node *node, uint32_t want,
                                   struct cairn_why *why)
{
    struct cairn_fat *fs = node->fs;
    uint32_t first, count;
    enum cairn_err err =
        fat_space_find(fs, node->clusters ? node->tail + 1 : 0, want, &first, &count, why);
    if (!err) err = crowd_drain(node, first, count, why);
    if (err) return err;
    err = fat_table_chain(fs, first, count, FATENT_END, why);
    if (!err && node->clusters) {
        err = fat_table_set(fs, node->tail, first,
                            tail_is_new(node) ? FAT_STAGE_NEW : FAT_STAGE_LINK, why);
    }
    if (err) {
        enum cairn_err undone = fat_table_clear(fs, first, count, NULL);
        if (undone) fat_litter(fs, "clusters leaked", undone);
        return err;
    }
    fat_space_taken(fs, first, count);
    chain_note(node, first, count);
    return CAIRN_OK;
}

enum cairn_err fat_chain_grow(struct cairn_fat_node *node, uint32_t clusters, struct cairn_why *why)
{
    struct cairn_fat *fs = node->fs;
    enum cairn_err err = fat_chain_measure(node, why);
    if (err || node->clusters >= clusters) return err;
    if (node->cut == fs->epoch) { /* the tail's entry still leads to what was cut off */
        err = fat_drain(fs, why);
        if (err) return err;
    }
    while (node->clusters < clusters) {
        err = chain_extend(node, clusters - node->clusters, why);
        if (err == CAIRN_ENOSPC && fs->cache.frees) {
            err = fat_drain(fs, why);
            if (!err) continue;
        }
        if (err) return err;
    }
    return CAIRN_OK;
}

enum cairn_err fat_chain_grow_whole(struct cairn_fat_node *node, uint32_t clusters,
                                    struct cairn_why *why)
{
    enum cairn_err err = fat_chain_measure(node, why);
    if (err) return err;
    uint32_t before = node->clusters;
    err = fat_chain_grow(node, clusters, why);
    if (!err || node->clusters == before) return err;
    enum cairn_err cut = fat_chain_cut(node, before, NULL);
    if (cut) fat_litter(node->fs, "clusters kept", cut);
    return err;
}

enum cairn_err fat_chain_ungrow(struct cairn_fat_node *node, uint32_t keep, struct cairn_why *why)
{
    struct cairn_fat *fs = node->fs;
    uint32_t last = node->tail;
    node->clusters--;
    node->tail = keep;
    node->map_id = fs->nodes.next_map++;
    node->seen_cluster = 0;
    if (node->head_count > node->clusters) node->head_count = node->clusters;
    enum cairn_err err = fat_table_set(fs, keep, FATENT_END,
                                       tail_is_new(node) ? FAT_STAGE_NEW : FAT_STAGE_LINK, why);
    if (!err) err = fat_table_clear(fs, last, 1, why);
    if (!err) fat_space_given(fs, last, 1);
    return err;
}

/* ---- shorter --------------------------------------------------------------------------------- */

/* What a sync frees: the chain from `first` on, after cluster `keep` (0: none) was made its end. */
struct pending_free {
    uint32_t next;
    uint32_t keep;
    uint32_t first;
};

static void free_later(struct cairn_fat *fs, uint32_t keep, uint32_t first)
{
    struct fat_cache *cache = &fs->cache;
    struct pending_free pending = { .keep = keep, .first = first };
    uint32_t at = fat_log_take(cache, sizeof pending);
    memcpy(cache->log + at, &pending, sizeof pending);
    if (cache->frees_last)
        memcpy(cache->log + cache->frees_last, &at, sizeof at);
    else
        cache->frees = at;
    cache->frees_last = at;
}

enum cairn_err fat_chain_cut(struct cairn_fat_node *node, uint32_t clusters, struct cairn_why *why)
{
    struct cairn_fat *fs = node->fs;
    uint32_t first, keep = 0;
    if (clusters >= fs->geo.cluster_count) return CAIRN_OK; /* no chain is longer */
    enum cairn_err err = fat_chain_at(node, clusters, &first, why);
    if (!err && clusters) err = fat_chain_at(node, clusters - 1, &keep, why);
    if (err || !first) return err;
    free_later(fs, keep, first);
    node->clusters = clusters;
    node->tail = keep;
    node->map_id = fs->nodes.next_map++;
    node->seen_cluster = 0;
    if (node->head_count > clusters) node->head_count = clusters;
    if (clusters) {
        node->cut = fs->epoch;
        node->head_closed = true;
    } else {
        node->entry.start = 0;
        node->head_closed = false;
    }
    return CAIRN_OK;
}

/* Free the adjacent clusters that begin at *cluster, and move it to the next of the chain; 0 at the
 * end, or where the chain is broken. */
static enum cairn_err free_run(struct cairn_fat *fs, uint32_t *cluster, struct cairn_why *why)
{
    uint32_t first = *cluster, count, next;
    enum cairn_err err = fat_table_follow(fs, first, fs->geo.cluster_count, &count, why);
    if (!err) err = fat_table_get(fs, first + count - 1, &next, why);
    if (err) return err;
    if (next == FATENT_FREE || next == FATENT_BAD) count--; /* broken chain: not its cluster */
    fat_cache_forget(fs, fat_cluster_sector(fs, first), (uint64_t)count * fs->geo.cluster_sectors);
    for (uint32_t i = 0; i < count; i++) {
        *cluster = first + i; /* where to go on when this fails */
        err = fat_table_clear(fs, first + i, 1, why);
        if (err) return err;
        fat_space_given(fs, first + i, 1);
    }
    *cluster = fat_cluster_valid(fs, next) ? next : 0;
    return CAIRN_OK;
}

static struct pending_free *pending_at(struct fat_cache *cache, uint32_t at)
{
    return (struct pending_free *)(void *)(cache->log + at);
}

enum cairn_err fat_chain_end_pending(struct cairn_fat *fs, struct cairn_why *why)
{
    struct pending_free *pending;
    for (uint32_t at = fs->cache.frees; at; at = pending->next) {
        pending = pending_at(&fs->cache, at);
        if (!pending->keep) continue;
        enum cairn_err err = fat_table_set(fs, pending->keep, FATENT_END, FAT_STAGE_FREE, why);
        if (err) return err;
        pending->keep = 0;
    }
    return CAIRN_OK;
}

enum cairn_err fat_chain_free_pending(struct cairn_fat *fs, struct cairn_why *why)
{
    struct fat_cache *cache = &fs->cache;
    while (cache->frees) {
        struct pending_free *pending = pending_at(cache, cache->frees);
        while (pending->first) {
            enum cairn_err err = free_run(fs, &pending->first, why);
            if (err) return err;
        }
        cache->frees = pending->next;
    }
    cache->frees_last = 0;
    return CAIRN_OK;
}
