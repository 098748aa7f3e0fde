/* SPDX-License-Identifier: ISC */
/*
 * Names: UTF-8, UTF-16, upper case, code pages, 8.3 aliases. Pure: no I/O, no state.
 * fatgen103, "Long Directory Entries", "Name Limits and Character Sets".
 */
#ifndef CAIRN_FAT_NAME_PRIVATE_H
#define CAIRN_FAT_NAME_PRIVATE_H

#include <cairn/bytes.h>
#include <cairn/fat.h>

#define FAT_NAME_UNITS CAIRN_FAT_NAME_UNITS
#define FAT_SHORT_BYTES 11

#define FAT_NAME_ROOM 260 /* what the most long slots hold */

/* A long name in UTF-16 units (host order, not terminated), at most FAT_NAME_UNITS. */
struct fat_name {
    uint16_t len;
    uint16_t units[FAT_NAME_ROOM];
};

/* UTF-8 to UTF-16: strict (no overlong forms, no surrogates, at most U+10FFFF).
 * CAIRN_EILSEQ, CAIRN_ENAMETOOLONG (over 255 units), CAIRN_ENOENT for len 0. */
enum cairn_err fat_name_from_utf8(struct fat_name *name, const char *utf8,
                                  size_t len) CAIRN_MUST_USE;

/* UTF-16 to UTF-8, NUL-terminated; a lone surrogate becomes the three bytes that UTF-8 would give
 * it (and from_utf8 takes exactly those back, so every name on disk can be named). Returns the
 * length. out holds CAIRN_FAT_NAME_BYTES. */
size_t fat_name_to_utf8(const struct fat_name *name, char *out);

/* Is it a name FAT may store: no control characters, none of " * / : < > ? \ |, no lone surrogate,
 * not "." or "..", not ending in a dot or a space, not empty? Reserved device names (CON, NUL, ...)
 * are legal on disk and allowed. CAIRN_EINVAL, and *bad is the index of the unit that is refused.
 */
enum cairn_err fat_name_check(const struct fat_name *name, uint32_t *bad) CAIRN_MUST_USE;

/* One-to-one upper case of a unit (basic plane, reversible pairs only, so that neither dotless i,
 * long s nor sharp s fold; surrogates map to themselves). */
uint16_t fat_upcase(uint16_t unit);
/* The reverse of fat_upcase. */
uint16_t fat_downcase(uint16_t unit);
bool fat_name_equal(const struct fat_name *a, const struct fat_name *b); /* without case */
bool fat_name_same(const struct fat_name *a, const struct fat_name *b);  /* to the unit */
/* Hash of the upper-cased name; equal names have equal hashes. The 32-bit one is of the same. */
uint64_t fat_name_hash64(const struct fat_name *name);
static inline uint32_t fat_name_hash(const struct fat_name *name)
{
    return (uint32_t)fat_name_hash64(name);
}
/* out = name, no more of it than there is. */
static inline void fat_name_copy(struct fat_name *out, const struct fat_name *name)
{
    out->len = name->len;
    memcpy(out->units, name->units, name->len * sizeof name->units[0]);
}

/* A byte of a code page as a unit: each has one of its own. And the reverse; 0 where there is none
 * (unit 0 excepted). */
uint16_t fat_codepage_unit(enum cairn_fat_codepage page, uint8_t byte);
uint8_t fat_codepage_byte(enum cairn_fat_codepage page, uint16_t unit);

/* NT's case bits (offset 12 of an entry): base name, extension are shown in lower case. */
#define FAT_CASE_BASE 0x08u
#define FAT_CASE_EXT 0x10u
/* Of the same byte: the 8.3 name is none, only the long one counts (some Linux kernels, fsck.fat).
 */
#define FAT_CASE_NO_SHORT 0x20u

/* The case bits that an entry is shown by. */
uint8_t fat_short_case(uint8_t case_bits, enum cairn_fat_short_names policy);

/* The name that an 8.3 entry without long name shows: 0x05 as 0xE5, padding cut, a dot only with an
 * extension, lower case by case_bits where the code page has it. At most 12 units. */
void fat_short_to_name(const uint8_t raw[FAT_SHORT_BYTES], uint8_t case_bits,
                       enum cairn_fat_codepage page, struct fat_name *name);

/* Characters allowed in an 8.3 name on disk (0x05 first stands for 0xE5; no leading space; padding
 * only at the ends; no lower case, no control characters nor 0x7F, none of " * + , . / : ; < = > ?
 * [ \ ] |)?
 */
bool fat_short_valid(const uint8_t raw[FAT_SHORT_BYTES]);

/* What a long name becomes as 8.3. */
struct fat_short {
    uint8_t raw[FAT_SHORT_BYTES]; /* the 11 bytes, space-padded, 0xE5 as 0x05 */
    uint8_t case_bits;
    bool exact; /* with case_bits it is the whole name: no long slots needed */
    bool lossy; /* a character was replaced or cut: needs a numeric tail */
};
/* The basis of fatgen103, "The Basis-Name Generation Algorithm": spaces and leading dots dropped,
 * upper-cased, '_' for what the code page lacks or 8.3 refuses, 8 characters, last dot's 3. */
void fat_short_basis(const struct fat_name *name, enum cairn_fat_codepage page,
                     struct fat_short *out);

/* raw = the basis with "~number" put in behind its first characters, as many as fit in 8.
 * number 1 to 999999. */
void fat_short_tail(const uint8_t basis[FAT_SHORT_BYTES], uint32_t number,
                    uint8_t raw[FAT_SHORT_BYTES]);
/* The reverse: does raw end in ~number (no leading zero)? *prefix_len: characters before it. */
bool fat_short_tail_parse(const uint8_t raw[FAT_SHORT_BYTES], uint32_t *number,
                          uint32_t *prefix_len);

#endif
