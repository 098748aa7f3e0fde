/* SPDX-License-Identifier: ISC */
/* Records of the log, and heads of bitmap pages. */
#include "format_units.h"
#include "tape/tape.h"
#include <cairn/bytes.h>
#include <stdlib.h>
#include <string.h>

static uint8_t page[KVN_PAGE_LEAST];

START_TEST(bitmap_pages_come_back)
{
    for (uint8_t level = 0; level < 3; level++) {
        struct kvn_bits_head head = { level, 1234567, 89, 0x0123456789ABCDEF }, read;
        memset(page, 0xA5, sizeof page);
        kvn_bits_seal(page, sizeof page, &head);
        ck_assert_mem_eq(page, level ? "CKVX" : "CKVB", 4);
        ck_assert_int_eq(kvn_bits_check(page, sizeof page, &read), CAIRN_OK);
        ck_assert(read.level == level && read.number == head.number && read.birth == 89 &&
                  read.uuid8 == head.uuid8);
    }
}
END_TEST

START_TEST(every_changed_byte_of_a_bitmap_page_is_seen)
{
    struct kvn_bits_head head = { 0, 1, 2, 3 }, read;
    memset(page, 0x5A, sizeof page);
    kvn_bits_seal(page, sizeof page, &head);
    for (size_t at = 0; at < sizeof page; at++) {
        page[at] ^= (uint8_t)(1u << at % 8);
        bool named = at < 4 || at >= 8; /* bytes 4 to 7 mean nothing */
        ck_assert_int_eq(kvn_bits_check(page, sizeof page, &read),
                         named ? CAIRN_ECORRUPT : CAIRN_OK);
        page[at] ^= (uint8_t)(1u << at % 8);
    }
}
END_TEST

static const struct kvn_log_head head_of_test = { .flags = KVN_LOG_MORE,
                                                  .uuid8 = 11,
                                                  .seq = 12,
                                                  .position = 13,
                                                  .bytes = 300,
                                                  .changes = 14,
                                                  .durable_seq = 15,
                                                  .before = { 16, 17 } };

START_TEST(log_records_come_back)
{
    static struct kvn_log_head head, read; /* with zeros between their members */
    memcpy(&head, &head_of_test, sizeof head);
    memset(page, 0x33, sizeof page);
    kvn_log_seal(page, &head);
    ck_assert_mem_eq(page, "CKVL", 4);
    ck_assert_int_eq(kvn_log_peek(&read, page, 11, 300), CAIRN_OK);
    ck_assert_mem_eq(&read, &head, sizeof head);
    ck_assert(kvn_log_whole(page, &read));
    ck_assert_int_eq(kvn_log_peek(&read, page, 10, 300), CAIRN_ECORRUPT);
    ck_assert_int_eq(kvn_log_peek(&read, page, 11, 299), CAIRN_ECORRUPT);
}
END_TEST

START_TEST(every_changed_byte_of_a_log_record_is_seen)
{
    struct kvn_log_head head = head_of_test, read;
    memset(page, 0x33, sizeof page);
    kvn_log_seal(page, &head);
    for (size_t at = 0; at < head.bytes; at++)
        for (uint32_t flip = 1; flip < 256; flip++) {
            page[at] ^= (uint8_t)flip;
            bool fine = !kvn_log_peek(&read, page, 11, sizeof page) && kvn_log_whole(page, &read);
            ck_assert(fine == (at >= 4 && at < 8));
            page[at] ^= (uint8_t)flip;
        }
}
END_TEST

static bool changes(struct tape *tape)
{
    static const uint8_t text[KVN_KEY_MAX + 600] = "some bytes";
    uint8_t bytes[8192], *exact;
    uint32_t length = 0, count = 0, at = 0, found = 0;
    struct kvn_change change = { 0 }, read;
    do {
        change.kind = tape_bool(tape) ? KVN_DELETE : KVN_PUT;
        change.key = (struct kvn_slice){ text, 8 + (uint32_t)tape_u64(tape, KVN_KEY_MAX - 8) };
        change.value = (struct kvn_slice){ text, 0 };
        if (change.kind == KVN_PUT) change.value.bytes = 1 + (uint32_t)tape_u64(tape, 500);
        length += kvn_change_encode(bytes + length, &change);
        count++;
    } while (length < sizeof bytes - 1000 && tape_more(tape));
    uint32_t damaged = (uint32_t)tape_u64(tape, 3 * length);
    if (damaged < length) bytes[damaged] = (uint8_t)tape_u64(tape, 255);
    exact = malloc(length);
    memcpy(exact, bytes, length);
    for (; at < length && !kvn_change_decode(&read, exact, length, at, &at); found++)
        if (read.value.data + read.value.bytes != exact + at) count = UINT32_MAX;
    bool whole = found == count && at == length &&
                 kvn_slice_compare(read.value, change.value) == 0 && read.kind == change.kind;
    free(exact);
    return whole || damaged < length || tape_fail(tape, "%u of %u changes", found, count);
}

START_TEST(changes_come_back_and_stay_in_bounds)
{
    struct tape_options options = { .runs = 2000, .bytes_max = 256 };
    ck_assert(tape_run("changes", changes, &options));
}
END_TEST

TCase *format_log_units(void)
{
    TCase *tcase = tcase_create("log and bits");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, bitmap_pages_come_back);
    tcase_add_test(tcase, every_changed_byte_of_a_bitmap_page_is_seen);
    tcase_add_test(tcase, log_records_come_back);
    tcase_add_test(tcase, every_changed_byte_of_a_log_record_is_seen);
    tcase_add_test(tcase, changes_come_back_and_stay_in_bounds);
    return tcase;
}
