/* SPDX-License-Identifier: ISC */
/* Runs of blocks of pages as one batch for the device below; what adjoins there is one request. */
#include "cache.h"

void blk_cache_batch_init(struct cache_batch *batch)
{
    batch->req_count = batch->run_count = 0;
}

/* How many runs these bits are. */
static uint32_t runs_count(uint64_t bits)
{
    return (uint32_t)__builtin_popcountll(bits & ~(bits << 1));
}

/* The lowest run of bits, which are some. */
static void run_first(uint64_t bits, uint32_t *first, uint32_t *count)
{
    *first = (uint32_t)__builtin_ctzll(bits);
    uint64_t rest = ~(bits >> *first);
    *count = rest ? (uint32_t)__builtin_ctzll(rest) : 64;
}

/* The request that the run joins: the last one, when it ends where the run begins, else a new one.
 */
static struct cairn_blk_req *req_for(struct cache_batch *batch, enum cairn_blk_op op,
                                     uint64_t block, struct cairn_why *why)
{
    struct cairn_blk_req *req = &batch->reqs[batch->req_count];
    if (batch->req_count && req[-1].block + req[-1].count == block) return req - 1;
    batch->req_count++;
    *req = (struct cairn_blk_req){
        .op = op, .block = block, .segs = &batch->segs[batch->run_count], .why = why
    };
    return req;
}

static void run_add(struct cairn_blk_cache *cache, struct cache_batch *batch, enum cairn_blk_op op,
                    struct cairn_blk_cache_page *page, uint32_t first, uint32_t count,
                    struct cairn_why *why)
{
    uint64_t block = (page->number << cache->page_shift) + first;
    struct cairn_blk_req *req = req_for(batch, op, block, why);
    uint32_t run = batch->run_count++;
    batch->segs[run].data = blk_cache_data(cache, page, first);
    batch->segs[run].bytes = (size_t)count * cache->base.info.block_bytes;
    batch->runs[run].page = page;
    batch->runs[run].first = (uint8_t)first;
    batch->runs[run].count = (uint8_t)count;
    batch->runs[run].req = (uint8_t)(req - batch->reqs);
    req->count += count;
    req->seg_count++;
}

bool blk_cache_batch_add(struct cairn_blk_cache *cache, struct cache_batch *batch,
                         enum cairn_blk_op op, struct cairn_blk_cache_page *page, uint64_t blocks,
                         struct cairn_why *why)
{
    if (runs_count(blocks) > CACHE_BATCH - batch->run_count) return false;
    blk_cache_hold(cache, page);
    while (blocks) {
        uint32_t first, count;
        run_first(blocks, &first, &count);
        run_add(cache, batch, op, page, first, count, why);
        blocks &= ~blk_cache_bits(first, count);
    }
    return true;
}

enum cairn_err blk_cache_batch_submit(struct cairn_blk_cache *cache, struct cache_batch *batch)
{
    return blk_layer_submit(&cache->base, batch->reqs, batch->req_count);
}

void blk_cache_batch_release(struct cairn_blk_cache *cache, struct cache_batch *batch)
{
    for (uint32_t run = 0; run < batch->run_count; run++)
        if (batch->runs[run].page->busy) blk_cache_release(cache, batch->runs[run].page);
    blk_cache_batch_init(batch);
    cairn_cond_broadcast(&cache->idle);
}
