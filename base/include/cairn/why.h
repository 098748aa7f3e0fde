/* SPDX-License-Identifier: ISC */
/*
 * Why something failed: beside the code, what was tried, where, through which layers, and what the
 * operating system said. Caller-owned and of fixed size. Every call that can fail takes one as its
 * last argument (or in the request); NULL means "the code is enough". A call that succeeds leaves
 * it alone. One struct belongs to one thread at a time: no thread ever reads another's.
 *
 * The layer that detects the failure calls cairn_why_fail, which starts the explanation anew; each
 * layer above may add its name (cairn_why_via), the path it was working on, or a hint.
 */
#ifndef CAIRN_WHY_H
#define CAIRN_WHY_H

#include <cairn/err.h>

CAIRN_BEGIN

#define CAIRN_WHY_TEXT_BYTES 256
#define CAIRN_WHY_VIA_BYTES 128
#define CAIRN_WHY_NONE UINT64_MAX

struct cairn_why {
    enum cairn_err err;              /* CAIRN_OK: nothing has failed */
    int32_t os;                      /* the OS's own code, 0 when it said nothing */
    uint64_t block;                  /* block of the device that failed, or CAIRN_WHY_NONE */
    char what[CAIRN_WHY_TEXT_BYTES]; /* what was tried or found: "write", "FAT entry 7 is 1" */
    char path[CAIRN_WHY_TEXT_BYTES]; /* the file or name it concerns; empty: none */
    char via[CAIRN_WHY_VIA_BYTES];   /* layers from the top: "cow/partition 2/disk.img" */
    char hint[CAIRN_WHY_TEXT_BYTES]; /* what to do about it; empty: nothing known */
};

/* Forget everything. A zeroed struct is as good. */
CAIRN_API void cairn_why_clear(struct cairn_why *why);

/* Start an explanation and return err, so that `return cairn_why_fail(why, CAIRN_EIO, "read")`
 * is one line. why may be NULL. The text is formatted as cairn_text_fmt does; it says what was
 * tried or found, without the error's own text, which cairn_why_text adds. */
CAIRN_API enum cairn_err cairn_why_fail(struct cairn_why *why, enum cairn_err err, const char *fmt,
                                        ...) CAIRN_PRINTF(3, 4);

/* Add to an explanation. Each does nothing when why is NULL. */
CAIRN_API void cairn_why_block(struct cairn_why *why, uint64_t block);
CAIRN_API void cairn_why_os(struct cairn_why *why, int32_t os_code);
/* A longer path keeps its end, behind "...". */
CAIRN_API void cairn_why_path(struct cairn_why *why, const char *path, size_t len);
/* Put a layer's name in front of those below it, if there is still room. */
CAIRN_API void cairn_why_via(struct cairn_why *why, const char *layer);
CAIRN_API void cairn_why_hint(struct cairn_why *why, const char *fmt, ...) CAIRN_PRINTF(2, 3);

/* The whole as one line, names escaped:
 * "dir/a.txt: write block 4096 via cow/partition 2/disk.img: No space left (hint)".
 * Parts that are empty are left out; the OS's code stays in the struct. Returns the length written,
 * below cap. */
CAIRN_API size_t cairn_why_text(const struct cairn_why *why, char *buf, size_t cap);

CAIRN_END

#endif
