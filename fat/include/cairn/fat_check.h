/* SPDX-License-Identifier: ISC */
/*
 * Check: read a FAT volume as a whole and say everything that is wrong with it. Reads only. Linear
 * in the FAT plus the directories; memory: two bits a cluster and the largest directory's names.
 */
#ifndef CAIRN_FAT_CHECK_H
#define CAIRN_FAT_CHECK_H

#include <cairn/fat.h>

CAIRN_BEGIN

enum cairn_fat_severity {
    CAIRN_FAT_NOTE,  /* legal, but worth knowing: free count unset */
    CAIRN_FAT_MINOR, /* wrong, nothing is lost: leaked clusters, dirty bit, FSInfo */
    CAIRN_FAT_MAJOR  /* data are lost, doubled or unreachable */
};

/* Every kind of fault. The names are stable: they stand in the JSON. fat/check/fault.c holds name,
 * severity and sentence of each. */
enum cairn_fat_fault {
    /* boot sector, FSInfo */
    CAIRN_FAT_FAULT_BOOT,           /* the boot sector cannot be used; why says what */
    CAIRN_FAT_FAULT_BOOT_DOUBT,     /* it contradicts what is on the volume */
    CAIRN_FAT_FAULT_BOOT_SIGNATURE, /* no 55 AA */
    CAIRN_FAT_FAULT_BACKUP_MISSING, /* FAT32 without backup boot sector */
    CAIRN_FAT_FAULT_BACKUP_DIFFERS,
    CAIRN_FAT_FAULT_BACKUP_USED, /* the boot sector is dead or wrong, the backup is good */
    CAIRN_FAT_FAULT_FSINFO_MISSING,
    CAIRN_FAT_FAULT_FSINFO_MAGIC,
    CAIRN_FAT_FAULT_FSINFO_FREE,  /* free count is wrong; a count, b stored */
    CAIRN_FAT_FAULT_FSINFO_UNSET, /* free count is not set */
    CAIRN_FAT_FAULT_FSINFO_NEXT,  /* next free is out of range */
    CAIRN_FAT_FAULT_SIZE,         /* the volume is larger than its device */
    CAIRN_FAT_FAULT_FAT_SMALL,    /* the FAT has entries for a clusters, there is room for b */
    CAIRN_FAT_FAULT_FEW_CLUSTERS, /* FAT32 by its fields, too few clusters for it */
    CAIRN_FAT_FAULT_DIRTY,        /* not unmounted */
    CAIRN_FAT_FAULT_ERROR_BIT,    /* a driver met I/O errors */
    /* the FAT */
    CAIRN_FAT_FAULT_FAT_MEDIA,    /* FAT[0] is not the media byte with ones */
    CAIRN_FAT_FAULT_FAT_RESERVED, /* FAT[1] is not an end mark */
    CAIRN_FAT_FAULT_FATS_DIFFER,  /* a sectors that differ, first at sector */
    CAIRN_FAT_FAULT_FAT_RANGE,    /* an entry is 1 or beyond the last cluster; b is it */
    CAIRN_FAT_FAULT_FAT_NIBBLE,   /* FAT32: the reserved high 4 bits are set */
    /* chains */
    CAIRN_FAT_FAULT_CHAIN_START, /* start cluster 1 or beyond the end; b is it */
    CAIRN_FAT_FAULT_CHAIN_LOOP,
    CAIRN_FAT_FAULT_CHAIN_FREE,    /* goes into a free cluster */
    CAIRN_FAT_FAULT_CHAIN_BAD,     /* goes into a cluster marked bad */
    CAIRN_FAT_FAULT_CHAIN_RANGE,   /* goes beyond the volume */
    CAIRN_FAT_FAULT_CHAIN_OUTSIDE, /* a clusters lie behind the device's end */
    CAIRN_FAT_FAULT_CHAIN_LONG,    /* longer than the size; a clusters, b needed */
    CAIRN_FAT_FAULT_CHAIN_SHORT,   /* shorter than the size; a clusters, b needed */
    CAIRN_FAT_FAULT_CHAIN_SHARED,  /* meets a cluster that belongs to another */
    CAIRN_FAT_FAULT_ORPHAN,        /* a chain that nothing names; a clusters */
    /* directories */
    CAIRN_FAT_FAULT_DIR_SIZE,       /* a directory's entry says a size */
    CAIRN_FAT_FAULT_DIR_START,      /* a directory's entry has no start cluster */
    CAIRN_FAT_FAULT_DIR_PARENT,     /* its start is its parent, an ancestor or the root */
    CAIRN_FAT_FAULT_DIR_DOT,        /* "." missing or misplaced */
    CAIRN_FAT_FAULT_DIR_DOTDOT,     /* ".." missing or misplaced */
    CAIRN_FAT_FAULT_DIR_DOT_TARGET, /* "." points elsewhere; b is where */
    CAIRN_FAT_FAULT_DIR_DOTDOT_TARGET,
    CAIRN_FAT_FAULT_DIR_GARBAGE,   /* most entries are nonsense; a bad, b good */
    CAIRN_FAT_FAULT_DIR_BIG,       /* more than 65,536 entries */
    CAIRN_FAT_FAULT_DIR_AFTER_END, /* live entries behind the end mark */
    /* names */
    CAIRN_FAT_FAULT_NAME_ILLEGAL,   /* an 8.3 name with illegal characters */
    CAIRN_FAT_FAULT_NAME_DOTS,      /* an entry called "." or ".." where none belongs */
    CAIRN_FAT_FAULT_NAME_DUPLICATE, /* two equal 8.3 names */
    CAIRN_FAT_FAULT_LONG_DUPLICATE, /* two equal long names */
    CAIRN_FAT_FAULT_LONG_ORPHAN,    /* long-name slots without their 8.3 entry */
    CAIRN_FAT_FAULT_LONG_SEQUENCE,  /* wrong order, or a start inside a start */
    CAIRN_FAT_FAULT_LONG_CHECKSUM,
    CAIRN_FAT_FAULT_LONG_RESERVED, /* type or start cluster not 0 */
    CAIRN_FAT_FAULT_LONG_ILLEGAL,  /* illegal characters, bad UTF-16, over 255 units */
    CAIRN_FAT_FAULT_ATTRIBUTES,    /* reserved attribute bits, volume and directory at once */
    CAIRN_FAT_FAULT_TIME,          /* an impossible date or time */
    /* label */
    CAIRN_FAT_FAULT_LABEL_DIFFERS, /* root and boot sector disagree */
    CAIRN_FAT_FAULT_LABEL_ILLEGAL,
    CAIRN_FAT_FAULT_LABEL_EXTRA, /* a second one, or one outside the root */
    /* the device */
    CAIRN_FAT_FAULT_READ, /* a sector cannot be read */
    CAIRN_FAT_FAULT_COUNT
};

#define CAIRN_FAT_CHECK_PATH_BYTES 1024

struct cairn_fat_finding {
    enum cairn_fat_fault fault;
    enum cairn_fat_severity severity;
    const char *path;   /* UTF-8, "/" for the root, cut in the middle when too long; "" for none */
    uint32_t cluster;   /* 0: none */
    uint64_t sector;    /* of the volume; UINT64_MAX: none */
    uint64_t a, b;      /* as the fault's comment says */
    char text[256];     /* the sentence, with the figures in it */
    const char *action; /* by repair only: what is done about it; "": nothing can be */
    const char *lost;   /* by repair only: what is lost by that; "": nothing */
};

CAIRN_API const char *cairn_fat_fault_name(enum cairn_fat_fault fault); /* "chain-loop" */

struct cairn_fat_check_options {
    enum cairn_fat_codepage codepage; /* 0: 437 */
    /* Called for every finding, in the order found; return false to stop (CAIRN_ECANCELED). */
    bool (*report)(void *ctx, const struct cairn_fat_finding *finding);
    /* Called now and then with work done and in all; may be NULL. */
    void (*progress)(void *ctx, uint64_t done, uint64_t total);
    void *ctx;
};

struct cairn_fat_check_result {
    uint64_t files, directories, bytes; /* reachable; bytes of contents */
    uint64_t clusters, used_clusters, free_clusters, bad_clusters, orphan_clusters;
    uint64_t fragmented_files;
    uint64_t findings[3]; /* by severity */
};

/* Memory for the volume on dev: the bit maps, plus room for the names of its largest directory up
 * to `entries` (0: 65,536). With less, duplicates in larger directories are not found and the
 * result is CAIRN_ENOMEM after everything else was checked. */
CAIRN_API size_t cairn_fat_check_mem(struct cairn_blk *dev, uint64_t entries);

/* CAIRN_OK when the whole volume was looked at, whatever was found: see result.
 * CAIRN_EINVAL: no boot sector, nor a backup, can be used (also reported as a finding). */
CAIRN_API enum cairn_err cairn_fat_check(struct cairn_blk *dev,
                                         const struct cairn_fat_check_options *options, void *mem,
                                         size_t mem_bytes, struct cairn_fat_check_result *result,
                                         struct cairn_why *why) CAIRN_MUST_USE;

CAIRN_END

#endif
