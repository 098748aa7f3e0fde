/* SPDX-License-Identifier: ISC */
/* layers: nanoseconds of a checked 512-byte read in memory through layers, the least of many
 * rounds, beside a bare memcpy. */
#include <cairn/blk_layers.h>
#include <cairn/blk_mem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BLOCKS 64u
#define READS 200000u
#define ROUNDS 40
#define LAYERS_MAX 8

static uint8_t memory[(BLOCKS + 2 * LAYERS_MAX) * 512], data[512];

static double now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static double round_bare(void)
{
    double start = now_ns();
    for (unsigned i = 0; i < READS; i++) {
        memcpy(data, memory + (i & (BLOCKS - 1)) * 512u, 512);
        __asm__ volatile("" : : "r"(data) : "memory");
    }
    return (now_ns() - start) / READS;
}

static double round_device(struct cairn_blk *dev)
{
    double start = now_ns();
    for (unsigned i = 0; i < READS; i++)
        if (cairn_blk_read(dev, i & (BLOCKS - 1), 1, data, NULL)) abort();
    return (now_ns() - start) / READS;
}

static double least(struct cairn_blk *dev)
{
    double best = 1e9;
    for (int i = 0; i < ROUNDS; i++) {
        double ns = dev ? round_device(dev) : round_bare();
        if (ns < best) best = ns;
    }
    return best;
}

int main(void)
{
    struct cairn_blk_mem mem;
    struct cairn_blk_slice slices[LAYERS_MAX];
    if (cairn_blk_mem_open(&mem, memory, 512, sizeof memory / 512, NULL)) return 1;
    struct cairn_blk *dev = &mem.base;
    double first = least(dev);
    printf("memcpy    %6.1f ns\n0 layers  %6.1f ns\n", least(NULL), first);
    for (unsigned i = 0; i < LAYERS_MAX; i++) {
        if (cairn_blk_slice_open(&slices[i], dev, 1, dev->info.block_count - 2, "slice", NULL))
            return 1;
        dev = &slices[i].base;
        if (i != 0 && i != 3 && i != 7) continue;
        double ns = least(dev);
        printf("%u layers  %6.1f ns  x %.2f\n", i + 1, ns, ns / first);
    }
    return 0;
}
