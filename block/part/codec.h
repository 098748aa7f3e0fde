/* SPDX-License-Identifier: ISC */
/* Partition tables as bytes: no I/O here. What encode writes, decode reads. Private to block/. */
#ifndef CAIRN_PART_CODEC_H
#define CAIRN_PART_CODEC_H

#include <cairn/part.h>

/* MBR (mbr.c). Sectors are 512 bytes whatever the device's block size; addresses are blocks. */

#define MBR_BYTES 512u
#define MBR_CODE_BYTES 440u
#define MBR_ENTRIES_AT 446u
#define MBR_TYPE_LINK 0x05u
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
/* The boot code and the two bytes behind the disk id stay. */
void mbr_encode(uint8_t sector[MBR_BYTES], const struct mbr *mbr);

/* Is it a table at all: not a file system's boot sector, which ends in 55 AA too, and no status
 * byte that no table has? */
bool mbr_is_table(const uint8_t sector[MBR_BYTES], const struct mbr *mbr);
bool mbr_is_file_system(const uint8_t sector[MBR_BYTES]);

bool mbr_is_empty(const struct mbr *mbr);
bool mbr_is_protective(const struct mbr *mbr);
bool mbr_entry_is_used(const struct mbr_entry *entry);
bool mbr_type_is_extended(uint8_t type);

/* What an MBR that guards a GPT says of all the blocks of a device. */
uint32_t mbr_guard_count(uint64_t block_count);

/* GPT (gpt.c), UEFI 2.10, 5.3. */

#define GPT_HEADER_BYTES 92u
#define GPT_ENTRY_BYTES 128u
#define GPT_ENTRY_COUNT 128u /* what everyone writes */
#define GPT_ENTRY_BYTES_MAX 4096u
#define GPT_ENTRIES_BYTES_MAX (1u << 20) /* of the whole array; 16 KiB is what everyone writes */
#define GPT_NAME_UNITS 36u
#define GPT_PRIMARY 1u /* the block of the first header */

struct gpt_header {
    uint64_t at, alternate; /* this header's block, and the other copy's */
    uint64_t first_usable, last_usable;
    uint64_t entries; /* first block of the array */
    uint32_t entry_count, entry_bytes, entries_crc;
    uint8_t disk_guid[16];
};

bool gpt_has_signature(const uint8_t *block);

/* Decode the header found in block `at` of a device of block_count blocks. NULL, or what is wrong
 * with it; all fields are set when its checksum was right. Its last usable block is not checked. */
const char *gpt_header_decode(const uint8_t *block, uint32_t block_bytes, uint64_t at,
                              uint64_t block_count, struct gpt_header *header);
/* Into a whole block, the rest of which becomes zeros. */
void gpt_header_encode(uint8_t *block, uint32_t block_bytes, const struct gpt_header *header);

/* Blocks of the array of entries. */
uint64_t gpt_entries_blocks(uint32_t entry_count, uint32_t entry_bytes, uint32_t block_bytes);
/* NULL, or why the usable blocks of a header cannot be those of a device of block_count blocks. */
const char *gpt_usable_fault(const struct gpt_header *header, uint64_t block_count);
/* NULL, or why the array of a backup lies where none may be. */
const char *gpt_backup_fault(const struct gpt_header *header, uint32_t block_bytes);
/* First block of the backup's array, which lies in front of its header in the last block. */
uint64_t gpt_backup_entries(const struct cairn_part_table *table);
/* NULL, or why this table cannot be written: what of it overlaps. */
const char *gpt_layout_fault(const struct cairn_part_table *table);

/* Entry number `index` (from 0). False: it is unused. Its range is not checked. */
bool gpt_entry_decode(const uint8_t *entry, uint32_t index, struct cairn_part *part);
/* Into entry_bytes bytes, which hold what the entry was. A range that decode gave comes back as it
 * was. Of an entry with the same GUID what is not known stays, and the name if it is the same. */
void gpt_entry_encode(uint8_t *entry, uint32_t entry_bytes, const struct cairn_part *part);

/* NULL, or what is wrong with the partition's range. */
const char *gpt_part_fault(const struct cairn_part_table *table, const struct cairn_part *part);

/* NULL, or what an MBR says otherwise than the GPT whose table this is. */
const char *gpt_guard_fault(const struct cairn_part_table *table, const struct mbr *mbr);
/* The MBR that guards the table, with what a hybrid one shows. False: that does not fit. */
bool gpt_guard_make(const struct cairn_part_table *table, struct mbr *mbr);

/* Names (name.c): UTF-8 here, UTF-16 on disk; unpaired surrogates become U+FFFD. */

void gpt_name_decode(const uint8_t *units, char name[CAIRN_PART_NAME_BYTES]);
/* Into GPT_NAME_UNITS units, zeros behind it; what is no UTF-8 or too long ends the name there and
 * is false. units NULL: only tells. */
bool gpt_name_encode(const char *name, uint8_t *units);

#endif
