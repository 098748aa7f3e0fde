/* SPDX-License-Identifier: ISC */
#include "report.h"

static const char *const kinds[] = { "read", "write", "discard", "zero", "flush" };

_Static_assert(sizeof kinds / sizeof *kinds == CAIRN_BLK_STATS_KINDS, "a name for each kind");

static double us(uint64_t ns)
{
    return (double)ns / 1000;
}

static void row(FILE *to, const char *kind, const struct cairn_blk_count *count)
{
    double done = (double)(count->requests - count->errors);
    double in_order =
        count->bytes ? 100.0 * (double)count->bytes_in_order / (double)count->bytes : 0;
    fprintf(to, "%-8s %10llu %8llu %12.1f %8.0f%% %10.1f %10.1f %10.1f\n", kind,
            (unsigned long long)count->requests, (unsigned long long)count->errors,
            (double)count->bytes / (1 << 20), in_order, done > 0 ? us(count->latency_ns) / done : 0,
            us(cairn_blk_count_latency(count, 50)), us(cairn_blk_count_latency(count, 99)));
}

void serve_report_stats(FILE *to, struct cairn_blk_stats *stats)
{
    struct cairn_blk_counts counts;
    cairn_blk_stats_read(stats, &counts);
    fprintf(to, "%-8s %10s %8s %12s %9s %10s %10s %10s\n", "", "requests", "errors", "MiB",
            "in order", "mean us", "50% us", "99% us");
    for (size_t i = 0; i < CAIRN_BLK_STATS_KINDS; i++)
        if (counts.of[i].requests) row(to, kinds[i], &counts.of[i]);
}

static const char *const faults[] = { "error", "torn", "lost", "misdirect", "stale",
                                      "rot",   "lie",  "cut",  "delay" };

_Static_assert(sizeof faults / sizeof *faults == CAIRN_BLK_FAULTS, "a name for each fault");

void serve_report_sim(FILE *to, const struct cairn_blk_sim *sim)
{
    for (uint32_t i = 0; i < sim->plan.rule_count; i++)
        fprintf(to, "sim: %-9s hit %llu of %llu\n", faults[sim->plan.rules[i].fault],
                (unsigned long long)sim->state.hits[i], (unsigned long long)sim->state.seen[i]);
    if (sim->state.is_cut) fprintf(to, "sim: the power was cut\n");
}
