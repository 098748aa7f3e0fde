/* SPDX-License-Identifier: ISC */
/* Partition tables as bytes: no I/O here but what part.c does with them. Private to block/. */
#ifndef CAIRN_PART_CODEC_H
#define CAIRN_PART_CODEC_H

#include <cairn/part.h>

/* MBR (mbr.c). Sectors are 512 bytes whatever the device's block size; addresses are blocks. */

#define MBR_BYTES 512u
#define MBR_TYPE_PROTECTIVE 0xEEu

struct mbr_entry {
    uint8_t status; /* 80: active */
    uint8_t type;   /* 0: unused */
    uint32_t first, count;
};

struct mbr {
    uint32_t disk_id;
    struct mbr_entry entries[4];
};

/* False: no 55 AA at the end. */
bool mbr_decode(const uint8_t sector[MBR_BYTES], struct mbr *mbr);

/* Is it a table at all: not a file system's boot sector, which ends in 55 AA too, and no status
 * byte that no table has? */
bool mbr_is_table(const uint8_t sector[MBR_BYTES], const struct mbr *mbr);

bool mbr_is_protective(const struct mbr *mbr);
bool mbr_entry_is_used(const struct mbr_entry *entry);
bool mbr_entry_is_extended(const struct mbr_entry *entry);

/* GPT (gpt.c), UEFI 2.10, 5.3. */

#define GPT_HEADER_BYTES 92u
#define GPT_ENTRY_BYTES 128u
#define GPT_ENTRY_BYTES_MAX 4096u
#define GPT_ENTRIES_BYTES_MAX (1u << 20) /* of the whole array; 16 KiB is what everyone writes */

struct gpt_header {
    uint64_t first_usable, last_usable;
    uint64_t entries; /* first block of the array */
    uint32_t entry_count, entry_bytes, entries_crc;
    uint8_t disk_guid[16];
};

bool gpt_has_signature(const uint8_t *block);

/* Decode the header found in block `at` of a device of block_count blocks. NULL, or what is wrong
 * with it. */
const char *gpt_header_decode(const uint8_t *block, uint32_t block_bytes, uint64_t at,
                              uint64_t block_count, struct gpt_header *header);

/* Entry number `index` (from 0). False: it is unused. Its range is not checked. */
bool gpt_entry_decode(const uint8_t *entry, uint32_t index, struct cairn_part *part);

/* NULL, or what is wrong with the partition's range. */
const char *gpt_part_fault(const struct gpt_header *header, const struct cairn_part *part);

#endif
