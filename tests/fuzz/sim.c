/* SPDX-License-Identifier: ISC */
/* The text of a plan up to the first zero, and requests under that plan behind it. */
#include "fuzz.h"

#include <cairn/blk_mem.h>
#include <cairn/blk_sim.h>
#include <string.h>

#define BLOCKS 8u

static uint8_t disk[BLOCKS * 4096], data[BLOCKS * 4096], memory[256u << 10];
static struct cairn_blk_sim sim;
static struct cairn_blk_sim_plan plan;

static enum cairn_err request(uint8_t byte)
{
    uint64_t block = byte & 7, count = 1 + (byte >> 3 & 3);
    if (count > BLOCKS - block) count = BLOCKS - block;
    switch (byte >> 5) {
    case 0:
        return cairn_blk_flush(&sim.base, NULL);
    case 1:
        return cairn_blk_read(&sim.base, block, count, data, NULL);
    case 2:
        return cairn_blk_zero(&sim.base, block, count, NULL);
    case 3:
        return cairn_blk_sim_restart(&sim, NULL, NULL, &plan, NULL);
    default:
        return cairn_blk_write(&sim.base, block, count, data, NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static char text[1024];
    struct cairn_blk_mem mem;
    struct cairn_why why = { 0 };
    struct cairn_blk_sim_options options = { .versions = 12, .tracked = BLOCKS };
    size_t text_len = 0;
    while (text_len < len && bytes[text_len])
        text_len++;
    if (text_len >= sizeof text || len - text_len > 500) return 0;
    memcpy(text, bytes, text_len);
    text[text_len] = '\0';
    enum cairn_err err = cairn_blk_sim_plan_parse(&plan, text, &why);
    fuzz_require(!err || (err == CAIRN_EINVAL && why.what[0] && why.hint[0]),
                 "errors explain themselves");
    fuzz_require(plan.rule_count <= CAIRN_BLK_SIM_RULES, "rules are bounded");
    memset(disk, 0, sizeof disk);
    if (err || cairn_blk_mem_open(&mem, disk, 4096, BLOCKS, NULL)) return 0;
    if (cairn_blk_sim_open(&sim, &mem.base, &options, memory, sizeof memory, &plan, NULL)) return 0;
    for (size_t i = text_len + 1; i < len; i++)
        (void)!request(bytes[i]);
    if (cairn_blk_sim_restart(&sim, NULL, NULL, NULL, NULL)) fuzz_require(false, "power is back");
    fuzz_require(!cairn_blk_read(&sim.base, 0, BLOCKS, data, NULL), "it works again");
    (void)!cairn_blk_close(&sim.base, NULL);
    return 0;
}
