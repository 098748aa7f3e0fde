/* SPDX-License-Identifier: ISC */
/* Drawing from a tape. */
#include "try.h"
#include <stdarg.h>
#include <stdlib.h>

static uint8_t next_byte(struct tape *tape)
{
    if (tape->at >= tape->len) return 0;
    uint8_t byte = tape->bytes[tape->at++];
    if (tape->report) tape->report->used = tape->at;
    return byte;
}

/* As many bytes as max needs, the high one first: a tape that is lower in the order of its bytes
 * draws lower numbers, where max + 1 is a power of 256, and mostly elsewhere. */
uint64_t tape_u64(struct tape *tape, uint64_t max)
{
    uint64_t value = 0;
    for (uint64_t left = max; left > 0; left >>= 8)
        value = value << 8 | next_byte(tape);
    return max == UINT64_MAX ? value : value % (max + 1);
}

size_t tape_pick(struct tape *tape, size_t count)
{
    return (size_t)tape_u64(tape, count - 1);
}

bool tape_bool(struct tape *tape)
{
    return tape_u64(tape, 1) == 1;
}

void tape_bytes(struct tape *tape, void *buf, size_t len)
{
    uint8_t *at = buf;
    for (size_t i = 0; i < len; i++)
        at[i] = next_byte(tape);
}

bool tape_more(struct tape *tape)
{
    return next_byte(tape) != 0;
}

static void say(struct tape *tape, const char *prefix, const char *fmt, va_list args)
    __attribute__((format(printf, 3, 0)));

static void say(struct tape *tape, const char *prefix, const char *fmt, va_list args)
{
    if (!tape->notes) return;
    fprintf(tape->notes, "  %s", prefix);
    vfprintf(tape->notes, fmt, args);
    fputc('\n', tape->notes);
    fflush(tape->notes); /* what comes next may crash */
}

void tape_note(struct tape *tape, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    say(tape, "", fmt, args);
    va_end(args);
}

bool tape_fail(struct tape *tape, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    say(tape, "failed: ", fmt, args);
    va_end(args);
    return false;
}

bool tape_replay(tape_property *property, const uint8_t *bytes, size_t len)
{
    struct tape tape = { .bytes = bytes, .len = len, .notes = stderr };
    return property(&tape);
}

int tape_fuzz_one(tape_property *property, const uint8_t *bytes, size_t len)
{
    struct tape tape = { .bytes = bytes, .len = len };
    if (property(&tape)) return 0;
    (void)tape_replay(property, bytes, len);
    abort();
}
