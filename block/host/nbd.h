/* SPDX-License-Identifier: ISC */
/*
 * The parts of the NBD device: opening it (nbd.c), connections (nbd_conn.c), requests (nbd_io.c),
 * flush and extents (nbd_ask.c).
 * Private to block/host.
 *
 * Who waits for an answer drives the connection, and so the answers of others on it. A batch goes
 * over one connection; other threads get others. `lock` of a connection guards it, its handle and
 * the batches on it; `lock` of the link guards the list of connections, their users, the batches
 * begun, and `lost_text` and its hint while `lost` is not set. A connection's lock is taken before
 * the link's.
 */
#ifndef CAIRN_BLK_NBD_IMPL_H
#define CAIRN_BLK_NBD_IMPL_H

#include "nbd_api.h"
#include <cairn/blk_nbd.h>
#include <cairn/sync.h>

#define BLK_NBD_CONNECTIONS_MAX 16u
#define BLK_NBD_IN_FLIGHT 64u /* commands of one connection */

/* What waits for answers: the requests of a batch, or one command that is none of them. */
struct blk_nbd_batch {
    struct blk_nbd_conn *conn;
    struct cairn_blk_req *reqs; /* NULL: one command */
    size_t count;
    uint32_t pending;        /* commands without an answer */
    size_t at;               /* what is sent next: request, */
    uint32_t seg;            /* its segment, */
    uint64_t seg_done, done; /* bytes of the segment and of the request that were sent */
    enum cairn_err err;      /* of one command */
    int os;
    struct blk_nbd_batch *next; /* of those begun and not finished */
};

/* A command in flight. */
struct blk_nbd_slot {
    struct blk_nbd_batch *batch; /* NULL: free */
    size_t at;                   /* its request */
    uint64_t missing;            /* of a read: bytes that have not come yet */
};

struct blk_nbd_conn {
    struct blk_nbd *link;
    struct cairn_lock lock;
    struct nbd_handle *handle; /* NULL: lost */
    uint32_t users;            /* batches that use it */
    uint32_t free_count;
    struct blk_nbd_slot *free[BLK_NBD_IN_FLIGHT];
    struct blk_nbd_slot slots[BLK_NBD_IN_FLIGHT];
};

struct blk_nbd {
    const struct blk_nbd_api *api;
    struct cairn_blk *dev;
    struct cairn_lock lock;
    char *uri, *tls_certificates, *tls_psk_file; /* copies, for further connections */
    int connect_ms, stall_ms;
    int64_t bytes;        /* as the first connection's server says */
    uint32_t piece_bytes; /* the most of a read or write command, a power of two */
    uint32_t conn_count, conn_max;
    struct blk_nbd_conn *conns[BLK_NBD_CONNECTIONS_MAX];
    struct blk_nbd_batch *begun;
    bool lost; /* a connection was; atomic */
    char lost_text[160];
    const char *lost_hint;
};

/* nbd_conn.c */

/* Connect once more; the result is the link's. */
enum cairn_err blk_nbd_connect(struct blk_nbd *link, struct cairn_why *why) CAIRN_MUST_USE;
/* Where TLS is asked for with a folder of certificates, is the one there by which servers are
 * believed? (nbd_tls.c) */
enum cairn_err blk_nbd_tls_check(const struct blk_nbd *link, struct cairn_why *why) CAIRN_MUST_USE;
/* Close a connection and free it. */
void blk_nbd_conn_free(struct blk_nbd_conn *conn);
/* A connection for a batch, and its return. */
struct blk_nbd_conn *blk_nbd_conn_take(struct blk_nbd *link);
void blk_nbd_conn_drop(struct blk_nbd_conn *conn);
/* With the lock held: wait until something moves. When the connection is lost, or nothing moves for
 * too long, everything in flight on it has failed, and the handle is gone. */
void blk_nbd_conn_pump(struct blk_nbd_conn *conn);
/* With the lock held: is the connection still there? Notices that it is not. */
bool blk_nbd_conn_is_up(struct blk_nbd_conn *conn);

/* nbd_io.c */

enum cairn_err blk_nbd_submit(struct cairn_blk *dev, struct cairn_blk_req *reqs,
                              size_t count) CAIRN_MUST_USE;
enum cairn_err blk_nbd_begin(struct cairn_blk *dev, struct cairn_blk_req *reqs,
                             size_t count) CAIRN_MUST_USE;
enum cairn_err blk_nbd_finish(struct cairn_blk *dev, struct cairn_blk_req *reqs,
                              size_t count) CAIRN_MUST_USE;
struct blk_nbd *blk_nbd_link(struct cairn_blk *dev);

/* A slot, of which one must be free, for the request at which the batch is; how libnbd tells that
 * its command is done; and when libnbd did not take the command. */
struct blk_nbd_slot *blk_nbd_slot_take(struct blk_nbd_batch *batch);
nbd_completion_callback blk_nbd_answer(struct blk_nbd_slot *slot);
void blk_nbd_slot_refused(struct blk_nbd_slot *slot);
/* A command failed, by the server's word or with its connection. */
void blk_nbd_slot_fail(struct blk_nbd_slot *slot, enum cairn_err err, int os, const char *detail);
void blk_nbd_slot_lost(struct blk_nbd_slot *slot, enum cairn_err err, int os);
void blk_nbd_slot_free(struct blk_nbd_slot *slot);

/* nbd_ask.c */

enum cairn_err blk_nbd_flush(struct cairn_blk *dev, struct cairn_why *why) CAIRN_MUST_USE;
enum cairn_err blk_nbd_extents(struct cairn_blk *dev, uint64_t block, uint64_t count,
                               struct cairn_blk_extent *extents, size_t cap, size_t *used,
                               struct cairn_why *why) CAIRN_MUST_USE;

#endif
