/* SPDX-License-Identifier: ISC */
#include "target.h"

static bool begins(const char *word, const char *prefix)
{
    while (*prefix && *word == *prefix) {
        word++;
        prefix++;
    }
    return !*prefix;
}

static bool is_left_out(const char *word, const char *const *without)
{
    for (; without && *without; without++)
        if (begins(word, *without)) return true;
    return false;
}

/* The word at *line, unquoted and ended, and *line behind it. */
static char *word_take(char **line)
{
    char *word = *line, *to = *line, *from = *line;
    bool quoted = false;
    for (; *from && (quoted || *from != ' '); from++) {
        if (*from == '"')
            quoted = !quoted;
        else
            *to++ = *from;
    }
    *line = *from ? from + 1 : from;
    *to = '\0';
    return word;
}

void env_args_split(struct env_target *target, char *line, const char *const *without)
{
    while (*line && target->argc < (int)ENV_ARGS_MAX) {
        if (*line == ' ') {
            line++;
            continue;
        }
        const char *word = word_take(&line);
        if (!is_left_out(word, without)) target->argv[target->argc++] = word;
    }
    target->argv[target->argc] = NULL;
}
