/* SPDX-License-Identifier: ISC */
/* kv [OPTION...] FOLDER: Cairn's key-value store and others, through the same workloads, in FOLDER.
 * The options are told by `run`, beside this file, which builds this and starts it. */
#include "measure.h"
#include "report.h"

#include <dlfcn.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ENGINES_MAX 12u
#define RUNS_MAX 15u
#define REPORTS_MAX 96u

static struct report reports[REPORTS_MAX];
static unsigned report_count;
static struct result results[REPORTS_MAX][ENGINES_MAX][RUNS_MAX];

/* Is the word in the list? All are in no list. */
static bool listed(const char *list, const char *word)
{
    size_t bytes = strlen(word);
    for (const char *at = list; at; at = strchr(at, ',')) {
        if (*at == ',') at++;
        if (strncmp(at, word, bytes) == 0 && (at[bytes] == ',' || at[bytes] == 0)) return true;
    }
    return !list;
}

static void delays_parse(struct options *options, const char *list)
{
    options->delays = 0;
    for (const char *at = list; at && options->delays < 8; at = strchr(at, ',')) {
        if (*at == ',') at++;
        options->delays_us[options->delays++] = strtoull(at, NULL, 10);
    }
}

static void options_parse(struct options *options, int argc, char **argv)
{
    static const struct option names[] = {
        { "json", no_argument, NULL, 'j' },
        { "runs", required_argument, NULL, 'n' },
        { "keys", required_argument, NULL, 'k' },
        { "seconds", required_argument, NULL, 's' },
        { "memory", required_argument, NULL, 'm' },
        { "delays", required_argument, NULL, 'd' },
        { "engines", required_argument, NULL, 'e' },
        { "groups", required_argument, NULL, 'g' },
        { NULL, 0, NULL, 0 },
    };
    int option;
    while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
        if (option == 'j') options->json = true;
        if (option == 'n') options->runs = (unsigned)strtoul(optarg, NULL, 10);
        if (option == 'k') options->keys = strtoull(optarg, NULL, 10);
        if (option == 's') options->seconds = strtoull(optarg, NULL, 10);
        if (option == 'm') options->memory_bytes = strtoull(optarg, NULL, 10) << 20;
        if (option == 'd') delays_parse(options, optarg);
        if (option == 'e') options->engines = optarg;
        if (option == 'g') options->groups = optarg;
        must(option != '?', "usage", "kv [OPTION...] FOLDER");
    }
    must(optind + 1 == argc, "usage", "kv [OPTION...] FOLDER");
    must(options->runs >= 1 && options->runs <= RUNS_MAX, "usage", "--runs 1 to 15");
    must(options->keys >= 10000, "usage", "--keys at least 10000");
    options->folder = argv[optind];
}

/* Those of a durable group for each time that a flush takes; all others once. */
static void reports_plan(const struct options *options)
{
    for (unsigned i = 0; i < workload_count; i++) {
        const struct workload *workload = &workloads[i];
        if (!listed(options->groups, workload->group)) continue;
        bool delayed = workload->durable && !workload->quiet;
        unsigned count = delayed ? options->delays : 1;
        for (unsigned d = 0; d < count; d++) {
            must(report_count < REPORTS_MAX, "plan", "too many workloads");
            struct report *report = &reports[report_count++];
            report->workload = workload;
            report->delay_us = delayed ? options->delays_us[d] : 0;
            report_name(report);
        }
    }
}

/* What Cairn wrote for a commit beside the log record that the bare loop writes too. */
static uint64_t beside_bytes(unsigned at, unsigned run)
{
    const struct workload *workload = reports[at].workload;
    const struct result *cairn = &results[at][0][run];
    uint64_t record = workload_data_bytes(workload) * (workload->batch ? workload->batch : 1);
    if (!cairn->made || !cairn->commits) return 0;
    uint64_t each = cairn->write_bytes / cairn->commits;
    return each > record ? each - record : 0;
}

static void engine_run(const struct options *options, struct flush_shim *shim, unsigned number,
                       unsigned run)
{
    const struct engine *engine = engines[number];
    bool broken = false;
    for (unsigned i = 0; i < report_count; i++) {
        const struct workload *workload = reports[i].workload;
        if (engine->durable_only && (!workload->durable || workload->quiet)) continue;
        broken = broken && !workload->fresh;
        if (broken) continue;
        uint64_t beside = engine == &engine_bare_beside ? beside_bytes(i, run) : 0;
        if (engine == &engine_bare_beside && !beside) continue;
        fprintf(stderr, "%s %s\n", engine->name, reports[i].name);
        measure(options, shim, engine, workload, reports[i].delay_us, beside,
                &results[i][number][run]);
        broken = !results[i][number][run].made;
    }
    measure_clean(options, engine);
}

static int by_rate(const void *a, const void *b)
{
    const struct result *x = a, *y = b;
    double left = x->made ? (double)x->ops / x->seconds : 0;
    double right = y->made ? (double)y->ops / y->seconds : 0;
    return (left > right) - (left < right);
}

static void reports_print(const struct options *options)
{
    bool first = true;
    if (options->json)
        printf("{\"results\":[");
    else
        report_table_head(options);
    for (unsigned i = 0; i < report_count; i++) {
        struct result medians[ENGINES_MAX];
        if (reports[i].workload->quiet) continue;
        for (unsigned e = 0; engines[e]; e++) {
            qsort(results[i][e], options->runs, sizeof results[i][e][0], by_rate);
            medians[e] = results[i][e][options->runs / 2];
        }
        if (options->json)
            report_json(&reports[i], medians, &first);
        else
            report_table(&reports[i], medians);
    }
    if (options->json) puts("]}");
}

static void engines_run(const struct options *options, struct flush_shim *shim)
{
    for (unsigned run = 0; run < options->runs; run++)
        for (unsigned e = 0; engines[e]; e++)
            if (listed(options->engines, engines[e]->name)) engine_run(options, shim, e, run);
}

int main(int argc, char **argv)
{
    struct options options = { .keys = 1000000,
                               .seconds = 5,
                               .memory_bytes = UINT64_C(256) << 20,
                               .delays_us = { 0, 100, 1000 },
                               .delays = 3,
                               .runs = 1 };
    flush_shim_fn *shim = (flush_shim_fn *)(uintptr_t)dlsym(RTLD_DEFAULT, FLUSH_SHIM_NAME);
    options_parse(&options, argc, argv);
    must(shim, "flush_shim.so", "is to be preloaded (run does that)");
    reports_plan(&options);
    engines_run(&options, shim());
    reports_print(&options);
    return fflush(stdout) != 0;
}
