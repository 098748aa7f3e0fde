/* SPDX-License-Identifier: ISC */
/*
 * What is served: a device or a partition of it, and on that, from below, the layers that were
 * asked for: sim, trace, statistics.
 */
#ifndef CAIRN_SERVE_STACK_H
#define CAIRN_SERVE_STACK_H

#include <cairn/blk_open.h>
#include <cairn/blk_sim.h>
#include <cairn/blk_stats.h>
#include <cairn/blk_trace.h>
#include <cairn/image.h>

struct serve_options {
    const char *place; /* IMAGE[:PART] */
    bool write;
    bool stats;
    const char *sim;   /* a plan, as cairn_blk_sim_plan_parse reads it; NULL: nothing fails */
    const char *trace; /* the log's file, which must not exist; NULL: no log */
};

struct serve_stack {
    struct cairn_blk *dev; /* the top; NULL: not open */
    struct cairn_image_place place;
    struct cairn_blk_any disk; /* a whole device, whatever it holds */
    struct cairn_image *image; /* or a partition of one */
    struct cairn_blk_sim sim;
    struct cairn_blk_any log;
    struct cairn_blk_trace trace;
    struct cairn_blk_stats stats;
    void *mem[2]; /* of sim and of trace; NULL where there is none */
};

/* Open all of it. The stack is not to be moved while it is open.
 *   CAIRN_EINVAL  the place names something in a volume, the plan is none
 *   CAIRN_EEXIST  the log's file is there already
 *   else what the device's opening says, or finding the partition */
enum cairn_err serve_stack_open(struct serve_stack *stack, const struct serve_options *options,
                                struct cairn_why *why) CAIRN_MUST_USE;

/* Close all of it, from the top, and flush the device; the log's file gets the length of the log.
 * The first failure. */
enum cairn_err serve_stack_close(struct serve_stack *stack, struct cairn_why *why) CAIRN_MUST_USE;

/* Could it be opened? The device is, and closed again; the plan is read, and there is no log yet.
 */
enum cairn_err serve_options_check(const struct serve_options *options,
                                   struct cairn_why *why) CAIRN_MUST_USE;

#endif
