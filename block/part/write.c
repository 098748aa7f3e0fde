/* SPDX-License-Identifier: ISC */
/*
 * Writing tables, so that whatever breaks off leaves the old one or the new one.
 *
 * 1. Of a GPT the copy that the table was read from is written last, after a flush: until the other
 *    one is whole and durable, the old table is.
 * 2. The MBR follows behind a flush: what it points at is there before it.
 * 3. What an old table was is wiped only when the new one is durable.
 */
#include "write.h"

#include <cairn/bytes.h>
#include <cairn/checksum.h>

/* ---- one copy of a GPT ----------------------------------------------------------------------- */

/* `bytes` of the array of entries from byte `done` on, in scratch: what was there becomes what the
 * table says. */
static void piece_encode(const struct part_writer *writer, uint64_t done, size_t bytes)
{
    const struct cairn_part_table *table = writer->table;
    uint32_t number = (uint32_t)(done / table->entry_bytes);
    for (size_t at = 0; at < bytes; at += table->entry_bytes) {
        const struct cairn_part *part = cairn_part_numbered(table, ++number);
        if (part)
            gpt_entry_encode(writer->scratch + at, table->entry_bytes, part);
        else
            memset(writer->scratch + at, 0, table->entry_bytes);
    }
}

/* The array from block `entries` on, with what is kept of the one at `source`, if that is not 0;
 * *crc is of its entries, not of what fills its last block. */
static enum cairn_err array_write(const struct part_writer *writer, uint64_t entries,
                                  uint64_t source, uint32_t *crc)
{
    const struct cairn_part_table *table = writer->table;
    uint64_t all = (uint64_t)table->entry_count * table->entry_bytes;
    *crc = 0;
    for (uint64_t done = 0; done < all; done += writer->scratch_bytes) {
        size_t bytes = (size_t)cairn_min_u64(all - done, writer->scratch_bytes);
        uint64_t blocks = cairn_div_up(bytes, table->block_bytes), at = done / table->block_bytes;
        enum cairn_err err = CAIRN_OK;
        memset(writer->scratch, 0, (size_t)blocks * table->block_bytes);
        if (source)
            err = cairn_blk_read(writer->dev, source + at, blocks, writer->scratch, writer->why);
        if (err) return err;
        piece_encode(writer, done, bytes);
        memset(writer->scratch + bytes, 0, (size_t)blocks * table->block_bytes - bytes);
        *crc = cairn_crc32(*crc, writer->scratch, bytes);
        err = cairn_blk_write(writer->dev, entries + at, blocks, writer->scratch, writer->why);
        if (err) return err;
    }
    return CAIRN_OK;
}

static uint64_t copy_entries(const struct cairn_part_table *table, bool backup)
{
    return backup ? gpt_backup_entries(table) : table->entries;
}

static enum cairn_err copy_write(const struct part_writer *writer, bool backup, uint64_t source)
{
    const struct cairn_part_table *table = writer->table;
    uint64_t last = table->block_count - 1;
    struct gpt_header header = { .at = backup ? last : GPT_PRIMARY,
                                 .alternate = backup ? GPT_PRIMARY : last,
                                 .first_usable = table->first_usable,
                                 .last_usable = table->last_usable,
                                 .entries = copy_entries(table, backup),
                                 .entry_count = table->entry_count,
                                 .entry_bytes = table->entry_bytes };
    memcpy(header.disk_guid, table->disk_guid, sizeof header.disk_guid);
    enum cairn_err err = array_write(writer, header.entries, source, &header.entries_crc);
    if (err) return err;
    gpt_header_encode(writer->scratch, table->block_bytes, &header);
    err = cairn_blk_write(writer->dev, header.at, 1, writer->scratch, writer->why);
    return err ? err : cairn_blk_flush(writer->dev, writer->why);
}

/* ---- the MBR --------------------------------------------------------------------------------- */

enum cairn_err part_sector_write(const struct part_writer *writer, const struct mbr *mbr)
{
    if (mbr_is_file_system(writer->scratch)) memset(writer->scratch, 0, MBR_BYTES);
    mbr_encode(writer->scratch, mbr);
    enum cairn_err err = cairn_blk_write(writer->dev, 0, 1, writer->scratch, writer->why);
    return err ? err : cairn_blk_flush(writer->dev, writer->why);
}

/* One that guards the table already may be of a shape that its firmware needs: it stays. */
static enum cairn_err guard_write(const struct part_writer *writer, const struct mbr *guard)
{
    struct mbr old;
    enum cairn_err err = cairn_blk_read(writer->dev, 0, 1, writer->scratch, writer->why);
    if (err) return err;
    if (mbr_decode(writer->scratch, &old) && mbr_is_table(writer->scratch, &old) &&
        old.disk_id == guard->disk_id && !gpt_guard_fault(writer->table, &old))
        return CAIRN_OK;
    return part_sector_write(writer, guard);
}

static enum cairn_err gpt_write(const struct part_writer *writer)
{
    const struct cairn_part_table *table = writer->table;
    struct mbr guard;
    const char *fault = gpt_layout_fault(table);
    if (fault) {
        (void)cairn_why_fail(writer->why, CAIRN_EINVAL, "GPT: %s", fault);
        cairn_why_hint(writer->why, "it was not changed; make a new table");
        return CAIRN_EINVAL;
    }
    if (!gpt_guard_make(table, &guard))
        return cairn_why_fail(writer->why, CAIRN_EOVERFLOW,
                              "a hybrid MBR shows up to %d partitions of the first 2^32 blocks",
                              (int)CAIRN_PART_HYBRID_MAX);
    bool backup_first = !table->from_backup;
    enum cairn_err err = copy_write(writer, backup_first, table->source);
    if (!err) err = copy_write(writer, !backup_first, copy_entries(table, backup_first));
    return err ? err : guard_write(writer, &guard);
}

/* ---- all of it ------------------------------------------------------------------------------- */

enum cairn_err cairn_part_write(struct cairn_blk *dev, const struct cairn_part_table *table,
                                void *scratch, size_t scratch_bytes, struct cairn_why *why)
{
    struct part_writer writer = { dev, table, scratch, scratch_bytes, why };
    enum cairn_err err = part_scratch_fit(dev, &writer.scratch_bytes, why);
    if (err) return err;
    if (table->block_bytes != dev->info.block_bytes || table->block_count != dev->info.block_count)
        return cairn_why_fail(why, CAIRN_EINVAL, "the table was made for a device of another size");
    if (table->scheme == CAIRN_PART_GPT) return gpt_write(&writer);
    if (table->scheme == CAIRN_PART_MBR) return mbr_write(&writer);
    return cairn_why_fail(why, CAIRN_EINVAL, "there is no partition table to write");
}

static bool has_fault(const struct cairn_part_findings *findings, enum cairn_part_fault fault)
{
    for (uint32_t i = 0; i < findings->count; i++)
        if (findings->list[i].fault == fault) return true;
    return false;
}

static bool has_mendable(const struct cairn_part_findings *findings)
{
    for (uint32_t i = 0; i < findings->count; i++)
        if (cairn_part_is_mendable(findings->list[i].fault)) return true;
    return false;
}

static enum cairn_err cut_refuse(const struct cairn_part_findings *findings, struct cairn_why *why)
{
    unsigned long number = 0;
    for (uint32_t i = 0; i < findings->count && !number; i++)
        if (findings->list[i].fault == CAIRN_PART_OUTSIDE) number = findings->list[i].number;
    (void)cairn_why_fail(why, CAIRN_ENOSPC, "partition %lu does not fit the disk any more", number);
    cairn_why_hint(why, "nothing was changed; delete it, or give the disk its size back");
    return CAIRN_ENOSPC;
}

enum cairn_err cairn_part_repair(struct cairn_blk *dev, struct cairn_part_table *table,
                                 const struct cairn_part_findings *findings, void *scratch,
                                 size_t scratch_bytes, struct cairn_why *why)
{
    if (has_fault(findings, CAIRN_PART_CUT)) return cut_refuse(findings, why);
    if (!has_mendable(findings)) return CAIRN_OK;
    /* What a disk grew by is for partitions, too. */
    if (has_fault(findings, CAIRN_PART_PLACE))
        table->last_usable = cairn_max_u64(table->last_usable, gpt_backup_entries(table) - 1);
    return cairn_part_write(dev, table, scratch, scratch_bytes, why);
}
