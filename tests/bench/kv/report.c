/* SPDX-License-Identifier: ISC */
#include "report.h"

#include <stdio.h>

static double ratio(double a, double b)
{
    return b > 0 ? a / b : 0;
}

static double mib(uint64_t bytes)
{
    return (double)bytes / (1 << 20);
}

static double rate(const struct result *result)
{
    return ratio((double)result->ops, result->seconds);
}

void report_name(struct report *report)
{
    if (report->workload->durable && report->delay_us)
        snprintf(report->name, sizeof report->name, "%s@%lluus", report->workload->name,
                 (unsigned long long)report->delay_us);
    else
        snprintf(report->name, sizeof report->name, "%s", report->workload->name);
}

void report_table_head(const struct options *options)
{
    printf(
        "%llu keys of %u bytes, values of 100 (ycsb 1000, large 1 MiB), %.0f MiB of memory "
        "each, no compression, medians of %u.\n",
        (unsigned long long)options->keys, KEY_BYTES, mib(options->memory_bytes), options->runs);
    for (const struct engine *const *engine = engines; *engine; engine++)
        printf("  %s: %s\n", (*engine)->name, (*engine)->version());
    puts(
        "ops/s: keys a second. w-amp: bytes written by bytes of data. Times are of a commit, an "
        "operation,\nor a step of a scan. peak: resident at most; own: without mapped files. "
        "Mappings write uncounted.");
}

static void row(const char *engine, const struct workload *workload, const struct result *result)
{
    double commits = (double)result->commits;
    printf("  %-20s %11.0f", engine, rate(result));
    if (result->commits)
        printf(" %8.2f %9.3f %10.0f",
               ratio((double)result->write_bytes,
                     (double)result->ops * (double)workload_data_bytes(workload)),
               ratio((double)result->flushes, commits),
               ratio((double)result->write_bytes, commits));
    else
        printf(" %8s %9s %10s", "-", "-", "-");
    printf(" %10.1f %10.1f %10.1f %8.0f %8.0f %8.0f %8.0f\n", result->p50_us, result->p99_us,
           result->p999_us, mib(result->peak_bytes), mib(result->own_bytes),
           mib(result->disk_bytes), mib(result->log_bytes));
}

void report_table(const struct report *report, const struct result *results)
{
    printf("\n%-22s %11s %8s %9s %10s %10s %10s %10s %8s %8s %8s %8s\n", report->name, "ops/s",
           "w-amp", "flush/cmt", "bytes/cmt", "p50 us", "p99 us", "p99.9 us", "peak MiB", "own MiB",
           "disk MiB", "log MiB");
    for (unsigned i = 0; engines[i]; i++)
        if (results[i].made) row(engines[i]->name, report->workload, &results[i]);
    fflush(stdout);
}

void report_json(const struct report *report, const struct result *results, bool *first)
{
    for (unsigned i = 0; engines[i]; i++) {
        const struct result *result = &results[i];
        if (!result->made) continue;
        printf(
            "%s{\"engine\":\"%s\",\"workload\":\"%s\",\"ops_per_second\":%.1f,"
            "\"write_bytes\":%llu,\"flushes\":%llu,\"p50_us\":%.2f,\"p99_us\":%.2f,"
            "\"p999_us\":%.2f,\"disk_bytes\":%llu}",
            *first ? "" : ",\n", engines[i]->name, report->name, rate(result),
            (unsigned long long)result->write_bytes, (unsigned long long)result->flushes,
            result->p50_us, result->p99_us, result->p999_us,
            (unsigned long long)result->disk_bytes);
        *first = false;
    }
}
