/* SPDX-License-Identifier: ISC */
#include "codec.h"

#include <tape/tape.h>

static const uint8_t raw_name[FAT_SHORT_BYTES + 1] = "NAME    TXT";

/* ---- 8.3 slots --------------------------------------------------------------------------- */

START_TEST(a_slot_survives)
{
    struct fat_dirent in = { .attributes = CAIRN_FAT_ARCHIVE | CAIRN_FAT_HIDDEN,
                             .case_bits = FAT_CASE_EXT,
                             .created_tenths = 199,
                             .created_time = 0x1234,
                             .created_date = 0x2345,
                             .accessed_date = 0x3456,
                             .modified_time = 0x4567,
                             .modified_date = 0x5678,
                             .start = 0x0ABCDEF1,
                             .size = 0xFEDCBA98 };
    struct fat_dirent out;
    uint8_t slot[FAT_SLOT_BYTES], again[FAT_SLOT_BYTES];
    memcpy(in.raw, raw_name, sizeof in.raw);
    fat_dirent_encode(&in, slot);
    fat_dirent_decode(slot, CAIRN_FAT32, &out);
    fat_dirent_encode(&out, again);
    ck_assert_mem_eq(slot, again, sizeof slot);
    ck_assert_uint_eq(out.start, in.start);
    ck_assert_uint_eq(out.size, in.size);
    ck_assert_uint_eq(out.modified_date, in.modified_date);
    ck_assert_uint_eq(slot[FAT_SLOT_START_LOW], 0xF1);
    ck_assert_uint_eq(slot[FAT_SLOT_SIZE], 0x98);
    fat_dirent_decode(slot, CAIRN_FAT16, &out);
    ck_assert_uint_eq(out.start, 0xDEF1); /* the high half is not FAT16's */
}
END_TEST

START_TEST(dots_are_directories_without_size)
{
    struct fat_dirent self = { .attributes = CAIRN_FAT_DIRECTORY | CAIRN_FAT_HIDDEN,
                               .case_bits = FAT_CASE_BASE,
                               .modified_time = 77,
                               .start = 0x12345 };
    uint8_t slots[2 * FAT_SLOT_BYTES];
    struct fat_dirent dot, dotdot;
    fat_dot_slots(slots, &self, 9);
    fat_dirent_decode(slots, CAIRN_FAT32, &dot);
    fat_dirent_decode(slots + FAT_SLOT_BYTES, CAIRN_FAT32, &dotdot);
    ck_assert_mem_eq(dot.raw, ".          ", FAT_SHORT_BYTES);
    ck_assert_mem_eq(dotdot.raw, "..         ", FAT_SHORT_BYTES);
    ck_assert_uint_eq(dot.start, 0x12345);
    ck_assert_uint_eq(dotdot.start, 9);
    ck_assert_uint_eq(dotdot.attributes, CAIRN_FAT_DIRECTORY);
    ck_assert_uint_eq(dot.case_bits, 0);
    ck_assert_uint_eq(dot.modified_time, 77);
}
END_TEST

START_TEST(a_label_is_only_name_and_time)
{
    static const uint8_t expected[FAT_SLOT_BYTES] = { 'N', 'A', 'M', 'E', ' ', ' ', ' ', ' ', 'T',
                                                      'X', 'T', 8,   0,   0,   0,   0,   0,   0,
                                                      0,   0,   0,   0,   2,   1,   4,   3 };
    uint8_t slot[FAT_SLOT_BYTES];
    fat_label_slot(slot, raw_name, 0x0304, 0x0102);
    ck_assert_mem_eq(slot, expected, sizeof slot);
}
END_TEST

/* ---- long slots -------------------------------------------------------------------------- */

static struct fat_name name_of_units(uint32_t len)
{
    struct fat_name name = { .len = (uint16_t)len };
    for (uint32_t i = 0; i < len; i++)
        name.units[i] = (uint16_t)('a' + i % 26);
    return name;
}

/* The slots of a name as they stand on disk; returns how many. */
static uint32_t long_slots(const struct fat_name *name, uint8_t slots[][FAT_SLOT_BYTES])
{
    uint32_t count = fat_long_slots(name);
    for (uint32_t i = 0; i < count; i++)
        fat_long_encode(name, count - i, fat_long_checksum(raw_name), slots[i]);
    return count;
}

START_TEST(names_of_every_length_survive)
{
    uint8_t slots[FAT_LONG_SLOTS_MAX][FAT_SLOT_BYTES];
    for (uint32_t len = 1; len <= FAT_NAME_UNITS; len++) {
        struct fat_name name = name_of_units(len);
        struct fat_long_reader reader;
        fat_long_reset(&reader);
        uint32_t count = long_slots(&name, slots);
        for (uint32_t i = 0; i < count; i++) {
            ck_assert(fat_slot_is_long(slots[i]) && !fat_long_matches(&reader, raw_name));
            ck_assert_int_eq(fat_long_add(&reader, slots[i], 7 + i), FAT_LONG_FINE);
        }
        ck_assert(fat_long_matches(&reader, raw_name));
        ck_assert(!fat_long_matches(&reader, (const uint8_t *)"OTHER   TXT"));
        ck_assert(fat_name_same(&reader.name, &name));
        ck_assert_uint_eq(reader.first_slot, 7);
    }
}
END_TEST

START_TEST(a_slot_is_laid_out_as_the_standard_says)
{
    static const uint8_t expected[FAT_SLOT_BYTES] = { 0x41, 'a',  0,    'b',  0,    0xFC, 0,
                                                      0,    0,    0xFF, 0xFF, 0x0F, 0,    0x8D,
                                                      0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
                                                      0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0,    0,
                                                      0xFF, 0xFF, 0xFF, 0xFF };
    struct fat_name name = name_of("ab\u00FC");
    uint8_t slot[FAT_SLOT_BYTES];
    fat_long_encode(&name, 1, 0x8D, slot);
    ck_assert_mem_eq(slot, expected, sizeof slot);
}
END_TEST

/* A reader that has seen the first two of three slots. */
static struct fat_long_reader reader_midway(uint8_t slots[][FAT_SLOT_BYTES])
{
    struct fat_name name = name_of_units(30);
    struct fat_long_reader reader;
    fat_long_reset(&reader);
    long_slots(&name, slots);
    ck_assert_int_eq(fat_long_add(&reader, slots[0], 0), FAT_LONG_FINE);
    ck_assert_int_eq(fat_long_add(&reader, slots[1], 1), FAT_LONG_FINE);
    return reader;
}

START_TEST(a_start_inside_a_set_begins_anew)
{
    uint8_t slots[FAT_LONG_SLOTS_MAX][FAT_SLOT_BYTES];
    struct fat_long_reader reader = reader_midway(slots);
    ck_assert_int_eq(fat_long_add(&reader, slots[0], 5), FAT_LONG_RESTART);
    ck_assert_uint_eq(reader.first_slot, 5);
    ck_assert_int_eq(fat_long_add(&reader, slots[1], 6), FAT_LONG_FINE);
    ck_assert_int_eq(fat_long_add(&reader, slots[2], 7), FAT_LONG_FINE);
    ck_assert(fat_long_matches(&reader, raw_name));
    ck_assert_int_eq(fat_long_add(&reader, slots[2], 8), FAT_LONG_STRAY);
    ck_assert(!fat_long_matches(&reader, raw_name));
}
END_TEST

START_TEST(broken_sets_are_told_apart)
{
    uint8_t slots[FAT_LONG_SLOTS_MAX][FAT_SLOT_BYTES];
    struct fat_long_reader reader = reader_midway(slots);
    ck_assert_int_eq(fat_long_add(&reader, slots[1], 2), FAT_LONG_ORDER);
    ck_assert_int_eq(fat_long_add(&reader, slots[2], 2), FAT_LONG_STRAY);
    reader = reader_midway(slots);
    slots[2][13] ^= 1;
    ck_assert_int_eq(fat_long_add(&reader, slots[2], 2), FAT_LONG_SUM);
    reader = reader_midway(slots);
    slots[2][0] = 0;
    ck_assert_int_eq(fat_long_add(&reader, slots[2], 2), FAT_LONG_RANGE);
    slots[0][0] = FAT_LONG_LAST | 21;
    ck_assert_int_eq(fat_long_add(&reader, slots[0], 2), FAT_LONG_RANGE);
    slots[0][0] = 0x80 | FAT_LONG_LAST | 3;
    ck_assert_int_eq(fat_long_add(&reader, slots[0], 2), FAT_LONG_RANGE);
}
END_TEST

START_TEST(a_name_ends_at_its_first_nul)
{
    uint8_t slots[FAT_LONG_SLOTS_MAX][FAT_SLOT_BYTES];
    struct fat_long_reader reader = reader_midway(slots);
    slots[2][5] = 0; /* unit 2 */
    ck_assert_int_eq(fat_long_add(&reader, slots[2], 2), FAT_LONG_FINE);
    ck_assert(fat_long_matches(&reader, raw_name));
    ck_assert_uint_eq(reader.name.len, 2);
}
END_TEST

static bool long_reader_is_bounded(struct tape *tape)
{
    struct fat_long_reader reader;
    uint8_t slot[FAT_SLOT_BYTES];
    fat_long_reset(&reader);
    for (uint64_t i = 0; tape_more(tape); i++) {
        tape_bytes(tape, slot, 4);
        memset(slot + 4, 0x41, sizeof slot - 4);
        slot[13] = 0x55;
        enum fat_long_fault fault = fat_long_judge(&reader, slot);
        if (fat_long_add(&reader, slot, i) != fault) return tape_fail(tape, "judged %d", fault);
        if (!reader.active) continue;
        if (reader.name.len > FAT_NAME_UNITS) return tape_fail(tape, "%u units", reader.name.len);
        if (reader.expected > 19) return tape_fail(tape, "expects %u", reader.expected);
    }
    return true;
}

START_TEST(no_slots_overfill_the_reader)
{
    ck_assert(tape_run("long_reader_is_bounded", long_reader_is_bounded, NULL));
}
END_TEST

TCase *codec_dirent_tests(void)
{
    TCase *tests = tcase_create("slots");
    tcase_add_test(tests, a_slot_survives);
    tcase_add_test(tests, dots_are_directories_without_size);
    tcase_add_test(tests, a_label_is_only_name_and_time);
    return tests;
}

TCase *codec_long_tests(void)
{
    TCase *tests = tcase_create("long slots");
    tcase_add_test(tests, names_of_every_length_survive);
    tcase_add_test(tests, a_slot_is_laid_out_as_the_standard_says);
    tcase_add_test(tests, a_start_inside_a_set_begins_anew);
    tcase_add_test(tests, broken_sets_are_told_apart);
    tcase_add_test(tests, a_name_ends_at_its_first_nul);
    tcase_add_test(tests, no_slots_overfill_the_reader);
    return tests;
}
