/* SPDX-License-Identifier: ISC */
#include "stack.h"

#include <cairn/bytes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SIM_BYTES (UINT32_C(128) << 20) /* of unflushed blocks that a cut may still lose */
#define LOG_BYTES (UINT64_C(1) << 42)   /* of a sparse file, cut to what was used */

enum { MEM_SIM, MEM_TRACE };

static enum cairn_err mem_take(struct serve_stack *stack, int which, size_t bytes,
                               struct cairn_why *why)
{
    stack->mem[which] = malloc(bytes);
    if (stack->mem[which]) return CAIRN_OK;
    return cairn_why_fail(why, CAIRN_ENOMEM, "take %zu bytes of memory", bytes);
}

static enum cairn_err not_empty(const struct serve_stack *stack, struct cairn_why *why)
{
    if (stack->dev->info.block_count) return CAIRN_OK;
    enum cairn_err err = cairn_why_fail(why, CAIRN_EINVAL, "there is nothing in it to serve");
    cairn_why_path(why, stack->dev->name, strlen(stack->dev->name));
    cairn_why_hint(why, "give it a size first: truncate -s 64M FILE");
    return err;
}

/* A device as a whole is opened without a look at its partition table, which may be what a client
 * is going to mend. */
static enum cairn_err bottom_open(struct serve_stack *stack, const struct serve_options *options,
                                  struct cairn_why *why)
{
    struct cairn_image_place *place = &stack->place;
    struct cairn_image_open_options open = { .write = options->write };
    struct cairn_blk_file_options file = { .write = options->write };
    enum cairn_err err = cairn_image_place_parse(options->place, place, why);
    if (err) return err;
    if (place->path[strspn(place->path, "/")])
        return cairn_why_fail(why, CAIRN_EINVAL, "only a whole device or partition is served");
    err = place->part[0] ? cairn_image_open_device(&stack->image, place, &open, why)
                         : cairn_blk_open(&stack->disk, place->image, &file, why);
    if (err) return err;
    stack->dev = stack->image ? cairn_image_blk(stack->image) : stack->disk.dev;
    return not_empty(stack, why);
}

static enum cairn_err sim_open(struct serve_stack *stack, const char *text, struct cairn_why *why)
{
    struct cairn_blk_sim_plan plan;
    struct cairn_blk_sim_options options = { .versions = SIM_BYTES / stack->dev->info.block_bytes,
                                             .clock = cairn_clock_mono_platform() };
    size_t bytes = cairn_blk_sim_mem(stack->dev, &options);
    enum cairn_err err = cairn_blk_sim_plan_parse(&plan, text, why);
    if (!err) err = mem_take(stack, MEM_SIM, bytes, why);
    if (!err)
        err = cairn_blk_sim_open(&stack->sim, stack->dev, &options, stack->mem[MEM_SIM], bytes,
                                 &plan, why);
    if (!err) stack->dev = &stack->sim.base;
    return err;
}

/* Above sim: a log of what clients were told, whatever sim made of it. */
static enum cairn_err trace_open(struct serve_stack *stack, const char *path, struct cairn_why *why)
{
    struct cairn_blk_file_options options = { .block_bytes = stack->dev->info.block_bytes,
                                              .write = true,
                                              .create = true,
                                              .create_bytes = LOG_BYTES };
    enum cairn_err err = cairn_blk_open(&stack->log, path, &options, why);
    if (err) return err;
    size_t bytes = cairn_blk_trace_mem(stack->dev, stack->log.dev);
    err = mem_take(stack, MEM_TRACE, bytes, why);
    if (!err)
        err = cairn_blk_trace_open(&stack->trace, stack->dev, stack->log.dev, NULL,
                                   stack->mem[MEM_TRACE], bytes, why);
    if (!err) stack->dev = &stack->trace.base;
    return err;
}

static enum cairn_err stats_open(struct serve_stack *stack, struct cairn_why *why)
{
    enum cairn_err err =
        cairn_blk_stats_open(&stack->stats, stack->dev, cairn_clock_mono_platform(), why);
    if (!err) stack->dev = &stack->stats.base;
    return err;
}

enum cairn_err serve_stack_open(struct serve_stack *stack, const struct serve_options *options,
                                struct cairn_why *why)
{
    *stack = (struct serve_stack){ .dev = NULL };
    enum cairn_err err = bottom_open(stack, options, why);
    if (!err && options->sim) err = sim_open(stack, options->sim, why);
    if (!err && options->trace) err = trace_open(stack, options->trace, why);
    if (!err && options->stats) err = stats_open(stack, why);
    if (!err) return CAIRN_OK;
    enum cairn_err closed = serve_stack_close(stack, NULL);
    (void)closed; /* it is the opening that is told */
    return err;
}

enum cairn_err serve_options_check(const struct serve_options *options, struct cairn_why *why)
{
    struct serve_stack stack;
    struct cairn_blk_sim_plan plan;
    struct serve_options bottom = { .place = options->place, .write = options->write };
    enum cairn_err err =
        options->sim ? cairn_blk_sim_plan_parse(&plan, options->sim, why) : CAIRN_OK;
    if (!err && options->trace && access(options->trace, F_OK) == 0) {
        err = cairn_why_fail(why, CAIRN_EEXIST, "make the log");
        cairn_why_path(why, options->trace, strlen(options->trace));
    }
    if (!err) err = serve_stack_open(&stack, &bottom, why);
    return err ? err : serve_stack_close(&stack, why);
}

/* ---- closing ------------------------------------------------------------------------------- */

/* The first failure, and its explanation, stay. */
static void layer_close(struct cairn_blk *layer, enum cairn_err *err, struct cairn_why *why)
{
    if (!layer->ops) return;
    enum cairn_err next = cairn_blk_close(layer, *err ? NULL : why);
    if (!*err) *err = next;
}

static void any_close(struct cairn_blk_any *any, enum cairn_err *err, struct cairn_why *why)
{
    if (!any->dev) return;
    enum cairn_err next = cairn_blk_any_close(any, *err ? NULL : why);
    if (!*err) *err = next;
}

static void log_close(struct serve_stack *stack, enum cairn_err *err, struct cairn_why *why)
{
    layer_close(&stack->trace.base, err, why);
    if (stack->trace.base.ops && !*err)
        *err = cairn_blk_resize(stack->log.dev, stack->trace.next, why);
    any_close(&stack->log, err, why);
}

/* The flush is no client's: layers do not see it. */
static void bottom_close(struct serve_stack *stack, enum cairn_err *err, struct cairn_why *why)
{
    struct cairn_blk *bottom = stack->image ? cairn_image_blk(stack->image) : stack->disk.dev;
    enum cairn_err next = CAIRN_OK;
    if (bottom && !bottom->info.read_only) next = cairn_blk_flush(bottom, *err ? NULL : why);
    if (!*err) *err = next;
    if (stack->image) next = cairn_image_close(stack->image, *err ? NULL : why);
    if (!*err) *err = next;
    any_close(&stack->disk, err, why);
}

enum cairn_err serve_stack_close(struct serve_stack *stack, struct cairn_why *why)
{
    enum cairn_err err = CAIRN_OK;
    layer_close(&stack->stats.base, &err, why);
    log_close(stack, &err, why);
    layer_close(&stack->sim.base, &err, why);
    bottom_close(stack, &err, why);
    for (size_t i = 0; i < CAIRN_COUNT(stack->mem); i++)
        free(stack->mem[i]);
    *stack = (struct serve_stack){ .dev = NULL };
    return err;
}
