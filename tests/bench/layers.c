/* SPDX-License-Identifier: ISC */
/*
 * layers: nanoseconds of a checked 512-byte read in memory through layers, beside a bare memcpy.
 * Rounds of all stacks alternate, and each stack's least counts, so that what else the machine does
 * falls on all of them alike.
 */
#include <cairn/blk_cache.h>
#include <cairn/blk_layers.h>
#include <cairn/blk_mem.h>
#include <cairn/blk_stats.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BLOCKS 64u
#define READS 20000u
#define ROUNDS 400
#define SLICES 8
#define CACHE_BYTES (128u << 10)
#define MEM_BYTES ((BLOCKS + 2 * SLICES) * 512u)

static uint8_t memory[MEM_BYTES], data[512];
static uint8_t cached[CACHE_BYTES + (16u << 10)];
static struct cairn_blk_mem mem;

struct line {
    const char *label;
    struct cairn_blk *dev; /* NULL: no device at all */
    double best;
};

static double now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void read_bare(unsigned block)
{
    memcpy(data, memory + block * 512u, 512);
    __asm__ volatile("" : : "r"(data) : "memory");
}

static void round_run(struct line *line)
{
    double start = now_ns();
    for (unsigned i = 0; i < READS; i++)
        if (!line->dev)
            read_bare(i % BLOCKS);
        else if (cairn_blk_read(line->dev, i % BLOCKS, 1, data, NULL))
            abort();
    double ns = (now_ns() - start) / READS;
    if (!line->best || ns < line->best) line->best = ns;
}

static void must(enum cairn_err err)
{
    if (err) abort();
}

/* 1, 4 and 8 slices, one on the other. */
static void open_slices(struct line *one, struct line *four, struct line *eight)
{
    static struct cairn_blk_slice slices[SLICES];
    struct cairn_blk *dev = &mem.base;
    for (unsigned i = 0; i < SLICES; i++) {
        must(cairn_blk_slice_open(&slices[i], dev, 1, dev->info.block_count - 2, "slice", NULL));
        dev = &slices[i].base;
    }
    one->dev = &slices[0].base;
    four->dev = &slices[3].base;
    eight->dev = &slices[7].base;
}

/* A part of it by the block size layer, read-only, and counted. */
static struct cairn_blk *open_mixed(struct cairn_blk *below)
{
    static struct cairn_blk_resized larger;
    static struct cairn_blk_slice slice;
    static struct cairn_blk_stats stats;
    static struct cairn_blk_readonly readonly;
    must(cairn_blk_blocksize_open(&larger, below, 512, NULL, 0, NULL));
    must(cairn_blk_slice_open(&slice, &larger.base, 1, BLOCKS, "slice", NULL));
    must(cairn_blk_readonly_open(&readonly, &slice.base, NULL));
    must(cairn_blk_stats_open(&stats, &readonly.base, NULL, NULL));
    return &stats.base;
}

static struct cairn_blk *open_cache(struct cairn_blk *below)
{
    static struct cairn_blk_cache cache;
    must(cairn_blk_cache_open(&cache, below, NULL, cached, sizeof cached, NULL));
    return &cache.base;
}

int main(void)
{
    struct line lines[] = {
        { .label = "no layer" },    { .label = "1 slice" }, { .label = "4 slices" },
        { .label = "8 slices" },    { .label = "4 kinds" }, { .label = "a cache, hit" },
        { .label = "bare memcpy" },
    };
    size_t count = sizeof lines / sizeof *lines;
    must(cairn_blk_mem_open(&mem, memory, 512, MEM_BYTES / 512, NULL));
    lines[0].dev = &mem.base;
    open_slices(&lines[1], &lines[2], &lines[3]);
    lines[4].dev = open_mixed(&mem.base);
    lines[5].dev = open_cache(&mem.base);
    for (int round = 0; round < ROUNDS; round++)
        for (size_t i = 0; i < count; i++)
            round_run(&lines[i]);
    for (size_t i = 0; i < count; i++)
        printf("%-14s %6.1f ns  x %.2f\n", lines[i].label, lines[i].best,
               lines[i].best / lines[0].best);
    return 0;
}
