/* SPDX-License-Identifier: ISC */
/* Reading an MBR, and the chain of boot records that holds logical partitions. */
#include "read.h"

#include <cairn/bytes.h>

static enum cairn_err mbr_add(const struct part_reader *reader, uint32_t number, uint64_t first,
                              const struct mbr_entry *entry, uint64_t record)
{
    struct cairn_part part = { .number = number,
                               .first = first,
                               .count = entry->count,
                               .type_id = entry->type,
                               .attributes = entry->status,
                               .record = record };
    bool fits = cairn_range_fits(first, entry->count, reader->dev->info.block_count);
    return part_take(reader, &part, fits ? NULL : "it lies beyond the end of the device");
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

static const char *chain_fault(const struct part_reader *reader, const struct chain *chain)
{
    if (chain->at == 0) return "its logical partitions run in a circle"; /* the MBR is no record */
    for (uint32_t i = 0; i < chain->seen; i++)
        if (chain->visited[i] == chain->at) return "its logical partitions run in a circle";
    if (chain->seen == CAIRN_PART_MAX) return "its chain of logical partitions is too long";
    if (chain->at >= reader->dev->info.block_count)
        return "a logical partition lies beyond the device";
    return NULL;
}

/* The chain ends here; what was read of it stays, where findings are wanted. */
static enum cairn_err chain_break(const struct part_reader *reader, const struct chain *chain,
                                  const char *fault)
{
    if (!reader->findings) return part_corrupt(reader, chain->at, fault);
    part_found(reader, &(struct cairn_part_finding){ .fault = CAIRN_PART_CHAIN, .detail = fault });
    return CAIRN_OK;
}

/* Read one boot record: adds its partition; *link is the next record's place in the extended
 * partition, or 0. Only the first two entries have a meaning. */
static enum cairn_err chain_read(const struct part_reader *reader, struct chain *chain,
                                 uint32_t *link)
{
    struct mbr mbr;
    *link = 0;
    enum cairn_err err = cairn_blk_read(reader->dev, chain->at, 1, reader->scratch, reader->why);
    if (err) return err;
    if (!mbr_decode(reader->scratch, &mbr))
        return chain_break(reader, chain, "a logical partition has no boot record");
    for (size_t i = 0; i < 2; i++) {
        const struct mbr_entry *entry = &mbr.entries[i];
        if (!mbr_entry_is_used(entry)) continue;
        if (mbr_type_is_extended(entry->type)) {
            if (!*link) *link = entry->first;
        } else {
            err = mbr_add(reader, *chain->next, chain->at + entry->first, entry, chain->at);
            if (err) return err;
            ++*chain->next;
        }
    }
    return CAIRN_OK;
}

static enum cairn_err chain_walk(const struct part_reader *reader, uint64_t base, uint32_t *next)
{
    struct chain chain = { .base = base, .at = base, .next = next };
    for (;;) {
        uint32_t link;
        const char *fault = chain_fault(reader, &chain);
        if (fault) return chain_break(reader, &chain, fault);
        chain.visited[chain.seen++] = chain.at;
        enum cairn_err err = chain_read(reader, &chain, &link);
        if (err || !link) return err;
        chain.at = base + link;
    }
}

/* Logical partitions are numbered from 5 in the order of the chain, whatever their places. */
enum cairn_err mbr_read(const struct part_reader *reader, const struct mbr *mbr)
{
    struct cairn_part_table *table = reader->table;
    table->scheme = CAIRN_PART_MBR;
    table->first_usable = 1;
    table->last_usable = cairn_min_u64(table->block_count - 1, UINT32_MAX);
    for (uint32_t i = 0; i < 4; i++) {
        const struct mbr_entry *entry = &mbr->entries[i];
        if (!mbr_entry_is_used(entry)) continue;
        enum cairn_err err = mbr_add(reader, i + 1, entry->first, entry, 0);
        if (err) return err;
    }
    uint32_t next = CAIRN_PART_LOGICAL;
    for (uint32_t i = 0; i < 4; i++) {
        const struct mbr_entry *entry = &mbr->entries[i];
        if (!mbr_entry_is_used(entry) || !mbr_type_is_extended(entry->type)) continue;
        enum cairn_err err = chain_walk(reader, entry->first, &next);
        if (err) return err;
    }
    return CAIRN_OK;
}
