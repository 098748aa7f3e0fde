/* SPDX-License-Identifier: ISC */
/* Key-value stores: a group of verbs. */
#include "cmd.h"
#include "kv.h"

static const struct tool_verb *const verbs[] = {
    &tool_verb_kv_create,
    &tool_verb_kv_get,
    &tool_verb_kv_set,
    &tool_verb_kv_ls,
    &tool_verb_kv_tree,
    &tool_verb_kv_stat,
    &tool_verb_kv_rm,
    &tool_verb_kv_mv,
    &tool_verb_kv_load,
    &tool_verb_kv_dump,
    &tool_verb_kv_snapshot,
    &tool_verb_kv_grow,
    &tool_verb_kv_compact,
    &tool_verb_kv_check,
    &tool_verb_kv_repair,
    &tool_verb_kv_salvage,
    NULL,
};

const struct tool_verb tool_verb_kv = {
    .name = "kv",
    .summary = "Keys and values in a store, or in a FAT volume",
    .example =
        "  cairn kv create --size=64M store.img\n"
        "  cairn kv set store.img:/config/name Cairn\n"
        "  cairn kv ls -l store.img:/config",
    .verbs = verbs,
};
