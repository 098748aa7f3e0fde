/* SPDX-License-Identifier: ISC */
/*
 * What the crash order costs: 10,000 files in 200 folders, 63 MB, into an image that already holds
 * as many, a sync at the end; in order, and without any. The two take turns, on an image file in
 * the folder that is named.
 */
#include <cairn/blk_file.h>
#include <cairn/fat.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define IMAGE_BYTES ((uint64_t)512 << 20)
#define FOLDERS 200u
#define FILES 10000u
#define FILE_BYTES 6300u
#define MEMORY ((size_t)64 << 20)
#define ROUNDS 9u

static struct cairn_why why;
static uint8_t content[2 * FILE_BYTES];
static void *memory;

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void must(enum cairn_err err)
{
    if (!err) return;
    char text[512];
    cairn_why_text(&why, text, sizeof text);
    fprintf(stderr, "order: %s\n", text);
    exit(1);
}

/* FILES files in FOLDERS folders whose names begin with `what`. */
static void tree_write(struct cairn_fat *fs, const char *what)
{
    struct cairn_fat_node *root = cairn_fat_root(fs), *dir, *file;
    char name[64];
    for (unsigned folder = 0; folder < FOLDERS; folder++) {
        int len = snprintf(name, sizeof name, "%s %u", what, folder);
        must(cairn_fat_mkdir(root, name, (size_t)len, &dir, &why));
        for (unsigned i = folder; i < FILES; i += FOLDERS) {
            size_t bytes = FILE_BYTES / 2 + i * 7919u % FILE_BYTES, done;
            len = snprintf(name, sizeof name, "file-%u.dat", i);
            must(cairn_fat_create(dir, name, (size_t)len, &file, &why));
            must(cairn_fat_write(file, 0, content, bytes, &done, &why));
            cairn_fat_release(file);
        }
        cairn_fat_release(dir);
    }
    cairn_fat_release(root);
}

struct cost {
    double ms;
    uint64_t flushes, drains;
};

/* Fill an image, then time what is copied into it. */
static struct cost copy_into(const char *path, bool no_order)
{
    struct cairn_blk_file_options how = { .write = true,
                                          .create = true,
                                          .create_bytes = IMAGE_BYTES };
    struct cairn_fat_format_options shape = { .type = CAIRN_FAT32, .cluster_bytes = 4096 };
    struct cairn_fat_options options = { .no_order = no_order };
    struct cairn_fat_geometry geometry;
    struct cairn_fat_usage usage;
    struct cairn_fat *fs;
    struct cairn_blk_file file;
    struct cairn_blk *dev = &file.base;
    unlink(path);
    must(cairn_blk_file_open(&file, path, &how, &why));
    must(cairn_fat_format(dev, &shape, memory, MEMORY, &geometry, &why));
    must(cairn_fat_mount(&fs, dev, &options, memory, MEMORY, &why));
    tree_write(fs, "before");
    must(cairn_fat_unmount(fs, &why));
    must(cairn_fat_mount(&fs, dev, &options, memory, MEMORY, &why));
    double from = now_ms();
    tree_write(fs, "copied");
    must(cairn_fat_sync(fs, &why));
    struct cost cost = { .ms = now_ms() - from };
    must(cairn_fat_usage(fs, &usage, &why));
    cost.flushes = usage.flushes;
    cost.drains = usage.drains;
    must(cairn_fat_unmount(fs, &why));
    must(cairn_blk_close(dev, &why));
    unlink(path);
    return cost;
}

static int by_time(const void *a, const void *b)
{
    double x = ((const struct cost *)a)->ms, y = ((const struct cost *)b)->ms;
    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    struct cost runs[2][ROUNDS];
    char path[4096];
    if (argc != 3) return 2;
    snprintf(path, sizeof path, "%s/order.img", argv[1]);
    memory = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memset(content, 'x', sizeof content);
    for (unsigned round = 0; round < ROUNDS; round++)
        for (unsigned kind = 0; kind < 2; kind++)
            runs[kind][round] = copy_into(path, kind == 1);
    for (unsigned kind = 0; kind < 2; kind++)
        qsort(runs[kind], ROUNDS, sizeof runs[kind][0], by_time);
    struct cost in = runs[0][ROUNDS / 2], out = runs[1][ROUNDS / 2];
    printf(
        "  %-24s in order %7.1f ms, %llu flushes (%llu drains); without %7.1f ms, %llu; x %.2f\n",
        argv[2], in.ms, (unsigned long long)in.flushes, (unsigned long long)in.drains, out.ms,
        (unsigned long long)out.flushes, in.ms / out.ms);
    return 0;
}
