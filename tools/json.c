/* SPDX-License-Identifier: ISC */
#include "json.h"

#include "out.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- strings ------------------------------------------------------------------------------- */

/* Bytes of the valid UTF-8 character at text, 0 when there is none. RFC 3629. */
static size_t utf8_len(const uint8_t *text)
{
    static const struct {
        uint8_t first_least, first_most, second_least, second_most;
        size_t len;
    } forms[] = { { 0x00, 0x7F, 0, 0, 1 },       { 0xC2, 0xDF, 0x80, 0xBF, 2 },
                  { 0xE0, 0xE0, 0xA0, 0xBF, 3 }, { 0xE1, 0xEC, 0x80, 0xBF, 3 },
                  { 0xED, 0xED, 0x80, 0x9F, 3 }, { 0xEE, 0xEF, 0x80, 0xBF, 3 },
                  { 0xF0, 0xF0, 0x90, 0xBF, 4 }, { 0xF1, 0xF3, 0x80, 0xBF, 4 },
                  { 0xF4, 0xF4, 0x80, 0x8F, 4 } };
    for (size_t i = 0; i < CAIRN_COUNT(forms); i++) {
        if (text[0] < forms[i].first_least || text[0] > forms[i].first_most) continue;
        if (forms[i].len > 1 && (text[1] < forms[i].second_least || text[1] > forms[i].second_most))
            return 0;
        for (size_t j = 2; j < forms[i].len; j++)
            if ((text[j] & 0xC0) != 0x80) return 0;
        return forms[i].len;
    }
    return 0;
}

/* C1 is escaped with C0: a terminal takes both for commands. */
static void character_put(const uint8_t *text, size_t len)
{
    if (len == 0)
        fputs("\\ufffd", stdout);
    else if (text[0] == '"' || text[0] == '\\')
        printf("\\%c", text[0]);
    else if (text[0] < 0x20 || text[0] == 0x7F)
        printf("\\u%04x", text[0]);
    else if (len == 2 && text[0] == 0xC2 && text[1] < 0xA0)
        printf("\\u%04x", text[1]);
    else
        (void)fwrite(text, 1, len, stdout);
}

static void string_put(const char *value)
{
    putchar('"');
    for (const uint8_t *at = (const uint8_t *)value; *at;) {
        size_t len = utf8_len(at);
        character_put(at, len);
        at += len ? len : 1;
    }
    putchar('"');
}

/* ---- layout -------------------------------------------------------------------------------- */

static void newline(const struct tool_json *json)
{
    if (json->in_line) {
        if (json->more) putchar(' ');
        return;
    }
    if (json->depth > 0) printf("\n%*s", (int)json->depth * 2, "");
}

static void begin(struct tool_json *json, const char *key)
{
    if (json->more) putchar(',');
    newline(json);
    json->more = true;
    if (!key) return;
    string_put(key);
    fputs(": ", stdout);
}

void tool_json_open(struct tool_json *json, const char *key, char bracket)
{
    begin(json, key);
    putchar(bracket);
    json->depth++;
    json->more = false;
}

void tool_json_open_line(struct tool_json *json, const char *key, char bracket)
{
    tool_json_open(json, key, bracket);
    if (json->in_line) return;
    json->in_line = true;
    json->line = json->depth;
}

void tool_json_close(struct tool_json *json, char bracket)
{
    bool was_line = json->in_line;
    if (was_line && json->depth == json->line) json->in_line = false;
    json->depth--;
    if (json->more && !was_line) printf("\n%*s", (int)json->depth * 2, "");
    putchar(bracket);
    json->more = true;
    if (json->depth == 0) putchar('\n');
}

/* ---- values -------------------------------------------------------------------------------- */

void tool_json_str(struct tool_json *json, const char *key, const char *value)
{
    begin(json, key);
    if (value)
        string_put(value);
    else
        fputs("null", stdout);
}

void tool_json_u64(struct tool_json *json, const char *key, uint64_t value)
{
    begin(json, key);
    printf("%" PRIu64, value);
}

void tool_json_bool(struct tool_json *json, const char *key, bool value)
{
    begin(json, key);
    fputs(value ? "true" : "false", stdout);
}

void tool_json_time(struct tool_json *json, const char *key, int64_t ns)
{
    char buf[TOOL_TEXT_BYTES];
    tool_json_str(json, key, ns == INT64_MIN ? NULL : tool_time_text(ns, true, buf));
}
