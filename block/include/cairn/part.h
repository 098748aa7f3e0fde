/* SPDX-License-Identifier: ISC */
/*
 * Partition tables: GPT (UEFI 2.10, chapter 5), MBR with logical partitions, and both at once
 * (hybrid). What a device has, with bounds on all that the disk drives. cairn/part_edit.h changes
 * tables and writes them.
 */
#ifndef CAIRN_PART_H
#define CAIRN_PART_H

#include <cairn/blk.h>

CAIRN_BEGIN

enum cairn_part_scheme { CAIRN_PART_NONE, CAIRN_PART_MBR, CAIRN_PART_GPT };

#define CAIRN_PART_NAME_BYTES (36 * 3 + 1)
#define CAIRN_PART_MAX 256       /* entries a table may hold here; more is CAIRN_EOVERFLOW */
#define CAIRN_PART_LOGICAL 5u    /* the number of an MBR's first logical partition */
#define CAIRN_PART_ACTIVE 0x80u  /* an attribute of MBR: what the BIOS starts */
#define CAIRN_PART_GPT_BOOT 0x4u /* an attribute of GPT: the same */

struct cairn_part {
    uint32_t number;       /* 1.. as sfdisk and Linux number them; MBR logical ones from 5 */
    uint64_t first, count; /* in blocks of the device */
    uint8_t type_id;       /* MBR type byte; GPT: that a hybrid MBR shows it as, 0: it does not */
    uint8_t type_guid[16]; /* GPT, as on disk; zeros for MBR */
    uint8_t guid[16];      /* GPT; zeros for MBR */
    uint64_t attributes;   /* GPT attributes; MBR: CAIRN_PART_ACTIVE or 0 */
    uint64_t record;       /* the block of a logical partition's boot record; else 0 */
    char name[CAIRN_PART_NAME_BYTES]; /* GPT name in UTF-8 */
};

struct cairn_part_table {
    enum cairn_part_scheme scheme;
    bool from_backup;      /* the primary GPT was bad, the backup was used */
    uint8_t disk_guid[16]; /* GPT */
    uint32_t disk_id;      /* of the MBR, also of a protective one */
    uint32_t block_bytes;  /* of the device it was read from or is made for */
    uint64_t block_count;
    uint64_t first_usable, last_usable; /* where partitions may lie, both inclusive */
    uint64_t entries;                   /* GPT: first block of the primary's array */
    uint64_t source;                    /* GPT: of the array that it was read from; 0: a new one */
    uint32_t entry_count, entry_bytes;  /* GPT: that array's */
    uint32_t part_count;
    struct cairn_part parts[CAIRN_PART_MAX]; /* in the order of their numbers */
};

/* Read the table. scheme NONE, and no error, when the device has none: a FAT volume's boot sector
 * also ends in 55 AA and is not taken for an MBR. scratch: at least 4 blocks of the device and
 * 4096 bytes. CAIRN_ECORRUPT: a table whose parts contradict each other (both GPT copies bad, a
 * loop of logical partitions, a partition beyond the device). Partitions may overlap. */
CAIRN_API enum cairn_err cairn_part_read(struct cairn_blk *dev, struct cairn_part_table *table,
                                         void *scratch, size_t scratch_bytes,
                                         struct cairn_why *why) CAIRN_MUST_USE;

/* What can be wrong with a table that can be used all the same. cairn_part_repair mends those
 * before CAIRN_PART_LAYOUT; the others need a decision, or another tool. */
enum cairn_part_fault {
    CAIRN_PART_PRIMARY, /* the first copy of a GPT is bad; the backup was used */
    CAIRN_PART_BACKUP,  /* the other copy is bad or missing */
    CAIRN_PART_PLACE,   /* the backup is not in the last block: the disk grew */
    CAIRN_PART_SHRUNK,  /* a GPT for a larger disk, its backup is gone; all partitions fit */
    CAIRN_PART_DIFFER,  /* both copies are good and do not agree; the first counts */
    CAIRN_PART_GUARD,   /* the MBR of a GPT is missing, or a hybrid one says something else */
    CAIRN_PART_LAYOUT,  /* a GPT whose arrays and usable blocks overlap */
    CAIRN_PART_CUT,     /* as SHRUNK, and partitions are OUTSIDE */
    CAIRN_PART_OUTSIDE, /* a partition is not where partitions may be */
    CAIRN_PART_OVERLAP, /* two partitions share blocks */
    CAIRN_PART_CHAIN    /* the chain of logical partitions breaks off */
};

struct cairn_part_finding {
    enum cairn_part_fault fault;
    uint32_t number, other; /* of OUTSIDE and OVERLAP; else 0 */
    const char *detail;     /* why a copy is bad, and the like; NULL: the fault says it */
};

#define CAIRN_PART_FINDINGS_MAX (2 * CAIRN_PART_MAX + 16)

struct cairn_part_findings {
    uint32_t count;
    struct cairn_part_finding list[CAIRN_PART_FINDINGS_MAX];
};

/* As cairn_part_read, but it looks at everything (both copies of a GPT) and goes on where it can:
 * what read refuses a table for, but both copies being bad, is a finding here. Of a table with
 * OUTSIDE a partition's range may be anything; one that is SHRUNK or CUT has usable blocks as the
 * device has them; with CHAIN the partitions behind the break are
 * missing. A GPT without its MBR, whose first copy is good, is found, too. */
CAIRN_API enum cairn_err cairn_part_examine(struct cairn_blk *dev, struct cairn_part_table *table,
                                            struct cairn_part_findings *findings, void *scratch,
                                            size_t scratch_bytes,
                                            struct cairn_why *why) CAIRN_MUST_USE;

static inline bool cairn_part_is_mendable(enum cairn_part_fault fault)
{
    return fault < CAIRN_PART_LAYOUT;
}

/* The first partition that shares blocks with this one of the table, or NULL; an extended one and
 * those in it may. */
CAIRN_API const struct cairn_part *cairn_part_overlaps(const struct cairn_part_table *table,
                                                       const struct cairn_part *part);

/* "partitions 1 and 2 overlap": one line without its end; cut at cap. */
CAIRN_API void cairn_part_finding_text(const struct cairn_part_finding *finding, char *buf,
                                       size_t cap);
/* "overlap": one word for programs. */
CAIRN_API const char *cairn_part_fault_name(enum cairn_part_fault fault);

/* The partition of that number, or NULL. */
CAIRN_API const struct cairn_part *cairn_part_numbered(const struct cairn_part_table *table,
                                                       uint32_t number);

/* Does this partition of an MBR hold logical ones? */
CAIRN_API bool cairn_part_is_extended(const struct cairn_part_table *table,
                                      const struct cairn_part *part);

/* "C12A7328-F81F-11D2-BA4B-00A0C93EC93B" of 16 bytes as on disk; out gets 37 bytes. */
CAIRN_API void cairn_guid_text(const uint8_t guid[16], char out[37]);
/* The reverse; false when text is no GUID. */
CAIRN_API bool cairn_guid_parse(const char *text, uint8_t guid[16]);

/* What people call a type: "EFI System", "Linux filesystem", "FAT32 LBA"; NULL when unknown. */
CAIRN_API const char *cairn_part_type_name(const struct cairn_part *part,
                                           enum cairn_part_scheme scheme);

/* The reverse, into type_guid or type_id: a short name that both schemes know ("esp", "linux",
 * "fat32", "swap"), a GUID, or a type byte in hexadecimal ("0c", "0x0c"). False: the scheme has no
 * such type. */
CAIRN_API bool cairn_part_type_parse(const char *text, enum cairn_part_scheme scheme,
                                     struct cairn_part *part);
/* All short names of a scheme: the one of that index, or NULL behind the last. */
CAIRN_API const char *cairn_part_type_short(enum cairn_part_scheme scheme, size_t index);

CAIRN_END

#endif
