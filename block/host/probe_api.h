/* SPDX-License-Identifier: ISC */
/* The functions of libblkid, loaded when something is probed for the first time. Private to
 * block/host. */
#ifndef CAIRN_BLK_PROBE_API_H
#define CAIRN_BLK_PROBE_API_H

#include <blkid/blkid.h>
#include <cairn/why.h>

#define BLK_BLKID_FUNCTIONS(X)                                                                     \
    X(blkid_new_probe)                                                                             \
    X(blkid_free_probe)                                                                            \
    X(blkid_probe_set_device)                                                                      \
    X(blkid_probe_set_sectorsize)                                                                  \
    X(blkid_probe_set_superblocks_flags)                                                           \
    X(blkid_do_safeprobe)                                                                          \
    X(blkid_probe_lookup_value)

#define BLK_BLKID_MEMBER(name) __typeof__(name) *name;
struct blk_blkid_api {
    BLK_BLKID_FUNCTIONS(BLK_BLKID_MEMBER)
};
#undef BLK_BLKID_MEMBER

/* The functions, loaded once and for the process's life. CAIRN_ENOTSUP: no libblkid here. */
enum cairn_err blk_blkid_api_load(const struct blk_blkid_api **api,
                                  struct cairn_why *why) CAIRN_MUST_USE;

#endif
