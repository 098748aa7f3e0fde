/* SPDX-License-Identifier: ISC */
#include "random.h"

#include <math.h>

#define THETA 0.99

static double zeta(uint64_t items)
{
    double sum = 0;
    for (uint64_t i = 1; i <= items; i++)
        sum += 1 / pow((double)i, THETA);
    return sum;
}

void zipf_init(struct zipf *zipf, uint64_t items)
{
    zipf->items = items;
    zipf->zeta_items = zeta(items);
    zipf->zeta_2 = zeta(2);
    zipf->alpha = 1 / (1 - THETA);
    zipf->eta = (1 - pow(2 / (double)items, 1 - THETA)) / (1 - zipf->zeta_2 / zipf->zeta_items);
}

uint64_t zipf_next(const struct zipf *zipf, uint64_t *state)
{
    double u = random_share(state), uz = u * zipf->zeta_items;
    if (uz < 1) return 0;
    if (uz < zipf->zeta_2) return 1;
    uint64_t rank =
        (uint64_t)((double)zipf->items * pow(zipf->eta * u - zipf->eta + 1, zipf->alpha));
    return rank < zipf->items ? rank : zipf->items - 1;
}
