/* SPDX-License-Identifier: ISC */
/* Blocks of memory of powers of two, by halving and joining (Knuth, TAOCP 1, 2.5). Private. */
#ifndef CAIRN_KV_MEM_POOL_H
#define CAIRN_KV_MEM_POOL_H

#include <cairn/bytes.h>

#define KV_MEM_UNIT_BYTES 64u
#define KV_MEM_ORDERS 32u

struct kv_mem_free {
    struct kv_mem_free *next, *before;
};

/* A block of order n is 2^n units and begins at a multiple of its size from `units`. Of each block
 * the first unit's byte in `blocks` tells the order, and whether it is free. */
struct kv_mem_pool {
    uint8_t *units, *blocks;
    size_t unit_count;
    size_t free_bytes;
    size_t kept_bytes; /* free memory that only `spare` may use */
    bool spare;
    struct kv_mem_free *free[KV_MEM_ORDERS];
};

/* All of mem; what of it is left when its bookkeeping is taken is pool->free_bytes. */
void kv_mem_pool_init(struct kv_mem_pool *pool, uint8_t *mem, size_t bytes);

/* The block for so many bytes; 0: there is none so large. */
size_t kv_mem_pool_block(size_t bytes);

/* NULL: none is free. */
void *kv_mem_pool_take(struct kv_mem_pool *pool, size_t bytes);
/* Give back what was taken for so many bytes. */
void kv_mem_pool_give(struct kv_mem_pool *pool, void *block, size_t bytes);

#endif
