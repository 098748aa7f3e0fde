/* SPDX-License-Identifier: ISC */
/* A build without liburing: files are read and written by system calls one by one. */
#include "file.h"

const char *cairn_blk_uring_version(void)
{
    return NULL;
}

enum cairn_err blk_uring_open(struct cairn_blk_file *file, uint32_t depth, const char **reason)
{
    (void)file, (void)depth;
    *reason = "this build has no liburing";
    return CAIRN_ENOTSUP;
}

void blk_uring_close(struct cairn_blk_file *file)
{
    (void)file;
}
