/* SPDX-License-Identifier: ISC */
/* What blocks hold that is not Cairn's, as libblkid knows it. Hosted only. */
#ifndef CAIRN_BLK_PROBE_H
#define CAIRN_BLK_PROBE_H

#include <cairn/blk.h>

CAIRN_BEGIN

#define CAIRN_BLK_PROBED_BYTES 256u

/* All are empty where nothing is known. From the disk: bytes of any kind, which end in NUL. */
struct cairn_blk_probed {
    char type[CAIRN_BLK_PROBED_BYTES]; /* libblkid's word: "ext4", "swap", "crypto_LUKS"; a FAT's
                                          is "FAT12", "FAT16" or "FAT32" */
    char label[CAIRN_BLK_PROBED_BYTES];
    char uuid[CAIRN_BLK_PROBED_BYTES];
    bool is_fat;  /* which Cairn reads itself */
    bool several; /* signatures of several kinds, none of which can be believed; type is empty */
};

/* Blocks to look at, which lie in the device. */
struct cairn_blk_probe_range {
    uint64_t first, count;
};

/* What is in the range? Not to know is no error. fd: a descriptor of the file whose bytes the
 * device's are, which is not closed; -1: the first 4 MiB and the last of the range are copied to
 * memory, and what lies elsewhere (the label of a large NTFS or exFAT) is not known.
 *   CAIRN_ENOTSUP  no libblkid in this build, or on this machine
 *   CAIRN_ENOMEM, errors of reading */
CAIRN_API enum cairn_err cairn_blk_probe(struct cairn_blk *dev, int fd,
                                         struct cairn_blk_probe_range range,
                                         struct cairn_blk_probed *probed,
                                         struct cairn_why *why) CAIRN_MUST_USE;

/* The version of libblkid that this build was made with, NULL when it was made without. */
CAIRN_API const char *cairn_blk_probe_version(void);

CAIRN_END

#endif
