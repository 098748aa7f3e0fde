/* SPDX-License-Identifier: ISC */
/*
 * 8.3 names that are new in their directory. Numeric tails are not probed one by one: the index
 * holds, for each way a basis can be cut for a tail of so many digits, the highest number seen.
 */
#include "dir.h"

#define TAIL_DIGITS_MAX 6u

static uint32_t digits_of(uint32_t number)
{
    uint32_t digits = 1;
    while (number >= 10) {
        number /= 10;
        digits++;
    }
    return digits;
}

/* Hash (FNV-1a) of what two aliases with tails of `digits` digits share when they can collide. */
static uint32_t tail_hash(const uint8_t raw[FAT_SHORT_BYTES], uint32_t prefix, uint32_t digits)
{
    uint32_t hash = 2166136261u ^ digits;
    for (uint32_t i = 0; i < FAT_SHORT_BYTES; i++) {
        if (i >= prefix && i < 8) continue;
        hash = (hash ^ raw[i]) * 16777619u;
    }
    return hash ^ prefix << 24;
}

bool fat_dir_alias_note(struct cairn_fat_node *dir, const uint8_t raw[FAT_SHORT_BYTES])
{
    uint32_t number, prefix;
    if (!fat_short_tail_parse(raw, &number, &prefix)) return true;
    uint32_t hash = tail_hash(raw, prefix, digits_of(number));
    return fat_index_tail_raise(&dir->fs->index, dir->index_id, hash, number);
}

static uint32_t basis_len(const uint8_t basis[FAT_SHORT_BYTES])
{
    uint32_t len = 8;
    while (len && basis[len - 1] == ' ')
        len--;
    return len;
}

static uint32_t prefix_len(const uint8_t basis[FAT_SHORT_BYTES], uint32_t digits)
{
    return (uint32_t)cairn_min_u64(basis_len(basis), 7 - digits);
}

/* Without an index: the highest tails of each length, by reading the directory. */
static enum cairn_err tails_scan(struct cairn_fat_node *dir, const uint8_t basis[FAT_SHORT_BYTES],
                                 uint32_t highest[TAIL_DIGITS_MAX + 1], struct cairn_why *why)
{
    struct fat_found found;
    enum cairn_err err = fat_dir_next(dir, 0, false, &found, why);
    for (; !err; err = fat_dir_next(dir, found.slot + 1, false, &found, why)) {
        uint32_t number, prefix;
        if (!fat_short_tail_parse(found.entry.raw, &number, &prefix)) continue;
        uint32_t digits = digits_of(number);
        if (digits > TAIL_DIGITS_MAX || prefix != prefix_len(basis, digits)) continue;
        if (memcmp(found.entry.raw, basis, prefix) != 0 ||
            memcmp(found.entry.raw + 8, basis + 8, 3) != 0)
            continue;
        if (number > highest[digits]) highest[digits] = number;
    }
    return err == CAIRN_ENOENT ? CAIRN_OK : err;
}

static enum cairn_err alias_is_new(struct cairn_fat_node *dir, const uint8_t raw[FAT_SHORT_BYTES],
                                   bool *is_new, struct cairn_why *why)
{
    struct fat_name name;
    struct fat_found found;
    fat_short_to_name(raw, 0, dir->fs->codepage, &name);
    enum cairn_err err = fat_dir_find(dir, &name, &found, why);
    *is_new = err == CAIRN_ENOENT;
    return *is_new ? CAIRN_OK : err;
}

/* The first new name with a tail of this many digits; *is_new false when there is none. */
static enum cairn_err tail_choose(struct cairn_fat_node *dir, const uint8_t basis[FAT_SHORT_BYTES],
                                  uint32_t digits, uint32_t highest, uint8_t raw[FAT_SHORT_BYTES],
                                  bool *is_new, struct cairn_why *why)
{
    uint32_t low = 1;
    for (uint32_t d = 1; d < digits; d++)
        low *= 10;
    *is_new = false;
    for (uint32_t number = highest < low ? low : highest + 1; number < low * 10; number++) {
        fat_short_tail(basis, number, raw);
        enum cairn_err err = alias_is_new(dir, raw, is_new, why);
        if (err || *is_new) return err;
    }
    return CAIRN_OK;
}

static enum cairn_err alias_with_tail(struct cairn_fat_node *dir, struct fat_short *alias,
                                      struct cairn_why *why)
{
    uint32_t highest[TAIL_DIGITS_MAX + 1] = { 0 };
    uint8_t basis[FAT_SHORT_BYTES];
    enum cairn_err err = CAIRN_OK;
    bool is_new;
    memcpy(basis, alias->raw, sizeof basis);
    alias->exact = false;
    alias->case_bits = 0;
    if (dir->too_big) err = tails_scan(dir, basis, highest, why);
    for (uint32_t d = 1; d <= TAIL_DIGITS_MAX && !err; d++) {
        if (!dir->too_big) {
            uint32_t hash = tail_hash(basis, prefix_len(basis, d), d);
            highest[d] = fat_index_tail(&dir->fs->index, dir->index_id, hash);
        }
        err = tail_choose(dir, basis, d, highest[d], alias->raw, &is_new, why);
        if (err || is_new) return err;
    }
    return err ? err : cairn_why_fail(why, CAIRN_ENOSPC, "no short name is left for this name");
}

enum cairn_err fat_dir_alias(struct cairn_fat_node *dir, const struct fat_name *name,
                             struct fat_short *alias, struct cairn_why *why)
{
    const struct cairn_fat *fs = dir->fs;
    fat_short_basis(name, fs->codepage, alias);
    if (fs->short_names != CAIRN_FAT_SHORT_WINNT && alias->case_bits) {
        alias->exact = false;
        alias->case_bits = 0;
    }
    if (!alias->lossy || fs->no_numeric_tail) {
        bool is_new;
        enum cairn_err err = alias_is_new(dir, alias->raw, &is_new, why);
        if (err || is_new) return err;
    }
    return alias_with_tail(dir, alias, why);
}
