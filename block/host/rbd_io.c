/* SPDX-License-Identifier: ISC */
/* Requests of an RBD image: librbd's own threads do them, we keep some in flight and wait. */
#include "rbd.h"

#include <cairn/bytes.h>
#include <cairn/err_posix.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/uio.h>

#include "../impl.h"

#define IN_FLIGHT 64u   /* calls of one batch */
#define IOV_COUNT 1024u /* segments of one call, as librbd takes them */

/* librbd keeps the list of segments until it is done, so it gets the caller's own. */
_Static_assert(sizeof(struct cairn_blk_seg) == sizeof(struct iovec) &&
                   offsetof(struct cairn_blk_seg, data) == offsetof(struct iovec, iov_base) &&
                   offsetof(struct cairn_blk_seg, bytes) == offsetof(struct iovec, iov_len),
               "a segment is an iovec");

/* A call in flight: a request, or so many of its segments as one call takes. */
struct piece {
    rbd_completion_t completion;
    size_t at; /* its request */
    uint64_t bytes;
};

struct blk_rbd_batch {
    struct cairn_blk *dev;
    struct cairn_blk_req *reqs;
    size_t count;
    size_t at;      /* what is called next: request, */
    uint32_t seg;   /* its segment, */
    uint64_t done;  /* bytes of it that were called for */
    uint64_t begun; /* pieces: calls made, and those that were waited for */
    uint64_t ended;
    struct piece pieces[IN_FLIGHT]; /* piece n is in place n % IN_FLIGHT */
    struct blk_rbd_batch *next;     /* of those begun and not finished */
};

static struct blk_rbd *link_of(const struct cairn_blk *dev)
{
    return ((const struct cairn_blk_rbd *)dev)->link;
}

static const char *detail_of(int result)
{
    if (result == -ESHUTDOWN) return "the cluster has shut this client out";
    if (result == -ETIMEDOUT) return "the cluster has not answered for too long";
    return NULL;
}

static void hint(int result, struct cairn_why *why)
{
    if (result == -ESHUTDOWN)
        cairn_why_hint(why, "open it anew and check it: what was not flushed may be lost");
    if (result == -ETIMEDOUT)
        cairn_why_hint(why, "`ceph -s` says how it is; CAIRN_STALL_SECONDS how long it may take");
}

static void piece_fail(const struct blk_rbd_batch *batch, size_t at, int result, const char *detail)
{
    if (batch->reqs[at].status) return;
    (void)blk_req_fail(batch->dev, batch->reqs, at, cairn_err_from_errno(-result), -result, detail);
    if (blk_why_is_first(batch->reqs, at)) hint(result, batch->reqs[at].why);
}

/* Wait for the oldest call. */
static void piece_wait(struct blk_rbd_batch *batch)
{
    const struct blk_rbd_api *api = link_of(batch->dev)->api;
    struct piece *piece = &batch->pieces[batch->ended++ % IN_FLIGHT];
    (void)api->rbd_aio_wait_for_complete(piece->completion);
    ssize_t result = api->rbd_aio_get_return_value(piece->completion);
    api->rbd_aio_release(piece->completion);
    bool is_read = batch->reqs[piece->at].op == CAIRN_BLK_READ;
    if (result < 0)
        piece_fail(batch, piece->at, (int)result, detail_of((int)result));
    else if (is_read && (uint64_t)result != piece->bytes)
        piece_fail(batch, piece->at, -EIO, "the image has become shorter since it was opened");
}

static bool has_data(const struct cairn_blk_req *req)
{
    return req->op == CAIRN_BLK_READ || req->op == CAIRN_BLK_WRITE;
}

/* Is there more to call for? Goes past requests that are done, empty or failed. */
static bool batch_has_more(struct blk_rbd_batch *batch)
{
    for (; batch->at < batch->count; batch->at++) {
        const struct cairn_blk_req *req = &batch->reqs[batch->at];
        if (!req->status && batch->done < req->count * batch->dev->info.block_bytes) return true;
        batch->seg = 0;
        batch->done = 0;
    }
    return false;
}

/* The segments of the next call. */
static uint32_t segs_next(const struct blk_rbd_batch *batch, uint64_t *bytes)
{
    const struct cairn_blk_req *req = &batch->reqs[batch->at];
    uint32_t count = (uint32_t)cairn_min_u64(req->seg_count - batch->seg, IOV_COUNT);
    *bytes = 0;
    for (uint32_t i = 0; i < count; i++)
        *bytes += req->segs[batch->seg + i].bytes;
    return count;
}

static int piece_call(const struct blk_rbd_batch *batch, const struct piece *piece, uint32_t segs)
{
    const struct blk_rbd *link = link_of(batch->dev);
    const struct cairn_blk_req *req = &batch->reqs[batch->at];
    const struct iovec *iov = has_data(req) ? (const struct iovec *)&req->segs[batch->seg] : NULL;
    uint64_t offset = req->block * batch->dev->info.block_bytes + batch->done;
    int thick = req->flags & CAIRN_BLK_NO_UNMAP ? RBD_WRITE_ZEROES_FLAG_THICK_PROVISION : 0;
    switch (req->op) {
    case CAIRN_BLK_READ:
        return link->api->rbd_aio_readv(link->image, iov, (int)segs, offset, piece->completion);
    case CAIRN_BLK_WRITE:
        return link->api->rbd_aio_writev(link->image, iov, (int)segs, offset, piece->completion);
    case CAIRN_BLK_DISCARD:
        return link->api->rbd_aio_discard(link->image, offset, piece->bytes, piece->completion);
    case CAIRN_BLK_ZERO:
        return link->api->rbd_aio_write_zeroes(link->image, offset, (size_t)piece->bytes,
                                               piece->completion, thick, 0);
    }
    return -EINVAL; /* the front lets no other through */
}

/* Make the next call. Of segments that are all empty there is nothing to call for. */
static void piece_begin(struct blk_rbd_batch *batch)
{
    const struct blk_rbd_api *api = link_of(batch->dev)->api;
    const struct cairn_blk_req *req = &batch->reqs[batch->at];
    struct piece *piece = &batch->pieces[batch->begun % IN_FLIGHT];
    uint32_t segs = 0;
    *piece = (struct piece){ .at = batch->at, .bytes = req->count * batch->dev->info.block_bytes };
    if (has_data(req)) segs = segs_next(batch, &piece->bytes);
    int result = piece->bytes ? api->rbd_aio_create_completion(NULL, NULL, &piece->completion) : 0;
    if (!result && piece->bytes) {
        result = piece_call(batch, piece, segs);
        if (result) api->rbd_aio_release(piece->completion);
        if (!result) batch->begun++;
    }
    if (result) piece_fail(batch, batch->at, result, "librbd refused it");
    batch->seg += segs;
    batch->done += piece->bytes;
}

static void batch_feed(struct blk_rbd_batch *batch)
{
    while (batch->begun - batch->ended < IN_FLIGHT && batch_has_more(batch))
        piece_begin(batch);
}

static enum cairn_err batch_finish(struct blk_rbd_batch *batch)
{
    while (batch->ended < batch->begun) {
        piece_wait(batch);
        batch_feed(batch);
    }
    return blk_first_failure(batch->reqs, batch->count, CAIRN_OK);
}

enum cairn_err blk_rbd_submit(struct cairn_blk *dev, struct cairn_blk_req *reqs, size_t count)
{
    struct blk_rbd_batch batch = { .dev = dev, .reqs = reqs, .count = count };
    batch_feed(&batch);
    return batch_finish(&batch);
}

enum cairn_err blk_rbd_begin(struct cairn_blk *dev, struct cairn_blk_req *reqs, size_t count)
{
    struct blk_rbd *link = link_of(dev);
    struct blk_rbd_batch *batch = malloc(sizeof *batch);
    if (!batch) {
        for (size_t i = 0; i < count; i++)
            (void)blk_req_fail(dev, reqs, i, CAIRN_ENOMEM, 0, NULL);
        return CAIRN_ENOMEM;
    }
    *batch = (struct blk_rbd_batch){ .dev = dev, .reqs = reqs, .count = count };
    batch_feed(batch);
    cairn_lock_take(&link->lock);
    batch->next = link->begun;
    link->begun = batch;
    cairn_lock_drop(&link->lock);
    return CAIRN_OK;
}

static struct blk_rbd_batch *begun_take(struct blk_rbd *link, const struct cairn_blk_req *reqs)
{
    cairn_lock_take(&link->lock);
    struct blk_rbd_batch **at = &link->begun;
    while ((*at)->reqs != reqs)
        at = &(*at)->next;
    struct blk_rbd_batch *batch = *at;
    *at = batch->next;
    cairn_lock_drop(&link->lock);
    return batch;
}

enum cairn_err blk_rbd_finish(struct cairn_blk *dev, struct cairn_blk_req *reqs, size_t count)
{
    (void)count;
    struct blk_rbd_batch *batch = begun_take(link_of(dev), reqs);
    enum cairn_err err = batch_finish(batch);
    free(batch);
    return err;
}

static enum cairn_err call_fail(const struct cairn_blk *dev, int result, const char *what,
                                struct cairn_why *why)
{
    const char *detail = detail_of(result);
    enum cairn_err err = cairn_why_fail(why, cairn_err_from_errno(-result), "%s%s%s", what,
                                        detail ? ": " : "", detail ? detail : "");
    cairn_why_os(why, -result);
    cairn_why_via(why, dev->name);
    hint(result, why);
    return err;
}

enum cairn_err blk_rbd_flush(struct cairn_blk *dev, struct cairn_why *why)
{
    const struct blk_rbd *link = link_of(dev);
    int result = dev->info.read_only ? 0 : link->api->rbd_flush(link->image);
    return result ? call_fail(dev, result, "flush", why) : CAIRN_OK;
}

/* The front adds the device's name. */
enum cairn_err blk_rbd_resize(struct cairn_blk *dev, uint64_t block_count, struct cairn_why *why)
{
    const struct blk_rbd *link = link_of(dev);
    int result = link->api->rbd_resize(link->image, block_count * dev->info.block_bytes);
    if (!result) return CAIRN_OK;
    enum cairn_err err = cairn_why_fail(why, cairn_err_from_errno(-result), "resize");
    cairn_why_os(why, -result);
    return err;
}

#define FULL (-ECANCELED) /* our word for the list of extents; librbd hands it on */

static int object_told(uint64_t offset, size_t bytes, int exists, void *arg)
{
    struct blk_extents *list = arg;
    bool room = exists ? blk_extents_data(list, offset, offset + bytes)
                       : blk_extents_hole(list, offset + bytes);
    return room ? 0 : FULL;
}

/* Whole objects: which exist is known without looking into them. */
enum cairn_err blk_rbd_extents(struct cairn_blk *dev, uint64_t block, uint64_t count,
                               struct cairn_blk_extent *extents, size_t cap, size_t *used,
                               struct cairn_why *why)
{
    const struct blk_rbd *link = link_of(dev);
    uint64_t offset = block * dev->info.block_bytes, bytes = count * dev->info.block_bytes;
    struct blk_extents list;
    blk_extents_init(&list, extents, cap, block, count, dev->info.block_bytes);
    int result =
        link->api->rbd_diff_iterate2(link->image, NULL, offset, bytes, 1, 1, object_told, &list);
    if (result < 0 && result != FULL) return call_fail(dev, result, "extents", why);
    if (result != FULL) blk_extents_end(&list);
    *used = list.used;
    return CAIRN_OK;
}
