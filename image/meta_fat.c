/* SPDX-License-Identifier: ISC */
#include "meta.h"

#include <cairn/bytes.h>
#include <fat/codec/boot.h>
#include <fat/codec/fatent.h>

uint64_t img_fat_used_bytes(const struct cairn_image_plan *plan)
{
    const struct cairn_fat_geometry *geo = &plan->geometry;
    uint32_t last = plan->used_clusters + 1;
    uint64_t bytes = fatent_offset(geo->type, last) + fatent_bytes(geo->type);
    return cairn_round_up(bytes, geo->sector_bytes);
}

static void put(const struct cairn_image_plan *plan, uint8_t *buf, uint32_t first, uint32_t cluster,
                uint32_t value)
{
    enum cairn_fat_type type = plan->geometry.type;
    uint64_t at = fatent_offset(type, cluster) - fatent_offset(type, first);
    fatent_put(type, buf + at, cluster, value);
}

/* The part of one chain that lies in [first, end): each entry names the next. */
static void put_chain(const struct cairn_image_plan *plan, const struct img_place *place,
                      uint32_t first, uint32_t end, uint8_t *buf)
{
    uint32_t last = place->first_cluster + place->clusters - 1;
    uint32_t from = place->first_cluster > first ? place->first_cluster : first;
    uint32_t to = last < end ? last : end;
    for (uint32_t cluster = from; cluster < to; cluster++)
        put(plan, buf, first, cluster, cluster + 1);
    if (last >= first && last < end) put(plan, buf, first, last, FATENT_END);
}

void img_fat_fill(const struct cairn_image_plan *plan, struct img_fat_cursor *cursor,
                  uint32_t first, uint32_t count, uint8_t *buf)
{
    uint32_t end = first + count;
    if (first == 0) {
        put(plan, buf, first, 0, 0x0FFFFF00u | plan->geometry.media);
        put(plan, buf, first, 1, FATENT_END);
    }
    for (; cursor->at < plan->tree->count; cursor->at++) {
        const struct img_place *place = &plan->places[plan->order[cursor->at]];
        if (place->clusters == 0) continue;
        if (place->first_cluster >= end) return;
        put_chain(plan, place, first, end, buf);
        if (place->first_cluster + place->clusters > end) return;
    }
}

void img_fsinfo_fill(const struct cairn_image_plan *plan, uint8_t *sector)
{
    const struct cairn_fat_geometry *geo = &plan->geometry;
    uint32_t left = geo->cluster_count - plan->used_clusters;
    struct cairn_fat_fsinfo info = { .valid = true,
                                     .free_clusters = left,
                                     .next_free = left ? plan->used_clusters + 2
                                                       : CAIRN_FAT_FSINFO_UNKNOWN };
    cairn_fat_fsinfo_encode(&info, sector, geo->sector_bytes);
}
