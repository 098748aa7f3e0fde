/* SPDX-License-Identifier: ISC */
/* From byte ranges of data to extents of blocks: data rounds outward, holes are what is left. */
#include "../impl.h"

void blk_extents_init(struct blk_extents *list, struct cairn_blk_extent *out, size_t cap,
                      uint64_t block, uint64_t count, uint32_t block_bytes)
{
    *list = (struct blk_extents){
        .out = out, .cap = cap, .at = block, .end = block + count, .block_bytes = block_bytes
    };
}

/* Blocks up to `to` are all data or all hole. */
static bool extend(struct blk_extents *list, uint64_t to, bool data)
{
    to = cairn_min_u64(to, list->end);
    if (to <= list->at) return true;
    bool joins = list->used && list->out[list->used - 1].data == data;
    if (!joins && list->used == list->cap) return false;
    if (!joins) list->out[list->used++] = (struct cairn_blk_extent){ list->at, 0, data };
    list->out[list->used - 1].count += to - list->at;
    list->at = to;
    return true;
}

bool blk_extents_hole(struct blk_extents *list, uint64_t to)
{
    if (!extend(list, to / list->block_bytes, false)) return false;
    return list->used < list->cap || (list->used && list->out[list->used - 1].data);
}

bool blk_extents_data(struct blk_extents *list, uint64_t from, uint64_t to)
{
    if (!extend(list, from / list->block_bytes, false)) return false;
    return extend(list, cairn_div_up(to, list->block_bytes), true);
}

void blk_extents_end(struct blk_extents *list)
{
    (void)extend(list, list->end, false);
}
