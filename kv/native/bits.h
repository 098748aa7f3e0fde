/* SPDX-License-Identifier: ISC */
/* Bits of bitmap pages, the lowest of a byte first. A bitmap is whole words of 64 bits. */
#ifndef CAIRN_KV_NATIVE_BITS_H
#define CAIRN_KV_NATIVE_BITS_H

#include <cairn/def.h>

static inline bool kvn_bit(const uint8_t *bits, uint64_t at)
{
    return bits[at / 8] >> at % 8 & 1;
}

/* Set, or clear, `count` bits from `first` on. Returns how many were not so before. */
uint64_t kvn_bits_put(uint8_t *bits, uint64_t first, uint64_t count, bool set);

/* How many of the bits of [first, first + count) are clear. */
uint64_t kvn_bits_clear(const uint8_t *bits, uint64_t first, uint64_t count);

/* A run of up to `want` clear bits of `count`: the first that is so long from `from` on, else the
 * first from the beginning on, else the longest. Returns its length, 0: none is clear. */
uint64_t kvn_bits_run(const uint8_t *bits, uint64_t count, uint64_t from, uint64_t want,
                      uint64_t *first);

#endif
