/* SPDX-License-Identifier: ISC */
/* What reading and writing a table work with. Private to block/part/. */
#ifndef CAIRN_PART_READ_H
#define CAIRN_PART_READ_H

#include "codec.h"

struct part_reader {
    struct cairn_blk *dev;
    struct cairn_part_table *table;
    struct cairn_part_findings *findings; /* NULL: what would be one is an error */
    uint8_t *scratch;
    size_t scratch_bytes; /* a whole number of blocks, and of entries of any size */
    struct cairn_why *why;
};

/* How many of `bytes` of scratch are whole pieces: of blocks, and of entries of any size.
 * CAIRN_ENOMEM: too few. */
enum cairn_err part_scratch_fit(const struct cairn_blk *dev, size_t *bytes,
                                struct cairn_why *why) CAIRN_MUST_USE;

/* The one door for tables that contradict themselves or the device. */
enum cairn_err part_corrupt(const struct part_reader *reader, uint64_t block,
                            const char *what) CAIRN_MUST_USE;

/* Add a partition; fault: what is wrong with its place, or NULL. */
enum cairn_err part_take(const struct part_reader *reader, const struct cairn_part *part,
                         const char *fault) CAIRN_MUST_USE;

/* Note a finding, where they are wanted. */
void part_found(const struct part_reader *reader, const struct cairn_part_finding *finding);
/* All partitions that share blocks (find.c); logical ones lie in their extended one. */
void part_find_overlaps(const struct part_reader *reader);

enum cairn_err mbr_read(const struct part_reader *reader, const struct mbr *mbr) CAIRN_MUST_USE;

/* Both copies, or the first good one; mbr: what lies in front of them. */
enum cairn_err gpt_read(const struct part_reader *reader, const struct mbr *mbr) CAIRN_MUST_USE;
/* Is there a first copy, with nothing wrong? */
bool gpt_is_there(const struct part_reader *reader);

#endif
