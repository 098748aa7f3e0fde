/* SPDX-License-Identifier: ISC */
/* A device that refuses every change: the front does, since its info says so. */
#include <cairn/blk_layers.h>

#include "blk_impl.h"

_Static_assert(offsetof(struct cairn_blk_readonly, base) == 0, "a device embeds its base first");

/* There is no flush: nothing was written through here, and a failing one would poison below. */
static const struct cairn_blk_ops readonly_ops = {
    .submit = blk_layer_submit,
    .begin = blk_layer_begin,
    .finish = blk_layer_finish,
    .extents = blk_layer_extents,
    .borrow = blk_layer_borrow,
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
    cairn_blk_init(&dev->base, &readonly_ops, &info, "readonly", below);
    return CAIRN_OK;
}
