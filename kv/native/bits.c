/* SPDX-License-Identifier: ISC */
/* A word at a time. */
#include "bits.h"

#include <cairn/bytes.h>

#define WORD 64u

static uint64_t word_at(const uint8_t *bits, uint64_t word)
{
    return cairn_le64(bits + word * sizeof(uint64_t));
}

/* Of the word's bits, those in [first, end). */
static uint64_t mask_of(uint64_t word, uint64_t first, uint64_t end)
{
    uint64_t mask = UINT64_MAX;
    if (first > word * WORD) mask <<= first % WORD;
    if (end < (word + 1) * WORD) mask &= UINT64_MAX >> (WORD - end % WORD);
    return mask;
}

/* Without the compiler's own, which is a function of its library where there is no such
 * instruction. */
static uint32_t ones(uint64_t word)
{
    word -= word >> 1 & UINT64_C(0x5555555555555555);
    word = (word & UINT64_C(0x3333333333333333)) + (word >> 2 & UINT64_C(0x3333333333333333));
    word = (word + (word >> 4)) & UINT64_C(0x0F0F0F0F0F0F0F0F);
    return (uint32_t)(word * UINT64_C(0x0101010101010101) >> 56);
}

uint64_t kvn_bits_put(uint8_t *bits, uint64_t first, uint64_t count, bool set)
{
    uint64_t end = first + count, changed = 0;
    for (uint64_t word = first / WORD; word * WORD < end; word++) {
        uint64_t old = word_at(bits, word), mask = mask_of(word, first, end);
        uint64_t now = set ? old | mask : old & ~mask;
        changed += ones(old ^ now);
        cairn_le64_put(bits + word * sizeof(uint64_t), now);
    }
    return changed;
}

uint64_t kvn_bits_clear(const uint8_t *bits, uint64_t first, uint64_t count)
{
    uint64_t end = first + count, clear = 0;
    for (uint64_t word = first / WORD; word * WORD < end; word++)
        clear += ones(~word_at(bits, word) & mask_of(word, first, end));
    return clear;
}

/* The first bit from `from` on that is set (or, flip all ones: clear), or count. */
static uint64_t find(const uint8_t *bits, uint64_t count, uint64_t from, uint64_t flip)
{
    for (uint64_t word = from / WORD; word * WORD < count; word++) {
        uint64_t found = (word_at(bits, word) ^ flip) & mask_of(word, from, count);
        if (found) return word * WORD + (uint64_t)__builtin_ctzll(found);
    }
    return count;
}

/* The first run as long as `want` that begins in [from, end), else the longest of these. */
static uint64_t find_run(const uint8_t *bits, uint64_t count, uint64_t from, uint64_t end,
                         uint64_t want, uint64_t *first)
{
    uint64_t longest = 0;
    for (uint64_t at = find(bits, count, from, UINT64_MAX); at < end && longest < want;) {
        uint64_t behind = find(bits, cairn_min_u64(count, at + want), at, 0);
        if (behind - at > longest) {
            longest = behind - at;
            *first = at;
        }
        at = find(bits, count, behind, UINT64_MAX);
    }
    return longest;
}

uint64_t kvn_bits_run(const uint8_t *bits, uint64_t count, uint64_t from, uint64_t want,
                      uint64_t *first)
{
    uint64_t early = 0;
    uint64_t late_length = find_run(bits, count, from, count, want, first);
    if (late_length == want) return want;
    uint64_t length = find_run(bits, count, 0, from, want, &early);
    if (length <= late_length) return late_length;
    *first = early;
    return length;
}
