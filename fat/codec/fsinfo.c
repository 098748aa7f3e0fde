/* SPDX-License-Identifier: ISC */
/* FSInfo: two counts that are only a hint. */
#include "boot.h"

#include <cairn/bytes.h>

#define LEAD_OFFSET 0u
#define STRUCT_OFFSET 484u
#define FREE_OFFSET 488u
#define NEXT_OFFSET 492u
#define TRAIL_OFFSET 508u
#define LEAD_SIGNATURE 0x41615252u
#define STRUCT_SIGNATURE 0x61417272u
#define TRAIL_SIGNATURE 0xAA550000u

void cairn_fat_fsinfo_decode(const uint8_t *sector, struct cairn_fat_fsinfo *info)
{
    info->valid = cairn_le32(sector + LEAD_OFFSET) == LEAD_SIGNATURE &&
                  cairn_le32(sector + STRUCT_OFFSET) == STRUCT_SIGNATURE &&
                  cairn_le32(sector + TRAIL_OFFSET) == TRAIL_SIGNATURE;
    info->free_clusters = info->valid ? cairn_le32(sector + FREE_OFFSET) : CAIRN_FAT_FSINFO_UNKNOWN;
    info->next_free = info->valid ? cairn_le32(sector + NEXT_OFFSET) : CAIRN_FAT_FSINFO_UNKNOWN;
}

void cairn_fat_fsinfo_encode(const struct cairn_fat_fsinfo *info, uint8_t *sector,
                             uint32_t sector_bytes)
{
    memset(sector, 0, sector_bytes);
    cairn_le32_put(sector + LEAD_OFFSET, LEAD_SIGNATURE);
    cairn_le32_put(sector + STRUCT_OFFSET, STRUCT_SIGNATURE);
    cairn_le32_put(sector + TRAIL_OFFSET, TRAIL_SIGNATURE);
    cairn_fat_fsinfo_update(info, sector);
}

void cairn_fat_fsinfo_update(const struct cairn_fat_fsinfo *info, uint8_t *sector)
{
    cairn_le32_put(sector + FREE_OFFSET, info->free_clusters);
    cairn_le32_put(sector + NEXT_OFFSET, info->next_free);
}
