/* SPDX-License-Identifier: ISC */
#include "args.h"
#include "out.h"
#include "stop.h"
#include "suggest.h"

#include <cairn/blk_open.h>
#include <cairn/blk_probe.h>
#include <cairn/bytes.h>
#include <cairn/log.h>
#include <fcntl.h>
#include <locale.h>
#include <serve/server.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* An image opened under the number of a closed standard stream would be printed into. The stand-ins
 * cannot be used in the stream's direction, so that using it still fails. */
static bool streams_guard(void)
{
    for (int fd = 0; fd <= 2; fd++) {
        if (fcntl(fd, F_GETFD) >= 0) continue;
        if (open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) != fd) return false;
    }
    return true;
}

/* A verb may be two words, the first of which is a group's. */
struct choice {
    const struct tool_verb *group; /* NULL: none was named */
    const struct tool_verb *verb;  /* NULL: there is no such */
    uint32_t words;                /* that name it, right or wrong */
};

static struct choice verb_choose(const char **words, uint32_t count)
{
    struct choice choice = { NULL, tool_verb_named(tool_verbs, words[0]), 1 };
    bool has_more = count > 1 && strcmp(words[1], "--help") != 0;
    if (!choice.verb || !choice.verb->verbs || !has_more) return choice;
    return (struct choice){ choice.verb, tool_verb_named(choice.verb->verbs, words[1]), 2 };
}

static enum tool_status verb_unknown(const struct tool_verb *group, const char *name)
{
    struct tool_suggest suggest;
    tool_suggest_init(&suggest, name);
    for (const struct tool_verb *const *verb = group ? group->verbs : tool_verbs; *verb; verb++)
        tool_suggest_offer(&suggest, tool_verb_word(*verb));
    const char *near = tool_suggest_best(&suggest);
    if (near) return tool_usage(group, "there is no verb '%s'; did you mean '%s'?", name, near);
    return tool_usage(group, "there is no verb '%s'", name);
}

static enum tool_status verb_run(const struct tool_verb *verb, const char **words, uint32_t count)
{
    struct tool_args args;
    if (!tool_args_parse(&args, verb, words, count)) return TOOL_USAGE;
    if (tool_has_change(&args, TOOL_CHANGE_VERBOSE)) cairn_log_reporter_set(cairn_log_stderr());
    if (!args.help) return verb->run(&args);
    tool_verb_help(verb);
    return TOOL_DONE;
}

static enum tool_status help(const char **words, uint32_t count)
{
    if (count == 0) {
        tool_help();
        return TOOL_DONE;
    }
    struct choice choice = verb_choose(words, count);
    if (!choice.verb) return verb_unknown(choice.group, words[choice.words - 1]);
    tool_verb_help(choice.verb);
    return TOOL_DONE;
}

static enum tool_status choice_run(const char **words, uint32_t count)
{
    struct choice choice = verb_choose(words, count);
    if (!choice.verb) return verb_unknown(choice.group, words[choice.words - 1]);
    if (!choice.verb->verbs)
        return verb_run(choice.verb, words + choice.words, count - choice.words);
    if (count > 1) return help(words, 1);
    return tool_usage(choice.verb, "which of its verbs is not said");
}

/* What this build was made with: names of devices and formats depend on it. */
static void version_print(void)
{
    const struct {
        const char *name, *version;
    } parts[] = {
        { "liburing", cairn_blk_uring_version() }, { "libnbd", cairn_blk_nbd_version() },
        { "librbd", cairn_blk_rbd_version() },     { "libblkid", cairn_blk_probe_version() },
        { "nbdkit", serve_nbdkit_version() },      { "libarchive", CAIRN_LIBARCHIVE_VERSION },
        { "xxhash", CAIRN_XXHASH_VERSION },
    };
    puts("cairn " CAIRN_VERSION);
    for (size_t i = 0; i < CAIRN_COUNT(parts); i++)
        printf("%-10s %s\n", parts[i].name,
               parts[i].version ? parts[i].version : "not in this build");
}

static enum tool_status run(uint32_t count, const char **words)
{
    if (count == 0) return tool_usage(NULL, "no verb is given");
    if (strcmp(words[0], "help") == 0 || strcmp(words[0], "--help") == 0 ||
        strcmp(words[0], "-h") == 0)
        return help(words + 1, count - 1);
    if (strcmp(words[0], "--version") == 0) {
        version_print();
        return TOOL_DONE;
    }
    return choice_run(words, count);
}

int main(int argc, char **argv)
{
    if (!streams_guard()) return TOOL_FAILED;
    (void)setlocale(LC_CTYPE, "");
    size_t count = argc > 1 ? (size_t)argc - 1 : 0;
    const char **words = calloc(count + 1, sizeof *words);
    if (!words) return TOOL_FAILED;
    for (size_t i = 0; i < count; i++)
        words[i] = argv[i + 1];
    enum tool_status status = tool_stdout_finish(run((uint32_t)count, words));
    free(words);
    tool_stop_finish();
    return (int)status;
}
