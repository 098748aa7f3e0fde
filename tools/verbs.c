/* SPDX-License-Identifier: ISC */
/* All verbs, in the order of the top help; and the help itself. */
#include "cmd.h"

#include <stdio.h>
#include <string.h>

const struct tool_verb *const tool_verbs[] = {
    &tool_verb_build,  &tool_verb_format,    &tool_verb_info,  &tool_verb_check,
    &tool_verb_ls,     &tool_verb_tree,      &tool_verb_find,  &tool_verb_cat,
    &tool_verb_cp,     &tool_verb_extract,   &tool_verb_mv,    &tool_verb_rm,
    &tool_verb_mkdir,  &tool_verb_touch,     &tool_verb_attr,  &tool_verb_label,
    &tool_verb_resize, &tool_verb_defrag,    &tool_verb_trim,  &tool_verb_part,
    &tool_verb_kv,     &tool_verb_unikernel, &tool_verb_serve, NULL,
};

const char *tool_verb_word(const struct tool_verb *verb)
{
    const char *space = strrchr(verb->name, ' ');
    return space ? space + 1 : verb->name;
}

const struct tool_verb *tool_verb_named(const struct tool_verb *const *verbs, const char *word)
{
    for (; *verbs; verbs++)
        if (strcmp(tool_verb_word(*verbs), word) == 0) return *verbs;
    return NULL;
}

static void verbs_help(const struct tool_verb *const *verbs)
{
    for (; *verbs; verbs++)
        printf("  %-9s%s\n", tool_verb_word(*verbs), (*verbs)->summary);
}

void tool_help(void)
{
    puts(
        "usage: cairn VERB [OPTION...] OPERAND...\n"
        "\n"
        "Makes FAT disk images of folders, and works on what is in them.\n");
    verbs_help(tool_verbs);
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

static void group_help(const struct tool_verb *group)
{
    printf("usage: cairn %s VERB [OPTION...] OPERAND...\n\n%s.\n\n", group->name, group->summary);
    verbs_help(group->verbs);
    printf("\n`cairn %s VERB --help` shows the options.\n\nexample:\n%s\n", group->name,
           group->example);
}

void tool_verb_help(const struct tool_verb *verb)
{
    if (verb->verbs) {
        group_help(verb);
        return;
    }
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
