/* SPDX-License-Identifier: ISC */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include "measure.h"

/* The rows of one workload, engines in order; those not made are left out. */
struct report {
    const struct workload *workload;
    uint64_t delay_us;
    char name[64]; /* of the workload, the flush's modelled time behind it: "durable1x8@100us" */
};

void report_name(struct report *report);
void report_table_head(const struct options *options);
void report_table(const struct report *report, const struct result *results);
/* One object of the JSON list for each row; `first` as long as none was printed. */
void report_json(const struct report *report, const struct result *results, bool *first);

#endif
