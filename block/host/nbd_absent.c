/* SPDX-License-Identifier: ISC */
/* In the place of the NBD device where libnbd's header was not there to build it. */
#include <cairn/blk_nbd.h>

enum cairn_err cairn_blk_nbd_open(struct cairn_blk_nbd *dev, const char *uri,
                                  const struct cairn_blk_nbd_options *options,
                                  struct cairn_why *why)
{
    (void)dev, (void)uri, (void)options;
    enum cairn_err err = cairn_why_fail(why, CAIRN_ENOTSUP, "this build of Cairn has no NBD");
    cairn_why_hint(why, "install libnbd's header (Debian: libnbd-dev) and build anew");
    return err;
}

const char *cairn_blk_nbd_version(void)
{
    return NULL;
}
