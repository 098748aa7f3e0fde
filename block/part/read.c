/* SPDX-License-Identifier: ISC */
/* Partition tables of a device: which there is, and what it says, checked against the device. */
#include <cairn/bytes.h>
#include <cairn/checksum.h>
#include <cairn/part.h>

#include "codec.h"

#define SCRATCH_BYTES_MIN 4096u
#define SCRATCH_BLOCKS_MIN 4u

/* What reading a table works with. */
struct reader {
    struct cairn_blk *dev;
    struct cairn_part_table *table;
    uint8_t *scratch;
    size_t scratch_bytes;
    struct cairn_why *why;
};

/* The one door for tables that contradict themselves or the device. */
static enum cairn_err part_corrupt(const struct reader *reader, uint64_t block, const char *what)
{
    enum cairn_err err = cairn_why_fail(reader->why, CAIRN_ECORRUPT, "partition table: %s", what);
    cairn_why_block(reader->why, block);
    cairn_why_via(reader->why, reader->dev->name);
    return err;
}

static enum cairn_err part_faulty(const struct reader *reader, uint32_t number, const char *fault)
{
    enum cairn_err err = cairn_why_fail(reader->why, CAIRN_ECORRUPT, "partition %lu: %s",
                                        (unsigned long)number, fault);
    cairn_why_via(reader->why, reader->dev->name);
    cairn_why_hint(reader->why, "the image may be cut short, or made for another block size");
    return err;
}

static enum cairn_err part_add(const struct reader *reader, const struct cairn_part *part)
{
    struct cairn_part_table *table = reader->table;
    if (table->part_count == CAIRN_PART_MAX)
        return cairn_why_fail(reader->why, CAIRN_EOVERFLOW,
                              "partition table: more than %d partitions", CAIRN_PART_MAX);
    table->parts[table->part_count++] = *part;
    return CAIRN_OK;
}

static enum cairn_err mbr_add(const struct reader *reader, uint32_t number, uint64_t first,
                              const struct mbr_entry *entry)
{
    if (!cairn_range_fits(first, entry->count, reader->dev->info.block_count))
        return part_faulty(reader, number, "it lies beyond the end of the device");
    struct cairn_part part = { .number = number,
                               .first = first,
                               .count = entry->count,
                               .type_id = entry->type,
                               .attributes = entry->status };
    return part_add(reader, &part);
}

/* The walk along one chain of logical partitions: each boot record holds a partition, relative to
 * itself, and a link, relative to the extended partition. */
struct chain {
    uint64_t base;  /* the extended partition */
    uint64_t at;    /* this boot record */
    uint32_t seen;  /* boot records so far */
    uint32_t *next; /* number of the next logical partition */
    uint64_t visited[CAIRN_PART_MAX];
};

static enum cairn_err chain_visit(const struct reader *reader, struct chain *chain)
{
    for (uint32_t i = 0; i < chain->seen; i++)
        if (chain->visited[i] == chain->at)
            return part_corrupt(reader, chain->at, "its logical partitions run in a circle");
    if (chain->seen == CAIRN_PART_MAX)
        return part_corrupt(reader, chain->at, "its chain of logical partitions is too long");
    if (chain->at >= reader->dev->info.block_count)
        return part_corrupt(reader, chain->base, "a logical partition lies beyond the device");
    chain->visited[chain->seen++] = chain->at;
    return CAIRN_OK;
}

/* Read one boot record: adds its partition; *link is the next record's place in the extended
 * partition, or 0. Only the first two entries have a meaning. */
static enum cairn_err chain_read(const struct reader *reader, struct chain *chain, uint32_t *link)
{
    struct mbr mbr;
    *link = 0;
    enum cairn_err err = cairn_blk_read(reader->dev, chain->at, 1, reader->scratch, reader->why);
    if (err) return err;
    if (!mbr_decode(reader->scratch, &mbr))
        return part_corrupt(reader, chain->at, "a logical partition has no boot record");
    for (size_t i = 0; i < 2; i++) {
        const struct mbr_entry *entry = &mbr.entries[i];
        if (!mbr_entry_is_used(entry)) continue;
        if (mbr_entry_is_extended(entry)) {
            if (!*link) *link = entry->first;
        } else {
            err = mbr_add(reader, *chain->next, chain->at + entry->first, entry);
            if (err) return err;
            ++*chain->next;
        }
    }
    return CAIRN_OK;
}

static enum cairn_err chain_walk(const struct reader *reader, uint64_t base, uint32_t *next)
{
    struct chain chain = { .base = base, .at = base, .next = next };
    for (;;) {
        uint32_t link;
        enum cairn_err err = chain_visit(reader, &chain);
        if (err) return err;
        err = chain_read(reader, &chain, &link);
        if (err || !link) return err;
        chain.at = base + link;
    }
}

/* Logical partitions are numbered from 5 in the order of the chain, whatever their places. */
static enum cairn_err mbr_read(const struct reader *reader, const struct mbr *mbr)
{
    reader->table->scheme = CAIRN_PART_MBR;
    reader->table->disk_id = mbr->disk_id;
    for (uint32_t i = 0; i < 4; i++) {
        const struct mbr_entry *entry = &mbr->entries[i];
        if (!mbr_entry_is_used(entry)) continue;
        enum cairn_err err = mbr_add(reader, i + 1, entry->first, entry);
        if (err) return err;
    }
    uint32_t next = 5;
    for (uint32_t i = 0; i < 4; i++) {
        const struct mbr_entry *entry = &mbr->entries[i];
        if (!mbr_entry_is_used(entry) || !mbr_entry_is_extended(entry)) continue;
        enum cairn_err err = chain_walk(reader, entry->first, &next);
        if (err) return err;
    }
    return CAIRN_OK;
}

/* The piece of the array of entries that begins at byte `done`, into scratch. */
static enum cairn_err gpt_read_piece(const struct reader *reader, const struct gpt_header *header,
                                     uint64_t done, size_t *bytes, struct cairn_why *why)
{
    uint32_t block_bytes = reader->dev->info.block_bytes;
    uint64_t all = (uint64_t)header->entry_count * header->entry_bytes;
    *bytes = (size_t)cairn_min_u64(all - done, reader->scratch_bytes);
    return cairn_blk_read(reader->dev, header->entries + done / block_bytes,
                          cairn_div_up(*bytes, block_bytes), reader->scratch, why);
}

static const char *gpt_entries_fault(const struct reader *reader, const struct gpt_header *header)
{
    uint64_t all = (uint64_t)header->entry_count * header->entry_bytes;
    uint32_t crc = 0;
    size_t bytes;
    for (uint64_t done = 0; done < all; done += bytes) {
        if (gpt_read_piece(reader, header, done, &bytes, NULL)) return "its entries are unreadable";
        crc = cairn_crc32(crc, reader->scratch, bytes);
    }
    return crc == header->entries_crc ? NULL : "the checksum of its entries is wrong";
}

/* NULL, or why the copy whose header lies in block `at` cannot be used; what cannot be read is as
 * bad as what is wrong, as there are two copies. */
static const char *gpt_copy_fault(const struct reader *reader, uint64_t at,
                                  struct gpt_header *header)
{
    const struct cairn_blk_info *info = &reader->dev->info;
    if (cairn_blk_read(reader->dev, at, 1, reader->scratch, NULL)) return "it is unreadable";
    const char *fault =
        gpt_header_decode(reader->scratch, info->block_bytes, at, info->block_count, header);
    return fault ? fault : gpt_entries_fault(reader, header);
}

/* The entries of a piece of the array that is in scratch; `index` is the first one's. */
static enum cairn_err gpt_add(const struct reader *reader, const struct gpt_header *header,
                              uint64_t index, size_t bytes)
{
    for (size_t at = 0; at < bytes; at += header->entry_bytes, index++) {
        struct cairn_part part;
        if (!gpt_entry_decode(reader->scratch + at, (uint32_t)index, &part)) continue;
        const char *fault = gpt_part_fault(header, &part);
        if (fault) return part_faulty(reader, part.number, fault);
        enum cairn_err err = part_add(reader, &part);
        if (err) return err;
    }
    return CAIRN_OK;
}

/* Take over a copy that was found good. */
static enum cairn_err gpt_take(const struct reader *reader, const struct gpt_header *header)
{
    uint64_t all = (uint64_t)header->entry_count * header->entry_bytes;
    size_t bytes;
    reader->table->scheme = CAIRN_PART_GPT;
    memcpy(reader->table->disk_guid, header->disk_guid, sizeof header->disk_guid);
    for (uint64_t done = 0; done < all; done += bytes) {
        enum cairn_err err = gpt_read_piece(reader, header, done, &bytes, reader->why);
        if (!err) err = gpt_add(reader, header, done / header->entry_bytes, bytes);
        if (err) return err;
    }
    return CAIRN_OK;
}

/* A table that was written for blocks of another size has its first header at another byte. */
static void hint_block_size(const struct reader *reader)
{
    uint32_t block_bytes = reader->dev->info.block_bytes;
    uint32_t other = block_bytes == 512 ? 4096 : 512;
    if (cairn_blk_read(reader->dev, other / block_bytes, 1, reader->scratch, NULL)) return;
    if (gpt_has_signature(reader->scratch + other % block_bytes))
        cairn_why_hint(reader->why, "the table was written for blocks of %lu bytes, not %lu",
                       (unsigned long)other, (unsigned long)block_bytes);
}

static enum cairn_err gpt_read(const struct reader *reader)
{
    struct gpt_header header;
    const char *primary = gpt_copy_fault(reader, 1, &header);
    const char *backup = NULL;
    if (primary) backup = gpt_copy_fault(reader, reader->dev->info.block_count - 1, &header);
    reader->table->from_backup = primary != NULL;
    if (!backup) return gpt_take(reader, &header);
    enum cairn_err err = cairn_why_fail(
        reader->why, CAIRN_ECORRUPT, "GPT: the first header: %s; the backup: %s", primary, backup);
    cairn_why_via(reader->why, reader->dev->name);
    hint_block_size(reader);
    return err;
}

/* Scratch as whole pieces: of blocks, and of entries of any size. */
static bool scratch_fit(struct reader *reader, size_t bytes)
{
    size_t unit = reader->dev->info.block_bytes;
    if (bytes < SCRATCH_BLOCKS_MIN * unit || bytes < SCRATCH_BYTES_MIN) return false;
    if (unit < GPT_ENTRY_BYTES_MAX) unit = GPT_ENTRY_BYTES_MAX;
    reader->scratch_bytes = bytes / unit * unit;
    return true;
}

static void table_clear(struct cairn_part_table *table)
{
    memset(table, 0, sizeof *table); /* scheme CAIRN_PART_NONE */
}

static enum cairn_err table_read(const struct reader *reader)
{
    struct mbr mbr;
    if (reader->dev->info.block_count < 2) return CAIRN_OK;
    enum cairn_err err = cairn_blk_read(reader->dev, 0, 1, reader->scratch, reader->why);
    if (err) return err;
    if (!mbr_decode(reader->scratch, &mbr) || !mbr_is_table(reader->scratch, &mbr)) return CAIRN_OK;
    return mbr_is_protective(&mbr) ? gpt_read(reader) : mbr_read(reader, &mbr);
}

enum cairn_err cairn_part_read(struct cairn_blk *dev, struct cairn_part_table *table, void *scratch,
                               size_t scratch_bytes, struct cairn_why *why)
{
    struct reader reader = { .dev = dev, .table = table, .scratch = scratch, .why = why };
    table_clear(table);
    if (!scratch_fit(&reader, scratch_bytes))
        return cairn_why_fail(why, CAIRN_ENOMEM, "partition table: at least %lu bytes are needed",
                              (unsigned long)cairn_max_u64(
                                  SCRATCH_BYTES_MIN, SCRATCH_BLOCKS_MIN * dev->info.block_bytes));
    enum cairn_err err = table_read(&reader);
    if (err) table_clear(table);
    return err;
}
