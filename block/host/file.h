/* SPDX-License-Identifier: ISC */
/* The two halves of the file device: opening it (blk_file.c), and its requests (blk_file_io.c).
 * Private to block/host. */
#ifndef CAIRN_BLK_FILE_IMPL_H
#define CAIRN_BLK_FILE_IMPL_H

#include <cairn/blk_file.h>

enum cairn_err blk_file_submit(struct cairn_blk *dev, struct cairn_blk_req *reqs,
                               size_t count) CAIRN_MUST_USE;

enum cairn_err blk_file_extents(struct cairn_blk *dev, uint64_t block, uint64_t count,
                                struct cairn_blk_extent *extents, size_t cap, size_t *used,
                                struct cairn_why *why) CAIRN_MUST_USE;

/* The device's error for errno as it stands, explained in the device's name. */
enum cairn_err blk_file_fail(const struct cairn_blk_file *file, struct cairn_why *why, int os,
                             const char *what) CAIRN_MUST_USE;

#endif
