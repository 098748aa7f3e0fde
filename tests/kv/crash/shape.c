/* SPDX-License-Identifier: ISC */
/* Stores, and what was done to them before sequences begin. */
#include "judge.h"
#include "picture.h"

#include <cairn/bytes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEAST JUDGE_MEM_BYTES

const struct shape shapes[] = {
    { .name = "fresh", .mem_bytes = LEAST },
    { .name = "used", .mem_bytes = LEAST, .rounds = 7 },
    { .name = "stepped, log full",
      .stepped = true,
      .mem_bytes = LEAST * 4,
      .rounds = 4,
      .fill_percent = 80 },
    { .name = "log half full",
      .mem_bytes = LEAST * 4,
      .rounds = 3,
      .snapshot = true,
      .fill_percent = 48 },
    { .name = "lazy", .lazy = true, .mem_bytes = LEAST, .rounds = 5 },
    { .name = "lazy, stepped",
      .lazy = true,
      .stepped = true,
      .mem_bytes = LEAST,
      .rounds = 4,
      .fill_percent = 48 },
    { .name = "three kept", .keep = 3, .mem_bytes = LEAST, .rounds = 5, .snapshot = true },
    { .name = "hardly any room", .mem_bytes = LEAST, .rounds = 2, .full = true },
};
const uint32_t shape_count = CAIRN_COUNT(shapes);

static void must(struct world *world, bool fine)
{
    if (fine) return;
    fprintf(stderr, "%s cannot be made: %s\n", world->shape->name, world->what);
    abort();
}

static void must_do(struct world *world, struct op op)
{
    must(world, world_do(world, &op));
}

/* What is written and removed, so that the search for free pages goes round and the ring turns. */
static void go_round(struct world *world, uint32_t round)
{
    must_do(world, (struct op){ .kind = OP_SET, .path = "a", .bytes = 5000 + round });
    must_do(world, (struct op){ .kind = OP_SET, .path = "b", .bytes = 65536 });
    must_do(world, (struct op){ .kind = OP_SET, .path = "d/c", .bytes = 400 });
    must_do(world, (struct op){ .kind = OP_CHECKPOINT });
    must_do(world, (struct op){ .kind = OP_SET, .path = "d/e", .bytes = 70000 });
    must_do(world, (struct op){ .kind = OP_WRITE, .path = "b", .bytes = 9000, .offset = 9000 });
    must_do(world, (struct op){ .kind = OP_REMOVE, .path = "d" });
    must_do(world, (struct op){ .kind = OP_CHECKPOINT });
}

static uint64_t usage_of(struct world *world, bool log)
{
    struct cairn_kv_native_usage usage;
    if (cairn_kv_native_usage(world->kv, &usage, NULL)) abort();
    return log ? usage.log_used_bytes : usage.free_pages;
}

/* The names differ, so that tree and overlay grow, too. */
static void log_fill(struct world *world)
{
    static char names[256][8];
    for (uint32_t i = 0; usage_of(world, true) < WORLD_LOG_BYTES / 100 * world->shape->fill_percent;
         i++) {
        snprintf(names[i % 256], sizeof names[0], "f/%u", (unsigned)(i % 256));
        must_do(world, (struct op){ .kind = OP_SET, .path = names[i % 256], .bytes = 900 });
    }
}

static void room_fill(struct world *world)
{
    static char names[16][8];
    for (uint32_t i = 0; i < 16 && usage_of(world, false) > 40; i++) {
        snprintf(names[i], sizeof names[0], "f/%u", (unsigned)i);
        must_do(world, (struct op){ .kind = OP_SET, .path = names[i], .bytes = 65536 });
    }
}

void world_make(struct world *world, const struct shape *shape, struct contents *contents)
{
    struct cairn_kv_native_format_options format = { .log_bytes = WORLD_LOG_BYTES,
                                                     .made_ns = WORLD_NS };
    memset(world, 0, sizeof *world);
    world->shape = shape;
    disk_make(&world->disk, contents);
    model_init(&world->model);
    cairn_clock_wall_fixed_init(&world->clock, WORLD_NS);
    world->mem = aligned_alloc(4096, shape->mem_bytes);
    memset(world->mem, 0, shape->mem_bytes);
    if (cairn_kv_native_format(&world->disk.base, &format, world->mem, shape->mem_bytes, NULL) ||
        world_open(world))
        abort();
    world->model.nodes[0].modified_ns = WORLD_NS;
    history_begin(world);
    must_do(world, (struct op){ .kind = OP_MAKE, .path = "z" });
    for (uint32_t i = 0; i < shape->rounds; i++)
        go_round(world, i);
    must_do(world, (struct op){ .kind = OP_ALLOCATE, .path = "r", .bytes = 8192 });
    if (shape->snapshot) must_do(world, (struct op){ .kind = OP_SNAPSHOT });
    if (shape->snapshot) go_round(world, 100);
    if (shape->rounds) must_do(world, (struct op){ .kind = OP_CHECKPOINT });
    if (shape->full) room_fill(world);
    if (shape->fill_percent) log_fill(world);
    if (cairn_kv_sync(world->kv, NULL)) abort();
}

void world_free(struct world *world)
{
    model_free(&world->model);
    free(world->mem);
    world->mem = NULL;
}
