/* SPDX-License-Identifier: ISC */
/* A small sim over memory: what its units share. */
#ifndef CAIRN_TESTS_BLOCK_SIM_UNIT_H
#define CAIRN_TESTS_BLOCK_SIM_UNIT_H

#include <tests/sim.h>

#define BLOCKS 16u
#define BYTES 4096u

/* What it is opened with is set before sim_unit_open. */
extern struct sim_unit {
    uint8_t disk[BLOCKS * BYTES], data[4 * BYTES], back[BLOCKS * BYTES];
    struct cairn_blk_mem mem;
    struct cairn_blk_sim sim;
    struct cairn_blk_sim_plan plan;
    struct cairn_blk_sim_options options;
    void *memory;
} t;

void sim_unit_setup(void);
void sim_unit_open(void);
void sim_unit_close(void);

/* A rule more of the plan: cairn_blk_sim_plan_add. */
struct cairn_blk_sim_rule *sim_unit_add(enum cairn_blk_fault fault, uint32_t on, uint64_t nth);
enum cairn_err sim_unit_write(uint64_t block, uint64_t count, char fill);
/* The block's first byte. */
uint8_t sim_unit_byte(uint64_t block);
/* Bytes of the block, from its beginning, that are `fill`. */
size_t sim_unit_filled(uint64_t block, char fill);

#endif
