/* SPDX-License-Identifier: ISC */
#include "sim_unit.h"
#include "units.h"
#include <string.h>

struct sim_unit t;

void sim_unit_setup(void)
{
    memset(t.disk, 0, sizeof t.disk);
    memset(t.data, 'n', sizeof t.data);
    t.options = (struct cairn_blk_sim_options){ .versions = 64 };
    cairn_blk_sim_plan_init(&t.plan);
    t.memory = NULL;
}

void sim_unit_open(void)
{
    ck_ok(cairn_blk_mem_open(&t.mem, t.disk, BYTES, BLOCKS, NULL));
    size_t bytes = cairn_blk_sim_mem(&t.mem.base, &t.options);
    t.memory = malloc(bytes);
    ck_ok(cairn_blk_sim_open(&t.sim, &t.mem.base, &t.options, t.memory, bytes, &t.plan, NULL));
}

void sim_unit_close(void)
{
    free(t.memory);
    t.memory = NULL;
}

struct cairn_blk_sim_rule *sim_unit_add(enum cairn_blk_fault fault, uint32_t on, uint64_t nth)
{
    return cairn_blk_sim_plan_add(&t.plan, fault, on, nth);
}

enum cairn_err sim_unit_write(uint64_t block, uint64_t count, char fill)
{
    memset(t.data, fill, sizeof t.data);
    return cairn_blk_write(&t.sim.base, block, count, t.data, NULL);
}

uint8_t sim_unit_byte(uint64_t block)
{
    ck_ok(cairn_blk_read(&t.sim.base, block, 1, t.back, NULL));
    return t.back[0];
}

size_t sim_unit_filled(uint64_t block, char fill)
{
    size_t length = 0;
    ck_ok(cairn_blk_read(&t.sim.base, block, 1, t.back, NULL));
    while (length < BYTES && t.back[length] == (uint8_t)fill)
        length++;
    return length;
}
