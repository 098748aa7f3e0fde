/* SPDX-License-Identifier: ISC */
/* Where homes lie, by marking every page that something takes: nothing may be taken twice. */
#include "format_units.h"
#include "tape/tape.h"
#include <cairn/bytes.h>
#include <stdlib.h>
#include <string.h>

static struct kvn_super shape(uint32_t page_bytes, uint64_t pages, uint64_t log)
{
    struct kvn_super super = { .page_bytes = page_bytes,
                               .pages = pages,
                               .log_bytes = log * page_bytes };
    return super;
}

static bool bit(const uint8_t *bits, uint64_t at)
{
    return bits[at / 8] >> at % 8 & 1;
}

/* How many of a group's pages in the store are free, bit by bit. */
static uint64_t free_by_bits(const struct kvn_super *super, uint64_t group, const uint8_t *bits)
{
    uint64_t pages = kvn_group_pages(super->page_bytes), found = 0;
    for (uint64_t i = 0; i < pages; i++)
        if (!bit(bits, i)) found += group * pages + i < super->pages ? 1 : 1u << 30;
    return found;
}

/* Do the eight pages lie in this group, in use, and has nobody else claimed them? */
static bool homes_claim(const struct kvn_super *super, uint32_t level, uint64_t number,
                        uint64_t group, const uint8_t *bits)
{
    uint64_t pages = kvn_group_pages(super->page_bytes);
    uint64_t first = kvn_homes_page(super, level, number);
    if (first / pages != group || first + KVN_RING > super->pages - KVN_RING) return false;
    for (uint64_t i = 0; i < KVN_RING; i++)
        if (!bit(bits, first % pages + i)) return false;
    return true;
}

static bool group_holds(struct tape *tape, const struct kvn_super *super, uint64_t group,
                        uint8_t *bits)
{
    uint64_t fanout = kvn_index_fanout(super->page_bytes);
    kvn_group_fixed(super, group, bits);
    if (!homes_claim(super, 0, group, group, bits))
        return tape_fail(tape, "homes of group %llu", (unsigned long long)group);
    uint64_t first = group == 1 ? 0 : group;
    if (first % fanout == 0 && group > 0 && !homes_claim(super, 1, first / fanout, group, bits))
        return tape_fail(tape, "level 1 in group %llu", (unsigned long long)group);
    first = group == 2 ? 0 : group;
    if (first % (fanout * fanout) == 0 && group > 1 &&
        !homes_claim(super, 2, first / fanout / fanout, group, bits))
        return tape_fail(tape, "level 2 in group %llu", (unsigned long long)group);
    if (free_by_bits(super, group, bits) != kvn_empty_free(super, group, group + 1))
        return tape_fail(tape, "free pages of group %llu", (unsigned long long)group);
    return true;
}

static bool index_reaches(const struct kvn_super *super)
{
    uint64_t reach = super->top_count;
    for (uint32_t level = 0; level < super->index_levels; level++)
        reach *= kvn_index_fanout(super->page_bytes);
    return reach >= kvn_groups(super) && super->index_levels <= 2 &&
           super->top_count <= KVN_TOP_ENTRIES;
}

static bool places(struct tape *tape)
{
    static const uint64_t some[] = { 0, 1, 2, 63, 64, 65, 125, 126, 127, 8064, 15876 };
    uint32_t page = KVN_PAGE_LEAST << tape_pick(tape, 5);
    uint64_t group = kvn_group_pages(page), groups = some[tape_pick(tape, CAIRN_COUNT(some))];
    uint64_t pages = groups * group + tape_u64(tape, 2 * group);
    struct kvn_super super = shape(page, pages, 1 + tape_u64(tape, 100));
    if (kvn_geometry_check(&super, NULL)) return true;
    kvn_index_shape(&super);
    if (!index_reaches(&super)) return tape_fail(tape, "the index does not reach all groups");
    uint8_t *bits = malloc(page - KVN_BITS_AT);
    uint64_t last = kvn_groups(&super) - 1, at[] = { 0, 1, 2, last, tape_u64(tape, last) };
    bool held = true;
    for (size_t i = 0; i < CAIRN_COUNT(at) && held; i++)
        held = at[i] > last || group_holds(tape, &super, at[i], bits);
    for (size_t i = 0; i < CAIRN_COUNT(some) && held; i++)
        held = some[i] > last || group_holds(tape, &super, some[i], bits);
    free(bits);
    return held;
}

START_TEST(nothing_lies_on_something_else)
{
    struct tape_options options = { .runs = 60, .bytes_max = 64 };
    ck_assert(tape_run("places", places, &options));
}
END_TEST

START_TEST(the_whole_is_the_sum_of_its_groups)
{
    for (uint64_t over = 0; over < 80; over++) {
        struct kvn_super super = shape(4096, UINT64_C(32256) * 300 + over, 20);
        uint64_t groups = kvn_groups(&super), sum = 0;
        ck_assert_uint_eq(groups, over < 32 ? 300 : 301);
        for (uint64_t group = 0; group < groups; group++)
            sum += kvn_empty_free(&super, group, group + 1);
        ck_assert_uint_eq(sum, kvn_empty_free(&super, 0, groups));
        ck_assert_uint_eq(super.pages - sum, kvn_fixed_pages(&super));
    }
}
END_TEST

static enum cairn_err check(uint32_t page, uint64_t pages, uint64_t log)
{
    struct cairn_why why = { 0 };
    struct kvn_super super = shape(page, pages, log);
    enum cairn_err err = kvn_geometry_check(&super, &why);
    ck_assert(!err || why.what[0]);
    return err;
}

START_TEST(sizes_that_cannot_be_are_refused)
{
    ck_assert_int_eq(check(4096, 256, 32), CAIRN_OK);
    ck_assert_int_eq(check(4096, 64, 32), CAIRN_OK);
    ck_assert_int_eq(check(4096, 63, 32), CAIRN_EINVAL);
    ck_assert_int_eq(check(4096, 256, 0), CAIRN_EINVAL);
    ck_assert_int_eq(check(2048, 256, 32), CAIRN_EINVAL);
    ck_assert_int_eq(check(131072, 256, 32), CAIRN_EINVAL);
    ck_assert_int_eq(check(5000, 256, 32), CAIRN_EINVAL);
    ck_assert_int_eq(check(4096, UINT64_C(1) << 32, 32256 - 16), CAIRN_OK);
    ck_assert_int_eq(check(4096, UINT64_C(1) << 32, 32256 - 15), CAIRN_EINVAL);
    ck_assert_int_eq(check(4096, UINT64_C(32256) * 126 * 126 * 64 + 31, 32), CAIRN_OK);
    ck_assert_int_eq(check(4096, UINT64_C(32256) * 126 * 126 * 64 + 32, 32), CAIRN_EINVAL);
    ck_assert_int_eq(check(65536, UINT64_C(1) << 47, 32), CAIRN_EINVAL);
    ck_assert_int_eq(check(65536, UINT64_C(1) << 46, 32), CAIRN_OK);
    ck_assert_int_eq(check(4096, UINT64_MAX, 32), CAIRN_EINVAL);
}
END_TEST

TCase *format_place_units(void)
{
    TCase *tcase = tcase_create("places");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, nothing_lies_on_something_else);
    tcase_add_test(tcase, the_whole_is_the_sum_of_its_groups);
    tcase_add_test(tcase, sizes_that_cannot_be_are_refused);
    return tcase;
}
