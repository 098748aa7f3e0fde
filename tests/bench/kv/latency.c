/* SPDX-License-Identifier: ISC */
#include "latency.h"

#define SUB (UINT64_C(1) << LATENCY_SUB_BITS)

/* Below 2 SUB each nanosecond has a bucket; each further power of two has SUB of them. */
static uint32_t bucket_of(uint64_t ns)
{
    if (ns < SUB) return (uint32_t)ns;
    uint32_t shift = 63u - (uint32_t)__builtin_clzll(ns) - LATENCY_SUB_BITS;
    uint64_t bucket = ((uint64_t)(shift + 1) << LATENCY_SUB_BITS) + ((ns >> shift) & (SUB - 1));
    return bucket < LATENCY_BUCKETS ? (uint32_t)bucket : LATENCY_BUCKETS - 1;
}

static uint64_t bucket_ns(uint32_t bucket)
{
    if (bucket < SUB) return bucket;
    uint32_t shift = (bucket >> LATENCY_SUB_BITS) - 1;
    return (SUB + (bucket & (SUB - 1))) << shift;
}

void latency_add(struct latency *latency, uint64_t ns)
{
    latency->buckets[bucket_of(ns)]++;
    latency->count++;
}

void latency_merge(struct latency *to, const struct latency *from)
{
    for (uint32_t i = 0; i < LATENCY_BUCKETS; i++)
        to->buckets[i] += from->buckets[i];
    to->count += from->count;
}

double latency_us(const struct latency *latency, double share)
{
    double wanted = share * (double)latency->count;
    uint64_t seen = 0;
    for (uint32_t i = 0; i < LATENCY_BUCKETS; i++) {
        seen += latency->buckets[i];
        if (seen && (double)seen >= wanted) return (double)bucket_ns(i) / 1000.0;
    }
    return 0;
}
