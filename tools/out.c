/* SPDX-License-Identifier: ISC */
#include "out.h"

#include <cairn/clock.h>
#include <cairn/text.h>
#include <errno.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_BYTES 8192

static enum tool_status status_of(enum cairn_err err)
{
    if (err == CAIRN_OK) return TOOL_DONE;
    if (err == CAIRN_ECORRUPT) return TOOL_BAD;
    if (err == CAIRN_EINVAL || err == CAIRN_EILSEQ || err == CAIRN_ENAMETOOLONG) return TOOL_USAGE;
    return TOOL_FAILED;
}

/* Escaped, since a name in it may be anybody's. */
static void line_put(struct cairn_text *line)
{
    cairn_text_char(line, '\n');
    fflush(stdout);
    (void)!write(STDERR_FILENO, line->at, line->len);
}

/* Does the place say the path already? */
static bool ends_with(const char *text, const char *end)
{
    size_t len = strlen(text), end_len = strlen(end);
    while (end_len > 0 && *end == '/')
        end++, end_len--;
    return end_len <= len && memcmp(text + len - end_len, end, end_len) == 0;
}

enum tool_status tool_fail(const char *place, enum cairn_err err, const struct cairn_why *why)
{
    char buf[LINE_BYTES], what[4096];
    struct cairn_text line;
    struct cairn_why told = *why;
    if (place && ends_with(place, told.path)) told.path[0] = '\0';
    if (told.err == CAIRN_OK) told.err = err;
    cairn_text_init(&line, buf, sizeof buf - 1);
    cairn_text_str(&line, "cairn: ");
    if (place) {
        cairn_text_escaped(&line, place, strlen(place));
        cairn_text_str(&line, ": ");
    }
    (void)cairn_why_text(&told, what, sizeof what);
    cairn_text_str(&line, what);
    line_put(&line);
    return status_of(err);
}

enum tool_status tool_usage(const struct tool_verb *verb, const char *fmt, ...)
{
    char buf[LINE_BYTES], what[4096];
    struct cairn_text line;
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(what, sizeof what, fmt, args);
    va_end(args);
    cairn_text_init(&line, buf, sizeof buf - 1);
    cairn_text_fmt(&line, "cairn%s%s: ", verb ? " " : "", verb ? verb->name : "");
    cairn_text_escaped(&line, what, strlen(what));
    cairn_text_fmt(&line, " (`cairn %s%s--help` tells more)", verb ? verb->name : "",
                   verb ? " " : "");
    line_put(&line);
    return TOOL_USAGE;
}

void tool_note(const char *fmt, ...)
{
    char buf[LINE_BYTES], what[4096];
    struct cairn_text line;
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(what, sizeof what, fmt, args);
    va_end(args);
    cairn_text_init(&line, buf, sizeof buf - 1);
    cairn_text_str(&line, "cairn: ");
    cairn_text_escaped(&line, what, strlen(what));
    line_put(&line);
}

void tool_name_put(FILE *to, const char *name)
{
    char buf[LINE_BYTES * 2];
    struct cairn_text text;
    cairn_text_init(&text, buf, sizeof buf);
    cairn_text_escaped(&text, name, strlen(name));
    fputs(buf, to);
}

bool tool_wants_colour(FILE *to)
{
    const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
    if (no && no[0]) return false;
    return isatty(fileno(to)) && term && strcmp(term, "dumb") != 0;
}

void tool_entry_put(const char *name, bool is_directory)
{
    bool colour = is_directory && tool_wants_colour(stdout);
    if (colour) fputs("\033[1;34m", stdout);
    tool_name_put(stdout, name);
    if (colour) fputs("\033[0m", stdout);
}

const char *tool_size_text(uint64_t bytes, char buf[TOOL_TEXT_BYTES])
{
    static const char *const units[] = { "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
    if (bytes < 1024) {
        snprintf(buf, TOOL_TEXT_BYTES, "%llu B", (unsigned long long)bytes);
        return buf;
    }
    double value = (double)bytes / 1024;
    size_t unit = 0;
    while (value >= 1023.95 && unit + 1 < CAIRN_COUNT(units)) {
        value /= 1024;
        unit++;
    }
    bool whole = value == (double)(uint64_t)value;
    snprintf(buf, TOOL_TEXT_BYTES, whole ? "%.0f %s" : "%.1f %s", value, units[unit]);
    return buf;
}

const char *tool_files_text(uint64_t count, char buf[TOOL_TEXT_BYTES])
{
    snprintf(buf, TOOL_TEXT_BYTES, "%llu file%s", (unsigned long long)count, count == 1 ? "" : "s");
    return buf;
}

const char *tool_directories_text(uint64_t count, char buf[TOOL_TEXT_BYTES])
{
    snprintf(buf, TOOL_TEXT_BYTES, "%llu director%s", (unsigned long long)count,
             count == 1 ? "y" : "ies");
    return buf;
}

const char *tool_time_text(int64_t ns, bool iso, char buf[TOOL_TEXT_BYTES])
{
    struct cairn_date date;
    cairn_date_from_ns(&date, ns);
    snprintf(buf, TOOL_TEXT_BYTES, "%04d-%02u-%02u%c%02u:%02u:%02u%s", date.year, date.month,
             date.day, iso ? 'T' : ' ', date.hour, date.minute, date.second, iso ? "Z" : "");
    return buf;
}

const char *tool_attr_text(uint8_t attributes, char buf[TOOL_TEXT_BYTES])
{
    static const struct {
        uint8_t bit;
        char letter;
    } letters[] = { { CAIRN_FAT_READ_ONLY, 'R' },
                    { CAIRN_FAT_HIDDEN, 'H' },
                    { CAIRN_FAT_SYSTEM, 'S' },
                    { CAIRN_FAT_DIRECTORY, 'D' },
                    { CAIRN_FAT_ARCHIVE, 'A' } };
    for (size_t i = 0; i < CAIRN_COUNT(letters); i++)
        buf[i] = attributes & letters[i].bit ? letters[i].letter : '-';
    buf[CAIRN_COUNT(letters)] = '\0';
    return buf;
}

const char *tool_id_text(uint32_t id, char buf[TOOL_TEXT_BYTES])
{
    snprintf(buf, TOOL_TEXT_BYTES, "%04X-%04X", id >> 16, id & 0xFFFF);
    return buf;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool seconds_parse(const char *text, int64_t *ns)
{
    char *end;
    errno = 0;
    if (!is_digit(text[text[0] == '-'])) return false; /* strtoll would take blanks and a plus */
    long long seconds = strtoll(text, &end, 10);
    if (errno || *end) return false;
    return !__builtin_mul_overflow((int64_t)seconds, CAIRN_NS_PER_SEC, ns);
}

/* Text that begins like form: a digit for each 0, and the rest as it stands. Each run of digits is
 * one of the values. */
static bool form_parse(const char *text, const char *form, uint32_t *values)
{
    *values = 0;
    for (; *form; form++, text++) {
        if (*form == '0') {
            if (!is_digit(*text)) return false;
            *values = *values * 10 + (uint32_t)(*text - '0');
        } else {
            if (*form != *text) return false;
            *++values = 0;
        }
    }
    return true;
}

/* Is there such a day, and do 64 bits of nanoseconds reach it? Only then it comes back. */
static bool date_to_ns(const uint32_t values[6], int64_t *ns)
{
    struct cairn_date again;
    if (values[1] < 1 || values[1] > 12 || values[2] < 1 || values[2] > 31 || values[3] > 23 ||
        values[4] > 59 || values[5] > 59)
        return false;
    struct cairn_date date = { .year = (int32_t)values[0],
                               .month = (uint8_t)values[1],
                               .day = (uint8_t)values[2],
                               .hour = (uint8_t)values[3],
                               .minute = (uint8_t)values[4],
                               .second = (uint8_t)values[5] };
    *ns = cairn_date_to_ns(&date);
    cairn_date_from_ns(&again, *ns);
    return again.year == date.year && again.month == date.month && again.day == date.day &&
           again.hour == date.hour && again.minute == date.minute && again.second == date.second;
}

bool tool_time_parse(const char *text, int64_t *ns)
{
    static const char day[] = "0000-00-00", clock[] = "00:00:00";
    uint32_t values[6] = { 0 };
    if (text[0] == '@') return seconds_parse(text + 1, ns);
    if (!form_parse(text, day, values)) return false;
    text += strlen(day);
    if (*text == 'T' || *text == ' ') {
        if (!form_parse(text + 1, clock, values + 3)) return false;
        text += 1 + strlen(clock);
    }
    if (*text == 'Z') text++;
    return !*text && date_to_ns(values, ns);
}

/* As GNU's tools do: a stdout that was closed from the start matters only to who printed. */
enum tool_status tool_stdout_finish(enum tool_status status)
{
    bool failed = ferror(stdout) != 0, pending = __fpending(stdout) > 0;
    errno = 0;
    if (fclose(stdout) == 0 && !failed) return status;
    if (!failed && !pending && errno == EBADF) return status;
    tool_note("standard output: %s", errno ? strerror(errno) : "what was printed got lost");
    return TOOL_FAILED;
}
