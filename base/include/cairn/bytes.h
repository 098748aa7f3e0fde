/* SPDX-License-Identifier: ISC */
/*
 * Bytes and numbers: little- and big-endian accessors (disk structures are never cast to structs),
 * arithmetic that says when it does not fit, and the few memory functions the core may call, which
 * every platform links (libc's, or unikernel/'s).
 */
#ifndef CAIRN_BYTES_H
#define CAIRN_BYTES_H

#include <cairn/def.h>

CAIRN_BEGIN

void *memcpy(void *dst, const void *src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);

/* To a freestanding compiler these are functions like any other; so a copy of eight bytes is a move
 * rather than a call. A source that defines them takes the macros away first. */
#if !__STDC_HOSTED__
#define memcpy(dst, src, n) __builtin_memcpy(dst, src, n)
#define memmove(dst, src, n) __builtin_memmove(dst, src, n)
#define memset(dst, c, n) __builtin_memset(dst, c, n)
#define memcmp(a, b, n) __builtin_memcmp(a, b, n)
#endif

static inline uint16_t cairn_le16(const uint8_t *p)
{
    return (uint16_t)(p[0] | (uint16_t)(p[1] << 8));
}

static inline uint32_t cairn_le32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline uint64_t cairn_le64(const uint8_t *p)
{
    return (uint64_t)cairn_le32(p) | (uint64_t)cairn_le32(p + 4) << 32;
}

/* dst = count little-endian numbers at src, which is elsewhere. */
static inline void cairn_le16_copy(uint16_t *dst, const uint8_t *src, size_t count)
{
    memcpy(dst, src, count * sizeof *dst);
    for (size_t i = 0; __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ && i < count; i++)
        dst[i] = cairn_le16((const uint8_t *)(dst + i));
}

static inline void cairn_le16_put(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}

static inline void cairn_le32_put(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
    p[2] = (uint8_t)(v >> 16);
    p[3] = (uint8_t)(v >> 24);
}

static inline void cairn_le64_put(uint8_t *p, uint64_t v)
{
    cairn_le32_put(p, (uint32_t)v);
    cairn_le32_put(p + 4, (uint32_t)(v >> 32));
}

static inline uint64_t cairn_min_u64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static inline uint64_t cairn_max_u64(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* Smallest multiple of unit that is not below value; unit > 0; the caller knows it fits. */
static inline uint64_t cairn_round_up(uint64_t value, uint64_t unit)
{
    uint64_t rest = value % unit;
    return rest ? value + (unit - rest) : value;
}

static inline uint64_t cairn_div_up(uint64_t value, uint64_t unit)
{
    return value / unit + (value % unit != 0);
}

static inline bool cairn_is_pow2(uint64_t value)
{
    return value != 0 && (value & (value - 1)) == 0;
}

/* log2 of a power of two. */
static inline uint32_t cairn_log2(uint64_t value)
{
    return 63u - (uint32_t)__builtin_clzll(value);
}

/* start + count <= limit, without wrapping. */
static inline bool cairn_range_fits(uint64_t start, uint64_t count, uint64_t limit)
{
    return start <= limit && count <= limit - start;
}

size_t cairn_str_len(const char *str);
bool cairn_str_equal(const char *a, const char *b);

CAIRN_END

#endif
