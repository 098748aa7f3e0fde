/* SPDX-License-Identifier: ISC */
/* Stepping aside: where a new name is the 8.3 alias of a neighbour, the neighbour gets another. */
#ifndef CAIRN_IMAGE_ASIDE_PRIVATE_H
#define CAIRN_IMAGE_ASIDE_PRIVATE_H

#include "put.h"

struct img_aside {
    struct cairn_fat_node *dir;
    char temp[32]; /* what the neighbour is called meanwhile; "" when none had to step aside */
    size_t name_len;
    char name[CAIRN_FAT_NAME_BYTES]; /* its own */
};

/* Before something is made at target, or `moved` (held; or NULL) goes there: free its name where
 * only an alias of another has it. A lookup by the name would find that neighbour, and replacing it
 * would lose a file called otherwise. */
enum cairn_err img_aside_begin(struct img_aside *aside, const struct img_target *target,
                               const struct cairn_fat_node *moved,
                               struct cairn_why *why) CAIRN_MUST_USE;
/* The neighbour gets its name back, with a fresh alias. Returns err, or else what failed here. */
enum cairn_err img_aside_end(struct img_aside *aside, enum cairn_err err,
                             struct cairn_why *why) CAIRN_MUST_USE;

#endif
