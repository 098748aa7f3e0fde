/* SPDX-License-Identifier: ISC */
/*
 * Layer: pages of the device below in memory of the caller's, written back or through.
 *
 * Pages: a read that misses fetches the whole page; where that fails, only what was asked for. A
 * write needs no read: each page knows by block what it holds. What goes past the pages, in one
 * request each: reads and writes of bypass_bytes and more (a read only where nothing dirty lies in
 * its range), discards, zeroes, writes with CAIRN_BLK_FUA and, when writing through, all writes.
 * Pages that they meet are kept true.
 *
 * Writing back: a write is complete when it is in its page. flush writes dirty pages in the order
 * of their blocks, neighbours joined, and then flushes below. A page that cannot be written stays
 * dirty: reads see it, the flush that meets it fails, and so does a write when only one page is
 * left that is not dirty. After a power cut nothing is promised of what no flush followed.
 *
 * Resizing is that of the device below; what was written beyond a new end is forgotten.
 *
 * Threads: any number; no lock is held while the device below works.
 */
#ifndef CAIRN_BLK_CACHE_H
#define CAIRN_BLK_CACHE_H

#include <cairn/blk.h>
#include <cairn/sync.h>

CAIRN_BEGIN

struct cairn_blk_cache_options {
    bool write_through;
    uint32_t page_bytes; /* 1 to 64 blocks, a power of two; 0: what below prefers, from 4 KiB */
    uint32_t readahead_bytes; /* fetched beyond a read that misses where the last one ended; at most
                                 31 pages, in the same batch; 0: none */
    uint64_t bypass_bytes;    /* 0: 128 KiB, or a quarter of the pages when that is less */
};

/* Since open. */
struct cairn_blk_cache_counts {
    uint64_t hits, misses; /* pages that a read found, or not; a write always finds its page */
    uint64_t readaheads;   /* pages fetched unasked */
    uint64_t write_backs;  /* pages written back */
    uint64_t evictions;    /* pages given up for others */
    uint64_t bypasses;     /* requests that went past the pages */
};

struct cairn_blk_cache {
    struct cairn_blk base;
    bool write_through;
    uint32_t page_blocks, page_shift; /* blocks a page, and their log2 */
    uint32_t page_count, readahead_pages, hash_shift;
    uint64_t bypass_blocks;
    struct cairn_blk_cache_page *pages;
    struct cairn_blk_cache_page **heads; /* of the hash's chains */
    uint8_t *data;                       /* page_count pages */

    struct cairn_lock flush_lock;       /* one flush at a time; taken before lock */
    struct cairn_lock lock;             /* guards what follows and all that pages hold */
    struct cairn_cond idle;             /* something is no longer busy */
    struct cairn_blk_cache_page *queue; /* that may be dirty, in no order */
    uint32_t hand;                      /* of the clock that finds a page to give up */
    uint32_t dirty_count, busy_count;
    uint64_t next_read;                   /* the block behind the last read */
    struct cairn_blk_cache_claim *claims; /* ranges that requests past the pages are at */
    struct cairn_blk_cache_counts counts;
};

/* Bytes of memory that open needs to hold cached_bytes of the device's data: 0 for the least, which
 * is 4 pages. A few megabytes are good for a filesystem's metadata; about 1.5% more is taken than
 * what is held. options may be NULL. */
CAIRN_API size_t cairn_blk_cache_mem(const struct cairn_blk *below,
                                     const struct cairn_blk_cache_options *options,
                                     size_t cached_bytes);

/* A cache of as many pages as fit into mem, which stays the caller's. options may be NULL: written
 * back, no read-ahead. CAIRN_EINVAL: page_bytes; CAIRN_ENOMEM: mem holds no 4 pages. Closing writes
 * back what is dirty, without a flush; what cannot be written then is lost, and close fails. */
CAIRN_API enum cairn_err cairn_blk_cache_open(struct cairn_blk_cache *dev, struct cairn_blk *below,
                                              const struct cairn_blk_cache_options *options,
                                              void *mem, size_t mem_bytes,
                                              struct cairn_why *why) CAIRN_MUST_USE;

CAIRN_API void cairn_blk_cache_count(struct cairn_blk_cache *dev,
                                     struct cairn_blk_cache_counts *counts);

CAIRN_END

#endif
