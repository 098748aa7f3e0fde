/* SPDX-License-Identifier: ISC */
#include "span.h"

#include <cairn/bytes.h>

void img_spans_init(struct img_spans *spans, const struct cairn_image_plan *plan,
                    uint64_t piece_max)
{
    *spans =
        (struct img_spans){ .plan = plan, .next = plan->directory_count, .piece_max = piece_max };
}

static const struct img_node *node_at(const struct cairn_image_plan *plan, uint32_t at)
{
    return &plan->tree->nodes[plan->order[at]];
}

static const struct img_place *place_at(const struct cairn_image_plan *plan, uint32_t at)
{
    return &plan->places[plan->order[at]];
}

static void take_piece(struct img_spans *spans, struct img_span *span)
{
    uint64_t left = node_at(spans->plan, spans->next)->size - spans->piece_at;
    *span = (struct img_span){ .first = spans->next,
                               .count = 1,
                               .at = spans->piece_at,
                               .bytes = cairn_min_u64(left, spans->piece_max),
                               .is_piece = true };
    spans->piece_at += span->bytes;
    if (span->bytes < left) return;
    spans->piece_at = 0;
    spans->next++;
}

static void take_small(struct img_spans *spans, struct img_span *span)
{
    const struct cairn_image_plan *plan = spans->plan;
    uint64_t bytes = 0;
    *span = (struct img_span){ .first = spans->next };
    while (spans->next < plan->tree->count) {
        uint64_t more =
            (uint64_t)place_at(plan, spans->next)->clusters * plan->geometry.cluster_bytes;
        bool fits = node_at(plan, spans->next)->size <= IMG_SMALL_BYTES;
        if (!fits || bytes + more > IMG_SPAN_BYTES) return;
        bytes += more;
        spans->next++;
        span->count++;
    }
}

bool img_spans_next(struct img_spans *spans, struct img_span *span)
{
    const struct cairn_image_plan *plan = spans->plan;
    while (spans->next < plan->tree->count && place_at(plan, spans->next)->clusters == 0)
        spans->next++;
    if (spans->next == plan->tree->count) return false;
    if (node_at(plan, spans->next)->size > IMG_SMALL_BYTES)
        take_piece(spans, span);
    else
        take_small(spans, span);
    return true;
}

uint64_t img_span_offset(const struct cairn_image_plan *plan, const struct img_span *span)
{
    return img_cluster_offset(plan, place_at(plan, span->first)->first_cluster) + span->at;
}

uint64_t img_span_content(const struct cairn_image_plan *plan, const struct img_span *span)
{
    uint64_t bytes = span->bytes;
    for (uint32_t i = 0; !span->is_piece && i < span->count; i++)
        bytes += node_at(plan, span->first + i)->size;
    return bytes;
}

/* One small file to its place in buf; *count grows by its clusters. */
static enum cairn_err fill_file(const struct cairn_image_plan *plan, struct img_reader *reader,
                                uint32_t at, uint8_t *buf, size_t *count, struct cairn_why *why)
{
    size_t size = (size_t)node_at(plan, at)->size;
    size_t room = (size_t)place_at(plan, at)->clusters * plan->geometry.cluster_bytes;
    struct img_opened file;
    if (room == 0) return CAIRN_OK;
    enum cairn_err err = img_reader_open(reader, plan->order[at], &file, why);
    if (!err) err = img_reader_read(reader, &file, 0, buf + *count, size, why);
    err = img_reader_close(reader, &file, err, why);
    memset(buf + *count + size, 0, room - size);
    *count += room;
    return err;
}

static enum cairn_err fill_piece(const struct cairn_image_plan *plan, struct img_reader *reader,
                                 const struct img_span *span, uint8_t *buf, size_t *count,
                                 struct cairn_why *why)
{
    struct img_opened file;
    enum cairn_err err = img_reader_open(reader, plan->order[span->first], &file, why);
    if (!err) err = img_reader_read(reader, &file, span->at, buf, (size_t)span->bytes, why);
    *count = (size_t)span->bytes;
    return img_reader_close(reader, &file, err, why);
}

enum cairn_err img_span_fill(const struct cairn_image_plan *plan, struct img_reader *reader,
                             const struct img_span *span, uint8_t *buf, size_t *count,
                             struct cairn_why *why)
{
    *count = 0;
    if (span->is_piece) return fill_piece(plan, reader, span, buf, count, why);
    enum cairn_err err = CAIRN_OK;
    for (uint32_t i = 0; !err && i < span->count; i++)
        err = fill_file(plan, reader, span->first + i, buf, count, why);
    return err;
}
