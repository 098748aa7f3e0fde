/* SPDX-License-Identifier: ISC */
/* Searching for a failing tape, and telling people about it. */
#include "try.h"
#include <stdlib.h>
#include <string.h>

static struct tape_options options_complete(const struct tape_options *given)
{
    struct tape_options options = { 0 };
    if (given) options = *given;
    if (options.seed == 0) options.seed = 1;
    if (options.runs == 0) options.runs = 200;
    if (options.bytes_max == 0) options.bytes_max = 512;
    if (options.bytes_max > TAPE_BYTES_MAX) options.bytes_max = TAPE_BYTES_MAX;
    if (options.timeout_s == 0) options.timeout_s = 10;
    if (options.shrink_s == 0) options.shrink_s = 30;
    return options;
}

void tape_search(tape_property *property, const struct tape_options *given,
                 struct tape_found *found)
{
    struct tape_options options = options_complete(given);
    struct tape_report *report = tape_report_new();
    found->tries = 0;
    found->len = 0;
    found->outcome = tape_try_random(property, &options, report);
    found->run = report->run;
    if (found->outcome != TAPE_HELD) {
        found->len = tape_random(options.seed, found->run, found->bytes, options.bytes_max);
        tape_shrink(property, &options, found, report);
    }
    tape_report_free(report);
}

static void hex_print(FILE *out, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        fprintf(out, "%02x", bytes[i]);
}

static const char *outcome_text(enum tape_outcome outcome)
{
    static const char *const texts[] = { "held", "failed", "crashed", "did not end" };
    return texts[outcome];
}

static void found_print(const char *name, tape_property *property,
                        const struct tape_options *options, const struct tape_found *found)
{
    fprintf(stderr, "%s: run %u of seed %llu %s; smallest tape after %u tries:\n  ", name,
            found->run, (unsigned long long)options->seed, outcome_text(found->outcome),
            found->tries);
    hex_print(stderr, found->bytes, found->len);
    fprintf(stderr, "\n");
    struct tape_report *report = tape_report_new();
    enum tape_outcome again =
        tape_try(property, found->bytes, found->len, options->timeout_s, true, report);
    tape_report_free(report);
    if (again != found->outcome)
        fprintf(stderr, "  which alone %s: the property keeps state between runs\n",
                outcome_text(again));
    fprintf(stderr, "again: CAIRN_TAPE=%s:", name);
    hex_print(stderr, found->bytes, found->len);
    fprintf(stderr, "\n");
}

static bool replay_hex(tape_property *property, const char *hex)
{
    static uint8_t bytes[TAPE_BYTES_MAX];
    size_t len;
    if (tape_hex_parse(hex, bytes, &len)) return tape_replay(property, bytes, len);
    fprintf(stderr, "not a tape in hex: %s\n", hex);
    return false;
}

/* The hex behind "name:" in CAIRN_TAPE, or NULL. */
static const char *replay_wanted(const char *name)
{
    const char *wanted = getenv("CAIRN_TAPE");
    size_t len = strlen(name);
    if (!wanted || strncmp(wanted, name, len) != 0 || wanted[len] != ':') return NULL;
    return wanted + len + 1;
}

static void options_from_environment(struct tape_options *options)
{
    const char *seed = getenv("CAIRN_SEED");
    const char *runs = getenv("CAIRN_RUNS");
    if (seed) options->seed = strtoull(seed, NULL, 0);
    if (runs) options->runs = (uint32_t)strtoul(runs, NULL, 0);
}

bool tape_run(const char *name, tape_property *property, const struct tape_options *given)
{
    const char *hex = replay_wanted(name);
    if (hex) return replay_hex(property, hex);

    struct tape_options options = { 0 };
    if (given) options = *given;
    options_from_environment(&options);
    options = options_complete(&options);
    struct tape_found *found = malloc(sizeof(*found));
    if (!found) abort();
    tape_search(property, &options, found);
    bool held = found->outcome == TAPE_HELD;
    if (held)
        fprintf(stderr, "%s: %u runs of seed %llu held\n", name, options.runs,
                (unsigned long long)options.seed);
    else
        found_print(name, property, &options, found);
    free(found);
    return held;
}
