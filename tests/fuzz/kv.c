/* SPDX-License-Identifier: ISC */
/* Changes to a store in memory, in a batch and not, beside a model. */
#include "fuzz.h"

#include <kv/rules.h>

extern const struct store store_mem;

static bool store_is_model(struct tape *tape)
{
    struct rig rig;
    rig_open(&rig, &store_mem, NULL);
    bool held = (tape_bool(tape) ? rule_batch : rule_changes)(&rig, tape) &&
                rig_matches(&rig, rig.kv, &rig.model, tape);
    rig_close(&rig);
    return held;
}

TAPE_FUZZ_TARGET(store_is_model)
