/* SPDX-License-Identifier: ISC */
/* What the user reads: messages, names, sizes, times. Nothing from a disk reaches it unescaped. */
#ifndef CAIRN_TOOLS_OUT_H
#define CAIRN_TOOLS_OUT_H

#include "verb.h"

#include <cairn/image.h>
#include <stdio.h>

/* "cairn: place: what is wrong (what to do)" to standard error; returns the exit code for err, the
 * one place that knows it. place may be NULL. */
enum tool_status tool_fail(const char *place, enum cairn_err err, const struct cairn_why *why);

/* A command line that makes no sense: "cairn ls: ..." and where the help is. TOOL_USAGE. */
enum tool_status tool_usage(const struct tool_verb *verb, const char *fmt, ...) CAIRN_PRINTF(2, 3);

/* One line to standard error; no exit code hangs on it. */
void tool_note(const char *fmt, ...) CAIRN_PRINTF(1, 2);

/* A name with control characters and invalid bytes escaped. */
void tool_name_put(FILE *to, const char *name);

/* The same in the colour of directories where standard output is a terminal that wants colour. */
void tool_entry_put(const char *name, bool is_directory);
bool tool_wants_colour(FILE *to);

#define TOOL_TEXT_BYTES 48u
/* "1.5 MiB", "512 B". */
const char *tool_size_text(uint64_t bytes, char buf[TOOL_TEXT_BYTES]);
/* "1 file", "2 files"; "1 directory", "2 directories". */
const char *tool_files_text(uint64_t count, char buf[TOOL_TEXT_BYTES]);
const char *tool_directories_text(uint64_t count, char buf[TOOL_TEXT_BYTES]);
/* "2024-05-01 12:34:56" in UTC, or with T and Z between and behind, as JSON has it. */
const char *tool_time_text(int64_t ns, bool iso, char buf[TOOL_TEXT_BYTES]);
/* "R----A": the letters RHSDA, a dash for what is not set. */
const char *tool_attr_text(uint8_t attributes, char buf[TOOL_TEXT_BYTES]);
/* "1234-ABCD" */
const char *tool_id_text(uint32_t id, char buf[TOOL_TEXT_BYTES]);
/* ISO 8601 ("2024-05-01", "2024-05-01T12:34:56Z") or "@SECONDS". */
bool tool_time_parse(const char *text, int64_t *ns);

/* Everything printed has arrived? Else a message, and TOOL_FAILED. */
enum tool_status tool_stdout_finish(enum tool_status status);

#endif
