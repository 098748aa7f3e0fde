/* SPDX-License-Identifier: ISC */
/* Requests through pages. Pages that reads miss are fetched together, in one batch. */
#include "cache.h"

/* A part of a read that waits for its page. */
struct piece {
    struct cairn_blk_cache_page *page;
    uint32_t req;
    uint8_t first, count; /* blocks in the page */
    struct blk_cursor memory;
};

struct paged {
    struct cairn_blk_cache *cache;
    struct cairn_blk_req *reqs;
    size_t at;                /* the request */
    uint64_t done;            /* blocks of it */
    struct blk_cursor memory; /* there */
    bool begun;               /* what follows is about it: */
    bool sequential;          /* it began where the last read ended, */
    bool missed;              /* and a page was not there */
    bool clean_only;          /* writing to make room failed */
    uint32_t piece_count;
    struct piece pieces[CACHE_BATCH];
    struct cache_batch batch;
};

/* Why a step did not go on. */
enum step { STEP_ON, STEP_BUSY, STEP_NO_ROOM };

static size_t bytes_of(const struct paged *work, uint32_t blocks)
{
    return (size_t)blocks * work->cache->base.info.block_bytes;
}

/* Copy between a page and the current request's memory, whichever way the request goes. */
static void step_copy(struct paged *work, struct cairn_blk_cache_page *page, uint32_t first,
                      uint32_t count)
{
    blk_cursor_copy(&work->memory, work->reqs[work->at].op,
                    blk_cache_data(work->cache, page, first), bytes_of(work, count));
    work->done += count;
}

/* Blocks that the batch could not fetch with all of their page, one request each. */
static void piece_fetch(struct paged *work, const struct piece *piece)
{
    struct cairn_blk_cache_page *page = piece->page;
    struct cairn_blk_req *asked = &work->reqs[piece->req];
    uint64_t block = page->number << work->cache->page_shift;
    for (uint32_t i = piece->first; i < (uint32_t)piece->first + piece->count; i++) {
        if (asked->status || page->valid >> i & 1) continue;
        struct cairn_blk_seg seg = { blk_cache_data(work->cache, page, i), bytes_of(work, 1) };
        struct cairn_blk_req req = {
            .op = CAIRN_BLK_READ, .block = block + i, .count = 1, .segs = &seg, .seg_count = 1
        };
        if (blk_why_is_first(work->reqs, piece->req)) req.why = asked->why;
        asked->status = blk_layer_submit(&work->cache->base, &req, 1);
        if (!asked->status) page->valid |= blk_cache_bits(i, 1);
    }
}

/* Without the lock: the pages are held. */
static void pieces_finish(struct paged *work)
{
    for (uint32_t run = 0; run < work->batch.run_count; run++)
        if (blk_cache_run_is_done(&work->batch, run))
            work->batch.runs[run].page->valid |=
                blk_cache_bits(work->batch.runs[run].first, work->batch.runs[run].count);
    for (uint32_t i = 0; i < work->piece_count; i++) {
        struct piece *piece = &work->pieces[i];
        const struct cairn_blk_req *req = &work->reqs[piece->req];
        piece_fetch(work, piece);
        if (!req->status)
            blk_cursor_copy(&piece->memory, CAIRN_BLK_READ,
                            blk_cache_data(work->cache, piece->page, piece->first),
                            bytes_of(work, piece->count));
    }
}

/* Fetch what the batch has gathered. Its failures are of no matter, but to pieces that meet them.
 */
static void fetch(struct paged *work)
{
    if (!work->batch.run_count) return;
    cairn_lock_drop(&work->cache->lock);
    enum cairn_err err = blk_cache_batch_submit(work->cache, &work->batch);
    (void)err;
    pieces_finish(work);
    cairn_lock_take(&work->cache->lock);
    blk_cache_batch_release(work->cache, &work->batch);
    work->piece_count = 0;
}

static bool is_being_fetched(const struct paged *work, const struct cairn_blk_cache_page *page)
{
    for (uint32_t i = 0; i < work->piece_count; i++)
        if (work->pieces[i].page == page) return true;
    return false;
}

static enum step step_taken(const struct cairn_blk_cache_page *page, bool dirty)
{
    return page ? STEP_ON : dirty ? STEP_NO_ROOM : STEP_BUSY;
}

static void piece_add(struct paged *work, struct cairn_blk_cache_page *page, uint32_t first,
                      uint32_t count)
{
    work->pieces[work->piece_count++] =
        (struct piece){ page, (uint32_t)work->at, (uint8_t)first, (uint8_t)count, work->memory };
    blk_cursor_skip(&work->memory, bytes_of(work, count));
    work->done += count;
}

/* Get the page, if need be, and have all that it lacks fetched. */
static enum step page_fetch(struct paged *work, struct cairn_blk_cache_page *page, uint64_t number)
{
    struct cairn_blk_cache *cache = work->cache;
    bool dirty;
    if (!page) {
        page = blk_cache_take(cache, number, work->clean_only, &dirty);
        if (!page) return step_taken(page, dirty);
    }
    uint64_t missing = blk_cache_whole(cache, number) & ~page->valid;
    return blk_cache_batch_add(cache, &work->batch, CAIRN_BLK_READ, page, missing, NULL)
               ? STEP_ON
               : STEP_BUSY;
}

static enum step read_step(struct paged *work, struct cairn_blk_cache_page *page, uint64_t number,
                           uint32_t first, uint32_t count)
{
    struct cairn_blk_cache *cache = work->cache;
    uint64_t bits = blk_cache_bits(first, count);
    if (work->piece_count == CACHE_BATCH) return STEP_BUSY;
    if (page && page->busy) {
        if (!is_being_fetched(work, page)) return STEP_BUSY;
        cache->counts.hits++;
        piece_add(work, page, first, count);
        return STEP_ON;
    }
    if (page && (page->valid & bits) == bits) {
        page->used = true;
        cache->counts.hits++;
        step_copy(work, page, first, count);
        return STEP_ON;
    }
    enum step step = page_fetch(work, page, number);
    if (step) return step;
    cache->counts.misses++;
    work->missed = true;
    piece_add(work, page ? page : blk_cache_find(cache, number), first, count);
    return STEP_ON;
}

static enum step write_step(struct paged *work, struct cairn_blk_cache_page *page, uint64_t number,
                            uint32_t first, uint32_t count)
{
    struct cairn_blk_cache *cache = work->cache;
    bool dirty = false;
    if (page && page->busy) return STEP_BUSY;
    if ((!page || !page->dirty) && blk_cache_is_full(cache)) return STEP_NO_ROOM;
    if (!page) page = blk_cache_take(cache, number, work->clean_only, &dirty);
    if (!page) return step_taken(page, dirty);
    uint64_t bits = blk_cache_bits(first, count);
    step_copy(work, page, first, count);
    page->used = true;
    page->valid |= bits;
    blk_cache_set_dirty(cache, page, page->dirty | bits);
    return STEP_ON;
}

static void request_begin(struct paged *work)
{
    const struct cairn_blk_req *req = &work->reqs[work->at];
    work->begun = true;
    work->memory = (struct blk_cursor){ req->segs, 0 };
    work->missed = false;
    work->sequential = req->op == CAIRN_BLK_READ && req->block == work->cache->next_read;
    if (req->op == CAIRN_BLK_READ) work->cache->next_read = req->block + req->count;
}

/* One page's worth of the current request, or on to the next one. */
static enum step paged_step(struct paged *work)
{
    struct cairn_blk_cache *cache = work->cache;
    const struct cairn_blk_req *req = &work->reqs[work->at];
    if (work->done == req->count || req->status) {
        work->at++;
        work->done = 0;
        work->begun = false;
        return STEP_ON;
    }
    if (!work->begun) request_begin(work);
    uint64_t block = req->block + work->done, number = block >> cache->page_shift;
    uint32_t first = (uint32_t)(block & (cache->page_blocks - 1));
    uint32_t count = (uint32_t)cairn_min_u64(cache->page_blocks - first, req->count - work->done);
    if (blk_cache_is_claimed(cache, number, number)) return STEP_BUSY;
    struct cairn_blk_cache_page *page = blk_cache_find(cache, number);
    return req->op == CAIRN_BLK_READ ? read_step(work, page, number, first, count)
                                     : write_step(work, page, number, first, count);
}

/* A read goes on with the pages that are not dirty. A write fails only if it would take the last of
 * them. */
static void make_room(struct paged *work)
{
    struct cairn_blk_req *req = &work->reqs[work->at];
    bool must = req->op == CAIRN_BLK_WRITE && blk_cache_is_full(work->cache);
    bool explain = must && blk_why_is_first(work->reqs, work->at);
    enum cairn_err err = blk_cache_make_room(work->cache, explain ? req->why : NULL);
    if (err && must)
        req->status = err;
    else if (err)
        work->clean_only = true;
}

/* Behind a read that misses where the last one ended: the pages that follow, as far as there is
 * room without writing. */
static void read_ahead(struct paged *work)
{
    struct cairn_blk_cache *cache = work->cache;
    if (!work->sequential || !work->missed) return;
    uint64_t number = (cache->next_read - 1) >> cache->page_shift;
    for (uint32_t n = 0; n < cache->readahead_pages; n++) {
        if ((++number << cache->page_shift) >= cache->base.info.block_count) return;
        if (blk_cache_find(cache, number) || blk_cache_is_claimed(cache, number, number)) return;
        if (page_fetch(work, NULL, number)) return;
        cache->counts.readaheads++;
    }
}

static void work_init(struct paged *work, struct cairn_blk_cache *cache, struct cairn_blk_req *reqs,
                      size_t at)
{
    work->cache = cache;
    work->reqs = reqs;
    work->at = at;
    work->done = 0;
    work->begun = work->sequential = work->missed = work->clean_only = false;
    work->piece_count = 0;
    blk_cache_batch_init(&work->batch);
}

void blk_cache_paged(struct cairn_blk_cache *cache, struct cairn_blk_req *reqs, size_t at,
                     size_t end)
{
    struct paged work;
    work_init(&work, cache, reqs, at);
    cairn_lock_take(&cache->lock);
    while (work.at < end) {
        enum step step = paged_step(&work);
        if (step == STEP_ON) continue;
        if (work.batch.run_count)
            fetch(&work);
        else if (step == STEP_NO_ROOM)
            make_room(&work);
        else
            cairn_cond_wait(&cache->idle, &cache->lock);
    }
    read_ahead(&work);
    fetch(&work);
    cairn_lock_drop(&cache->lock);
}
