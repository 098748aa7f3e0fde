/* SPDX-License-Identifier: ISC */
#include "random.h"

#include "explore.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <tape/tape.h>

#define OPS_MAX 40u
#define STATES_MAX 1000u /* of one cut; so many more are drawn where there are more */

/* Of all runs, each of which is a process of its own. */
static struct explore_counts *counts;

static void counts_add(const struct explore_counts *run)
{
    counts->sequences++;
    counts->cuts += run->cuts;
    counts->states += run->states;
    counts->drawn_cuts += run->drawn_cuts;
}

static bool any_cut_is_survived(struct tape *tape)
{
    char text[512];
    struct explorer *e = malloc(sizeof *e);
    explorer_make(e);
    e->states_max = STATES_MAX;
    const struct shape *shape = &shapes[tape_pick(tape, shape_count)];
    tape_note(tape, "%s", shape->name);
    explorer_shape(e, shape);
    while (e->depth < OPS_MAX && !e->broken && tape_more(tape)) {
        const struct alphabet *a = &alphabets[tape_u64(tape, 3) == 0];
        const struct op *op = &a->ops[tape_pick(tape, a->count)];
        if (!promise_fits(&e->world->promise, op)) continue;
        op_text(op, text, sizeof text);
        tape_note(tape, "%s", text);
        (void)explorer_do(e, op);
    }
    bool held = !e->broken || tape_fail(tape, "%s", e->what);
    counts_add(&e->counts);
    explorer_free(e);
    free(e);
    return held;
}

bool random_run(uint32_t runs)
{
    struct tape_options options = { .runs = runs, .bytes_max = 200, .timeout_s = 120 };
    counts = mmap(NULL, sizeof *counts, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (counts == MAP_FAILED) return false;
    bool held = tape_run("any_cut_is_survived", any_cut_is_survived, &options);
    printf(
        "random, up to %u operations: %llu sequences, %llu cuts, %llu states; of %llu cuts with "
        "more than %u states, that many and as many drawn\n",
        OPS_MAX, (unsigned long long)counts->sequences, (unsigned long long)counts->cuts,
        (unsigned long long)counts->states, (unsigned long long)counts->drawn_cuts, STATES_MAX);
    (void)munmap(counts, sizeof *counts);
    return held;
}
