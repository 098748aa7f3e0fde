/* SPDX-License-Identifier: ISC */
/*
 * Changing a partition table in memory, and writing it: in an order that leaves either the old
 * table or the new one whatever interrupts it. Contents of partitions are never touched.
 *
 * Ids come from the caller, so that the same calls make the same bytes.
 */
#ifndef CAIRN_PART_EDIT_H
#define CAIRN_PART_EDIT_H

#include <cairn/part.h>

CAIRN_BEGIN

#define CAIRN_PART_ALIGN_BYTES (1u << 20)
#define CAIRN_PART_HYBRID_MAX 3u

/* An empty table for a device of this shape. guid: of a GPT's disk; disk_id: of the MBR, 0: none.
 * CAIRN_ENOSPC: the device is too small. CAIRN_EINVAL: scheme NONE. */
CAIRN_API enum cairn_err cairn_part_create(struct cairn_part_table *table,
                                           enum cairn_part_scheme scheme, uint32_t block_bytes,
                                           uint64_t block_count, const uint8_t guid[16],
                                           uint32_t disk_id, struct cairn_why *why) CAIRN_MUST_USE;

/* A run of blocks that are free for partitions. */
struct cairn_part_gap {
    uint64_t first, count;
};

/* The first gap at or behind *at, which becomes the gap's end; false: none is left. logical: inside
 * the extended partition of an MBR, where boot records are no gaps. */
CAIRN_API bool cairn_part_gap_next(const struct cairn_part_table *table, bool logical, uint64_t *at,
                                   struct cairn_part_gap *gap);

/* A partition that shall be. Zeros are good defaults but for the type and a GPT's guid. */
struct cairn_part_wish {
    struct cairn_part part; /* number 0: the lowest that is free. first 0: the first gap with room.
                             * count 0: all of the gap, and if first is 0, too, of the largest. */
    bool logical;           /* of an MBR: in its extended partition; the number is the next */
    uint64_t align;         /* in blocks, of a first that is not given; 0: 1 MiB */
};

/* Add it; *number is what it became.
 *   CAIRN_ENOSPC   no gap is large enough, or no number is left
 *   CAIRN_EEXIST   the number, the guid, the place or the extended partition is taken
 *   CAIRN_EINVAL   no type, no extended partition to be logical in, a number that cannot be, a
 *                  name of over 36 UTF-16 units or that is no UTF-8
 *   CAIRN_EOVERFLOW  more partitions than CAIRN_PART_MAX */
CAIRN_API enum cairn_err cairn_part_add(struct cairn_part_table *table,
                                        const struct cairn_part_wish *wish, uint32_t *number,
                                        struct cairn_why *why) CAIRN_MUST_USE;

/* Take a partition out. Logical ones behind it move up by one number, others keep theirs.
 * CAIRN_ENOENT; CAIRN_EBUSY: an extended partition that is not empty. */
CAIRN_API enum cairn_err cairn_part_delete(struct cairn_part_table *table, uint32_t number,
                                           struct cairn_why *why) CAIRN_MUST_USE;

/* The most blocks that a partition could have where it begins; 0: another one lies over it. */
CAIRN_API uint64_t cairn_part_room(const struct cairn_part_table *table,
                                   const struct cairn_part *part);

/* Move a partition's end. CAIRN_ENOENT; CAIRN_ENOSPC: more than there is room for, or, of an
 * extended one, less than its logical ones need; CAIRN_EINVAL: count 0. */
CAIRN_API enum cairn_err cairn_part_resize(struct cairn_part_table *table, uint32_t number,
                                           uint64_t count, struct cairn_why *why) CAIRN_MUST_USE;

/* Write the table. The bytes of the MBR's boot code stay, unless they are a file system's boot
 * sector. scratch as cairn_part_read.
 *
 * GPT: the copy that the table was not read from, flush, the other one, flush, the MBR, flush. The
 * backup goes to the end of the device; an MBR that already guards the table stays as it is. Of an
 * entry whose GUID stays, bytes behind the 128th stay, and a name that is not changed, whatever it
 * is. MBR: boot records of logical partitions from the last to the first, each followed by a flush
 * where it changed, then the MBR, flush; and then the signatures of a GPT that was there are wiped.
 *   CAIRN_EINVAL    the table is for a device of another shape, or its own layout cannot be
 *   CAIRN_ENOTSUP   two extended partitions, two logical ones in one boot record
 *   CAIRN_EOVERFLOW what does not fit the 32 bits of an MBR, more than 3 partitions in a hybrid */
CAIRN_API enum cairn_err cairn_part_write(struct cairn_blk *dev,
                                          const struct cairn_part_table *table, void *scratch,
                                          size_t scratch_bytes,
                                          struct cairn_why *why) CAIRN_MUST_USE;

/* Mend what cairn_part_examine found mendable: both copies from the good one, the backup at the end
 * of a disk that grew or shrank, the MBR that guards them. table and findings are those of examine;
 * without a finding that can be mended nothing is written. CAIRN_ENOSPC: the disk shrank, and a
 * partition, which is named, does not fit any more; else errors as cairn_part_write. */
CAIRN_API enum cairn_err cairn_part_repair(struct cairn_blk *dev, struct cairn_part_table *table,
                                           const struct cairn_part_findings *findings,
                                           void *scratch, size_t scratch_bytes,
                                           struct cairn_why *why) CAIRN_MUST_USE;

CAIRN_END

#endif
