/* SPDX-License-Identifier: ISC */
/*
 * A disk that an NBD server exports, by libnbd, which is loaded when the first one is opened.
 * Hosted only. docs/distributed.md says when and how to use it.
 */
#ifndef CAIRN_BLK_NBD_H
#define CAIRN_BLK_NBD_H

#include <cairn/blk.h>

CAIRN_BEGIN

/* Zeros are good values. */
struct cairn_blk_nbd_options {
    uint32_t block_bytes; /* 0: 512, or the least that the server takes */
    bool write;           /* else read-only */
    /* At most so many connections, where the server says that several see the same disk; a batch
     * uses one. They are made when threads need them. 0: 4. */
    uint32_t connections;
    uint32_t connect_ms;          /* how long connecting may take; 0: 10 s */
    uint32_t stall_ms;            /* how long nothing may move while we wait; 0: 60 s */
    const char *tls_certificates; /* directory of them, as the URI's tls-certificates; or NULL */
    const char *tls_psk_file;     /* pre-shared keys, as the URI's tls-psk-file; or NULL */
};

struct cairn_blk_nbd {
    struct cairn_blk base;
    struct blk_nbd *link; /* what the connections need; allocated */
    char label[128];      /* the URI's end, for explanations */
};

/* Connect to uri: nbd://HOST[:PORT]/EXPORT, nbds:// (TLS), nbd+unix:///EXPORT?socket=PATH,
 * nbds+unix://. No command is ever started. Block sizes, capabilities and read-only are the
 * server's. When the connection is lost, what was not answered fails with CAIRN_EIO, and so does
 * every later call: nothing is connected anew, as writes may have been lost with it.
 *   CAIRN_ENOENT    no such host, socket or export      CAIRN_EROFS   write, but it is read-only
 *   CAIRN_ETIMEDOUT no answer in time                    CAIRN_EACCES  TLS refused or wanting
 *   CAIRN_EINVAL    uri or block_bytes                   CAIRN_EIO     refused, or no NBD server
 *   CAIRN_ENOTSUP   no libnbd in this build, or on this machine */
CAIRN_API enum cairn_err cairn_blk_nbd_open(struct cairn_blk_nbd *dev, const char *uri,
                                            const struct cairn_blk_nbd_options *options,
                                            struct cairn_why *why) CAIRN_MUST_USE;

/* The version of libnbd that this build was made with, NULL when it was made without. */
CAIRN_API const char *cairn_blk_nbd_version(void);

CAIRN_END

#endif
