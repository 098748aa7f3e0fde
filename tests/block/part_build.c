/* SPDX-License-Identifier: ISC */
#include "part_build.h"
#include <cairn/bytes.h>
#include <cairn/checksum.h>

#define ENTRIES 128u
#define ENTRY_BYTES 128u

static uint8_t *at_block(const struct disk *disk, uint64_t block)
{
    return disk->bytes + block * disk->block_bytes;
}

static uint64_t entries_blocks(const struct disk *disk)
{
    return ENTRIES * ENTRY_BYTES / disk->block_bytes;
}

void disk_mbr_entry(struct disk *disk, uint64_t block, int slot, uint8_t type, uint32_t first,
                    uint32_t count)
{
    uint8_t *sector = at_block(disk, block), *entry = sector + 446 + 16 * slot;
    entry[4] = type;
    cairn_le32_put(entry + 8, first);
    cairn_le32_put(entry + 12, count);
    sector[510] = 0x55;
    sector[511] = 0xAA;
}

static void gpt_header(struct disk *disk, uint64_t block, uint64_t other, uint64_t entries)
{
    uint8_t *header = at_block(disk, block);
    memcpy(header, "EFI PART", 8);
    cairn_le32_put(header + 8, 0x10000);
    cairn_le32_put(header + 12, 92);
    cairn_le64_put(header + 24, block);
    cairn_le64_put(header + 32, other);
    cairn_le64_put(header + 40, 2 + entries_blocks(disk));
    cairn_le64_put(header + 48, disk->block_count - 2 - entries_blocks(disk));
    memset(header + 56, 0x47, 16);
    cairn_le64_put(header + 72, entries);
    cairn_le32_put(header + 80, ENTRIES);
    cairn_le32_put(header + 84, ENTRY_BYTES);
    disk_gpt_sign(disk, block);
}

void disk_gpt(struct disk *disk)
{
    uint64_t last = disk->block_count - 1;
    disk_mbr_entry(disk, 0, 0, 0xEE, 1, (uint32_t)last);
    gpt_header(disk, 1, last, 2);
    gpt_header(disk, last, 1, last - entries_blocks(disk));
}

static void entry_fill(uint8_t *entry, uint64_t first, uint64_t last, const char *name)
{
    memset(entry, 0x11, 16);
    memset(entry + 16, 0x22, 16);
    cairn_le64_put(entry + 32, first);
    cairn_le64_put(entry + 40, last);
    for (size_t i = 0; name[i]; i++)
        cairn_le16_put(entry + 56 + 2 * i, (uint8_t)name[i]);
}

void disk_gpt_entry(struct disk *disk, uint32_t index, uint64_t first, uint64_t last,
                    const char *name)
{
    uint64_t backup = disk->block_count - 1;
    entry_fill(at_block(disk, 2) + index * ENTRY_BYTES, first, last, name);
    entry_fill(at_block(disk, backup - entries_blocks(disk)) + index * ENTRY_BYTES, first, last,
               name);
    disk_gpt_sign(disk, 1);
    disk_gpt_sign(disk, backup);
}

void disk_gpt_sign(struct disk *disk, uint64_t block)
{
    uint8_t *header = at_block(disk, block);
    uint64_t entries = cairn_le64(header + 72), all = disk->block_count * disk->block_bytes;
    uint64_t bytes = (uint64_t)cairn_le32(header + 80) * cairn_le32(header + 84);
    uint32_t header_bytes = cairn_le32(header + 12);
    if (entries < disk->block_count && cairn_range_fits(entries * disk->block_bytes, bytes, all))
        cairn_le32_put(header + 88, cairn_crc32(0, at_block(disk, entries), (size_t)bytes));
    cairn_le32_put(header + 16, 0);
    if (header_bytes <= disk->block_bytes)
        cairn_le32_put(header + 16, cairn_crc32(0, header, header_bytes));
}
