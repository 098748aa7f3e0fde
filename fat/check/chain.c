/* SPDX-License-Identifier: ISC */
/* One entry of the FAT at a time, and chains of them. */
#include "../repair/mend.h"

#define FAT_LEAP 4096u  /* bytes of the FAT: a chain that goes on farther away leaps */
#define FAT_LITTLE 512u /* of them are read then */

/* How much of the FAT to read for the entry at `offset`: a whole piece, unless the windows hold but
 * a part of all pieces and chains leap about: then each of their clusters would read one. */
static uint32_t bytes_wanted(struct fat_check *c, uint64_t offset)
{
    bool all_fit = c->fat_bytes <= (uint64_t)c->window_count * FAT_CHECK_PIECE;
    bool ahead = offset > c->fat_read;
    uint64_t leap = ahead ? offset - c->fat_read : c->fat_read - offset;
    c->fat_read = offset;
    return all_fit || leap < FAT_LEAP ? FAT_CHECK_PIECE : FAT_LITTLE;
}

/* The window that holds the bytes, or the one that was not used for the longest time. */
static struct fat_check_window *window_choose(struct fat_check *c, uint64_t at, uint32_t bytes)
{
    struct fat_check_window *oldest = &c->windows[0];
    for (uint32_t i = 0; i < c->window_count; i++) {
        struct fat_check_window *window = &c->windows[i];
        if (fat_check_holds(window, at, bytes)) return window;
        if (window->used < oldest->used) oldest = window;
    }
    return oldest;
}

static const uint8_t *fat_at(struct fat_check *c, uint64_t offset)
{
    uint64_t at = c->fat_at + offset;
    uint32_t entry = fatent_bytes(c->geometry.type);
    c->window = window_choose(c, at, entry);
    c->window->used = ++c->ticks;
    if (!fat_check_holds(c->window, at, entry)) {
        uint32_t wanted = bytes_wanted(c, offset);
        uint64_t start = offset / wanted * wanted;
        wanted = (uint32_t)cairn_min_u64(wanted, c->fat_bytes - start);
        (void)fat_check_view(c, c->window, c->fat_at + start, wanted);
    }
    return c->window->data + (at - c->window->at);
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

/* Is the taken cluster among the first `count` of the chain itself? Costs what claiming them did;
 * but repair may mend one chain in thousands of places, so all together are bounded. Beyond, a loop
 * counts as another's cluster, which is wrong in words and right in that it ends there. */
static bool is_own(struct fat_check *c, uint32_t start, uint32_t count, uint32_t cluster)
{
    for (uint32_t at = start; count > 0 && c->own_left > 0; count--, c->own_left--) {
        if (at == cluster) return true;
        at = fat_check_next(c, at);
    }
    return false;
}

enum step { STEP_ON, STEP_END };

/* Behind a fault the chain ends, unless repair made it go on: with what follows its last cluster
 * now. */
static enum step step_again(struct fat_check *c, struct fat_check_chain *chain, bool again,
                            uint32_t *cluster)
{
    if (!again) return STEP_END;
    *cluster = chain->last ? fat_check_next(c, chain->last) : chain->start;
    chain->sound = *cluster == FATENT_END;
    return chain->sound ? STEP_END : STEP_ON;
}

/* A directory goes on where a file was before: its entries must be seen, or all below it would
 * count as lost. */
static enum step step_over_file(struct fat_check *c, struct fat_check_chain *chain,
                                uint32_t *cluster)
{
    if (chain->met_file) return STEP_ON;
    if (fat_check_find(c, CAIRN_FAT_FAULT_CHAIN_SHARED, *cluster, chain->clusters, 0))
        return step_again(c, chain, true, cluster);
    chain->met_file = true;
    return chain->cut ? STEP_END : STEP_ON;
}

/* Into a cluster that something has taken already, the chain itself maybe. */
static enum step step_taken(struct fat_check *c, struct fat_check_chain *chain, uint32_t *cluster)
{
    bool by_dir = fat_check_bit(c->mark, *cluster) || fat_mend_knows_dir(c, *cluster);
    if (chain->is_dir && !by_dir) return step_over_file(c, chain, cluster);
    bool own = is_own(c, chain->start, chain->clusters, *cluster);
    bool again = fat_check_find(c, own ? CAIRN_FAT_FAULT_CHAIN_LOOP : CAIRN_FAT_FAULT_CHAIN_SHARED,
                                *cluster, chain->clusters, 0);
    return step_again(c, chain, again, cluster);
}

static bool is_taken(const struct fat_check *c, const struct fat_check_chain *chain,
                     uint32_t cluster)
{
    if (cluster >= c->entries) return false;
    return fat_check_bit(c->seen, cluster) || (!chain->is_dir && fat_mend_knows_dir(c, cluster));
}

static void take(struct fat_check *c, uint32_t cluster, struct fat_check_chain *chain)
{
    if (!fat_check_bit(c->seen, cluster)) c->claimed++;
    fat_check_bit_set(c->seen, cluster);
    if (chain->is_dir)
        fat_check_bit_set(c->mark, cluster);
    else
        fat_check_bit_clear(c->mark, cluster);
    chain->clusters++;
    chain->last = cluster;
    if (cluster < c->outside) return;
    if (chain->outside++ == 0) chain->outside_first = cluster;
}

/* One step: takes the cluster and sets it to the next one. */
static enum step claim_step(struct fat_check *c, uint32_t *cluster, struct fat_check_chain *chain)
{
    uint32_t next = fat_check_next(c, *cluster);
    if (next == FATENT_FREE || next == FATENT_BAD) {
        enum cairn_fat_fault fault =
            next == FATENT_FREE ? CAIRN_FAT_FAULT_CHAIN_FREE : CAIRN_FAT_FAULT_CHAIN_BAD;
        bool again = fat_check_find(c, fault, *cluster, chain->clusters, 0);
        return step_again(c, chain, again, cluster);
    }
    take(c, *cluster, chain);
    chain->sound = next == FATENT_END;
    if (chain->sound) return STEP_END;
    if (!fat_check_in_range(c, next)) {
        bool again =
            fat_check_find(c, CAIRN_FAT_FAULT_CHAIN_RANGE, *cluster, chain->clusters, next);
        return step_again(c, chain, again, cluster);
    }
    if (next != *cluster + 1) chain->runs++;
    *cluster = next;
    return STEP_ON;
}

static void claim_from(struct fat_check *c, struct fat_check_chain *chain, uint32_t cluster)
{
    enum step step = STEP_ON;
    while (step == STEP_ON && !c->canceled) {
        uint32_t before = cluster;
        if (is_taken(c, chain, cluster)) step = step_taken(c, chain, &cluster);
        if (step == STEP_ON && cluster == before) step = claim_step(c, &cluster, chain);
    }
    if (chain->outside)
        fat_check_find(c, CAIRN_FAT_FAULT_CHAIN_OUTSIDE, chain->outside_first, chain->outside, 0);
}

void fat_check_claim(struct fat_check *c, struct fat_check_chain *chain)
{
    c->chain = chain;
    chain->runs = 1;
    chain->sound = false;
    if (fat_check_in_range(c, chain->start))
        claim_from(c, chain, chain->start);
    else
        fat_check_find(c, CAIRN_FAT_FAULT_CHAIN_START, 0, c->last, chain->start);
}

void fat_check_claim_more(struct fat_check *c, struct fat_check_chain *chain)
{
    uint32_t cluster = 0;
    if (step_again(c, chain, true, &cluster) == STEP_ON) claim_from(c, chain, cluster);
}
