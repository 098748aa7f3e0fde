/* SPDX-License-Identifier: ISC */
#include "tree_units.h"

#include <string.h>

#define FRAMES 20u

static struct tree_rig *open_small(void)
{
    struct rig_options options = {
        .page_bytes = 4096, .pages = 128, .frames = FRAMES, .run_pages = 4, .run_max = 4
    };
    return rig_open(&options);
}

/* A leaf on the disk with one entry. */
static struct kvn_pointer leaf_put(struct tree_rig *rig, uint64_t page, uint64_t birth)
{
    struct kvn_item item = { { (const uint8_t *)"12345678k", 9 }, { (const uint8_t *)"v", 1 } };
    struct kvn_node_head head = { 0, 1, page, birth, rig->pool.uuid8 };
    struct kvn_pointer pointer = { .page = page, .birth = birth };
    kvn_node_build(rig->disk + page * 4096, 4096, &head, &item);
    pointer.hash = cairn_hash128(rig->disk + page * 4096, 4096);
    return pointer;
}

START_TEST(a_page_is_read_once)
{
    struct tree_rig *rig = open_small();
    struct kvn_pointer pointer = leaf_put(rig, 9, 1);
    struct kvn_frame *first, *second;
    ck_assert_int_eq(kvn_pool_get(&rig->pool, &pointer, 0, &first, NULL), CAIRN_OK);
    ck_assert_int_eq(kvn_pool_get(&rig->pool, &pointer, 0, &second, NULL), CAIRN_OK);
    ck_assert_ptr_eq(first, second);
    ck_assert_uint_eq(rig->pool.reads, 1);
    ck_assert_uint_eq(first->pins, 2);
    rig_close(rig);
}
END_TEST

START_TEST(what_is_not_what_the_pointer_says_is_refused)
{
    struct tree_rig *rig = open_small();
    struct kvn_frame *frame;
    struct kvn_pointer good = leaf_put(rig, 9, 3), bad[5] = { good, good, good, good, good };
    struct kvn_pointer elsewhere = leaf_put(rig, 10, 3);
    memcpy(rig->disk + 11 * 4096, rig->disk + 10 * 4096, 4096);
    bad[0].hash.high++;
    bad[1].birth++;
    bad[2].page = 0;
    bad[3].page = 128;
    bad[4] = elsewhere;
    bad[4].page = 11;
    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(kvn_pool_get(&rig->pool, &bad[i], 0, &frame, NULL), CAIRN_ECORRUPT);
    ck_assert_int_eq(kvn_pool_get(&rig->pool, &good, 1, &frame, NULL), CAIRN_ECORRUPT);
    ck_assert_int_eq(kvn_pool_get(&rig->pool, &good, 0, &frame, NULL), CAIRN_OK);
    ck_assert_int_eq(kvn_pool_get(&rig->pool, &good, 1, &frame, NULL), CAIRN_ECORRUPT);
    ck_assert_int_eq(kvn_pool_get(&rig->pool, &bad[1], 0, &frame, NULL), CAIRN_ECORRUPT);
    rig_close(rig);
}
END_TEST

START_TEST(pinned_pages_stay)
{
    struct tree_rig *rig = open_small();
    struct kvn_frame *frames[2 * FRAMES], *more;
    struct kvn_pointer pointer;
    uint32_t count = rig->pool.frame_count;
    for (uint32_t i = 0; i < count; i++) {
        pointer = leaf_put(rig, 20 + i, 1);
        ck_assert_int_eq(kvn_pool_get(&rig->pool, &pointer, 0, &frames[i], NULL), CAIRN_OK);
    }
    struct kvn_pointer other = leaf_put(rig, 100, 1);
    ck_assert_int_eq(kvn_pool_get(&rig->pool, &other, 0, &more, NULL), CAIRN_ENOMEM);
    ck_assert_ptr_null(kvn_pool_take(&rig->pool));
    kvn_pool_put(frames[3]);
    ck_assert_int_eq(kvn_pool_get(&rig->pool, &other, 0, &more, NULL), CAIRN_OK);
    ck_assert_ptr_eq(more, frames[3]);
    rig_close(rig);
}
END_TEST

START_TEST(what_was_written_replaces_what_was_read)
{
    struct tree_rig *rig = open_small();
    struct kvn_frame *old, *new;
    struct kvn_pointer before = leaf_put(rig, 9, 1);
    ck_assert_int_eq(kvn_pool_get(&rig->pool, &before, 0, &old, NULL), CAIRN_OK);
    struct kvn_pointer after = leaf_put(rig, 9, 2);
    kvn_pool_insert(&rig->pool, 9, rig->disk + 9 * 4096);
    ck_assert_uint_eq(old->bytes[16], 1);
    ck_assert_int_eq(kvn_pool_get(&rig->pool, &after, 0, &new, NULL), CAIRN_OK);
    ck_assert_uint_eq(new->bytes[16], 2);
    ck_assert_uint_eq(rig->pool.reads, 1);
    kvn_pool_put(old);
    kvn_pool_put(new);
    after = leaf_put(rig, 9, 3);
    kvn_pool_drop(&rig->pool, 9);
    ck_assert_int_eq(kvn_pool_get(&rig->pool, &after, 0, &new, NULL), CAIRN_OK);
    rig_close(rig);
}
END_TEST

START_TEST(half_of_the_memory_may_be_taken)
{
    struct tree_rig *rig = open_small();
    uint32_t count = rig->pool.frame_count;
    uint8_t *taken[2 * FRAMES] = { NULL };
    for (int round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < count / 2; i++) {
            taken[i] = kvn_pool_take(&rig->pool);
            ck_assert_ptr_nonnull(taken[i]);
            memset(taken[i], 0xee, 4096);
        }
        ck_assert_ptr_null(kvn_pool_take(&rig->pool));
        for (uint32_t i = 0; i < 100; i++) {
            struct kvn_frame *frame;
            struct kvn_pointer pointer = leaf_put(rig, 20 + i, 1);
            ck_assert_int_eq(kvn_pool_get(&rig->pool, &pointer, 0, &frame, NULL), CAIRN_OK);
            kvn_pool_put(frame);
        }
        for (uint32_t i = 0; i < count / 2; i++) {
            ck_assert_uint_eq(taken[i][4095], 0xee);
            kvn_pool_give(&rig->pool, taken[i]);
        }
    }
    rig_close(rig);
}
END_TEST

START_TEST(reading_ahead_leaves_out_what_is_bad)
{
    struct tree_rig *rig = open_small();
    struct kvn_pointer pointers[8];
    struct kvn_frame *frame;
    for (uint32_t i = 0; i < 8; i++)
        pointers[i] = leaf_put(rig, 20 + i + (i > 5), 1);
    rig->disk[20 * 4096 + 99]++;
    kvn_pool_ahead(&rig->pool, pointers, 2, 0);
    ck_assert_uint_eq(rig->pool.reads, 2);
    ck_assert_int_eq(kvn_pool_get(&rig->pool, &pointers[0], 0, &frame, NULL), CAIRN_ECORRUPT);
    ck_assert_uint_eq(rig->pool.reads, 3);
    for (uint32_t i = 1; i < 8; i++) {
        kvn_pool_ahead(&rig->pool, pointers + i, 8 - i, 0);
        ck_assert_int_eq(kvn_pool_get(&rig->pool, &pointers[i], 0, &frame, NULL), CAIRN_OK);
        kvn_pool_put(frame);
    }
    ck_assert_uint_eq(rig->pool.reads, 9);
    rig_close(rig);
}
END_TEST

START_TEST(too_little_memory_is_refused)
{
    struct kvn_pool pool;
    struct cairn_arena arena;
    struct tree_rig *rig = open_small();
    static uint8_t memory[16 * 4096];
    cairn_arena_init(&arena, memory, sizeof memory);
    ck_assert_int_eq(kvn_pool_init(&pool, &arena, &rig->dev.base, &rig->lock, 4096, NULL),
                     CAIRN_ENOMEM);
    rig_close(rig);
}
END_TEST

TCase *tree_pool_units(void)
{
    TCase *units = tcase_create("pool");
    tcase_add_test(units, a_page_is_read_once);
    tcase_add_test(units, what_is_not_what_the_pointer_says_is_refused);
    tcase_add_test(units, pinned_pages_stay);
    tcase_add_test(units, what_was_written_replaces_what_was_read);
    tcase_add_test(units, half_of_the_memory_may_be_taken);
    tcase_add_test(units, reading_ahead_leaves_out_what_is_bad);
    tcase_add_test(units, too_little_memory_is_refused);
    return units;
}
