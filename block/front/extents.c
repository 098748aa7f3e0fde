/* SPDX-License-Identifier: ISC */
/* From byte ranges of data to extents of blocks: data rounds outward, holes are what is left. */
#include "../impl.h"

#define EXTENTS_AT_ONCE 16

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

enum cairn_err blk_extents_ask(struct cairn_blk *dev, struct blk_extents *list, uint64_t end,
                               bool *room, struct cairn_why *why)
{
    uint64_t unit = list->block_bytes;
    *room = true;
    while (*room && list->at < end) {
        struct cairn_blk_extent found[EXTENTS_AT_ONCE];
        size_t n;
        enum cairn_err err =
            cairn_blk_extents(dev, list->at, end - list->at, found, CAIRN_COUNT(found), &n, why);
        if (err) return err;
        for (size_t i = 0; *room && i < n; i++) {
            uint64_t from = found[i].block * unit, to = from + found[i].count * unit;
            *room = found[i].data ? blk_extents_data(list, from, to) : blk_extents_hole(list, to);
        }
    }
    return CAIRN_OK;
}
