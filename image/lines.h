/* SPDX-License-Identifier: ISC */
/*
 * A store as JSON lines (docs/cli.md): one object a line, of a value or a dictionary. Bytes that
 * are no UTF-8 stand in base64, in a member whose name says so. Pure.
 */
#ifndef CAIRN_IMAGE_LINES_H
#define CAIRN_IMAGE_LINES_H

#include <cairn/why.h>

/* One line, taken apart. */
struct img_line {
    char *key, *value; /* in the line's own memory */
    size_t key_bytes, value_bytes;
    bool is_dictionary;
    bool has_time;
    int64_t modified_ns;
};

/* Take text[0..bytes) apart, which is changed on the way: strings are decoded in their place.
 * *wrong: what is wrong with it, and *at where. */
bool img_line_parse(struct img_line *line, char *text, size_t bytes, const char **wrong,
                    size_t *at) CAIRN_MUST_USE;

/* Room for bytes[0..count) as a member of any kind. */
#define IMG_LINE_ROOM(count) ((count)*6 + 16)

/* Can the bytes stand as a JSON string and come back the same? */
bool img_line_is_text(const char *bytes, size_t count);
/* The bytes as the inside of a JSON string; returns the length. out: IMG_LINE_ROOM(count). */
size_t img_line_escape(const char *bytes, size_t count, char *out);
/* The same in base64, padded when count is no multiple of 3. */
size_t img_line_base64(const uint8_t *bytes, size_t count, char *out);

#endif
