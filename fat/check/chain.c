/* SPDX-License-Identifier: ISC */
/* One entry of the FAT at a time, and chains of them. */
#include "check.h"

/* The piece of the FAT that holds `offset`, out of a few that were used last. */
static const uint8_t *fat_at(struct fat_check *c, uint64_t offset)
{
    uint64_t start = offset / FAT_CHECK_PIECE * FAT_CHECK_PIECE, at = c->fat_at + offset;
    struct fat_check_window *oldest = &c->windows[0];
    uint32_t bytes = (uint32_t)cairn_min_u64(FAT_CHECK_PIECE, c->fat_bytes - start);
    for (uint32_t i = 0; i < c->window_count; i++) {
        struct fat_check_window *window = &c->windows[i];
        if (fat_check_holds(window, c->fat_at + start, bytes)) {
            oldest = window;
            break;
        }
        if (window->used < oldest->used) oldest = window;
    }
    oldest->used = ++c->ticks;
    c->window = oldest;
    return fat_check_view(c, oldest, c->fat_at + start, bytes) + (at - (c->fat_at + start));
}

uint32_t fat_check_next(struct fat_check *c, uint32_t cluster)
{
    enum cairn_fat_type type = c->geometry.type;
    if (cluster >= c->entries) return FATENT_FREE; /* its entry is behind the device's end */
    uint64_t offset = fatent_offset(type, cluster), at = c->fat_at + offset;
    if (c->fat) return fatent_get(type, c->fat + offset, cluster);
    if (fat_check_holds(c->window, at, fatent_bytes(type)))
        return fatent_get(type, c->window->data + (at - c->window->at), cluster);
    return fatent_get(type, fat_at(c, offset), cluster);
}

/* Is the taken cluster among the first `count` of the chain itself? Costs what claiming them did.
 */
static bool is_own(struct fat_check *c, uint32_t start, uint32_t count, uint32_t cluster)
{
    for (uint32_t at = start; count > 0; count--, at = fat_check_next(c, at))
        if (at == cluster) return true;
    return false;
}

/* May the chain go on into this cluster? A directory goes on where a file was before: its entries
 * must be seen, or all below it would count as lost. */
static bool is_open(struct fat_check *c, uint32_t start, uint32_t cluster, bool is_dir,
                    struct fat_check_chain *chain)
{
    if (cluster >= c->entries || !fat_check_bit(c->seen, cluster)) return true;
    bool by_dir = fat_check_bit(c->mark, cluster);
    if (by_dir || !is_dir) {
        bool own = is_own(c, start, chain->clusters, cluster);
        fat_check_find(c, own ? CAIRN_FAT_FAULT_CHAIN_LOOP : CAIRN_FAT_FAULT_CHAIN_SHARED, cluster,
                       chain->clusters, 0);
        return false;
    }
    if (!chain->met_file)
        fat_check_find(c, CAIRN_FAT_FAULT_CHAIN_SHARED, cluster, chain->clusters, 0);
    chain->met_file = true;
    return true;
}

static void take(struct fat_check *c, uint32_t cluster, bool is_dir, struct fat_check_chain *chain)
{
    if (!fat_check_bit(c->seen, cluster)) c->claimed++;
    fat_check_bit_set(c->seen, cluster);
    if (is_dir)
        fat_check_bit_set(c->mark, cluster);
    else
        fat_check_bit_clear(c->mark, cluster);
    chain->clusters++;
    if (cluster < c->outside) return;
    if (chain->outside++ == 0) chain->outside_first = cluster;
}

/* One step: takes the cluster and sets it to the next one; false: the chain ends here. */
static bool claim_step(struct fat_check *c, uint32_t *cluster, bool is_dir,
                       struct fat_check_chain *chain)
{
    uint32_t next = fat_check_next(c, *cluster);
    if (next == FATENT_FREE || next == FATENT_BAD) {
        enum cairn_fat_fault fault =
            next == FATENT_FREE ? CAIRN_FAT_FAULT_CHAIN_FREE : CAIRN_FAT_FAULT_CHAIN_BAD;
        fat_check_find(c, fault, *cluster, chain->clusters, 0);
        return false;
    }
    take(c, *cluster, is_dir, chain);
    chain->sound = next == FATENT_END;
    if (chain->sound) return false;
    if (next < 2 || next > c->last) {
        fat_check_find(c, CAIRN_FAT_FAULT_CHAIN_RANGE, *cluster, chain->clusters, next);
        return false;
    }
    if (next != *cluster + 1) chain->runs++;
    *cluster = next;
    return true;
}

void fat_check_claim(struct fat_check *c, uint32_t start, bool is_dir,
                     struct fat_check_chain *chain)
{
    *chain = (struct fat_check_chain){ .runs = 1 };
    if (start < 2 || start > c->last) {
        fat_check_find(c, CAIRN_FAT_FAULT_CHAIN_START, 0, c->last, start);
        return;
    }
    uint32_t cluster = start;
    while (is_open(c, start, cluster, is_dir, chain))
        if (!claim_step(c, &cluster, is_dir, chain)) break;
    if (chain->outside)
        fat_check_find(c, CAIRN_FAT_FAULT_CHAIN_OUTSIDE, chain->outside_first, chain->outside, 0);
}
