/* SPDX-License-Identifier: ISC */
/* The command line of one verb: options anywhere, `--` ends them. */
#ifndef CAIRN_TOOLS_ARGS_H
#define CAIRN_TOOLS_ARGS_H

#include "verb.h"

struct tool_args {
    const struct tool_verb *verb;
    const char *values[TOOL_OPTIONS_MAX];    /* by the option's index; NULL: not given; flags: "" */
    const char *volume[TOOL_VOLUME_OPTIONS]; /* the same for tool_volume_options */
    const char *changes[TOOL_CHANGE_OPTIONS]; /* the same for tool_change_options */
    const char **operands;
    uint32_t operand_count;
    bool help; /* --help was there */
};

/* Sort words[0..count) into args; operands are collected at the front of words. False after a
 * message about what is wrong. */
bool tool_args_parse(struct tool_args *args, const struct tool_verb *verb, const char **words,
                     uint32_t count);

static inline bool tool_has(const struct tool_args *args, uint32_t option)
{
    return args->values[option] != NULL;
}

static inline bool tool_has_change(const struct tool_args *args, uint32_t option)
{
    return args->changes[option] != NULL;
}

/* Values of options; absent ones leave *out alone. False after a message. */
bool tool_arg_size(const struct tool_args *args, uint32_t option, uint64_t *out);
bool tool_arg_u32(const struct tool_args *args, uint32_t option, uint32_t *out);
bool tool_arg_hex32(const struct tool_args *args, uint32_t option, uint32_t *out);
/* The index in words, which end with NULL, of the option's value. */
bool tool_arg_choice(const struct tool_args *args, uint32_t option, const char *const *words,
                     uint32_t *out);

#endif
