/* SPDX-License-Identifier: ISC */
/*
 * File contents in portions of work. A span is either some whole small files, neighbours in the
 * image, which are gathered in a buffer and written at once; or a piece of one large file.
 */
#ifndef CAIRN_IMAGE_SPAN_H
#define CAIRN_IMAGE_SPAN_H

#include "plan.h"
#include "reader.h"

/* Of the image, what a span takes at most if it is gathered: it stays in the cache. */
#define IMG_SPAN_BYTES (1u << 18)
/* A file up to this is small, and fits a span in clusters of any size. */
#define IMG_SMALL_BYTES (1u << 17)

struct img_span {
    uint32_t first, count; /* in plan->order */
    uint64_t at, bytes;    /* piece of a large file (count is 1) */
    bool is_piece;
};

/* Where the dealing out has got to. */
struct img_spans {
    const struct cairn_image_plan *plan;
    uint32_t next;
    uint64_t piece_at, piece_max;
};

void img_spans_init(struct img_spans *spans, const struct cairn_image_plan *plan,
                    uint64_t piece_max);
/* The next span, in the order of the image; false: that was all. */
bool img_spans_next(struct img_spans *spans, struct img_span *span);

/* Where a span begins in the image, and the bytes of contents in it. */
uint64_t img_span_offset(const struct cairn_image_plan *plan, const struct img_span *span);
uint64_t img_span_content(const struct cairn_image_plan *plan, const struct img_span *span);

/* Read a span into buf as it stands in the image, zeros behind each file's end; *count: bytes of
 * the image. A piece must fit in IMG_SPAN_BYTES. CAIRN_ESTALE: a file is not what was scanned. */
enum cairn_err img_span_fill(const struct cairn_image_plan *plan, struct img_reader *reader,
                             const struct img_span *span, uint8_t *buf, size_t *count,
                             struct cairn_why *why) CAIRN_MUST_USE;

#endif
