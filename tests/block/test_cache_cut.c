/* SPDX-License-Identifier: ISC */
/* A power cut below a cache: what a flush came behind is there, of the rest each block has what it
 * had or what was written since. */
#include "tape/tape.h"
#include "units.h"
#include <cairn/blk_cache.h>
#include <string.h>
#include <tests/sim.h>

#define BLOCKS 64u /* of 512 bytes */

struct world {
    struct tape *tape;
    struct cairn_blk_mem mem;
    struct cairn_blk_sim sim;
    struct cairn_blk_cache cache;
    uint8_t bytes[BLOCKS * 512], data[BLOCKS * 512], memory[128 * 1024];
    uint8_t last[BLOCKS];
    bool may_be[BLOCKS][256]; /* after a cut */
};

static void world_open(struct world *world)
{
    struct cairn_blk_cache_options options = { .page_bytes = 512u << tape_pick(world->tape, 4),
                                               .bypass_bytes = 512u << tape_pick(world->tape, 6) };
    options.write_through = tape_pick(world->tape, 4) == 3;
    size_t need = cairn_blk_cache_mem(&world->sim.base, &options,
                                      options.page_bytes * (4 + tape_pick(world->tape, 4)));
    ck_ok(
        cairn_blk_cache_open(&world->cache, &world->sim.base, &options, world->memory, need, NULL));
    for (size_t i = 0; i < BLOCKS; i++)
        world->may_be[i][0] = true;
}

static void durable(struct world *world, uint64_t block)
{
    memset(world->may_be[block], 0, sizeof world->may_be[block]);
    world->may_be[block][world->last[block]] = true;
}

static enum cairn_err write_some(struct world *world, uint8_t stamp)
{
    uint64_t block = tape_u64(world->tape, BLOCKS - 1);
    uint64_t count = 1 + tape_u64(world->tape, BLOCKS - 1 - block);
    struct cairn_blk_seg seg = { world->data, count * 512 };
    struct cairn_blk_req req = {
        .op = CAIRN_BLK_WRITE, .block = block, .count = count, .segs = &seg, .seg_count = 1
    };
    if (tape_pick(world->tape, 5) == 4) req.flags = CAIRN_BLK_FUA;
    if (tape_pick(world->tape, 5) == 4) {
        req = (struct cairn_blk_req){ .op = CAIRN_BLK_ZERO, .block = block, .count = count };
        stamp = 0;
    }
    memset(world->data, stamp, count * 512);
    enum cairn_err err = cairn_blk_submit(&world->cache.base, &req, 1);
    for (uint64_t i = block; i < block + count; i++) {
        world->may_be[i][stamp] = true;
        if (err) continue;
        world->last[i] = stamp;
        if (req.flags) durable(world, i);
    }
    return err;
}

static enum cairn_err live(struct world *world)
{
    enum cairn_err err = CAIRN_OK;
    for (uint8_t stamp = 1; !err && stamp < 200 && tape_more(world->tape); stamp++) {
        err = write_some(world, stamp);
        if (err || tape_pick(world->tape, 4) != 3) continue;
        err = cairn_blk_flush(&world->cache.base, NULL);
        for (uint64_t i = 0; !err && i < BLOCKS; i++)
            durable(world, i);
    }
    return err;
}

static uint32_t choose(void *tape, const struct cairn_blk_sim_choice *choice)
{
    return (uint32_t)tape_u64(tape, choice->versions);
}

static bool any_cut(struct tape *tape)
{
    static struct world world;
    memset(&world, 0, sizeof world);
    world.tape = tape;
    void *log = sim_open(&world.sim, &world.mem, world.bytes, 512, BLOCKS);
    world_open(&world);
    cairn_blk_sim_cut(&world.sim, 1 + tape_u64(tape, 60));
    enum cairn_err err = live(&world);
    tape_note(tape, "life ended with %s", cairn_err_name(err));
    sim_restart(&world.sim, choose, tape);
    free(log);
    for (unsigned i = 0; i < BLOCKS * 512; i++)
        if (!world.may_be[i / 512][world.bytes[i]])
            return tape_fail(tape, "block %u is %u after the cut", i / 512, world.bytes[i]);
    return true;
}

START_TEST(cuts_leave_what_was_flushed)
{
    ck_assert(tape_run("cache_cut", any_cut, NULL));
}
END_TEST

TCase *tcase_cache_cut(void)
{
    TCase *tcase = tcase_create("cache_cut");
    tcase_add_test(tcase, cuts_leave_what_was_flushed);
    return tcase;
}
