/* SPDX-License-Identifier: ISC */
/* Requests of an NBD device: cut to commands, several in flight, and driven by who waits. */
#include "nbd.h"

#include <cairn/bytes.h>
#include <cairn/err_posix.h>
#include <errno.h>
#include <stdlib.h>

#include "../impl.h"

#define LONG_BYTES (UINT64_C(1) << 30) /* the most of a trim, a zero or a status command */

struct blk_nbd *blk_nbd_link(struct cairn_blk *dev)
{
    return ((struct cairn_blk_nbd *)dev)->link;
}

void blk_nbd_slot_fail(struct blk_nbd_slot *slot, enum cairn_err err, int os, const char *detail)
{
    struct blk_nbd_batch *batch = slot->batch;
    struct cairn_blk *dev = batch->conn->link->dev;
    if (!batch->reqs) {
        batch->err = err;
        batch->os = os;
        return;
    }
    const struct cairn_blk_req *req = &batch->reqs[slot->at];
    if (!req->status) (void)blk_req_fail(dev, batch->reqs, slot->at, err, os, detail);
    /* A server tells once that it lost what it had taken before, and this may have been it: then a
     * flush that succeeds afterwards would hide it. */
    if ((req->flags & CAIRN_BLK_FUA) && dev->info.fua == CAIRN_BLK_NATIVE)
        __atomic_store_n(&dev->poison, (int32_t)err, __ATOMIC_RELEASE);
}

static void hint_lost(const struct blk_nbd *link, const struct cairn_blk_req *reqs, size_t at)
{
    if (blk_why_is_first(reqs, at)) cairn_why_hint(reqs[at].why, "%s", link->lost_hint);
}

void blk_nbd_slot_lost(struct blk_nbd_slot *slot, enum cairn_err err, int os)
{
    const struct blk_nbd_batch *batch = slot->batch;
    const struct blk_nbd *link = batch->conn->link;
    bool is_news = batch->reqs && !batch->reqs[slot->at].status;
    blk_nbd_slot_fail(slot, err, os, link->lost_text);
    if (is_news) hint_lost(link, batch->reqs, slot->at);
}

static void req_fail_lost(const struct blk_nbd *link, struct cairn_blk_req *reqs, size_t at)
{
    (void)blk_req_fail(link->dev, reqs, at, CAIRN_EIO, 0, link->lost_text);
    hint_lost(link, reqs, at);
}

void blk_nbd_slot_free(struct blk_nbd_slot *slot)
{
    struct blk_nbd_conn *conn = slot->batch->conn;
    slot->batch->pending--;
    slot->batch = NULL;
    conn->free[conn->free_count++] = slot;
}

struct blk_nbd_slot *blk_nbd_slot_take(struct blk_nbd_batch *batch)
{
    struct blk_nbd_conn *conn = batch->conn;
    struct blk_nbd_slot *slot = conn->free[--conn->free_count];
    *slot = (struct blk_nbd_slot){ .batch = batch, .at = batch->at };
    batch->pending++;
    return slot;
}

/* libnbd's word that a command is done; it gives its memory back for the 1. One that the connection
 * took with it stays in its slot: who notices the loss says why. */
static int answered(void *user_data, int *error)
{
    struct blk_nbd_slot *slot = user_data;
    if (*error == ENOTCONN) return 1;
    if (*error)
        blk_nbd_slot_fail(slot, cairn_err_from_errno(*error), *error, NULL);
    else if (slot->missing)
        blk_nbd_slot_fail(slot, CAIRN_EIO, 0, "the server answers without all of the data");
    blk_nbd_slot_free(slot);
    return 1;
}

/* A read's answer comes in chunks, and libnbd leaves it to us whether they are all of it. */
static int chunk_came(void *user_data, const void *data, size_t bytes, uint64_t offset,
                      unsigned status, int *error)
{
    struct blk_nbd_slot *slot = user_data;
    (void)data, (void)offset;
    if (status == LIBNBD_READ_ERROR) return 0;
    if (bytes > slot->missing) {
        *error = EPROTO;
        return -1;
    }
    slot->missing -= bytes;
    return 0;
}

nbd_completion_callback blk_nbd_answer(struct blk_nbd_slot *slot)
{
    return (nbd_completion_callback){ .callback = answered, .user_data = slot };
}

static bool has_data(const struct cairn_blk_req *req)
{
    return req->op == CAIRN_BLK_READ || req->op == CAIRN_BLK_WRITE;
}

static void segment_settle(struct blk_nbd_batch *batch)
{
    while (batch->seg_done == batch->reqs[batch->at].segs[batch->seg].bytes) {
        batch->seg++;
        batch->seg_done = 0;
    }
}

/* Is there more to send? Goes past requests and segments that are done, empty or failed. */
static bool batch_has_more(struct blk_nbd_batch *batch)
{
    uint32_t block_bytes = batch->conn->link->dev->info.block_bytes;
    for (; batch->at < batch->count; batch->at++) {
        const struct cairn_blk_req *req = &batch->reqs[batch->at];
        if (!req->status && batch->done < req->count * block_bytes) {
            if (has_data(req)) segment_settle(batch);
            return true;
        }
        batch->seg = 0;
        batch->seg_done = 0;
        batch->done = 0;
    }
    return false;
}

/* A command: a part of the request that is next. */
struct piece {
    const struct cairn_blk_req *req;
    void *data;
    uint64_t offset, bytes;
};

/* Pieces end where the server likes them to: at multiples of their size. */
static struct piece piece_next(const struct blk_nbd_batch *batch)
{
    const struct blk_nbd *link = batch->conn->link;
    const struct cairn_blk_req *req = &batch->reqs[batch->at];
    uint64_t block_bytes = link->dev->info.block_bytes, most = LONG_BYTES;
    struct piece piece = { .req = req, .offset = req->block * block_bytes + batch->done };
    piece.bytes = req->count * block_bytes - batch->done;
    if (has_data(req)) {
        const struct cairn_blk_seg *seg = &req->segs[batch->seg];
        piece.data = (uint8_t *)seg->data + batch->seg_done;
        piece.bytes = seg->bytes - batch->seg_done;
        most = link->piece_bytes;
    }
    piece.bytes = cairn_min_u64(piece.bytes, most - piece.offset % most);
    return piece;
}

static int64_t piece_send(const struct blk_nbd_conn *conn, const struct piece *piece,
                          struct blk_nbd_slot *slot)
{
    nbd_completion_callback done = blk_nbd_answer(slot);
    nbd_chunk_callback came = { .callback = chunk_came, .user_data = slot };
    const struct blk_nbd_api *api = conn->link->api;
    bool is_fua = piece->req->flags & CAIRN_BLK_FUA;
    bool is_kept = piece->req->flags & CAIRN_BLK_NO_UNMAP;
    uint32_t fua =
        is_fua && conn->link->dev->info.fua == CAIRN_BLK_NATIVE ? LIBNBD_CMD_FLAG_FUA : 0;
    switch (piece->req->op) {
    case CAIRN_BLK_READ:
        slot->missing = piece->bytes;
        return api->aio_pread_structured(conn->handle, piece->data, (size_t)piece->bytes,
                                         piece->offset, came, done, 0);
    case CAIRN_BLK_WRITE:
        return api->aio_pwrite(conn->handle, piece->data, (size_t)piece->bytes, piece->offset, done,
                               fua);
    case CAIRN_BLK_DISCARD:
        return api->aio_trim(conn->handle, piece->bytes, piece->offset, done, 0);
    case CAIRN_BLK_ZERO:
        return api->aio_zero(conn->handle, piece->bytes, piece->offset, done,
                             is_kept ? LIBNBD_CMD_FLAG_NO_HOLE : 0);
    }
    return -1; /* the front lets no other through */
}

void blk_nbd_slot_refused(struct blk_nbd_slot *slot)
{
    int os = slot->batch->conn->link->api->get_errno();
    blk_nbd_slot_fail(slot, os ? cairn_err_from_errno(os) : CAIRN_EIO, os, "libnbd refused it");
    blk_nbd_slot_free(slot);
}

/* Send as much as may be in flight. */
static void batch_feed(struct blk_nbd_batch *batch)
{
    struct blk_nbd_conn *conn = batch->conn;
    while (conn->free_count && batch_has_more(batch) && blk_nbd_conn_is_up(conn)) {
        struct piece piece = piece_next(batch);
        struct blk_nbd_slot *slot = blk_nbd_slot_take(batch);
        batch->done += piece.bytes;
        batch->seg_done += piece.bytes;
        if (piece_send(conn, &piece, slot) < 0) blk_nbd_slot_refused(slot);
    }
    (void)blk_nbd_conn_is_up(conn); /* libnbd may have met the end while it sent */
}

/* Without a connection nothing more is sent. */
static void batch_fail_rest(struct blk_nbd_batch *batch)
{
    const struct blk_nbd *link = batch->conn->link;
    while (batch_has_more(batch))
        req_fail_lost(link, batch->reqs, batch->at);
}

static void batch_begin(struct blk_nbd_batch *batch, struct blk_nbd *link)
{
    batch->conn = blk_nbd_conn_take(link);
    cairn_lock_take(&batch->conn->lock);
    batch_feed(batch);
    cairn_lock_drop(&batch->conn->lock);
}

static void batch_finish(struct blk_nbd_batch *batch)
{
    struct blk_nbd_conn *conn = batch->conn;
    cairn_lock_take(&conn->lock);
    while (batch_has_more(batch) || batch->pending) {
        batch_feed(batch);
        if (!blk_nbd_conn_is_up(conn))
            batch_fail_rest(batch);
        else if (batch->pending || !conn->free_count)
            blk_nbd_conn_pump(conn);
    }
    cairn_lock_drop(&conn->lock);
    blk_nbd_conn_drop(conn);
}

/* Has a connection been lost? Then nothing is begun any more. */
static enum cairn_err lost_check(struct blk_nbd *link, struct cairn_blk_req *reqs, size_t count)
{
    if (!__atomic_load_n(&link->lost, __ATOMIC_ACQUIRE)) return CAIRN_OK;
    for (size_t i = 0; i < count; i++)
        req_fail_lost(link, reqs, i);
    return CAIRN_EIO;
}

enum cairn_err blk_nbd_submit(struct cairn_blk *dev, struct cairn_blk_req *reqs, size_t count)
{
    struct blk_nbd_batch batch = { .reqs = reqs, .count = count };
    enum cairn_err err = lost_check(blk_nbd_link(dev), reqs, count);
    if (err) return err;
    batch_begin(&batch, blk_nbd_link(dev));
    batch_finish(&batch);
    return blk_first_failure(reqs, count, CAIRN_OK);
}

enum cairn_err blk_nbd_begin(struct cairn_blk *dev, struct cairn_blk_req *reqs, size_t count)
{
    struct blk_nbd *link = blk_nbd_link(dev);
    enum cairn_err err = lost_check(link, reqs, count);
    if (err) return err;
    struct blk_nbd_batch *batch = malloc(sizeof *batch);
    if (!batch) {
        for (size_t i = 0; i < count; i++)
            (void)blk_req_fail(dev, reqs, i, CAIRN_ENOMEM, 0, NULL);
        return CAIRN_ENOMEM;
    }
    *batch = (struct blk_nbd_batch){ .reqs = reqs, .count = count };
    batch_begin(batch, link);
    cairn_lock_take(&link->lock);
    batch->next = link->begun;
    link->begun = batch;
    cairn_lock_drop(&link->lock);
    return CAIRN_OK;
}

static struct blk_nbd_batch *begun_take(struct blk_nbd *link, const struct cairn_blk_req *reqs)
{
    cairn_lock_take(&link->lock);
    struct blk_nbd_batch **at = &link->begun;
    while ((*at)->reqs != reqs)
        at = &(*at)->next;
    struct blk_nbd_batch *batch = *at;
    *at = batch->next;
    cairn_lock_drop(&link->lock);
    return batch;
}

enum cairn_err blk_nbd_finish(struct cairn_blk *dev, struct cairn_blk_req *reqs, size_t count)
{
    struct blk_nbd_batch *batch = begun_take(blk_nbd_link(dev), reqs);
    batch_finish(batch);
    free(batch);
    return blk_first_failure(reqs, count, CAIRN_OK);
}
