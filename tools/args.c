/* SPDX-License-Identifier: ISC */
#include "args.h"

#include "out.h"
#include "suggest.h"
#include <cairn/blk_open.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The words that are still to be sorted. */
struct scan {
    struct tool_args *args;
    const char **words;
    uint32_t at, count;
};

/* The options of a verb are in one to three tables. */
#define TABLES 3u

/* Table i, and where its values go; NULL: the verb has none such. */
static const struct tool_option *table_of(const struct scan *scan, uint32_t i, const char ***values)
{
    struct tool_args *args = scan->args;
    *values = i == 0 ? args->values : i == 1 ? args->volume : args->changes;
    if (i == 0) return args->verb->options;
    if (i == 1) return args->verb->volume ? tool_volume_options : NULL;
    return args->verb->changes ? tool_change_options : NULL;
}

/* By letter, or by name where that is 0; *value is where its value goes. */
static const struct tool_option *option_find(const struct scan *scan, char letter, const char *name,
                                             size_t len, const char ***value)
{
    for (uint32_t i = 0; i < TABLES; i++) {
        const struct tool_option *table = table_of(scan, i, value);
        for (const struct tool_option *o = table; o && o->name; o++, ++*value) {
            if (letter && o->letter == letter) return o;
            if (!letter && strlen(o->name) == len && memcmp(o->name, name, len) == 0) return o;
        }
    }
    return NULL;
}

static bool unknown(const struct scan *scan, const char *word, const char *name)
{
    const char *near = NULL;
    struct tool_suggest suggest;
    tool_suggest_init(&suggest, name);
    const char **values;
    for (uint32_t i = 0; i < TABLES; i++)
        for (const struct tool_option *o = table_of(scan, i, &values); o && o->name; o++)
            tool_suggest_offer(&suggest, o->name);
    tool_suggest_offer(&suggest, "help");
    near = name[0] ? tool_suggest_best(&suggest) : NULL;
    if (near)
        tool_usage(scan->args->verb, "there is no option '%s'; did you mean '--%s'?", word, near);
    else
        tool_usage(scan->args->verb, "there is no option '%s'", word);
    return false;
}

/* Set the option; its value is `attached`, or the next word. */
static bool option_set(struct scan *scan, const struct tool_option *option, const char **value,
                       const char *attached)
{
    if (!option->value) {
        *value = "";
        if (!attached) return true;
        tool_usage(scan->args->verb, "--%s takes no value", option->name);
        return false;
    }
    if (!attached && scan->at == scan->count) {
        tool_usage(scan->args->verb, "--%s needs a value: %s", option->name, option->value);
        return false;
    }
    *value = attached ? attached : scan->words[scan->at++];
    return true;
}

static bool long_parse(struct scan *scan, const char *word)
{
    const char *name = word + 2, *equals = strchr(name, '=');
    size_t len = equals ? (size_t)(equals - name) : strlen(name);
    if (strcmp(name, "help") == 0) {
        scan->args->help = true;
        return true;
    }
    const char **value;
    const struct tool_option *option = option_find(scan, 0, name, len, &value);
    if (!option) return unknown(scan, word, name);
    return option_set(scan, option, value, equals ? equals + 1 : NULL);
}

/* "-lh", "-n5", "-n 5". */
static bool letters_parse(struct scan *scan, const char *word)
{
    for (const char *at = word + 1; *at; at++) {
        const char **value;
        const struct tool_option *option = option_find(scan, *at, NULL, 0, &value);
        if (!option) return unknown(scan, word, "");
        if (option->value) return option_set(scan, option, value, at[1] ? at + 1 : NULL);
        if (!option_set(scan, option, value, NULL)) return false;
    }
    return true;
}

static bool is_option(const struct tool_verb *verb, const char *word)
{
    if (word[0] != '-' || word[1] == '\0') return false;
    return !verb->is_operand || !verb->is_operand(word);
}

static bool words_sort(struct scan *scan)
{
    struct tool_args *args = scan->args;
    bool ended = false;
    while (scan->at < scan->count) {
        const char *word = scan->words[scan->at++];
        bool good = true;
        if (ended || !is_option(args->verb, word))
            args->operands[args->operand_count++] = word;
        else if (strcmp(word, "--") == 0)
            ended = true;
        else
            good = word[1] == '-' ? long_parse(scan, word) : letters_parse(scan, word);
        if (!good) return false;
    }
    return true;
}

bool tool_args_parse(struct tool_args *args, const struct tool_verb *verb, const char **words,
                     uint32_t count)
{
    *args = (struct tool_args){ .verb = verb, .operands = words };
    struct scan scan = { .args = args, .words = words, .count = count };
    if (!words_sort(&scan)) return false;
    if (args->help) return true;
    if (args->operand_count < verb->operands_least) {
        tool_usage(verb, "it needs more: %s", verb->operands);
        return false;
    }
    if (args->operand_count <= verb->operands_most) return true;
    tool_usage(verb, "'%s' is one too many", args->operands[verb->operands_most]);
    return false;
}

/* ---- values -------------------------------------------------------------------------------- */

static bool refuse(const struct tool_args *args, uint32_t option, const char *wanted)
{
    tool_usage(args->verb, "--%s=%s is not %s", args->verb->options[option].name,
               args->values[option], wanted);
    return false;
}

bool tool_arg_size(const struct tool_args *args, uint32_t option, uint64_t *out)
{
    if (!tool_has(args, option)) return true;
    if (cairn_size_parse(args->values[option], out) == CAIRN_OK) return true;
    return refuse(args, option, "a size, such as 512, 64K, 1.5M or 2G");
}

static bool number_parse(const char *text, int base, uint32_t *out)
{
    char *end;
    errno = 0;
    unsigned long value = strtoul(text, &end, base);
    if (errno || end == text || *end || text[0] == '-' || value > UINT32_MAX) return false;
    *out = (uint32_t)value;
    return true;
}

bool tool_arg_u32(const struct tool_args *args, uint32_t option, uint32_t *out)
{
    if (!tool_has(args, option) || number_parse(args->values[option], 10, out)) return true;
    return refuse(args, option, "a number");
}

/* "1234ABCD" or, as the systems print it, "1234-ABCD". */
bool tool_arg_hex32(const struct tool_args *args, uint32_t option, uint32_t *out)
{
    if (!tool_has(args, option)) return true;
    char digits[9];
    const char *text = args->values[option];
    size_t len = strlen(text), kept = 0;
    for (size_t i = 0; i < len && kept < sizeof digits; i++)
        if (text[i] != '-' || i != 4) digits[kept++] = text[i];
    if (kept > 0 && kept < sizeof digits) {
        digits[kept] = '\0';
        if (number_parse(digits, 16, out)) return true;
    }
    return refuse(args, option, "an id of up to 8 hexadecimal digits, such as 1234-ABCD");
}

bool tool_arg_choice(const struct tool_args *args, uint32_t option, const char *const *words,
                     uint32_t *out)
{
    if (!tool_has(args, option)) return true;
    for (uint32_t i = 0; words[i]; i++) {
        if (strcmp(words[i], args->values[option]) != 0) continue;
        *out = i;
        return true;
    }
    return refuse(args, option, args->verb->options[option].value);
}
