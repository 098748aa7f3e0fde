/* SPDX-License-Identifier: ISC */
#include "args.h"
#include "cmd.h"
#include "json.h"
#include "layout.h"
#include "out.h"

#include <cairn/blk_open.h>
#include <cairn/bytes.h>
#include <stdio.h>
#include <string.h>

enum { PLAN, DIRTY, QUIET, JSON };
static const struct tool_option options[] = {
    { "plan", 'n', NULL, "what would be done, and the limits; writes nothing" },
    { "dirty", 0, NULL, "free lost clusters of a volume that was not unmounted" },
    { "quiet", 'q', NULL, "do not say what was done" },
    { "json", 0, NULL, "JSON: sizes, limits, clusters moved" },
    { NULL, 0, NULL, NULL },
};

struct resize {
    struct tool_layout layout;
    uint64_t bytes;
    bool min, max;
    bool is_file;  /* the image has no partitions, and its size follows the volume's */
    bool has_tail; /* but something that is not zero lies behind the volume: it stays */
};

static uint64_t volume_bytes(const struct cairn_fat_geometry *geo)
{
    return (uint64_t)geo->total_sectors * geo->sector_bytes;
}

/* ---- the image ------------------------------------------------------------------------------- */

/* Has the image no partitions, and can it become longer and shorter? */
static bool image_is_file(struct cairn_image *image)
{
    struct cairn_blk *disk = cairn_image_disk(image);
    return cairn_image_blk(image) == disk && disk->info.resize != CAIRN_BLK_ABSENT;
}

static enum cairn_err image_resize(struct resize *resize, uint64_t bytes, struct cairn_why *why)
{
    struct cairn_blk *disk = cairn_image_disk(resize->layout.image);
    uint64_t blocks = cairn_div_up(bytes, disk->info.block_bytes);
    if (!resize->is_file || blocks == disk->info.block_count) return CAIRN_OK;
    if (resize->has_tail && blocks < disk->info.block_count) return CAIRN_OK;
    return cairn_blk_resize(disk, blocks, why);
}

static enum cairn_err blocks_look(struct cairn_blk *dev, uint64_t at, uint64_t count, bool *zero,
                                  struct cairn_why *why)
{
    static uint8_t buffer[1u << 16];
    uint32_t step = (uint32_t)sizeof buffer / dev->info.block_bytes;
    for (uint64_t end = at + count; at < end && *zero; at += step) {
        uint64_t blocks = cairn_min_u64(step, end - at);
        enum cairn_err err = cairn_blk_read(dev, at, blocks, buffer, why);
        if (err) return err;
        size_t bytes = (size_t)blocks * dev->info.block_bytes;
        *zero = buffer[0] == 0 && memcmp(buffer, buffer + 1, bytes - 1) == 0;
    }
    return CAIRN_OK;
}

/* Are the bytes [from, to) of the image zeros, as far as it has them? */
static enum cairn_err tail_look(struct cairn_blk *disk, uint64_t from, uint64_t to, bool *zero,
                                struct cairn_why *why)
{
    uint64_t at = cairn_div_up(from, disk->info.block_bytes);
    uint64_t end = cairn_min_u64(to / disk->info.block_bytes, disk->info.block_count);
    *zero = true;
    while (at < end && *zero) {
        struct cairn_blk_extent extent;
        size_t used;
        enum cairn_err err = cairn_blk_extents(disk, at, end - at, &extent, 1, &used, why);
        if (!err && extent.data) err = blocks_look(disk, at, extent.count, zero, why);
        if (err) return err;
        at += extent.count;
    }
    return CAIRN_OK;
}

/* What lies behind the volume may be someone's: it is not written over, and not cut off. */
static enum cairn_err tail_check(struct resize *resize, struct cairn_why *why)
{
    struct cairn_blk *disk = cairn_image_disk(resize->layout.image);
    uint64_t before = volume_bytes(&resize->layout.result.before);
    uint64_t after = volume_bytes(&resize->layout.result.after);
    bool covered_zero, zero;
    enum cairn_err err = tail_look(disk, before, after, &covered_zero, why);
    if (!err) err = tail_look(disk, cairn_max_u64(before, after), UINT64_MAX, &zero, why);
    if (err) return err;
    resize->has_tail = !zero;
    if (covered_zero) return CAIRN_OK;
    (void)cairn_why_fail(why, CAIRN_EEXIST, "what lies behind the volume is not zero");
    cairn_why_hint(why, "if nothing needs it, `truncate -s %llu` cuts it off",
                   (unsigned long long)before);
    return CAIRN_EEXIST;
}

/* ---- sizes ----------------------------------------------------------------------------------- */

static enum cairn_err plan_make(struct resize *resize, struct cairn_why *why)
{
    struct tool_layout *layout = &resize->layout;
    bool plan_only = layout->options.plan_only;
    layout->options.plan_only = true;
    enum cairn_err err = tool_layout_resize(layout, resize->bytes, why);
    layout->options.plan_only = plan_only;
    return err;
}

/* "min" and "max" are known when the volume was looked at. */
static enum cairn_err size_find(struct resize *resize, struct cairn_why *why)
{
    struct tool_layout *layout = &resize->layout;
    if (!resize->min && !resize->max) return CAIRN_OK;
    enum cairn_err err = plan_make(resize, why);
    uint64_t device = cairn_blk_bytes(layout->dev), most = layout->result.most_bytes;
    resize->bytes = resize->min ? layout->result.least_bytes : device < most ? device : most;
    return err;
}

/* Only an image file becomes longer. */
static enum cairn_err room_check(const struct resize *resize, struct cairn_why *why)
{
    uint64_t there = cairn_blk_bytes(resize->layout.dev);
    if (resize->is_file || resize->bytes <= there) return CAIRN_OK;
    (void)cairn_why_fail(why, CAIRN_ENOSPC, "there is room for %llu bytes only",
                         (unsigned long long)there);
    cairn_why_hint(why, "`max` takes all of it; `cairn part resize` makes a partition larger");
    return CAIRN_ENOSPC;
}

/* The image is as long as the volume needs at any time, whatever became of the change. */
static enum cairn_err volume_resize(struct resize *resize, uint64_t before, struct cairn_why *why)
{
    struct tool_layout *layout = &resize->layout;
    enum cairn_err err = tool_layout_resize(layout, resize->bytes, why);
    uint64_t after = volume_bytes(&layout->result.after);
    if (err && after < before) after = before;
    enum cairn_err cutting = image_resize(resize, after, err ? NULL : why);
    return err ? err : cutting;
}

/* A file is made longer, and cut, only when that will do. */
static enum cairn_err resize_run(struct resize *resize, struct cairn_why *why)
{
    uint64_t before = cairn_blk_bytes(resize->layout.dev);
    bool plan_only = resize->layout.options.plan_only;
    enum cairn_err err = size_find(resize, why);
    if (!err) err = room_check(resize, why);
    if (!err && (resize->is_file || plan_only)) err = plan_make(resize, why);
    if (!err && resize->is_file) err = tail_check(resize, why);
    if (err || plan_only) return err;
    if (resize->bytes > before) err = image_resize(resize, resize->bytes, why);
    return err ? err : volume_resize(resize, before, why);
}

/* ---- telling --------------------------------------------------------------------------------- */

static void tell_json(const struct resize *resize)
{
    const struct cairn_fat_layout_result *result = &resize->layout.result;
    struct tool_json json = { 0 };
    tool_json_open(&json, NULL, '{');
    tool_json_str(&json, "place", resize->layout.text);
    tool_json_u64(&json, "type", result->before.type);
    tool_json_u64(&json, "bytes_before", volume_bytes(&result->before));
    tool_json_u64(&json, "bytes", volume_bytes(&result->after));
    tool_json_u64(&json, "least_bytes", result->least_bytes);
    tool_json_u64(&json, "most_bytes", result->most_bytes);
    tool_json_u64(&json, "cluster_bytes", result->after.cluster_bytes);
    tool_json_u64(&json, "clusters_before", result->before.cluster_count);
    tool_json_u64(&json, "clusters", result->after.cluster_count);
    tool_json_u64(&json, "fat_sectors_before", result->before.fat_sectors);
    tool_json_u64(&json, "fat_sectors", result->after.fat_sectors);
    tool_json_u64(&json, "moved_clusters", result->moved_clusters);
    tool_json_u64(&json, "freed_clusters", result->freed_clusters);
    tool_json_bool(&json, "keeps_tail", resize->has_tail);
    tool_json_close(&json, '}');
}

/* Said in any case: the image is not as long as was asked. */
static void tell_tail(const struct resize *resize)
{
    if (resize->has_tail)
        tool_note("%s: stays as long as it is: what lies behind the volume is not zero",
                  resize->layout.text);
}

static void tell(const struct resize *resize)
{
    const struct cairn_fat_layout_result *result = &resize->layout.result;
    bool plan = resize->layout.options.plan_only;
    char before[TOOL_TEXT_BYTES], after[TOOL_TEXT_BYTES];
    tool_name_put(stdout, resize->layout.text);
    printf(": FAT%u, %s (%u clusters) to %s (%u clusters)%s; %llu cluster%s %s\n",
           (unsigned int)result->before.type, tool_size_text(volume_bytes(&result->before), before),
           result->before.cluster_count, tool_size_text(volume_bytes(&result->after), after),
           result->after.cluster_count,
           result->after.fat_sectors > result->before.fat_sectors ? ", with a larger FAT" : "",
           (unsigned long long)result->moved_clusters, result->moved_clusters == 1 ? "" : "s",
           plan ? "to move" : "moved");
    if (!plan) return;
    printf("least %llu bytes (%s), most %llu bytes (%s)\n", (unsigned long long)result->least_bytes,
           tool_size_text(result->least_bytes, before), (unsigned long long)result->most_bytes,
           tool_size_text(result->most_bytes, after));
}

static enum tool_status run(const struct tool_args *args)
{
    struct resize resize = { .bytes = 0 };
    struct cairn_why why = { 0 };
    const char *size = args->operands[1];
    bool plan = tool_has(args, PLAN), quiet = tool_has(args, QUIET);
    resize.min = strcmp(size, "min") == 0;
    resize.max = strcmp(size, "max") == 0;
    bool is_size = cairn_size_parse(size, &resize.bytes) == CAIRN_OK && resize.bytes > 0;
    if (!resize.min && !resize.max && !is_size)
        return tool_usage(args->verb, "'%s' is no size, such as 64M or 1.5G, nor min or max", size);
    resize.layout.options.plan_only = plan;
    resize.layout.options.dirty = tool_has(args, DIRTY);
    enum tool_status status = tool_layout_begin(&resize.layout, args, "Resizing", !plan, quiet);
    if (status) return status;
    resize.is_file = image_is_file(resize.layout.image);
    enum cairn_err err = resize_run(&resize, &why);
    status = tool_layout_end(&resize.layout, err, &why);
    if (!status) tell_tail(&resize);
    if (status || quiet) return status;
    if (tool_has(args, JSON))
        tell_json(&resize);
    else
        tell(&resize);
    return TOOL_DONE;
}

const struct tool_verb tool_verb_resize = {
    .name = "resize",
    .summary = "Make a volume larger or smaller",
    .operands = "IMAGE[:PART] SIZE|min|max",
    .options = options,
    .details =
        "An image file that is one volume gets the same size, unless something that is not zero\n"
        "lies behind it: that is neither cut off nor written over. A partition stays as it is,\n"
        "and so does a device: the volume then takes part of it, `max` all. The kind of FAT\n"
        "stays, and with it the limits, which --plan shows. A power cut does no harm: the same\n"
        "again goes on from there.",
    .example =
        "  cairn resize disk.img 2G\n"
        "  cairn resize disk.img:1 max\n"
        "  cairn resize --plan disk.img min",
    .operands_least = 2,
    .operands_most = 2,
    .run = run,
};
