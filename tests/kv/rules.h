/* SPDX-License-Identifier: ISC */
/* The rules that each store keeps. */
#ifndef CAIRN_TESTS_KV_RULES_H
#define CAIRN_TESTS_KV_RULES_H

#include "rig.h"

struct rule {
    const char *name;
    const char *(*skip)(const struct rig *rig); /* why it says nothing about this store; or NULL */
    bool (*holds)(struct rig *rig, struct tape *tape); /* afterwards model and store agree */
};

extern const struct rule rules[];
extern const size_t rule_count;

/* rules.c */
bool rule_changes(struct rig *rig, struct tape *tape);
/* rules_key.c: what the front refuses, names, lists, digests */
bool rule_keys(struct rig *rig, struct tape *tape);
bool rule_flags(struct rig *rig, struct tape *tape);
bool rule_list(struct rig *rig, struct tape *tape);
bool rule_meanwhile(struct rig *rig, struct tape *tape);
bool rule_digest(struct rig *rig, struct tape *tape);
/* rules_value.c: one operation each */
bool rule_exists(struct rig *rig, struct tape *tape);
bool rule_get(struct rig *rig, struct tape *tape);
bool rule_set(struct rig *rig, struct tape *tape);
bool rule_write(struct rig *rig, struct tape *tape);
bool rule_allocate(struct rig *rig, struct tape *tape);
bool rule_remove(struct rig *rig, struct tape *tape);
bool rule_rename(struct rig *rig, struct tape *tape);
bool rule_times(struct rig *rig, struct tape *tape);
bool rule_large(struct rig *rig, struct tape *tape);
bool rule_full(struct rig *rig, struct tape *tape);
/* rules_batch.c: batches, views, snapshots; what lasts */
bool rule_batch(struct rig *rig, struct tape *tape);
bool rule_abort(struct rig *rig, struct tape *tape);
bool rule_sorted(struct rig *rig, struct tape *tape);
bool rule_view(struct rig *rig, struct tape *tape);
bool rule_snapshot(struct rig *rig, struct tape *tape);
bool rule_reopen(struct rig *rig, struct tape *tape);
bool rule_readonly(struct rig *rig, struct tape *tape);

#endif
