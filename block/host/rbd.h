/* SPDX-License-Identifier: ISC */
/*
 * The parts of the RBD device: its name (rbd_name.c), opening it (rbd.c), requests (rbd_io.c).
 * Private to block/host. librbd is called from any thread; `lock` guards the list of batches begun.
 */
#ifndef CAIRN_BLK_RBD_IMPL_H
#define CAIRN_BLK_RBD_IMPL_H

#include "rbd_api.h"
#include <cairn/blk_rbd.h>
#include <cairn/sync.h>

/* "POOL[/NAMESPACE]/IMAGE[@SNAPSHOT][?conf=PATH&id=USER]", cut; NULL: not said. */
struct blk_rbd_name {
    char *pool, *space, *image, *snapshot, *conf, *id;
    char text[1024]; /* what they point into */
};

struct blk_rbd {
    const struct blk_rbd_api *api;
    rados_t cluster;
    rados_ioctx_t pool;
    rbd_image_t image;
    struct cairn_lock lock;
    struct blk_rbd_batch *begun;
};

/* CAIRN_EINVAL with an explanation: text is no such name. */
enum cairn_err blk_rbd_name_parse(struct blk_rbd_name *name, const char *text,
                                  struct cairn_why *why) CAIRN_MUST_USE;

enum cairn_err blk_rbd_submit(struct cairn_blk *dev, struct cairn_blk_req *reqs,
                              size_t count) CAIRN_MUST_USE;
enum cairn_err blk_rbd_begin(struct cairn_blk *dev, struct cairn_blk_req *reqs,
                             size_t count) CAIRN_MUST_USE;
enum cairn_err blk_rbd_finish(struct cairn_blk *dev, struct cairn_blk_req *reqs,
                              size_t count) CAIRN_MUST_USE;
enum cairn_err blk_rbd_flush(struct cairn_blk *dev, struct cairn_why *why) CAIRN_MUST_USE;
enum cairn_err blk_rbd_resize(struct cairn_blk *dev, uint64_t block_count,
                              struct cairn_why *why) CAIRN_MUST_USE;
enum cairn_err blk_rbd_extents(struct cairn_blk *dev, uint64_t block, uint64_t count,
                               struct cairn_blk_extent *extents, size_t cap, size_t *used,
                               struct cairn_why *why) CAIRN_MUST_USE;

#endif
