/* SPDX-License-Identifier: ISC */
/* All verbs, in the order of the top help; and the help itself. */
#include "cmd.h"

#include <stdio.h>
#include <string.h>

const struct tool_verb *const tool_verbs[] = {
    &tool_verb_build,   &tool_verb_format, &tool_verb_info,
    &tool_verb_check,   &tool_verb_ls,     &tool_verb_tree,
    &tool_verb_find,    &tool_verb_cat,    &tool_verb_cp,
    &tool_verb_extract, &tool_verb_mv,     &tool_verb_rm,
    &tool_verb_mkdir,   &tool_verb_touch,  &tool_verb_attr,
    &tool_verb_label,   &tool_verb_resize, &tool_verb_defrag,
    &tool_verb_trim,    &tool_verb_serve,  NULL,
};

const struct tool_verb *tool_verb_named(const char *name)
{
    for (const struct tool_verb *const *verb = tool_verbs; *verb; verb++)
        if (strcmp((*verb)->name, name) == 0) return *verb;
    return NULL;
}

void tool_help(void)
{
    puts(
        "usage: cairn VERB [OPTION...] OPERAND...\n"
        "\n"
        "Makes FAT disk images of folders, and works on what is in them.\n");
    for (const struct tool_verb *const *verb = tool_verbs; *verb; verb++)
        printf("  %-9s%s\n", (*verb)->name, (*verb)->summary);
    puts(
        "\n"
        "A PLACE is IMAGE:/PATH, or IMAGE:PART/PATH on a disk with partitions. PART is a\n"
        "number, label=X, uuid=X or type=X; it can be left out where one partition is FAT.\n"
        "\n"
        "`cairn VERB --help` shows the options and an example; `cairn --version` the version.\n"
        "Exit codes: 0 done, 1 faults found, 2 usage, 3 the image is bad, 4 I/O or host error.");
}

const struct tool_option tool_change_options[] = {
    { "dirty", 0, NULL, "also on a volume that was not unmounted" },
    { "verbose", 'v', NULL, "say what it cost: syncs, flushes" },
    { NULL, 0, NULL, NULL },
};

static void option_help(const struct tool_option *option)
{
    char left[64];
    char letter[] = { '-', option->letter, ',', ' ', '\0' };
    snprintf(left, sizeof left, "%s--%s%s%s", option->letter ? letter : "    ", option->name,
             option->value ? "=" : "", option->value ? option->value : "");
    printf("  %-33s %s\n", left, option->help);
}

static void options_help(const struct tool_option *options)
{
    for (const struct tool_option *option = options; option && option->name; option++)
        option_help(option);
}

void tool_verb_help(const struct tool_verb *verb)
{
    printf("usage: cairn %s %s%s\n\n%s.\n", verb->name,
           verb->options || verb->volume ? "[OPTION...] " : "", verb->operands, verb->summary);
    if (verb->details) printf("\n%s\n", verb->details);
    puts("");
    options_help(verb->options);
    if (verb->volume) options_help(tool_volume_options);
    if (verb->changes) options_help(tool_change_options);
    option_help(&(struct tool_option){ "help", 0, NULL, "this" });
    printf("\nexample:\n%s\n", verb->example);
}
