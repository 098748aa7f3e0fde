/* SPDX-License-Identifier: ISC */
/* The MBR as bytes: four entries of 16 bytes at 446, a disk id at 440, 55 AA at 510. */
#include "codec.h"

#include <cairn/bytes.h>

#define HEADS 255u
#define TRACK 63u
#define CYLINDERS 1024u

static struct mbr_entry entry_decode(const uint8_t *entry)
{
    return (struct mbr_entry){ .status = entry[0],
                               .type = entry[4],
                               .first = cairn_le32(entry + 8),
                               .count = cairn_le32(entry + 12) };
}

bool mbr_decode(const uint8_t sector[MBR_BYTES], struct mbr *mbr)
{
    if (sector[510] != 0x55 || sector[511] != 0xAA) return false;
    mbr->disk_id = cairn_le32(sector + MBR_CODE_BYTES);
    for (size_t i = 0; i < CAIRN_COUNT(mbr->entries); i++)
        mbr->entries[i] = entry_decode(sector + MBR_ENTRIES_AT + 16 * i);
    return true;
}

/* Cylinder, head and sector, for the few that still look: of the geometry that everyone assumes,
 * and its last place for what lies beyond. */
static void chs_put(uint8_t *out, uint64_t block)
{
    uint64_t cylinder = block / (HEADS * TRACK);
    bool fits = cylinder < CYLINDERS;
    out[0] = (uint8_t)(fits ? block / TRACK % HEADS : HEADS - 1);
    out[1] = (uint8_t)(fits ? (block % TRACK + 1) | (cylinder >> 2 & 0xC0) : 0xFF);
    out[2] = (uint8_t)(fits ? cylinder : 0xFF);
}

/* One that says the same already keeps its cylinders, which are by another geometry, maybe. */
static void entry_encode(uint8_t *out, const struct mbr_entry *entry)
{
    struct mbr_entry old = entry_decode(out);
    if (old.status == entry->status && old.type == entry->type && old.first == entry->first &&
        old.count == entry->count)
        return;
    memset(out, 0, 16);
    if (!mbr_entry_is_used(entry)) return;
    out[0] = entry->status;
    out[4] = entry->type;
    chs_put(out + 1, entry->first);
    chs_put(out + 5, (uint64_t)entry->first + entry->count - 1);
    cairn_le32_put(out + 8, entry->first);
    cairn_le32_put(out + 12, entry->count);
}

void mbr_encode(uint8_t sector[MBR_BYTES], const struct mbr *mbr)
{
    cairn_le32_put(sector + MBR_CODE_BYTES, mbr->disk_id);
    for (size_t i = 0; i < CAIRN_COUNT(mbr->entries); i++)
        entry_encode(sector + MBR_ENTRIES_AT + 16 * i, &mbr->entries[i]);
    sector[510] = 0x55;
    sector[511] = 0xAA;
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

bool mbr_is_file_system(const uint8_t sector[MBR_BYTES])
{
    return is_fat_boot(sector) || memcmp(sector + 3, "NTFS    ", 8) == 0 ||
           memcmp(sector + 3, "EXFAT   ", 8) == 0;
}

bool mbr_is_table(const uint8_t sector[MBR_BYTES], const struct mbr *mbr)
{
    for (size_t i = 0; i < CAIRN_COUNT(mbr->entries); i++)
        if (mbr->entries[i].status & 0x7F) return false;
    return !mbr_is_file_system(sector);
}

bool mbr_is_empty(const struct mbr *mbr)
{
    for (size_t i = 0; i < CAIRN_COUNT(mbr->entries); i++)
        if (mbr_entry_is_used(&mbr->entries[i])) return false;
    return true;
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

bool mbr_type_is_extended(uint8_t type)
{
    return type == 0x05 || type == 0x0F || type == 0x85;
}

uint32_t mbr_guard_count(uint64_t block_count)
{
    return (uint32_t)cairn_min_u64(block_count - 1, UINT32_MAX);
}
