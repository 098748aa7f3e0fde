/* SPDX-License-Identifier: ISC */
#include "units.h"
#include <cairn/arena.h>
#include <string.h>

static uint8_t mem[256] __attribute__((aligned(64)));

START_TEST(takes_are_aligned_and_do_not_overlap)
{
    struct cairn_arena arena;
    cairn_arena_init(&arena, mem + 1, sizeof(mem) - 1);
    uint8_t *a = cairn_arena_take(&arena, 3, 8);
    uint8_t *b = cairn_arena_take(&arena, 1, 64);
    uint8_t *c = cairn_arena_take(&arena, 5, 1);
    ck_assert_ptr_eq(a, mem + 8);
    ck_assert_ptr_eq(b, mem + 64);
    ck_assert_ptr_eq(c, mem + 65);
}
END_TEST

START_TEST(last_byte_can_be_taken_and_no_more)
{
    struct cairn_arena arena;
    cairn_arena_init(&arena, mem, 16);
    ck_assert_ptr_null(cairn_arena_take(&arena, 17, 1));
    ck_assert_ptr_eq(cairn_arena_take(&arena, 16, 1), mem);
    ck_assert_ptr_null(cairn_arena_take(&arena, 1, 1));
    ck_assert_ptr_nonnull(cairn_arena_take(&arena, 0, 1));
}
END_TEST

START_TEST(alignment_counts_against_the_budget)
{
    struct cairn_arena arena;
    cairn_arena_init(&arena, mem + 1, 16);
    ck_assert_ptr_null(cairn_arena_take(&arena, 10, 8));
    ck_assert_ptr_eq(cairn_arena_take(&arena, 9, 8), mem + 8);
    cairn_arena_init(&arena, mem + 1, 4);
    ck_assert_ptr_null(cairn_arena_take(&arena, 0, 64));
}
END_TEST

START_TEST(failed_take_leaves_the_arena)
{
    struct cairn_arena arena;
    cairn_arena_init(&arena, mem, 16);
    ck_assert_ptr_null(cairn_arena_take(&arena, SIZE_MAX, 8));
    ck_assert_ptr_eq(cairn_arena_take(&arena, 16, 8), mem);
}
END_TEST

START_TEST(arrays_are_zeroed_and_overflow_is_refused)
{
    struct cairn_arena arena;
    memset(mem, 0xaa, sizeof(mem));
    cairn_arena_init(&arena, mem, sizeof(mem));
    ck_assert_ptr_null(cairn_arena_array(&arena, SIZE_MAX / 2 + 1, 2, 1));
    ck_assert_ptr_null(cairn_arena_array(&arena, 2, SIZE_MAX / 2 + 2, 1));
    uint8_t *items = cairn_arena_array(&arena, 3, 5, 4);
    for (size_t i = 0; i < 15; i++)
        ck_assert_uint_eq(items[i], 0);
    ck_assert_uint_eq(mem[15], 0xaa);
}
END_TEST

START_TEST(no_memory_is_an_empty_arena)
{
    struct cairn_arena arena;
    cairn_arena_init(&arena, NULL, 100);
    ck_assert_ptr_null(cairn_arena_take(&arena, 1, 1));
}
END_TEST

TCase *arena_units(void)
{
    TCase *tcase = tcase_create("arena");
    tcase_add_test(tcase, takes_are_aligned_and_do_not_overlap);
    tcase_add_test(tcase, last_byte_can_be_taken_and_no_more);
    tcase_add_test(tcase, alignment_counts_against_the_budget);
    tcase_add_test(tcase, failed_take_leaves_the_arena);
    tcase_add_test(tcase, arrays_are_zeroed_and_overflow_is_refused);
    tcase_add_test(tcase, no_memory_is_an_empty_arena);
    return tcase;
}
