/* SPDX-License-Identifier: ISC */
/* Changes that are not written yet, beside a model that keeps every one of them. */
#include "test_repair.h"

#include <stdlib.h>
#include <string.h>

#include <cairn/blk_mem.h>
#include <fat/repair/changes.h>

#define UNIT 512u
#define BLOCKS 6u
#define BYTES (BLOCKS * UNIT)
#define PUTS 200u
#define ROUNDS 100u
#define MEM_BYTES (1u << 20)

static uint64_t state;

static uint32_t draw(uint32_t below)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(state >> 33) % below;
}

struct put {
    uint32_t at, len, order;
    bool zeros;
    uint8_t byte;
};

struct model {
    struct put puts[PUTS];
    uint32_t count;
};

/* Of those that touch the byte, the newest of this order or a lower one. */
static const struct put *model_put(const struct model *model, uint32_t at, uint32_t order)
{
    for (uint32_t i = model->count; i > 0; i--) {
        const struct put *put = &model->puts[i - 1];
        if (put->order <= order && at >= put->at && at - put->at < put->len) return put;
    }
    return NULL;
}

static void put_draw(struct model *model, struct fat_changes *changes)
{
    uint8_t bytes[2 * UNIT];
    struct put put = { .order = draw(FAT_ORDER_STATE + 1), .byte = (uint8_t)(1 + draw(255)) };
    put.zeros = draw(3) == 0;
    put.len = 1 + draw(draw(2) ? 8 : 2 * UNIT);
    put.at = draw(BYTES - put.len + 1);
    if (put.zeros && draw(2)) {
        put.at = put.at / UNIT * UNIT;
        put.len = UNIT;
    }
    memset(bytes, put.byte, put.len);
    ck_assert(fat_changes_put(changes, put.at, put.zeros ? NULL : bytes, put.len, put.order));
    model->puts[model->count++] = put;
}

static void same_bytes(const struct model *model, const struct fat_changes *changes)
{
    uint32_t order = draw(FAT_ORDER_STATE + 1), from = draw(BYTES), len = draw(BYTES - from + 1);
    uint8_t bytes[BYTES];
    memset(bytes, 0xAA, sizeof bytes);
    fat_changes_apply(changes, order, from, bytes + from, len);
    for (uint32_t i = 0; i < BYTES; i++) {
        const struct put *put = i < from || i - from >= len ? NULL : model_put(model, i, order);
        uint32_t want = !put ? 0xAA : put->zeros ? 0 : put->byte;
        ck_assert_msg(bytes[i] == want, "byte %u as of %u: %X, not %X", i, order, bytes[i], want);
    }
}

/* Every block is met whose bytes differ between an order and the one before. */
static void same_runs(const struct model *model, struct fat_changes *changes)
{
    uint32_t order = 1 + draw(FAT_ORDER_STATE);
    struct fat_changes_run run = { .begun = false };
    bool met[BLOCKS] = { false };
    while (fat_changes_next(changes, &run, order, 2 * UNIT))
        for (uint32_t i = 0; i < run.bytes / UNIT; i++)
            met[run.at / UNIT + i] = true;
    for (uint32_t i = 0; i < BYTES; i++) {
        const struct put *put = model_put(model, i, order);
        if (put && put->order == order) ck_assert_msg(met[i / UNIT], "block %u", i / UNIT);
    }
}

START_TEST(changes_are_what_a_list_of_them_is)
{
    static struct model model;
    static uint8_t device[BYTES];
    struct cairn_blk_mem dev;
    void *mem = malloc(MEM_BYTES);
    ck_assert_int_eq(cairn_blk_mem_open(&dev, device, UNIT, BLOCKS, NULL), CAIRN_OK);
    struct fat_changes *changes = fat_changes_init(&dev.base, mem, MEM_BYTES);
    for (uint32_t round = 0; round < ROUNDS; round++) {
        state = round;
        model.count = 0;
        fat_changes_clear(changes);
        for (uint32_t i = draw(PUTS); i > 0; i--) {
            put_draw(&model, changes);
            if (i % 16 == 1) same_bytes(&model, changes);
        }
        same_runs(&model, changes);
    }
    free(mem);
    ck_assert_int_eq(cairn_blk_close(&dev.base, NULL), CAIRN_OK);
}
END_TEST

/* What room says, holds. */
START_TEST(the_least_memory_holds_what_it_promises)
{
    static uint8_t device[1u << 20];
    uint8_t byte = 1;
    struct cairn_blk_mem dev;
    void *mem = malloc(FAT_CHANGES_LEAST);
    ck_assert_int_eq(cairn_blk_mem_open(&dev, device, UNIT, sizeof device / UNIT, NULL), CAIRN_OK);
    struct fat_changes *changes = fat_changes_init(&dev.base, mem, FAT_CHANGES_LEAST);
    ck_assert(fat_changes_room(changes, FAT_CHANGES_PUTS, FAT_CHANGES_BYTES));
    for (uint32_t i = 1; i < FAT_CHANGES_PUTS; i++)
        ck_assert(fat_changes_put(changes, (uint64_t)i * 4096, &byte, 1, FAT_ORDER_MARK));
    ck_assert(fat_changes_put(changes, 300001, device, FAT_CHANGES_BYTES, FAT_ORDER_MARK));
    free(mem);
    ck_assert_int_eq(cairn_blk_close(&dev.base, NULL), CAIRN_OK);
}
END_TEST

TCase *repair_changes_tests(void)
{
    TCase *tests = tcase_create("changes");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, changes_are_what_a_list_of_them_is);
    tcase_add_test(tests, the_least_memory_holds_what_it_promises);
    return tests;
}
