/* SPDX-License-Identifier: ISC */
#include "random.h"

#include "explore.h"

#include <stdio.h>
#include <stdlib.h>
#include <tape/tape.h>

#define OPS_MAX 40u

static bool any_cut_is_survived(struct tape *tape)
{
    char text[512];
    struct explorer *e = malloc(sizeof *e);
    explorer_make(e);
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
    explorer_free(e);
    free(e);
    return held;
}

bool random_run(uint32_t runs)
{
    struct tape_options options = { .runs = runs, .bytes_max = 200, .timeout_s = 60 };
    printf("random sequences of up to %u operations: %u\n", OPS_MAX, runs);
    fflush(stdout);
    return tape_run("any_cut_is_survived", any_cut_is_survived, &options);
}
