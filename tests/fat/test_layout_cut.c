/* SPDX-License-Identifier: ISC */
/* Power goes at each event of a change of layout; each block that was not flushed is lost or kept.
 * Whatever way it went, all files are whole, and the same again comes to its end. */
#include "layout_rig.h"
#include "test_layout.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALL_WAYS 4u /* blocks whose every way is tried */
#define WAYS 6u     /* else: all lost, all kept, and random ones */

struct layout_op {
    const char *name;
    struct layout_shape shape;
    uint32_t seed;
    uint32_t to_clusters; /* resize; 0: all of the device */
    const struct layout_step *steps;
    bool defrag, pack;
};

/* On a FAT12: the ends of P, Q and R have to move, to clusters 10, 20 and 30, since only those are
 * free. So the new entry of Q, 20, shares a byte with P's link in 21, which waits for its stage;
 * and Q's link, in 400, is in another sector of the FAT. It syncs in between; what Q left is then
 * not free yet when R begins. */
static const struct layout_step shared_byte[] = {
    { "/A", 8 },      { "/HOLE10", 1 }, { "/B", 9 },   { "/HOLE20", 1 }, { "/P", 1 },
    { "/C", 8 },      { "/HOLE30", 1 }, { "/C", 369 }, { "/Q", 1 },      { "/D", 298 },
    { "/R", 1 },      { "/P", 1 },      { "/Q", 1 },   { "/R", 1 },      { "/HOLE10", 0 },
    { "/HOLE20", 0 }, { "/HOLE30", 0 }, { NULL, 0 },
};

static const struct layout_op ops[] = {
    { .name = "shared byte",
      .shape = { CAIRN_FAT12, 512, 512, 2, 720, 0, 0, true, 0, 0 },
      .steps = shared_byte,
      .to_clusters = 698 },
    { .name = "shrink",
      .shape = { CAIRN_FAT12, 512, 512, 2, 120, 60, 8, true, 0, 0 },
      .seed = 1,
      .to_clusters = 62 },
    { .name = "grow",
      .shape = { CAIRN_FAT12, 512, 512, 2, 120, 60, 100, true, 0, 0 },
      .seed = 2,
      .to_clusters = 180 },
    { .name = "larger FAT",
      .shape = { CAIRN_FAT12, 512, 512, 2, 120, 60, 600, true, 0, 0 },
      .seed = 3 },
    { .name = "one FAT",
      .shape = { CAIRN_FAT12, 1024, 1024, 1, 120, 60, 900, true, 0, 0 },
      .seed = 4 },
    { .name = "FAT32", .shape = { CAIRN_FAT32, 512, 512, 2, 120, 60, 300, true, 0, 0 }, .seed = 5 },
    { .name = "FAT32, shrink",
      .shape = { CAIRN_FAT32, 512, 512, 2, 120, 60, 8, true, 0, 0 },
      .seed = 6,
      .to_clusters = 80 },
    { .name = "large sectors",
      .shape = { CAIRN_FAT32, 2048, 2048, 1, 120, 60, 1000, true, 512, 0 },
      .seed = 7 },
    { .name = "two FATs in turn",
      .shape = { CAIRN_FAT32, 512, 512, 2, 100, 60, 300, true, 0, 65535 },
      .seed = 8 },
    { .name = "defrag",
      .shape = { CAIRN_FAT12, 512, 512, 2, 120, 40, 0, true, 0, 0 },
      .seed = 9,
      .defrag = true },
    { .name = "pack",
      .shape = { CAIRN_FAT12, 512, 512, 2, 100, 9, 0, true, 0, 0 },
      .seed = 10,
      .defrag = true,
      .pack = true },
    { .name = "FAT of sectors",
      .shape = { CAIRN_FAT12, 512, 512, 2, 720, 500, 0, true, 0, 0 },
      .seed = 15,
      .defrag = true },
    { .name = "FAT32, pack",
      .shape = { CAIRN_FAT32, 512, 1024, 2, 100, 5, 0, true, 0, 0 },
      .seed = 11,
      .defrag = true,
      .pack = true },
};

static struct layout_rig rig;

struct cut {
    const struct layout_op *op;
    uint8_t *base;  /* the device before */
    uint8_t *after; /* and with power back */
    uint32_t random;
    uint64_t states;
};

static enum cairn_err op_run(const struct cut *cut, struct cairn_blk *dev,
                             struct cairn_fat_layout_result *result)
{
    const struct layout_op *op = cut->op;
    if (op->defrag) return layout_defrag(&rig, dev, op->pack, result);
    uint64_t bytes = op->to_clusters ? layout_bytes(&rig, op->to_clusters) : rig.disk.dev_bytes;
    return layout_resize(&rig, dev, bytes, result);
}

static uint32_t draw(struct cut *cut)
{
    cut->random = cut->random * 1664525u + 1013904223u;
    return cut->random >> 16;
}

static uint32_t way_count(void)
{
    uint32_t blocks = 0, cursor = 0;
    for (uint64_t block; cairn_blk_sim_unflushed(&rig.disk.dev.sim, &cursor, &block);)
        blocks++;
    return blocks <= ALL_WAYS ? 1u << blocks : WAYS;
}

/* What of the unflushed blocks arrived: by the bits of the way, or none, all, any. */
static void way_make(struct cut *cut, uint32_t way, bool by_bits)
{
    struct cairn_blk_sim *sim = &rig.disk.dev.sim;
    uint32_t nth = 0;
    uint64_t block;
    memcpy(cut->after, rig.disk.bytes, rig.disk.dev_bytes);
    for (uint32_t cursor = 0; cairn_blk_sim_unflushed(sim, &cursor, &block);) {
        bool arrives = by_bits ? way >> nth++ & 1 : way == 1 || (way > 1 && draw(cut) % 2);
        if (arrives) continue;
        uint8_t *at = cut->after + block * sim->base.info.block_bytes;
        ck_assert(!cairn_blk_sim_version(sim, block, 0, at, NULL));
    }
}

static void way_judge(struct cut *cut, uint64_t event, uint32_t way)
{
    struct cairn_blk_mem dev;
    struct cairn_fat_layout_result result;
    char where[128], text[512];
    snprintf(where, sizeof where, "%s, event %llu, way %u", cut->op->name,
             (unsigned long long)event, way);
    way_make(cut, way, way_count() != WAYS);
    if (cairn_blk_mem_open(&dev, cut->after, rig.disk.dev.base.info.block_bytes,
                           rig.disk.dev.base.info.block_count, NULL))
        abort();
    ck_assert_msg(layout_holds(&rig, &dev.base), "%s: %s", where, rig.what);
    ck_assert_msg(layout_checks(&rig, &dev.base, LAYOUT_AFTER_CUT), "%s: %s", where, rig.what);
    enum cairn_err err = op_run(cut, &dev.base, &result);
    cairn_why_text(&rig.disk.why, text, sizeof text);
    ck_assert_msg(!err, "%s, again: %s", where, text);
    ck_assert_msg(layout_holds(&rig, &dev.base), "%s, again: %s", where, rig.what);
    ck_assert_msg(layout_checks(&rig, &dev.base, LAYOUT_CLEAN), "%s, again: %s", where, rig.what);
    if (cut->op->defrag) ck_assert_uint_eq(result.pieces_after, result.chains);
    ck_assert(!result.after.active_only); /* both FATs count again */
    ck_assert(!cairn_blk_close(&dev.base, NULL));
    cut->states++;
}

/* The device as it was, and power until the event. */
static void device_reset(const struct cut *cut, uint64_t event)
{
    memcpy(rig.disk.bytes, cut->base, rig.disk.dev_bytes);
    sim_live_until(&rig.disk.dev.sim, event);
}

START_TEST(survives_a_cut_at_every_event)
{
    struct cut cut = { .op = &ops[_i], .random = 7 };
    struct cairn_fat_layout_result result;
    if (cut.op->steps)
        layout_make_of(&rig, &cut.op->shape, cut.op->steps);
    else
        layout_make(&rig, &cut.op->shape, cut.op->seed);
    cut.base = malloc(rig.disk.dev_bytes);
    cut.after = malloc(rig.disk.dev_bytes);
    memcpy(cut.base, rig.disk.bytes, rig.disk.dev_bytes);
    uint64_t event = 0;
    for (;; event++) {
        device_reset(&cut, event);
        enum cairn_err err = op_run(&cut, &rig.disk.dev.base, &result);
        if (!rig.disk.dev.sim.state.is_cut) {
            char text[512];
            cairn_why_text(&rig.disk.why, text, sizeof text);
            ck_assert_msg(!err, "%s: %s", cut.op->name, text);
            break;
        }
        for (uint32_t way = 0; way < way_count(); way++)
            way_judge(&cut, event, way);
    }
    sim_restart(&rig.disk.dev.sim, NULL, NULL); /* what was not flushed is lost */
    ck_assert_msg(layout_holds(&rig, &rig.disk.dev.base), "%s", rig.what);
    ck_assert_msg(layout_checks(&rig, &rig.disk.dev.base, LAYOUT_CLEAN), "%s", rig.what);
    printf("%s: %llu clusters moved, power cut at %llu events, %llu states, nothing lost\n",
           cut.op->name, (unsigned long long)result.moved_clusters, (unsigned long long)event,
           (unsigned long long)cut.states);
    ck_assert_uint_gt(event, 10);
    free(cut.base);
    free(cut.after);
    layout_free(&rig);
}
END_TEST

Suite *layout_cut_suite(void)
{
    Suite *suite = suite_create("layout, cut");
    TCase *tc = tcase_create("cut");
    tcase_set_timeout(tc, 300);
    tcase_set_tags(tc, "thorough");
    tcase_add_loop_test(tc, survives_a_cut_at_every_event, 0, (int)CAIRN_COUNT(ops));
    suite_add_tcase(suite, tc);
    return suite;
}
