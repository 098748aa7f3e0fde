/* SPDX-License-Identifier: ISC */
#include "units.h"
#include <cairn/log.h>
#include <stdio.h>
#include <string.h>

static const struct cairn_log_source source = { "fat", CAIRN_LOG_INFO };
static unsigned evaluated;

static unsigned count_evaluation(void)
{
    return ++evaluated;
}

struct recorder {
    struct cairn_log_reporter base;
    unsigned messages;
    enum cairn_log_level level;
    char text[CAIRN_LOG_TEXT_BYTES];
};

static void record(struct cairn_log_reporter *self, const struct cairn_log_source *from,
                   enum cairn_log_level level, const char *text, size_t len)
{
    struct recorder *recorder = (struct recorder *)self;
    ck_assert_ptr_eq(from, &source);
    recorder->messages++;
    recorder->level = level;
    memcpy(recorder->text, text, len);
    recorder->text[len] = '\0';
}

START_TEST(level_that_is_off_evaluates_nothing)
{
    struct recorder recorder = { .base = { record } };
    cairn_log_reporter_set(&recorder.base);
    cairn_log(&source, CAIRN_LOG_DEBUG, "%u", count_evaluation());
    cairn_log(&source, CAIRN_LOG_OFF, "%u", count_evaluation());
    ck_assert_uint_eq(evaluated, 0);
    ck_assert_uint_eq(recorder.messages, 0);
    cairn_log(&source, CAIRN_LOG_INFO, "%u", count_evaluation());
    ck_assert_uint_eq(evaluated, 1);
    ck_assert_uint_eq(recorder.messages, 1);
    ck_assert_int_eq(recorder.level, CAIRN_LOG_INFO);
    ck_assert_str_eq(recorder.text, "1");
}
END_TEST

START_TEST(without_reporter_nothing_is_evaluated)
{
    cairn_log_reporter_set(NULL);
    cairn_log(&source, CAIRN_LOG_ERROR, "%u", count_evaluation());
    cairn_log_write(&source, CAIRN_LOG_ERROR, "nobody");
    ck_assert_uint_eq(evaluated, 0);
}
END_TEST

START_TEST(messages_are_one_escaped_line_and_cut)
{
    struct recorder recorder = { .base = { record } };
    char longer[2 * CAIRN_LOG_TEXT_BYTES];
    cairn_log_reporter_set(&recorder.base);
    cairn_log(&source, CAIRN_LOG_ERROR, "a\n%s", "\x1b[31m");
    ck_assert_str_eq(recorder.text, "a\\n\\x1b[31m");
    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    cairn_log(&source, CAIRN_LOG_ERROR, "%s", longer);
    ck_assert_uint_eq(strlen(recorder.text), CAIRN_LOG_TEXT_BYTES - 1);
}
END_TEST

START_TEST(levels_have_names)
{
    ck_assert_str_eq(cairn_log_level_name(CAIRN_LOG_OFF), "off");
    ck_assert_str_eq(cairn_log_level_name(CAIRN_LOG_ERROR), "error");
    ck_assert_str_eq(cairn_log_level_name(CAIRN_LOG_WARNING), "warning");
    ck_assert_str_eq(cairn_log_level_name(CAIRN_LOG_INFO), "info");
    ck_assert_str_eq(cairn_log_level_name(CAIRN_LOG_DEBUG), "debug");
    ck_assert_str_eq(cairn_log_level_name((enum cairn_log_level)9), "?");
}
END_TEST

static struct cairn_log_ring ring;
static char ring_buf[64], ring_out[64];

static const char *ring_text(size_t cap)
{
    size_t len = cairn_log_ring_read(&ring, ring_out, cap);
    ck_assert_uint_le(len, cap);
    ring_out[len] = '\0';
    return ring_out;
}

START_TEST(ring_keeps_what_fits)
{
    cairn_log_ring_init(&ring, ring_buf, sizeof(ring_buf));
    cairn_log_reporter_set(&ring.base);
    ck_assert_str_eq(ring_text(63), "");
    cairn_log(&source, CAIRN_LOG_ERROR, "one");
    cairn_log(&source, CAIRN_LOG_INFO, "two");
    ck_assert_str_eq(ring_text(63), "error fat: one\ninfo fat: two\n");
    cairn_log_ring_destroy(&ring);
}
END_TEST

/* Each message is 13 bytes: the buffer of 40 holds three and the newline before them. */
START_TEST(ring_forgets_the_oldest)
{
    cairn_log_ring_init(&ring, ring_buf, 40);
    cairn_log_reporter_set(&ring.base);
    for (unsigned i = 0; i < 100; i++) {
        cairn_log(&source, CAIRN_LOG_INFO, "%02u", i);
        if (i < 2) continue;
        char expected[64];
        snprintf(expected, sizeof(expected), "info fat: %02u\ninfo fat: %02u\ninfo fat: %02u\n",
                 i - 2, i - 1, i);
        ck_assert_str_eq(ring_text(63), expected);
    }
}
END_TEST

START_TEST(ring_reads_the_newest_whole_messages_that_fit)
{
    cairn_log_ring_init(&ring, ring_buf, sizeof(ring_buf));
    cairn_log_reporter_set(&ring.base);
    cairn_log(&source, CAIRN_LOG_INFO, "1");
    cairn_log(&source, CAIRN_LOG_INFO, "2");
    ck_assert_str_eq(ring_text(24), "info fat: 1\ninfo fat: 2\n");
    ck_assert_str_eq(ring_text(23), "info fat: 2\n");
    ck_assert_str_eq(ring_text(11), "");
}
END_TEST

START_TEST(ring_too_small_for_a_message_is_empty)
{
    cairn_log_reporter_set(&ring.base);
    for (size_t cap = 0; cap <= 12; cap++) {
        cairn_log_ring_init(&ring, ring_buf, cap);
        cairn_log(&source, CAIRN_LOG_INFO, "xx");
        ck_assert_str_eq(ring_text(63), "");
    }
}
END_TEST

TCase *log_units(void)
{
    TCase *tcase = tcase_create("log");
    tcase_add_test(tcase, level_that_is_off_evaluates_nothing);
    tcase_add_test(tcase, without_reporter_nothing_is_evaluated);
    tcase_add_test(tcase, messages_are_one_escaped_line_and_cut);
    tcase_add_test(tcase, levels_have_names);
    tcase_add_test(tcase, ring_keeps_what_fits);
    tcase_add_test(tcase, ring_forgets_the_oldest);
    tcase_add_test(tcase, ring_reads_the_newest_whole_messages_that_fit);
    tcase_add_test(tcase, ring_too_small_for_a_message_is_empty);
    return tcase;
}
