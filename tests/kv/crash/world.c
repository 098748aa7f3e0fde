/* SPDX-License-Identifier: ISC */
#include "world.h"

#include "picture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TICK_NS INT64_C(1000)

/* ---- what may be there ----------------------------------------------------------------------- */

uint64_t history_hash(const struct history *history)
{
    uint64_t hash = 1;
    for (uint32_t i = 0; i < history->count; i++)
        hash = (hash ^ history->pictures[i]) * UINT64_C(0xD6E8FEB86659FD93);
    return hash;
}

bool history_has(const struct history *history, uint64_t picture)
{
    for (uint32_t i = 0; i < history->count; i++)
        if (history->pictures[i] == picture) return true;
    return false;
}

void history_begin(struct world *world)
{
    struct history *history = &world->history;
    uint64_t picture = picture_with(picture_of_model(&world->model), world->snapshot);
    if (history->count == HISTORY_MAX) abort();
    history->pictures[history->count++] = picture;
}

static void history_acknowledge(struct history *history)
{
    history->pictures[0] = history->pictures[history->count - 1];
    history->count = 1;
}

/* ---- doing ----------------------------------------------------------------------------------- */

static bool wrong(struct world *world, const struct expect *expect, enum cairn_err err)
{
    char text[128];
    cairn_why_text(&world->why, text, sizeof text);
    snprintf(world->what, sizeof world->what, "%s instead of %s: %s", cairn_err_name(err),
             expect_text(expect), err ? text : "");
    return false;
}

/* What was begun did not happen, and should have not, or the store is full. */
static bool taken_back(struct world *world, struct model *before, const struct expect *expect,
                       enum cairn_err err)
{
    if (!expect_met(expect, err) && err != CAIRN_ENOSPC) return wrong(world, expect, err);
    model_free(&world->model);
    model_copy(&world->model, before);
    world->history.count--;
    return true;
}

static bool do_change(struct world *world, const struct op *op, struct model *before)
{
    struct expect expect = op_expect(op, &world->model, world->stamp);
    history_begin(world);
    enum cairn_err err = op_change(op, world->kv, world->stamp, &world->why);
    if (err) return taken_back(world, before, &expect, err);
    if (!expect_met(&expect, err)) return wrong(world, &expect, err);
    if (!world->shape->lazy) history_acknowledge(&world->history);
    return true;
}

/* A part that is refused leaves the batch as it was. *full: it had no room in store or log. */
static bool do_part(struct world *world, const struct op *part, struct cairn_kv *batch, bool *full)
{
    uint32_t stamp = world->stamp + part->bytes;
    struct expect expect = op_expect(part, &world->model, stamp);
    enum cairn_err err = op_change(part, batch, stamp, &world->why);
    *full = *full || err == CAIRN_ENOSPC || err == CAIRN_ENOMEM;
    return *full || expect_met(&expect, err) || wrong(world, &expect, err);
}

static bool do_parts(struct world *world, const struct op *op, struct cairn_kv *batch, bool *full)
{
    char path[16];
    bool fine = true;
    for (const struct op *part = op->parts; part->path && fine && !*full; part++) {
        struct op one = *part;
        for (uint32_t i = 0; i < part->times && fine && !*full; i++) {
            snprintf(path, sizeof path, "%s/%u", part->path, (unsigned)i);
            one.path = path;
            fine = do_part(world, &one, batch, full);
        }
        if (!part->times) fine = do_part(world, part, batch, full);
    }
    return fine;
}

static bool do_batch(struct world *world, const struct op *op, struct model *before)
{
    static const struct expect fine = { .count = 0 };
    struct cairn_kv_batch batch;
    bool full = false;
    enum cairn_err err =
        cairn_kv_batch_begin(&batch, world->kv, op->sorted ? CAIRN_KV_SORTED : 0, &world->why);
    if (err) return wrong(world, &fine, err);
    if (!do_parts(world, op, &batch.kv, &full)) return false;
    history_begin(world);
    if (full) {
        cairn_kv_abort(&batch);
        return taken_back(world, before, &fine, CAIRN_ENOSPC);
    }
    err = cairn_kv_commit(&batch, 0, &world->why);
    if (err) return wrong(world, &fine, err);
    history_acknowledge(&world->history);
    return true;
}

static bool do_snapshot(struct world *world, bool make)
{
    struct cairn_kv_key name = cairn_kv_key("s");
    struct expect expect = { .count = 0 };
    uint64_t before = world->snapshot;
    if ((before != 0) == make)
        expect = (struct expect){ { make ? CAIRN_EEXIST : CAIRN_ENOENT }, 1 };
    if (!expect.count) world->snapshot = make ? picture_of_model(&world->model) : 0;
    history_begin(world);
    enum cairn_err err = make ? cairn_kv_snapshot_make(world->kv, name, &world->why)
                              : cairn_kv_snapshot_remove(world->kv, name, &world->why);
    if (!expect_met(&expect, err) && !(make && err == CAIRN_ENOSPC))
        return wrong(world, &expect, err);
    if (err) {
        world->snapshot = before;
        world->history.count--;
        return true;
    }
    history_acknowledge(&world->history);
    return true;
}

/* Of each block one of its versions. */
static void power_go(struct disk *disk, uint64_t seed)
{
    for (uint32_t i = 0; i < DISK_BLOCKS; i++) {
        seed = (seed ^ i) * UINT64_C(0xD6E8FEB86659FD93);
        if (disk->blocks[i].count > 1)
            disk_decide(disk, i, (uint32_t)(seed >> 40) % disk->blocks[i].count);
        disk->blocks[i].written = false;
    }
    disk->written_count = 0;
}

enum cairn_err world_open(struct world *world)
{
    const struct shape *shape = world->shape;
    struct cairn_kv_native_options options = { .stepped = shape->stepped,
                                               .lazy = shape->lazy,
                                               .keep = shape->keep,
                                               .clock = &world->clock.base };
    return cairn_kv_native_open(&world->kv, &world->disk.base, &options, world->mem,
                                shape->mem_bytes, &world->why);
}

/* Of a lazy store a cut leaves one of several states; the model has the newest. */
static bool do_reopen(struct world *world, bool cut)
{
    static const struct expect fine = { .count = 0 };
    if (cut && world->shape->lazy) return true;
    if (cut) power_go(&world->disk, world->stamp);
    enum cairn_err err = world_open(world);
    if (err) return wrong(world, &fine, err);
    history_acknowledge(&world->history);
    return true;
}

static bool do_other(struct world *world, enum op_kind kind)
{
    static const struct expect fine = { .count = 0 };
    bool more;
    enum cairn_err err = kind == OP_STEP ? cairn_kv_native_step(world->kv, &more, &world->why)
                         : kind == OP_CHECKPOINT
                             ? cairn_kv_native_checkpoint(world->kv, &world->why)
                             : cairn_kv_sync(world->kv, &world->why);
    if (err) return wrong(world, &fine, err);
    if (kind != OP_STEP) history_acknowledge(&world->history);
    return true;
}

static bool do_one(struct world *world, const struct op *op, struct model *before)
{
    if (op->kind == OP_BATCH) return do_batch(world, op, before);
    if (op->kind == OP_SNAPSHOT || op->kind == OP_SNAPSHOT_REMOVE)
        return do_snapshot(world, op->kind == OP_SNAPSHOT);
    if (op->kind == OP_DIE || op->kind == OP_CUT) return do_reopen(world, op->kind == OP_CUT);
    return op->path ? do_change(world, op, before) : do_other(world, op->kind);
}

bool world_do(struct world *world, const struct op *op)
{
    struct model before;
    if (world->history.count == HISTORY_MAX - 1 && !do_other(world, OP_SYNC)) return false;
    world->clock.ns += TICK_NS;
    world->model.now_ns = world->clock.ns;
    world->stamp++;
    model_copy(&before, &world->model);
    bool fine = do_one(world, op, &before);
    model_free(&before);
    return fine;
}

/* ---- keeping --------------------------------------------------------------------------------- */

void snapshot_keep(struct snapshot *snapshot, const struct world *world)
{
    if (!snapshot->world) {
        snapshot->world = malloc(sizeof *snapshot->world);
        snapshot->mem = malloc(world->shape->mem_bytes);
    } else {
        model_free(&snapshot->model);
    }
    memcpy(snapshot->world, world, sizeof *world);
    memcpy(snapshot->mem, world->mem, world->shape->mem_bytes);
    model_copy(&snapshot->model, &world->model);
}

void snapshot_back(const struct snapshot *snapshot, struct world *world)
{
    model_free(&world->model);
    memcpy(world, snapshot->world, sizeof *world);
    memcpy(world->mem, snapshot->mem, world->shape->mem_bytes);
    model_copy(&world->model, &snapshot->model);
}

void snapshot_free(struct snapshot *snapshot)
{
    if (!snapshot->world) return;
    model_free(&snapshot->model);
    free(snapshot->world);
    free(snapshot->mem);
    memset(snapshot, 0, sizeof *snapshot);
}
