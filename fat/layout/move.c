/* SPDX-License-Identifier: ISC */
/* Moving clusters: data in large requests first, then the FAT and what leads to them. */
#include "layout.h"

/* ---- data ------------------------------------------------------------------------------------ */

/* One more transfer of the batch; joined to the last where both sides go on from it. */
static void req_add(struct fat_layout *l, uint32_t *count, enum cairn_blk_op op, uint32_t cluster,
                    uint32_t clusters, uint8_t *data, struct cairn_why *why)
{
    struct cairn_fat *fs = l->fs;
    uint64_t block = fat_block(fs, fat_cluster_sector(fs, cluster));
    uint64_t blocks = (uint64_t)clusters * fat_block(fs, fs->geo.cluster_sectors);
    size_t bytes = (size_t)clusters * fs->geo.cluster_bytes;
    if (*count) {
        struct cairn_blk_req *last = &l->reqs[*count - 1];
        struct cairn_blk_seg *seg = &l->segs[*count - 1];
        if (last->block + last->count == block && (uint8_t *)seg->data + seg->bytes == data) {
            last->count += blocks;
            seg->bytes += bytes;
            return;
        }
    }
    l->segs[*count] = (struct cairn_blk_seg){ .data = data, .bytes = bytes };
    l->reqs[*count] = (struct cairn_blk_req){ .op = op,
                                              .block = block,
                                              .count = blocks,
                                              .segs = &l->segs[*count],
                                              .seg_count = 1,
                                              .why = why };
    ++*count;
}

/* All reads, or all writes, of the moves that are begun. Directories go through the cache. */
static enum cairn_err data_run(struct fat_layout *l, enum cairn_blk_op op, struct cairn_why *why)
{
    uint32_t count = 0, at = 0;
    for (uint32_t i = 0; i < l->move_count; i++) {
        const struct fat_move *m = &l->moves[i];
        uint8_t *data = l->buffer + (size_t)at * l->fs->geo.cluster_bytes;
        at += m->count;
        if (fat_owner_is_dir(l->owner[m->from])) continue;
        uint32_t cluster = op == CAIRN_BLK_READ ? m->from : m->to;
        req_add(l, &count, op, cluster, m->count, data, why);
        if (op == CAIRN_BLK_READ) continue;
        uint64_t sectors = (uint64_t)m->count * l->fs->geo.cluster_sectors;
        fat_cache_forget(l->fs, fat_cluster_sector(l->fs, m->to), sectors);
        fat_wrote(l->fs, sectors);
    }
    return count ? cairn_blk_submit(l->dev, l->reqs, count) : CAIRN_OK;
}

/* ---- directories ----------------------------------------------------------------------------- */

/* Copy a directory's cluster with the changes that are still to be written. */
static enum cairn_err dir_copy(struct fat_layout *l, uint32_t from, uint32_t to,
                               struct cairn_why *why)
{
    struct cairn_fat *fs = l->fs;
    for (uint32_t i = 0; i < fs->geo.cluster_sectors; i += fs->cache.page_sectors) {
        struct fat_page *old, *new;
        uint8_t *old_at, *new_at;
        enum cairn_err err = fat_page_get(fs, fat_cluster_sector(fs, from) + i, &old, &old_at, why);
        if (err) return err;
        err = fat_page_fresh(fs, fat_cluster_sector(fs, to) + i, &new, &new_at, why);
        if (!err) {
            memcpy(new_at, old_at, fs->cache.page_bytes);
            fat_page_drop(new);
        }
        fat_page_drop(old);
        if (err) return err;
    }
    return CAIRN_OK;
}

/* "." of a directory's new first cluster, to which nothing leads yet. */
static enum cairn_err dot_set(struct fat_layout *l, uint32_t head, struct cairn_why *why)
{
    struct fat_page *page;
    uint8_t *at;
    enum cairn_err err = fat_layout_slot(l, head, 0, &page, &at, why);
    if (err) return err;
    if (fat_layout_is_dot(at)) fat_layout_start_put(l, page, at, head, FAT_STAGE_NEW);
    fat_page_drop(page);
    return CAIRN_OK;
}

/* ---- what leads to them ---------------------------------------------------------------------- */

/* FAT32's root moved: the boot sector and its backup say so. */
static enum cairn_err root_relink(struct fat_layout *l, uint32_t to, struct cairn_why *why)
{
    struct cairn_fat *fs = l->fs;
    uint8_t start[4];
    cairn_le32_put(start, to);
    for (uint32_t sector = 0;; sector = fs->geo.backup_boot) {
        struct fat_page *page;
        uint8_t *at;
        enum cairn_err err = fat_page_get(fs, sector, &page, &at, why);
        if (err) return err;
        fat_page_change(fs, page, at + cairn_fat_boot_root_offset(), start, sizeof start,
                        FAT_STAGE_ADD);
        fat_page_drop(page);
        if (sector == fs->geo.backup_boot) break;
    }
    fs->geo.root_cluster = to;
    fs->nodes.root->entry.start = to;
    return CAIRN_OK;
}

enum cairn_err fat_layout_relink(struct fat_layout *l, uint32_t from, uint32_t to,
                                 struct cairn_why *why)
{
    uint32_t owner = l->owner[from], number = owner & FAT_OWNER_NUMBER, slot;
    struct fat_page *page;
    uint8_t *at;
    if (!(owner & FAT_OWNER_HEAD)) return fat_table_set(l->fs, number, to, FAT_STAGE_LINK, why);
    if (from == l->fs->geo.root_cluster) return root_relink(l, to, why);
    enum cairn_err err = fat_layout_slot_of(l, number, from, &slot, &page, &at, why);
    if (err) return err;
    fat_layout_start_put(l, page, at, to, FAT_STAGE_ADD);
    fat_page_drop(page);
    return CAIRN_OK;
}

/* The map after the move, and the walk. */
static void owners_move(struct fat_layout *l, const struct fat_move *m, uint32_t next)
{
    uint32_t dir = l->owner[m->from] & FAT_OWNER_DIR;
    l->owner[m->to] = l->owner[m->from];
    for (uint32_t i = 1; i < m->count; i++)
        l->owner[m->to + i] = (m->to + i - 1) | dir;
    if (next) l->owner[next] = (m->to + m->count - 1) | dir;
    if (l->walk && l->walk->cluster >= m->from && l->walk->cluster - m->from < m->count)
        l->walk->cluster += m->to - m->from;
}

/* What a directory's new clusters need besides; before and behind the link to them. */
static enum cairn_err dir_before(struct fat_layout *l, const struct fat_move *m,
                                 struct cairn_why *why)
{
    enum cairn_err err = CAIRN_OK;
    for (uint32_t i = 0; i < m->count && !err; i++)
        err = dir_copy(l, m->from + i, m->to + i, why);
    if (!err && (l->owner[m->from] & FAT_OWNER_HEAD)) err = dot_set(l, m->to, why);
    return err;
}

static enum cairn_err dir_behind(struct fat_layout *l, const struct fat_move *m,
                                 struct cairn_why *why)
{
    enum cairn_err err = CAIRN_OK;
    for (uint32_t i = 0; i < m->count && !err; i++)
        err = fat_layout_adopt(l, m->to + i, fat_layout_slots(l, m->to), why);
    if (!err && (l->owner[m->to] & FAT_OWNER_HEAD)) err = fat_layout_dotdots(l, m->to, why);
    return err;
}

/* New entries of a FAT12 that share a byte with a link which waits for its stage arrive with that
 * one, perhaps behind the link to them: it goes out before. Where an entry of a directory leads to
 * them (compact.c) its stage is later anyway. */
static enum cairn_err uncrowd(struct fat_layout *l, uint32_t first, uint32_t count,
                              struct cairn_why *why)
{
    bool crowds;
    enum cairn_err err = fat_table_crowds(l->fs, first, count, &crowds, why);
    return err || !crowds ? err : fat_drain(l->fs, why);
}

static enum cairn_err move_link(struct fat_layout *l, const struct fat_move *m,
                                struct cairn_why *why)
{
    uint32_t next, last = m->from + m->count - 1;
    bool is_dir = fat_owner_is_dir(l->owner[m->from]);
    enum cairn_err err = fat_layout_begin(l, why);
    if (!err && is_dir) err = dir_before(l, m, why);
    if (!err) err = fat_table_next(l->fs, last, &next, why);
    if (!err) err = uncrowd(l, m->to, m->count, why);
    if (!err) err = fat_table_chain(l->fs, m->to, m->count, next ? next : FATENT_END, why);
    if (!err) err = fat_layout_relink(l, m->from, m->to, why);
    if (err) return err;
    owners_move(l, m, next);
    l->result->moved_clusters += m->count;
    err = fat_layout_leave(l, m->from, m->count, why);
    return err || !is_dir ? err : dir_behind(l, m, why);
}

/* ---- moving ---------------------------------------------------------------------------------- */

uint32_t fat_layout_piece(const struct fat_layout *l, uint32_t cluster, uint32_t max)
{
    uint32_t dir = l->owner[cluster] & FAT_OWNER_DIR, n = 1;
    uint32_t most = l->buffer_bytes / l->fs->geo.cluster_bytes;
    if (dir) return 1;
    max = (uint32_t)cairn_min_u64(max, most);
    max = (uint32_t)cairn_min_u64(max, (uint64_t)fat_cluster_last(l->fs) - cluster + 1);
    while (n < max && l->owner[cluster + n] == (cluster + n - 1))
        n++;
    return n;
}

enum cairn_err fat_layout_flush(struct fat_layout *l, struct cairn_why *why)
{
    enum cairn_err err = CAIRN_OK;
    if (l->move_count) err = data_run(l, CAIRN_BLK_READ, why);
    if (!err && l->move_count) err = data_run(l, CAIRN_BLK_WRITE, why);
    for (uint32_t i = 0; i < l->move_count && !err; i++)
        err = move_link(l, &l->moves[i], why);
    l->move_count = l->move_clusters = 0;
    return err;
}

enum cairn_err fat_layout_move(struct fat_layout *l, uint32_t from, uint32_t to, uint32_t count,
                               struct cairn_why *why)
{
    enum cairn_err err = CAIRN_OK;
    uint64_t bytes = (uint64_t)(l->move_clusters + count) * l->fs->geo.cluster_bytes;
    if (l->move_count == FAT_MOVES_MAX || bytes > l->buffer_bytes) err = fat_layout_flush(l, why);
    if (err) return err;
    l->moves[l->move_count++] = (struct fat_move){ .from = from, .to = to, .count = count };
    l->move_clusters += count;
    return CAIRN_OK;
}

enum cairn_err fat_layout_sync(struct fat_layout *l, struct cairn_why *why)
{
    enum cairn_err err = fat_layout_flush(l, why);
    if (!err) err = fat_sync(l->fs, why);
    return err ? err : fat_layout_left_free(l, why);
}

/* Take clusters for a move, after a sync when only that gives any. */
static enum cairn_err room_take(struct fat_layout *l, struct fat_range where, uint32_t want,
                                uint32_t *first, uint32_t *count, struct cairn_why *why)
{
    fat_layout_take(l, where, want, first, count);
    if (*count) return CAIRN_OK;
    enum cairn_err err = fat_layout_sync(l, why);
    if (err) return err;
    fat_layout_take(l, where, want, first, count);
    return *count ? CAIRN_OK : cairn_why_fail(why, CAIRN_ENOSPC, "no cluster is free");
}

enum cairn_err fat_layout_evacuate(struct fat_layout *l, struct fat_range what,
                                   struct fat_range where, struct cairn_why *why)
{
    for (uint32_t at = what.from; at < what.to;) {
        uint32_t first, count;
        if (!fat_owner_is_used(l->owner[at])) {
            at++;
            continue;
        }
        uint32_t piece = fat_layout_piece(l, at, what.to - at);
        enum cairn_err err = room_take(l, where, piece, &first, &count, why);
        if (!err) err = fat_layout_move(l, at, first, count, why);
        if (!err) err = fat_layout_tell(l, at - what.from, what.to - what.from, why);
        if (err) return err;
        at += count;
    }
    return fat_layout_sync(l, why);
}
