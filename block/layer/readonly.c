/* SPDX-License-Identifier: ISC */
/* A device that refuses every change: the front does, since its info says so. */
#include <cairn/blk_layers.h>

#include "../impl.h"

_Static_assert(offsetof(struct cairn_blk_readonly, base) == 0, "a device embeds its base first");

/* There is no flush: nothing was written through here, and a failing one would poison below. */
static const struct cairn_blk_ops readonly_ops = {
    .extents = blk_layer_extents,
    .borrow = blk_route_borrow,
    .close = blk_close_nothing,
};

enum cairn_err cairn_blk_readonly_open(struct cairn_blk_readonly *dev, struct cairn_blk *below,
                                       struct cairn_why *why)
{
    (void)why;
    struct cairn_blk_info info = below->info;
    info.read_only = true;
    info.flush = CAIRN_BLK_ABSENT;
    info.resize = CAIRN_BLK_ABSENT;
    blk_init_renumbering(&dev->base, &readonly_ops, &info, "readonly", below, 0, 0);
    return CAIRN_OK;
}
