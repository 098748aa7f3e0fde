/* SPDX-License-Identifier: ISC */
/* A device of any size that holds the few blocks which were written, reads as zeros elsewhere, and
 * whose power can be cut. */
#ifndef CAIRN_TESTS_KV_SPARSE_H
#define CAIRN_TESTS_KV_SPARSE_H

#include <cairn/blk.h>

#define SPARSE_BLOCK_BYTES 4096u

struct sparse {
    struct cairn_blk base;
    uint8_t **blocks;     /* 1 << 16 places, by a hash of the number */
    uint64_t *numbers;    /* plus 1; 0: nobody's */
    uint64_t writes_left; /* then every write fails; UINT64_MAX: never */
    uint64_t reads, writes;
};

void sparse_open(struct sparse *sparse, uint64_t block_count); /* of SPARSE_BLOCK_BYTES */
void sparse_open_blocks(struct sparse *sparse, uint64_t block_count, uint32_t block_bytes);
/* It has more blocks from now on. */
void sparse_grow(struct sparse *sparse, uint64_t block_count);
void sparse_close(struct sparse *sparse);

#endif
