/* SPDX-License-Identifier: ISC */
/* What a plan tells about itself. */
#include "plan.h"

#include <cairn/bytes.h>
#include <stdlib.h>

#define BLOCK_BYTES 4096u /* what filesystems share */

void cairn_image_plan_summary(const struct cairn_image_plan *plan,
                              struct cairn_image_plan_summary *summary)
{
    const struct cairn_fat_geometry *geo = &plan->geometry;
    uint64_t slack = 0;
    for (uint32_t i = plan->directory_count; i < plan->tree->count; i++) {
        uint32_t n = plan->order[i];
        slack +=
            (uint64_t)plan->places[n].clusters * geo->cluster_bytes - plan->tree->nodes[n].size;
    }
    uint64_t data = (uint64_t)geo->data_start * geo->sector_bytes;
    *summary = (struct cairn_image_plan_summary){
        .geometry = *geo,
        .total_bytes = plan->total_bytes,
        .files = plan->tree->count - plan->directory_count,
        .directories = plan->directory_count - 1u, /* the root is none of the source's */
        .content_bytes = plan->content_bytes,
        .used_clusters = plan->used_clusters,
        .free_clusters = geo->cluster_count - plan->used_clusters,
        .slack_bytes = slack,
        .clones = data % BLOCK_BYTES == 0 && geo->cluster_bytes % BLOCK_BYTES == 0,
    };
}

/* An alias as text: base, dot, extension. */
static void alias_text(const struct cairn_image_plan *plan, const struct img_place *place,
                       char text[CAIRN_FAT_ALIAS_BYTES])
{
    struct fat_name name;
    char utf8[CAIRN_FAT_NAME_BYTES];
    fat_short_to_name(place->alias, 0, plan->codepage, &name);
    size_t len = fat_name_to_utf8(&name, utf8);
    if (len >= CAIRN_FAT_ALIAS_BYTES) len = CAIRN_FAT_ALIAS_BYTES - 1;
    memcpy(text, utf8, len);
    text[len] = '\0';
}

void cairn_image_plan_each(const struct cairn_image_plan *plan,
                           bool (*each)(void *ctx, const struct cairn_image_plan_node *node),
                           void *ctx)
{
    const struct cairn_image_tree *tree = plan->tree;
    bool go_on = true;
    for (uint32_t i = 0; go_on && i < tree->count; i++) {
        uint32_t n = plan->order[i];
        const struct img_node *of = &tree->nodes[n];
        char alias[CAIRN_FAT_ALIAS_BYTES] = "";
        char *path = img_tree_path(tree, n, false, NULL);
        if (n != 0) alias_text(plan, &plan->places[n], alias);
        struct cairn_image_plan_node node = {
            .path = path ? path : of->name,
            .alias = alias,
            .is_directory = of->is_directory,
            .attributes = of->attributes,
            .size = of->size,
            .modified_ns = img_node_time(tree, of),
            .first_cluster = plan->places[n].first_cluster,
            .clusters = plan->places[n].clusters,
        };
        go_on = each(ctx, &node);
        free(path);
    }
}
