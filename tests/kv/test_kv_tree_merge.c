/* SPDX-License-Identifier: ISC */
/* What a merge costs, and what it leaves when it fails. */
#include "tree_units.h"

#include <stdlib.h>
#include <string.h>

#define MANY 20000u

static const struct rig_options plain = {
    .page_bytes = 4096, .pages = 4096, .frames = 64, .run_pages = 16, .run_max = 1000
};

static struct model_item item_of(uint32_t number, uint32_t value_bytes)
{
    struct model_item item = { .key_bytes = 12, .value_bytes = (uint16_t)value_bytes };
    item.key[7] = 16;
    for (int i = 0; i < 4; i++)
        item.key[8 + i] = (uint8_t)(number >> (24 - 8 * i));
    item.seed = (uint8_t)number;
    return item;
}

static struct model numbers(uint32_t from, uint32_t to, uint32_t step, bool removed)
{
    struct model batch = { calloc(to - from + 1, sizeof(struct model_item)), 0 };
    ck_assert_ptr_nonnull(batch.items);
    for (uint32_t i = from; i < to; i += step) {
        batch.items[batch.count] = item_of(i, 40);
        batch.items[batch.count++].removed = removed;
    }
    return batch;
}

/* Merge, commit, and look at everything. */
static void bring(struct tree_rig *rig, struct model batch)
{
    ck_assert_int_eq(rig_merge(rig, &batch), CAIRN_OK);
    rig_commit(rig, &batch);
    const char *fault = rig_check(rig, rig->page_bytes / 4);
    if (!fault) fault = rig_compare(rig, &rig->tree, &rig->model);
    ck_assert_msg(!fault, "%s", fault);
    free(batch.items);
}

static uint64_t entry_bytes(const struct tree_rig *rig)
{
    return (uint64_t)rig->model.count * (4 + 4 + 40 + 4);
}

START_TEST(what_is_loaded_in_order_fills_pages)
{
    struct tree_rig *rig = rig_open(&plain);
    for (uint32_t i = 0; i < 4; i++) {
        bring(rig, numbers(i * MANY / 4, (i + 1) * MANY / 4, 1, false));
        uint64_t least = entry_bytes(rig) / 4096;
        ck_assert_uint_le(rig->used_pages, least + least / 20 + 3);
        ck_assert_uint_le(rig->job.pages_written, least / (i + 1) * 105 / 100 + 6);
    }
    rig_close(rig);
}
END_TEST

START_TEST(a_change_costs_a_path)
{
    struct tree_rig *rig = rig_open(&plain);
    bring(rig, numbers(0, MANY, 1, false));
    for (uint32_t i = 5; i < MANY; i += MANY / 7) {
        uint64_t reads = rig->pool.reads;
        struct model one = numbers(i, i + 1, 1, false);
        ck_assert_int_eq(rig_merge(rig, &one), CAIRN_OK);
        ck_assert_uint_eq(rig->job.pages_written, rig->tree.depth);
        ck_assert_uint_le(rig->pool.reads - reads, rig->tree.depth);
        rig_commit(rig, &one);
        free(one.items);
    }
    ck_assert_ptr_null(rig_check(rig, 1024));
    rig_close(rig);
}
END_TEST

START_TEST(a_merge_of_nothing_does_nothing)
{
    struct tree_rig *rig = rig_open(&plain);
    bring(rig, numbers(0, 0, 1, false));
    bring(rig, numbers(0, 1000, 1, false));
    struct kvn_pointer root = rig->tree.root;
    bring(rig, numbers(0, 0, 1, false));
    ck_assert_uint_eq(rig->tree.root.page, root.page);
    rig_close(rig);
}
END_TEST

START_TEST(a_tree_shrinks_to_a_leaf_that_nobody_touched)
{
    for (uint32_t keep = 0; keep < 3000; keep += 500) {
        struct tree_rig *rig = rig_open(&plain);
        bring(rig, numbers(0, 8000, 1, false));
        bring(rig, numbers(0, keep, 1, true));
        bring(rig, numbers(keep + 200, 8000, 1, true));
        ck_assert_uint_le(rig->tree.depth, 2);
        bring(rig, numbers(keep, keep + 200, 1, true));
        ck_assert_uint_eq(rig->tree.depth, 0);
        ck_assert_uint_eq(rig->used_pages, 0);
        rig_close(rig);
    }
}
END_TEST

START_TEST(a_root_with_one_child_is_none)
{
    struct tree_rig *rig = rig_open(&plain);
    struct model rest = numbers(0, MANY, 1, true);
    bring(rig, numbers(0, MANY, 1, false));
    struct kvn_cursor cursor = { .tree = NULL };
    struct kvn_slice key = model_key(&rest.items[MANY / 2]);
    ck_assert_int_eq(kvn_cursor_seek(&cursor, &rig->tree, key, NULL), CAIRN_OK);
    const uint8_t *leaf = cursor.frame[0]->bytes;
    uint32_t count = kvn_node_count(leaf), first = MANY / 2 - cursor.at[0];
    kvn_cursor_close(&cursor);
    memmove(rest.items + first, rest.items + first + count,
            (MANY - first - count) * sizeof *rest.items);
    rest.count -= count;
    bring(rig, rest);
    ck_assert_uint_eq(rig->model.count, count);
    ck_assert_uint_eq(rig->tree.depth, 1);
    rig_close(rig);
}
END_TEST

START_TEST(without_space_the_old_tree_stays)
{
    struct rig_options options = plain;
    options.pages = 160;
    struct tree_rig *rig = rig_open(&options);
    bring(rig, numbers(0, 8000, 1, false));
    struct model all = numbers(0, 8000, 3, false);
    ck_assert_int_eq(rig_merge(rig, &all), CAIRN_ENOSPC);
    ck_assert_ptr_null(rig_compare(rig, &rig->tree, &rig->model));
    free(all.items);
    rig_close(rig);
}
END_TEST

START_TEST(a_tree_with_too_many_levels_is_refused)
{
    struct tree_rig *rig = rig_open(&plain);
    rig->levels = 2;
    bring(rig, numbers(0, 1000, 1, false));
    struct model more = numbers(1000, MANY, 1, false);
    ck_assert_int_eq(rig_merge(rig, &more), CAIRN_ENOMEM);
    free(more.items);
    rig->levels = 1;
    struct model none = { NULL, 0 };
    ck_assert_int_eq(rig_merge(rig, &none), CAIRN_ENOMEM);
    rig_close(rig);
}
END_TEST

START_TEST(every_page_that_is_damaged_is_met)
{
    struct tree_rig *rig = rig_open(&plain);
    struct model all = numbers(0, 3000, 1, false);
    bring(rig, numbers(0, 3000, 1, false));
    uint8_t *state = malloc(rig->pages);
    ck_assert_ptr_nonnull(state);
    memcpy(state, rig->state, rig->pages);
    for (uint32_t page = 8; page < rig->pages; page++) {
        if (rig->state[page] != PAGE_USED) continue;
        uint8_t *byte = rig->disk + (size_t)page * 4096 + page * 37 % 4096;
        kvn_pool_drop(&rig->pool, page);
        *byte ^= 1;
        ck_assert_ptr_nonnull(rig_compare(rig, &rig->tree, &rig->model));
        ck_assert_int_eq(rig_merge(rig, &all), CAIRN_ECORRUPT);
        ck_assert_ptr_nonnull(strstr(rig->why.what, "page "));
        *byte ^= 1;
        memcpy(rig->state, state, rig->pages); /* as if the space was loaded anew */
        ck_assert_ptr_null(rig_compare(rig, &rig->tree, &rig->model));
        if (page > 12) page += 9;
    }
    free(state);
    free(all.items);
    rig_close(rig);
}
END_TEST

TCase *tree_merge_units(void)
{
    TCase *units = tcase_create("merge");
    tcase_set_timeout(units, 60);
    tcase_add_test(units, what_is_loaded_in_order_fills_pages);
    tcase_add_test(units, a_change_costs_a_path);
    tcase_add_test(units, a_merge_of_nothing_does_nothing);
    tcase_add_test(units, a_tree_shrinks_to_a_leaf_that_nobody_touched);
    tcase_add_test(units, a_root_with_one_child_is_none);
    tcase_add_test(units, without_space_the_old_tree_stays);
    tcase_add_test(units, a_tree_with_too_many_levels_is_refused);
    tcase_add_test(units, every_page_that_is_damaged_is_met);
    return units;
}
