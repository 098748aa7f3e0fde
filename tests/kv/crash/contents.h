/* SPDX-License-Identifier: ISC */
/*
 * Contents of blocks, each kept once: what a disk holds are their numbers. Number 0 is a block of
 * zeros.
 */
#ifndef CAIRN_TESTS_KV_CRASH_CONTENTS_H
#define CAIRN_TESTS_KV_CRASH_CONTENTS_H

#include <stdint.h>

#define DISK_BLOCK 512u /* the atomic unit */

struct contents {
    uint8_t **slabs; /* CONTENTS_SLAB blocks each */
    uint64_t *hashes;
    uint32_t count, room;
    uint32_t *table; /* number + 1 by hash; 0: free */
    uint32_t mask;
};

void contents_make(struct contents *contents);
void contents_free(struct contents *contents);
uint32_t contents_number(struct contents *contents, const uint8_t *bytes);
const uint8_t *contents_bytes(const struct contents *contents, uint32_t number);
/* The same in every process, whatever numbers are. */
static inline uint64_t contents_hash(const struct contents *contents, uint32_t number)
{
    return contents->hashes[number];
}

#endif
