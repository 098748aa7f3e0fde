/* SPDX-License-Identifier: ISC */
/* Partition tables of a device: which there is, and what it says, checked against the device. */
#include "read.h"

#include <cairn/bytes.h>

#define SCRATCH_BYTES_MIN 4096u
#define SCRATCH_BLOCKS_MIN 4u

enum cairn_err part_corrupt(const struct part_reader *reader, uint64_t block, const char *what)
{
    enum cairn_err err = cairn_why_fail(reader->why, CAIRN_ECORRUPT, "partition table: %s", what);
    cairn_why_block(reader->why, block);
    cairn_why_via(reader->why, reader->dev->name);
    return err;
}

static enum cairn_err part_faulty(const struct part_reader *reader, uint32_t number,
                                  const char *fault)
{
    enum cairn_err err = cairn_why_fail(reader->why, CAIRN_ECORRUPT, "partition %lu: %s",
                                        (unsigned long)number, fault);
    cairn_why_via(reader->why, reader->dev->name);
    cairn_why_hint(reader->why, "the image may be cut short, or made for another block size");
    return err;
}

enum cairn_err part_take(const struct part_reader *reader, const struct cairn_part *part,
                         const char *fault)
{
    struct cairn_part_table *table = reader->table;
    if (fault && !reader->findings) return part_faulty(reader, part->number, fault);
    if (table->part_count == CAIRN_PART_MAX)
        return cairn_why_fail(reader->why, CAIRN_EOVERFLOW,
                              "partition table: more than %d partitions", CAIRN_PART_MAX);
    table->parts[table->part_count++] = *part;
    if (fault)
        part_found(reader, &(struct cairn_part_finding){
                               .fault = CAIRN_PART_OUTSIDE, part->number, .detail = fault });
    return CAIRN_OK;
}

enum cairn_err part_scratch_fit(const struct cairn_blk *dev, size_t *bytes, struct cairn_why *why)
{
    size_t unit = dev->info.block_bytes;
    uint64_t least = cairn_max_u64(SCRATCH_BLOCKS_MIN * unit, SCRATCH_BYTES_MIN);
    if (*bytes < least)
        return cairn_why_fail(why, CAIRN_ENOMEM, "partition table: at least %lu bytes are needed",
                              (unsigned long)least);
    if (unit < GPT_ENTRY_BYTES_MAX) unit = GPT_ENTRY_BYTES_MAX;
    *bytes = *bytes / unit * unit;
    return CAIRN_OK;
}

static void table_clear(struct cairn_part_table *table, const struct cairn_blk *dev)
{
    memset(table, 0, sizeof *table); /* scheme CAIRN_PART_NONE */
    table->block_bytes = dev->info.block_bytes;
    table->block_count = dev->info.block_count;
}

/* A GPT whose protective MBR was lost: only where nothing else lies in that block, and, as there
 * may be an old copy at the end of a disk that has become something else, only by its first one. */
static bool guard_is_lost(const struct part_reader *reader, bool has_mbr, const struct mbr *mbr)
{
    if (!reader->findings || mbr_is_file_system(reader->scratch)) return false;
    return (!has_mbr || mbr_is_empty(mbr)) && gpt_is_there(reader);
}

static enum cairn_err table_read(const struct part_reader *reader)
{
    struct mbr mbr = { .disk_id = 0 };
    if (reader->dev->info.block_count < 2) return CAIRN_OK;
    enum cairn_err err = cairn_blk_read(reader->dev, 0, 1, reader->scratch, reader->why);
    if (err) return err;
    bool has_mbr = mbr_decode(reader->scratch, &mbr);
    bool is_table = has_mbr && mbr_is_table(reader->scratch, &mbr);
    if (is_table) reader->table->disk_id = mbr.disk_id;
    if (is_table && mbr_is_protective(&mbr)) return gpt_read(reader, &mbr);
    if (guard_is_lost(reader, has_mbr, &mbr)) return gpt_read(reader, &mbr);
    return is_table ? mbr_read(reader, &mbr) : CAIRN_OK;
}

static enum cairn_err read_with(struct part_reader *reader)
{
    struct cairn_part_table *table = reader->table;
    table_clear(table, reader->dev);
    if (reader->findings) reader->findings->count = 0;
    enum cairn_err err = part_scratch_fit(reader->dev, &reader->scratch_bytes, reader->why);
    if (!err) err = table_read(reader);
    if (err) table_clear(table, reader->dev);
    if (!err && reader->findings) part_find_overlaps(reader);
    return err;
}

enum cairn_err cairn_part_read(struct cairn_blk *dev, struct cairn_part_table *table, void *scratch,
                               size_t scratch_bytes, struct cairn_why *why)
{
    struct part_reader reader = {
        .dev = dev, .table = table, .scratch = scratch, .scratch_bytes = scratch_bytes, .why = why
    };
    return read_with(&reader);
}

enum cairn_err cairn_part_examine(struct cairn_blk *dev, struct cairn_part_table *table,
                                  struct cairn_part_findings *findings, void *scratch,
                                  size_t scratch_bytes, struct cairn_why *why)
{
    struct part_reader reader = { .dev = dev,
                                  .table = table,
                                  .findings = findings,
                                  .scratch = scratch,
                                  .scratch_bytes = scratch_bytes,
                                  .why = why };
    return read_with(&reader);
}
