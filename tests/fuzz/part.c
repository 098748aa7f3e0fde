/* SPDX-License-Identifier: ISC */
/* A whole disk before the reader of partition tables. The first byte tells the block size (bit 0)
 * and whether checksums are made right first (bit 1), which the fuzzer would not find. */
#include "fuzz.h"

#include "block/part_build.h"
#include <cairn/blk_mem.h>
#include <string.h>

#define BYTES_MAX (256u << 10)

static uint8_t memory[BYTES_MAX], scratch[16384];
static struct cairn_part_table table;

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
    require_table(cairn_part_read(&mem.base, &table, scratch, sizeof scratch, &why), &why,
                  &mem.base);
    return 0;
}
