/* SPDX-License-Identifier: ISC */
/* Entries of the FAT: pure codec. fatgen103, "FAT Data Structure". */
#ifndef CAIRN_FAT_FATENT_H
#define CAIRN_FAT_FATENT_H

#include <cairn/bytes.h>
#include <cairn/fat_format.h>

#define FATENT_FREE 0u
#define FATENT_BAD 0x0FFFFFF7u /* what get returns for a bad cluster, of every type */
#define FATENT_END 0x0FFFFFFFu /* what get returns for an end mark, of every type */

/* Byte offset of a cluster's entry from the start of a FAT, and how many bytes it touches (2, 2, 4;
 * a FAT12 entry may straddle a sector). */
static inline uint64_t fatent_offset(enum cairn_fat_type type, uint32_t cluster)
{
    if (type == CAIRN_FAT32) return (uint64_t)cluster * 4;
    if (type == CAIRN_FAT16) return (uint64_t)cluster * 2;
    return (uint64_t)cluster + cluster / 2;
}

static inline uint32_t fatent_bytes(enum cairn_fat_type type)
{
    return type == CAIRN_FAT32 ? 4 : 2;
}

/* The entry at p: FATENT_FREE, FATENT_BAD, FATENT_END (any end mark), or the value as it stands,
 * which the caller checks against the volume (1 and values beyond the last cluster occur). */
static inline uint32_t fatent_get(enum cairn_fat_type type, const uint8_t *p, uint32_t cluster)
{
    if (type == CAIRN_FAT32) {
        uint32_t v = cairn_le32(p) & 0x0FFFFFFFu;
        return v >= 0x0FFFFFF8u ? FATENT_END : v;
    }
    uint32_t v = cairn_le16(p);
    if (type == CAIRN_FAT16) return v >= 0xFFF8u ? FATENT_END : v == 0xFFF7u ? FATENT_BAD : v;
    v = cluster & 1 ? v >> 4 : v & 0xFFFu;
    return v >= 0xFF8u ? FATENT_END : v == 0xFF7u ? FATENT_BAD : v;
}

/* Put value there; FATENT_END and FATENT_BAD become the type's own. Keeps FAT32's high 4 bits and
 * FAT12's neighbour. */
static inline void fatent_put(enum cairn_fat_type type, uint8_t *p, uint32_t cluster,
                              uint32_t value)
{
    if (type == CAIRN_FAT32) {
        cairn_le32_put(p, (cairn_le32(p) & 0xF0000000u) | (value & 0x0FFFFFFFu));
    } else if (type == CAIRN_FAT16) {
        cairn_le16_put(p, (uint16_t)value);
    } else {
        uint32_t old = cairn_le16(p), v = value & 0xFFFu;
        cairn_le16_put(p, (uint16_t)(cluster & 1 ? (old & 0xFu) | v << 4 : (old & 0xF000u) | v));
    }
}

#endif
