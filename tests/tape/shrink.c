/* SPDX-License-Identifier: ISC */
/*
 * The shrinker edits a failing tape and keeps an edit when the tape still fails in the same way.
 * Shrink (1): each edit makes the tape shorter, or lower at the first byte that differs; so it
 * ends.
 */
#include "try.h"
#include <string.h>
#include <time.h>

/* Up to this length every span is tried at every place, since one operation seldom draws more. */
#define SPAN_EXACT 16
/* And every byte value below this. */
#define VALUES_EXACT 8

struct shrink {
    tape_property *property;
    uint32_t timeout_s;
    time_t deadline;
    struct tape_found *best;
    struct tape_report *report;
    uint8_t edit[TAPE_BYTES_MAX];
};

static time_t now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

static bool is_out_of_time(const struct shrink *s)
{
    return now_s() >= s->deadline;
}

/* The edit becomes the best when it fails as the best does. Bytes that it did not draw, and zeros
 * at its end, mean nothing and go at once. */
static bool is_better(struct shrink *s, size_t len)
{
    if (is_out_of_time(s)) return false;
    s->best->tries++;
    if (tape_try(s->property, s->edit, len, s->timeout_s, false, s->report) != s->best->outcome)
        return false;
    if (s->report->used < len) len = s->report->used;
    while (len > 0 && s->edit[len - 1] == 0)
        len--;
    memcpy(s->best->bytes, s->edit, len);
    s->best->len = len;
    return true;
}

static void edit_begin(struct shrink *s)
{
    memcpy(s->edit, s->best->bytes, s->best->len);
}

static bool span_delete(struct shrink *s, size_t at, size_t span)
{
    size_t behind = s->best->len - at - span;
    memcpy(s->edit, s->best->bytes, at);
    memcpy(s->edit + at, s->best->bytes + at + span, behind);
    return is_better(s, at + behind);
}

static bool span_zero(struct shrink *s, size_t at, size_t span)
{
    size_t zeros = 0;
    while (zeros < span && s->best->bytes[at + zeros] == 0)
        zeros++;
    if (zeros == span) return false;
    edit_begin(s);
    memset(s->edit + at, 0, span);
    return is_better(s, s->best->len);
}

/* Try the edit on spans of `span` bytes, the last first: what comes late depends on what is early.
 */
static bool spans_pass(struct shrink *s, size_t span,
                       bool (*edit)(struct shrink *s, size_t at, size_t span))
{
    bool better = false;
    size_t step = span > SPAN_EXACT ? span / 2 : 1;
    for (size_t at = s->best->len; at > 0;) {
        at = at > step ? at - step : 0;
        while (at + span <= s->best->len && edit(s, at, span))
            better = true;
    }
    return better;
}

static bool byte_try(struct shrink *s, size_t at, uint8_t value)
{
    edit_begin(s);
    s->edit[at] = value;
    return is_better(s, s->best->len);
}

/* The smallest values one by one, since a choice among few (a remainder) has no order; then halve
 * the range in which the lowest value lies that still fails. */
static bool byte_lower(struct shrink *s, size_t at)
{
    for (uint8_t value = 0; value < VALUES_EXACT && value < s->best->bytes[at]; value++)
        if (byte_try(s, at, value)) return true;
    bool better = false;
    uint8_t low = VALUES_EXACT;
    while (at < s->best->len && low < s->best->bytes[at]) {
        uint8_t middle = (uint8_t)(low + (s->best->bytes[at] - low) / 2);
        if (byte_try(s, at, middle))
            better = true;
        else
            low = (uint8_t)(middle + 1);
    }
    return better;
}

/* 01 2c may be a number that is too large by 50: 00 ff is lower, and only both bytes at once. */
static bool byte_borrow(struct shrink *s, size_t at)
{
    if (at + 1 >= s->best->len || s->best->bytes[at] == 0) return false;
    edit_begin(s);
    s->edit[at]--;
    s->edit[at + 1] = 0xff;
    return is_better(s, s->best->len);
}

static bool bytes_pass(struct shrink *s, bool (*edit)(struct shrink *s, size_t at))
{
    bool better = false;
    for (size_t at = 0; at < s->best->len; at++)
        better |= edit(s, at);
    return better;
}

static bool round_run(struct shrink *s)
{
    bool better = false;
    for (size_t span = s->best->len; span > 0; span = span > SPAN_EXACT ? span / 2 : span - 1)
        better |= spans_pass(s, span, span_delete);
    for (size_t span = 8; span > 0; span /= 2)
        better |= spans_pass(s, span, span_zero);
    better |= bytes_pass(s, byte_lower);
    better |= bytes_pass(s, byte_borrow);
    return better;
}

void tape_shrink(tape_property *property, const struct tape_options *options,
                 struct tape_found *found, struct tape_report *report)
{
    static struct shrink s;
    s.property = property;
    s.timeout_s = options->timeout_s;
    s.deadline = now_s() + (time_t)options->shrink_s;
    s.best = found;
    s.report = report;
    while (!is_out_of_time(&s) && round_run(&s))
        ;
}
