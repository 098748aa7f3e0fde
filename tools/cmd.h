/* SPDX-License-Identifier: ISC */
/* The verbs; each stands in cmd_<verb>.c. */
#ifndef CAIRN_TOOLS_CMD_H
#define CAIRN_TOOLS_CMD_H

#include "args.h"

extern const struct tool_verb tool_verb_attr, tool_verb_build, tool_verb_cat, tool_verb_check,
    tool_verb_cp, tool_verb_defrag, tool_verb_extract, tool_verb_find, tool_verb_format,
    tool_verb_info, tool_verb_kv, tool_verb_label, tool_verb_ls, tool_verb_mkdir, tool_verb_mv,
    tool_verb_part, tool_verb_resize, tool_verb_rm, tool_verb_serve, tool_verb_touch,
    tool_verb_tree, tool_verb_trim, tool_verb_unikernel;

#endif
