/* SPDX-License-Identifier: ISC */
#include "rules.h"

static const char *never(const struct rig *rig)
{
    (void)rig;
    return NULL;
}

static const char *unless_batches(const struct rig *rig)
{
    return rig->kv->info.atomic_batches ? NULL : "it has no batches";
}

static const char *unless_views(const struct rig *rig)
{
    return rig->kv->info.views ? NULL : "it has no views and snapshots";
}

static const char *unless_lasting(const struct rig *rig)
{
    return rig->store->reopen ? NULL : "it does not last";
}

static const char *unless_reads(const struct rig *rig)
{
    return rig->kv->info.views || rig->store->reopen ? NULL : "it is never read-only";
}

static const char *unless_sparse(const struct rig *rig)
{
    return rig->store->sparse ? NULL : "its values have no holes";
}

static const char *unless_filled(const struct rig *rig)
{
    return rig->store->full_bytes ? NULL : "it is too large to be filled here";
}

/* Whatever is done, the model knows what comes of it. */
bool rule_changes(struct rig *rig, struct tape *tape)
{
    return rig_steps(rig, rig->kv, &rig->model, tape);
}

const struct rule rules[] = {
    { "changes", never, rule_changes },
    { "keys", never, rule_keys },
    { "flags", never, rule_flags },
    { "exists", never, rule_exists },
    { "get", never, rule_get },
    { "set", never, rule_set },
    { "write", never, rule_write },
    { "allocate", never, rule_allocate },
    { "remove", never, rule_remove },
    { "rename", never, rule_rename },
    { "times", never, rule_times },
    { "list", never, rule_list },
    { "meanwhile", never, rule_meanwhile },
    { "digest", never, rule_digest },
    { "large", unless_sparse, rule_large },
    { "full", unless_filled, rule_full },
    { "batch", unless_batches, rule_batch },
    { "abort", unless_batches, rule_abort },
    { "sorted", unless_batches, rule_sorted },
    { "view", unless_views, rule_view },
    { "snapshot", unless_views, rule_snapshot },
    { "reopen", unless_lasting, rule_reopen },
    { "readonly", unless_reads, rule_readonly },
};

const size_t rule_count = sizeof rules / sizeof *rules;
