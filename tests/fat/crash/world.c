/* SPDX-License-Identifier: ISC */
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define START_NS (INT64_C(1700000000) * CAIRN_NS_PER_SEC)

struct world *world_new(void)
{
    struct world *world = calloc(1, sizeof *world);
    world->mem = aligned_alloc(4096, WORLD_MEM_MAX);
    return world;
}

void world_free(struct world *world)
{
    free(world->mem);
    free(world);
}

/* ---- doing ----------------------------------------------------------------------------------- */

enum cairn_err world_mount(struct world *world)
{
    struct cairn_fat_options options = { .clock = &world->clock.base,
                                         .timer = &world->timer.base,
                                         .on_dirty = CAIRN_FAT_DIRTY_WRITE };
    return cairn_fat_mount(&world->fs, &world->disk.base, &options, world->mem, world->mem_bytes,
                           &world->why);
}

enum cairn_err world_unmount(struct world *world)
{
    if (world->scene.held) cairn_fat_release(world->scene.held);
    world->scene.held = NULL;
    enum cairn_err err = cairn_fat_unmount(world->fs, &world->why);
    world->fs = NULL;
    if (!err) promise_synced(&world->promise);
    return err;
}

/* What became of a file that an operation did not do with as it should. */
static void failure_learn(struct world *world, const struct promise *before, const struct op *op)
{
    struct cairn_fat_node *node;
    struct cairn_fat_stat stat = { .size = 0 };
    bool there = !cairn_fat_walk(world->fs, op->path, strlen(op->path), &node, NULL);
    if (there && cairn_fat_stat(node, &stat, NULL)) abort();
    if (there) cairn_fat_release(node);
    promise_failed(&world->promise, before, op, there, (uint32_t)stat.size);
}

enum cairn_err world_do(struct world *world, const struct op *op)
{
    struct promise before = world->promise;
    bool is_quick = op->kind == OP_REWRITE || op->kind == OP_SYNC; /* so that no time is changed */
    if (!is_quick) world->clock.ns += 2 * CAIRN_NS_PER_SEC;
    uint64_t flushes = world->disk.flushes;
    promise_before(&world->promise, op);
    enum cairn_err err = op_do(op, world->fs, &world->scene, &world->why);
    if (!err && (op->kind == OP_SYNC || op->kind == OP_IDLE)) promise_synced(&world->promise);
    if (world->disk.flushes != flushes)
        promise_flushed(&world->promise);
    else if (!err)
        promise_quietly(&world->promise, op);
    if (err != CAIRN_ENOSPC) return err;
    failure_learn(world, &before, op);
    return CAIRN_OK;
}

/* ---- making ---------------------------------------------------------------------------------- */

static void must(enum cairn_err err, const struct shape *shape, const struct world *world)
{
    char text[512];
    if (!err) return;
    cairn_why_text(&world->why, text, sizeof text);
    fprintf(stderr, "%s cannot be made: %s\n", shape->name, text);
    abort();
}

/* Slots of a directory's first cluster that are used. */
static uint32_t slots_used(const struct world *world, uint32_t sector)
{
    uint32_t blocks = cairn_fat_geometry(world->fs)->sector_bytes / DISK_BLOCK, used = 0;
    while (disk_block(&world->disk, sector * blocks + used / 16)[used % 16 * 32])
        used++;
    return used;
}

static enum cairn_err edge_fill(struct world *world, const char *dir, uint32_t sector)
{
    struct op op = { .kind = OP_APPEND, .path = shape_filler(dir, slots_used(world, sector)) };
    return world_do(world, &op);
}

static enum cairn_err edges_fill(struct world *world, const struct shape *shape)
{
    const struct cairn_fat_geometry *g = cairn_fat_geometry(world->fs);
    struct cairn_fat_node *dir;
    struct cairn_fat_stat stat;
    if (!shape->edge) return CAIRN_OK;
    enum cairn_err err = cairn_fat_sync(world->fs, &world->why);
    if (!err) err = cairn_fat_walk(world->fs, "dir", 3, &dir, &world->why);
    if (err) return err;
    err = cairn_fat_stat(dir, &stat, &world->why);
    cairn_fat_release(dir);
    if (!err) err = edge_fill(world, "", g->root_sectors ? g->root_start : g->data_start);
    if (err) return err;
    return edge_fill(world, "dir/", g->data_start + (stat.first_cluster - 2) * g->cluster_sectors);
}

void world_make(struct world *world, const struct shape *shape, struct image *image)
{
    struct op op;
    world->mem_bytes = shape->sector_bytes == DISK_BLOCK ? 128u << 10 : WORLD_MEM_MAX;
    shape_image(shape, image);
    disk_start(&world->disk, image);
    promise_start(&world->promise, shape->cluster_sectors * shape->sector_bytes);
    cairn_clock_wall_fixed_init(&world->clock, START_NS);
    cairn_clock_mono_fixed_init(&world->timer, 0);
    world->scene = (struct op_scene){ .promise = &world->promise, .timer = &world->timer };
    must(world_mount(world), shape, world);
    for (uint32_t i = 0; shape_filling(shape, i, &op); i++)
        must(world_do(world, &op), shape, world);
    must(edges_fill(world, shape), shape, world);
    must(world_unmount(world), shape, world);
    disk_settle(&world->disk, image);
    if (shape->stale) shape_stale(image);
    disk_start(&world->disk, image);
}

/* ---- keeping --------------------------------------------------------------------------------- */

void snapshot_free(struct snapshot *snapshot)
{
    free(snapshot->world);
    free(snapshot->mem);
}

static size_t world_bytes(const struct disk *disk)
{
    return offsetof(struct world, disk) + disk_bytes(disk);
}

void snapshot_keep(struct snapshot *snapshot, const struct world *world)
{
    if (!snapshot->world) {
        snapshot->world = malloc(sizeof(struct world));
        snapshot->mem = malloc(WORLD_MEM_MAX);
    }
    memcpy(snapshot->world, world, world_bytes(&world->disk));
    memcpy(snapshot->mem, world->mem, world->mem_bytes);
}

void snapshot_back(const struct snapshot *snapshot, struct world *world)
{
    const struct world *kept = (const struct world *)(const void *)snapshot->world;
    memcpy(world, kept, world_bytes(&kept->disk));
    memcpy(world->mem, snapshot->mem, world->mem_bytes);
}
