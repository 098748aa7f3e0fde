/* SPDX-License-Identifier: ISC */
/* Unikernels: a group of verbs. */
#include "cmd.h"
#include "unikernel.h"

static const struct tool_verb *const verbs[] = {
    &tool_verb_unikernel_configure,
    &tool_verb_unikernel_build,
    &tool_verb_unikernel_run,
    NULL,
};

const struct tool_verb tool_verb_unikernel = {
    .name = "unikernel",
    .summary = "An application as a program or as a machine of its own",
    .example =
        "  cairn unikernel configure -t virtio app/\n"
        "  cairn unikernel build -t virtio app/\n"
        "  cairn unikernel run -t virtio app/ -- an argument",
    .verbs = verbs,
};
