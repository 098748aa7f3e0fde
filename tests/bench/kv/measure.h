/* SPDX-License-Identifier: ISC */
/* One workload of one engine, in a process of its own: counted, timed, and weighed. */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include "flush_shim.h"
#include "workload.h"

struct options {
    const char *folder; /* each engine has one of its name in it */
    uint64_t keys, seconds, memory_bytes;
    const char *engines, *groups; /* lists with commas; NULL: all */
    uint64_t delays_us[8];        /* of a flush, in durable workloads */
    unsigned delays, runs;
    bool json;
};

/* Data bytes that one operation of the workload brings. */
uint64_t workload_data_bytes(const struct workload *workload);

/* result->made stays false when it failed, which was told on stderr. `beside_bytes` is for
 * bare-beside alone. */
void measure(const struct options *options, struct flush_shim *shim, const struct engine *engine,
             const struct workload *workload, uint64_t delay_us, uint64_t beside_bytes,
             struct result *result);

/* Remove what an engine left. */
void measure_clean(const struct options *options, const struct engine *engine);

#endif
