/* SPDX-License-Identifier: ISC */
#include "explore.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct op last = { .kind = OP_CHECKPOINT };

/* ---- telling --------------------------------------------------------------------------------- */

static size_t tell(struct explorer *e, size_t at, const char *text)
{
    size_t left = sizeof e->what - at;
    int more = snprintf(e->what + at, left, "%s\n", text);
    return at + ((size_t)more < left ? (size_t)more : left - 1);
}

static bool broken(struct explorer *e, const char *what)
{
    char text[256];
    size_t at = tell(e, 0, e->world.shape->name);
    for (uint32_t i = 0; i < e->depth; i++) {
        op_text(e->path[i], text, sizeof text);
        at = tell(e, at, text);
    }
    if (e->closing) at = tell(e, at, "and a checkpoint");
    snprintf(text, sizeof text, "flush %u:", (unsigned)e->world.disk.flushes);
    at = tell(e, at, text);
    tell(e, at, what);
    return false;
}

/* ---- one operation --------------------------------------------------------------------------- */

static void at_flush(void *ctx)
{
    struct explorer *e = ctx;
    (void)judge_cut(&e->judge, &e->world.disk, &e->world.history);
}

static bool did(struct explorer *e, const struct op *op)
{
    bool fine = world_do(&e->world, op);
    if (e->judge.broken) return broken(e, e->judge.what);
    if (!fine) return broken(e, e->world.what);
    if (e->world.disk.written_count) at_flush(e);
    return e->judge.broken ? broken(e, e->judge.what) : true;
}

bool explorer_do(struct explorer *e, const struct op *op)
{
    if (e->depth < EXPLORE_DEPTH_MAX) e->path[e->depth++] = op;
    e->sequences++;
    return did(e, op);
}

/* ---- all sequences --------------------------------------------------------------------------- */

/* Behind the path, after which the world is as it was. */
static bool close_up(struct explorer *e)
{
    snapshot_keep(&e->snapshots[e->depth], &e->world);
    e->closing = true;
    if (!did(e, &last)) return false;
    e->closing = false;
    snapshot_back(&e->snapshots[e->depth], &e->world);
    return true;
}

bool explorer_all(struct explorer *e, const struct alphabet *a, uint32_t first, uint32_t depth)
{
    uint32_t next[EXPLORE_DEPTH_MAX + 1] = { first };
    snapshot_keep(&e->snapshots[0], &e->world);
    for (;;) {
        bool over = next[e->depth] >= (e->depth ? a->count : first + 1);
        if (e->depth < depth && !over) {
            if (!explorer_do(e, &a->ops[next[e->depth]++]) || !close_up(e)) return false;
            next[e->depth] = 0;
            continue;
        }
        if (!e->depth) return true;
        e->depth--;
        snapshot_back(&e->snapshots[e->depth], &e->world);
    }
}

/* ---- making ---------------------------------------------------------------------------------- */

void explorer_make(struct explorer *e, const struct shape *shape, uint32_t depth)
{
    memset(e, 0, sizeof *e);
    contents_make(&e->contents);
    world_make(&e->world, shape, &e->contents);
    judge_make(&e->judge, &e->contents);
    e->judge.depth = depth;
    e->judge.keep = shape->keep;
    e->world.disk.at_flush = at_flush;
    e->world.disk.ctx = e;
}

void explorer_free(struct explorer *e)
{
    for (uint32_t i = 0; i <= EXPLORE_DEPTH_MAX; i++)
        snapshot_free(&e->snapshots[i]);
    judge_free(&e->judge);
    world_free(&e->world);
    contents_free(&e->contents);
}
