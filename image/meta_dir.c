/* SPDX-License-Identifier: ISC */
/* Directories. Times of creation and access stay unset: the source's differ from copy to copy. */
#include "meta.h"

#include <cairn/bytes.h>

static void times_set(const struct cairn_image_plan *plan, struct fat_dirent *entry, int64_t ns)
{
    uint8_t tenths; /* only a creation time has them */
    fat_time_encode(ns, plan->utc_offset_min, &entry->modified_date, &entry->modified_time,
                    &tenths);
}

static void entry_set(const struct cairn_image_plan *plan, uint32_t node, struct fat_dirent *entry)
{
    const struct img_node *of = &plan->tree->nodes[node];
    const struct img_place *place = &plan->places[node];
    *entry = (struct fat_dirent){ .attributes = of->attributes,
                                  .case_bits = place->case_bits,
                                  .start = place->first_cluster };
    memcpy(entry->raw, place->alias, FAT_SHORT_BYTES);
    if (of->is_directory)
        entry->attributes |= CAIRN_FAT_DIRECTORY;
    else
        entry->size = (uint32_t)of->size;
    times_set(plan, entry, img_node_time(plan->tree, of));
}

/* The slots of one name; returns the place behind them. */
static uint8_t *put_node(const struct cairn_image_plan *plan, uint32_t node, uint8_t *at)
{
    const struct img_place *place = &plan->places[node];
    if (place->long_slots) {
        struct fat_name name;
        img_node_name(&plan->tree->nodes[node], &name);
        uint8_t checksum = fat_long_checksum(place->alias);
        for (uint32_t order = place->long_slots; order > 0; order--, at += FAT_SLOT_BYTES)
            fat_long_encode(&name, order, checksum, at);
    }
    struct fat_dirent entry;
    entry_set(plan, node, &entry);
    fat_dirent_encode(&entry, at);
    return at + FAT_SLOT_BYTES;
}

static uint8_t *put_dots(const struct cairn_image_plan *plan, uint32_t dir, uint8_t *at)
{
    struct fat_dirent self;
    uint32_t parent = plan->tree->nodes[dir].parent;
    entry_set(plan, dir, &self);
    self.case_bits = 0;
    self.attributes = CAIRN_FAT_DIRECTORY;
    fat_dot_slots(at, &self, parent == 0 ? 0 : plan->places[parent].first_cluster);
    return at + (size_t)2 * FAT_SLOT_BYTES;
}

static uint8_t *put_label(const struct cairn_image_plan *plan, uint8_t *at)
{
    struct fat_dirent stamp = { 0 };
    times_set(plan, &stamp, plan->label_ns);
    fat_label_slot(at, plan->geometry.label, stamp.modified_date, stamp.modified_time);
    return at + FAT_SLOT_BYTES;
}

void img_directory_fill(const struct cairn_image_plan *plan, uint32_t dir, uint8_t *buf)
{
    const struct img_node *node = &plan->tree->nodes[dir];
    uint8_t *at = buf;
    if (dir != 0)
        at = put_dots(plan, dir, at);
    else if (plan->has_label)
        at = put_label(plan, at);
    for (uint32_t i = 0; i < node->child_count; i++)
        at = put_node(plan, node->first_child + i, at);
}
