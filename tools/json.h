/* SPDX-License-Identifier: ISC */
/* JSON to standard output, indented. Keys are NULL inside arrays. */
#ifndef CAIRN_TOOLS_JSON_H
#define CAIRN_TOOLS_JSON_H

#include <cairn/def.h>

struct tool_json {
    uint32_t depth;
    bool more;     /* something stands before, on this level */
    bool in_line;  /* from here down, no new lines: one entry a line */
    uint32_t line; /* the depth where that began */
};

/* bracket: '{' or '['. */
void tool_json_open(struct tool_json *json, const char *key, char bracket);
/* The same, and what is inside stands on one line. */
void tool_json_open_line(struct tool_json *json, const char *key, char bracket);
/* bracket: '}' or ']'; the outermost ends the line. */
void tool_json_close(struct tool_json *json, char bracket);

/* Bytes that are no UTF-8 become U+FFFD. NULL: null. */
void tool_json_str(struct tool_json *json, const char *key, const char *value);
void tool_json_u64(struct tool_json *json, const char *key, uint64_t value);
void tool_json_bool(struct tool_json *json, const char *key, bool value);
/* ISO 8601, UTC; INT64_MIN: null. */
void tool_json_time(struct tool_json *json, const char *key, int64_t ns);

#endif
