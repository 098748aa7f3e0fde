/* SPDX-License-Identifier: ISC */
/* A histogram of times that keeps each to 1/64 of itself, from 1 ns to 18 minutes. */
#ifndef BENCH_LATENCY_H
#define BENCH_LATENCY_H

#include <stdint.h>

#define LATENCY_SUB_BITS 6u
#define LATENCY_BUCKETS ((40u - LATENCY_SUB_BITS + 1u) << LATENCY_SUB_BITS)

struct latency {
    uint64_t count;
    uint64_t buckets[LATENCY_BUCKETS];
};

void latency_add(struct latency *latency, uint64_t ns);
void latency_merge(struct latency *to, const struct latency *from);
/* The time in microseconds that `share` of all (0.999) did not exceed; 0 of none. */
double latency_us(const struct latency *latency, double share);

#endif
