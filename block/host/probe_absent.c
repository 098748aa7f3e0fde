/* SPDX-License-Identifier: ISC */
/* In the place of probing where libblkid's header was not there to build it. */
#include <cairn/blk_probe.h>

#include <cairn/bytes.h>

enum cairn_err cairn_blk_probe(struct cairn_blk *dev, int fd, struct cairn_blk_probe_range range,
                               struct cairn_blk_probed *probed, struct cairn_why *why)
{
    (void)dev, (void)fd, (void)range;
    memset(probed, 0, sizeof *probed);
    enum cairn_err err = cairn_why_fail(why, CAIRN_ENOTSUP, "this build of Cairn has no libblkid");
    cairn_why_hint(why, "install its header (Debian: libblkid-dev) and build anew");
    return err;
}

const char *cairn_blk_probe_version(void)
{
    return NULL;
}
