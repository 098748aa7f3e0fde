/* SPDX-License-Identifier: ISC */
/*
 * Repair: check a FAT volume and mend what is wrong with it, without loss where that is possible.
 *
 * Everything is first done in memory: check walks the volume over a store of changes, mends each
 * fault as it finds it, and walks again until nothing is left that can be mended. That is the plan.
 * Only then is it written, in the stages of fat/stage.h, so that a power cut leaves a volume that
 * the next repair mends without losing more. What will be overwritten is handed out first, so that
 * all can be taken back to the byte.
 */
#ifndef CAIRN_FAT_REPAIR_H
#define CAIRN_FAT_REPAIR_H

#include <cairn/fat_check.h>

CAIRN_BEGIN

/* What becomes of chains that nothing names. */
enum cairn_fat_orphans {
    CAIRN_FAT_ORPHANS_KEEP, /* files and directories in found/, a directory's tree with its names */
    CAIRN_FAT_ORPHANS_FREE  /* their clusters are free again */
};

struct cairn_fat_repair_options {
    /* report: every finding; its `action` says what is done about it, its `lost` what is lost by
     * that. Later passes report what mending uncovered. */
    struct cairn_fat_check_options check;
    enum cairn_fat_orphans orphans;
    bool plan_only;         /* write nothing */
    int32_t utc_offset_min; /* for the times of what is made new, as in cairn_fat_options */
    int64_t now_ns;         /* those times; UTC */
    size_t changes;         /* of the memory, bytes for changes; 0: all but what check takes for
                               directories of 65,536 entries */

    /* Undo, both NULL or both not. save: `bytes` of the device at byte `at` will be overwritten,
     * now they are `old`, in the end of the round they are `now` (which may be the same: in between
     * they differ); called for all of a round before its first write, once for each byte. saved:
     * make durable what was saved. Without CAIRN_OK nothing is written. */
    enum cairn_err (*save)(void *ctx, uint64_t at, const uint8_t *old, const uint8_t *now,
                           size_t bytes, struct cairn_why *why);
    enum cairn_err (*saved)(void *ctx, struct cairn_why *why);
};

struct cairn_fat_repair_result {
    struct cairn_fat_check_result before; /* of the first pass */
    struct cairn_fat_check_result after;  /* of the last: what is left */
    uint64_t findings;                    /* in all, of all passes, but notes that need nothing */
    uint64_t mended;                      /* of them */
    uint64_t sectors;                     /* of metadata that change, or would */
    uint64_t copied_clusters;             /* of file data, for files that shared them */
    uint32_t passes;                      /* of check */
    uint32_t rounds;                      /* of writing; more than 1: memory was too small for all
                                             changes at once */
    bool whole; /* plan_only: the plan is all there is to do; false: memory
                   was too small to see the end */
};

/* Memory to repair dev's volume in: what check takes, and `changes` bytes for changes (0: 1 MiB;
 * less means more rounds, never less repair). With more than 65,536 entries, options->changes has
 * to be the same. */
CAIRN_API size_t cairn_fat_repair_mem(struct cairn_blk *dev, uint64_t entries, size_t changes);

/* CAIRN_OK: the volume was repaired, or the plan made, as far as that goes: see result->after. A
 * volume without faults is not written to. The device must not be mounted.
 *   CAIRN_EINVAL     no boot sector, nor a backup, can be used, or they contradict what is there
 *   CAIRN_ENOTSUP    the device's blocks are larger than the volume's sectors
 *   CAIRN_EIO        a sector that check looks at cannot be read: what it held would count as lost.
 *                    Copy what can be read to another device, and repair that
 *   CAIRN_EROFS      the device is read-only (not with plan_only)
 *   CAIRN_ECANCELED  report said stop; nothing of this round was written
 *   CAIRN_ENOMEM     mem_bytes is below cairn_fat_repair_mem with 1 byte for changes
 * and what the device, save and saved return. */
CAIRN_API enum cairn_err cairn_fat_repair(struct cairn_blk *dev,
                                          const struct cairn_fat_repair_options *options, void *mem,
                                          size_t mem_bytes, struct cairn_fat_repair_result *result,
                                          struct cairn_why *why) CAIRN_MUST_USE;

CAIRN_END

#endif
