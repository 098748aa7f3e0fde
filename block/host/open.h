/* SPDX-License-Identifier: ISC */
/*
 * How a scheme of device names is opened: one function each, in the table of open.c. Private to
 * block/host.
 */
#ifndef CAIRN_BLOCK_HOST_OPEN_H
#define CAIRN_BLOCK_HOST_OPEN_H

#include <cairn/blk_open.h>

/* Opens name, scheme and all, as one of any->is, and sets any->dev. any is zeroed before, and
 * options are never NULL. On failure the explanation names the name; nothing stays open. */
typedef enum cairn_err blk_open_fn(struct cairn_blk_any *any, const char *name,
                                   const struct cairn_blk_file_options *options,
                                   struct cairn_why *why);

#endif
