/* SPDX-License-Identifier: ISC */
#include "pool.h"

#define FREE 0x80u /* in a block's byte, beside its order */
#define INSIDE 0xffu

static uint32_t order_for(size_t bytes)
{
    uint64_t units = cairn_div_up(bytes, KV_MEM_UNIT_BYTES);
    uint32_t order = units ? cairn_log2(units) : 0;
    return units > UINT64_C(1) << order ? order + 1 : order;
}

static size_t order_units(uint32_t order)
{
    return (size_t)1 << order;
}

size_t kv_mem_pool_block(size_t bytes)
{
    uint32_t order = order_for(bytes);
    return order < KV_MEM_ORDERS ? order_units(order) * KV_MEM_UNIT_BYTES : 0;
}

/* ---- lists of free blocks -------------------------------------------------------------------- */

static void free_add(struct kv_mem_pool *pool, size_t unit, uint32_t order)
{
    struct kv_mem_free *block = (struct kv_mem_free *)(pool->units + unit * KV_MEM_UNIT_BYTES);
    block->next = pool->free[order];
    block->before = NULL;
    if (block->next) block->next->before = block;
    pool->free[order] = block;
    pool->blocks[unit] = (uint8_t)(FREE | order);
}

static size_t free_take(struct kv_mem_pool *pool, struct kv_mem_free *block, uint32_t order)
{
    size_t unit = (size_t)((uint8_t *)block - pool->units) / KV_MEM_UNIT_BYTES;
    if (block->before)
        block->before->next = block->next;
    else
        pool->free[order] = block->next;
    if (block->next) block->next->before = block->before;
    pool->blocks[unit] = INSIDE;
    return unit;
}

/* ---- blocks ---------------------------------------------------------------------------------- */

/* As few blocks as their alignment to their own size lets be. */
static void free_all(struct kv_mem_pool *pool)
{
    for (size_t unit = 0, next; unit < pool->unit_count; unit = next) {
        uint32_t order = unit ? (uint32_t)__builtin_ctzll(unit) : KV_MEM_ORDERS - 1;
        order = order < KV_MEM_ORDERS ? order : KV_MEM_ORDERS - 1;
        while (order_units(order) > pool->unit_count - unit)
            order--;
        next = unit + order_units(order);
        free_add(pool, unit, order);
    }
}

void kv_mem_pool_init(struct kv_mem_pool *pool, uint8_t *mem, size_t bytes)
{
    size_t skip = (KV_MEM_UNIT_BYTES - (uintptr_t)mem % KV_MEM_UNIT_BYTES) % KV_MEM_UNIT_BYTES;
    size_t units = bytes > skip ? (bytes - skip) / (KV_MEM_UNIT_BYTES + 1) : 0;
    memset(pool, 0, sizeof *pool);
    pool->units = mem + skip;
    pool->blocks = pool->units + units * KV_MEM_UNIT_BYTES;
    pool->unit_count = units;
    pool->free_bytes = units * KV_MEM_UNIT_BYTES;
    memset(pool->blocks, INSIDE, units);
    free_all(pool);
}

void *kv_mem_pool_take(struct kv_mem_pool *pool, size_t bytes)
{
    uint32_t wanted = order_for(bytes), order = wanted;
    size_t block_bytes = kv_mem_pool_block(bytes), kept = pool->spare ? 0 : pool->kept_bytes;
    if (!block_bytes || !cairn_range_fits(kept, block_bytes, pool->free_bytes)) return NULL;
    while (order < KV_MEM_ORDERS && !pool->free[order])
        order++;
    if (order == KV_MEM_ORDERS) return NULL;
    size_t unit = free_take(pool, pool->free[order], order);
    for (; order > wanted; order--)
        free_add(pool, unit + order_units(order - 1), order - 1);
    pool->blocks[unit] = (uint8_t)wanted;
    pool->free_bytes -= block_bytes;
    return pool->units + unit * KV_MEM_UNIT_BYTES;
}

void kv_mem_pool_give(struct kv_mem_pool *pool, void *block, size_t bytes)
{
    size_t unit = (size_t)((uint8_t *)block - pool->units) / KV_MEM_UNIT_BYTES;
    uint32_t order = order_for(bytes);
    pool->free_bytes += order_units(order) * KV_MEM_UNIT_BYTES;
    pool->blocks[unit] = INSIDE;
    for (; order + 1 < KV_MEM_ORDERS; order++) {
        size_t other = unit ^ order_units(order);
        if (other >= pool->unit_count || pool->blocks[other] != (FREE | order)) break;
        struct kv_mem_free *joined =
            (struct kv_mem_free *)(pool->units + other * KV_MEM_UNIT_BYTES);
        other = free_take(pool, joined, order);
        unit = other < unit ? other : unit;
    }
    free_add(pool, unit, order);
}
