/* SPDX-License-Identifier: ISC */
/* What a stack is made of above its bottom. */
#include "rig.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLICE_FIRST 8

/* Memory of the layer that is being opened. */
static void *layer_memory(struct rig *rig, size_t bytes)
{
    return rig->bounces[rig->layer_count - 1] = rig_zeros(bytes);
}

/* A few pages, so that they are given up all the time. */
static void open_cache(struct rig *rig, union rig_layer *layer, bool through)
{
    struct cairn_why why = { 0 };
    struct cairn_blk_cache_options options = { .write_through = through };
    size_t bytes = cairn_blk_cache_mem(rig->dev, &options, 8 * 4096);
    rig_must(cairn_blk_cache_open(&layer->cache, rig->dev, &options, layer_memory(rig, bytes),
                                  bytes, &why),
             &why);
    rig->dev = &layer->cache.base;
}

static void open_back(struct rig *rig, union rig_layer *layer)
{
    open_cache(rig, layer, false);
}

static void open_through(struct rig *rig, union rig_layer *layer)
{
    open_cache(rig, layer, true);
}

/* A device of memory as large as what is below, and behind it so many bytes of memory. */
static uint8_t *open_other(struct rig *rig, struct cairn_blk_mem *other, size_t bytes)
{
    struct cairn_why why = { 0 };
    const struct cairn_blk_info *info = &rig->dev->info;
    uint8_t *memory = layer_memory(rig, RIG_BYTES + bytes);
    rig_must(cairn_blk_mem_open(other, memory, info->block_bytes, info->block_count, &why), &why);
    return memory + RIG_BYTES;
}

static void open_overlay(struct rig *rig, union rig_layer *layer)
{
    struct cairn_why why = { 0 };
    size_t bytes = 256u << 10;
    uint8_t *memory = open_other(rig, &layer->overlay.store, bytes);
    rig_must(cairn_blk_overlay_open(&layer->overlay.dev, rig->dev, &layer->overlay.store.base,
                                    memory, bytes, &why),
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
    rig_must(cairn_blk_mirror_open(&layer->mirror.dev, legs, 2, &options, memory, bytes, &why),
             &why);
    rig->dev = &layer->mirror.dev.base;
}

/* Few versions, so that they overflow all the time. */
static void open_sim(struct rig *rig, union rig_layer *layer)
{
    struct cairn_why why = { 0 };
    struct cairn_blk_sim_options options = { .versions = 20 };
    size_t bytes = cairn_blk_sim_mem(rig->dev, &options);
    rig_must(cairn_blk_sim_open(&layer->sim, rig->dev, &options, layer_memory(rig, bytes), bytes,
                                NULL, &why),
             &why);
    rig->sim = &layer->sim;
    rig->dev = &layer->sim.base;
}

static void open_stats(struct rig *rig, union rig_layer *layer)
{
    struct cairn_why why = { 0 };
    rig_must(cairn_blk_stats_open(&layer->stats, rig->dev, cairn_clock_mono_platform(), &why),
             &why);
    rig->dev = &layer->stats.base;
}

static void open_trace(struct rig *rig, union rig_layer *layer)
{
    struct cairn_why why = { 0 };
    struct cairn_blk_trace_options options = { .stop_when_full = true };
    size_t bytes = cairn_blk_trace_mem(rig->dev, rig->dev);
    uint8_t *memory = open_other(rig, &layer->trace.log, bytes);
    rig_must(cairn_blk_trace_open(&layer->trace.dev, rig->dev, &layer->trace.log.base, &options,
                                  memory, bytes, &why),
             &why);
    rig->dev = &layer->trace.dev.base;
}

static void open_slice(struct rig *rig, union rig_layer *layer)
{
    struct cairn_why why = { 0 };
    uint64_t count = rig->dev->info.block_count - 2 * SLICE_FIRST;
    rig_must(cairn_blk_slice_open(&layer->slice, rig->dev, SLICE_FIRST, count, "slice", &why),
             &why);
    rig->dev = &layer->slice.base;
}

static void open_readonly(struct rig *rig, union rig_layer *layer)
{
    struct cairn_why why = { 0 };
    rig_must(cairn_blk_readonly_open(&layer->readonly, rig->dev, &why), &why);
    rig->dev = &layer->readonly.base;
}

static void open_blocksize(struct rig *rig, union rig_layer *layer, uint32_t block_bytes)
{
    struct cairn_why why = { 0 };
    size_t bytes = cairn_blk_blocksize_mem(rig->dev, block_bytes);
    void *bounce = bytes ? layer_memory(rig, bytes) : NULL;
    rig_must(cairn_blk_blocksize_open(&layer->resized, rig->dev, block_bytes, bounce, bytes, &why),
             &why);
    rig->dev = &layer->resized.base;
}

static void open_larger(struct rig *rig, union rig_layer *layer)
{
    open_blocksize(rig, layer, rig->dev->info.block_bytes * 4);
}

static void open_smaller(struct rig *rig, union rig_layer *layer)
{
    open_blocksize(rig, layer, rig->dev->info.block_bytes / 8);
}

static const struct layer_kind {
    const char *name;
    void (*open)(struct rig *rig, union rig_layer *layer);
    bool hides, no_flush; /* as in struct rig */
} layer_kinds[] = {
    { "slice", open_slice, false, false },   { "readonly", open_readonly, false, true },
    { "larger", open_larger, false, false }, { "smaller", open_smaller, false, false },
    { "cache", open_back, true, false },     { "through", open_through, true, false },
    { "overlay", open_overlay, true, true }, { "mirror", open_mirror, true, false },
    { "sim", open_sim, false, false },       { "stats", open_stats, false, false },
    { "trace", open_trace, false, false },   { "replay", rig_open_replay, false, false },
};

static const struct layer_kind *kind_of(const char *name)
{
    for (size_t i = 0; i < sizeof layer_kinds / sizeof *layer_kinds; i++)
        if (!strcmp(name, layer_kinds[i].name)) return &layer_kinds[i];
    fprintf(stderr, "rig: no layer is called %s\n", name);
    abort();
}

static void open_faulty(struct rig *rig, union rig_layer *layer, const struct fault *fault)
{
    faulty_open(&layer->faulty, rig->dev, fault);
    if (fault->front) rig->submit = fault->front;
    rig->dev = &layer->faulty.base;
}

void rig_open_layer(struct rig *rig, const char *name)
{
    union rig_layer *layer = &rig->layers[rig->layer_count++];
    const struct fault *fault = fault_named(name);
    if (fault) {
        open_faulty(rig, layer, fault);
        return;
    }
    const struct layer_kind *kind = kind_of(name);
    const struct cairn_blk_sim *sim_before = rig->sim;
    kind->open(rig, layer);
    bool is_sim = rig->sim != sim_before;
    rig->hides = !is_sim && (rig->hides || kind->hides);
    rig->no_flush = !is_sim && (rig->no_flush || kind->no_flush);
    if (is_sim) rig->failing_at = rig->dev_count;
}
