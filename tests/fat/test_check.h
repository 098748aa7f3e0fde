/* SPDX-License-Identifier: ISC */
/* What the units of check share: run it over a sample and gather what it says. */
#ifndef CAIRN_TESTS_FAT_TEST_CHECK_H
#define CAIRN_TESTS_FAT_TEST_CHECK_H

#include <cairn/fat_check.h>
#include <check.h>

#include "damage.h"

TCase *check_fault_tests(void);
TCase *check_tree_tests(void);
TCase *check_device_tests(void);

struct gathered {
    uint32_t counts[CAIRN_FAT_FAULT_COUNT], total;
    uint32_t stop_after; /* 0: never */
    enum cairn_err err;
    struct cairn_why why;
    struct cairn_fat_check_result result;
    char path[CAIRN_FAT_CHECK_PATH_BYTES]; /* of the first finding of `watched` */
    struct cairn_fat_finding first;        /* likewise; its path is not to be followed */
    enum cairn_fat_fault watched;
    char log[8192];
};

/* How the volume's bytes are offered. */
struct offer {
    uint32_t block_bytes; /* 0: 512 */
    bool no_borrow;       /* everything must be read */
    size_t mem_bytes;     /* 0: what cairn_fat_check_mem says */
};

void check_sample(struct gathered *out, const struct sample *s, const struct offer *offer);
void check_dev(struct gathered *out, struct cairn_blk *dev, size_t mem_bytes);

extern const enum cairn_fat_type check_types[3];

#endif
