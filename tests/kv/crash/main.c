/* SPDX-License-Identifier: ISC */
/*
 * test-kv-crash [--long | --quick] [--ops N] [--alphabet NAME] [--shape NAME] [--cuts N]
 * [--thorough]
 * [--random] [--runs N] [--jobs N]
 *
 * Every state that a power cut may leave, of all short sequences of operations and of random longer
 * ones. --random has only these. Without --ops, the parts of a plan: --long has all of them,
 * --quick what finds most faults. --cuts: one within what follows another.
 */
#include "random.h"
#include "team.h"

#include <cairn/bytes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum extent { QUICK, SHORT, LONG };

struct plan {
    enum extent extent; /* the least that includes it */
    struct part part;
};

static const struct plan plans[] = {
    { QUICK, { "mixed", 1, "", 2, false } },
    { SHORT, { "core", 4, "fresh", 2, false } },
    { SHORT, { "dropped", 2, "used", 2, false } },
    { SHORT, { "early", 2, "stepped, log full", 2, false } },
    { SHORT, { "early", 1, "lazy, stepped", 3, false } },
    { LONG, { "mixed", 2, "", 2, false } },
    { LONG, { "core", 4, "", 2, false } },
    { LONG, { "early", 4, "stepped", 2, false } },
    { LONG, { "dropped", 3, "", 2, false } },
    { LONG, { "mixed", 1, "", 3, false } },
    { LONG, { "core", 2, "", 3, true } },
    { LONG, { "mixed", 3, "fresh", 1, false } },
};

struct options {
    enum extent extent;
    struct part part; /* ops 0: the plan */
    uint32_t runs, jobs;
    bool only_random;
};

static int usage(void)
{
    fprintf(stderr,
            "usage: test-kv-crash [--long | --quick] [--ops N] [--alphabet NAME] [--shape NAME]\n"
            "                     [--cuts N] [--thorough] [--random] [--runs N] [--jobs N]\n");
    return 2;
}

static bool option_take(struct options *options, const char *name, const char *value)
{
    if (!value) return false;
    if (strcmp(name, "--ops") == 0)
        options->part.ops = (uint32_t)atoi(value);
    else if (strcmp(name, "--alphabet") == 0)
        options->part.alphabet = value;
    else if (strcmp(name, "--shape") == 0)
        options->part.shape = value;
    else if (strcmp(name, "--cuts") == 0)
        options->part.cuts = (uint32_t)atoi(value);
    else if (strcmp(name, "--runs") == 0)
        options->runs = (uint32_t)atoi(value);
    else if (strcmp(name, "--jobs") == 0)
        options->jobs = (uint32_t)atoi(value);
    else
        return false;
    return true;
}

static bool flag_take(struct options *options, const char *name)
{
    if (strcmp(name, "--long") == 0)
        options->extent = LONG;
    else if (strcmp(name, "--quick") == 0)
        options->extent = QUICK;
    else if (strcmp(name, "--random") == 0)
        options->only_random = true;
    else if (strcmp(name, "--thorough") == 0)
        options->part.thorough = true;
    else
        return false;
    return true;
}

static bool options_parse(struct options *options, char **argv)
{
    for (argv++; *argv; argv++) {
        if (flag_take(options, *argv)) continue;
        if (!option_take(options, argv[0], argv[1])) return false;
        argv++;
    }
    return options->part.cuts >= 1 && options->part.cuts <= JUDGE_DEPTH_MAX;
}

int main(int argc, char **argv)
{
    struct options options = {
        .extent = SHORT, .part = { "mixed", 0, "", 2, false }, .runs = 0, .jobs = 2
    };
    (void)argc;
    if (!options_parse(&options, argv)) return usage();
    if (options.part.ops) return team_run(&options.part, options.jobs) ? 0 : 1;
    bool held = true;
    for (size_t i = 0; held && !options.only_random && i < CAIRN_COUNT(plans); i++)
        if (plans[i].extent <= options.extent) held = team_run(&plans[i].part, options.jobs);
    if (held && options.extent != QUICK)
        held = random_run(options.runs ? options.runs : options.extent == LONG ? 400 : 2);
    return held ? 0 : 1;
}
