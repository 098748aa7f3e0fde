/* SPDX-License-Identifier: ISC */
/*
 * Workers take spans in turn and write each straight to its place; the calling thread is one of
 * them and the one that reports progress. A stream has one worker, so that it gets them in order.
 *
 * `lock` guards spans, done_bytes, err and why of struct copy. `turn` is held while a span of small
 * files is written: the kernel lets one thread write to a file at a time and has the others spin
 * for it, so what workers do at once is reading.
 */
#include "copy.h"

#include "lane.h"
#include "os.h"
#include "span.h"
#include <cairn/blk_file.h>
#include <cairn/bytes.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE_BYTES (UINT64_C(64) << 20)
#define PAGE_BYTES UINT64_C(4096)
#define THREADS_LIKED 2u
#define THREADS_MAX 16u
#define PARALLEL_BYTES (4u << 20) /* with less, one thread is faster */

struct copy {
    const struct cairn_image_plan *plan;
    struct img_sink *sink;
    const struct cairn_image_write_options *options;
    pthread_mutex_t lock, turn;
    struct img_spans spans;
    uint64_t done_bytes;
    enum cairn_err err; /* the first; ends the work of all */
    struct cairn_why why;
};

struct worker {
    struct copy *copy;
    struct img_reader reader;
    struct cairn_image_write_result result;
    struct cairn_why why;
    struct img_lane lane;
    bool reports;
};

/* Zeros from a file's end to the end of its last cluster. A new file has them already. */
static enum cairn_err pad(struct worker *w, const struct img_span *span)
{
    const struct cairn_image_plan *plan = w->copy->plan;
    const struct img_node *node = &plan->tree->nodes[plan->order[span->first]];
    uint64_t end = span->at + span->bytes;
    if (end < node->size) return CAIRN_OK;
    uint64_t rest = cairn_round_up(end, plan->geometry.cluster_bytes) - end;
    return img_sink_zero(w->copy->sink, img_span_offset(plan, span) + span->bytes, rest, &w->why);
}

/* Are holes worth looking for? Finding none costs a walk of the file. */
static bool has_holes(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 && (uint64_t)st.st_blocks * 512 < (uint64_t)st.st_size;
}

/* The next stretch of data from *at on; false: only a hole is left before end. */
static bool data_next(int fd, bool holes, uint64_t *at, uint64_t end, uint64_t *bytes)
{
    *bytes = end - *at;
    if (!holes || *bytes == 0) return *bytes > 0;
    off_t data = lseek(fd, (off_t)*at, SEEK_DATA);
    if (data < 0) return errno != ENXIO; /* a filesystem that cannot tell: all is data */
    if ((uint64_t)data >= end) return false;
    off_t hole = lseek(fd, data, SEEK_HOLE);
    *at = (uint64_t)data;
    *bytes = (hole < 0 ? end : cairn_min_u64((uint64_t)hole, end)) - *at;
    return true;
}

static enum cairn_err copy_data(struct worker *w, const struct img_opened *file,
                                const struct img_span *span)
{
    struct copy *copy = w->copy;
    uint64_t start = file->offset + span->at, end = start + span->bytes, bytes;
    uint64_t to = img_span_offset(copy->plan, span);
    bool holes = has_holes(file->fd);
    for (uint64_t at = start; data_next(file->fd, holes, &at, end, &bytes); at += bytes) {
        uint64_t cloned = 0;
        enum cairn_err err =
            cairn_fd_copy(copy->sink->fd, to + (at - start), file->fd, at, bytes, &cloned, &w->why);
        if (err) return err;
        w->result.cloned_bytes += cloned;
        w->result.copied_bytes += bytes - cloned;
        w->result.written_bytes += bytes - cloned;
    }
    return CAIRN_OK;
}

/* Bytes [at, end) of a file's contents to a device, through memory. */
static enum cairn_err send_stretch(struct worker *w, const struct img_opened *file, uint64_t at,
                                   uint64_t end, uint64_t to)
{
    while (at < end) {
        uint8_t *buf;
        size_t bytes = (size_t)cairn_min_u64(end - at, IMG_LANE_BYTES);
        enum cairn_err err = img_lane_take(&w->lane, &buf, &w->why);
        if (!err) err = img_reader_read(&w->reader, file, at, buf, bytes, &w->why);
        if (!err) err = img_lane_put(&w->lane, to, bytes, &w->why);
        if (err) return err;
        at += bytes;
        to += bytes;
        w->result.copied_bytes += bytes;
        w->result.written_bytes += bytes;
    }
    return CAIRN_OK;
}

/* The same for a span: data is sent, holes are zeroed. Both begin and end with a page, so that they
 * share no sector. */
static enum cairn_err send_data(struct worker *w, const struct img_opened *file,
                                const struct img_span *span)
{
    struct img_sink *sink = w->copy->sink;
    uint64_t start = span->at, end = start + span->bytes, bytes;
    uint64_t to = img_span_offset(w->copy->plan, span);
    bool holes = file->offset == 0 && has_holes(file->fd);
    enum cairn_err err = CAIRN_OK;
    for (uint64_t at = start, data = at; !err && at < end; data = at) {
        if (!data_next(file->fd, holes, &data, end, &bytes)) bytes = 0;
        uint64_t from = bytes ? cairn_max_u64(at, data / PAGE_BYTES * PAGE_BYTES) : end;
        uint64_t until = cairn_min_u64(cairn_round_up(data + bytes, PAGE_BYTES), end);
        err = img_sink_zero(sink, to + (at - start), from - at, &w->why);
        w->lane.failed = w->lane.failed || err;
        if (!err && bytes) err = send_stretch(w, file, from, until, to + (from - start));
        at = bytes ? until : end;
    }
    return err;
}

static enum cairn_err copy_piece(struct worker *w, const struct img_span *span)
{
    struct img_opened file;
    bool to_device = w->copy->sink->kind == IMG_SINK_DEVICE;
    enum cairn_err err =
        img_reader_open(&w->reader, w->copy->plan->order[span->first], &file, &w->why);
    if (!err) err = to_device ? send_data(w, &file, span) : copy_data(w, &file, span);
    bool blameless = err == CAIRN_ENOSPC || w->lane.failed; /* the file is */
    enum cairn_err closed =
        img_reader_close(&w->reader, &file, blameless ? CAIRN_OK : err, &w->why);
    if (closed) return closed;
    return err ? err : pad(w, span);
}

static enum cairn_err copy_buffered(struct worker *w, const struct img_span *span)
{
    struct copy *copy = w->copy;
    bool in_turn = copy->sink->kind == IMG_SINK_FILE;
    size_t count;
    uint8_t *buf;
    enum cairn_err err = img_lane_take(&w->lane, &buf, &w->why);
    if (!err) err = img_span_fill(copy->plan, &w->reader, span, buf, &count, &w->why);
    if (err) return err;
    w->result.copied_bytes += img_span_content(copy->plan, span);
    w->result.written_bytes += count;
    if (in_turn) pthread_mutex_lock(&copy->turn);
    err = img_lane_put(&w->lane, img_span_offset(copy->plan, span), count, &w->why);
    if (in_turn) pthread_mutex_unlock(&copy->turn);
    return err;
}

/* Note how a span went, or that the caller wants to stop; the first failure counts. */
static uint64_t note(struct worker *w, const struct img_span *span, enum cairn_err err)
{
    struct copy *copy = w->copy;
    pthread_mutex_lock(&copy->lock);
    if (err && !copy->err) {
        copy->err = err;
        copy->why = w->why;
    }
    copy->done_bytes += img_span_content(copy->plan, span);
    uint64_t done = copy->done_bytes;
    pthread_mutex_unlock(&copy->lock);
    return done;
}

static void report(struct worker *w, uint64_t done)
{
    const struct cairn_image_write_options *options = w->copy->options;
    const struct img_span none = { 0 };
    if (!w->reports || !options->progress) return;
    if (options->progress(options->ctx, done, w->copy->plan->content_bytes)) return;
    note(w, &none, cairn_why_fail(&w->why, CAIRN_ECANCELED, "stopped"));
}

/* Take the next span; false: no more work. */
static bool span_take(struct copy *copy, struct img_span *span)
{
    pthread_mutex_lock(&copy->lock);
    bool more = !copy->err && img_spans_next(&copy->spans, span);
    pthread_mutex_unlock(&copy->lock);
    return more;
}

static void work(struct worker *w)
{
    bool stream = w->copy->sink->kind == IMG_SINK_STREAM;
    struct img_span span = { 0 };
    img_reader_init(&w->reader, w->copy->plan->tree);
    report(w, note(w, &span, img_lane_init(&w->lane, w->copy->sink, &w->why)));
    while (span_take(w->copy, &span)) {
        bool straight = span.is_piece && !stream;
        report(w, note(w, &span, straight ? copy_piece(w, &span) : copy_buffered(w, &span)));
    }
    const struct img_span none = { 0 };
    note(w, &none, img_lane_drain(&w->lane, &w->why));
    img_lane_free(&w->lane);
    img_reader_free(&w->reader);
}

static void *work_thread(void *arg)
{
    work(arg);
    return NULL;
}

static uint32_t threads_wanted(const struct copy *copy)
{
    if (copy->sink->kind == IMG_SINK_STREAM || copy->plan->content_bytes < PARALLEL_BYTES) return 1;
    if (copy->options->threads)
        return copy->options->threads < THREADS_MAX ? copy->options->threads : THREADS_MAX;
    return sysconf(_SC_NPROCESSORS_ONLN) > 1 ? THREADS_LIKED : 1;
}

static void result_add(struct cairn_image_write_result *sum,
                       const struct cairn_image_write_result *part)
{
    sum->written_bytes += part->written_bytes;
    sum->cloned_bytes += part->cloned_bytes;
    sum->copied_bytes += part->copied_bytes;
}

/* Run the workers; those that the host refuses to start are missed by nobody. */
static void run(struct copy *copy, uint32_t threads, struct cairn_image_write_result *result)
{
    struct worker workers[THREADS_MAX] = { 0 };
    pthread_t ids[THREADS_MAX];
    uint32_t started = 1;
    for (uint32_t i = 0; i < threads; i++)
        workers[i].copy = copy;
    while (started < threads &&
           pthread_create(&ids[started], NULL, work_thread, &workers[started]) == 0)
        started++;
    workers[0].reports = true;
    work(&workers[0]);
    for (uint32_t i = 0; i < started; i++) {
        if (i > 0) pthread_join(ids[i], NULL);
        result_add(result, &workers[i].result);
    }
}

enum cairn_err img_copy_contents(const struct cairn_image_plan *plan, struct img_sink *sink,
                                 const struct cairn_image_write_options *options,
                                 struct cairn_image_write_result *result, struct cairn_why *why)
{
    struct copy copy = { .plan = plan, .sink = sink, .options = options };
    bool stream = sink->kind == IMG_SINK_STREAM;
    img_spans_init(&copy.spans, plan, stream ? IMG_SPAN_BYTES : PIECE_BYTES);
    pthread_mutex_init(&copy.lock, NULL);
    pthread_mutex_init(&copy.turn, NULL);
    run(&copy, threads_wanted(&copy), result);
    pthread_mutex_destroy(&copy.turn);
    pthread_mutex_destroy(&copy.lock);
    if (copy.err && why) *why = copy.why;
    return copy.err;
}
