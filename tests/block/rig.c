/* SPDX-License-Identifier: ISC */
#include "rig.h"

#include "nbd_server.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define SLICE_FIRST 8
#define RANGE_MAX 24

static void must(enum cairn_err err, const struct cairn_why *why)
{
    char text[1024];
    if (!err) return;
    cairn_why_text(why, text, sizeof text);
    fprintf(stderr, "rig: %s\n", text);
    abort();
}

static void *zeros(size_t bytes)
{
    void *memory = calloc(1, bytes);
    if (!memory) abort();
    return memory;
}

/* How each kind of file is opened; shm is one in memory. */
static const struct file_kind {
    const char *name;
    enum cairn_blk_file_io io;
    enum cairn_blk_file_direct direct;
} file_kinds[] = {
    { "file", CAIRN_BLK_IO_PREAD, CAIRN_BLK_DIRECT_OFF },
    { "shm", CAIRN_BLK_IO_PREAD, CAIRN_BLK_DIRECT_OFF },
    { "uring", CAIRN_BLK_IO_URING, CAIRN_BLK_DIRECT_OFF },
    { "direct", CAIRN_BLK_IO_AUTO, CAIRN_BLK_DIRECT_TRY },
    { "direct_pread", CAIRN_BLK_IO_PREAD, CAIRN_BLK_DIRECT_TRY },
};

static const struct file_kind *file_kind(const char *name)
{
    for (size_t i = 0; i < sizeof file_kinds / sizeof *file_kinds; i++)
        if (!strcmp(name, file_kinds[i].name)) return &file_kinds[i];
    fprintf(stderr, "rig: no device is called %s\n", name);
    abort();
}

static void open_file(struct rig *rig, const char *name, uint32_t block_bytes)
{
    struct cairn_why why = { 0 };
    struct cairn_blk_file_options options = { .block_bytes = block_bytes, .write = true };
    const char *tmp = getenv("TMPDIR");
    const char *dir = !strcmp(name, "shm") ? "/dev/shm" : tmp ? tmp : "/tmp";
    options.io = file_kind(name)->io;
    options.direct = file_kind(name)->direct;
    options.queue_depth = 4; /* so that batches are longer */
    char path[256];
    snprintf(path, sizeof path, "%s/cairn-rig-XXXXXX", dir);
    int fd = mkstemp(path);
    if (fd < 0 || ftruncate(fd, RIG_BYTES)) abort();
    must(cairn_blk_file_open(&rig->bottom.file, path, &options, &why), &why);
    unlink(path);
    close(fd);
    rig->dev = &rig->bottom.file.base;
}

static void open_mem(struct rig *rig, uint32_t block_bytes)
{
    struct cairn_why why = { 0 };
    rig->memory = zeros(RIG_BYTES);
    must(cairn_blk_mem_open(&rig->bottom.mem, rig->memory, block_bytes, RIG_BYTES / block_bytes,
                            &why),
         &why);
    rig->dev = &rig->bottom.mem.base;
}

static void open_sim(struct rig *rig, uint32_t block_bytes)
{
    rig->memory = zeros(RIG_BYTES);
    rig->sim = &rig->on_bottom;
    rig->log =
        sim_open(rig->sim, &rig->bottom.mem, rig->memory, block_bytes, RIG_BYTES / block_bytes);
    rig->dev = &rig->sim->base;
}

static void open_vdisk(struct rig *rig, bool packed, uint32_t block_bytes)
{
    rig->vdisk = zeros(sizeof *rig->vdisk);
    vdisk_open_usual(rig->vdisk, packed, block_bytes, RIG_BYTES);
    rig->dev = &rig->vdisk->dev.base;
}

/* All stacks share a server, so what the one before left is zeroed. */
static void open_nbd(struct rig *rig, uint32_t block_bytes)
{
    struct cairn_why why = { 0 };
    struct cairn_blk_nbd_options options = { .block_bytes = block_bytes, .write = true };
    const char *uri = nbd_server_shared(RIG_BYTES)->uri;
    must(cairn_blk_nbd_open(&rig->bottom.nbd, uri, &options, &why), &why);
    rig->dev = &rig->bottom.nbd.base;
    must(cairn_blk_zero(rig->dev, 0, rig->dev->info.block_count, &why), &why);
}

const char *rig_lacks(const char *stack)
{
    if (!strstr(stack, "nbd")) return NULL;
    if (!cairn_blk_nbd_version()) return "this build has no libnbd";
    return nbd_server_is_here() ? NULL : "nbdkit is not installed";
}

static void open_bottom(struct rig *rig, const char *name, uint32_t block_bytes)
{
    if (!strcmp(name, "mem")) {
        open_mem(rig, block_bytes);
    } else if (!strcmp(name, "sim")) {
        open_sim(rig, block_bytes);
    } else if (!strcmp(name, "strict")) {
        rig->memory = zeros(RIG_BYTES);
        strict_open(&rig->bottom.strict, rig->memory, block_bytes, RIG_BYTES / block_bytes);
        rig->dev = &rig->bottom.strict.base;
    } else if (!strcmp(name, "nbd")) {
        open_nbd(rig, block_bytes);
    } else if (!strncmp(name, "virtio-", 7)) {
        open_vdisk(rig, !strcmp(name, "virtio-packed"), block_bytes);
    } else {
        open_file(rig, name, block_bytes);
    }
}

static void open_blocksize(struct rig *rig, struct cairn_blk_resized *layer, uint32_t block_bytes)
{
    struct cairn_why why = { 0 };
    size_t bytes = cairn_blk_blocksize_mem(rig->dev, block_bytes);
    void *bounce = bytes ? zeros(bytes) : NULL;
    rig->bounces[rig->layer_count - 1] = bounce;
    must(cairn_blk_blocksize_open(layer, rig->dev, block_bytes, bounce, bytes, &why), &why);
    rig->dev = &layer->base;
}

/* Memory of the layer that is being opened. */
static void *layer_memory(struct rig *rig, size_t bytes)
{
    return rig->bounces[rig->layer_count - 1] = zeros(bytes);
}

/* A few pages, so that they are given up all the time. */
static void open_cache(struct rig *rig, struct cairn_blk_cache *layer, bool through)
{
    struct cairn_why why = { 0 };
    struct cairn_blk_cache_options options = { .write_through = through };
    size_t bytes = cairn_blk_cache_mem(rig->dev, &options, 8 * 4096);
    must(cairn_blk_cache_open(layer, rig->dev, &options, layer_memory(rig, bytes), bytes, &why),
         &why);
    rig->dev = &layer->base;
}

/* A device of memory as large as what is below, and behind it so many bytes of memory. */
static uint8_t *open_other(struct rig *rig, struct cairn_blk_mem *other, size_t bytes)
{
    struct cairn_why why = { 0 };
    const struct cairn_blk_info *info = &rig->dev->info;
    uint8_t *memory = layer_memory(rig, RIG_BYTES + bytes);
    must(cairn_blk_mem_open(other, memory, info->block_bytes, info->block_count, &why), &why);
    return memory + RIG_BYTES;
}

static void open_overlay(struct rig *rig, union rig_layer *layer)
{
    struct cairn_why why = { 0 };
    size_t bytes = 256u << 10;
    uint8_t *memory = open_other(rig, &layer->overlay.store, bytes);
    must(cairn_blk_overlay_open(&layer->overlay.dev, rig->dev, &layer->overlay.store.base, memory,
                                bytes, &why),
         &why);
    rig->dev = &layer->overlay.dev.base;
}

static void open_mirror(struct rig *rig, union rig_layer *layer)
{
    struct cairn_why why = { 0 };
    struct cairn_blk_mirror_options options = { .strict = true };
    size_t bytes = 256u << 10;
    uint8_t *memory = open_other(rig, &layer->mirror.other, bytes);
    struct cairn_blk *legs[] = { rig->dev, &layer->mirror.other.base };
    must(cairn_blk_mirror_open(&layer->mirror.dev, legs, 2, &options, memory, bytes, &why), &why);
    rig->dev = &layer->mirror.dev.base;
}

/* Few versions, so that they overflow all the time. */
static void open_sim_layer(struct rig *rig, struct cairn_blk_sim *layer)
{
    struct cairn_why why = { 0 };
    struct cairn_blk_sim_options options = { .versions = 20 };
    size_t bytes = cairn_blk_sim_mem(rig->dev, &options);
    must(cairn_blk_sim_open(layer, rig->dev, &options, layer_memory(rig, bytes), bytes, NULL, &why),
         &why);
    rig->dev = &layer->base;
}

static void open_stats(struct rig *rig, struct cairn_blk_stats *layer)
{
    struct cairn_why why = { 0 };
    must(cairn_blk_stats_open(layer, rig->dev, cairn_clock_mono_platform(), &why), &why);
    rig->dev = &layer->base;
}

static void open_trace(struct rig *rig, union rig_layer *layer)
{
    struct cairn_why why = { 0 };
    struct cairn_blk_trace_options options = { .stop_when_full = true };
    size_t bytes = cairn_blk_trace_mem(rig->dev, rig->dev);
    uint8_t *memory = open_other(rig, &layer->trace.log, bytes);
    must(cairn_blk_trace_open(&layer->trace.dev, rig->dev, &layer->trace.log.base, &options, memory,
                              bytes, &why),
         &why);
    rig->dev = &layer->trace.dev.base;
}

static void open_layer(struct rig *rig, const char *name)
{
    struct cairn_why why = { 0 };
    union rig_layer *layer = &rig->layers[rig->layer_count++];
    uint32_t block_bytes = rig->dev->info.block_bytes;
    if (!strcmp(name, "slice")) {
        uint64_t count = rig->dev->info.block_count - 2 * SLICE_FIRST;
        must(cairn_blk_slice_open(&layer->slice, rig->dev, SLICE_FIRST, count, "slice", &why),
             &why);
        rig->dev = &layer->slice.base;
    } else if (!strcmp(name, "readonly")) {
        must(cairn_blk_readonly_open(&layer->readonly, rig->dev, &why), &why);
        rig->dev = &layer->readonly.base;
    } else if (!strcmp(name, "cache") || !strcmp(name, "through")) {
        open_cache(rig, &layer->cache, !strcmp(name, "through"));
    } else if (!strcmp(name, "overlay")) {
        open_overlay(rig, layer);
    } else if (!strcmp(name, "mirror")) {
        open_mirror(rig, layer);
    } else if (!strcmp(name, "sim")) {
        open_sim_layer(rig, &layer->sim);
    } else if (!strcmp(name, "stats")) {
        open_stats(rig, &layer->stats);
    } else if (!strcmp(name, "trace")) {
        open_trace(rig, layer);
    } else {
        open_blocksize(rig, &layer->resized,
                       strcmp(name, "larger") ? block_bytes / 8 : block_bytes * 4);
    }
}

static void open_device(struct rig *rig, const char *name, uint32_t block_bytes)
{
    if (rig->dev)
        open_layer(rig, name);
    else
        open_bottom(rig, name, block_bytes);
    rig->devs[rig->dev_count++] = rig->dev;
}

void rig_open(struct rig *rig, const char *stack)
{
    char names[CAIRN_WHY_VIA_BYTES];
    *rig = (struct rig){ 0 };
    snprintf(names, sizeof names, "%s", stack);
    uint32_t block_bytes = strstr(names, "smaller") ? 4096 : 512;
    rig->no_flush = strstr(names, "overlay") != NULL;
    rig->hides = rig->no_flush || strstr(names, "cache") || strstr(names, "through") ||
                 strstr(names, "mirror");
    for (char *slash; (slash = strrchr(names, '/')); *slash = '\0')
        open_device(rig, slash + 1, block_bytes);
    open_device(rig, names, block_bytes);
    for (size_t i = rig->dev_count; i-- > 0;) {
        size_t len = strlen(rig->via);
        snprintf(rig->via + len, sizeof rig->via - len, "%s%s", len ? "/" : "", rig->devs[i]->name);
    }
    rig->model = zeros(RIG_BYTES);
}

void rig_close(struct rig *rig)
{
    while (rig->dev_count) {
        struct cairn_why why = { 0 };
        must(cairn_blk_close(rig->devs[--rig->dev_count], &why), &why);
    }
    for (size_t i = 0; i < rig->layer_count; i++)
        free(rig->bounces[i]);
    if (rig->vdisk) vdisk_free(rig->vdisk);
    free(rig->vdisk);
    free(rig->memory);
    free(rig->log);
    free(rig->model);
}

uint8_t *rig_alloc(const struct rig *rig, uint64_t blocks)
{
    size_t align = rig->dev->info.mem_align;
    uint8_t *memory = aligned_alloc(4096, 8192 + blocks * rig->dev->info.block_bytes / 4096 * 4096);
    if (!memory) abort();
    return memory + align;
}

void rig_free(const struct rig *rig, uint8_t *memory)
{
    free(memory - rig->dev->info.mem_align);
}

bool rig_matches(struct rig *rig, struct tape *tape)
{
    struct cairn_why why = { 0 };
    uint64_t count = rig->dev->info.block_count;
    uint8_t *data = rig_alloc(rig, count);
    enum cairn_err err = cairn_blk_read(rig->dev, 0, count, data, &why);
    uint64_t at = 0, bytes = cairn_blk_bytes(rig->dev);
    while (!err && at < bytes && data[at] == rig->model[at])
        at++;
    rig_free(rig, data);
    if (err) return tape_fail(tape, "reading it all: %s", why.what);
    return at == bytes || tape_fail(tape, "byte %llu differs", (unsigned long long)at);
}

bool rig_write(struct rig *rig, struct tape *tape, uint64_t block, uint64_t count)
{
    struct cairn_why why = { 0 };
    uint32_t block_bytes = rig->dev->info.block_bytes;
    uint8_t *data = rig_alloc(rig, count);
    uint8_t seed = (uint8_t)(1 + tape_u64(tape, 250));
    for (size_t i = 0; i < count * block_bytes; i++)
        data[i] = (uint8_t)(seed + i / block_bytes + i % 7);
    memcpy(rig->model + block * block_bytes, data, count * block_bytes);
    enum cairn_err err = cairn_blk_write(rig->dev, block, count, data, &why);
    rig_free(rig, data);
    return !err || tape_fail(tape, "write %llu+%llu: %s", (unsigned long long)block,
                             (unsigned long long)count, why.what);
}

void rig_draw_range(struct rig *rig, struct tape *tape, uint64_t *block, uint64_t *count)
{
    uint64_t all = rig->dev->info.block_count;
    *block = tape_u64(tape, all);
    uint64_t max = all - *block < RANGE_MAX ? all - *block : RANGE_MAX;
    *count = tape_u64(tape, max);
}
