/* SPDX-License-Identifier: ISC */
/* What is wrong with a table that can be used: partitions that overlap, and all of it as text. */
#include "read.h"

#include <cairn/text.h>

static const struct {
    const char *name, *text;
} faults[] = {
    [CAIRN_PART_PRIMARY] = { "primary", "the first copy of the GPT is bad" },
    [CAIRN_PART_BACKUP] = { "backup", "the backup copy of the GPT is bad" },
    [CAIRN_PART_PLACE] = { "place", "the backup of the GPT is not at the end: the disk has grown" },
    [CAIRN_PART_SHRUNK] = { "shrunk", "the disk is smaller than the GPT says, and has no backup" },
    [CAIRN_PART_DIFFER] = { "differ", "the two copies of the GPT differ; the first one counts" },
    [CAIRN_PART_GUARD] = { "guard", "the MBR does not match the GPT" },
    [CAIRN_PART_LAYOUT] = { "layout", "the GPT cannot be written as it is" },
    [CAIRN_PART_CUT] = { "cut", "the disk is smaller than the GPT says, and cuts partitions off" },
    [CAIRN_PART_OUTSIDE] = { "outside", NULL },
    [CAIRN_PART_OVERLAP] = { "overlap", NULL },
    [CAIRN_PART_CHAIN] = { "chain", "the chain of logical partitions breaks off" },
};

void part_found(const struct part_reader *reader, const struct cairn_part_finding *finding)
{
    struct cairn_part_findings *findings = reader->findings;
    if (findings && findings->count < CAIRN_PART_FINDINGS_MAX)
        findings->list[findings->count++] = *finding;
}

const char *cairn_part_fault_name(enum cairn_part_fault fault)
{
    return faults[fault].name;
}

void cairn_part_finding_text(const struct cairn_part_finding *finding, char *buf, size_t cap)
{
    struct cairn_text text;
    cairn_text_init(&text, buf, cap);
    if (finding->fault == CAIRN_PART_OVERLAP)
        cairn_text_fmt(&text, "partitions %lu and %lu overlap", (unsigned long)finding->number,
                       (unsigned long)finding->other);
    else if (finding->fault == CAIRN_PART_OUTSIDE)
        cairn_text_fmt(&text, "partition %lu", (unsigned long)finding->number);
    else
        cairn_text_str(&text, faults[finding->fault].text);
    if (finding->detail) cairn_text_fmt(&text, ": %s", finding->detail);
}

/* Not "first + count", which a disk can make wrap. */
static bool share_blocks(const struct cairn_part *a, const struct cairn_part *b)
{
    return a->first < b->first ? b->first - a->first < a->count : a->first - b->first < b->count;
}

/* A logical partition lies in the extended one. */
static bool may_share(const struct cairn_part_table *table, const struct cairn_part *a,
                      const struct cairn_part *b)
{
    return (cairn_part_is_extended(table, a) && b->number >= CAIRN_PART_LOGICAL) ||
           (cairn_part_is_extended(table, b) && a->number >= CAIRN_PART_LOGICAL);
}

const struct cairn_part *cairn_part_overlaps(const struct cairn_part_table *table,
                                             const struct cairn_part *part)
{
    for (uint32_t i = 0; i < table->part_count; i++) {
        const struct cairn_part *other = &table->parts[i];
        if (other->number == part->number || may_share(table, part, other)) continue;
        if (share_blocks(part, other)) return other;
    }
    return NULL;
}

/* The first that overlaps each is enough: 256 partitions in one place are not 32,640 findings. */
static void overlap_find(const struct part_reader *reader, uint32_t at)
{
    const struct cairn_part_table *table = reader->table;
    const struct cairn_part *part = &table->parts[at];
    for (uint32_t i = 0; i < at; i++) {
        const struct cairn_part *other = &table->parts[i];
        if (!share_blocks(part, other) || may_share(table, part, other)) continue;
        part_found(reader, &(struct cairn_part_finding){ .fault = CAIRN_PART_OVERLAP,
                                                         .number = other->number,
                                                         .other = part->number });
        return;
    }
}

void part_find_overlaps(const struct part_reader *reader)
{
    for (uint32_t i = 1; i < reader->table->part_count; i++)
        overlap_find(reader, i);
}
