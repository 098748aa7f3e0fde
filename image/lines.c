/* SPDX-License-Identifier: ISC */
#include "lines.h"

#include <cairn/bytes.h>
#include <cairn/clock.h>

/* ---- writing ------------------------------------------------------------------------------- */

/* Bytes of the UTF-8 character at `at`; 0: there is none. RFC 3629. */
static size_t utf8_step(const uint8_t *at, size_t left)
{
    static const struct {
        uint8_t first, last, low, high; /* of the first byte, and of the second */
        uint8_t bytes;
    } forms[] = { { 0x00, 0x7F, 0, 0, 1 },       { 0xC2, 0xDF, 0x80, 0xBF, 2 },
                  { 0xE0, 0xE0, 0xA0, 0xBF, 3 }, { 0xE1, 0xEC, 0x80, 0xBF, 3 },
                  { 0xED, 0xED, 0x80, 0x9F, 3 }, { 0xEE, 0xEF, 0x80, 0xBF, 3 },
                  { 0xF0, 0xF0, 0x90, 0xBF, 4 }, { 0xF1, 0xF3, 0x80, 0xBF, 4 },
                  { 0xF4, 0xF4, 0x80, 0x8F, 4 } };
    for (size_t i = 0; i < CAIRN_COUNT(forms); i++) {
        if (*at < forms[i].first || *at > forms[i].last) continue;
        if (forms[i].bytes > left) return 0;
        if (forms[i].bytes > 1 && (at[1] < forms[i].low || at[1] > forms[i].high)) return 0;
        for (size_t k = 2; k < forms[i].bytes; k++)
            if ((at[k] & 0xC0u) != 0x80) return 0;
        return forms[i].bytes;
    }
    return 0;
}

bool img_line_is_text(const char *bytes, size_t count)
{
    const uint8_t *at = (const uint8_t *)bytes;
    while (count > 0) {
        size_t step = utf8_step(at, count);
        if (step == 0) return false;
        at += step;
        count -= step;
    }
    return true;
}

size_t img_line_escape(const char *bytes, size_t count, char *out)
{
    static const char hex[] = "0123456789abcdef", unicode[] = { '\\', 'u', '0', '0' };
    char *to = out;
    for (size_t i = 0; i < count; i++) {
        uint8_t c = (uint8_t)bytes[i];
        if (c == '"' || c == '\\') {
            *to++ = '\\';
            *to++ = (char)c;
        } else if (c == '\n') {
            *to++ = '\\';
            *to++ = 'n';
        } else if (c < 0x20 || c == 0x7F) {
            memcpy(to, unicode, sizeof unicode);
            to += sizeof unicode;
            *to++ = hex[c >> 4];
            *to++ = hex[c & 15u];
        } else {
            *to++ = (char)c;
        }
    }
    return (size_t)(to - out);
}

static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t img_line_base64(const uint8_t *bytes, size_t count, char *out)
{
    char *to = out;
    for (size_t i = 0; i < count; i += 3) {
        size_t left = count - i;
        uint32_t group = (uint32_t)bytes[i] << 16 | (left > 1 ? (uint32_t)bytes[i + 1] << 8 : 0) |
                         (left > 2 ? bytes[i + 2] : 0);
        *to++ = base64_digits[group >> 18];
        *to++ = base64_digits[group >> 12 & 63u];
        *to++ = left > 1 ? base64_digits[group >> 6 & 63u] : '=';
        *to++ = left > 2 ? base64_digits[group & 63u] : '=';
    }
    return (size_t)(to - out);
}

/* ---- reading ------------------------------------------------------------------------------- */

struct parser {
    char *at, *end;
    const char *wrong; /* NULL: nothing yet */
};

static bool fail(struct parser *p, const char *wrong)
{
    p->wrong = wrong;
    return false;
}

static void blanks_skip(struct parser *p)
{
    while (p->at < p->end && (*p->at == ' ' || *p->at == '\t' || *p->at == '\r' || *p->at == '\n'))
        p->at++;
}

static bool take(struct parser *p, char c)
{
    blanks_skip(p);
    if (p->at == p->end || *p->at != c) return false;
    p->at++;
    return true;
}

static bool hex4(struct parser *p, uint32_t *value)
{
    *value = 0;
    if (p->end - p->at < 4) return fail(p, "a \\u escape that is cut");
    for (uint32_t i = 0; i < 4; i++) {
        char c = *p->at++;
        uint32_t digit = c >= '0' && c <= '9'   ? (uint32_t)(c - '0')
                         : c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a') + 10
                         : c >= 'A' && c <= 'F' ? (uint32_t)(c - 'A') + 10
                                                : 16;
        if (digit > 15) return fail(p, "a \\u escape without four hexadecimal digits");
        *value = *value << 4 | digit;
    }
    return true;
}

static char *utf8_put(char *to, uint32_t c)
{
    if (c < 0x80) {
        *to++ = (char)c;
        return to;
    }
    uint32_t more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    *to++ = (char)((0xFF00u >> (more + 1) & 0xFFu) | c >> (6 * more));
    while (more-- > 0)
        *to++ = (char)(0x80u | (c >> (6 * more) & 63u));
    return to;
}

/* What follows "\u", halves of a pair joined. */
static bool unicode_take(struct parser *p, char **to)
{
    uint32_t c, low;
    if (!hex4(p, &c)) return false;
    if ((c & 0xFC00u) == 0xD800) {
        if (p->end - p->at < 6 || p->at[0] != '\\' || p->at[1] != 'u')
            return fail(p, "half a character");
        p->at += 2;
        if (!hex4(p, &low)) return false;
        if ((low & 0xFC00u) != 0xDC00) return fail(p, "half a character");
        c = 0x10000 + ((c & 0x3FFu) << 10 | (low & 0x3FFu));
    } else if ((c & 0xFC00u) == 0xDC00) {
        return fail(p, "half a character");
    }
    *to = utf8_put(*to, c);
    return true;
}

static bool escape_take(struct parser *p, char **to)
{
    static const char from[] = "\"\\/bfnrt", means[] = "\"\\/\b\f\n\r\t";
    if (p->at == p->end) return fail(p, "a string without end");
    char c = *p->at++;
    if (c == 'u') return unicode_take(p, to);
    for (size_t i = 0; i + 1 < sizeof from; i++) {
        if (from[i] != c) continue;
        *(*to)++ = means[i];
        return true;
    }
    return fail(p, "an escape that JSON does not have");
}

/* A string, decoded where it stands: it never gets longer. */
static bool string_take(struct parser *p, char **bytes, size_t *count)
{
    if (!take(p, '"')) return fail(p, "a string is missing");
    char *to = *bytes = p->at;
    while (p->at < p->end && *p->at != '"') {
        char c = *p->at++;
        if ((uint8_t)c < 0x20) return fail(p, "a control character that is not escaped");
        if (c != '\\')
            *to++ = c;
        else if (!escape_take(p, &to))
            return false;
    }
    if (p->at == p->end) return fail(p, "a string without end");
    p->at++;
    *count = (size_t)(to - *bytes);
    return true;
}

static uint32_t base64_value(char c)
{
    for (uint32_t i = 0; i < 64; i++)
        if (base64_digits[i] == c) return i;
    return 64;
}

/* Base64 in its place. */
static bool base64_take(struct parser *p, char **bytes, size_t *count)
{
    if (!string_take(p, bytes, count)) return false;
    char *to = *bytes;
    uint32_t group = 0, bits = 0;
    size_t end = *count;
    if (end % 4) return fail(p, "base64 whose length is no multiple of 4");
    while (end > 0 && *count - end < 2 && (*bytes)[end - 1] == '=')
        end--;
    for (size_t i = 0; i < end; i++) {
        uint32_t value = base64_value((*bytes)[i]);
        if (value > 63) return fail(p, "a character that base64 does not have");
        group = group << 6 | value;
        bits += 6;
        if (bits < 8) continue;
        bits -= 8;
        *to++ = (char)(group >> bits);
    }
    *count = (size_t)(to - *bytes);
    return true;
}

static bool literal_take(struct parser *p, bool *value)
{
    static const char yes[] = "true", no[] = "false";
    blanks_skip(p);
    size_t left = (size_t)(p->end - p->at);
    *value = left >= sizeof yes - 1 && memcmp(p->at, yes, sizeof yes - 1) == 0;
    bool is_false = left >= sizeof no - 1 && memcmp(p->at, no, sizeof no - 1) == 0;
    if (!*value && !is_false) return fail(p, "true or false is missing");
    p->at += *value ? sizeof yes - 1 : sizeof no - 1;
    return true;
}

/* Digits as many as form has of 0; its other characters as they stand. */
static bool form_take(const char **at, const char *end, const char *form, int32_t *value)
{
    *value = 0;
    for (; *form; form++, (*at)++) {
        if (*at == end) return false;
        bool is_digit = **at >= '0' && **at <= '9';
        if (*form == '0' ? !is_digit : **at != *form) return false;
        if (*form == '0') *value = *value * 10 + (**at - '0');
    }
    return true;
}

/* "2024-05-01T12:34:56Z", with a fraction of up to 9 digits or none. */
static bool time_parse(const char *at, size_t count, int64_t *ns)
{
    static const char *const forms[] = { "0000", "-00", "-00", "T00", ":00", ":00" };
    const char *end = at + count;
    int32_t values[6];
    for (size_t i = 0; i < CAIRN_COUNT(forms); i++)
        if (!form_take(&at, end, forms[i], &values[i])) return false;
    struct cairn_date date = { values[0],
                               (uint8_t)values[1],
                               (uint8_t)values[2],
                               (uint8_t)values[3],
                               (uint8_t)values[4],
                               (uint8_t)values[5],
                               0 };
    if (values[1] < 1 || values[1] > 12 || values[2] < 1 || values[2] > 31 || values[3] > 23 ||
        values[4] > 59 || values[5] > 59 || values[0] < 1678 || values[0] > 2261)
        return false;
    *ns = cairn_date_to_ns(&date);
    if (at < end && *at == '.') {
        int64_t unit = CAIRN_NS_PER_SEC;
        for (at++; at < end && *at >= '0' && *at <= '9' && unit > 1; at++)
            *ns += (*at - '0') * (unit /= 10);
    }
    return end - at == 1 && *at == 'Z';
}

static bool time_take(struct parser *p, struct img_line *line)
{
    char *bytes;
    size_t count;
    if (!string_take(p, &bytes, &count)) return false;
    line->has_time = time_parse(bytes, count, &line->modified_ns);
    return line->has_time || fail(p, "a time is like 2024-05-01T12:34:56Z");
}

static bool member_take(struct parser *p, struct img_line *line)
{
    char *name;
    size_t count;
    if (!string_take(p, &name, &count)) return false;
    if (!take(p, ':')) return fail(p, "a ':' is missing");
#define IS(text) (count == sizeof(text) - 1 && memcmp(name, text, count) == 0)
    if (IS("key")) return string_take(p, &line->key, &line->key_bytes);
    if (IS("key_base64")) return base64_take(p, &line->key, &line->key_bytes);
    if (IS("value")) return string_take(p, &line->value, &line->value_bytes);
    if (IS("value_base64")) return base64_take(p, &line->value, &line->value_bytes);
    if (IS("dictionary")) return literal_take(p, &line->is_dictionary);
    if (IS("modified")) return time_take(p, line);
#undef IS
    return fail(p, "a member that is none of key, value, dictionary and modified");
}

static bool object_take(struct parser *p, struct img_line *line)
{
    if (!take(p, '{')) return fail(p, "a '{' is missing");
    do {
        if (!member_take(p, line)) return false;
    } while (take(p, ','));
    if (!take(p, '}')) return fail(p, "a '}' is missing");
    blanks_skip(p);
    if (p->at != p->end) return fail(p, "something behind the object");
    if (!line->key || line->key_bytes == 0) return fail(p, "a key is missing");
    if (line->is_dictionary == (line->value != NULL))
        return fail(p, "either a value is needed, or \"dictionary\": true");
    return true;
}

bool img_line_parse(struct img_line *line, char *text, size_t bytes, const char **wrong, size_t *at)
{
    struct parser p = { .at = text, .end = text + bytes };
    *line = (struct img_line){ .key = NULL };
    if (object_take(&p, line)) return true;
    *wrong = p.wrong;
    *at = (size_t)(p.at - text);
    return false;
}
