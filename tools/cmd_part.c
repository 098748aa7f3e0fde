/* SPDX-License-Identifier: ISC */
/* Partition tables: a group of verbs. */
#include "cmd.h"
#include "part.h"

static const struct tool_verb *const verbs[] = {
    &tool_verb_part_list,
    &tool_verb_part_create,
    &tool_verb_part_add,
    &tool_verb_part_delete,
    &tool_verb_part_resize,
    &tool_verb_part_repair,
    NULL,
};

const struct tool_verb tool_verb_part = {
    .name = "part",
    .summary = "Show, make, change and mend partition tables",
    .example =
        "  cairn part create --scheme=gpt --size=1G disk.img\n"
        "  cairn part add --type=esp --size=100M disk.img\n"
        "  cairn build boot disk.img:1",
    .verbs = verbs,
};
