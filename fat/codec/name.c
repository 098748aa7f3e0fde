/* SPDX-License-Identifier: ISC */
/* Long names: UTF-8 and UTF-16, comparison, what FAT may store. */
#include "name.h"

/* One character of UTF-8 at p[0..left): its length, or 0 when it is malformed. The three bytes of a
 * surrogate pass; the caller refuses pairs of them. */
static size_t utf8_decode(const uint8_t *p, size_t left, uint32_t *character)
{
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    size_t len = p[0] < 0x80 ? 1 : p[0] < 0xC2 ? 0 : p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : 4;
    if (len == 0 || len > left || p[0] > 0xF4) return 0;
    uint32_t value = len == 1 ? p[0] : p[0] & (0x7Fu >> len);
    for (size_t i = 1; i < len; i++) {
        if ((p[i] & 0xC0) != 0x80) return 0;
        value = value << 6 | (p[i] & 0x3Fu);
    }
    if (value < least[len] || value > 0x10FFFF) return 0;
    *character = value;
    return len;
}

static bool is_high(uint32_t unit)
{
    return (unit & 0xFFFFFC00u) == 0xD800;
}

static bool is_low(uint32_t unit)
{
    return (unit & 0xFFFFFC00u) == 0xDC00;
}

/* Two surrogates that make one character have one spelling, its four bytes. */
static bool makes_pair(const struct fat_name *name, uint32_t character)
{
    return name->len > 0 && is_low(character) && is_high(name->units[name->len - 1]);
}

enum cairn_err fat_name_from_utf8(struct fat_name *name, const char *utf8, size_t len)
{
    const uint8_t *p = (const uint8_t *)utf8;
    if (len == 0) return CAIRN_ENOENT;
    name->len = 0;
    for (size_t at = 0; at < len;) {
        uint32_t character;
        size_t used = utf8_decode(p + at, len - at, &character);
        if (used == 0 || makes_pair(name, character)) return CAIRN_EILSEQ;
        uint32_t units = used == 4 ? 2 : 1;
        if (name->len + units > FAT_NAME_UNITS) return CAIRN_ENAMETOOLONG;
        if (units == 2) {
            name->units[name->len++] = (uint16_t)(0xD7C0 + (character >> 10));
            character = 0xDC00 + (character & 0x3FF);
        }
        name->units[name->len++] = (uint16_t)character;
        at += used;
    }
    return CAIRN_OK;
}

static size_t utf8_encode(uint32_t character, uint8_t *out)
{
    if (character < 0x80) {
        out[0] = (uint8_t)character;
        return 1;
    }
    size_t len = character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
    for (size_t i = len - 1; i > 0; i--, character >>= 6)
        out[i] = (uint8_t)(0x80 | (character & 0x3F));
    out[0] = (uint8_t)((0xF00u >> len & 0xF0u) | character);
    return len;
}

size_t fat_name_to_utf8(const struct fat_name *name, char *out)
{
    size_t len = 0;
    for (uint32_t i = 0; i < name->len; i++) {
        uint32_t character = name->units[i];
        if (is_high(character) && i + 1 < name->len && is_low(name->units[i + 1]))
            character = ((character - 0xD7C0) << 10) + (name->units[++i] & 0x3FFu);
        len += utf8_encode(character, (uint8_t *)out + len);
    }
    out[len] = 0;
    return len;
}

/* Control characters and " * / : < > ? \ | */
/* clang-format off: a row of 32 characters a line */
static const uint8_t refused[0x80] = {
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 1, 1,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0,
};
/* clang-format on */

/* Half of a surrogate pair without the other? */
static bool is_lone(const struct fat_name *name, uint32_t i)
{
    if (is_high(name->units[i])) return i + 1 == name->len || !is_low(name->units[i + 1]);
    return is_low(name->units[i]) && (i == 0 || !is_high(name->units[i - 1]));
}

/* From there on, the first unit that is not of ASCII or is refused, or the end. */
static uint32_t plain_end(const struct fat_name *name, uint32_t from)
{
    while (from < name->len && name->units[from] < 0x80 && !refused[name->units[from]])
        from++;
    return from;
}

/* Covers "." and ".." too: both end in a dot. */
enum cairn_err fat_name_check(const struct fat_name *name, uint32_t *bad)
{
    *bad = 0;
    if (name->len == 0) return CAIRN_EINVAL;
    for (uint32_t i = plain_end(name, 0); i < name->len; i = plain_end(name, i + 1)) {
        *bad = i;
        if (name->units[i] < 0x80 || is_lone(name, i)) return CAIRN_EINVAL;
    }
    *bad = name->len - 1u;
    uint16_t last = name->units[name->len - 1];
    return last == '.' || last == ' ' ? CAIRN_EINVAL : CAIRN_OK;
}

bool fat_name_equal(const struct fat_name *a, const struct fat_name *b)
{
    if (a->len != b->len) return false;
    for (uint32_t i = 0; i < a->len; i++) {
        uint16_t x = a->units[i], y = b->units[i];
        if (x != y && fat_upcase(x) != fat_upcase(y)) return false;
    }
    return true;
}

bool fat_name_same(const struct fat_name *a, const struct fat_name *b)
{
    return a->len == b->len && memcmp(a->units, b->units, a->len * sizeof a->units[0]) == 0;
}

/* Names are hashed eight units at a time, a byte each, as nearly all are ASCII. */
#define BYTES UINT64_C(0x0101010101010101)
#define LANES UINT64_C(0x0001000100010001)

static uint64_t ascii_upcase(uint64_t bytes)
{
    uint64_t from_a = bytes + (0x80 - 'a') * BYTES, past_z = bytes + (0x80 - 'z' - 1) * BYTES;
    return bytes ^ ((from_a & ~past_z & 0x80 * BYTES) >> 2);
}

static uint64_t foreign_upcase(const uint16_t *units)
{
    uint16_t four[4];
    uint64_t lanes;
    for (uint32_t i = 0; i < 4; i++)
        four[i] = fat_upcase(units[i]);
    memcpy(&lanes, four, sizeof lanes);
    return lanes;
}

/* A multiplication, mixed so that both low and high bits may index a table. */
static inline uint64_t hash_step(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * 0x9E3779B97F4A7C15u;
    return hash ^ hash >> 32;
}

/* Twice four units; they may overlap. */
static inline uint64_t hash_units(uint64_t hash, const uint16_t *front, const uint16_t *back)
{
    uint64_t low, high;
    memcpy(&low, front, sizeof low);
    memcpy(&high, back, sizeof high);
    if (((low | high) & 0xFF80 * LANES) == 0) return hash_step(hash, ascii_upcase(low | high << 8));
    return hash_step(hash_step(hash, foreign_upcase(front)), foreign_upcase(back));
}

uint64_t fat_name_hash64(const struct fat_name *name)
{
    const uint16_t *units = name->units, *end = units + name->len;
    uint64_t hash = hash_step(0, name->len); /* mixed: "2000" is not "30000" */
    for (; end - units > 8; units += 8)
        hash = hash_units(hash, units, units + 4);
    if (name->len >= 8) units = end - 8;
    if (name->len >= 4) hash = hash_units(hash, units, end - 4);
    for (; name->len < 4 && units < end; units++)
        hash = hash_step(hash, fat_upcase(*units));
    /* mixed once more: the last units must not touch a few bits only, or numbered names crowd */
    return hash_step(hash, 0);
}
