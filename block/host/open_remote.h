/* SPDX-License-Identifier: ISC */
/* How names of devices that others serve are opened; for the table of open.c. */
#ifndef CAIRN_BLOCK_HOST_OPEN_REMOTE_H
#define CAIRN_BLOCK_HOST_OPEN_REMOTE_H

#include "open.h"

/* nbd:, nbds:, nbd+unix:, nbds+unix:. The environment may name keys for TLS:
 * CAIRN_NBD_TLS_CERTIFICATES (a directory), CAIRN_NBD_TLS_PSK_FILE; and CAIRN_STALL_SECONDS how
 * long nothing may move, here and for the others. */
blk_open_fn blk_open_nbd;
/* rbd: */
blk_open_fn blk_open_rbd;
/* vhost-user: */
blk_open_fn blk_open_vhost;

#endif
