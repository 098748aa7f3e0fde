/* SPDX-License-Identifier: ISC */
#include "cut.h"

#include "after_cut.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SAMPLES 20u /* of the ways, when there are too many */
#define ALL_WAYS 5u /* sectors whose every way is tried */
#define CHECK_BYTES (1u << 20)

/* ---- what a cut may leave -------------------------------------------------------------------- */

static bool is_allowed(const struct script *script, enum cairn_fat_fault fault)
{
    struct after_cut done = { script->labelled, script->renamed, script->recased };
    return after_cut_allows(done, fault);
}

static bool fault_report(void *ctx, const struct cairn_fat_finding *finding)
{
    struct cut *cut = ctx;
    if (finding->severity == CAIRN_FAT_NOTE || is_allowed(&cut->script, finding->fault))
        return true;
    snprintf(cut->what, sizeof cut->what, "%s: %s", finding->path, finding->text);
    return false;
}

static bool check_agrees(struct cut *cut)
{
    struct cairn_fat_check_options options = { .report = fault_report, .ctx = cut };
    struct cairn_fat_check_result result;
    return cairn_fat_check(&cut->after.base, &options, cut->mem, CHECK_BYTES, &result, NULL) ==
           CAIRN_OK;
}

static bool mount_agrees(struct cut *cut)
{
    struct cairn_fat_options options = { .read_only = true };
    struct cairn_why why = { .err = CAIRN_OK };
    struct cairn_fat *fs;
    const char *path = NULL;
    enum cairn_err err =
        cairn_fat_mount(&fs, &cut->after.base, &options, cut->mem, CHECK_BYTES, &why);
    if (err) {
        snprintf(cut->what, sizeof cut->what, "does not mount: %s", why.what);
        return false;
    }
    bool whole = script_survives(&cut->script, fs, &path);
    if (!whole) snprintf(cut->what, sizeof cut->what, "%s was synced and is not whole", path);
    err = cairn_fat_unmount(fs, NULL);
    return whole && !err;
}

/* ---- the ways -------------------------------------------------------------------------------- */

static uint8_t *block_at(uint8_t *image, const struct cut *cut, uint32_t i)
{
    return image + (size_t)cut->blocks[i] * cut->rig.geometry.sector_bytes;
}

static void blocks_note(struct cut *cut)
{
    struct cairn_blk_sim *sim = &cut->rig.dev.sim;
    uint32_t bytes = cut->rig.geometry.sector_bytes;
    uint64_t block;
    cut->blocks = calloc(sim->base.info.block_count, sizeof *cut->blocks);
    cut->count = 0;
    for (uint32_t cursor = 0; cairn_blk_sim_unflushed(sim, &cursor, &block);)
        cut->blocks[cut->count++] = (uint32_t)block;
    cut->old = malloc((size_t)cut->count * bytes + 1);
    for (uint32_t i = 0; i < cut->count; i++)
        if (cairn_blk_sim_version(sim, cut->blocks[i], 0, cut->old + (size_t)i * bytes, NULL))
            abort();
}

static uint32_t random_next(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 16;
}

/* Block i as it was, as it was to be, or half of each. */
static void block_decide(struct cut *cut, uint32_t i, uint32_t fate)
{
    uint32_t bytes = cut->rig.geometry.sector_bytes, half = bytes / 2;
    uint8_t *at = block_at(cut->after_bytes, cut, i);
    const uint8_t *old = cut->old + (size_t)i * bytes;
    const uint8_t *new = block_at(cut->rig.bytes, cut, i);
    memcpy(at, fate == 0 ? old : new, bytes);
    if (fate == 2) memcpy(at + half, old + half, bytes - half);
}

/* Way 0: all lost; 1: all kept; then every subset, or random ones, a third of them with tears. */
static void way_decide(struct cut *cut, uint32_t way, uint32_t *state)
{
    bool tears = cut->rig.geometry.sector_bytes > 512;
    for (uint32_t i = 0; i < cut->count; i++) {
        uint32_t fate = way < 2 ? way : random_next(state) % (tears && way % 3 == 0 ? 3 : 2);
        if (way >= 2 && cut->count <= ALL_WAYS) fate = (way - 1) >> i & 1;
        block_decide(cut, i, fate);
    }
}

static uint32_t way_count(const struct cut *cut)
{
    if (cut->count <= ALL_WAYS) return (1u << cut->count) + 1;
    return 2 + SAMPLES;
}

static enum cut_outcome ways_try(struct cut *cut, uint64_t event)
{
    uint32_t state = (uint32_t)event, way = 0;
    const struct cairn_blk_sim *sim = &cut->rig.dev.sim;
    bool held = true;
    blocks_note(cut);
    cut->after_bytes = malloc(cut->rig.dev_bytes);
    memcpy(cut->after_bytes, cut->rig.bytes, cut->rig.dev_bytes);
    if (cairn_blk_mem_open(&cut->after, cut->after_bytes, sim->base.info.block_bytes,
                           sim->base.info.block_count, NULL))
        abort();
    for (; held && way < way_count(cut); way++) {
        way_decide(cut, way, &state);
        held = mount_agrees(cut) && check_agrees(cut);
    }
    if (cairn_blk_close(&cut->after.base, NULL)) abort();
    free(cut->blocks);
    free(cut->old);
    free(cut->after_bytes);
    return held ? CUT_HELD : CUT_BROKEN;
}

enum cut_outcome cut_at(struct cut *cut, const struct rig_shape *shape,
                        const struct script_step *steps, uint64_t event)
{
    struct rig_shape on_sim = *shape;
    enum cut_outcome outcome = CUT_ENDED;
    on_sim.on_sim = true;
    cut->script = (struct script){ .sync = shape->sync };
    rig_make(&cut->rig, &on_sim);
    sim_live_until(&cut->rig.dev.sim, event);
    cut->err = rig_mount(&cut->rig);
    if (!cut->err) cut->err = script_run(&cut->script, cut->rig.fs, steps, &cut->rig.why);
    if (cut->rig.fs && rig_unmount(&cut->rig)) cut->err = CAIRN_EIO;
    cut->events = cut->rig.dev.sim.state.events;
    if (cut->rig.dev.sim.state.is_cut) outcome = ways_try(cut, event);
    rig_free(&cut->rig);
    return outcome;
}

struct cut *cut_new(void)
{
    struct cut *cut = calloc(1, sizeof *cut);
    cut->mem = malloc(CHECK_BYTES);
    return cut;
}

void cut_free(struct cut *cut)
{
    free(cut->mem);
    free(cut);
}
