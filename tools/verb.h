/* SPDX-License-Identifier: ISC */
/*
 * A verb is a table: from it come the top help, each verb's --help, the parsing of its options and
 * what is called. tools/verbs.c lists them.
 */
#ifndef CAIRN_TOOLS_VERB_H
#define CAIRN_TOOLS_VERB_H

#include <cairn/def.h>

/* Exit codes; docs/cli.md. */
enum tool_status {
    TOOL_DONE = 0,
    TOOL_FOUND = 1,  /* check found faults */
    TOOL_USAGE = 2,  /* the command line is wrong */
    TOOL_BAD = 3,    /* the image is bad */
    TOOL_FAILED = 4, /* I/O, or the host refused */
};

#define TOOL_OPTIONS_MAX 24u
#define TOOL_ANY UINT32_MAX /* operands_most: no limit */

/* The index in its table is how the verb asks for it. The table ends with a NULL name. */
struct tool_option {
    const char *name;  /* without dashes */
    char letter;       /* or 0 */
    const char *value; /* what stands for its value in the help; NULL: a flag */
    const char *help;
};

/* Options that all verbs which change an image have: TOOL_CHANGE_*. */
extern const struct tool_option tool_change_options[];
enum { TOOL_CHANGE_DIRTY, TOOL_CHANGE_VERBOSE, TOOL_CHANGE_OPTIONS };

/* Options that all verbs which open a volume have: TOOL_VOLUME_*. */
extern const struct tool_option tool_volume_options[];
enum {
    TOOL_VOLUME_CODEPAGE,
    TOOL_VOLUME_SHORT_NAMES,
    TOOL_VOLUME_NO_NUMERIC_TAIL,
    TOOL_VOLUME_TZ,
    TOOL_VOLUME_OPTIONS
};

struct tool_args;

struct tool_verb {
    const char *name;    /* of one that is in a group both words: "part list" */
    const char *summary; /* a line of the top help */
    const char *operands;
    const struct tool_option *options;
    bool volume;         /* has tool_volume_options besides */
    bool changes;        /* has tool_change_options besides */
    const char *details; /* paragraphs of the verb's help; NULL: none */
    const char *example;
    uint32_t operands_least, operands_most;
    bool (*is_operand)(const char *word); /* words with a dash that are no options; NULL: none */
    enum tool_status (*run)(const struct tool_args *args);
    const struct tool_verb *const *verbs; /* a group: only this, name and summary; ends with NULL */
};

/* Ends with NULL. */
extern const struct tool_verb *const tool_verbs[];

/* The word by which a verb is called in its list. */
const char *tool_verb_word(const struct tool_verb *verb);
const struct tool_verb *tool_verb_named(const struct tool_verb *const *verbs, const char *word);

/* The top help, and one verb's or one group's, to standard output. */
void tool_help(void);
void tool_verb_help(const struct tool_verb *verb);

#endif
