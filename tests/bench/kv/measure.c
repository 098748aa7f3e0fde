/* SPDX-License-Identifier: ISC */
#include "measure.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define LEAST_MEMORY_BYTES ((size_t)1 << 20)

uint64_t workload_data_bytes(const struct workload *workload)
{
    return KEY_BYTES + workload->value_bytes;
}

static uint64_t divided(uint64_t number, uint32_t divisor)
{
    uint64_t part = divisor ? number / divisor : number;
    return part ? part : 1;
}

static struct settings settings_of(const struct options *options, const struct workload *workload,
                                   const char *folder)
{
    uint64_t keys = divided(options->keys, workload->keys_divisor);
    uint64_t data = keys * workload_data_bytes(workload);
    struct settings settings = {
        .folder = folder,
        .memory_bytes = options->memory_bytes,
        .value_bytes = workload->value_bytes,
        .keys = keys,
        .threads = workload->threads ? workload->threads : 1,
        .durable = workload->durable,
    };
    if (workload->memory_divisor) settings.memory_bytes = data / workload->memory_divisor;
    if (settings.memory_bytes < LEAST_MEMORY_BYTES) settings.memory_bytes = LEAST_MEMORY_BYTES;
    return settings;
}

/* Large values: as many operations as there are keys say little of their parts. */
static uint64_t ops_of(const struct settings *settings, const struct workload *workload)
{
    if (workload->body == body_read_part || workload->body == body_write_part)
        return settings->keys * (workload->body == body_read_part ? 100 : 10);
    return divided(settings->keys, workload->ops_divisor);
}

/* ---- in the process of the workload -------------------------------------------------------- */

static uint64_t own_memory(void)
{
    unsigned long long kib = 0;
    char line[256];
    FILE *status = fopen("/proc/self/status", "r");
    while (status && fgets(line, sizeof line, status))
        if (sscanf(line, "RssAnon: %llu", &kib) == 1) break;
    if (status) fclose(status);
    return kib * 1024;
}

static void result_of_opening(struct result *result, double seconds)
{
    result->seconds += seconds;
    result->p50_us = result->p99_us = result->p999_us = result->seconds * 1e6;
}

static void perform(struct job *job, const struct options *options, struct flush_shim *shim,
                    struct result *result)
{
    const struct engine *engine = job->engine;
    const struct workload *workload = job->workload;
    uint64_t from = bench_now_ns();
    job->store = engine->open(job->settings);
    double opening = (double)(bench_now_ns() - from) / 1e9;
    uint64_t flushes = shim->flushes, bytes = shim->write_bytes;
    workload_run(job, workload->durable && !workload->quiet ? options->seconds : 0, result);
    if (workload->body == body_open) result_of_opening(result, opening);
    result->own_bytes = own_memory();
    if (!workload->crash) {
        if (engine->tree_bytes) result->disk_bytes = engine->tree_bytes(job->store);
        engine->close(job->store);
    }
    result->flushes = shim->flushes - flushes;
    result->write_bytes = shim->write_bytes - bytes;
    result->made = true;
}

/* ---- around it ----------------------------------------------------------------------------- */

static int entry_remove(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st, (void)kind, (void)at;
    return remove(path);
}

static void folder_of(char path[4096], const struct options *options, const struct engine *engine)
{
    snprintf(path, 4096, "%s/%s", options->folder, engine->name);
}

void measure_clean(const struct options *options, const struct engine *engine)
{
    char path[4096];
    folder_of(path, options, engine);
    nftw(path, entry_remove, 16, FTW_DEPTH | FTW_PHYS);
}

static uint64_t disk_bytes, log_bytes;

static int entry_weigh(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    const char *end = strrchr(path, '.');
    (void)at;
    if (kind != FTW_F) return 0;
    disk_bytes += (uint64_t)st->st_blocks * 512;
    if (strstr(path, "-wal") || (end && strcmp(end, ".log") == 0))
        log_bytes += (uint64_t)st->st_blocks * 512;
    return 0;
}

/* An engine that told its tree's bytes has the rest for its log. */
static void weigh(const char *folder, struct result *result)
{
    uint64_t tree_bytes = result->disk_bytes;
    disk_bytes = log_bytes = 0;
    nftw(folder, entry_weigh, 16, FTW_PHYS);
    if (tree_bytes) log_bytes = disk_bytes > tree_bytes ? disk_bytes - tree_bytes : 0;
    result->disk_bytes = disk_bytes;
    result->log_bytes = log_bytes;
}

static pid_t start(struct job *job, const struct options *options, struct flush_shim *shim, int to)
{
    pid_t child = fork();
    if (child != 0) return child;
    struct result result = { 0 };
    perform(job, options, shim, &result);
    _exit(write(to, &result, sizeof result) != (ssize_t)sizeof result);
}

void measure(const struct options *options, struct flush_shim *shim, const struct engine *engine,
             const struct workload *workload, uint64_t delay_us, uint64_t beside_bytes,
             struct result *result)
{
    char folder[4096];
    struct rusage usage;
    int ends[2], status;
    folder_of(folder, options, engine);
    if (workload->fresh || engine->durable_only) measure_clean(options, engine);
    mkdir(folder, 0755);
    struct settings settings = settings_of(options, workload, folder);
    settings.beside_bytes = beside_bytes;
    struct job job = { .engine = engine,
                       .workload = workload,
                       .settings = &settings,
                       .ops = ops_of(&settings, workload) };
    shim->delay_ns = delay_us * 1000;
    must(pipe(ends) == 0, "pipe", NULL);
    pid_t child = start(&job, options, shim, ends[1]);
    close(ends[1]);
    if (read(ends[0], result, sizeof *result) != (ssize_t)sizeof *result) result->made = false;
    close(ends[0]);
    must(wait4(child, &status, 0, &usage) == child, "wait", NULL);
    result->peak_bytes = (uint64_t)usage.ru_maxrss * 1024;
    weigh(folder, result);
}
