/* SPDX-License-Identifier: ISC */
/* Tables in memory: gaps, and partitions that come, go and move their end. */
#include "units.h"
#include <cairn/part_edit.h>
#include <string.h>

#define MIB 2048u /* in blocks of 512 */

static struct cairn_part_table table;
static struct cairn_why why;
static uint8_t next_guid;

static void start(enum cairn_part_scheme scheme, uint64_t mib)
{
    static const uint8_t guid[16] = { 0xD1 };
    ck_ok(cairn_part_create(&table, scheme, 512, mib * MIB, guid, 0x1234, &why));
    memset(&why, 0, sizeof why);
    next_guid = 1;
}

static struct cairn_part_wish wish_of(const char *type, uint64_t first, uint64_t count)
{
    struct cairn_part_wish wish = { .part = { .first = first, .count = count } };
    ck_assert(cairn_part_type_parse(type, table.scheme, &wish.part));
    memset(wish.part.guid, table.scheme == CAIRN_PART_GPT ? next_guid++ : 0, 16);
    return wish;
}

static enum cairn_err add(const char *type, uint64_t first, uint64_t count, uint32_t *number)
{
    struct cairn_part_wish wish = wish_of(type, first, count);
    return cairn_part_add(&table, &wish, number, &why);
}

static void ck_added(const char *type, uint64_t first, uint64_t count, uint32_t number)
{
    uint32_t got;
    ck_ok(add(type, first, count, &got));
    ck_assert_uint_eq(got, number);
}

static enum cairn_err add_logical(uint64_t first, uint64_t count, uint32_t *number)
{
    struct cairn_part_wish wish = wish_of("linux", first, count);
    wish.logical = true;
    return cairn_part_add(&table, &wish, number, &why);
}

static void ck_place(uint32_t number, uint64_t first, uint64_t count)
{
    const struct cairn_part *part = cairn_part_numbered(&table, number);
    ck_assert_ptr_nonnull(part);
    ck_assert_uint_eq(part->first, first);
    ck_assert_uint_eq(part->count, count);
}

START_TEST(gpt_partitions_are_aligned_in_the_first_gap)
{
    start(CAIRN_PART_GPT, 64);
    ck_added("esp", 0, 10 * MIB + 1, 1);
    ck_place(1, MIB, 10 * MIB + 1);
    ck_added("linux", 0, MIB, 2);
    ck_place(2, 12 * MIB, MIB);
    ck_ok(cairn_part_delete(&table, 1, &why));
    ck_added("swap", 0, 10 * MIB, 1);
    ck_place(1, MIB, 10 * MIB);
    ck_assert_uint_eq(table.parts[0].number, 1);
    ck_added("fat32", 0, 0, 3); /* the largest gap, tidily */
    ck_place(3, 13 * MIB, 50 * MIB);
}
END_TEST

START_TEST(what_does_not_fit_is_refused)
{
    uint32_t number;
    start(CAIRN_PART_GPT, 8);
    ck_added("linux", 2 * MIB, 2 * MIB, 1);
    ck_assert_int_eq(add("linux", 3 * MIB, 1, &number), CAIRN_EEXIST);
    ck_assert_int_eq(add("linux", MIB, 2 * MIB, &number), CAIRN_ENOSPC);
    ck_assert_ptr_nonnull(strstr(why.hint, "1048576"));
    ck_assert_int_eq(add("linux", 33, 1, &number), CAIRN_EEXIST);
    ck_assert_int_eq(add("linux", UINT64_MAX, 0, &number), CAIRN_EEXIST);
    ck_assert_int_eq(add("linux", 0, UINT64_MAX, &number), CAIRN_ENOSPC);
    ck_assert_int_eq(add("linux", 5 * MIB, UINT64_MAX, &number), CAIRN_ENOSPC);
    ck_assert_uint_eq(table.part_count, 1);
    ck_added("linux", 34, MIB, 2); /* where the caller says, aligned or not */
    ck_place(2, 34, MIB);
}
END_TEST

START_TEST(wishes_are_checked)
{
    uint32_t number;
    start(CAIRN_PART_GPT, 8);
    struct cairn_part_wish wish = wish_of("linux", 0, 1);
    memset(wish.part.name, 'x', 37);
    ck_assert_int_eq(cairn_part_add(&table, &wish, &number, &why), CAIRN_EINVAL);
    memcpy(wish.part.name, "\xC3", 2);
    ck_assert_int_eq(cairn_part_add(&table, &wish, &number, &why), CAIRN_EINVAL);
    wish.part.name[0] = '\0';
    wish.part.number = 129;
    ck_assert_int_eq(cairn_part_add(&table, &wish, &number, &why), CAIRN_EINVAL);
    wish.part.number = 128;
    ck_ok(cairn_part_add(&table, &wish, &number, &why));
    ck_assert_int_eq(cairn_part_add(&table, &wish, &number, &why), CAIRN_EEXIST); /* its guid */
    wish.part.guid[0] ^= 1;
    ck_assert_int_eq(cairn_part_add(&table, &wish, &number, &why), CAIRN_EEXIST); /* its number */
    memset(wish.part.guid, 0, 16);
    ck_assert_int_eq(cairn_part_add(&table, &wish, &number, &why), CAIRN_EINVAL);
}
END_TEST

START_TEST(an_end_moves_up_to_the_next)
{
    start(CAIRN_PART_GPT, 64);
    ck_added("linux", 0, 2 * MIB, 1);
    ck_added("linux", 10 * MIB, MIB, 2);
    ck_assert_uint_eq(cairn_part_room(&table, &table.parts[0]), 9 * MIB);
    ck_assert_int_eq(cairn_part_resize(&table, 1, 9 * MIB + 1, &why), CAIRN_ENOSPC);
    ck_ok(cairn_part_resize(&table, 1, 9 * MIB, &why));
    ck_ok(cairn_part_resize(&table, 1, 1, &why));
    ck_assert_int_eq(cairn_part_resize(&table, 1, 0, &why), CAIRN_EINVAL);
    ck_assert_int_eq(cairn_part_resize(&table, 3, 1, &why), CAIRN_ENOENT);
    ck_ok(cairn_part_resize(&table, 2, table.last_usable + 1 - 10 * MIB, &why));
    table.parts[1].first = MIB; /* they overlap now */
    ck_assert_int_eq(cairn_part_resize(&table, 1, 1, &why), CAIRN_ENOSPC);
}
END_TEST

START_TEST(gaps_lie_between)
{
    struct cairn_part_gap gap;
    uint64_t at = 0;
    start(CAIRN_PART_MBR, 8);
    ck_added("linux", MIB, MIB, 1);
    ck_added("linux", 3 * MIB, MIB, 2);
    ck_assert(cairn_part_gap_next(&table, false, &at, &gap));
    ck_assert_uint_eq(gap.first, 1);
    ck_assert_uint_eq(gap.count, MIB - 1);
    ck_assert(cairn_part_gap_next(&table, false, &at, &gap));
    ck_assert_uint_eq(gap.first, 2 * MIB);
    ck_assert_uint_eq(gap.count, MIB);
    ck_assert(cairn_part_gap_next(&table, false, &at, &gap));
    ck_assert_uint_eq(gap.first + gap.count, 8 * MIB);
    ck_assert(!cairn_part_gap_next(&table, false, &at, &gap));
    at = 0;
    ck_assert(!cairn_part_gap_next(&table, true, &at, &gap));
}
END_TEST

START_TEST(logical_partitions_have_records)
{
    uint32_t number;
    start(CAIRN_PART_MBR, 64);
    ck_assert_int_eq(add_logical(0, MIB, &number), CAIRN_EINVAL);
    ck_added("extended", 0, 10 * MIB, 1);
    ck_assert_int_eq(add("extended", 0, MIB, &number), CAIRN_EEXIST);
    for (uint32_t i = 0; i < 3; i++)
        ck_ok(add_logical(0, MIB, &number));
    ck_assert_uint_eq(number, 7);
    ck_place(5, 2 * MIB, MIB);
    ck_place(6, 4 * MIB, MIB);
    ck_place(7, 6 * MIB, MIB);
    ck_assert_uint_eq(cairn_part_numbered(&table, 5)->record, MIB);
    ck_assert_uint_eq(cairn_part_numbered(&table, 6)->record, 4 * MIB - 1);
    ck_assert_int_eq(add_logical(3 * MIB, 1, &number), CAIRN_EEXIST); /* no room for a record */
    ck_assert_int_eq(cairn_part_resize(&table, 5, 2 * MIB, &why), CAIRN_ENOSPC);
    ck_ok(cairn_part_resize(&table, 5, 2 * MIB - 1, &why));
    ck_assert_int_eq(cairn_part_resize(&table, 1, 6 * MIB - 1, &why), CAIRN_ENOSPC);
    ck_ok(cairn_part_resize(&table, 1, 6 * MIB, &why));
    ck_assert_int_eq(cairn_part_delete(&table, 1, &why), CAIRN_EBUSY);
}
END_TEST

START_TEST(logical_partitions_move_up)
{
    uint32_t number;
    start(CAIRN_PART_MBR, 64);
    ck_added("extended", 0, 10 * MIB, 1);
    for (uint32_t i = 0; i < 3; i++)
        ck_ok(add_logical(0, MIB, &number));
    ck_ok(cairn_part_delete(&table, 5, &why));
    ck_place(5, 4 * MIB, MIB);
    ck_assert_uint_eq(cairn_part_numbered(&table, 5)->record, MIB);
    ck_place(6, 6 * MIB, MIB);
    ck_ok(cairn_part_delete(&table, 6, &why));
    ck_ok(cairn_part_delete(&table, 5, &why));
    ck_ok(cairn_part_delete(&table, 1, &why));
    ck_assert_uint_eq(table.part_count, 0);
}
END_TEST

START_TEST(mbr_has_four)
{
    uint32_t number;
    start(CAIRN_PART_MBR, 64);
    for (uint32_t i = 1; i <= 4; i++)
        ck_added("0x83", 0, MIB, i);
    ck_assert_int_eq(add("83", 0, MIB, &number), CAIRN_ENOSPC);
    ck_assert_ptr_nonnull(strstr(why.hint, "extended"));
}
END_TEST

START_TEST(a_device_has_a_least_size)
{
    static const uint8_t guid[16] = { 1 };
    ck_assert_int_eq(cairn_part_create(&table, CAIRN_PART_GPT, 512, 67, guid, 0, &why),
                     CAIRN_ENOSPC);
    ck_ok(cairn_part_create(&table, CAIRN_PART_GPT, 512, 68, guid, 0, &why));
    ck_assert_uint_eq(table.first_usable, table.last_usable);
    ck_ok(cairn_part_create(&table, CAIRN_PART_GPT, 4096, 12, guid, 0, &why));
    ck_assert_int_eq(cairn_part_create(&table, CAIRN_PART_MBR, 512, 1, guid, 0, &why),
                     CAIRN_ENOSPC);
    ck_assert_int_eq(cairn_part_create(&table, CAIRN_PART_NONE, 512, 99, guid, 0, &why),
                     CAIRN_EINVAL);
}
END_TEST

START_TEST(types_have_short_names)
{
    struct cairn_part part = { .number = 1 };
    const char *name;
    for (size_t i = 0; (name = cairn_part_type_short(CAIRN_PART_GPT, i)) != NULL; i++)
        ck_assert(cairn_part_type_parse(name, CAIRN_PART_GPT, &part) &&
                  cairn_part_type_name(&part, CAIRN_PART_GPT));
    for (size_t i = 0; (name = cairn_part_type_short(CAIRN_PART_MBR, i)) != NULL; i++)
        ck_assert(cairn_part_type_parse(name, CAIRN_PART_MBR, &part) &&
                  cairn_part_type_name(&part, CAIRN_PART_MBR));
    ck_assert(cairn_part_type_parse("ESP", CAIRN_PART_MBR, &part) && part.type_id == 0xEF);
    ck_assert(cairn_part_type_parse("0xC", CAIRN_PART_MBR, &part) && part.type_id == 0x0C);
    ck_assert(!cairn_part_type_parse("es", CAIRN_PART_MBR, &part));
    ck_assert(!cairn_part_type_parse("", CAIRN_PART_MBR, &part));
    ck_assert(!cairn_part_type_parse("0x", CAIRN_PART_MBR, &part));
    ck_assert(!cairn_part_type_parse("0x123", CAIRN_PART_MBR, &part));
    ck_assert(!cairn_part_type_parse("extended", CAIRN_PART_GPT, &part));
}
END_TEST

TCase *tcase_part_edit(void)
{
    TCase *tcase = tcase_create("part_edit");
    tcase_add_test(tcase, gpt_partitions_are_aligned_in_the_first_gap);
    tcase_add_test(tcase, what_does_not_fit_is_refused);
    tcase_add_test(tcase, wishes_are_checked);
    tcase_add_test(tcase, an_end_moves_up_to_the_next);
    tcase_add_test(tcase, gaps_lie_between);
    tcase_add_test(tcase, logical_partitions_have_records);
    tcase_add_test(tcase, logical_partitions_move_up);
    tcase_add_test(tcase, mbr_has_four);
    tcase_add_test(tcase, a_device_has_a_least_size);
    tcase_add_test(tcase, types_have_short_names);
    return tcase;
}
