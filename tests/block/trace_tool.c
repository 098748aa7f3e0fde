/* SPDX-License-Identifier: ISC */
/*
 * trace_tool record SEED DISK LOG [BLOCK_BYTES]   do drawn requests to DISK, through a trace to LOG
 * trace_tool replay LOG DISK [COUNT | MARK]       do to DISK what LOG says, all of it or up to
 * there
 */
#include <cairn/blk_file.h>
#include <cairn/blk_trace.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEPS 300
#define COUNT_MAX 32u

static struct cairn_why why;

static void must(enum cairn_err err)
{
    char text[1024];
    if (!err) return;
    cairn_why_text(&why, text, sizeof text);
    fprintf(stderr, "trace_tool: %s\n", text);
    exit(1);
}

static void open_file(struct cairn_blk_file *file, const char *path, uint32_t block_bytes)
{
    struct cairn_blk_file_options options = { .block_bytes = block_bytes, .write = true };
    must(cairn_blk_file_open(file, path, &options, &why));
}

static uint64_t draw(uint64_t limit)
{
    static uint64_t state;
    if (!state) state = limit | 1;
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (state >> 33) % limit;
}

static void step(struct cairn_blk_trace *trace, uint8_t *data)
{
    struct cairn_blk *dev = &trace->base;
    uint64_t block = draw(dev->info.block_count - COUNT_MAX), count = 1 + draw(COUNT_MAX);
    switch (draw(8)) {
    case 0:
        must(cairn_blk_flush(dev, &why));
        return;
    case 1:
        must(cairn_blk_discard(dev, block, count, &why));
        return;
    case 2:
        must(cairn_blk_zero(dev, block, count, &why));
        return;
    default:
        memset(data, (int)draw(256), count * dev->info.block_bytes);
        must(cairn_blk_write(dev, block, count, data, &why));
    }
}

static void record(uint64_t seed, const char *disk_path, const char *log_path, uint32_t block_bytes)
{
    static struct cairn_blk_file disk, log;
    struct cairn_blk_trace trace;
    open_file(&disk, disk_path, block_bytes);
    open_file(&log, log_path, block_bytes);
    size_t bytes = cairn_blk_trace_mem(&disk.base, &log.base);
    void *mem = malloc(bytes);
    uint8_t *data = malloc((size_t)COUNT_MAX * block_bytes);
    must(cairn_blk_trace_open(&trace, &disk.base, &log.base, NULL, mem, bytes, &why));
    (void)draw(seed + 1);
    for (int i = 0; i < STEPS; i++)
        step(&trace, data);
    must(cairn_blk_trace_mark(&trace, "done", &why));
    must(cairn_blk_close(&trace.base, &why));
    must(cairn_blk_close(&log.base, &why));
    must(cairn_blk_close(&disk.base, &why));
    free(data);
    free(mem);
}

static void replay(const char *log_path, const char *disk_path, const char *to)
{
    static struct cairn_blk_file disk, log;
    struct cairn_blk_replay replay;
    struct cairn_blk_replay_entry entry;
    struct cairn_blk_replay_stop stop = { 0 };
    open_file(&log, log_path, 512);
    open_file(&disk, disk_path, 512);
    void *mem = malloc(cairn_blk_replay_mem());
    if (to && (stop.count = strtoull(to, NULL, 10)) == 0) stop.mark = to;
    must(cairn_blk_replay_open(&replay, &log.base, mem, cairn_blk_replay_mem(), &why));
    enum cairn_err err = cairn_blk_replay_until(&replay, &disk.base, &stop, &entry, &why);
    if (err != CAIRN_ENOENT || to) must(err);
    printf("%llu of %llu entries\n", (unsigned long long)replay.number,
           (unsigned long long)replay.entries);
    must(cairn_blk_close(&disk.base, &why));
    must(cairn_blk_close(&log.base, &why));
    free(mem);
}

int main(int argc, char **argv)
{
    if (argc >= 5 && !strcmp(argv[1], "record")) {
        record(strtoull(argv[2], NULL, 10), argv[3], argv[4],
               argc > 5 ? (uint32_t)strtoul(argv[5], NULL, 10) : 512);
        return 0;
    }
    if (argc < 4 || strcmp(argv[1], "replay") != 0) return 2;
    replay(argv[2], argv[3], argc > 4 ? argv[4] : NULL);
    return 0;
}
