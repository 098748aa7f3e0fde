/* SPDX-License-Identifier: ISC */
/* A page's number is part of its hash, which its parent holds: so pages are allocated first. */
#include "run.h"

#include <cairn/bytes.h>

#define WANT_FIRST 4u

void kvn_run_init(struct kvn_run_out *run, struct kvn_merge_job *job, uint8_t *bytes,
                  uint32_t pages)
{
    *run = (struct kvn_run_out){ .job = job, .bytes = bytes, .pages = pages, .want = WANT_FIRST };
}

/* Write what has gathered; what is allocated behind it stays for the next pages. */
static enum cairn_err write_out(struct kvn_run_out *run, struct cairn_why *why)
{
    struct kvn_merge_job *job = run->job;
    if (run->used == 0) return CAIRN_OK;
    uint64_t blocks = job->page_bytes / cairn_blk_info(job->dev)->block_bytes;
    cairn_lock_drop(job->pool->lock);
    enum cairn_err err =
        cairn_blk_write(job->dev, run->first * blocks, run->used * blocks, run->bytes, why);
    cairn_lock_take(job->pool->lock);
    if (err) return err;
    for (uint32_t i = 0; i < run->used; i++) {
        const uint8_t *page = run->bytes + (size_t)i * job->page_bytes;
        if (job->is_load && kvn_node_level(page) == 0)
            kvn_pool_drop(job->pool, run->first + i);
        else
            kvn_pool_insert(job->pool, run->first + i, page);
    }
    job->pages_written += run->used;
    run->first += run->used;
    run->got -= run->used;
    run->used = 0;
    return CAIRN_OK;
}

/* Is there a page for the next one? */
static enum cairn_err ready(struct kvn_run_out *run, struct cairn_why *why)
{
    if (run->used < run->got) return CAIRN_OK;
    enum cairn_err err = write_out(run, why);
    if (err) return err;
    uint32_t want = run->want < run->pages ? run->want : run->pages;
    if (run->want < run->pages) run->want *= 2;
    return kvn_space_alloc(run->job->space, want, &run->first, &run->got, why);
}

enum cairn_err kvn_run_add(struct kvn_run_out *run, struct kvn_fill *fill, uint8_t level,
                           struct kvn_pointer *pointer, struct cairn_why *why)
{
    struct kvn_merge_job *job = run->job;
    enum cairn_err err = ready(run, why);
    if (err) return err;
    struct kvn_node_head head = { .level = level,
                                  .page = run->first + run->used,
                                  .birth = job->generation,
                                  .uuid8 = job->uuid8 };
    kvn_fill_seal(fill, &head);
    uint8_t *bytes = run->bytes + (size_t)run->used * job->page_bytes;
    memcpy(bytes, fill->bytes, job->page_bytes);
    *pointer = (struct kvn_pointer){ .page = head.page,
                                     .birth = head.birth,
                                     .hash = cairn_hash128(bytes, job->page_bytes) };
    run->used++;
    job->tree_pages_more++;
    return CAIRN_OK;
}

enum cairn_err kvn_run_end(struct kvn_run_out *run, struct cairn_why *why)
{
    enum cairn_err err = write_out(run, why);
    if (err || run->got == 0) return err;
    uint32_t left = run->got;
    run->got = 0;
    return kvn_space_undo(run->job->space, run->first, left, why);
}
