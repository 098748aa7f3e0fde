/* SPDX-License-Identifier: ISC */
/*
 * What implementations of BLOCK share: explaining a request's failure, forwarding to the device
 * below, emulation, and lists of extents. Private to block/.
 */
#ifndef CAIRN_BLOCK_IMPL_H
#define CAIRN_BLOCK_IMPL_H

#include <cairn/blk.h>
#include <cairn/bytes.h>

#define BLK_BYTES_MIN 512u
#define BLK_BYTES_MAX 65536u
#define BLK_MEM_ALIGN_MAX 4096u
#define BLK_DEVICE_BYTES_MAX (UINT64_C(1) << 63) /* exclusive */

/* front/check.c */

/* CAIRN_EINVAL with an explanation unless block_bytes is a power of two from 512 to 65536 and the
 * whole device is below 2^63 bytes. */
enum cairn_err blk_shape_check(uint32_t block_bytes, uint64_t block_count,
                               struct cairn_why *why) CAIRN_MUST_USE;

/* The first error of the batch, statuses set as cairn_blk_submit promises; CAIRN_OK: all statuses
 * are CAIRN_OK and the device may trust every request. */
enum cairn_err blk_batch_check(const struct cairn_blk *dev, struct cairn_blk_req *reqs,
                               size_t count) CAIRN_MUST_USE;

/* What a failed flush of dev, or of a device below it, said; else CAIRN_OK. */
enum cairn_err blk_poison(const struct cairn_blk *dev) CAIRN_MUST_USE;

/* The status of the first request that failed, or err when none says so. */
enum cairn_err blk_first_failure(const struct cairn_blk_req *reqs, size_t count,
                                 enum cairn_err err) CAIRN_MUST_USE;

const char *blk_op_name(enum cairn_blk_op op);

/* Is request `at` the first of its batch that failed and has this why? Requests may share one,
 * which then is the first one's. */
bool blk_why_is_first(const struct cairn_blk_req *reqs, size_t at);

/* Set the status of reqs[at] and explain it as "<op>: <detail>" at the request's block, in the name
 * of dev; detail may be NULL, os is the system's code or 0. Returns err. */
enum cairn_err blk_req_fail(const struct cairn_blk *dev, struct cairn_blk_req *reqs, size_t at,
                            enum cairn_err err, int32_t os, const char *detail);

/* front/front.c */

/* FUA of a batch that is complete but for it, by a flush of dev: what the front does for a device
 * that has no own, and a device for a batch of which it would cost less. */
enum cairn_err blk_fua_by_flush(struct cairn_blk *dev, struct cairn_blk_req *reqs,
                                size_t count) CAIRN_MUST_USE;

/* front/zero.c */

/* Do the zero request reqs[at] of dev by writing zeros through its own submit; sets its status too.
 */
enum cairn_err blk_zero_by_writing(struct cairn_blk *dev, struct cairn_blk_req *reqs,
                                   size_t at) CAIRN_MUST_USE;

/* front/route.c: to the device that does the work, past layers that only renumber blocks. */

/* cairn_blk_init for such a layer: its block n is block (n << shift) + first of below. */
void blk_init_renumbering(struct cairn_blk *dev, const struct cairn_blk_ops *ops,
                          const struct cairn_blk_info *info, const char *name,
                          struct cairn_blk *below, uint64_t first, uint32_t shift);

/* What submit, begin and finish of dev are; the requests were checked. begin and finish only where
 * dev->target has them. */
enum cairn_err blk_send(struct cairn_blk *dev, struct cairn_blk_req *reqs,
                        size_t count) CAIRN_MUST_USE;
enum cairn_err blk_send_begin(struct cairn_blk *dev, struct cairn_blk_req *reqs,
                              size_t count) CAIRN_MUST_USE;
enum cairn_err blk_send_finish(struct cairn_blk *dev, struct cairn_blk_req *reqs,
                               size_t count) CAIRN_MUST_USE;
/* The borrow of a layer that only renumbers blocks. */
const void *blk_route_borrow(struct cairn_blk *dev, uint64_t block, uint64_t count);

/* front/pass.c: the parts of a layer that only forward. Each adds the layer's name to a failure. */

/* Put dev's name on each explanation of the batch, once. */
void blk_sign(const struct cairn_blk *dev, struct cairn_blk_req *reqs, size_t count);

/* Where the part of a batch ends that begins at `at` and is reads only, or changes only. */
size_t blk_part_end(const struct cairn_blk_req *reqs, size_t at, size_t count);

/* Send the part [at, end) of a batch whose requests before it are done. What one of those has
 * explained is left. */
enum cairn_err blk_send_behind(struct cairn_blk *to, struct cairn_blk_req *reqs, size_t at,
                               size_t end) CAIRN_MUST_USE;
/* The same, to a device on which dev stands, and whose failures it signs. Statuses say what came of
 * it. */
void blk_send_part(const struct cairn_blk *dev, struct cairn_blk *to, struct cairn_blk_req *reqs,
                   size_t at, size_t end);

enum cairn_err blk_layer_submit(struct cairn_blk *dev, struct cairn_blk_req *reqs,
                                size_t count) CAIRN_MUST_USE;
enum cairn_err blk_layer_begin(struct cairn_blk *dev, struct cairn_blk_req *reqs,
                               size_t count) CAIRN_MUST_USE;
enum cairn_err blk_layer_finish(struct cairn_blk *dev, struct cairn_blk_req *reqs,
                                size_t count) CAIRN_MUST_USE;
enum cairn_err blk_layer_flush(struct cairn_blk *dev, struct cairn_why *why) CAIRN_MUST_USE;
enum cairn_err blk_layer_extents(struct cairn_blk *dev, uint64_t block, uint64_t count,
                                 struct cairn_blk_extent *extents, size_t cap, size_t *used,
                                 struct cairn_why *why) CAIRN_MUST_USE;
const void *blk_layer_borrow(struct cairn_blk *dev, uint64_t block, uint64_t count);

/* For devices that hold nothing: closing cannot fail. */
enum cairn_err blk_close_nothing(struct cairn_blk *dev, struct cairn_why *why) CAIRN_MUST_USE;

/* front/cursor.c: where in the memory of a request one is; begins as { req->segs, 0 }. None of
 * these goes beyond the memory: bytes are at most what is left of it. */

struct blk_cursor {
    const struct cairn_blk_seg *seg;
    size_t done; /* bytes of it */
};

/* The next bytes that lie together, at least one and at most so many. */
struct cairn_blk_seg blk_cursor_next(struct blk_cursor *cursor, uint64_t bytes);
void blk_cursor_skip(struct blk_cursor *cursor, uint64_t bytes);
/* A read's memory from data, other memory to it. */
void blk_cursor_copy(struct blk_cursor *cursor, enum cairn_blk_op op, uint8_t *data, size_t bytes);

/* front/extents.c: a device that knows its data as byte ranges says so in blocks. */

struct blk_extents {
    struct cairn_blk_extent *out;
    size_t cap, used;
    uint64_t at, end;     /* blocks: said so far, and where the answer ends */
    uint32_t block_bytes; /* of the device that answers */
};

void blk_extents_init(struct blk_extents *list, struct cairn_blk_extent *out, size_t cap,
                      uint64_t block, uint64_t count, uint32_t block_bytes);
/* Bytes [from, to) hold data; ranges come in order; a block that is touched is data, what was left
 * out before it is a hole. False: the list is full. */
bool blk_extents_data(struct blk_extents *list, uint64_t from, uint64_t to);
/* Nothing is data before byte `to`. False: the list has no room for data behind it, so where those
 * end need not be asked. */
bool blk_extents_hole(struct blk_extents *list, uint64_t to);
/* What dev says of its blocks from list->at to end, which are the list's; *room: the list is not
 * full. */
enum cairn_err blk_extents_ask(struct cairn_blk *dev, struct blk_extents *list, uint64_t end,
                               bool *room, struct cairn_why *why) CAIRN_MUST_USE;
/* Nothing more is data. */
void blk_extents_end(struct blk_extents *list);

#endif
