/* SPDX-License-Identifier: ISC */
/* Numbers for workloads: the same of the same seed. */
#ifndef BENCH_RANDOM_H
#define BENCH_RANDOM_H

#include <stdint.h>

/* splitmix64 */
static inline uint64_t random_next(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* limit: up to 2^32. */
static inline uint64_t random_below(uint64_t *state, uint64_t limit)
{
    return ((random_next(state) >> 32) * limit) >> 32;
}

/* In [0, 1). */
static inline double random_share(uint64_t *state)
{
    return (double)(random_next(state) >> 11) * 0x1p-53;
}

/* Popular numbers in [0, items): rank r comes with a probability as 1 / (r + 1)^0.99, by the method
 * of Gray and others, "Quickly generating billion-record synthetic databases" (1994). */
struct zipf {
    uint64_t items;
    double zeta_items, zeta_2, alpha, eta;
};

void zipf_init(struct zipf *zipf, uint64_t items);
uint64_t zipf_next(const struct zipf *zipf, uint64_t *state);

#endif
