/* SPDX-License-Identifier: ISC */
/* cache FILE: what a cache costs and gains beside no layer: reads of 512 bytes that hit, and going
 * through a file of 64 MiB in requests of 4 KiB and of 1 MiB. The least of some rounds. */
#include <cairn/blk_cache.h>
#include <cairn/blk_file.h>
#include <cairn/blk_mem.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define READS 200000u
#define HIT_ROUNDS 40
#define PASS_ROUNDS 7
#define FILE_BYTES (64u << 20)
#define CACHE_BYTES (8u << 20)

static uint8_t bytes[64 * 512], data[1u << 20] __attribute__((aligned(4096)));
static uint8_t memory[CACHE_BYTES + (1u << 20)];

static double now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static double hit_ns(struct cairn_blk *dev)
{
    double best = 1e9;
    for (int round = 0; round < HIT_ROUNDS; round++) {
        double start = now_ns();
        for (unsigned i = 0; i < READS; i++)
            if (cairn_blk_read(dev, i & 63, 1, data, NULL)) abort();
        double ns = (now_ns() - start) / READS;
        if (ns < best) best = ns;
    }
    return best;
}

/* Once through the file, with a cache of 8 MiB that is empty at first, or without. MiB a second. */
static double pass_once(struct cairn_blk *file, const struct cairn_blk_cache_options *options,
                        size_t request, bool write)
{
    struct cairn_blk_cache cache;
    struct cairn_blk *dev = file;
    if (options) {
        size_t need = cairn_blk_cache_mem(file, options, CACHE_BYTES);
        if (cairn_blk_cache_open(&cache, file, options, memory, need, NULL)) abort();
        dev = &cache.base;
    }
    uint64_t step = request / 512, end = dev->info.block_count;
    double start = now_ns();
    for (uint64_t block = 0; block < end; block += step)
        if (write ? cairn_blk_write(dev, block, step, data, NULL)
                  : cairn_blk_read(dev, block, step, data, NULL))
            abort();
    if (options && cairn_blk_close(dev, NULL)) abort();
    return FILE_BYTES / (now_ns() - start) * 1e9 / (1 << 20);
}

static double pass(struct cairn_blk *file, const struct cairn_blk_cache_options *options,
                   size_t request, bool write)
{
    double best = 0;
    for (int round = 0; round < PASS_ROUNDS; round++) {
        double rate = pass_once(file, options, request, write);
        if (rate > best) best = rate;
    }
    return best;
}

static void pass_print(struct cairn_blk *file, size_t request, bool write)
{
    static const struct cairn_blk_cache_options plain = { 0 },
                                                ahead = { .readahead_bytes = 31 * 4096 };
    double none = pass(file, NULL, request, write);
    double with = pass(file, write ? &plain : &ahead, request, write);
    printf("%s of %4zu KiB: %6.0f MiB/s, with a cache %6.0f  x %.2f\n", write ? "writes" : "reads ",
           request >> 10, none, with, with / none);
}

int main(int argc, char **argv)
{
    struct cairn_blk_file_options options = {
        .block_bytes = 512, .write = true, .create = true, .create_bytes = FILE_BYTES
    };
    struct cairn_blk_mem mem;
    struct cairn_blk_cache cache;
    struct cairn_blk_file file;
    if (argc != 2 || cairn_blk_mem_open(&mem, bytes, 512, 64, NULL) ||
        cairn_blk_cache_open(&cache, &mem.base, NULL, memory, sizeof memory, NULL) ||
        cairn_blk_file_open(&file, argv[1], &options, NULL))
        return 1;
    double none = hit_ns(&mem.base), hit = hit_ns(&cache.base);
    printf("512 bytes of memory: %5.1f ns, a hit %5.1f  x %.2f\n", none, hit, hit / none);
    pass_print(&file.base, 4096, true);
    pass_print(&file.base, 1u << 20, true);
    pass_print(&file.base, 4096, false);
    pass_print(&file.base, 1u << 20, false);
    return cairn_blk_close(&file.base, NULL) != CAIRN_OK;
}
