/* SPDX-License-Identifier: ISC */
/* In the place of the RBD device where librbd's header was not there to build it. */
#include <cairn/blk_rbd.h>

enum cairn_err cairn_blk_rbd_open(struct cairn_blk_rbd *dev, const char *name,
                                  const struct cairn_blk_rbd_options *options,
                                  struct cairn_why *why)
{
    (void)dev, (void)name, (void)options;
    enum cairn_err err = cairn_why_fail(why, CAIRN_ENOTSUP, "this build of Cairn has no RBD");
    cairn_why_hint(why, "install librbd's header (Debian: librbd-dev) and build anew");
    return err;
}

const char *cairn_blk_rbd_version(void)
{
    return NULL;
}
