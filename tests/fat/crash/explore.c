/* SPDX-License-Identifier: ISC */
#include "explore.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- telling --------------------------------------------------------------------------------- */

static size_t tell(struct explorer *e, size_t at, const char *text)
{
    size_t left = sizeof e->what - at;
    int more = snprintf(e->what + at, left, "%s\n", text);
    return at + ((size_t)more < left ? (size_t)more : left - 1);
}

static bool broken(struct explorer *e, const char *where, const char *what)
{
    char text[512];
    size_t at = tell(e, 0, e->shape->name);
    for (uint32_t i = 0; i < e->depth; i++) {
        op_text(&e->path[i], text, sizeof text);
        at = tell(e, at, text);
    }
    if (e->settling) at = tell(e, at, "sync, unmount");
    snprintf(text, sizeof text, "flush %u, %s:", (unsigned)e->world->disk.flushes, where);
    tell(e, tell(e, at, text), what);
    e->broken = true;
    return false;
}

/* ---- one cut --------------------------------------------------------------------------------- */

/* Which versions there are of what was read. */
static void ways_text(const struct after *after, char *text, size_t bytes)
{
    size_t at = (size_t)snprintf(text, bytes, "blocks");
    for (uint32_t i = 0; i < after->choice_at && at < bytes; i++) {
        const struct after_choice *choice = &after->choices[i];
        at += (size_t)snprintf(text + at, bytes - at, " %u:%u/%u",
                               (unsigned)after->disk->image->block_of[choice->live], choice->option,
                               after->blocks[choice->live].count);
    }
}

static uint64_t salt_of(const struct explorer *e)
{
    uint64_t shape = (uint64_t)(e->shape - shapes) + 1;
    return promise_hash(&e->world->promise) + shape * UINT64_C(0xA0761D6478BD642F);
}

/* One way of a cut. false: broken. */
static bool cut_judge(struct explorer *e)
{
    char ways[256];
    bool fine = judge_cut(&e->judge, e->after, &e->world->promise);
    if (e->after->pruned) return true;
    e->counts.states++;
    if (fine) return true;
    ways_text(e->after, ways, sizeof ways);
    return broken(e, ways, e->judge.what);
}

/* As many again as were gone through. */
static void cut_draw(struct explorer *e)
{
    e->counts.drawn_cuts++;
    for (uint64_t i = 0; i < e->states_max; i++) {
        after_draw(e->after, (e->counts.drawn_cuts << 32) + i + 1);
        if (!cut_judge(e)) return;
    }
}

static void cut(struct explorer *e)
{
    if (e->broken) return;
    e->counts.cuts++;
    if (!after_start(e->after, &e->world->disk, &e->memo, salt_of(e))) return;
    uint64_t first = e->counts.states;
    do {
        if (!cut_judge(e)) return;
        if (e->states_max && e->counts.states - first == e->states_max) {
            cut_draw(e);
            return;
        }
    } while (after_next(e->after));
}

static void cut_at_flush(void *ctx)
{
    cut(ctx);
}

/* The volume was synced or unmounted: nothing is open. */
static bool settled(struct explorer *e, bool is_clean)
{
    if (e->world->disk.version_count) return broken(e, "synced", "not all of it is flushed");
    if (!after_start(e->after, &e->world->disk, &e->memo, salt_of(e) + is_clean)) return true;
    e->counts.states++;
    if (e->shape->stale) is_clean = false; /* it was dirty when it was mounted, and stays so */
    bool fine = is_clean ? judge_clean(&e->judge, e->after, &e->world->promise)
                         : judge_cut(&e->judge, e->after, &e->world->promise);
    return fine ? true : broken(e, is_clean ? "unmounted" : "synced", e->judge.what);
}

/* ---- one operation --------------------------------------------------------------------------- */

static bool did(struct explorer *e, enum cairn_err err)
{
    char text[512];
    if (e->broken) return false;
    if (!err) return true;
    cairn_why_text(&e->world->why, text, sizeof text);
    return broken(e, "it fails", text);
}

static bool settle(struct explorer *e)
{
    static const struct op sync = { .kind = OP_SYNC };
    e->settling = true;
    if (!did(e, world_do(e->world, &sync)) || !settled(e, false)) return false;
    if (!did(e, world_unmount(e->world)) || !settled(e, true)) return false;
    e->settling = false;
    return true;
}

bool explorer_do(struct explorer *e, const struct op *op)
{
    e->path[e->depth++] = *op;
    e->counts.sequences++;
    if (!did(e, world_do(e->world, op))) return false;
    if (e->world->disk.version_count) cut(e);
    if (e->broken) return false;
    snapshot_keep(&e->snapshots[e->depth], e->world);
    if (!settle(e)) return false;
    snapshot_back(&e->snapshots[e->depth], e->world);
    return true;
}

/* ---- all sequences --------------------------------------------------------------------------- */

static uint32_t alike_number(const struct alphabet *a, const char *path)
{
    for (uint32_t i = 0; path && i < a->alike_count; i++)
        if (strcmp(a->alike[i], path) == 0) return i;
    return a->alike_count;
}

/* Names that are alike come in their order. used: how many were; false: this op breaks it. */
static bool in_order(const struct alphabet *a, const struct op *op, uint32_t *used)
{
    const char *const paths[] = { op->path, op->to };
    for (uint32_t i = 0; i < 2; i++) {
        uint32_t number = alike_number(a, paths[i]);
        if (number == a->alike_count || number < *used) continue;
        if (number > *used) return false;
        ++*used;
    }
    return true;
}

/* Where the sequence stands at each depth: the next operation to try, and names used before. */
struct turn {
    uint32_t next, used;
};

static bool turn_take(struct explorer *e, const struct alphabet *a, struct turn *turns)
{
    struct turn *turn = &turns[e->depth];
    const struct op *op = &a->ops[turn->next++];
    uint32_t used = turn->used;
    if (!in_order(a, op, &used) || !promise_fits(&e->world->promise, op)) return true;
    if (!explorer_do(e, op)) return false;
    turns[e->depth] = (struct turn){ 0, used };
    return true;
}

bool explorer_all(struct explorer *e, const struct alphabet *a, uint32_t first, uint32_t depth)
{
    struct turn turns[EXPLORE_DEPTH_MAX + 1] = { { first, 0 } };
    snapshot_keep(&e->snapshots[0], e->world);
    for (;;) {
        bool over = turns[e->depth].next >= (e->depth ? a->count : first + 1);
        if (e->depth < depth && !over) {
            if (!turn_take(e, a, turns)) return false;
            continue;
        }
        if (!e->depth) return true;
        e->depth--;
        snapshot_back(&e->snapshots[e->depth], e->world);
    }
}

/* ---- making ---------------------------------------------------------------------------------- */

void explorer_make(struct explorer *e)
{
    memset(e, 0, sizeof *e);
    e->world = world_new();
    e->after = calloc(1, sizeof *e->after);
    memo_make(&e->memo);
    judge_make(&e->judge, &e->memo);
}

void explorer_free(struct explorer *e)
{
    judge_free(&e->judge);
    memo_free(&e->memo);
    for (uint32_t i = 0; i <= EXPLORE_DEPTH_MAX; i++)
        snapshot_free(&e->snapshots[i]);
    free(e->after);
    world_free(e->world);
    if (e->shape) image_free(&e->image);
}

void explorer_shape(struct explorer *e, const struct shape *shape)
{
    if (e->shape) image_free(&e->image);
    if (e->shape != shape) {
        memo_free(&e->memo);
        memo_make(&e->memo);
    }
    e->shape = shape;
    e->depth = 0;
    e->settling = false;
    e->judge.is_full = shape->clusters < 12;
    e->judge.torn_entries = shape->type == CAIRN_FAT12 && shape->clusters > 341;
    world_make(e->world, shape, &e->image);
    e->world->disk.at_flush = cut_at_flush;
    e->world->disk.ctx = e;
    if (world_mount(e->world)) abort();
}
