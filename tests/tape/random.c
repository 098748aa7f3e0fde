/* SPDX-License-Identifier: ISC */
/* Random tapes. Uniform bytes alone hardly ever draw a boundary, so tapes come in three kinds. */
#include "try.h"

/* A counter, scrambled: each output is a function of the state alone, so that runs need not be
 * made in order. */
static uint64_t random_next(uint64_t *state)
{
    uint64_t x = *state += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 32) * UINT64_C(0xd6e8feb86659fd93);
    x = (x ^ x >> 32) * UINT64_C(0xd6e8feb86659fd93);
    return x ^ x >> 32;
}

static uint8_t uniform_byte(uint64_t random)
{
    return (uint8_t)random;
}

static uint8_t edge_byte(uint64_t random)
{
    static const uint8_t edges[] = { 0x00, 0x01, 0x7f, 0x80, 0xfe, 0xff, 0xff, 0x00 };
    return random >> 8 & 3 ? (uint8_t)random : edges[random >> 16 & 7];
}

/* Zero is rare, so that loops go on. */
static uint8_t small_byte(uint64_t random)
{
    return random >> 8 & 31 ? (uint8_t)(1 + (random & 7)) : 0;
}

size_t tape_random(uint64_t seed, uint32_t run, uint8_t *bytes, size_t max)
{
    static uint8_t (*const kinds[])(uint64_t) = { uniform_byte, edge_byte, small_byte };
    uint64_t state = seed * UINT64_C(0x9e3779b97f4a7c15) ^ (uint64_t)run << 32;
    (void)random_next(&state);
    uint8_t (*kind)(uint64_t) = kinds[random_next(&state) % 3];
    /* One run in four is short: what fails on a short tape needs no shrinking. */
    size_t most = run % 4 == 0 && max > 16 ? max / 16 : max;
    size_t len = 1 + (size_t)(random_next(&state) % most);
    for (size_t i = 0; i < len; i++)
        bytes[i] = kind(random_next(&state));
    return len;
}
