/* SPDX-License-Identifier: ISC */
/* test-fat-stress OPERATIONS SEED - random operations on volumes of all kinds with a model beside
 * each, with remounts and power cuts; repair and a new model after each cut. What it did is
 * printed.
 */
#include "volume_property.h"
#include "volume_recover.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TAPE_BYTES 24000u
#define EVENTS_SOON 100u /* until a cut */
#define EVENTS_LATE 5000u

static struct {
    uint64_t episodes, operations, remounts, syncs, cuts, survived;
} done;

/* Power goes after some events, sometimes after many. */
static void cut_plan(struct walk *w)
{
    uint64_t most = tape_pick(w->tape, 4) ? EVENTS_SOON : EVENTS_LATE;
    cairn_blk_sim_cut(&w->rig.dev.sim, 1 + tape_u64(w->tape, most));
}

static bool cut_borne(struct walk *w, struct synced *synced)
{
    done.cuts++;
    tape_note(w->tape, "power is gone");
    if (!walk_recover(w, synced, (uint32_t)tape_u64(w->tape, UINT32_MAX))) return false;
    synced->count = 0;
    cut_plan(w);
    return true;
}

/* What fails is a fault, unless power went. */
static bool step(struct walk *w, struct synced *synced)
{
    bool syncs = tape_pick(w->tape, 16) == 0;
    w->risks = 0;
    bool agrees = syncs ? walk_sync(w, synced) : walk_step(w);
    done.operations++;
    done.syncs += syncs;
    if (!w->rig.dev.sim.state.is_cut) return agrees;
    return cut_borne(w, synced);
}

static bool ends(struct walk *w)
{
    sim_calm(&w->rig.dev.sim);
    for (size_t i = 0; i < WALK_HELD; i++)
        walk_drop(w, &w->held[i]);
    if (!walk_wanted(w, "unmount", rig_unmount(&w->rig), CAIRN_OK)) return false;
    if (!rig_check(&w->rig, CAIRN_FAT_MINOR)) return tape_fail(w->tape, "%s", w->rig.finding);
    if (!walk_wanted(w, "mount", rig_mount(&w->rig), CAIRN_OK)) return false;
    return walk_tree_agrees(w);
}

static bool episode(struct tape *tape)
{
    struct walk w = { .tape = tape };
    struct synced synced = { 0 };
    struct rig_shape shape;
    volume_shape_draw(tape, &shape);
    shape.on_sim = true;
    rig_make(&w.rig, &shape);
    volume_memory_draw(tape, &w.rig);
    w.root = model_root();
    bool held = walk_wanted(&w, "mount", rig_mount(&w.rig), CAIRN_OK);
    cut_plan(&w);
    while (held && tape_more(tape))
        held = step(&w, &synced);
    held = held && ends(&w);
    done.remounts += w.remounts;
    done.survived += synced.survived;
    done.episodes++;
    if (held) rig_free(&w.rig);
    model_root_free(w.root);
    free(synced.files);
    return held;
}

/* Bytes that are not 0, at which an episode would end: any, or small ones. */
static void tape_fill(uint64_t *state, uint8_t *tape)
{
    bool small = false;
    for (size_t i = 0; i < TAPE_BYTES; i++) {
        *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        uint32_t random = (uint32_t)(*state >> 33);
        if (i == 0) small = random % 3 == 0;
        tape[i] = (uint8_t)(1 + random % (small ? 40 : 255));
    }
}

int main(int argc, char **argv)
{
    static uint8_t tape[TAPE_BYTES];
    if (argc != 3) {
        fprintf(stderr, "usage: test-fat-stress OPERATIONS SEED\n");
        return 2;
    }
    uint64_t operations = strtoull(argv[1], NULL, 10), seed = strtoull(argv[2], NULL, 10);
    uint64_t state = seed;
    while (done.operations < operations) {
        tape_fill(&state, tape);
        uint64_t before = done.operations;
        if (tape_fuzz_one(episode, tape, sizeof tape)) return 1;
        if (done.operations == before) return 1;
    }
    printf(
        "seed %llu: %llu operations on %llu volumes, %llu remounts, %llu syncs, %llu cuts, after "
        "which %llu synced files were whole\n",
        (unsigned long long)seed, (unsigned long long)done.operations,
        (unsigned long long)done.episodes, (unsigned long long)done.remounts,
        (unsigned long long)done.syncs, (unsigned long long)done.cuts,
        (unsigned long long)done.survived);
    return 0;
}
