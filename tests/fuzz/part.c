/* SPDX-License-Identifier: ISC */
/* A whole disk before the reader of partition tables, then the repair, then an edit that is
 * written. The first byte tells the block size (bit 0), whether checksums are made right first (bit
 * 1), which the fuzzer would not find, and what is edited (bits 2 to 7). */
#include "fuzz.h"

#include "block/part_build.h"
#include <cairn/blk_mem.h>
#include <cairn/part_edit.h>
#include <string.h>

#define BYTES_MAX (256u << 10)

static uint8_t memory[BYTES_MAX], scratch[16384];
static struct cairn_part_table table, before;
static struct cairn_part_findings findings;

static void require_part(const struct cairn_part *part, const struct cairn_blk *dev)
{
    fuzz_require(part->number >= 1, "numbers begin at 1");
    fuzz_require(part->count >= 1 && part->first < dev->info.block_count &&
                     part->count <= dev->info.block_count - part->first,
                 "partitions lie in the device");
    fuzz_require(memchr(part->name, '\0', sizeof part->name) != NULL, "names end");
    (void)cairn_part_type_name(part, table.scheme);
}

static void require_table(enum cairn_err err, const struct cairn_why *why,
                          const struct cairn_blk *dev)
{
    fuzz_require(!err || err == CAIRN_ECORRUPT || err == CAIRN_EOVERFLOW, "errors are known ones");
    fuzz_require(!err || (why->err == err && why->what[0]), "errors explain themselves");
    fuzz_require(table.part_count <= CAIRN_PART_MAX, "the table is bounded");
    fuzz_require(!err || table.part_count == 0, "a refused table is empty");
    fuzz_require(table.scheme != CAIRN_PART_NONE || table.part_count == 0, "no table, no parts");
    for (uint32_t i = 0; i < table.part_count; i++)
        require_part(&table.parts[i], dev);
}

/* What examine says is consistent with read, and can be told. */
static bool examine(struct cairn_blk *dev)
{
    struct cairn_why why = { 0 };
    enum cairn_err err = cairn_part_examine(dev, &table, &findings, scratch, sizeof scratch, &why);
    fuzz_require(!err || why.err == err, "errors explain themselves");
    for (uint32_t i = 0; i < findings.count; i++) {
        char text[256];
        cairn_part_finding_text(&findings.list[i], text, sizeof text);
        fuzz_require(text[0] && cairn_part_fault_name(findings.list[i].fault),
                     "findings have text");
    }
    return !err && table.scheme != CAIRN_PART_NONE;
}

static bool has_mendable(void)
{
    for (uint32_t i = 0; i < findings.count; i++)
        if (cairn_part_is_mendable(findings.list[i].fault)) return true;
    return false;
}

/* A repair converges: the second one finds nothing to do, and no partition is lost. */
static bool repair(struct cairn_blk *dev)
{
    struct cairn_why why = { 0 };
    if (!examine(dev)) return false;
    bool mendable = has_mendable();
    enum cairn_err err = cairn_part_repair(dev, &table, &findings, scratch, sizeof scratch, &why);
    if (err) {
        fuzz_require(err == CAIRN_EINVAL || err == CAIRN_EOVERFLOW || err == CAIRN_ENOSPC,
                     "repairs fail for known reasons");
        return false;
    }
    if (!mendable) return true;
    before = table;
    fuzz_require(examine(dev), "what was repaired is read");
    fuzz_require(!has_mendable(), "a repair converges");
    fuzz_require(table.part_count == before.part_count && !table.from_backup, "nothing is lost");
    for (uint32_t i = 0; i < table.part_count; i++)
        fuzz_require(table.parts[i].first == before.parts[i].first &&
                         table.parts[i].count == before.parts[i].count,
                     "partitions stay where they are");
    return true;
}

/* Gaps are in order, apart, and inside. */
static void require_gaps(bool logical)
{
    struct cairn_part_gap gap;
    uint64_t at = 0, end = 0;
    while (cairn_part_gap_next(&table, logical, &at, &gap)) {
        fuzz_require(gap.count > 0 && gap.first >= end, "gaps are in order");
        fuzz_require(gap.first + gap.count <= table.last_usable + 1 || logical, "gaps are usable");
        end = gap.first + gap.count;
        fuzz_require(at == end, "the next gap lies behind");
    }
}

/* A table after an edit: it says so, and what is written is read. */
static void edit(struct cairn_blk *dev, uint8_t how)
{
    struct cairn_part_wish wish = { .logical = how & 1, .align = how & 2 ? 1 : 8 };
    uint32_t number = how >> 3;
    if (table.scheme == CAIRN_PART_NONE) return;
    require_gaps(false);
    if (table.scheme == CAIRN_PART_MBR) require_gaps(true);
    wish.part.type_id = table.scheme == CAIRN_PART_MBR ? 0x83 : 0;
    memset(wish.part.type_guid, 0x33, table.scheme == CAIRN_PART_GPT ? 16 : 0);
    memset(wish.part.guid, 0x44 + how, table.scheme == CAIRN_PART_GPT ? 16 : 0);
    if (how & 4) wish.part.count = number;
    enum cairn_err err = how % 3 == 0   ? cairn_part_add(&table, &wish, &number, NULL)
                         : how % 3 == 1 ? cairn_part_delete(&table, number, NULL)
                                        : cairn_part_resize(&table, number, how, NULL);
    if (err || cairn_part_write(dev, &table, scratch, sizeof scratch, NULL)) return;
    before = table;
    fuzz_require(!cairn_part_read(dev, &table, scratch, sizeof scratch, NULL), "it is read");
    fuzz_require(table.part_count == before.part_count, "no partition appears or vanishes");
    for (uint32_t i = 0; i < table.part_count; i++)
        fuzz_require(table.parts[i].number == before.parts[i].number &&
                         table.parts[i].first == before.parts[i].first &&
                         table.parts[i].count == before.parts[i].count,
                     "what is written is read");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct cairn_blk_mem mem;
    struct cairn_why why = { 0 };
    if (len < 1 || len - 1 > BYTES_MAX) return 0;
    struct disk disk = { memory, bytes[0] & 1 ? 4096 : 512, 0 };
    disk.block_count = (len - 1 + disk.block_bytes - 1) / disk.block_bytes;
    memset(memory, 0, disk.block_count * disk.block_bytes);
    memcpy(memory, bytes + 1, len - 1);
    if ((bytes[0] & 2) && disk.block_count > 2) {
        disk_gpt_sign(&disk, 1);
        disk_gpt_sign(&disk, disk.block_count - 1);
    }
    if (cairn_blk_mem_open(&mem, memory, disk.block_bytes, disk.block_count, NULL)) return 0;
    enum cairn_err err = cairn_part_read(&mem.base, &table, scratch, sizeof scratch, &why);
    require_table(err, &why, &mem.base);
    if (!err) edit(&mem.base, bytes[0] >> 2);
    (void)repair(&mem.base);
    return 0;
}
