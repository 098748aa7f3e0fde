/* SPDX-License-Identifier: ISC */
/*
 * Text into a buffer of the caller's, without libc and without malloc. What does not fit is cut;
 * the buffer always ends in NUL. Control characters can be escaped, so that a name from a disk
 * never reaches a terminal raw.
 */
#ifndef CAIRN_TEXT_H
#define CAIRN_TEXT_H

#include <cairn/def.h>
#include <stdarg.h>

CAIRN_BEGIN

struct cairn_text {
    char *at;   /* the buffer; always NUL-terminated when cap > 0 */
    size_t cap; /* its bytes */
    size_t len; /* bytes written so far, without the NUL; < cap */
    bool cut;   /* something did not fit */
};

/* Start an empty text in buf[0..cap). cap may be 0: then everything is cut. */
CAIRN_API void cairn_text_init(struct cairn_text *text, char *buf, size_t cap);

CAIRN_API void cairn_text_char(struct cairn_text *text, char c);
CAIRN_API void cairn_text_str(struct cairn_text *text, const char *str);
CAIRN_API void cairn_text_bytes(struct cairn_text *text, const char *bytes, size_t len);
CAIRN_API void cairn_text_u64(struct cairn_text *text, uint64_t value);

/* bytes as UTF-8 with control characters (C0, DEL, C1), backslash and invalid bytes as \xHH,
 * \n, \t, \r, \\. What a terminal or a log gets of a name that a disk supplied. */
CAIRN_API void cairn_text_escaped(struct cairn_text *text, const char *bytes, size_t len);

/* The part of printf that the core uses: %s %.*s %c %d %i %u %x %X %p with l, ll, z, j, a width,
 * '-' and '0', and %%. From a conversion that is none of these on, the format is put as it stands.
 * A NULL string is "(null)". */
CAIRN_API void cairn_text_fmt(struct cairn_text *text, const char *fmt, ...) CAIRN_PRINTF(2, 3);
CAIRN_API void cairn_text_vfmt(struct cairn_text *text, const char *fmt, va_list args)
    CAIRN_PRINTF(2, 0);

CAIRN_END

#endif
