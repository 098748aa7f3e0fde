/* SPDX-License-Identifier: ISC */
/* Which blocks are in the store: a bit each, looked at by words. */
#include "overlay.h"

#define WORD_BITS 64u

/* Bits [from, to) of a word, 0 <= from < to <= 64. */
static uint64_t word_bits(uint32_t from, uint32_t to)
{
    return UINT64_MAX >> (WORD_BITS - (to - from)) << from;
}

struct overlay_run blk_overlay_run(const struct cairn_blk_overlay *overlay, uint64_t block,
                                   uint64_t end)
{
    bool changed = overlay->map[block / WORD_BITS] >> (block % WORD_BITS) & 1;
    uint64_t at = block;
    while (at < end) {
        uint64_t word = overlay->map[at / WORD_BITS];
        uint64_t others = (changed ? ~word : word) >> (at % WORD_BITS);
        if (others) {
            at += (uint64_t)__builtin_ctzll(others);
            break;
        }
        at = (at / WORD_BITS + 1) * WORD_BITS;
    }
    return (struct overlay_run){ block, cairn_min_u64(at, end) - block, changed };
}

static void map_put(struct cairn_blk_overlay *overlay, uint64_t block, uint64_t count,
                    bool in_store)
{
    for (uint64_t end = block + count, next; block < end; block = next) {
        next = cairn_min_u64((block / WORD_BITS + 1) * WORD_BITS, end);
        uint64_t *word = &overlay->map[block / WORD_BITS];
        uint32_t from = (uint32_t)(block % WORD_BITS);
        uint64_t bits = word_bits(from, from + (uint32_t)(next - block));
        overlay->changed -= (uint64_t)__builtin_popcountll(*word & bits);
        *word = in_store ? *word | bits : *word & ~bits;
        overlay->changed += (uint64_t)__builtin_popcountll(*word & bits);
    }
}

void blk_overlay_set(struct cairn_blk_overlay *overlay, uint64_t block, uint64_t count)
{
    map_put(overlay, block, count, true);
}

void blk_overlay_unset(struct cairn_blk_overlay *overlay, uint64_t block, uint64_t count)
{
    map_put(overlay, block, count, false);
}

void blk_overlay_clear(struct cairn_blk_overlay *overlay)
{
    memset(overlay->map, 0, (size_t)blk_overlay_map_bytes(overlay->base.info.block_count));
    overlay->changed = 0;
}
