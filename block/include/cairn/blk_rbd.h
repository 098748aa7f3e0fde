/* SPDX-License-Identifier: ISC */
/*
 * An image of a Ceph cluster (RADOS block device), by librbd, which is loaded when the first one is
 * opened. Hosted only. docs/distributed.md says when and how to use it.
 */
#ifndef CAIRN_BLK_RBD_H
#define CAIRN_BLK_RBD_H

#include <cairn/blk.h>

CAIRN_BEGIN

/* Zeros are good values. */
struct cairn_blk_rbd_options {
    uint32_t block_bytes; /* 0: 512 */
    bool write;           /* else read-only */
    uint32_t connect_ms;  /* how long the cluster may take to answer at first; 0: 10 s */
    uint32_t stall_ms;    /* how long one request may take; 0: 60 s */
};

struct cairn_blk_rbd {
    struct cairn_blk base;
    struct blk_rbd *link; /* the cluster, the pool, the image, requests in flight; allocated */
    char label[128];      /* the name, for explanations */
};

/* Open "POOL[/NAMESPACE]/IMAGE[@SNAPSHOT][?conf=PATH&id=USER]", with or without "rbd:" in front.
 * Without conf Ceph looks where it always does (CEPH_CONF, /etc/ceph/ceph.conf); id is "admin".
 * A snapshot is read-only. Extents and preferred transfers are the image's objects.
 *   CAIRN_ENOENT    no such configuration, pool, image or snapshot
 *   CAIRN_ETIMEDOUT the cluster does not answer         CAIRN_EACCES  the user may not
 *   CAIRN_EROFS     write to a snapshot                 CAIRN_EINVAL  name or block_bytes
 *   CAIRN_ENOTSUP   no librbd in this build, or on this machine */
CAIRN_API enum cairn_err cairn_blk_rbd_open(struct cairn_blk_rbd *dev, const char *name,
                                            const struct cairn_blk_rbd_options *options,
                                            struct cairn_why *why) CAIRN_MUST_USE;

/* The version of librbd that this build was made with, NULL when it was made without. */
CAIRN_API const char *cairn_blk_rbd_version(void);

CAIRN_END

#endif
