/* SPDX-License-Identifier: ISC */
/* A whole volume before check: whatever it holds, check ends, in memory that the input's size
 * bounds, and says the same whether it borrows the bytes or reads them. */
#include "fuzz.h"

#include <cairn/blk_mem.h>
#include <cairn/fat_check.h>
#include <string.h>

#define UNIT 512u
#define FINDINGS_MAX 100000u

struct said {
    uint64_t findings[3], sum;
    uint32_t total;
};

static bool listen(void *ctx, const struct cairn_fat_finding *found)
{
    struct said *said = ctx;
    fuzz_require(found->fault < CAIRN_FAT_FAULT_COUNT && found->severity <= CAIRN_FAT_MAJOR,
                 "findings are known ones");
    fuzz_require(found->text[0] && strlen(found->path) < CAIRN_FAT_CHECK_PATH_BYTES,
                 "findings can be printed");
    said->findings[found->severity]++;
    said->sum = said->sum * 31 + found->fault * 7u + found->cluster + found->a + found->b;
    return ++said->total < FINDINGS_MAX;
}

static void require_sums(const struct cairn_fat_check_result *result, const struct said *said)
{
    fuzz_require(result->used_clusters + result->free_clusters + result->bad_clusters ==
                     result->clusters,
                 "clusters are used, free or bad");
    fuzz_require(result->orphan_clusters <= result->used_clusters, "orphans are used clusters");
    fuzz_require(!memcmp(result->findings, said->findings, sizeof said->findings),
                 "findings are counted");
}

static enum cairn_err check(struct cairn_blk *dev, size_t len, struct said *said)
{
    struct cairn_fat_check_options options = { .report = listen, .ctx = said };
    struct cairn_fat_check_result result;
    struct cairn_why why = { 0 };
    size_t bytes = cairn_fat_check_mem(dev, 64);
    fuzz_require(bytes <= (2u << 20) + len, "memory is bounded by the device's size");
    void *mem = malloc(bytes);
    if (!mem) abort();
    enum cairn_err err = cairn_fat_check(dev, &options, mem, bytes, &result, &why);
    if (err == CAIRN_OK) require_sums(&result, said);
    fuzz_require(err == CAIRN_OK || why.err == err, "an error explains itself");
    free(mem);
    return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct cairn_blk_mem dev;
    struct said borrowed = { 0 }, read = { 0 };
    uint64_t blocks = len / UNIT;
    if (blocks == 0) return 0;
    uint8_t *copy = malloc(blocks * UNIT);
    if (!copy) abort();
    memcpy(copy, bytes, blocks * UNIT);
    if (cairn_blk_mem_open(&dev, copy, UNIT, blocks, NULL)) abort();
    enum cairn_err first = check(&dev.base, len, &borrowed);
    struct cairn_blk_ops ops = *dev.base.ops;
    ops.borrow = NULL;
    dev.base.ops = &ops;
    dev.base.info.borrow = CAIRN_BLK_ABSENT;
    enum cairn_err second = check(&dev.base, len, &read);
    fuzz_require(first == second, "reading ends as borrowing does");
    fuzz_require(borrowed.total == read.total && borrowed.sum == read.sum, "and finds as much");
    if (cairn_blk_close(&dev.base, NULL)) abort();
    free(copy);
    return 0;
}
