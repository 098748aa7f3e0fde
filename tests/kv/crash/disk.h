/* SPDX-License-Identifier: ISC */
/*
 * The device under a store whose power will go, or has gone: of each block what reads see, and all
 * that a cut now may leave. Of a disk after a cut blocks are *open* that may be one of several:
 * which one is decided when somebody reads it. A disk may be cut again at any time, also while
 * blocks of it are open.
 */
#ifndef CAIRN_TESTS_KV_CRASH_DISK_H
#define CAIRN_TESTS_KV_CRASH_DISK_H

#include "contents.h"

#include <cairn/blk.h>

#define DISK_BLOCKS 2048u
#define DISK_OPTIONS_MAX 12u
#define DISK_OPEN UINT32_MAX

struct disk_block {
    uint32_t now;                      /* as reads see it, or OPEN */
    uint16_t count;                    /* of options */
    bool written;                      /* since the last flush */
    uint32_t option[DISK_OPTIONS_MAX]; /* what a cut now leaves, the oldest first */
};

struct ways;

struct disk {
    struct cairn_blk base;
    struct contents *contents;
    struct ways *ways;           /* of a disk after a cut; else NULL */
    void (*at_flush)(void *ctx); /* before a flush takes effect; NULL: nobody looks */
    void *ctx;
    bool lost; /* nothing more can be read: all that would be read is known */
    uint64_t flushes;
    uint64_t key;   /* hash of what a cut now may leave */
    uint64_t wrote; /* hash of all that was written since it was cut or made */
    uint32_t written_count;
    uint16_t written[DISK_BLOCKS]; /* since the last flush */
    struct disk_block blocks[DISK_BLOCKS];
};

/* A disk of zeros. */
void disk_make(struct disk *disk, struct contents *contents);
/* What a cut of `from` leaves: all that is not certain is open. at_flush, ctx and ways stay. */
void disk_cut(struct disk *disk, const struct disk *from);
/* A block's share in key. */
uint64_t disk_share(const struct disk *disk, uint32_t block);
/* The same, were it this option of its. */
uint64_t disk_share_as(const struct disk *disk, uint32_t block, uint32_t option);
/* An open block is its option number so-and-so. */
void disk_decide(struct disk *disk, uint32_t block, uint32_t option);

#endif
