/* SPDX-License-Identifier: ISC */
/* Chains that nothing names: used clusters that the walk of the tree did not come by. */
#include "../repair/mend.h"

/* Worth saying, as a whole tree may hang on it. */
bool fat_check_is_lost_dir(struct fat_check *c, uint32_t head)
{
    const uint8_t *slots =
        fat_check_view(c, &c->head, fat_check_cluster_at(c, head), 2 * FAT_SLOT_BYTES);
    return (slots[FAT_SLOT_ATTR] & CAIRN_FAT_DIRECTORY) && fat_check_dot_kind(slots) == 0 &&
           fat_check_dot_kind(slots + FAT_SLOT_BYTES) == 1;
}

/* Follow a chain from its head through unseen clusters; each is seen once, so all walks together
 * are linear. */
static void orphan_claim(struct fat_check *c, struct fat_check_chain *chain)
{
    uint32_t cluster = chain->start;
    while (cluster >= 2 && cluster < c->entries && !fat_check_bit(c->seen, cluster) &&
           !fat_mend_orphan_is_full(c, chain, cluster)) {
        uint32_t next = fat_check_next(c, cluster);
        if (next == FATENT_FREE || next == FATENT_BAD) break;
        fat_check_bit_set(c->seen, cluster);
        c->claimed++;
        chain->clusters++;
        chain->last = cluster;
        cluster = next;
    }
}

static void orphan_walk(struct fat_check *c, uint32_t head)
{
    struct fat_check_chain chain = { .start = head };
    if (c->mend && fat_mend_orphan_is_spare(c, head)) return;
    c->chain = &chain;
    orphan_claim(c, &chain);
    c->result->orphan_clusters += chain.clusters;
    if (fat_check_is_lost_dir(c, head)) fat_check_remark(c, "a directory that was lost");
    c->sector = (c->fat_at + fatent_offset(c->geometry.type, head)) / c->geometry.sector_bytes;
    bool in_tree = fat_check_find(c, CAIRN_FAT_FAULT_ORPHAN, head, chain.clusters, 0);
    c->sector = FAT_CHECK_NOWHERE;
    c->chain = NULL;
    if (in_tree) fat_mend_orphan_descend(c, &chain);
}

static void orphan_sweep(struct fat_check *c, bool heads_only)
{
    struct fat_check_piece piece = { 0 };
    while (c->claimed < c->result->used_clusters && fat_check_piece_next(c, &piece)) {
        for (uint32_t cluster = piece.first < 2 ? 2 : piece.first; cluster < piece.end;) {
            uint32_t value = fat_check_piece_get(c, &piece, cluster);
            bool used = value != FATENT_FREE && value != FATENT_BAD;
            bool mid = heads_only && (fat_check_bit(c->mark, cluster) ||
                                      (c->mend && fat_check_bit(c->mend->spare, cluster)));
            if (used && !mid && !fat_check_bit(c->seen, cluster)) {
                orphan_walk(c, cluster);
                fat_check_piece_again(c, &piece);
            }
            cluster++;
            if (value == FATENT_FREE) cluster = fat_check_piece_skip(c, &piece, cluster);
        }
    }
}

/* Heads first, so that each chain is told of once and whole; what is left are rings, and what
 * repair has cut off and no lost chain came by. */
void fat_check_orphans(struct fat_check *c)
{
    if (c->mend) fat_mend_orphans_begin(c);
    orphan_sweep(c, true);
    orphan_sweep(c, false);
}
