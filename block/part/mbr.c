/* SPDX-License-Identifier: ISC */
/* The MBR as bytes: four entries of 16 bytes at 446, a disk id at 440, 55 AA at 510. */
#include "codec.h"

#include <cairn/bytes.h>

bool mbr_decode(const uint8_t sector[MBR_BYTES], struct mbr *mbr)
{
    if (sector[510] != 0x55 || sector[511] != 0xAA) return false;
    mbr->disk_id = cairn_le32(sector + 440);
    for (size_t i = 0; i < CAIRN_COUNT(mbr->entries); i++) {
        const uint8_t *entry = sector + 446 + 16 * i;
        mbr->entries[i] = (struct mbr_entry){ .status = entry[0],
                                              .type = entry[4],
                                              .first = cairn_le32(entry + 8),
                                              .count = cairn_le32(entry + 12) };
    }
    return true;
}

/* A BIOS parameter block as FAT has it. A boot loader's MBR may begin with the same jump, but
 * leaves these fields zero or fills them with code. */
static bool is_fat_boot(const uint8_t *sector)
{
    uint16_t sector_bytes = cairn_le16(sector + 11);
    bool has_jump = sector[0] == 0xEB || sector[0] == 0xE9;
    bool has_sizes = cairn_is_pow2(sector_bytes) && sector_bytes >= 512 && sector_bytes <= 4096 &&
                     cairn_is_pow2(sector[13]);
    bool has_fats = cairn_le16(sector + 14) != 0 && sector[16] != 0 && sector[21] >= 0xF0;
    return has_jump && has_sizes && has_fats;
}

static bool is_file_system(const uint8_t *sector)
{
    return is_fat_boot(sector) || memcmp(sector + 3, "NTFS    ", 8) == 0 ||
           memcmp(sector + 3, "EXFAT   ", 8) == 0;
}

bool mbr_is_table(const uint8_t sector[MBR_BYTES], const struct mbr *mbr)
{
    for (size_t i = 0; i < CAIRN_COUNT(mbr->entries); i++)
        if (mbr->entries[i].status & 0x7F) return false;
    return !is_file_system(sector);
}

bool mbr_is_protective(const struct mbr *mbr)
{
    for (size_t i = 0; i < CAIRN_COUNT(mbr->entries); i++)
        if (mbr->entries[i].type == MBR_TYPE_PROTECTIVE) return true;
    return false;
}

bool mbr_entry_is_used(const struct mbr_entry *entry)
{
    return entry->type != 0 && entry->count != 0;
}

bool mbr_entry_is_extended(const struct mbr_entry *entry)
{
    return entry->type == 0x05 || entry->type == 0x0F || entry->type == 0x85;
}
