/* SPDX-License-Identifier: ISC */
#include "random.h"

#include "explore.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <tape/tape.h>

#define OPS_MAX 400u
#define STATES_MAX 12u /* of one cut; so many more are drawn where there are more */

/* Of all runs, each of which is a process of its own. */
static struct counts {
    uint64_t sequences, operations;
    struct judge_counts judge;
} * counts;

static void counts_add(const struct explorer *e)
{
    counts->sequences++;
    counts->operations += e->sequences;
    for (uint32_t i = 0; i < JUDGE_DEPTH_MAX; i++) {
        counts->judge.cuts[i] += e->judge.counts.cuts[i];
        counts->judge.states[i] += e->judge.counts.states[i];
    }
    counts->judge.drawn_cuts += e->judge.counts.drawn_cuts;
}

static bool any_cut_is_survived(struct tape *tape)
{
    char text[256];
    struct explorer *e = malloc(sizeof *e);
    const struct shape *shape = &shapes[tape_pick(tape, shape_count)];
    tape_note(tape, "%s", shape->name);
    explorer_make(e, shape, 2);
    e->judge.states_max = STATES_MAX;
    bool held = true;
    for (uint64_t left = tape_pick(tape, OPS_MAX); left && held; left--) {
        const struct op *op = &alphabets[0].ops[tape_pick(tape, alphabets[0].count)];
        op_text(op, text, sizeof text);
        tape_note(tape, "%s", text);
        e->depth = 0;
        held = explorer_do(e, op);
    }
    if (!held) (void)tape_fail(tape, "%s", e->what);
    counts_add(e);
    explorer_free(e);
    free(e);
    return held;
}

bool random_run(uint32_t runs)
{
    struct tape_options options = { .runs = runs, .bytes_max = 900, .timeout_s = 300 };
    counts = mmap(NULL, sizeof *counts, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (counts == MAP_FAILED) return false;
    bool held = tape_run("any_cut_is_survived", any_cut_is_survived, &options);
    printf(
        "random, up to %u operations: %llu sequences, %llu operations; %llu cuts, %llu states; "
        "%llu in those, %llu states; of %llu cuts with more than %u states, that many and as many "
        "drawn\n",
        OPS_MAX, (unsigned long long)counts->sequences, (unsigned long long)counts->operations,
        (unsigned long long)counts->judge.cuts[0], (unsigned long long)counts->judge.states[0],
        (unsigned long long)counts->judge.cuts[1], (unsigned long long)counts->judge.states[1],
        (unsigned long long)counts->judge.drawn_cuts, STATES_MAX);
    (void)munmap(counts, sizeof *counts);
    return held;
}
