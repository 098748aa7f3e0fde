/* SPDX-License-Identifier: ISC */
/* What writing a table works with. Private to block/part/. */
#ifndef CAIRN_PART_WRITE_H
#define CAIRN_PART_WRITE_H

#include "edit.h"
#include "read.h"

struct part_writer {
    struct cairn_blk *dev;
    const struct cairn_part_table *table;
    uint8_t *scratch;
    size_t scratch_bytes; /* as part_scratch_fit leaves it */
    struct cairn_why *why;
};

/* Block 0, which is in scratch, with this table in it; then a flush. */
enum cairn_err part_sector_write(const struct part_writer *writer,
                                 const struct mbr *mbr) CAIRN_MUST_USE;

/* An MBR and its chain of boot records (write_mbr.c). */
enum cairn_err mbr_write(const struct part_writer *writer) CAIRN_MUST_USE;

#endif
