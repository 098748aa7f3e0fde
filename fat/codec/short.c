/* SPDX-License-Identifier: ISC */
/* 8.3 names: what they show, the basis that a long name gets, numeric tails. */
#include "name.h"

#define BASE_BYTES 8u
#define EXT_BYTES 3u

/* ---- from disk --------------------------------------------------------------------------- */

static uint32_t unpadded(const uint8_t *field, uint32_t len)
{
    while (len > 0 && field[len - 1] == ' ')
        len--;
    return len;
}

/* Lower case is the code page's: a letter whose lower case it lacks stays as it is. */
static uint16_t byte_shown(uint8_t byte, bool lower, enum cairn_fat_codepage page)
{
    uint16_t unit = fat_codepage_unit(page, byte);
    if (!lower) return unit;
    uint16_t small = fat_downcase(unit);
    return fat_codepage_byte(page, small) ? small : unit;
}

/* The bytes as they stand, of another alphabet or shown in lower case. */
static void units_show(struct fat_name *name, uint32_t base_len, uint8_t case_bits,
                       enum cairn_fat_codepage page)
{
    for (uint32_t i = 0; i < name->len; i++) {
        bool lower = case_bits & (i < base_len ? FAT_CASE_BASE : FAT_CASE_EXT);
        uint8_t byte = i == 0 && name->units[0] == 0x05 ? 0xE5 : (uint8_t)name->units[i];
        name->units[i] = byte_shown(byte, lower, page);
    }
}

/* Does every byte show itself? */
static bool is_plain(const uint8_t raw[FAT_SHORT_BYTES], uint8_t case_bits)
{
    uint64_t first, last; /* eight of the eleven */
    memcpy(&first, raw, sizeof first);
    memcpy(&last, raw + FAT_SHORT_BYTES - sizeof last, sizeof last);
    return !((first | last) & UINT64_C(0x8080808080808080)) && raw[0] != 0x05 &&
           !(case_bits & (FAT_CASE_BASE | FAT_CASE_EXT));
}

uint8_t fat_short_case(uint8_t case_bits, enum cairn_fat_short_names policy)
{
    if (policy == CAIRN_FAT_SHORT_WIN95) return 0;
    return policy == CAIRN_FAT_SHORT_LOWER ? FAT_CASE_BASE | FAT_CASE_EXT : case_bits;
}

void fat_short_to_name(const uint8_t raw[FAT_SHORT_BYTES], uint8_t case_bits,
                       enum cairn_fat_codepage page, struct fat_name *name)
{
    uint8_t base[BASE_BYTES]; /* not in name, so that they are widened together */
    uint32_t base_len = unpadded(raw, BASE_BYTES), ext_len = unpadded(raw + BASE_BYTES, EXT_BYTES);
    uint16_t *dot = name->units + base_len;
    memcpy(base, raw, sizeof base);
    for (uint32_t i = 0; i < BASE_BYTES; i++)
        name->units[i] = base[i];
    *dot = '.';
    for (uint32_t i = 0; i < EXT_BYTES; i++)
        dot[1 + i] = raw[BASE_BYTES + i];
    name->len = (uint16_t)(base_len + (ext_len ? 1 + ext_len : 0));
    if (!is_plain(raw, case_bits)) units_show(name, base_len, case_bits, page);
}

/* What an 8.3 name never holds inside: control characters (0x7F too, which fsck.fat refuses),
 * space, lower case and " * + , . / : ; < = > ? [ \ ] | */
#define X 1u /* refused */
#define S 2u /* the space, which pads */
/* clang-format off: a row of 32 bytes a line; from 0x80 on all are allowed */
static const uint8_t kinds[256] = {
    X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
    S, 0, X, 0, 0, 0, 0, 0, 0, 0, X, X, X, 0, X, X, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, X, X, X, X, X, X,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, X, X, X, 0, 0,
    0, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, 0, X, 0, 0, X,
};
/* clang-format on */

static bool byte_valid(uint8_t byte)
{
    return kinds[byte] == 0;
}

/* Valid bytes, and behind them nothing but padding. */
static bool field_valid(const uint8_t *field, uint32_t len)
{
    for (len = unpadded(field, len); len > 0 && byte_valid(field[len - 1]);)
        len--;
    return len == 0;
}

/* 0x05 first stands for 0xE5. */
bool fat_short_valid(const uint8_t raw[FAT_SHORT_BYTES])
{
    uint32_t stands_for_e5 = raw[0] == 0x05, any = 0;
    for (uint32_t i = 0; i < FAT_SHORT_BYTES; i++)
        any |= kinds[raw[i]];
    if (raw[0] == ' ' || raw[0] == 0xE5) return false;
    if (any == 0) return true;
    return field_valid(raw + stands_for_e5, BASE_BYTES - stands_for_e5) &&
           field_valid(raw + BASE_BYTES, EXT_BYTES);
}

/* ---- from a long name -------------------------------------------------------------------- */

/* One of the two parts while it is filled. */
struct part {
    uint8_t *field;
    uint32_t len, cap;
    bool lossy;        /* something was dropped, replaced or cut */
    bool foreign;      /* holds what is not ASCII, or DEL */
    bool upper, lower; /* ASCII letters of either case were seen */
};

/* The byte for a unit, or 0 when an 8.3 name cannot hold it. */
static uint8_t short_byte(uint16_t unit, enum cairn_fat_codepage page)
{
    uint8_t byte = fat_codepage_byte(page, fat_upcase(unit));
    return byte_valid(byte) ? byte : 0;
}

static void part_add(struct part *part, uint16_t unit, enum cairn_fat_codepage page)
{
    uint8_t byte = short_byte(unit, page);
    part->foreign |= unit >= 0x7F;
    part->upper |= unit >= 'A' && unit <= 'Z';
    part->lower |= unit >= 'a' && unit <= 'z';
    part->lossy |= byte == 0 || part->len == part->cap;
    if (part->len < part->cap) part->field[part->len++] = byte ? byte : '_';
}

static struct part part_fill(const struct fat_name *name, uint32_t from, uint32_t to,
                             enum cairn_fat_codepage page, uint8_t *field, uint32_t cap)
{
    struct part part = { .field = field, .cap = cap };
    for (uint32_t i = from; i < to; i++) {
        uint16_t unit = name->units[i];
        if (unit == ' ' || unit == '.')
            part.lossy = true;
        else
            part_add(&part, unit, page);
    }
    return part;
}

/* Reads back as it was written, whatever the reader's code page: so ASCII and of one case only. */
static bool part_exact(const struct part *part)
{
    return !part->lossy && !part->foreign && !(part->upper && part->lower);
}

/* The dot that the extension stands behind, or len; those in front of first are none. */
static uint32_t last_dot(const struct fat_name *name, uint32_t first)
{
    for (uint32_t i = name->len; i > first; i--)
        if (name->units[i - 1] == '.') return i - 1;
    return name->len;
}

void fat_short_basis(const struct fat_name *name, enum cairn_fat_codepage page,
                     struct fat_short *out)
{
    uint32_t first = 0;
    while (first < name->len && (name->units[first] == '.' || name->units[first] == ' '))
        first++;
    uint32_t dot = last_dot(name, first), ext_from = dot + (dot < name->len);
    memset(out->raw, ' ', sizeof out->raw);
    struct part base = part_fill(name, first, dot, page, out->raw, BASE_BYTES);
    struct part ext = part_fill(name, ext_from, name->len, page, out->raw + BASE_BYTES, EXT_BYTES);
    bool bare_dot = dot + 1 == name->len;
    out->lossy = base.lossy || ext.lossy || first > 0 || base.len == 0 || bare_dot;
    out->exact = !out->lossy && part_exact(&base) && part_exact(&ext);
    out->case_bits = 0;
    if (out->exact && base.lower) out->case_bits |= FAT_CASE_BASE;
    if (out->exact && ext.lower) out->case_bits |= FAT_CASE_EXT;
    if (base.len == 0) out->raw[0] = '_';
    if (out->raw[0] == 0xE5) out->raw[0] = 0x05;
}

/* ---- numeric tails ----------------------------------------------------------------------- */

void fat_short_tail(const uint8_t basis[FAT_SHORT_BYTES], uint32_t number,
                    uint8_t raw[FAT_SHORT_BYTES])
{
    uint8_t tail[BASE_BYTES];
    uint32_t tail_from = BASE_BYTES;
    for (; number > 0 && tail_from > 1; number /= 10)
        tail[--tail_from] = (uint8_t)('0' + number % 10);
    tail[--tail_from] = '~';
    uint32_t tail_len = BASE_BYTES - tail_from;
    uint32_t keep = (uint32_t)cairn_min_u64(unpadded(basis, BASE_BYTES), tail_from);
    memmove(raw, basis, FAT_SHORT_BYTES);
    memcpy(raw + keep, tail + tail_from, tail_len);
    memset(raw + keep + tail_len, ' ', BASE_BYTES - keep - tail_len);
}

bool fat_short_tail_parse(const uint8_t raw[FAT_SHORT_BYTES], uint32_t *number,
                          uint32_t *prefix_len)
{
    uint32_t len = unpadded(raw, BASE_BYTES), from = len, value = 0;
    while (from > 0 && raw[from - 1] >= '0' && raw[from - 1] <= '9')
        from--;
    if (from == 0 || raw[from - 1] != '~' || from == len || raw[from] == '0' || len - from > 6)
        return false;
    for (uint32_t i = from; i < len; i++)
        value = value * 10 + (raw[i] - '0');
    *number = value;
    *prefix_len = from - 1;
    return true;
}
