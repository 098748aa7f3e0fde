/* SPDX-License-Identifier: ISC */
/* The FAT, read from front to back: counts, entries that are wrong in themselves, which clusters
 * something points at, and the other copies. */
#include "../repair/mend.h"

#define SKIP_BYTES 64u /* of zeros, passed over at once */

/* Bits of FAT[1] that a driver clears: volume in use, errors met. */
struct state_bits {
    uint32_t clean, no_error;
};

uint32_t fat_check_copies_live(const struct fat_check *c)
{
    return c->geometry.active_only ? 1 : c->geometry.fat_count;
}

uint64_t fat_check_copy_at(const struct fat_check *c, uint32_t copy)
{
    return fat_check_sector_at(c, c->geometry.reserved_sectors +
                                      (uint64_t)copy * c->geometry.fat_sectors);
}

static bool piece_is_hole(struct fat_check *c, const struct fat_check_piece *piece)
{
    if (!fat_check_is_hole(c, &c->holes[0], c->fat_at + piece->offset, piece->bytes)) return false;
    for (uint32_t copy = 1; copy < fat_check_copies_live(c); copy++)
        if (!fat_check_is_hole(c, &c->holes[copy], fat_check_copy_at(c, copy) + piece->offset,
                               piece->bytes))
            return false;
    return true;
}

/* A FAT12 has but one piece, as its entries may straddle any border. */
static void piece_entries(const struct fat_check *c, struct fat_check_piece *piece)
{
    uint32_t entry = fatent_bytes(c->geometry.type);
    piece->first = c->geometry.type == CAIRN_FAT12 ? 0 : (uint32_t)(piece->offset / entry);
    piece->end = c->geometry.type == CAIRN_FAT12 ? c->entries : piece->first + piece->bytes / entry;
}

bool fat_check_piece_next(struct fat_check *c, struct fat_check_piece *piece)
{
    for (;;) {
        piece->offset += piece->bytes;
        if (c->canceled || piece->offset >= c->fat_bytes) return false;
        piece->bytes = (uint32_t)cairn_min_u64(FAT_CHECK_PIECE, c->fat_bytes - piece->offset);
        if (!piece_is_hole(c, piece)) break;
    }
    piece_entries(c, piece);
    fat_check_piece_again(c, piece);
    return true;
}

void fat_check_piece_again(struct fat_check *c, struct fat_check_piece *piece)
{
    struct fat_check_window *window = c->mend ? &c->mend->piece : &c->dir_window;
    piece->data = fat_check_view(c, window, c->fat_at + piece->offset, piece->bytes);
}

static bool is_zero(const uint8_t *p)
{
    uint64_t words[SKIP_BYTES / 8], any = 0;
    memcpy(words, p, sizeof words);
    for (uint32_t i = 0; i < CAIRN_COUNT(words); i++)
        any |= words[i];
    return any == 0;
}

uint32_t fat_check_piece_skip(const struct fat_check *c, const struct fat_check_piece *piece,
                              uint32_t cluster)
{
    if (c->geometry.type == CAIRN_FAT12) return cluster;
    uint32_t entry = fatent_bytes(c->geometry.type), step = SKIP_BYTES / entry;
    while (piece->end - cluster >= step && is_zero(piece->data + (cluster - piece->first) * entry))
        cluster += step;
    return cluster;
}

static const uint8_t *piece_entry(const struct fat_check *c, const struct fat_check_piece *piece,
                                  uint32_t cluster)
{
    return piece->data + (fatent_offset(c->geometry.type, cluster) - piece->offset);
}

uint32_t fat_check_piece_get(const struct fat_check *c, const struct fat_check_piece *piece,
                             uint32_t cluster)
{
    return fatent_get(c->geometry.type, piece_entry(c, piece, cluster), cluster);
}

static uint64_t entry_sector(const struct fat_check *c, uint32_t cluster)
{
    return (c->fat_at + fatent_offset(c->geometry.type, cluster)) / c->geometry.sector_bytes;
}

/* A used entry: what it points at has a predecessor from now on. */
static void entry_follow(struct fat_check *c, const struct fat_check_piece *piece, uint32_t cluster,
                         uint32_t value)
{
    c->result->used_clusters++;
    if (value == FATENT_END) return;
    if (!fat_check_in_range(c, value)) {
        c->sector = entry_sector(c, cluster);
        bool again = fat_check_find(c, CAIRN_FAT_FAULT_FAT_RANGE, cluster, c->last, value);
        c->sector = FAT_CHECK_NOWHERE;
        if (again) value = fat_check_piece_get(c, piece, cluster);
    }
    if (fat_check_in_range(c, value) && value < c->entries) fat_check_bit_set(c->mark, value);
}

/* The entries with reserved bits set, told of together: there are none or thousands. */
struct nibbles {
    uint32_t count, first;
};

static void piece_scan(struct fat_check *c, const struct fat_check_piece *piece,
                       struct nibbles *nibbles)
{
    bool is_32 = c->geometry.type == CAIRN_FAT32;
    for (uint32_t cluster = piece->first < 2 ? 2 : piece->first; cluster < piece->end;) {
        uint32_t value = fat_check_piece_get(c, piece, cluster);
        if (is_32 && piece_entry(c, piece, cluster)[3] >> 4 && nibbles->count++ == 0)
            nibbles->first = cluster;
        if (value == FATENT_BAD)
            c->result->bad_clusters++;
        else if (value != FATENT_FREE)
            entry_follow(c, piece, cluster, value);
        cluster++;
        if (value == FATENT_FREE) cluster = fat_check_piece_skip(c, piece, cluster);
    }
}

/* Differences between the copy in force and one other. */
struct copy_diff {
    uint64_t sectors, first;
};

static void piece_compare(struct fat_check *c, const struct fat_check_piece *piece, uint32_t copy,
                          struct copy_diff *diff)
{
    uint32_t unit = c->geometry.sector_bytes;
    uint64_t at = fat_check_copy_at(c, copy) + piece->offset;
    const uint8_t *other = fat_check_view(c, &c->windows[0], at, piece->bytes);
    if (memcmp(other, piece->data, piece->bytes) == 0) return;
    for (uint32_t i = 0; i < piece->bytes; i += unit) {
        uint32_t bytes = piece->bytes - i < unit ? piece->bytes - i : unit;
        if (memcmp(other + i, piece->data + i, bytes) == 0) continue;
        if (diff->sectors++ == 0) diff->first = (at + i) / unit;
    }
}

static uint32_t with_ones(const struct fat_check *c, uint32_t byte)
{
    if (c->geometry.type == CAIRN_FAT12) return 0xF00 | byte;
    return c->geometry.type == CAIRN_FAT16 ? 0xFF00 | byte : 0x0FFFFF00 | byte;
}

static struct state_bits state_bits(const struct fat_check *c)
{
    if (c->geometry.type == CAIRN_FAT16) return (struct state_bits){ 0x8000, 0x4000 };
    if (c->geometry.type == CAIRN_FAT32) return (struct state_bits){ 0x08000000, 0x04000000 };
    return (struct state_bits){ 0, 0 };
}

/* FAT[0] and FAT[1] hold no chain but the media byte and the state. */
static void reserved_check(struct fat_check *c)
{
    enum cairn_fat_type type = c->geometry.type;
    uint32_t ones = with_ones(c, 0xFF), media = with_ones(c, c->geometry.media);
    struct state_bits bits = state_bits(c);
    const uint8_t *p = fat_check_view(c, &c->windows[0], c->fat_at, 2 * fatent_bytes(type));
    uint32_t zero = (type == CAIRN_FAT32 ? cairn_le32(p) : cairn_le16(p)) & ones;
    p += fatent_offset(type, 1);
    uint32_t one = type == CAIRN_FAT32   ? cairn_le32(p) & ones
                   : type == CAIRN_FAT16 ? cairn_le16(p)
                                         : (uint32_t)cairn_le16(p) >> 4;
    uint64_t sector = c->fat_at / c->geometry.sector_bytes;
    if (zero != media) fat_check_find_at(c, CAIRN_FAT_FAULT_FAT_MEDIA, sector, zero, media);
    if ((one | bits.clean | bits.no_error) < with_ones(c, 0xF8)) {
        fat_check_find_at(c, CAIRN_FAT_FAULT_FAT_RESERVED, sector, one, 0);
        return;
    }
    if (bits.clean && !(one & bits.clean)) c->is_dirty = true;
    if (bits.no_error && !(one & bits.no_error)) c->has_error = true;
}

static void copies_tell(struct fat_check *c, const struct copy_diff diffs[4])
{
    for (uint32_t copy = 1; copy < fat_check_copies_live(c); copy++)
        if (diffs[copy].sectors)
            fat_check_find_at(c, CAIRN_FAT_FAULT_FATS_DIFFER, diffs[copy].first,
                              diffs[copy].sectors, copy);
}

void fat_check_fat(struct fat_check *c)
{
    struct cairn_fat_check_result *result = c->result;
    struct fat_check_piece piece = { 0 };
    struct copy_diff diffs[4] = { { 0 } };
    struct nibbles nibbles = { 0 };
    reserved_check(c);
    uint32_t compared = c->mend && c->mend->pass > 1 ? 1 : fat_check_copies_live(c);
    while (fat_check_piece_next(c, &piece)) {
        for (uint32_t copy = 1; copy < compared; copy++)
            piece_compare(c, &piece, copy, &diffs[copy]);
        piece_scan(c, &piece, &nibbles);
        fat_check_progress(c, piece.end);
    }
    result->clusters = c->geometry.cluster_count;
    result->free_clusters = result->clusters - result->used_clusters - result->bad_clusters;
    copies_tell(c, diffs);
    if (nibbles.count)
        fat_check_find(c, CAIRN_FAT_FAULT_FAT_NIBBLE, nibbles.first, nibbles.count, 0);
}
