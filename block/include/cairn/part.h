/* SPDX-License-Identifier: ISC */
/*
 * Partition tables, read-only: GPT (UEFI 2.10, chapter 5) and MBR with logical partitions. Codecs
 * over bytes, and a reader over a device with bounds on all that the disk drives.
 */
#ifndef CAIRN_PART_H
#define CAIRN_PART_H

#include <cairn/blk.h>

CAIRN_BEGIN

enum cairn_part_scheme { CAIRN_PART_NONE, CAIRN_PART_MBR, CAIRN_PART_GPT };

#define CAIRN_PART_NAME_BYTES (36 * 3 + 1)
#define CAIRN_PART_MAX 256 /* entries a table may hold here; more is CAIRN_EOVERFLOW */

struct cairn_part {
    uint32_t number;       /* 1.. as sfdisk and Linux number them; MBR logical ones from 5 */
    uint64_t first, count; /* in blocks of the device */
    uint8_t type_id;       /* MBR type byte; 0 for GPT */
    uint8_t type_guid[16]; /* GPT, as on disk; zeros for MBR */
    uint8_t guid[16];      /* GPT; zeros for MBR */
    uint64_t attributes;   /* GPT attributes; MBR: 0x80 when active */
    char name[CAIRN_PART_NAME_BYTES]; /* GPT name in UTF-8 */
};

struct cairn_part_table {
    enum cairn_part_scheme scheme;
    bool from_backup;      /* the primary GPT was bad, the backup was used */
    uint8_t disk_guid[16]; /* GPT */
    uint32_t disk_id;      /* MBR */
    uint32_t part_count;
    struct cairn_part parts[CAIRN_PART_MAX];
};

/* Read the table. scheme NONE, and no error, when the device has none: a FAT volume's boot sector
 * also ends in 55 AA and is not taken for an MBR. scratch: at least 4 blocks of the device and
 * 4096 bytes. CAIRN_ECORRUPT: a table whose parts contradict each other (both GPT copies bad, a
 * loop of logical partitions, a partition beyond the device). */
CAIRN_API enum cairn_err cairn_part_read(struct cairn_blk *dev, struct cairn_part_table *table,
                                         void *scratch, size_t scratch_bytes,
                                         struct cairn_why *why) CAIRN_MUST_USE;

/* "C12A7328-F81F-11D2-BA4B-00A0C93EC93B" of 16 bytes as on disk; out gets 37 bytes. */
CAIRN_API void cairn_guid_text(const uint8_t guid[16], char out[37]);
/* The reverse; false when text is no GUID. */
CAIRN_API bool cairn_guid_parse(const char *text, uint8_t guid[16]);

/* What people call a type: "EFI System", "Linux filesystem", "FAT32 LBA"; NULL when unknown. */
CAIRN_API const char *cairn_part_type_name(const struct cairn_part *part,
                                           enum cairn_part_scheme scheme);

CAIRN_END

#endif
