/* SPDX-License-Identifier: ISC */
#include "node.h"

#include "chain.h"
#include "dir.h"

enum cairn_err fat_nodes_init(struct cairn_fat *fs, struct cairn_arena *arena, uint32_t count)
{
    struct fat_nodes *nodes = &fs->nodes;
    uint32_t buckets = 16;
    while (buckets < count)
        buckets *= 2;
    nodes->all = cairn_arena_array(arena, count, sizeof *nodes->all, 8);
    nodes->buckets = cairn_arena_array(arena, buckets, sizeof(struct cairn_fat_node *), 8);
    if (!nodes->all || !nodes->buckets) return CAIRN_ENOMEM;
    nodes->count = count;
    nodes->bucket_mask = buckets - 1;
    nodes->next_id = nodes->next_map = 1;
    nodes->lru.lru_prev = nodes->lru.lru_next = &nodes->lru;
    for (uint32_t i = count; i-- > 0;) {
        nodes->all[i].lru_next = nodes->unused;
        nodes->unused = &nodes->all[i];
    }
    return CAIRN_OK;
}

/* ---- the hash by (parent, slot) -------------------------------------------------------------- */

static struct cairn_fat_node **bucket_of(struct fat_nodes *nodes, uint64_t parent_id, uint32_t slot)
{
    uint64_t mixed = (parent_id << 32 ^ slot) * UINT64_C(0x9E3779B97F4A7C15);
    return &nodes->buckets[(uint32_t)(mixed >> 32) & nodes->bucket_mask];
}

static void node_hash(struct fat_nodes *nodes, struct cairn_fat_node *node)
{
    struct cairn_fat_node **at = bucket_of(nodes, node->parent->id, node->slot);
    node->hash_next = *at;
    *at = node;
}

static void node_unhash(struct fat_nodes *nodes, struct cairn_fat_node *node)
{
    struct cairn_fat_node **at = bucket_of(nodes, node->parent->id, node->slot);
    while (*at != node)
        at = &(*at)->hash_next;
    *at = node->hash_next;
}

struct cairn_fat_node *fat_node_peek(struct cairn_fat *fs, const struct cairn_fat_node *dir,
                                     uint32_t slot)
{
    struct cairn_fat_node *node = *bucket_of(&fs->nodes, dir->id, slot);
    while (node && (node->parent != dir || node->slot != slot))
        node = node->hash_next;
    return node;
}

/* ---- holding and letting go ------------------------------------------------------------------ */

static void lru_remove(struct cairn_fat_node *node)
{
    node->lru_prev->lru_next = node->lru_next;
    node->lru_next->lru_prev = node->lru_prev;
}

static void lru_add(struct fat_nodes *nodes, struct cairn_fat_node *node)
{
    node->lru_next = nodes->lru.lru_next;
    node->lru_prev = &nodes->lru;
    node->lru_next->lru_prev = node;
    nodes->lru.lru_next = node;
}

void fat_node_hold(struct cairn_fat_node *node)
{
    if (node->holds++ == 0) lru_remove(node);
}

/* Nobody holds it and it is in no list: forget it. Returns its parent, or NULL: the hold on that
 * one is the caller's to give up. */
static struct cairn_fat_node *node_forget(struct cairn_fat_node *node)
{
    struct fat_nodes *nodes = &node->fs->nodes;
    struct cairn_fat_node *parent = node->parent;
    if (parent) node_unhash(nodes, node);
    if (node->cut == node->fs->epoch) node->fs->cut_forgotten = node->cut;
    if (node->removed_in > nodes->removed_in) nodes->removed_in = node->removed_in;
    node->parent = NULL;
    node->lru_next = nodes->unused;
    nodes->unused = node;
    return parent;
}

/* Cut the chain; an entry that loses all of it says so. The entry is at hand first: once the cut is
 * noted, the next sync frees the clusters. */
static enum cairn_err trim_to(struct cairn_fat_node *node, uint32_t clusters)
{
    struct fat_dir_cursor slot;
    enum cairn_err err = fat_begin(node->fs, NULL);
    if (!err) err = fat_node_pin(node, &slot, NULL);
    if (err) return err;
    err = fat_chain_cut(node, clusters, NULL);
    if (err || clusters)
        fat_dir_cursor_done(&slot);
    else
        fat_node_put(node, &slot, FAT_STAGE_REMOVE);
    return err;
}

static uint32_t clusters_needed(const struct cairn_fat_node *node)
{
    if (node->removed) return 0;
    return (uint32_t)cairn_div_up(node->entry.size, node->fs->geo.cluster_bytes);
}

bool fat_node_is_loose(const struct cairn_fat_node *node)
{
    if (node->entry.start == 0) return false;
    if (node->removed) return true;
    if (fat_node_is_dir(node) || node->clusters == FAT_CLUSTERS_UNKNOWN) return false;
    return node->clusters > clusters_needed(node);
}

bool fat_nodes_are_loose(const struct cairn_fat *fs)
{
    for (uint32_t i = 0; i < fs->nodes.count; i++) {
        const struct cairn_fat_node *node = &fs->nodes.all[i];
        if (node->holds && fat_node_is_loose(node)) return true;
    }
    return false;
}

/* Give clusters back that no entry needs. When that fails they are leaked, which check mends. */
static void node_trim(struct cairn_fat_node *node)
{
    if (node->fs->read_only || !fat_node_is_loose(node)) return;
    enum cairn_err err = trim_to(node, clusters_needed(node));
    if (err) fat_litter(node->fs, "clusters leaked", err);
}

void fat_node_release(struct cairn_fat_node *node)
{
    while (node && node->holds-- == 1) {
        node->holds = 1; /* trimming may sync: stay as we are meanwhile */
        node_trim(node);
        node->holds = 0;
        if (fat_node_is_dir(node) && !node->removed) {
            lru_add(&node->fs->nodes, node);
            return;
        }
        node = node_forget(node);
    }
}

static struct cairn_fat_node *node_take(struct cairn_fat *fs)
{
    struct fat_nodes *nodes = &fs->nodes;
    if (!nodes->unused && nodes->lru.lru_prev != &nodes->lru) {
        struct cairn_fat_node *oldest = nodes->lru.lru_prev;
        lru_remove(oldest);
        fat_node_release(node_forget(oldest));
    }
    struct cairn_fat_node *node = nodes->unused;
    if (!node) return NULL;
    nodes->unused = node->lru_next;
    memset(node, 0, sizeof *node);
    node->fs = fs;
    node->id = nodes->next_id++;
    node->map_id = nodes->next_map++;
    node->clusters = FAT_CLUSTERS_UNKNOWN;
    node->holds = 1;
    return node;
}

enum cairn_err fat_node_new(struct cairn_fat *fs, const struct fat_dirent *entry,
                            struct cairn_fat_node **node, struct cairn_why *why)
{
    *node = node_take(fs);
    if (!*node) {
        (void)cairn_why_fail(why, CAIRN_ENFILE, "%u nodes are open", fs->nodes.count);
        cairn_why_hint(why, "give the volume more memory");
        return CAIRN_ENFILE;
    }
    (*node)->entry = *entry;
    (*node)->removed = true;
    return CAIRN_OK;
}

enum cairn_err fat_node_get(struct cairn_fat_node *dir, const struct fat_found *found,
                            struct cairn_fat_node **node, struct cairn_why *why)
{
    struct cairn_fat *fs = dir->fs;
    *node = fat_node_peek(fs, dir, found->slot);
    if (*node) {
        fat_node_hold(*node);
        return CAIRN_OK;
    }
    enum cairn_err err = fat_node_new(fs, &found->entry, node, why);
    if (err) return err;
    fat_node_attach(*node, dir, found->slot_first, found->slot);
    (*node)->born = 0;
    (*node)->removed_in = fs->nodes.removed_in; /* it may be the one that was forgotten */
    return CAIRN_OK;
}

void fat_node_move(struct cairn_fat_node *node, struct cairn_fat_node *dir, uint32_t slot_first,
                   uint32_t slot)
{
    struct fat_nodes *nodes = &node->fs->nodes;
    struct cairn_fat_node *old = node->parent;
    node_unhash(nodes, node);
    fat_node_hold(dir);
    node->parent = dir;
    node->slot_first = slot_first;
    node->slot = slot;
    node->meta = node->born = 0;
    node_hash(nodes, node);
    fat_node_release(old);
}

void fat_node_attach(struct cairn_fat_node *node, struct cairn_fat_node *dir, uint32_t slot_first,
                     uint32_t slot)
{
    fat_node_hold(dir);
    node->parent = dir;
    node->slot_first = slot_first;
    node->slot = slot;
    node->removed = false;
    node->born = node->fs->epoch;
    node_hash(&node->fs->nodes, node);
}

void fat_node_orphan(struct cairn_fat_node *node)
{
    struct cairn_fat_node *parent = node->parent;
    node_unhash(&node->fs->nodes, node);
    node->parent = NULL;
    node->removed = true;
    fat_node_release(parent);
}

/* ---- the entry ------------------------------------------------------------------------------- */

/* Bytes 11..31 but the case bits: what store writes. One record covers them. */
#define META_AT FAT_SLOT_ATTR
#define META_BYTES (FAT_SLOT_BYTES - META_AT)

static void meta_encode(const struct cairn_fat_node *node, const uint8_t *slot,
                        uint8_t meta[META_BYTES])
{
    uint8_t whole[FAT_SLOT_BYTES];
    fat_dirent_encode(&node->entry, whole);
    whole[FAT_SLOT_CASE] = slot[FAT_SLOT_CASE];
    memcpy(meta, whole + META_AT, META_BYTES);
}

enum cairn_err fat_node_pin(struct cairn_fat_node *node, struct fat_dir_cursor *slot,
                            struct cairn_why *why)
{
    fat_dir_cursor_init(slot, node->parent);
    if (node->is_root || node->removed) return CAIRN_OK;
    return fat_dir_cursor_seek(slot, node->slot, why);
}

void fat_node_put(struct cairn_fat_node *node, struct fat_dir_cursor *slot, enum fat_stage stage)
{
    struct cairn_fat *fs = node->fs;
    if (!slot->page) return;
    uint8_t meta[META_BYTES], *at = slot->at + META_AT;
    meta_encode(node, slot->at, meta);
    if (node->born == fs->epoch || (node->meta == fs->epoch && stage <= node->meta_stage)) {
        memcpy(at, meta, META_BYTES); /* not live before stage ADD, or covered by a record */
        fat_page_touch(fs, slot->page, node->born == fs->epoch ? FAT_STAGE_ADD : node->meta_stage);
    } else {
        fat_page_change(fs, slot->page, at, meta, META_BYTES, stage);
        node->meta = fs->epoch;
        node->meta_stage = stage;
    }
    fat_dir_cursor_done(slot);
}

enum cairn_err fat_node_store(struct cairn_fat_node *node, enum fat_stage stage,
                              struct cairn_why *why)
{
    struct fat_dir_cursor slot;
    enum cairn_err err = fat_node_pin(node, &slot, why);
    if (!err) fat_node_put(node, &slot, stage);
    return err;
}

bool fat_node_touch(struct cairn_fat_node *node)
{
    uint16_t date, time;
    uint8_t tenths;
    fat_time_encode(cairn_clock_wall_now(node->fs->clock), node->fs->utc_offset_min, &date, &time,
                    &tenths);
    if (node->entry.modified_date == date && node->entry.modified_time == time) return false;
    node->entry.modified_date = date;
    node->entry.modified_time = time;
    return true;
}
