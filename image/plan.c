/* SPDX-License-Identifier: ISC */
#include "plan.h"

#include "os.h"
#include <cairn/bytes.h>
#include <stdlib.h>

void img_node_name(const struct img_node *node, struct fat_name *name)
{
    if (fat_name_from_utf8(name, node->name, node->name_len)) name->len = 0;
}

uint64_t img_plan_slots(const struct cairn_image_plan *plan, uint32_t dir)
{
    const struct img_node *node = &plan->tree->nodes[dir];
    uint64_t slots = dir == 0 ? plan->has_label : 2;
    for (uint32_t i = 0; i < node->child_count; i++)
        slots += plan->places[node->first_child + i].long_slots + 1u;
    return slots;
}

static enum cairn_err plan_names(struct cairn_image_plan *plan, struct cairn_why *why)
{
    const struct cairn_image_tree *tree = plan->tree;
    for (uint32_t i = 0; i < tree->count; i++) {
        if (!tree->nodes[i].is_directory) continue;
        enum cairn_err err = img_plan_aliases(plan, i, why);
        if (err) return err;
        uint64_t slots = img_plan_slots(plan, i);
        if (slots <= IMG_SLOTS_MAX) continue;
        err = cairn_why_fail(why, CAIRN_EFBIG,
                             "the folder needs %llu directory entries, FAT allows %u",
                             (unsigned long long)slots, IMG_SLOTS_MAX);
        cairn_why_hint(why, "spread the files over several folders, or shorten their names");
        return img_tree_blame(tree, i, err, why);
    }
    return CAIRN_OK;
}

/* Invariant 2. */
static void plan_order(struct cairn_image_plan *plan)
{
    const struct cairn_image_tree *tree = plan->tree;
    uint32_t at = 0;
    for (uint32_t i = 0; i < tree->count; i++)
        if (tree->nodes[i].is_directory) plan->order[at++] = i;
    plan->directory_count = at;
    for (uint32_t i = 0; i < tree->count; i++) {
        if (tree->nodes[i].is_directory) continue;
        plan->order[at++] = i;
        plan->content_bytes += tree->nodes[i].size;
    }
}

/* Invariants 1 and 3. The geometry has room for all of it. */
static void plan_clusters(struct cairn_image_plan *plan)
{
    uint32_t next = 2;
    for (uint32_t i = 0; i < plan->tree->count; i++) {
        uint32_t n = plan->order[i];
        const struct img_node *node = &plan->tree->nodes[n];
        struct img_place *place = &plan->places[n];
        uint64_t bytes = node->is_directory ? img_plan_slots(plan, n) * FAT_SLOT_BYTES : node->size;
        if (!img_in_clusters(plan, n)) bytes = 0;
        place->clusters = (uint32_t)cairn_div_up(bytes, plan->geometry.cluster_bytes);
        if (n == 0 && img_in_clusters(plan, 0) && place->clusters == 0) place->clusters = 1;
        place->first_cluster = place->clusters ? next : 0;
        next += place->clusters;
    }
    plan->used_clusters = next - 2;
}

static int64_t newest(const struct cairn_image_tree *tree)
{
    int64_t ns = INT64_MIN;
    for (uint32_t i = 1; i < tree->count; i++)
        if (img_node_time(tree, &tree->nodes[i]) > ns) ns = img_node_time(tree, &tree->nodes[i]);
    return ns;
}

static enum cairn_err plan_make(struct cairn_image_plan *plan,
                                const struct cairn_image_plan_options *options,
                                struct cairn_why *why)
{
    plan->codepage = options->codepage ? options->codepage : CAIRN_FAT_CP437;
    plan->utc_offset_min = options->format.utc_offset_min;
    plan->has_label = options->format.label[0] != '\0';
    plan->label_ns = options->now_ns == INT64_MIN ? newest(plan->tree) : options->now_ns;
    if (!cairn_fat_codepage_known(plan->codepage))
        return cairn_why_fail(why, CAIRN_EINVAL, "code page %u is not known",
                              (unsigned int)plan->codepage);
    enum cairn_err err = plan_names(plan, why);
    if (err) return err;
    plan_order(plan);
    err = img_plan_geometry(plan, options, why);
    if (err) return err;
    plan_clusters(plan);
    if (options->id_given) return CAIRN_OK;
    return img_plan_id(plan, options->id_from_content, &plan->geometry.volume_id, why);
}

enum cairn_err cairn_image_plan(struct cairn_image_plan **out, struct cairn_image_tree *tree,
                                const struct cairn_image_plan_options *options,
                                struct cairn_why *why)
{
    struct cairn_image_plan *plan = calloc(1, sizeof *plan);
    if (!plan) return img_no_memory(why);
    plan->tree = tree;
    plan->places = calloc(tree->count, sizeof *plan->places);
    plan->order = malloc(tree->count * sizeof *plan->order);
    bool enough = plan->places && plan->order;
    enum cairn_err err = enough ? plan_make(plan, options, why) : img_no_memory(why);
    if (err)
        cairn_image_plan_free(plan);
    else
        *out = plan;
    return err;
}

void cairn_image_plan_free(struct cairn_image_plan *plan)
{
    if (!plan) return;
    free(plan->places);
    free(plan->order);
    free(plan);
}
