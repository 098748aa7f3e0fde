/* SPDX-License-Identifier: ISC */
/*
 * Writing an MBR and its logical partitions.
 *
 * 1. Boot records are written from the last to the first, and a flush follows each: a link never
 *    leads to what is not there. One change of a table changes one link, so that every moment of
 *    the walk is the old chain or the new one.
 * 2. Only the first record has a fixed place; the others stay where they were.
 */
#include "write.h"

#include <cairn/bytes.h>

/* The place of a boot record: the first one's is the extended partition's own first block. */
static uint64_t record_at(const struct cairn_part *extended, const struct cairn_part *part)
{
    return part->number == CAIRN_PART_LOGICAL ? extended->first : part->record;
}

static bool relative(uint64_t from, uint64_t to, uint32_t *out)
{
    *out = (uint32_t)(to - from);
    return to >= from && to - from <= UINT32_MAX;
}

static enum cairn_err too_far(const struct part_writer *writer, uint32_t number)
{
    return cairn_why_fail(writer->why, CAIRN_EOVERFLOW,
                          "partition %lu does not fit the 32 bits of an MBR",
                          (unsigned long)number);
}

/* What the boot record of part says, with a link to next; either may be NULL. */
static bool record_make(const struct cairn_part *extended, const struct cairn_part *part,
                        const struct cairn_part *next, struct mbr *mbr)
{
    struct mbr_entry *own = &mbr->entries[0], *link = &mbr->entries[1];
    *mbr = (struct mbr){ .disk_id = 0 };
    if (part) {
        own->status = (uint8_t)part->attributes;
        own->type = part->type_id;
        if (!relative(record_at(extended, part), part->first, &own->first) ||
            !relative(0, part->count, &own->count))
            return false;
    }
    if (!next) return true;
    link->type = MBR_TYPE_LINK;
    return relative(extended->first, next->record, &link->first) &&
           relative(next->record, part_end(next), &link->count);
}

/* Write one where it changes; its boot code is nobody's. */
static enum cairn_err record_write(const struct part_writer *writer, uint64_t at,
                                   const struct mbr *mbr)
{
    uint8_t sector[MBR_BYTES] = { 0 };
    enum cairn_err err = cairn_blk_read(writer->dev, at, 1, writer->scratch, writer->why);
    if (err) return err;
    mbr_encode(sector, mbr);
    if (memcmp(writer->scratch + MBR_ENTRIES_AT, sector + MBR_ENTRIES_AT,
               MBR_BYTES - MBR_ENTRIES_AT) == 0)
        return CAIRN_OK;
    memset(writer->scratch, 0, writer->table->block_bytes);
    memcpy(writer->scratch, sector, sizeof sector);
    err = cairn_blk_write(writer->dev, at, 1, writer->scratch, writer->why);
    return err ? err : cairn_blk_flush(writer->dev, writer->why);
}

/* Two in one record, or two chains, are read, but there is no order in which to write them. */
static enum cairn_err chain_check(const struct part_writer *writer)
{
    const struct cairn_part_table *table = writer->table;
    const struct cairn_part *extended = NULL;
    for (uint32_t i = 0; i < table->part_count; i++) {
        const struct cairn_part *part = &table->parts[i];
        bool is_extended = cairn_part_is_extended(table, part);
        if (is_extended && extended)
            return cairn_why_fail(writer->why, CAIRN_ENOTSUP,
                                  "the disk has two extended partitions");
        if (is_extended) extended = part;
        for (uint32_t j = 0; part->record && j < i; j++)
            if (table->parts[j].record == part->record)
                return cairn_why_fail(
                    writer->why, CAIRN_ENOTSUP, "partitions %lu and %lu share a boot record",
                    (unsigned long)table->parts[j].number, (unsigned long)part->number);
    }
    return CAIRN_OK;
}

static enum cairn_err chain_write(const struct part_writer *writer)
{
    const struct cairn_part_table *table = writer->table;
    const struct cairn_part *extended = part_extended(table), *next = NULL;
    struct mbr mbr;
    if (!extended) return CAIRN_OK;
    for (uint32_t i = table->part_count; i > 0; i--) {
        const struct cairn_part *part = &table->parts[i - 1];
        if (part->number < CAIRN_PART_LOGICAL) break;
        if (!record_make(extended, part, next, &mbr)) return too_far(writer, part->number);
        enum cairn_err err = record_write(writer, record_at(extended, part), &mbr);
        if (err) return err;
        next = part;
    }
    if (next) return CAIRN_OK;
    (void)record_make(extended, NULL, NULL, &mbr);
    return record_write(writer, extended->first, &mbr);
}

static enum cairn_err primaries_make(const struct part_writer *writer, struct mbr *mbr)
{
    const struct cairn_part_table *table = writer->table;
    *mbr = (struct mbr){ .disk_id = table->disk_id };
    for (uint32_t i = 0; i < table->part_count; i++) {
        const struct cairn_part *part = &table->parts[i];
        if (part->number >= CAIRN_PART_LOGICAL) break;
        struct mbr_entry *entry = &mbr->entries[part->number - 1];
        entry->status = (uint8_t)part->attributes;
        entry->type = part->type_id;
        if (!relative(0, part->first, &entry->first) || !relative(0, part->count, &entry->count))
            return too_far(writer, part->number);
    }
    return CAIRN_OK;
}

static bool is_in_partition(const struct cairn_part_table *table, uint64_t block)
{
    for (uint32_t i = 0; i < table->part_count; i++)
        if (block >= table->parts[i].first && block < part_end(&table->parts[i])) return true;
    return false;
}

/* The header of a GPT that was there before would be taken for one that lost its MBR. */
static enum cairn_err gpt_wipe(const struct part_writer *writer, uint64_t at)
{
    if (is_in_partition(writer->table, at)) return CAIRN_OK;
    enum cairn_err err = cairn_blk_read(writer->dev, at, 1, writer->scratch, writer->why);
    if (err || !gpt_has_signature(writer->scratch)) return err;
    memset(writer->scratch, 0, writer->table->block_bytes);
    return cairn_blk_write(writer->dev, at, 1, writer->scratch, writer->why);
}

enum cairn_err mbr_write(const struct part_writer *writer)
{
    struct mbr mbr;
    enum cairn_err err = chain_check(writer);
    if (!err) err = primaries_make(writer, &mbr);
    if (!err) err = chain_write(writer);
    if (!err) err = cairn_blk_read(writer->dev, 0, 1, writer->scratch, writer->why);
    if (!err) err = part_sector_write(writer, &mbr);
    if (!err) err = gpt_wipe(writer, GPT_PRIMARY);
    if (!err) err = gpt_wipe(writer, writer->table->block_count - 1);
    return err ? err : cairn_blk_flush(writer->dev, writer->why);
}
