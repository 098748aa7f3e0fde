/* SPDX-License-Identifier: ISC */
/*
 * Type, cluster size and size of an image. What is given in the options holds; the rest:
 *
 *  - Clusters of 4 KiB (8, 16, 32 KiB from 8, 16, 32 GiB on, as mkfs.fat), so that blocks can be
 *    shared with the source; never below the sector size.
 *  - The least type that can count the clusters: FAT12, FAT16, FAT32.
 *  - A type that is given and would need more clusters than there are gets smaller ones (FAT32 of a
 *    small tree: down to 512 bytes), one that cannot count so many gets larger ones.
 *  - A volume of given size that does not hold the tree so is tried with smaller clusters, which
 *    waste less behind small files, then with larger ones.
 *  - The data area starts at a multiple of 4 KiB.
 *  - FAT12/16 have 512 entries in the root directory, more when the tree needs them.
 */
#include "plan.h"

#include <cairn/bytes.h>

#define CLUSTER_LIKED 4096u
#define CLUSTER_MAX 65536u
#define ALIGN_BYTES 4096u
#define ROOT_ENTRIES_LIKED 512u
#define ROOT_ENTRIES_MAX 65535u

struct sizing {
    const struct cairn_image_plan *plan;
    struct cairn_fat_format_options format; /* completed step by step */
    uint64_t total_bytes;                   /* given; 0: the smallest */
    uint64_t free_bytes;
    uint32_t root_slots;
};

/* Clusters that the tree needs besides the first of FAT32's root. */
static uint64_t clusters_needed(const struct sizing *s, enum cairn_fat_type type, uint32_t cluster)
{
    const struct cairn_image_tree *tree = s->plan->tree;
    uint64_t clusters = cairn_div_up(s->free_bytes, cluster);
    for (uint32_t i = 1; i < tree->count; i++) {
        const struct img_node *node = &tree->nodes[i];
        clusters += cairn_div_up(
            node->is_directory ? img_plan_slots(s->plan, i) * FAT_SLOT_BYTES : node->size, cluster);
    }
    uint64_t root = cairn_div_up((uint64_t)s->root_slots * FAT_SLOT_BYTES, cluster);
    return type == CAIRN_FAT32 && root > 1 ? clusters + root - 1 : clusters;
}

static uint32_t clusters_min(enum cairn_fat_type type)
{
    if (type == CAIRN_FAT32) return CAIRN_FAT_CLUSTERS_MAX_16 + 1;
    return type == CAIRN_FAT16 ? CAIRN_FAT_CLUSTERS_MAX_12 + 1 : 1;
}

static uint32_t clusters_max(enum cairn_fat_type type)
{
    if (type == CAIRN_FAT32) return CAIRN_FAT_CLUSTERS_MAX_32;
    return type == CAIRN_FAT16 ? CAIRN_FAT_CLUSTERS_MAX_16 : CAIRN_FAT_CLUSTERS_MAX_12;
}

/* The cluster size to begin with for so many bytes. */
static uint32_t cluster_liked(uint64_t bytes, uint32_t sector_bytes)
{
    uint32_t cluster = CLUSTER_LIKED;
    for (uint64_t limit = UINT64_C(8) << 30; bytes > limit && cluster < 32768; limit *= 2)
        cluster *= 2;
    return cluster > sector_bytes ? cluster : sector_bytes;
}

/* Root entries of FAT12/16, a whole number of sectors; false: it cannot have so many. */
static bool root_entries_set(struct sizing *s, enum cairn_fat_type type, uint32_t sector)
{
    uint32_t per_sector = sector / FAT_SLOT_BYTES;
    uint64_t need = cairn_round_up(s->root_slots, per_sector);
    if (type == CAIRN_FAT32) {
        s->format.root_entries = 0;
        return true;
    }
    uint32_t asked = s->format.root_entries ? s->format.root_entries : ROOT_ENTRIES_LIKED;
    s->format.root_entries = (uint32_t)cairn_max_u64(need, asked);
    return need <= ROOT_ENTRIES_MAX;
}

/* One attempt: exactly this type and cluster size. CAIRN_ENOSPC: does not hold the tree. */
static enum cairn_err attempt(struct sizing *s, enum cairn_fat_type type, uint32_t cluster,
                              struct cairn_image_plan *plan, struct cairn_why *why)
{
    struct sizing try = *s;
    try.format.type = type;
    try.format.cluster_bytes = cluster;
    if (!root_entries_set(&try, type, try.format.sector_bytes))
        return cairn_why_fail(why, CAIRN_EINVAL, "FAT%d has no room for %u entries in its root",
                              (int)type, s->root_slots);
    uint64_t need = clusters_needed(s, type, cluster);
    if (s->total_bytes == 0)
        return cairn_fat_geometry_fit(&try.format, need, &plan->geometry, &plan->total_bytes, why);
    struct cairn_fat_geometry geometry;
    enum cairn_err err = cairn_fat_geometry_plan(&try.format, &geometry, why);
    uint64_t have = err ? 0 : geometry.cluster_count - (type == CAIRN_FAT32);
    if (!err && have < need)
        err = cairn_why_fail(why, CAIRN_ENOSPC, "the tree does not fit: %llu bytes too many",
                             (unsigned long long)((need - have) * cluster));
    if (err == CAIRN_ENOSPC)
        cairn_why_hint(why, "leave the size out to get the smallest volume that holds it");
    if (err) return err;
    plan->geometry = geometry;
    plan->total_bytes = s->total_bytes;
    return CAIRN_OK;
}

/* The type for a cluster size: the one given, or the least that works. */
static enum cairn_err attempt_types(struct sizing *s, uint32_t cluster,
                                    struct cairn_image_plan *plan, struct cairn_why *why)
{
    static const enum cairn_fat_type types[] = { CAIRN_FAT12, CAIRN_FAT16, CAIRN_FAT32 };
    enum cairn_err err = CAIRN_EINVAL;
    if (s->format.type != CAIRN_FAT_AUTO) return attempt(s, s->format.type, cluster, plan, why);
    for (size_t i = 0; i < CAIRN_COUNT(types); i++) {
        bool last = types[i] == CAIRN_FAT32;
        if (s->total_bytes == 0 && !last &&
            clusters_needed(s, types[i], cluster) > clusters_max(types[i]))
            continue;
        struct cairn_why here = { 0 };
        enum cairn_err now = attempt(s, types[i], cluster, plan, &here);
        if (!now) return CAIRN_OK;
        /* Too small says more than a type that does not go with the size. */
        if (err != CAIRN_ENOSPC || now == CAIRN_ENOSPC) {
            err = now;
            if (why) *why = here;
        }
    }
    return err;
}

/* Smallest volume: move from the liked cluster size to where the given type has its counts. */
static uint32_t cluster_for_type(const struct sizing *s, uint32_t cluster)
{
    enum cairn_fat_type type = s->format.type;
    if (type == CAIRN_FAT_AUTO) return cluster;
    while (cluster > s->format.sector_bytes &&
           clusters_needed(s, type, cluster) < clusters_min(type))
        cluster /= 2;
    while (cluster < CLUSTER_MAX && clusters_needed(s, type, cluster) > clusters_max(type))
        cluster *= 2;
    return cluster;
}

/* Given size: the liked cluster size, then smaller ones, then larger ones. */
static enum cairn_err attempt_clusters(struct sizing *s, uint32_t liked,
                                       struct cairn_image_plan *plan, struct cairn_why *why)
{
    enum cairn_err err = attempt_types(s, liked, plan, why);
    struct cairn_why first = why ? *why : (struct cairn_why){ 0 };
    for (uint32_t c = liked / 2; err && c >= s->format.sector_bytes; c /= 2)
        err = attempt_types(s, c, plan, why);
    for (uint32_t c = liked * 2; err && c <= CLUSTER_MAX; c *= 2)
        err = attempt_types(s, c, plan, why);
    if (err && why && (first.err == CAIRN_ENOSPC || why->err != CAIRN_ENOSPC)) *why = first;
    return err && why ? why->err : err;
}

enum cairn_err img_plan_geometry(struct cairn_image_plan *plan,
                                 const struct cairn_image_plan_options *options,
                                 struct cairn_why *why)
{
    struct sizing s = { .plan = plan,
                        .format = options->format,
                        .total_bytes = options->format.total_bytes,
                        .free_bytes = options->free_bytes,
                        .root_slots = (uint32_t)img_plan_slots(plan, 0) };
    if (s.format.sector_bytes == 0) s.format.sector_bytes = 512;
    if (s.format.align_bytes == 0) s.format.align_bytes = ALIGN_BYTES;
    uint32_t given = s.format.cluster_bytes;
    if (given) return attempt_types(&s, given, plan, why);
    uint64_t bytes = s.total_bytes ? s.total_bytes : plan->content_bytes + s.free_bytes;
    uint32_t liked = cluster_liked(bytes, s.format.sector_bytes);
    if (s.total_bytes) return attempt_clusters(&s, liked, plan, why);
    return attempt_types(&s, cluster_for_type(&s, liked), plan, why);
}
